#!/bin/sh
# The zones of the sources stay apart: P (src/mongo, src/mql) knows no PostgreSQL header; no B room throws, catches, or
# includes a driver header; PG_TRY and setjmp live in src/pg alone; no client is cleaned up for the whole process.
cd "$(dirname "$0")/../.." || exit 1
status=0
report() { [ -z "$2" ] || { printf 'zones: %s\n%s\n' "$1" "$2" >&2; status=1; }; }
pure='src/mongo src/mql'
backend='src/options src/connect src/plan src/convert src/exec src/keyjoin src/dml src/catalog src/mongo_fdw_cpp.cpp'
report 'a pure room includes PostgreSQL' "$(grep -nE '#include ["<](postgres|pg/|access/|utils/|nodes/|fmgr|options/|plan/|convert/|exec/|connect/|catalog/|dml/|keyjoin/)' --include=*.[ch]pp -r $pure)"
report 'mql and mongo must not know each other' "$(grep -n '#include "mql/' --include=*.[ch]pp -r src/mongo; grep -n '#include "mongo/' --include=*.[ch]pp -r src/mql)"
report 'a backend room includes a driver header' "$(grep -nE '#include [<"](mongoc|bson)/' --include=*.[ch]pp -r $backend src/pg)"
report 'a backend room throws or catches' "$(grep -nE '\b(throw|catch) *[({;]|\btry *\{' --include=*.[ch]pp -r $backend src/pg | grep -v 'catch_error')"
report 'a backend room owns an object with a destructor' "$(grep -nE 'std::(string|vector|map|unique_ptr|shared_ptr|function|lock_guard|mutex|thread)\b' --include=*.[ch]pp -r $backend src/pg)"
report 'PG_TRY outside src/pg' "$(grep -nE 'PG_TRY|sigsetjmp' --include=*.[ch]pp -r src | grep -v '^src/pg/')"
report 'mongoc_cleanup or a pool' "$(grep -nE 'mongoc_cleanup *\(|mongoc_client_pool|bson_mem_set_vtable' --include=*.[ch]pp -r src | grep -v '//')"
report 'threads in the extension' "$(grep -nE 'std::(thread|async)|pthread_create' --include=*.[ch]pp -r src)"
report 'PostgreSQL headers are included by src/pg alone, but for a few that only one file needs' \
    "$(grep -nE '#include "postgres.h"' --include=*.[ch]pp -r src | grep -v '^src/pg/pg.hpp')"
report 'a file that the unit tests build without PostgreSQL includes it' \
    "$(grep -nE '#include "(pg|options|catalog)/' src/convert/bson.hpp src/convert/bson.cpp src/convert/decimal.hpp src/convert/decimal.cpp src/convert/key.hpp src/convert/key.cpp src/convert/key_value.cpp src/convert/key_range.hpp src/convert/key_range.cpp src/convert/byte_sink.hpp src/connect/spacing.hpp src/connect/spacing.cpp)"
exit $status
