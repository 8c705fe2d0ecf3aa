# Loads that are ended at any moment: of workers, their leader, the cluster, the source. KILLS=20 for the whole run.
use strict;
use warnings;
use lib 't';
use Replay;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);
plan skip_all => 'no compatible server at hand' unless $ENV{SECANTUS_HOME};

my $kills = $ENV{KILLS} // 1;
my $directory = PostgreSQL::Test::Utils::tempdir();
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $mongodb = start_secantus($port, $directory);
my $uri = "mongodb://127.0.0.1:$port/";

# Ids of several types; two documents that a constraint refuses; arrays of up to three elements.
run_python(q(
import sys, pymongo, datetime, uuid, bson
documents = []
for n in range(1500):
    _id = [n, bson.Int64(2**40 + n), n + 0.5, bson.Decimal128('%d.25' % n), 's%d' % n, bson.ObjectId('%024x' % n), datetime.datetime(2000, 1, 1) + datetime.timedelta(n), uuid.UUID(int=n)][n % 8]
    _id = bson.Binary.from_uuid(_id) if isinstance(_id, uuid.UUID) else _id
    documents.append({'_id': _id, 'n': n, 'v': 1, 'items': [{'q': n * 10 + i} for i in range(n % 4)]})
pymongo.MongoClient(sys.argv[1]).shop.things.insert_many(documents)
), $uri);

# The oracle reads BSON by itself, and says of each document what the target has to hold.
sub source_rows {
    return python_lines(q(
for d in documents('shop', 'things'):
    if d['n'] not in (700, 701):
        print(d['n'], d['v'], ','.join(str(i['q']) for i in d['items']), sep='|')
), $uri);
}

my $node = new_node("max_worker_processes = 12\nrestart_after_crash = on\n");
add_server($node, 'shop', $uri, "server_selection_timeout '2s'");
$node->safe_psql('postgres', q(SELECT mongo.create_plan('p', 'shop', 'shop', 'target', sample => 0); CALL mongo.apply_plan('p');));
# Small chunks that take a while, and a record of what is written.
$node->safe_psql('postgres', q(
    CREATE OR REPLACE FUNCTION mongo_internal.next_places(places bigint, seconds double precision) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 60::bigint';
    CREATE OR REPLACE FUNCTION mongo_internal.first_places(average_bytes bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 60::bigint';
    CREATE TABLE written (n integer, what text);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.001); INSERT INTO public.written VALUES (NEW.n, TG_OP); RETURN NEW; END $$;
    CREATE TRIGGER note BEFORE INSERT OR UPDATE ON target.things FOR EACH ROW EXECUTE FUNCTION note();
    ALTER TABLE target.things ADD CHECK (n NOT IN (700, 701));
));
my $expected = source_rows();

sub forget_load {
    $node->safe_psql('postgres', 'TRUNCATE target.things, target.things_items, written; DELETE FROM mongo.load_run; DELETE FROM mongo.load_target; DELETE FROM mongo.reject');
}

sub target_rows {
    return join "\n", sort split /\n/, $node->safe_psql('postgres', q(
        SELECT t.n || '|' || t.v || '|' || coalesce((SELECT string_agg(i.q::text, ',' ORDER BY i.ord) FROM target.things_items i WHERE i.things_id = t.id), '') FROM target.things t));
}

sub workers { return $node->safe_psql('postgres', q(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'mongo_fdw_cpp load')) }

# What must hold after the last CALL, whatever happened before.
sub is_loaded {
    my ($name) = @_;
    is(target_rows(), $expected, "$name: the target is the source");
    is($node->safe_psql('postgres', q(SELECT count(*) || ' ' || count(DISTINCT n) || ' ' || count(*) FILTER (WHERE what <> 'INSERT') FROM written)), '1498 1498 0', "$name: nothing was written twice");
    is($node->safe_psql('postgres', q(SELECT count(*) || ' ' || count(*) FILTER (WHERE stage = 'check' AND row_lost AND resolved IS NULL) FROM mongo.reject)), '2 2', "$name: each reject once");
    is(workers(), '0', "$name: no worker stays");
}

# Somebody's process id, by what pg_stat_activity says of it.
sub pid_of { my ($condition) = @_; return $node->safe_psql('postgres', "SELECT coalesce(min(pid), 0) FROM pg_stat_activity WHERE $condition") }
sub worker_pid { return pid_of(q(backend_type = 'mongo_fdw_cpp load')) }
sub leader_pid { return pid_of(q(backend_type = 'client backend' AND query LIKE 'CALL mongo.load%')) }

