# ./dev test NAME...: single tests, set-up included; what was started stays up for the next run. ./dev accept NAME.

named_usage() {
    cat >&2 <<'TEXT'
usage: ./dev test NAME...

  writes, upper, ...          a file of sql/ (after setup.sql); ENGINE=documentdb or both for other engines than secantus
  008_writes, 008, ...        a file of test/t/
  Trees, Client.AClosed...    unit tests whose name contains NAME
  unit, checks, demo          all of a kind
  property, differential, updates, truth    generated tests; COUNT=N and SEED=N in the environment
  trixie, forky, experimental               a whole leg of the build matrix
TEXT
}

# What a name stands for: sql, tap, unit, ...; nothing for an unknown one.
kind_of_test() {
    case $1 in
        unit | checks | demo | property | differential | updates | truth | trixie | forky | experimental) echo "$1"; return ;;
    esac
    if [ -e "$top/sql/$1.sql" ]; then echo sql
    elif compgen -G "$top/test/t/$1*.pl" >/dev/null; then echo tap
    elif sed -nE 's/^TEST(_F)?\((\w+), (\w+)\).*/\2.\3/p' "$top"/test/unit/*.cpp | grep -qF -- "$1"; then echo some_unit
    fi
}

engines_wanted() {
    case ${ENGINE:-secantus} in
        both) echo documentdb secantus ;;
        *) echo "${ENGINE:-secantus}" ;;
    esac
}

# Once a run: everything that needs the extension or a server.
backend_ready=
ready_backend() {
    [ -z "$backend_ready" ] || return 0
    build_extension
    secantus_install
    cluster_start
    backend_ready=1
}

# Fixtures are loaded once a server: loading them anew takes longer than a test.
loaded_engine=
ready_engine() {
    local mark
    [ "$loaded_engine" != "$1" ] || return 0
    engine_uri=$(server_uri "$1")
    mark=$build/log/fixtures-$1.loaded
    if [ "$(cat "$mark" 2>/dev/null)" != "$engine_uri $(cksum <"$top/test/tools/load_fixtures.py")" ]; then
        load_fixtures "$1"
        printf '%s %s\n' "$engine_uri" "$(cksum <"$top/test/tools/load_fixtures.py")" >"$mark"
    fi
    loaded_engine=$1
}

run_named_sql() {
    local engine log tests=setup name
    for name in "$@"; do [ "$name" = setup ] || tests="$tests $name"; done
    ready_backend
    for engine in $(engines_wanted); do
        ready_engine "$engine"
        log=$build/log/regress-named-$engine.log
        step "SQL tests $tests, engine $engine"
        MONGO_URI=$engine_uri make -C "$top" PG_CONFIG="$pg_config" installcheck REGRESS="$tests" >"$log" 2>&1 </dev/null || true
        count_regress "$log" "$top"
    done
}

run_named_tap() {
    local pgxs work file files=() name
    ready_backend
    install_tests
    [ -x "$build/tools/replay_server" ] && [ "$build/tools/replay_server" -nt "$top/test/tools/replay_server.cpp" ] || build_tools
    ready_engine "$(engines_wanted | cut -d' ' -f1)"
    pgxs=$(dirname "$("$pg_config" --pgxs)")/../..
    work=$(service_dir)/tap
    tap_place "$work"
    for name in "$@"; do
        for file in "$work"/t/"$name"*.pl; do files+=("t/${file##*/}"); done
    done
    step "tests ${files[*]}"
    (cd "$work" && run_prove "$pgxs" "$pg_bin" "$work" "${files[*]}") >"$build/log/prove-named.log" 2>&1 </dev/null || true
    count_prove "$build/log/prove-named.log"
}

run_named_generated() {
    local kind=$1 engine
    ready_backend
    if [ "$kind" = truth ]; then run_truth; return; fi
    for engine in $(engines_wanted); do
        ready_engine "$engine"
        case $kind in
            property) run_generated property "$engine" "${COUNT:-5}" ;;
            differential) run_generated differential "$engine" "${COUNT:-500}" ;;
            updates) run_generated differential "$engine" "${COUNT:-100}" updates.py ;;
        esac
    done
}

run_named_tests() {
    local name kind sql=() tap=()
    need_root
    for name in "$@"; do
        kind=$(kind_of_test "$name")
        case $kind in
            '') printf 'dev: no test is called "%s"\n' "$name" >&2; named_usage; exit 2 ;;
            sql) sql+=("$name") ;;
            tap) tap+=("$name") ;;
        esac
    done
    for name in "$@"; do
        kind=$(kind_of_test "$name")
        case $kind in
            unit) install_build; install_tests; run_unit ;;
            some_unit) install_build; install_tests; run_unit "*$name*" ;;
            checks) check_sources ;;
            demo) ready_backend; run_demo_test ;;
            property | differential | updates | truth) run_named_generated "$kind" ;;
            trixie | forky | experimental) ready_backend; "${kind}_chroot"; chroot_leg "$kind" ;;
        esac
    done
    [ ${#sql[@]} = 0 ] || run_named_sql "${sql[@]}"
    [ ${#tap[@]} = 0 ] || run_named_tap "${tap[@]}"
    printf '%s passed, %s failed\n' "$passed" "$failed"
    [ "$failed" = 0 ]
}

# accept NAME...: takes the last result of a SQL test as what is expected, and shows what that changes.
run_accept() {
    local name result expected
    [ $# -gt 0 ] || fail "which test? ./dev accept NAME"
    for name in "$@"; do
        result=$build/regress/results/$name.out
        expected=$top/expected/$name.out
        [ -e "$top/sql/$name.sql" ] || fail "no SQL test is called \"$name\""
        [ -e "$result" ] || fail "$name has no result yet: ./dev test $name"
        [ "$result" -nt "$top/sql/$name.sql" ] || fail "sql/$name.sql is newer than its result: ./dev test $name"
        if [ -e "$expected" ]; then diff -u "$expected" "$result" || true; else cat "$result"; fi
        cp "$result" "$expected"
    done
}
