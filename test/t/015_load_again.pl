# Loads over a target that is filled: whatever happened at the source, and whenever one is ended. ROUNDS=10 for the whole run.
use strict;
use warnings;
use lib 't';
use Replay;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);
plan skip_all => 'no compatible server at hand' unless $ENV{SECANTUS_HOME};

my $rounds = $ENV{ROUNDS} // 1;
my $directory = PostgreSQL::Test::Utils::tempdir();
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $mongodb = start_secantus($port, $directory);
my $uri = "mongodb://127.0.0.1:$port/";

# Documents by chance: the value and the array of each may be of another type, null or missing, as their elements.
my $make = q(
import sys, random, pymongo, bson, datetime
rng = random.Random(int(sys.argv[2]))
def identity(n):
    return [n, n + 0.5, bson.Decimal128('%d.25' % n), 's%d' % n, bson.ObjectId('%024x' % n), datetime.datetime(2000, 1, 1) + datetime.timedelta(n)][n % 6]
def element():
    return rng.choice([{'q': rng.randrange(1000)}] * 6 + [{'q': 'text'}, {'q': None}, {}, 7])
def document(n):
    d = {'_id': identity(n), 'n': n}
    if rng.random() < 0.95:
        d['v'] = rng.choice([rng.randrange(10)] * 9 + ['text', 1.5, None])
    if rng.random() < 0.95:
        d['items'] = rng.choice([[element() for _ in range(rng.randrange(5))]] * 9 + ['text', None])
    return d
things = pymongo.MongoClient(sys.argv[1]).shop.things
);
run_python($make . q(
things.insert_many([document(n) for n in range(800)])
), $uri, 1);
# About a twentieth of the documents each: new ones, changed ones, others gone, and some back.
my $change = $make . q(
for n in rng.sample(range(1000), 50):
    things.replace_one({'_id': identity(n)}, document(n), upsert=True)
for n in rng.sample(range(1000), 30):
    things.delete_one({'_id': identity(n)})
for n in rng.sample(range(1000), 20):
    things.update_one({'_id': identity(n)}, {'$set': {'items': [element() for _ in range(3)]}})
);

# What the target has to hold of each document: v where it is a number, else what is in the rest; elements likewise.
sub source_rows {
    return python_lines(q(
import json
def told(value):
    return '{"$numberInt": "%d"}' % value if isinstance(value, int) else json.dumps(value)
def field(d, name):
    return 'missing' if name not in d else str(d[name]) if isinstance(d[name], (int, float)) else told(d[name])
for d in documents('shop', 'things'):
    items = d.get('items')
    rows = ','.join((field(i, 'q') if isinstance(i, dict) else 'element ' + told(i)) for i in items) if isinstance(items, list) and items else told(items) if 'items' in d else ''
    print(d['n'], field(d, 'v'), rows, sep='|')
), $uri);
}

sub target_rows {
    my ($node) = @_;
    return join "\n", sort split /\n/, $node->safe_psql('postgres', q(
        SELECT concat_ws('|', t.n, coalesce(t.v::text, (t.extra -> 'v')::text, 'missing'), coalesce((t.extra -> 'items')::text, (SELECT string_agg(CASE WHEN i.q IS NOT NULL THEN i.q::text
            WHEN jsonb_typeof(i.extra) = 'object' AND NOT i.extra ? '$numberInt' THEN coalesce((i.extra -> 'q')::text, 'missing') WHEN i.extra IS NULL THEN 'missing' ELSE 'element ' || i.extra::text END, ',' ORDER BY i.ord)
            FROM target.things_items AS i WHERE i.things_id = t.id), '')) FROM target.things AS t));
}