my %ways = (
    'a worker is terminated' => sub { my $pid = worker_pid(); $node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)") if $pid; },
    'a worker is cancelled' => sub { my $pid = worker_pid(); $node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)") if $pid; },
    'the leader is terminated' => sub { my $pid = leader_pid(); $node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)") if $pid; },
    'the leader is cancelled' => sub { my $pid = leader_pid(); $node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)") if $pid; },
    'a worker is killed' => sub { my $pid = worker_pid(); kill 'KILL', $pid if $pid; },
    'the leader is killed' => sub { my $pid = leader_pid(); kill 'KILL', $pid if $pid; },
    'the cluster stops at once' => sub { $node->stop('immediate'); $node->start; },
    'MongoDB is killed' => sub { stop_process({ handle => $mongodb }); sleep 0.5; $mongodb = start_secantus($port, $directory); },
);

sub cluster_is_up { return $node->psql('postgres', 'SELECT 1') == 0 }

my $number = 0;
for my $way (sort keys %ways) {
    for my $round (1 .. $kills) {
        my $workers = 1 + $number++ % 4;
        my $moment = rand 1.6;
        my $name = sprintf '%s after %.2f s of a load with %d workers', $way, $moment, $workers;
        forget_load();
        my $load = session($node, "CALL mongo.load('p', workers => $workers)");
        sleep $moment;
        $ways{$way}->();
        $load->{handle}->finish;
        wait_for(\&cluster_is_up, 60);
        ok(wait_for(sub { workers() == 0 }, 20), "$name: its workers end");
        my $tries = 0;
        $tries++ while $tries < 5 && $node->psql('postgres', "CALL mongo.load('p', workers => $workers)") != 0;
        cmp_ok($tries, '<', 5, "$name: the same CALL ends the load");
        is_loaded($name);
    }
}

# One that is terminated is replaced; the CALL knows nothing of it but a warning.
forget_load();
my $load = session($node, q(CALL mongo.load('p', workers => 2)));
ok(wait_for(sub { workers() == 2 }), 'two workers');
ok(wait_for(sub { $node->safe_psql('postgres', q(SELECT string_agg(application_name, '; ' ORDER BY application_name) FROM pg_stat_activity WHERE backend_type = 'mongo_fdw_cpp load')) eq 'mongo.load p, worker 1; mongo.load p, worker 2' }), 'by their names');
my $pid = worker_pid();
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
$load->{handle}->finish;
like($load->{err}, qr/WARNING:.*worker 1 of the load of plan "p" was terminated, another is started/, 'the leader tells');
like($load->{err}, qr/NOTICE:.*plan "p" is loaded: 1500 documents read, 3747 rows inserted, 0 updated, 0 deleted; 2 rejects/, 'and the load ends');
is_loaded('a worker less');

# Paused, and resumed.
forget_load();
$load = session($node, q(CALL mongo.load('p', workers => 2)));
ok(wait_for(sub { $node->safe_psql('postgres', 'SELECT count(*) FROM written') > 0 }), 'a load has begun');
$node->safe_psql('postgres', q(SELECT mongo.pause_load('p')));
sleep 1;
my $before = $node->safe_psql('postgres', 'SELECT count(*) FROM written');
sleep 1;
is($node->safe_psql('postgres', 'SELECT count(*) FROM written'), $before, 'a paused load writes nothing');
is($node->safe_psql('postgres', q(SELECT state FROM mongo.progress WHERE plan = 'p')), 'paused', 'and says so');
like(($node->psql('postgres', q(CALL mongo.load('p'))))[2], qr/the load of plan "p" is paused/, 'nobody begins one beside it');
$node->safe_psql('postgres', q(SELECT mongo.resume_load('p')));
$load->{handle}->finish;
is_loaded('paused and resumed');

# Two sessions help each other; for a while only.
forget_load();
like(($node->psql('postgres', q(CALL mongo.load('p', workers => 1, max_seconds => 0.3))))[2], qr/has not ended: \d+ documents read so far/, 'max_seconds ends a load');
my @loads = map { session($node, q(CALL mongo.load('p', workers => 1))) } 1 .. 2;
$_->{handle}->finish for @loads;
is($_->{err} =~ /ERROR/ ? $_->{err} : '', '', 'no error in either') for @loads;
is_loaded('two sessions');
my $took = elapsed(sub { forget_load(); $node->safe_psql('postgres', q(CALL mongo.load('p', workers => 2, max_rate => 500))) });
cmp_ok($took, '>', 2.2, 'max_rate slows a load');
is_loaded('max_rate');
done_testing();
