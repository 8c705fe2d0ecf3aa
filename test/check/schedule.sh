#!/bin/sh
# Every file of sql/ is scheduled and has an expected output; every scheduled test exists; every source file is found by
# both builds; every option stands in the manual.
cd "$(dirname "$0")/../.." || exit 1
status=0
for file in sql/*.sql; do
    name=$(basename "$file" .sql)
    grep -qx "test: $name" test/schedule || { echo "schedule: $file is not scheduled" >&2; status=1; }
    [ -s "expected/$name.out" ] || { echo "schedule: expected/$name.out is missing or empty" >&2; status=1; }
done
for name in $(sed -n 's/^test: //p' test/schedule); do
    [ -e "sql/$name.sql" ] || { echo "schedule: sql/$name.sql does not exist" >&2; status=1; }
done
for option in $(sed -n 's/^    {"\([a-z_]*\)", k.*/\1/p' src/options/table.cpp); do
    grep -q "\`$option\`" docs/options.md || { echo "schedule: option $option is not in docs/options.md" >&2; status=1; }
done
for name in $(sed -n 's/^    {"\(mongo_fdw_cpp\.[a-z_]*\)".*/\1/p' src/mongo_fdw_cpp.cpp); do
    grep -q "\`$name\`" docs/options.md || { echo "schedule: setting $name is not in docs/options.md" >&2; status=1; }
done
exit $status
