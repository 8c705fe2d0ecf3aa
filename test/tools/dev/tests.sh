# ./dev test and what it is made of.

passed=0
failed=0

# count_up OK BAD LOG: adds to the totals and shows the end of the log where something failed.
count_up() {
    passed=$((passed + $1)); failed=$((failed + $2))
    step "  $1 passed, $2 failed"
    [ "$2" = 0 ] || tail -n "${4:-60}" "$3" >&2
}

check_sources() {
    local check
    step "checks of the sources"
    for check in "$top"/test/check/*.sh; do
        if sh "$check" >&2; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    done
}

# run_unit [FILTER]: all unit tests, or those that a pattern of GoogleTest names.
run_unit() {
    local log=$build/log/unit.log ok bad
    step "unit tests with AddressSanitizer and UndefinedBehaviorSanitizer"
    quietly "$build/log/cmake.log" cmake -S "$top" -B "$build/cmake-asan" -DCMAKE_BUILD_TYPE=Debug -DSANITIZE=ON
    quietly "$build/log/cmake-build.log" cmake --build "$build/cmake-asan" -j"$(nproc)"
    "$build/cmake-asan/unit" --gtest_filter="${1:-*}" >"$log" 2>&1 </dev/null || true
    ok=$(grep -c '^\[       OK \]' "$log" || true)
    bad=$(grep -c '^\[  FAILED  \].*ms)' "$log" || true)
    grep -q 'ERROR: .*Sanitizer' "$log" && bad=$((bad + 1))
    [ "$ok" -gt 0 ] || bad=$((bad + 1))
    count_up "$ok" "$bad" "$log"
}

load_fixtures() {
    local engine=$1
    engine_uri=$(server_uri "$engine")
    quietly "$build/log/fixtures-$engine.log" "$secantus_home/bin/python" "$top/test/tools/load_fixtures.py" "$engine_uri" mongo_fdw_cpp_test
}

# count_regress LOG PREFIX: counts the lines of pg_regress; PREFIX leads to its files when it ran in a chroot.
count_regress() {
    local ok bad diffs
    ok=$(grep -cE '^(ok |test .* \.\.\. ok).* ms$' "$1" || true)
    bad=$(grep -cE '^(not ok |test .* \.\.\. FAILED).* ms$' "$1" || true)
    # A run that ends early (a result without an expected file) has no last line.
    grep -qE '^#? *(All [0-9]+ tests passed|[0-9]+ of [0-9]+ tests (passed|failed))' "$1" || bad=$((bad + 1))
    count_up "$ok" "$bad" "$1"
    diffs=$2/build/regress/regression.diffs
    if [ "$bad" -gt 0 ] && [ -e "$diffs" ]; then head -n 300 "$diffs" | cut -c1-300 >&2; fi
}

count_prove() {
    local ok bad
    ok=$(grep -E '^ok [0-9]' "$1" | grep -cvE ' ms$' || true)
    bad=$(grep -E '^not ok [0-9]' "$1" | grep -cvE ' ms$' || true)
    grep -q '^Result: PASS' "$1" || [ "$bad" -gt 0 ] || bad=1
    count_up "$ok" "$bad" "$1" 120
}

# run_generated WHAT ENGINE COUNT [FILE]: generated tests in Python (test/WHAT/FILE) from ${SEED}; engine_uri is the server.
run_generated() {
    local what=$1 engine=$2 file=${4:-run.py} log
    log=$build/log/$1-${file%.py}-$2.log
    step "$what tests ($file), engine $engine"
    PATH="$pg_bin:$PATH" "$secantus_home/bin/python" -B "$top/test/$what/$file" "$engine" "$engine_uri" "$3" ${SEED-} >"$log" 2>&1 </dev/null || true
    tail -n 1 "$log" | grep -qE '^(not )?ok|^#' || echo 'not ok 0 - the tests broke off' >>"$log"
    grep '^# engine\|^# [0-9]\|^# rules' "$log" | cut -c1-300 >&2 || true
    count_up "$(grep -c '^ok' "$log" || true)" "$(grep -c '^not ok' "$log" || true)" "$log"
}

# One engine is much slower: it gets fewer seeds and queries.
run_generated_tests() {
    case $1 in
        documentdb) run_generated property "$1" 15; run_generated differential "$1" 2000; run_generated differential "$1" 400 updates.py ;;
        *) run_generated property "$1" 5; run_generated differential "$1" 1000; run_generated differential "$1" 200 updates.py ;;
    esac
}

# The recorded answers of a real server stand beside the project, where there are any.
run_truth() {
    local folder=$top/../shared/data/mongodb-truth log=$build/log/truth.log
    step "recorded answers of a real server"
    if [ ! -e "$folder/expressions.ndjson" ]; then
        step "  skipped: no folder $folder"
        return
    fi
    PATH="$pg_bin:$PATH" "$secantus_home/bin/python" -B "$top/test/truth/run.py" "$folder" >"$log" 2>&1 </dev/null || true
    grep -q '^# .* recorded answers used' "$log" || echo 'not ok 0 - the test broke off' >>"$log"
    grep '^# [0-9]' "$log" >&2 || true
    count_up "$(grep -c '^ok' "$log" || true)" "$(grep -c '^not ok' "$log" || true)" "$log"
}

run_fuzz() {
    local queries=${1:-10000} seed=${2:-$RANDOM$RANDOM} engine file
    trap 'stop_everything' EXIT
    build_extension
    secantus_install
    cluster_start
    for engine in documentdb secantus; do
        load_fixtures "$engine"
        step "$queries queries from seed $seed, engine $engine"
        for file in run updates; do
            PATH="$pg_bin:$PATH" "$secantus_home/bin/python" -B "$top/test/differential/$file.py" "$engine" "$engine_uri" "$queries" "$seed" || failed=1
        done
        step "each rule of push-down, engine $engine"
        PATH="$pg_bin:$PATH" "$secantus_home/bin/python" -B "$top/test/differential/run.py" "$engine" "$engine_uri" 20 "$seed" rules || failed=1
    done
    [ "$failed" = 0 ]
}

native_leg() {
    local engine pgxs
    for engine in documentdb secantus; do
        load_fixtures "$engine"
        step "SQL suite, PostgreSQL $(pg_major_of "$pg_config"), engine $engine"
        MONGO_URI=$engine_uri make -C "$top" PG_CONFIG="$pg_config" installcheck >"$build/log/regress-native-$engine.log" 2>&1 </dev/null || true
        count_regress "$build/log/regress-native-$engine.log" "$top"
        run_generated_tests "$engine"
    done
    run_truth
    step "tests of processes and faults, PostgreSQL $(pg_major_of "$pg_config")"
    pgxs=$(dirname "$("$pg_config" --pgxs)")/../..
    local work
    work=$(service_dir)/tap
    tap_place "$work"
    (cd "$work" && run_prove "$pgxs" "$pg_bin" "$work") >"$build/log/prove-native.log" 2>&1 </dev/null || true
    count_prove "$build/log/prove-native.log"
}

# tap_place DIR: what the tests of processes need, where the service user can read it.
tap_place() {
    rm -rf "$1"
    mkdir -p "$1"
    quietly "$build/log/faulty.log" make -C "$top" PG_CONFIG="$pg_config" faulty
    documentdb_uri=$(server_uri documentdb)
    cp -r "$top/test/t" "$build/tools/replay_server" "$build/faulty" "$1/"
    cp -a "$secantus_home" "$1/secantus" # the service user cannot look into root's cache
    chown -R "$service_user": "$1"
}

# run_prove PGXS BINDIR WORK [FILES]: runs in WORK as the service user.
run_prove() {
    runuser -u "$service_user" -- env PERL5LIB="$1/src/test/perl" PATH="$2:$PATH" PG_REGRESS="$1/src/test/regress/pg_regress" \
        TESTDATADIR="$3/data" TESTLOGDIR="$3/log" REPLAY_SERVER="$3/replay_server" MONGO_URI="${engine_uri-}" \
        SECANTUS_HOME="$3/secantus" FAULTY_LIBRARY="$3/faulty/mongo_fdw_cpp.so" DOCUMENTDB_URI="${documentdb_uri-}" LC_ALL=C.UTF-8 sh -c "prove -v ${4:-t/*.pl}"
}

build_tools() {
    step "build the replay server and the bare drain"
    mkdir -p "$build/tools"
    local mongoc bson
    mongoc=$(pkg-config --exists mongoc2 && echo mongoc2 || echo libmongoc-1.0)
    bson=$(pkg-config --exists bson2 && echo bson2 || echo libbson-1.0)
    # shellcheck disable=SC2046
    quietly "$build/log/replay-build.log" g++ -std=c++20 -O2 -Wall -Wextra $(pkg-config --cflags $bson) "$top/test/tools/replay_server.cpp" \
        -o "$build/tools/replay_server" $(pkg-config --libs $bson) -lssl -lcrypto -lpthread
    quietly "$build/log/drain-build.log" g++ -std=c++20 -O2 -Wall -Wextra $(pkg-config --cflags "$mongoc") "$top/test/tools/drain.cpp" \
        -o "$build/tools/drain" $(pkg-config --libs "$mongoc")
}

# chroot_leg NAME: builds and tests in $chroot_dir with the PostgreSQL and driver that it holds.
chroot_leg() {
    local name=$1 place log engine=documentdb
    place=/var/tmp/mongo_fdw_cpp-$(printf %s "$top" | cksum | cut -d' ' -f1)
    log=$build/log/leg-$name.log
    load_fixtures $engine
    step "leg $name: build, SQL suite, processes and faults"
    rm -rf --one-file-system "$chroot_dir$place"
    mkdir -p "$chroot_dir$place"
    (cd "$top" && git ls-files -z --cached --others --exclude-standard | tar -c --null -T - --ignore-failed-read) | tar -x -C "$chroot_dir$place"
    unshare -m bash -euc '
        mount -t proc proc "$1/proc"
        [ -e "$1/dev/shm" ] || mkdir -m 1777 "$1/dev/shm"
        chmod 1777 "$1/dev/shm"
        chroot "$1" bash "$2/test/tools/leg.sh" "$2" "$3"' - "$chroot_dir" "$place" "$engine_uri" >"$log" 2>&1 </dev/null || true
    if grep -qE '[ch]pp:[0-9]+:[0-9]+: (warning|error): ' "$log"; then
        grep -E '[ch]pp:[0-9]+:[0-9]+: (warning|error): ' "$log" | head -n 20 >&2 || true
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
    count_regress "$log" "$chroot_dir$place"
    count_prove "$log"
    rm -rf --one-file-system "$chroot_dir$place"
}

run_tests() {
    need_root
    trap 'stop_everything' EXIT
    build_extension
    if grep -qE '[ch]pp:[0-9]+:[0-9]+: warning: ' "$build/log/make.log"; then failed=$((failed + 1)); else passed=$((passed + 1)); fi
    install_tests
    build_tools
    secantus_install
    check_sources
    run_unit
    cluster_start
    native_leg
    run_demo_test
    trixie_chroot
    chroot_leg trixie
    forky_chroot
    chroot_leg forky
    experimental_chroot
    chroot_leg experimental
    stop_everything
    trap - EXIT
    printf '%s passed, %s failed\n' "$passed" "$failed"
    [ "$failed" = 0 ]
}
