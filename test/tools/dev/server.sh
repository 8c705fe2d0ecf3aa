# The MongoDB-compatible servers for development and tests, and the private PostgreSQL cluster.
# Engine secantus: a Python package, ready in seconds. Engine documentdb: DocumentDB on PostgreSQL 18 behind FerretDB,
# in the forky chroot: the reference for exact answers.

secantus_version=0.7.0b3
ferretdb_version=v2.7.0

server_dir() { printf '%s/%s\n' "$build/server" "$1"; }

secantus_install() {
    secantus_home=$cache/secantus-$secantus_version
    [ ! -e "$secantus_home/.complete" ] || return 0
    apt_install python3 python3-venv
    step "install SecantusDB $secantus_version from the Python package index"
    mkdir -p "$cache"
    (
        flock 9
        [ ! -e "$secantus_home/.complete" ] || exit 0
        rm -rf "$secantus_home"
        quietly "$build/log/secantus-venv.log" /usr/bin/python3 -m venv "$secantus_home"
        quietly "$build/log/secantus-pip.log" "$secantus_home/bin/pip" install "secantusdb==$secantus_version" \
            pymongo==4.20.0 numpy==2.4.6 shapely==2.2.0
        touch "$secantus_home/.complete"
    ) 9>"$secantus_home.lock"
}

# run_secantus DIR PORT [FLAG...]: starts a server of its own; the process id goes to DIR/pid.
run_secantus() {
    local dir=$1 port=$2; shift 2
    mkdir -p "$dir/data"
    # Its memory is capped: under hostile loads it has grown to the size of the machine.
    (
        ulimit -v 6291456
        exec setsid "$secantus_home/bin/secantusd-py" --port "$port" --storage-path "$dir/data" --log-level WARNING "$@" \
            >"$dir/log" 2>&1 </dev/null 9>&-
    ) &
    echo $! >"$dir/pid"
    disown
}

mongo_ping() { "$secantus_home/bin/python" "$top/test/tools/mongo_ping.py" "$1"; }

start_secantus() {
    local dir port
    dir=$(server_dir secantus)
    if alive "$dir/pid" && [ -s "$dir/uri" ]; then return 0; fi
    secantus_install
    port=$(free_port)
    step "start SecantusDB on port $port"
    run_secantus "$dir" "$port" --enable-test-commands
    wait_for 30 SecantusDB mongo_ping "mongodb://127.0.0.1:$port/"
    echo "mongodb://127.0.0.1:$port/" >"$dir/uri"
}

ferretdb_install() {
    forky_chroot
    local binary=$chroot_dir/usr/local/bin/ferretdb
    [ ! -x "$binary" ] || return 0
    step "build FerretDB $ferretdb_version (once, about a minute)"
    # Inside the chroot, so that no Go is needed on the host; its caches are removed afterwards.
    quietly "$build/log/ferretdb.log" unshare -m bash -euc '
        mount -t proc proc "$1/proc"
        chroot "$1" env HOME=/tmp/go-home GOPATH=/tmp/go GOCACHE=/tmp/go-cache CGO_ENABLED=0 GOBIN=/tmp/go-bin \
            GOFLAGS=-modcacherw GOPROXY="$3" GOSUMDB="$4" \
            go install -ldflags="-s -w" "github.com/FerretDB/FerretDB/v2/cmd/ferretdb@$2"
        mv "$1/tmp/go-bin/ferretdb" "$1/usr/local/bin/ferretdb"
        rm -rf --one-file-system "$1"/tmp/go*' - "$chroot_dir" "$ferretdb_version" \
        "$(go_setting GOPROXY)" "$(go_setting GOSUMDB)"
}

# What the host's Go is set up with, if there is one; else Go's own default.
go_setting() {
    if command -v go >/dev/null; then go env "$1"; else
        case $1 in GOPROXY) echo "${GOPROXY:-}" ;; GOSUMDB) echo "${GOSUMDB:-}" ;; esac
    fi
}

in_forky() { chroot "$chroot_dir" runuser -u postgres -- "$@"; }

