# Shared by every ./dev command: places, progress lines on standard error, free ports, the service user.
# Sourced, never run. Expects $top, the root of the checkout.

build=$top/build
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/mongo_fdw_cpp
service_user=postgres
started_at=$SECONDS

step() { printf '[%3ds] %s\n' "$((SECONDS - started_at))" "$*" >&2; }
fail() { printf 'dev: %s\n' "$*" >&2; exit 1; }

# quietly LOG COMMAND...: runs COMMAND with its output in LOG; on failure shows the end of LOG and stops.
quietly() {
    local log=$1; shift
    mkdir -p "$(dirname "$log")"
    "$@" >"$log" 2>&1 </dev/null || { tail -n 30 "$log" >&2; fail "failed: $* (whole output: $log)"; }
}

# An unused TCP port of the loopback interface.
free_port() {
    /usr/bin/python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# wait_for SECONDS WHAT COMMAND...: polls COMMAND until it succeeds.
wait_for() {
    local limit=$((SECONDS + $1)) what=$2; shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $limit ] || fail "$what did not become ready"
        sleep 0.1
    done
}

as_service() { (cd / && runuser -u "$service_user" -- "$@"); }

# Directory for data of programs that run as the service user: build/, unless that user cannot reach the checkout.
service_dir() {
    local want=$build/run
    mkdir -p "$want"
    if ! as_service test -x "$want" 2>/dev/null; then
        want=/var/tmp/mongo_fdw_cpp-$(printf %s "$top" | cksum | cut -d' ' -f1)
        mkdir -p "$want"
    fi
    printf '%s\n' "$want"
}

# stop_pid FILE [SIGNAL]: ends the process recorded in FILE and waits until it is gone.
stop_pid() {
    local file=$1 signal=${2:-TERM} pid i
    [ -s "$file" ] || return 0
    pid=$(cat "$file")
    kill -s "$signal" "$pid" 2>/dev/null || { rm -f "$file"; return 0; }
    for i in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -s KILL "$pid" 2>/dev/null || true
    rm -f "$file"
}

alive() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

need_root() { [ "$(id -u)" = 0 ] || fail "run as root: it installs packages and starts PostgreSQL as user $service_user"; }
