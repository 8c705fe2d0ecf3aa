# ./dev test and what it is made of.

# regress LEG ENGINE MAKE...: the SQL suite on an engine; PGHOST and PGPORT point to the server of the leg.
run_regress() {
    local leg=$1 engine=$2 uri log; shift 2
    uri=$(server_uri "$engine")
    log=$build/log/regress-$leg-$engine.log
    mkdir -p "$build/log"
    "$secantus_home/bin/python" "$top/test/tools/load_fixtures.py" "$uri" mongo_fdw_cpp_test >"$build/log/fixtures-$engine.log" 2>&1 ||
        { cat "$build/log/fixtures-$engine.log" >&2; fail "the fixtures cannot be loaded into $engine"; }
    step "SQL suite on $engine, $leg"
    MONGO_URI=$uri "$@" >"$log" 2>&1 </dev/null || true
    count_regress "$log"
}

passed=0
failed=0
count_regress() {
    local ok bad
    ok=$(grep -cE '^(ok |test .* \.\.\. ok|.* \.\.\. ok)' "$1" || true)
    bad=$(grep -cE '^(not ok |.*\.\.\. FAILED)' "$1" || true)
    if [ "$((ok + bad))" = 0 ]; then bad=1; tail -n 20 "$1" >&2; fi
    passed=$((passed + ok)); failed=$((failed + bad))
    step "  $ok passed, $bad failed"
    if [ "$bad" -gt 0 ]; then
        grep -E 'FAILED|not ok' "$1" >&2 || true
        local diffs
        diffs=$(sed -n 's/.*"\(.*regression.diffs\)".*/\1/p' "$1" | tail -n 1)
        [ -z "$diffs" ] || head -n 200 "${regress_root-}$diffs" >&2 || true
    fi
}
