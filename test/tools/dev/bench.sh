# ./dev bench: ratios against the bare driver in one run, over the replay server, whose own work is next to nothing.

bench_runs=${BENCH_RUNS:-5}

# smallest COMMAND...: the smallest number that the command prints in $bench_runs runs.
smallest() {
    local i
    for i in $(seq "$bench_runs"); do "$@"; done | sort -g | head -n 1
}

# in_turns VARIABLE COMMAND...: sets each variable to the smallest number that its command prints. The commands run in
# turns, so that what slows the machine down for a while slows all of them.
in_turns() {
    local i n value best=()
    for i in $(seq "$bench_runs"); do
        for ((n = 2; n <= $#; n += 2)); do
            value=$(eval "${!n}")
            best[n]=$(printf '%s\n' "${best[n]:-$value}" "$value" | sort -g | head -n 1)
        done
    done
    for ((n = 1; n < $#; n += 2)); do printf -v "${!n}" %s "${best[n + 1]}"; done
}

bench_drain() { "$build/tools/drain" "$bench_uri" bench "$@" | cut -d' ' -f3; }
bench_sql() {
    "$pg_bin/psql" -XAtq -d bench -c 'SET max_parallel_workers_per_gather = 0' -c "EXPLAIN (ANALYZE, TIMING OFF) $1" |
        awk '/Execution Time/ { printf "%.6f\n", $3 / 1000 }'
}
# The same for what EXPLAIN does not take.
bench_statement() {
    "$pg_bin/psql" -XAtq -d bench -c '\timing on' -c "$1" | awk '/^Time/ { printf "%.6f\n", $2 / 1000 }'
}
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
ns() { awk -v s="$1" -v n="$2" 'BEGIN { printf "%.0f", s * 1e9 / n }'; }

# gate NAME VALUE OPERATOR LIMIT: a line of the table, and whether the gate held.
gate() {
    local verdict
    verdict=$(awk -v v="$2" -v o="$3" -v l="$4" 'BEGIN { print (o == "<=" ? v <= l : v >= l) ? "held" : "MISSED" }')
    [ "$verdict" = held ] || bench_missed=$((bench_missed + 1))
    printf '| %s | %s | %s %s | %s |\n' "$1" "$2" "$3" "$4" "$verdict" >>"$bench_table"
}

# What the cases on the development server read.
bench_live_data() {
    local facts=1000000 engine_uri
    step "1 M documents on engine documentdb"
    engine_uri=$(server_uri documentdb)
    "$secantus_home/bin/python" - "$engine_uri" $facts <<'PYTHON'
import random, sys
import pymongo
database = pymongo.MongoClient(sys.argv[1])["mongo_fdw_cpp_bench"]
facts = database["facts"]
database["dims"].drop()
database["dims"].insert_many([{"_id": i, "name": "dimension %d" % i} for i in range(1000)])
count, rng = int(sys.argv[2]), random.Random(7)
if facts.estimated_document_count() != count:
    facts.drop()
    for start in range(0, count, 20000):
        facts.insert_many([{"_id": i, "k10": i % 10, "k10000": i % 10000, "k500000": i % 500000, "v": rng.randrange(1000)} for i in range(start, start + 20000)])
PYTHON
    "$pg_bin/psql" -Xqd bench -v ON_ERROR_STOP=1 >&2 <<SQL
CREATE SERVER live FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri '$engine_uri');
CREATE USER MAPPING FOR PUBLIC SERVER live;
CREATE FOREIGN TABLE dims (_id int, name text) SERVER live OPTIONS (database 'mongo_fdw_cpp_bench', collection 'dims');
CREATE FOREIGN TABLE flat20_point (i0 int, i1 int) SERVER replay OPTIONS (database 'bench', collection 'flat20,docs=1');
CREATE FOREIGN TABLE facts (_id int, k10 int, k10000 int, k500000 int, v int) SERVER live OPTIONS (database 'mongo_fdw_cpp_bench', collection 'facts');
ANALYZE facts, dims;
SQL
}

# Case 7, on a live server: groups that the server makes, against the hand-written pipeline through the bare driver and
# against our own scan without push-down.
bench_groups() {
    local groups key pipeline raw pushed plain engine_uri bench_runs=3 query name
    local ways=(raw 'live_pipeline facts' pushed 'bench_sql "$query"' plain 'PGOPTIONS="-c mongo_fdw_cpp.enable_pushdown=off" bench_sql "$query"')
    step "case 7: groups of 1 M documents, engine documentdb"
    engine_uri=$(server_uri documentdb)
    for groups in 10 10000 500000; do
        key=k$groups
        pipeline="[{\"\$group\": {\"_id\": \"\$$key\", \"n\": {\"\$sum\": 1}, \"s\": {\"\$sum\": \"\$v\"}, \"a\": {\"\$min\": \"\$v\"}}}]"
        query="SELECT $key, count(*), sum(v), min(v) FROM facts GROUP BY $key"
        in_turns "${ways[@]}"
        printf '| %s groups: hand-written pipeline, seconds | %s | | |\n| %s groups: unpushed / ours | %s | | |\n' $groups "$raw" $groups "$(ratio "$plain" "$pushed")" >>"$bench_table"
        if [ $groups = 500000 ]; then
            gate "case 7: $groups groups, ours / unpushed" "$(ratio "$pushed" "$plain")" '<=' 1.1
        else
            gate "case 7: $groups groups, ours / hand-written pipeline" "$(ratio "$pushed" "$raw")" '<=' 1.1
            gate "case 7: $groups groups, unpushed / ours" "$(ratio "$plain" "$pushed")" '>=' 5
        fi
    done
    while IFS='|' read -r name query pipeline; do
        in_turns "${ways[@]}"
        printf '| %s: hand-written pipeline, seconds | %s | | |\n| %s: unpushed / ours | %s | | |\n' "$name" "$raw" "$name" "$(ratio "$plain" "$pushed")" >>"$bench_table"
        gate "case 7: $name, ours / hand-written pipeline" "$(ratio "$pushed" "$raw")" '<=' 1.1
    done <<'QUERIES'
FILTER|SELECT k10, count(*) FILTER (WHERE v < 500), sum(v) FROM facts GROUP BY k10|[{"$group": {"_id": "$k10", "n": {"$sum": {"$cond": [{"$lt": ["$v", 500]}, 1, 0]}}, "s": {"$sum": "$v"}}}]
DISTINCT|SELECT k10, count(DISTINCT v) FROM facts GROUP BY k10|[{"$group": {"_id": {"k": "$k10", "v": "$v"}}}, {"$group": {"_id": "$_id.k", "n": {"$sum": 1}}}]
HAVING|SELECT k10000, sum(v) FROM facts GROUP BY k10000 HAVING sum(v) > 53000|[{"$group": {"_id": "$k10000", "s": {"$sum": "$v"}}}, {"$match": {"s": {"$gt": 53000}}}]
first 10 of 500,000 groups|SELECT k500000, sum(v) FROM facts GROUP BY k500000 ORDER BY sum(v) DESC, k500000 LIMIT 10|[{"$group": {"_id": "$k500000", "s": {"$sum": "$v"}}}, {"$sort": {"s": -1, "_id": 1}}, {"$limit": 10}]
QUERIES
}
live_drain() { "$build/tools/drain" "$bench_uri" mongo_fdw_cpp_bench "$1" 1000 | cut -d' ' -f3; }
live_pipeline() { bench_uri=$engine_uri PIPELINE=$pipeline live_drain "$1"; }
smallest_live() { smallest live_drain "$1"; }

# Case 12: a long list of values that a column must not have.
bench_lists() {
    local list pipeline query raw pushed plain engine_uri bench_runs=3
    local ways=(raw 'live_pipeline facts' pushed 'bench_sql "$query"' plain 'PGOPTIONS="-c mongo_fdw_cpp.enable_pushdown=off" bench_sql "$query"')
    step "case 12: NOT IN of 900 values over 1 M documents, engine documentdb"
    engine_uri=$(server_uri documentdb)
    list=$(seq -s , 1 900)
    pipeline="[{\"\$match\": {\"v\": {\"\$nin\": [$list]}}}, {\"\$project\": {\"v\": 1}}]"
    query="SELECT v FROM facts WHERE v NOT IN ($list)"
    in_turns "${ways[@]}"
    # The guards for types and arrays, which the hand-written pipeline lacks, cost the server as much as the list.
    printf '| NOT IN: hand-written pipeline, seconds | %s | | |\n| NOT IN: ours / hand-written pipeline | %s | | |\n' "$raw" "$(ratio "$pushed" "$raw")" >>"$bench_table"
    gate "case 12: NOT IN, unpushed / ours" "$(ratio "$plain" "$pushed")" '>=' 1.2
}

# Case 8: a prepared query by _id through pgbench, against the bare driver's find plus pgbench's SELECT 1.
bench_points() {
    local documents=1000000 points=5000 raw one ours select live
    step "case 8: point queries"
    select=$(pgbench_latency 'SELECT 1;')
    for live in replay live; do
        if [ $live = live ]; then
            raw=$(POINTS=$points DOCUMENTS=$documents "$build/tools/drain" "$(server_uri documentdb)" mongo_fdw_cpp_bench facts 101 v | cut -d' ' -f3)
            ours=$(pgbench_latency '\set id random(0, 999999)
SELECT v FROM facts WHERE _id = :id;')
        else
            raw=$(POINTS=$points DOCUMENTS=$documents "$build/tools/drain" "$bench_uri" bench flat20,docs=1 101 i0 | cut -d' ' -f3)
            ours=$(pgbench_latency '\set id random(0, 999999)
SELECT i0 FROM flat20_point WHERE i1 = :id;')
        fi
        one=$(awk -v r="$raw" -v n=$points 'BEGIN { printf "%.4f", r * 1000 / n }')
        printf '| %s: find-one of the bare driver, ms | %s | | |\n| %s: prepared point query, ms | %s | | |\n' $live "$one" $live "$ours" >>"$bench_table"
        gate "case 8, $live: ours / (find-one + SELECT 1)" "$(awk -v o="$ours" -v r="$one" -v s="$select" 'BEGIN { printf "%.2f", o / (r + s) }')" '<=' 1.2
    done
}
# pgbench_latency SCRIPT: milliseconds of a transaction, one client, prepared.
pgbench_latency() {
    printf '%s\n' "$1" >"$build/pgbench.sql"
    "$pg_bin/pgbench" -n -M prepared -c 1 -T "${BENCH_SECONDS:-60}" -f "$build/pgbench.sql" bench 2>/dev/null | awk '/latency average/ { print $4 }'
}

# Cases 9 and 10: joins, each way forced against what the planner takes.
bench_joins() {
    local remote='-c enable_hashjoin=off -c enable_mergejoin=off -c enable_nestloop=off -c mongo_fdw_cpp.enable_key_joins=off'
    local here='-c mongo_fdw_cpp.enable_join_pushdown=off -c enable_nestloop=off' loop='-c mongo_fdw_cpp.enable_join_pushdown=off -c enable_hashjoin=off -c enable_mergejoin=off'
    local bench_runs=3 ours lookup hash query
    local both=(ours 'bench_sql "$query"' hash 'PGOPTIONS=$here bench_sql "$query"') with_lookup='PGOPTIONS="$remote -c mongo_fdw_cpp.enable_aggregate_pushdown=off" bench_sql "$query"'
    step "case 9: 1 M facts with 1,000 dimensions"
    query='SELECT count(*), min(d.name) FROM facts f JOIN dims d ON d._id = f.v'
    in_turns "${both[@]}"
    bench_runs=1 in_turns lookup "$with_lookup"
    printf '| 1 M x 1,000: local hash join, seconds | %s | | |\n| 1 M x 1,000: $lookup, seconds | %s | | |\n' "$hash" "$lookup" >>"$bench_table"
    gate 'case 9: 1 M x 1,000, ours / better of both' "$(awk -v o="$ours" -v a="$hash" -v b="$lookup" 'BEGIN { printf "%.2f", o / (a < b ? a : b) }')" '<=' 1.2
    step "case 9: 100 rows with 1 M facts by _id"
    query='SELECT count(*), min(f.v) FROM dims d JOIN facts f ON f._id = d._id WHERE d._id < 100'
    in_turns "${both[@]}" lookup "$with_lookup"
    printf '| 100 x 1 M: local hash join, seconds | %s | | |\n| 100 x 1 M: $lookup, seconds | %s | | |\n' "$hash" "$lookup" >>"$bench_table"
    gate 'case 9: 100 x 1 M, ours / better of both' "$(awk -v o="$ours" -v a="$hash" -v b="$lookup" 'BEGIN { printf "%.2f", o / (a < b ? a : b) }')" '<=' 1.2
    step "case 10: 10,000 local keys with 1 M facts"
    "$pg_bin/psql" -Xqd bench -c 'CREATE TABLE wanted AS SELECT (g * 97) % 1000000 AS id FROM generate_series(1, 10000) g' -c 'CREATE TABLE most AS SELECT g AS id FROM generate_series(1, 1000000, 2) g' -c 'ANALYZE wanted, most'
    query='SELECT count(*), sum(f.v) FROM wanted w JOIN facts f ON f._id = w.id'
    in_turns "${both[@]}"
    lookup=$(bench_runs=1 PGOPTIONS=$loop smallest bench_sql "$query")
    printf '| 10,000 keys: full scan and hash join, seconds | %s | | |\n| 10,000 keys: a query for each, seconds | %s | | |\n' "$hash" "$lookup" >>"$bench_table"
    gate 'case 10: 10,000 keys, a query for each / ours' "$(ratio "$lookup" "$ours")" '>=' 20
    gate 'case 10: 10,000 keys, ours / full scan' "$(ratio "$ours" "$hash")" '<=' 1.2
    bench_delayed
    query='SELECT count(*), sum(f.v) FROM most w JOIN facts f ON f._id = w.id'
    in_turns "${both[@]}"
    gate 'case 10: 500,000 keys, ours / full scan' "$(ratio "$ours" "$hash")" '<=' 1.2
}

# Case 10 over a network of 1 ms: what a round trip costs is what ten commands save.
bench_delayed() {
    local engine_uri port query='SELECT count(*), sum(f.v) FROM wanted w JOIN far_facts f ON f._id = w.id'
    engine_uri=$(server_uri documentdb)
    port=${engine_uri##*:}
    port=${port%%/*}
    "$secantus_home/bin/python" -B "$top/test/tools/delay_proxy.py" 127.0.0.1 "$port" 1 >"$build/delay-port" &
    proxy_pid=$!
    trap 'kill $bench_pid $proxy_pid 2>/dev/null; stop_everything' EXIT
    sleep 1
    "$pg_bin/psql" -Xqd bench -v ON_ERROR_STOP=1 >&2 <<SQL
CREATE SERVER far FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri 'mongodb://127.0.0.1:$(cat "$build/delay-port")/');
CREATE USER MAPPING FOR PUBLIC SERVER far;
CREATE FOREIGN TABLE far_facts (_id int, v int) SERVER far OPTIONS (database 'mongo_fdw_cpp_bench', collection 'facts');
ANALYZE far_facts;
SQL
    in_turns "${both[@]}"
    lookup=$(bench_runs=1 PGOPTIONS=$loop smallest bench_sql "$query")
    gate 'case 10, 1 ms away: 10,000 keys, a query for each / ours' "$(ratio "$lookup" "$ours")" '>=' 20
    gate 'case 10, 1 ms away: 10,000 keys, ours / full scan' "$(ratio "$ours" "$hash")" '<=' 1.2
    kill $proxy_pid
}

# Case 11: 100,000 local rows inserted, over the replay server; 10,000 documents updated and deleted by key, live.
bench_writes() {
    local rows=100000 keys=10000 raw ours live
    step "case 11: writes"
    live=$(server_uri documentdb)
    "$pg_bin/psql" -Xqd bench -v ON_ERROR_STOP=1 >&2 <<SQL
CREATE TABLE flat20_local AS SELECT * FROM flat20 LIMIT $rows;
CREATE TABLE new_values AS SELECT g AS id, g AS v FROM generate_series(1, $keys) g;
CREATE FOREIGN TABLE keyed (_id int, i0 int) SERVER live OPTIONS (database 'mongo_fdw_cpp_bench', collection 'keyed');
VACUUM ANALYZE flat20_local, new_values;
TRUNCATE keyed;
INSERT INTO keyed SELECT id, 0 FROM new_values;
SQL
    raw=$(INSERT=$rows smallest bench_drain flat20,docs=$rows 1000)
    ours=$(smallest bench_sql 'INSERT INTO flat20 SELECT * FROM flat20_local')
    printf '| insert_many of 20 fields by the bare driver, ns a document | %s | | |\n| INSERT ... SELECT of 20 columns, ns a row | %s | | |\n' "$(ns "$raw" $rows)" "$(ns "$ours" $rows)" >>"$bench_table"
    gate 'case 11: INSERT ... SELECT of 100,000 rows / insert_many' "$(ratio "$ours" "$raw")" '<=' 2.0
    raw=$(bench_uri=$live UPDATE=$keys smallest_live keyed)
    ours=$(smallest bench_sql 'UPDATE keyed SET i0 = n.v FROM new_values n WHERE keyed._id = n.id')
    printf '| 10,000 updates by _id by the bare driver, seconds | %s | | |\n' "$raw" >>"$bench_table"
    gate 'case 11: UPDATE of 10,000 rows by key / bulk updates' "$(ratio "$ours" "$raw")" '<=' 3.0
    ours=$(bench_runs=1 smallest bench_sql 'DELETE FROM keyed USING new_values n WHERE keyed._id = n.id')
    "$pg_bin/psql" -Xqd bench -c 'INSERT INTO keyed SELECT id, 0 FROM new_values' >&2
    raw=$(bench_uri=$live DELETE=$keys bench_runs=1 smallest_live keyed)
    printf '| 10,000 deletes by _id by the bare driver, seconds | %s | | |\n' "$raw" >>"$bench_table"
    gate 'case 11: DELETE of 10,000 rows by key / bulk deletes' "$(ratio "$ours" "$raw")" '<=' 3.0
    "$pg_bin/psql" -Xqd bench -c "COPY (SELECT * FROM flat20_local) TO '$pg_run/flat20.copy'" >&2
    ours=$(smallest bench_statement "COPY flat20 FROM '$pg_run/flat20.copy'")
    printf '| COPY FROM of 20 columns, ns a row | %s | | |\n' "$(ns "$ours" $rows)" >>"$bench_table"
}

# Case 14: a plan of 200 collections of 1,000 paths, against what looking at them and importing them takes.
bench_plans() {
    local collections=${BENCH_COLLECTIONS:-200} paths=1000 engine_uri profiled imported planned stated
    step "case 14: $collections collections of $paths paths, engine documentdb"
    engine_uri=$(server_uri documentdb)
    "$secantus_home/bin/python" - "$engine_uri" "$collections" $paths <<'PYTHON'
import sys
import pymongo
client = pymongo.MongoClient(sys.argv[1])
client.drop_database("mongo_fdw_cpp_bench_wide")
database = client["mongo_fdw_cpp_bench_wide"]
for collection in range(int(sys.argv[2])):
    database["c%d" % collection].insert_many([{"_id": i, **{"f%d" % path: i for path in range(int(sys.argv[3]) - 1)}} for i in range(300)])
PYTHON
    "$pg_bin/psql" -Xqd bench -v ON_ERROR_STOP=1 >&2 <<SQL
CREATE SERVER wide FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri '$engine_uri');
CREATE USER MAPPING FOR PUBLIC SERVER wide;
CREATE SCHEMA wide;
SQL
    profiled=$(bench_statement "SELECT count(p.path) FROM mongo.catalog('wide', 'mongo_fdw_cpp_bench_wide') c, mongo.profile('wide', 'mongo_fdw_cpp_bench_wide', c.collection) p")
    imported=$(bench_statement "CALL mongo.import_schema('wide', 'mongo_fdw_cpp_bench_wide', 'wide')")
    planned=$(bench_statement "SELECT count(*) FROM mongo.create_plan('wide', 'wide', 'mongo_fdw_cpp_bench_wide', 'wide_target')")
    stated=$(bench_statement "SELECT count(*) FROM mongo.plan_statements('wide')")
    printf '| %s collections of %s paths: profile, import, create_plan, plan_statements, seconds | %s, %s, %s, %s | | |\n' "$collections" $paths "$profiled" "$imported" "$planned" "$stated" >>"$bench_table"
    gate 'case 14: create_plan / (profile + import)' "$(awk -v a="$planned" -v b="$profiled" -v c="$imported" 'BEGIN { printf "%.2f", a / (b + c) }')" '<=' 1.3
}

# bench_wants CASE...: whether one of the cases was asked for; without any, all are.
bench_wants() {
    local case
    [ -n "$bench_cases" ] || return 0
    for case in "$@"; do case " $bench_cases " in *" $case "*) return 0 ;; esac; done
    return 1
}

bench_scans() {
    local drain wide three three_drain jsonb json_drain jsonb_in text_scan jsonb4k json4k_drain jsonb4k_in text4k_scan decimals decimal_drain decimal_in decimal_scan batch profile
    batch=1152 # 384 kB of flat20, as the wrapper asks for
    step "case 1: 1 M documents of 20 fields, all columns"
    drain=$(smallest bench_drain flat20,docs=$rows $batch)
    wide=$(smallest bench_sql 'SELECT * FROM flat20')
    printf '| bare drain of 20 fields, ns a document | %s | | |\n| scan of 20 columns, ns a row | %s | | |\n' "$(ns "$drain" $rows)" "$(ns "$wide" $rows)" >>"$bench_table"
    gate 'case 1: 20 columns / bare drain' "$(ratio "$wide" "$drain")" '<=' 3.0
    step "case 2: 3 of 20 columns"
    three_drain=$(smallest bench_drain flat20,docs=$rows 6300 i0 d0 s0)
    three=$(smallest bench_sql 'SELECT i0, d0, s0 FROM flat20')
    printf '| bare drain of 3 fields, ns a document | %s | | |\n| scan of 3 columns, ns a row | %s | | |\n' "$(ns "$three_drain" $rows)" "$(ns "$three" $rows)" >>"$bench_table"
    gate 'case 2: 20 columns / 3 of 20 columns' "$(ratio "$wide" "$three")" '>=' 3.0
    printf '| 3 columns / bare drain of 3 fields | %s | | |\n' "$(ratio "$three" "$three_drain")" >>"$bench_table"
    step "case 4: nested documents to jsonb"
    JSON=1 json_drain=$(JSON=1 smallest bench_drain nest,docs=$nest_rows 600)
    jsonb_in=$(smallest bench_sql 'SELECT doc::jsonb FROM nest_texts')
    jsonb=$(smallest bench_sql 'SELECT doc FROM nest_doc')
    printf '| nest: driver JSON + jsonb_in, ns a document | %s | | |\n| nest: scan as jsonb, ns a document | %s | | |\n' \
        "$(ns "$(awk -v a="$json_drain" -v b="$jsonb_in" 'BEGIN { print a + b }')" $nest_rows)" "$(ns "$jsonb" $nest_rows)" >>"$bench_table"
    gate 'case 4: (driver JSON + jsonb_in) / jsonb scan, nest' "$(awk -v a="$json_drain" -v b="$jsonb_in" -v c="$jsonb" 'BEGIN { printf "%.2f", (a + b) / c }')" '>=' 5.0
    json4k_drain=$(JSON=1 smallest bench_drain nest4k,docs=20000 90)
    jsonb4k_in=$(smallest bench_sql 'SELECT doc::jsonb FROM nest4k_texts')
    jsonb4k=$(smallest bench_sql 'SELECT doc FROM nest4k')
    gate 'case 4: (driver JSON + jsonb_in) / jsonb scan, 4 kB' "$(awk -v a="$json4k_drain" -v b="$jsonb4k_in" -v c="$jsonb4k" 'BEGIN { printf "%.2f", (a + b) / c }')" '>=' 5.0
    text_scan=$(smallest bench_sql 'SELECT doc FROM nest_text')
    text4k_scan=$(smallest bench_sql 'SELECT doc FROM nest4k_text')
    printf '| nest as JSON text: driver JSON / our scan | %s | | |\n| 4 kB as JSON text: driver JSON / our scan | %s | | |\n' \
        "$(ratio "$json_drain" "$text_scan")" "$(ratio "$json4k_drain" "$text4k_scan")" >>"$bench_table"
    step "case 5: Decimal128 to numeric"
    decimal_drain=$(DECIMAL=1 smallest bench_drain dec5,docs=$rows 4000)
    decimal_in=$(smallest bench_sql 'SELECT n0::numeric, n1::numeric, n2::numeric, n3::numeric FROM dec5_texts')
    decimal_scan=$(smallest bench_sql 'SELECT n0, n1, n2, n3 FROM dec5_texts')
    decimals=$(smallest bench_sql 'SELECT n0, n1, n2, n3 FROM dec5')
    gate 'case 5: (driver text + numeric_in) / numeric scan, Decimal128' \
        "$(awk -v a="$decimal_drain" -v b="$decimal_in" -v d="$decimal_scan" -v c="$decimals" 'BEGIN { printf "%.2f", (a + b - d) / c }')" '>=' 1.8
    step "profile of 1 M documents of 20 fields"
    profile=$(smallest bench_sql "SELECT * FROM mongo.profile('replay', 'bench', 'flat20,docs=$rows', sample => 0)")
    printf '| profile of 20 fields, ns a document | %s | | |\n' "$(ns "$profile" $rows)" >>"$bench_table"
    gate 'profile: documents a second' "$(awk -v s="$profile" -v n=$rows 'BEGIN { printf "%.0f", n / s }')" '>=' 150000
    printf '| profile / bare drain | %s | | |\n' "$(ratio "$profile" "$drain")" >>"$bench_table"
}

# Loads of a plan on engine documentdb, beside scripts that people write, and beside one INSERT ... SELECT a table.
# bench_loads_ready DOCUMENTS: the collections, the plan, and the functions that the cases of the kit share.
bench_loads_ready() {
    local documents=$1 scripts=$build/bench-load.py
    [ -z "${bench_engine_uri-}" ] || return 0
    bench_engine_uri=$(server_uri documentdb)
    if [ ! -e "$secantus_home/.psycopg2" ]; then
        quietly "$build/log/bench-pip.log" "$secantus_home/bin/pip" install psycopg2-binary
        touch "$secantus_home/.psycopg2"
    fi
    cat >"$scripts" <<'PYTHON'
"""fill: the collections. article: a row an INSERT, as the articles have it. copy: COPY of text in memory, twenty columns."""
import datetime, io, random, sys, time
import bson, psycopg2, pymongo
way, uri, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
database = pymongo.MongoClient(uri)["mongo_fdw_cpp_load_bench"]
columns = ["i%d" % i for i in range(6)] + ["d%d" % i for i in range(4)] + ["b", "t0", "t1"] + ["s%d" % i for i in range(6)]
def flat(n, rng):
    return {"_id": bson.ObjectId("%024x" % n), **{"i%d" % i: rng.randrange(1000000) for i in range(6)}, **{"d%d" % i: rng.random() for i in range(4)},
            "b": n % 2 == 0, "t0": datetime.datetime(2020, 1, 1) + datetime.timedelta(seconds=n), "t1": datetime.datetime(2021, 1, 1),
            **{"s%d" % i: "text %d of %d" % (i, n) for i in range(6)}}
if way == "fill":
    for name in ("flat", "orders"):
        if database[name].estimated_document_count() == count:
            continue
        rng = random.Random(5)
        database[name].drop()
        for start in range(0, count, 10000):
            database[name].insert_many([flat(n, rng) if name == "flat" else
                {"_id": bson.ObjectId("%024x" % n), "at": datetime.datetime(2020, 1, 1), "total": rng.randrange(10000), "items": [{"sku": "s%d" % rng.randrange(500), "qty": i} for i in range(n % 4)],
                 "notes": [{"text": "note %d" % n, "n": i} for i in range(n % 3)]} for n in range(start, min(start + 10000, count))])
    sys.exit()
if way == "hand":
    # What a careful person would write: counts, ends and sums of each field.
    group = {"_id": None, "n": {"$sum": 1}}
    for c in ["_id"] + columns:
        v = "$" + c
        group["p" + c] = {"$sum": {"$cond": [{"$gt": [v, None]}, 1, 0]}}
        if c != "b":
            group["l" + c], group["g" + c] = {"$min": v}, {"$max": v}
        if c[0] in "id" and c != "_id":
            group["s" + c] = {"$sum": v}
        elif c != "_id":
            group["s" + c] = {"$sum": {"$cond": [v, 1, 0]} if c == "b" else {"$toLong": v} if c[0] == "t" else {"$strLenBytes": v}}
    began = time.time()
    list(database.flat.aggregate([{"$group": group}]))
    print("%.6f" % (time.time() - began))
    sys.exit()
target = psycopg2.connect(dbname="bench")
cursor = target.cursor()
cursor.execute("TRUNCATE loaded.flat")
began = time.time()
documents = database.flat.find().limit(count)
if way == "article":
    for d in documents:
        cursor.execute("INSERT INTO loaded.flat (id, %s) VALUES (%s)" % (", ".join(columns), ", ".join(["%s"] * 20)), [str(d["_id"])] + [d[c] for c in columns])
        target.commit()
else:
    buffer = io.StringIO()
    def flush():
        buffer.seek(0)
        cursor.copy_expert("COPY loaded.flat (id, %s) FROM STDIN" % ", ".join(columns), buffer)
        buffer.seek(0)
        buffer.truncate()
    for n, d in enumerate(documents, 1):
        buffer.write("\t".join([str(d["_id"])] + ["\\N" if d[c] is None else str(d[c]).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n") for c in columns]) + "\n")
        if n % 10000 == 0:
            flush()
    flush()
    target.commit()
print("%.6f" % (time.time() - began))
PYTHON
    bench_python="$secantus_home/bin/python $scripts"
    $bench_python fill "$bench_engine_uri" "$documents"
    "$pg_bin/psql" -Xqd bench -v ON_ERROR_STOP=1 >&2 <<SQL
SET client_min_messages = warning;
CREATE SERVER load_server FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri '$bench_engine_uri');
CREATE USER MAPPING FOR PUBLIC SERVER load_server;
SELECT count(*) FROM mongo.create_plan('load', 'load_server', 'mongo_fdw_cpp_load_bench', 'loaded', '{flat,orders}', sample => 1000);
CALL mongo.apply_plan('load');
SQL
    bench_empty() {
        "$pg_bin/psql" -Xqd bench -c 'TRUNCATE loaded.flat, loaded.orders, loaded.orders_items, loaded.orders_notes' -c 'DELETE FROM mongo.load_run' -c 'CHECKPOINT'
    }
    # Columns of a table by name, and its INSERT.
    bench_plain() {
        "$pg_bin/psql" -XAtqd bench -c "SELECT format('INSERT INTO loaded.%I (%s) SELECT %2\$s FROM (%s) AS q', '$1', string_agg(quote_ident(name), ', ' ORDER BY position), mongo.source_query('load', '$1')) FROM mongo.plan_column WHERE plan = 'load' AND table_name = '$1' AND enabled"
    }
    bench_load() { bench_empty; bench_statement "CALL mongo.load('load', '{$1}', workers => $2)" 2>/dev/null; }
    bench_insert() { bench_empty; bench_statement "$(bench_plain "$1")"; }
}

bench_loads() {
    local documents=200000 few=4000
    step "cases 6 and 13: loads of $documents documents on engine documentdb"
    bench_loads_ready $documents
    local one two none plain copy article family items orders notes
    in_turns one 'bench_load flat 1' two 'bench_load flat 2' none 'bench_load flat 0' plain 'bench_insert flat' copy "$bench_python copy $bench_engine_uri $documents" \
        family 'bench_load orders 1' orders 'bench_insert orders' items 'bench_insert orders_items' notes 'bench_insert orders_notes'
    bench_empty
    article=$($bench_python article "$bench_engine_uri" $few)
    printf '| load of one worker, 20 columns, ns a document | %s | | |\n' "$(ns "$one" $documents)" >>"$bench_table"
    gate "case 6: article's script (a row an INSERT) / load" "$(awk -v a="$article" -v f=$few -v o="$one" -v n=$documents 'BEGIN { printf "%.1f", (a / f) / (o / n) }')" '>=' 25
    gate 'case 6: COPY script / load' "$(ratio "$copy" "$one")" '>=' 2.5
    gate 'case 6: INSERT ... SELECT / load' "$(ratio "$plain" "$one")" '>=' 0.7
    printf '| case 6: INSERT ... SELECT / load in the session itself | %s | | |\n' "$(ratio "$plain" "$none")" >>"$bench_table"
    gate 'case 6: three INSERT ... SELECT / load of a table with two child tables' "$(awk -v a="$orders" -v b="$items" -v c="$notes" -v f="$family" 'BEGIN { printf "%.2f", (a + b + c) / f }')" '>=' 1.0
    gate 'case 13: one worker / two workers, the server on the same cores' "$(ratio "$one" "$two")" '>=' 1.6
}

# Checks of the loaded table (case 15), beside a pipeline written by hand for the same figures, and reading both sides once.
bench_checks() {
    local documents=${BENCH_DOCUMENTS:-1000000} hand totals values source target columns
    step "case 15: checks of $documents documents on engine documentdb"
    bench_loads_ready $documents
    bench_load flat 2 >/dev/null
    "$pg_bin/psql" -Xqd bench -c 'VACUUM ANALYZE loaded.flat'
    columns=$("$pg_bin/psql" -XAtqd bench -c "SELECT string_agg(quote_ident(name), ', ' ORDER BY position) FROM mongo.plan_column WHERE plan = 'load' AND table_name = 'flat' AND enabled")
    in_turns hand "$bench_python hand $bench_engine_uri $documents" totals "bench_statement \"CALL mongo.validate('load', 1, '{flat}')\" 2>/dev/null" \
        values "bench_statement \"SELECT count(*) FROM mongo.diff('load', 'flat')\"" \
        source "bench_statement \"SELECT count(ROW($columns)) FROM (\$(\"$pg_bin/psql\" -XAtqd bench -c \"SELECT mongo.source_query('load', 'flat')\") OFFSET 0) AS q\"" \
        target "bench_statement 'SELECT count(t) FROM loaded.flat AS t'"
    gate 'case 15: levels 0 and 1 / a pipeline by hand for the same figures' "$(ratio "$totals" "$hand")" '<=' 1.5
    gate 'case 15: level 3 / reading both sides once' "$(awk -v v="$values" -v s="$source" -v t="$target" 'BEGIN { printf "%.2f", v / (s + t) }')" '<=' 2.0
}

# run_bench [CASE...]: the figures of all cases go into the manual.
run_bench() {
    bench_cases=$*
    local port rows=1000000 nest_rows=200000
    bench_missed=0
    build_extension
    build_tools
    cluster_start
    port=$(free_port)
    "$build/tools/replay_server" --port "$port" &
    bench_pid=$!
    trap 'kill $bench_pid 2>/dev/null; stop_everything' EXIT
    sleep 0.5
    bench_uri=mongodb://127.0.0.1:$port/
    bench_table=$build/bench-table.md
    printf '| measure | value | gate | |\n|---|---|---|---|\n' >"$bench_table"
    "$pg_bin/psql" -Xqd postgres -c 'DROP DATABASE IF EXISTS bench' -c 'CREATE DATABASE bench' >&2
    "$pg_bin/psql" -Xqd bench -v ON_ERROR_STOP=1 >&2 <<SQL
CREATE EXTENSION mongo_fdw_cpp;
CREATE SERVER replay FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri '$bench_uri');
CREATE USER MAPPING FOR PUBLIC SERVER replay;
CREATE FOREIGN TABLE flat20 (_id mongo.objectid, i0 int, i1 int, i2 int, i3 int, l0 bigint, l1 bigint, l2 bigint,
    d0 double precision, d1 double precision, d2 double precision, b boolean, t0 timestamptz, t1 timestamptz,
    s0 text, s1 text, s2 text, s3 text, s4 text, s5 text)
    SERVER replay OPTIONS (database 'bench', collection 'flat20,docs=$rows');
CREATE FOREIGN TABLE nest (_id int, doc jsonb, docj json OPTIONS (path 'doc')) SERVER replay OPTIONS (database 'bench', collection 'nest,docs=$nest_rows');
CREATE FOREIGN TABLE nest_text (doc text OPTIONS (role 'doc', json_format 'relaxed')) SERVER replay OPTIONS (database 'bench', collection 'nest,docs=$nest_rows');
CREATE FOREIGN TABLE nest4k (doc jsonb OPTIONS (role 'doc', json_format 'relaxed')) SERVER replay OPTIONS (database 'bench', collection 'nest4k,docs=20000');
CREATE FOREIGN TABLE nest4k_text (doc text OPTIONS (role 'doc', json_format 'relaxed')) SERVER replay OPTIONS (database 'bench', collection 'nest4k,docs=20000');
CREATE FOREIGN TABLE nest_doc (doc jsonb OPTIONS (role 'doc', json_format 'relaxed')) SERVER replay OPTIONS (database 'bench', collection 'nest,docs=$nest_rows');
CREATE FOREIGN TABLE dec5 (_id bigint, n0 numeric, n1 numeric, n2 numeric, n3 numeric) SERVER replay OPTIONS (database 'bench', collection 'dec5,docs=$rows');
CREATE TABLE nest_texts AS SELECT doc FROM nest_text;
CREATE TABLE nest4k_texts AS SELECT doc FROM nest4k_text;
CREATE TABLE dec5_texts AS SELECT n0::text, n1::text, n2::text, n3::text FROM dec5;
VACUUM ANALYZE;
SQL
    if bench_wants 1 2 4 5; then bench_scans; fi
    secantus_install
    if bench_wants 7 8 9 10 11 12; then bench_live_data; fi
    if bench_wants 7; then bench_groups; fi
    if bench_wants 8; then bench_points; fi
    if bench_wants 9 10; then bench_joins; fi
    if bench_wants 11; then bench_writes; fi
    if bench_wants 12; then bench_lists; fi
    if bench_wants 14; then bench_plans; fi
    if bench_wants 6 13; then bench_loads; fi
    if bench_wants 15; then bench_checks; fi
    local figures=$build/bench.md
    {
        printf 'Measured on %s, %s cores, %s, libmongoc %s, best of %s runs.\n\n' "$(date -u +%Y-%m-%d)" "$(nproc)" \
            "$("$pg_config" --version)" "$(pkg-config --modversion mongoc2 2>/dev/null || pkg-config --modversion libmongoc-1.0)" "$bench_runs"
        cat "$bench_table"
    } >"$figures"
    cat "$figures"
    # The figures in the manual are those of the last whole run.
    if [ -z "$bench_cases" ]; then
        awk -v file="$figures" '/<!-- figures -->/ { print; print ""; while ((getline line < file) > 0) print line; print ""; skip = 1; next }
        /<!-- end -->/ { skip = 0 } !skip' "$top/docs/performance.md" >"$build/performance.md"
        cp "$build/performance.md" "$top/docs/performance.md"
    fi
    [ "$bench_missed" = 0 ] || fail "$bench_missed gates were missed"
}