start_documentdb() {
    local dir port pgport data=/var/lib/mongo_fdw_cpp/documentdb
    dir=$(server_dir documentdb)
    if alive "$dir/pid" && [ -s "$dir/uri" ]; then return 0; fi
    ferretdb_install
    secantus_install # for its MongoDB client
    mkdir -p "$dir"
    # The data belong to this checkout; the directory inside the chroot is named after it.
    data=$data-$(printf %s "$top" | cksum | cut -d' ' -f1)
    if [ ! -e "$chroot_dir$data/PG_VERSION" ]; then
        step "make the cluster of DocumentDB"
        rm -rf --one-file-system "$chroot_dir$data"
        mkdir -p "$chroot_dir$data"
        chroot "$chroot_dir" chown postgres: "$data"
        quietly "$build/log/documentdb-initdb.log" in_forky /usr/lib/postgresql/18/bin/initdb -D "$data" -U postgres \
            -A trust -E UTF8 --locale=C.UTF-8 -N
        pgport=$(free_port)
        cat >>"$chroot_dir$data/postgresql.conf" <<CONF
shared_preload_libraries = 'pg_cron,pg_documentdb_core,pg_documentdb'
cron.database_name = 'postgres'
cron.log_run = off
cron.log_statement = off
fsync = off
statement_timeout = '60s'
port = $pgport
listen_addresses = '127.0.0.1'
unix_socket_directories = '$data'
CONF
    fi
    pgport=$(sed -n 's/^port = //p' "$chroot_dir$data/postgresql.conf" | tail -n 1)
    echo "$data" >"$dir/data"
    step "start DocumentDB's PostgreSQL on port $pgport"
    documentdb_up() { in_forky /usr/lib/postgresql/18/bin/pg_ctl -D "$data" -w -l "$data/log" start; }
    in_forky /usr/lib/postgresql/18/bin/pg_ctl -D "$data" status >/dev/null 2>&1 || {
        # After a kill -9 a start within a second is refused.
        documentdb_up >/dev/null 2>&1 </dev/null || { sleep 2; quietly "$build/log/documentdb-start.log" documentdb_up; }
    }
    quietly "$build/log/documentdb-extension.log" in_forky psql -h 127.0.0.1 -p "$pgport" -d postgres -XAtqc \
        'CREATE EXTENSION IF NOT EXISTS documentdb CASCADE'
    port=$(free_port)
    step "start FerretDB on port $port"
    mkdir -p "$dir/state"
    setsid "$chroot_dir/usr/local/bin/ferretdb" --postgresql-url="postgres://postgres@127.0.0.1:$pgport/postgres" \
        --listen-addr="127.0.0.1:$port" --no-auth --state-dir="$dir/state" --telemetry=disable --debug-addr=- \
        --log-level=ERROR >"$dir/log" 2>&1 </dev/null &
    echo $! >"$dir/pid"
    disown
    wait_for 60 FerretDB mongo_ping "mongodb://127.0.0.1:$port/"
    echo "mongodb://127.0.0.1:$port/" >"$dir/uri"
}

stop_documentdb() {
    local dir data
    dir=$(server_dir documentdb)
    stop_pid "$dir/pid" KILL
    [ -s "$dir/data" ] || return 0
    data=$(cat "$dir/data")
    chroot_dir=$cache/chroot-forky-$chroot_recipe
    in_forky /usr/lib/postgresql/18/bin/pg_ctl -D "$data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -f "$dir/uri"
}

stop_secantus() { stop_pid "$(server_dir secantus)/pid"; rm -f "$(server_dir secantus)/uri"; }

# server_uri [ENGINE]: starts the engine and prints its URI. Without an engine the user's MONGO_URI comes first.
server_uri() {
    local engine=${1-}
    if [ -z "$engine" ] && [ -n "${MONGO_URI-}" ]; then printf '%s\n' "$MONGO_URI"; return; fi
    engine=${engine:-secantus}
    case $engine in
        secantus) start_secantus ;;
        documentdb) start_documentdb ;;
        *) fail "unknown engine \"$engine\": secantus or documentdb" ;;
    esac
    cat "$(server_dir "$engine")/uri"
}

# The private PostgreSQL cluster: data and socket below build/ (or where the service user can go), a free port.
cluster_start() {
    pg_run=$(service_dir)
    pg_data=$pg_run/cluster
    if [ ! -e "$pg_data/PG_VERSION" ] || [ "$(cat "$pg_data/PG_VERSION")" != "$(pg_major_of "$pg_config")" ]; then
        need_root
        step "make a private PostgreSQL cluster in $pg_data"
        rm -rf "$pg_data"
        chown "$service_user": "$pg_run"
        quietly "$build/log/initdb.log" as_service "$pg_bin/initdb" -D "$pg_data" -U postgres -A trust -E UTF8 \
            --locale=C.UTF-8 -N
        cat >>"$pg_data/postgresql.conf" <<CONF
port = $(free_port)
listen_addresses = '127.0.0.1'
unix_socket_directories = '$pg_run'
fsync = off
CONF
    fi
    PGPORT=$(sed -n 's/^port = //p' "$pg_data/postgresql.conf" | tail -n 1)
    export PGPORT PGHOST=$pg_run PGUSER=postgres
    as_service "$pg_bin/pg_ctl" -D "$pg_data" status >/dev/null 2>&1 && return 0
    step "start PostgreSQL on port $PGPORT"
    quietly "$build/log/pg-start.log" as_service "$pg_bin/pg_ctl" -D "$pg_data" -w -l "$pg_run/postgresql.log" start
}

cluster_stop() {
    local data
    data=$(service_dir)/cluster
    [ -e "$data/postmaster.pid" ] || return 0
    install_build
    as_service "$pg_bin/pg_ctl" -D "$data" -m fast -w stop >/dev/null 2>&1 || true
}

database_ready() {
    local name=$1
    "$pg_bin/psql" -XAtqd postgres -c "SELECT 1 FROM pg_database WHERE datname = '$name'" | grep -q 1 ||
        "$pg_bin/psql" -Xqd postgres -c "CREATE DATABASE \"$name\"" >&2
    "$pg_bin/psql" -Xqd "$name" -c 'SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS mongo_fdw_cpp' >&2
}

stop_everything() {
    stop_secantus
    stop_documentdb
    cluster_stop
}