my $node = new_node("max_worker_processes = 12\n");
add_server($node, 'shop', $uri, "server_selection_timeout '5s'");
sub run { return $node->safe_psql('postgres', "SET client_min_messages = error; $_[0]") }
run(q(SELECT mongo.create_plan('p', 'shop', 'shop', 'target', sample => 0, tolerance => 0.3); CALL mongo.apply_plan('p');));
run(q(
    CREATE OR REPLACE FUNCTION mongo_internal.next_places(places bigint, seconds double precision) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 60::bigint';
    CREATE OR REPLACE FUNCTION mongo_internal.first_places(average_bytes bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 60::bigint';));
run(q(CALL mongo.load('p', workers => 2)));
is(target_rows($node), source_rows(), 'a first load');

# Only what changed is written: a row that is as before has its xmin, and nobody locked it.
run(q(CREATE TABLE before_load AS SELECT t.id::text AS key, NULL::bigint AS ord, to_jsonb(t) AS content, xmin::text AS made, xmax::text AS locked FROM target.things AS t WITH NO DATA;
    CREATE FUNCTION note() RETURNS void LANGUAGE sql AS $$ TRUNCATE before_load;
        INSERT INTO before_load SELECT t.id::text, NULL, to_jsonb(t), xmin::text, xmax::text FROM target.things AS t UNION ALL SELECT i.things_id::text, i.ord, to_jsonb(i), xmin::text, xmax::text FROM target.things_items AS i $$;
    CREATE VIEW touched AS SELECT b.* FROM before_load AS b JOIN (SELECT t.id::text AS key, NULL::bigint AS ord, to_jsonb(t) AS content, xmin::text AS made, xmax::text AS locked FROM target.things AS t
        UNION ALL SELECT i.things_id::text, i.ord, to_jsonb(i), xmin::text, xmax::text FROM target.things_items AS i) AS a ON a.key = b.key AND a.ord IS NOT DISTINCT FROM b.ord AND a.content = b.content
      WHERE (a.made, a.locked) IS DISTINCT FROM (b.made, b.locked);));
for my $round (1 .. $rounds) {
    run('SELECT note()');
    run_python($change, $uri, 10 + $round);
    my $expected = source_rows();
    isnt(target_rows($node), $expected, "round $round: the source has changed");
    run(sprintf q(CALL mongo.load('p', workers => %d)), $round % 3);
    is(target_rows($node), $expected, "round $round: after another load they are equal");
    is(run('SELECT count(*) FROM touched'), '0', "round $round: rows that are as before were not touched");
    is(run(q(SELECT count(*) FROM mongo.reject WHERE row_lost OR stale)), '0', "round $round: and none is lost");
}

# Ended at any moment, while it writes, tries again or prunes: the next one makes both equal.
for my $round (1 .. 3 * $rounds) {
    run_python($change, $uri, 100 + $round);
    my $moment = rand 1.2;
    my $load = session($node, sprintf q(CALL mongo.load('p', workers => %d)), $round % 3);
    sleep $moment;
    run(q(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CALL mongo.load%'));
    $load->{handle}->finish;
    ok(wait_for(sub { run(q(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'mongo_fdw_cpp load')) == 0 }), "ended after $moment s: its workers end");
    run(q(CALL mongo.load('p')));
    # Documents above a bound that had been loaded belong to the next run.
    run(q(CALL mongo.load('p')));
    is(target_rows($node), source_rows(), "ended after $moment s: the next loads make both equal");
}

# A chunk that fails three times ends the CALL with its error; the next CALL tries that chunk, and no other.
run(q(TRUNCATE target.things, target.things_items; DELETE FROM mongo.load_run; DELETE FROM mongo.load_target; DELETE FROM mongo.reject;
    CREATE TABLE written (n integer);
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.written VALUES (NEW.n); IF NEW.n = (SELECT min(n) FROM public.refused) THEN RAISE EXCEPTION 'not now' USING ERRCODE = '40001'; END IF; RETURN NEW; END $$;
    CREATE TABLE refused (n integer);
    CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON target.things FOR EACH ROW EXECUTE FUNCTION refuse();));
run(q(INSERT INTO refused SELECT 30));
run_python($make . q(things.replace_one({'_id': identity(30)}, {'_id': identity(30), 'n': 30, 'v': 1}, upsert=True)), $uri, 1);
my ($status, $out, $error) = $node->psql('postgres', q(CALL mongo.load('p', workers => 2)));
isnt($status, 0, 'a chunk that fails fails the load');
like($error, qr/ERROR: .*table "things", chunk \d+: not now.*DETAIL: .*1 chunk\(s\) of the load of plan "p" failed; the others are loaded.*HINT: .*tries them again/s, 'and the error names it');
my ($failed, $places) = split /\|/, $node->safe_psql('postgres', q(SELECT count(*), max(attempts) FROM mongo.load_chunk WHERE state = 'failed'));
is("$failed $places", '1 3', 'tried three times');
run('TRUNCATE refused, written');
run(q(CALL mongo.load('p', workers => 1)));
cmp_ok(run('SELECT count(*) FROM written'), '<=', 60, 'the next CALL writes the rows of that chunk only');
is(target_rows($node), source_rows(), 'and all is there');

# While one loads, nobody begins with other tables.
run_python(q(
import sys, pymongo
pymongo.MongoClient(sys.argv[1]).shop.more.insert_many([{'_id': n, 'n': n} for n in range(300)])
), $uri);
run(q(CALL mongo.drop_plan('p', source_tables => true); DROP SCHEMA target CASCADE; SELECT mongo.create_plan('p', 'shop', 'shop', 'target', sample => 0); CALL mongo.apply_plan('p');
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.005); RETURN NEW; END $$;
    CREATE TRIGGER slow BEFORE INSERT ON target.things FOR EACH ROW EXECUTE FUNCTION slow();));
my $load = session($node, q(CALL mongo.load('p', '{things}')));
ok(wait_for(sub { run(q(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'mongo_fdw_cpp load' AND wait_event = 'PgSleep')) > 0 }), 'a load of one table');
like(($node->psql('postgres', q(CALL mongo.load('p', '{more}'))))[2], qr/ERROR: .*plan "p" is being loaded, with other tables.*HINT: .*Wait for its end, or give the same tables to help/s, 'one of another waits');
$load->{handle}->finish;
run(q(CALL mongo.load('p', '{more}')));
is(run('SELECT count(*) FROM target.more'), '300', 'for its end');

# Rows without keys: a view and a time series are written anew, in one transaction; not over rows of somebody's own.
run_python(q(
import sys, pymongo, datetime
shop = pymongo.MongoClient(sys.argv[1]).shop
shop.create_collection("large", viewOn="more", pipeline=[{"$match": {"n": {"$gte": 200}}}])
shop.create_collection("readings", timeseries={"timeField": "at", "metaField": "of"})
shop.readings.insert_many([{"at": datetime.datetime(2026, 1, 1 + i), "of": {"sensor": i % 2}, "v": i} for i in range(6)])
), $uri);
run(q(CALL mongo.drop_plan('p', source_tables => true); DROP SCHEMA target CASCADE; SELECT mongo.create_plan('p', 'shop', 'shop', 'target', collections => '{large,readings}', sample => 0); CALL mongo.apply_plan('p');));
run(q(CALL mongo.load('p', workers => 2)));
is(run('SELECT count(*), sum(n), (SELECT sum(v) FROM target.readings) FROM target.large'), '100|24950|15', 'rows of a view and of a time series');
run_python(q(
import sys, pymongo, datetime
shop = pymongo.MongoClient(sys.argv[1]).shop
shop.more.delete_many({'n': {'$gte': 290}})
shop.readings.insert_one({"at": datetime.datetime(2026, 2, 1), "of": {"sensor": 1}, "v": 100})
), $uri);
run(q(CALL mongo.load('p', workers => 2)));
is(run('SELECT count(*), sum(n), (SELECT sum(v) FROM target.readings) FROM target.large'), '90|22005|115', 'again: as they are now');
run(q(CALL mongo.drop_plan('p', source_tables => true); SELECT mongo.create_plan('p', 'shop', 'shop', 'target', collections => '{large,readings}', sample => 0); CALL mongo.apply_plan('p');));
like(($node->psql('postgres', q(CALL mongo.load('p'))))[2], qr/ERROR: .*table target\.\w+ held rows before plan "p" loaded it first.*DETAIL: .*Its rows have no key.*Give the plan a table of its own/s, 'rows that were there before are not written over');
is(run('SELECT count(*), sum(n), (SELECT sum(v) FROM target.readings) FROM target.large'), '90|22005|115', 'nor added to');
done_testing();
