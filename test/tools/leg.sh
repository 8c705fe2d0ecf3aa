#!/bin/bash
# One leg of the build matrix, run inside a chroot: leg.sh PLACE MONGO_URI
set -eu
place=$1
uri=$2
cd "$place"
pg_config=$(ls /usr/lib/postgresql/*/bin/pg_config | tail -n 1)
bindir=$("$pg_config" --bindir)
pgxs=$(dirname "$("$pg_config" --pgxs)")/../..
make -j"$(nproc)" PG_CONFIG="$pg_config"
make PG_CONFIG="$pg_config" install
bson=$(pkg-config --exists bson2 && echo bson2 || echo libbson-1.0)
mkdir -p build/tools build/regress tap
# shellcheck disable=SC2046
g++ -std=c++20 -O2 -Wall -Wextra $(pkg-config --cflags "$bson") test/tools/replay_server.cpp -o build/tools/replay_server \
    $(pkg-config --libs "$bson") -lssl -lcrypto -lpthread
cp -r test/t build/tools/replay_server tap/
chown -R postgres: .
as_postgres() { runuser -u postgres -- "$@"; }
as_postgres "$bindir/initdb" -D "$place/cluster" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N
port=$((20000 + RANDOM % 20000))
while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
printf 'port = %s\nlisten_addresses = %s\nunix_socket_directories = %s\nfsync = off\ndynamic_shared_memory_type = mmap\n' \
    "$port" "'127.0.0.1'" "'$place'" >>"$place/cluster/postgresql.conf"
trap 'as_postgres "$bindir/pg_ctl" -D "$place/cluster" -m immediate stop || true' EXIT
as_postgres "$bindir/pg_ctl" -D "$place/cluster" -w -l "$place/postgresql.log" start
MONGO_URI=$uri PGHOST=$place PGPORT=$port PGUSER=postgres make PG_CONFIG="$pg_config" installcheck || true
cd tap
as_postgres env PERL5LIB="$pgxs/src/test/perl" PATH="$bindir:$PATH" PG_REGRESS="$pgxs/src/test/regress/pg_regress" \
    TESTDATADIR="$place/tap/data" TESTLOGDIR="$place/tap/log" REPLAY_SERVER="$place/tap/replay_server" MONGO_URI="$uri" \
    LC_ALL=C.UTF-8 sh -c "prove -v t/*.pl" || true
