# Loads with the rights, settings and targets that there are in the field, and under live writes.
use strict;
use warnings;
use lib 't';
use IPC::Run ();
use Replay;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);
plan skip_all => 'no compatible server at hand' unless $ENV{SECANTUS_HOME};

my $directory = PostgreSQL::Test::Utils::tempdir();
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $mongodb = start_secantus($port, $directory);
my $uri = "mongodb://127.0.0.1:$port/";
my $fill = q(
import sys, pymongo
c = pymongo.MongoClient(sys.argv[1]).shop
for name in ('things', 'users'):
    c[name].drop()
c.users.insert_many([{'_id': n, 'name': 'u%d' % n} for n in range(20)])
c.things.insert_many([{'_id': n, 'n': n, 'v': 0, 'users_id': n % 20, 'items': [{'q': n, 'v': 0} for i in range(n % 4)]} for n in range(600)])
);
run_python($fill, $uri);

my $node = new_node("max_worker_processes = 10\n");
my $other = PostgreSQL::Test::Cluster->new('other');
$other->init;
$other->append_conf('postgresql.conf', "listen_addresses = ''\n");
$other->start;
$node->safe_psql('postgres', 'CREATE EXTENSION postgres_fdw');
add_server($node, 'shop', $uri, "server_selection_timeout '2s'");
$node->safe_psql('postgres', q(ALTER USER MAPPING FOR PUBLIC SERVER shop OPTIONS (ADD password_required 'false')));
$node->safe_psql('postgres', q(
    CREATE OR REPLACE FUNCTION mongo_internal.next_places(places bigint, seconds double precision) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 100::bigint';
    CREATE OR REPLACE FUNCTION mongo_internal.pause_after(c mongo.load_chunk, o mongo_internal.load_options) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 10';
    CREATE OR REPLACE FUNCTION mongo_internal.first_places(average_bytes bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 100::bigint';));

# run(SQL, role): standard output and error output of psql, in one transaction a statement.
sub run {
    my ($sql, @parameters) = @_;
    my ($code, $out, $err) = $node->psql('postgres', $sql, extra_params => [ '-v', 'VERBOSITY=verbose', @parameters ]);
    return ($out, $err);
}
sub plan_anew {
    my ($more, $key) = @_;
    $node->safe_psql('postgres', "SET client_min_messages = error; DROP SCHEMA IF EXISTS target CASCADE; DROP SCHEMA IF EXISTS p_source CASCADE; DELETE FROM mongo.plan WHERE plan = 'p'");
    $node->safe_psql('postgres', "SELECT mongo.create_plan('p', 'shop', 'shop', 'target', sample => 0)");
    $node->safe_psql('postgres', $more) if $more;
    $node->safe_psql('postgres', "CALL mongo.apply_plan('p')");
}
my $counts = q(SELECT (SELECT count(*) || ' ' || sum(n) FROM target.things) || ' ' || (SELECT count(*) || ' ' || sum(q) FROM target.things_items));
my $all = '600 179700 900 270300';
sub is_whole { my ($name) = @_; is($node->safe_psql('postgres', $counts), $all, $name) }

# (Chunks are small, and those that fail are tried again at once.)
# The filter of a range with the hint that a load gives is served by the index on _id.
my $explain = q(
import sys, pymongo, bson, json
db = pymongo.MongoClient(sys.argv[1]).load_explained
db.c.drop()
db.c.insert_many([{'_id': n, 'a': n} for n in range(2000)])
command = {'aggregate': 'c', 'pipeline': [{'$match': bson.decode(bytes.fromhex(sys.argv[2]))}], 'cursor': {}, 'hint': {'_id': 1}}
print(json.dumps(db.command({'explain': command, 'verbosity': 'executionStats'}), default=str))
db.c.drop()
);
my $filter = $node->safe_psql('postgres', q(SELECT encode(mongo_internal.key_filter(mongo.id_key(1900), mongo.id_key(1950)), 'hex')));
my $served = qr/"stage": "IXSCAN", "keyPattern": \{"_id": 1\}.*"totalDocsExamined": 50\b|"Index Cond": "[^"]*object_id OPERATOR\([^"]*>=\)[^"]*object_id OPERATOR\([^"]*<\)/;
for my $server (grep { $_ } $uri, $ENV{MONGO_URI}) {
    my $out;
    IPC::Run::run([ "$ENV{SECANTUS_HOME}/bin/python", '-c', $explain, $server, $filter ], '>', \$out);
    like($out, $served, 'the index on _id serves a range of keys');
}

# A role without LOGIN owns the plan; whoever is a member of it loads by SET ROLE, in workers too.
$node->safe_psql('postgres', q(CREATE ROLE owner NOLOGIN; CREATE ROLE loader LOGIN IN ROLE owner; CREATE ROLE stranger LOGIN;
    GRANT USAGE ON FOREIGN SERVER shop TO owner; GRANT CREATE ON DATABASE postgres TO owner;));
my @loader = ('-U', 'loader');
run(q(SET ROLE owner; SELECT mongo.create_plan('o', 'shop', 'shop', 'owned', sample => 0)), @loader);
my (undef, $err) = run(q(SET ROLE owner; CALL mongo.apply_plan('o')), @loader);
IPC::Run::run([ 'psql', '-XAtq', '-U', 'loader', '-d', $node->connstr('postgres'), '-c', 'SET ROLE owner', '-c', q(CALL mongo.apply_plan('o')), '-c', q(CALL mongo.load('o', workers => 2)) ], '2>', \$err);
like($err, qr/plan "o" is loaded: 620 documents read, 1520 rows inserted/, 'SET ROLE to a role without LOGIN holds in workers');
is($node->safe_psql('postgres', q(SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'owned'::regnamespace AND relkind = 'r')), 'owner', 'the tables are its own');
(undef, $err) = run(q(CALL mongo.load('o')), '-U', 'stranger');
like($err, qr/ERROR:  42501: plan "o" belongs to role "owner"/, 'another user is refused');
is((run(q(SELECT count(*) FROM mongo.load_chunk), '-U', 'stranger'))[0], '0', 'and sees nothing of the load');
like((run(q(INSERT INTO mongo.load_run (plan) VALUES ('o')), '-U', 'stranger'))[1], qr/42501/, 'nor writes its state');

# No slot for a worker: said, and done here.
$node->append_conf('postgresql.conf', "max_worker_processes = 1\n");
$node->restart;
plan_anew();
(undef, $err) = run(q(CALL mongo.load('p', workers => 3)));
like($err, qr/NOTICE:.*(no background worker can be started: this session loads alone|\d of 3 background workers can be started)/, 'fewer workers are said');
is_whole('and the load is whole');
$node->append_conf('postgresql.conf', "max_worker_processes = 10\n");
$node->restart;

# statement_timeout counts for each chunk, here and in workers, and is told as what it is; lock_timeout too.
plan_anew(q(UPDATE mongo.plan_column SET expression = '(SELECT value::integer FROM pg_sleep(0.004 + 0 * value::integer))' WHERE plan = 'p' AND table_name = 'things' AND path = 'v'));
for my $workers (0, 1) {
    IPC::Run::run([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'), '-c', q(SET statement_timeout = '1200ms'), '-c', "CALL mongo.load('p', workers => $workers)" ], '2>', \$err);
    like($err, qr/is loaded/, "a load of $workers workers that takes longer than statement_timeout, whose chunks do not");
    $node->safe_psql('postgres', q(DELETE FROM mongo.load_run; TRUNCATE target.things, target.things_items, target.users));
    IPC::Run::run([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'), '-c', q(SET statement_timeout = '300ms'), '-c', "CALL mongo.load('p', '{things}', workers => $workers)" ], '2>', \$err);
    like($err, qr/ERROR:  57014: table "things", chunk \d+: canceling statement due to statement timeout/, "chunks that take longer fail as that, $workers workers");
    $node->safe_psql('postgres', q(DELETE FROM mongo.load_run; TRUNCATE target.things, target.things_items, target.users));
}
my $holder = session($node, 'BEGIN; LOCK TABLE target.things; SELECT pg_sleep(8)');
ok(wait_for(sub { $node->safe_psql('postgres', q(SELECT count(*) FROM pg_locks WHERE relation = 'target.things'::regclass AND mode = 'AccessExclusiveLock' AND granted)) }), 'somebody locks the target');
for my $workers (0, 1) {
    IPC::Run::run([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'), '-c', q(SET lock_timeout = '100ms'), '-c', "CALL mongo.load('p', '{things}', workers => $workers)" ], '2>', \$err);
    like($err, qr/ERROR:  55P03: .*canceling statement due to lock timeout/, "lock_timeout is told as what it is, $workers workers");
}
$holder->{handle}->kill_kill;
wait_for(sub { $node->safe_psql('postgres', q(SELECT count(*) FROM pg_locks WHERE relation = 'target.things'::regclass AND mode = 'AccessExclusiveLock' AND granted)) eq '0' });

# A server that is overloaded is asked for less at a time.
my $busy = start_replay();
add_server($node, 'busy', "mongodb://127.0.0.1:$busy->{port}/");
for my $fault ('fault=error,code=462', 'fault=error,code=9999,label=SystemOverloadedError') {
    (undef, $err) = run("CREATE FOREIGN TABLE IF NOT EXISTS busy_docs (_id integer) SERVER busy OPTIONS (database 'd', collection 'ids,docs=10,$fault'); SELECT * FROM mongo_internal.read_documents('busy_docs', NULL, NULL); DROP FOREIGN TABLE busy_docs");
    like($err, qr/ERROR:  53400/, "overloaded: $fault");
    $node->safe_psql('postgres', 'DROP FOREIGN TABLE IF EXISTS busy_docs');
}
# One time of the cluster for all ranges, where there is one.
(undef, $err) = run(q(CREATE FOREIGN TABLE busy_docs (_id integer) SERVER busy OPTIONS (database 'd', collection 'ids,docs=10'); SELECT count(*) FROM mongo_internal.read_documents('busy_docs', NULL, NULL, cluster_time => 7000000001 << 8); DROP FOREIGN TABLE busy_docs;));
like((commands($busy))[-1], qr/^aggregate .*readConcern=snapshot/, 'a snapshot is read') or diag join "\n", commands($busy), $err;
plan_anew();
(undef, $err) = run(q(CALL mongo.load('p', snapshot => true)));
like($err, qr/NOTICE:  \S+ the server gives no snapshots: documents are read as they are|is loaded/, 'a server without is told of');
is_whole('and the load is whole, with snapshot');
plan_anew();
$node->safe_psql('postgres', q(
    CREATE TABLE public.asked (n serial);
    ALTER FUNCTION mongo_internal.way_of(mongo.load_table) RENAME TO real_way_of;
    CREATE FUNCTION mongo_internal.way_of(t mongo.load_table) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('public.asked_n_seq') < 4 THEN RAISE EXCEPTION USING ERRCODE = '53400', MESSAGE = 'too much'; END IF;
        RETURN mongo_internal.real_way_of(t); END $$;));
(undef, $err) = run(q(CALL mongo.load('p', workers => 4)));
like($err, qr/is loaded/, 'a load that a server asks for less goes on');
is($node->safe_psql('postgres', 'SELECT chunks_at_once FROM mongo.load_run'), '1', 'with fewer chunks at a time');
is_whole('and is whole');
$node->safe_psql('postgres', 'DROP FUNCTION mongo_internal.way_of; ALTER FUNCTION mongo_internal.real_way_of RENAME TO way_of');

# Locks are those of INSERT; a table beside it is read and written.
plan_anew(q(UPDATE mongo.plan_column SET expression = '(SELECT value::integer FROM pg_sleep(0.002 + 0 * value::integer))' WHERE plan = 'p' AND table_name = 'things' AND path = 'v'));
my $load = session($node, q(CALL mongo.load('p', workers => 1)));
ok(wait_for(sub { $node->safe_psql('postgres', q(SELECT count(*) FROM pg_locks WHERE relation = 'target.things'::regclass AND mode = 'RowExclusiveLock')) }), 'a load writes');
is($node->safe_psql('postgres', q(SELECT string_agg(DISTINCT mode, ' ' ORDER BY mode) FROM pg_locks WHERE relation IN ('target.things'::regclass, 'target.things_items'::regclass) AND pid <> pg_backend_pid() AND mode NOT IN ('AccessShareLock', 'RowExclusiveLock', 'RowShareLock'))), '', 'with locks of INSERT alone');
$load->{handle}->finish;
is_whole('the load beside is whole');

# Targets that are not one heap, with triggers and generated columns; loaded, changed, loaded again.
sub update_source { run_python(q(
import sys, pymongo
c = pymongo.MongoClient(sys.argv[1]).shop.things
for n in (5, 305, 599):
    c.update_one({'_id': n}, {'$set': {'n': n + 1000, 'items': [{'q': n, 'v': 1}]}})
c.delete_one({'_id': 300})
c.insert_one({'_id': 600, 'n': 600, 'v': 0, 'users_id': 1, 'items': []})
), $uri) }
my $changed = '600 183000 898 269102';
for my $case ('a partitioned table', 'partitions in another cluster') {
    plan_anew();
    my $host = $other->host;
    my $other_port = $other->port;
    my $key = $case eq 'a partitioned table' ? ', PRIMARY KEY (id)' : ''; # which foreign partitions cannot have
    $node->safe_psql('postgres', qq(
        DROP TABLE target.things_items, target.things;
        CREATE TABLE target.things (id integer NOT NULL, n integer, v integer, users_id integer, extra jsonb$key) PARTITION BY RANGE (id);));
    $node->safe_psql('postgres', q(
        CREATE TABLE target.things_1 PARTITION OF target.things FOR VALUES FROM (MINVALUE) TO (300);
        CREATE TABLE target.things_items (things_id integer NOT NULL, ord integer NOT NULL, q integer, v integer, extra jsonb, twice integer GENERATED ALWAYS AS (q * 2) STORED, PRIMARY KEY (things_id, ord)) PARTITION BY HASH (things_id);
        CREATE TABLE target.items_0 PARTITION OF target.things_items FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE target.items_1 PARTITION OF target.things_items FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        CREATE TABLE IF NOT EXISTS public.seen (n integer);
        TRUNCATE public.seen;
        CREATE OR REPLACE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.seen VALUES (NEW.n); RETURN NULL; END $$;
        CREATE TRIGGER see AFTER INSERT OR UPDATE ON target.things_1 FOR EACH ROW EXECUTE FUNCTION public.see();));
    if ($case eq 'a partitioned table') {
        $node->safe_psql('postgres', 'CREATE TABLE target.things_2 PARTITION OF target.things FOR VALUES FROM (300) TO (MAXVALUE)');
    } else {
        $other->safe_psql('postgres', 'CREATE TABLE things_2 (id integer PRIMARY KEY, n integer, v integer, users_id integer, extra jsonb)');
        $node->safe_psql('postgres', qq(
            CREATE SERVER IF NOT EXISTS elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$other_port', dbname 'postgres');
            CREATE USER MAPPING IF NOT EXISTS FOR CURRENT_USER SERVER elsewhere;
            CREATE FOREIGN TABLE target.things_2 PARTITION OF target.things FOR VALUES FROM (300) TO (MAXVALUE) SERVER elsewhere OPTIONS (schema_name 'public', table_name 'things_2')));
    }
    run_python($fill, $uri);
    (undef, $err) = run(q(CALL mongo.load('p', workers => 2)));
    like($err, qr/is loaded/, "$case: loaded") or diag $err;
    is_whole("$case: whole");
    update_source();
    (undef, $err) = run(q(CALL mongo.load('p', workers => 2)));
    like($err, qr/620 documents read, 1 rows inserted, 3|620 documents read, \d+ rows inserted, \d+ updated/, "$case: again");
    is($node->safe_psql('postgres', $counts), $changed, "$case: as the source is") or diag $err;
    is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT n), max(n) FROM public.seen'), '301|301|1005', "$case: triggers fire once a row that is written");
}

# Parents and children of one version while the source is written 200 times a second.
run_python($fill, $uri);
plan_anew();
my $writer = q(
import sys, time, pymongo, random
c = pymongo.MongoClient(sys.argv[1]).shop.things
end = time.time() + float(sys.argv[2])
v = 0
while time.time() < end:
    v += 1
    n = random.randrange(600)
    c.replace_one({'_id': n}, {'_id': n, 'n': n, 'v': v, 'users_id': 1, 'items': [{'q': n, 'v': v} for i in range(random.randrange(5))]}, upsert=True)
    time.sleep(0.004)
);
my $writing = IPC::Run::start([ "$ENV{SECANTUS_HOME}/bin/python", '-c', $writer, $uri, 6 ]);
my $mixed = 0;
for (1 .. 4) {
    (undef, $err) = run(q(CALL mongo.load('p', workers => 2)));
    like($err, qr/is loaded/, 'a load beside writes');
    $mixed += $node->safe_psql('postgres', 'SELECT count(*) FROM target.things t JOIN target.things_items i ON i.things_id = t.id WHERE i.v <> t.v');
}
$writing->finish;
is($mixed, 0, 'each document is of one version, children included');
cmp_ok($node->safe_psql('postgres', 'SELECT count(DISTINCT v) FROM target.things'), '>', 100, 'of many versions');
(undef, $err) = run(q(CALL mongo.load('p', workers => 2)));
run_python(q(
import sys, pymongo
print(sum(len(d['items']) for d in pymongo.MongoClient(sys.argv[1]).shop.things.find()), file=open(sys.argv[2], 'w'))
), $uri, "$directory/items");
chomp(my $items = slurp_file("$directory/items"));
is($node->safe_psql('postgres', 'SELECT count(*) FROM target.things_items'), $items, 'a load after the writes makes it equal');

# The collection is gone; the server is gone, from the start.
run_python(q(import sys, pymongo; pymongo.MongoClient(sys.argv[1]).shop.things.drop()), $uri);
(undef, $err) = run(q(CALL mongo.load('p')));
like($err, qr/WARNING:  42P01: collection "things" of table "things" is not there/, 'a collection that is gone is told');
like($err, qr/ERROR:  55000: table target.things is not pruned: its collection is not there/, 'and no row of it deleted');
is($node->safe_psql('postgres', 'SELECT count(*) FROM target.things'), '600', 'the rows are there');
stop_process({ handle => $mongodb });
my $took = elapsed(sub { (undef, $err) = run(q(CALL mongo.load('p'))) });
like($err, qr/^(psql:<stdin>:1: )?ERROR:  08\w+: [^\n]*could not|^(psql:<stdin>:1: )?ERROR:  (08|HV)/, 'a server that is not there is one error');
cmp_ok($took, '<', 5, 'at once');
done_testing();
