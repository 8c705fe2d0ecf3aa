# The whole road in one CALL: what stops it, how it goes on, workers that are lost, and what travels to another database.
use strict;
use warnings;
use lib 't';
use Replay;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);
plan skip_all => 'no compatible server at hand' unless $ENV{SECANTUS_HOME};

my $directory = PostgreSQL::Test::Utils::tempdir();
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $uri = "mongodb://127.0.0.1:$port/";
my $node = new_node();
add_server($node, 'shop', $uri, "server_selection_timeout '1s'");
my $migrate = q(CALL mongo.migrate('p', 'shop', 'shop', 'target', workers => 2));

sub run { return $node->safe_psql('postgres', "SET client_min_messages = error; $_[0]") }
# What a statement says on both of psql's channels.
sub told {
    my ($statement, $database) = @_;
    my ($code, $out, $err) = $node->psql($database // 'postgres', $statement);
    return "$out$err";
}

# A server that does not answer is what a person must see to first; nothing has been done then.
like(told($migrate), qr/ERROR:  plan "p" cannot begin: connection: .*\nDETAIL:  connection: .*\nHINT:  Look at the server's options and at the user mapping\. The same CALL goes on then/, 'it stops where preflight fails, and says what to do');
is(run('SELECT count(*) FROM mongo.plan'), '0', 'nothing was done');

my $mongodb = start_secantus($port, $directory);
run_python(q(
import sys, pymongo
things = pymongo.MongoClient(sys.argv[1]).shop.things
things.insert_many([{'_id': n, 'name': 'thing %d' % n, 'v': n if n % 500 != 77 else 'text', 'items': [{'q': i} for i in range(n % 4)]} for n in range(12000)])
things.create_index([('name', 1)], unique=True)
), $uri);

# The same CALL goes on. One that is cancelled while it loads is taken up where it was.
my ($out, $err) = ('', '');
my $session = IPC::Run::start([ $node->installed_command('psql'), '-XAtq', '-d', $node->connstr('postgres'), '-c', $migrate ], '<', \undef, '>', \$out, '2>', \$err);
ok(wait_for(sub { run(q(SELECT count(*) FROM mongo.load_chunk WHERE state = 'done')) > 0 }, 60), 'it loads');
my $cancelled = run(q(SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'CALL mongo.migrate%' AND backend_type = 'client backend'));
$session->finish;
like($err, qr/canceling statement due to user request/, 'a cancel ends it');
my $done = run(q(SELECT coalesce(sum(documents), 0) FROM mongo.load_chunk WHERE state = 'done'));
cmp_ok($done, '>', 0, 'part of it is loaded');
like(told(q(SELECT answer FROM mongo_internal.answers('p') WHERE place = 1)), qr/^No: the load has not ended, \d+ documents? read so far\.$/, 'a report says how far it is');
like(told(q(SELECT mongo.report('p'))), qr/CALL mongo\.load\('p'\)/, 'and what to do');

# One of two workers is terminated in the second call.
($out, $err) = ('', '');
$session = IPC::Run::start([ $node->installed_command('psql'), '-XAtq', '-d', $node->connstr('postgres'), '-c', $migrate ], '<', \undef, '>', \$out, '2>', \$err);
ok(wait_for(sub { run(q(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'mongo_fdw_cpp load' LIMIT 1)) eq 't' }, 60), 'a worker is terminated');
$session->finish;
unlike($err, qr/ERROR/, 'the second call goes to the end');
like($err, qr/plan: it is there and is used as it is, 2 tables/, 'with the plan of the first');
is(run(q(SELECT count(*) FROM mongo.load_run WHERE plan = 'p')), '1', 'the run of the first was taken up');
like($err, qr/Is it complete\?: Yes: 12000 documents read, \d+ checks of levels 0 to 3 found no difference\./, 'it is complete');
like($err, qr/What was rejected\?: 24 values not in the column meant for it/, 'it says what did not fit');
is(run('SELECT count(*), count(v), (SELECT count(*) FROM target.things_items) FROM target.things'), '12000|11976|18000', 'all of it is there');
is(run(q(SELECT count(*) FROM pg_constraint WHERE conrelid = 'target.things'::regclass AND contype = 'u')), '1', 'the unique index is a constraint');

# A database that is lost in the middle: the error is told, the next call goes on.
stop_process({ handle => $mongodb });
like(told($migrate), qr/ERROR:  plan "p" cannot begin: connection/, 'a server that is gone is told at once');
start_secantus($port, $directory);
unlike(told($migrate), qr/ERROR/, 'and once it is back the call goes on');

# A collection that was made since is in no plan: it is told.
run_python(q(
import sys, pymongo
pymongo.MongoClient(sys.argv[1]).shop.later.insert_one({'_id': 1})
), $uri);
like(told(q(CALL mongo.validate('p', 0); SELECT answer FROM mongo_internal.answers('p') WHERE place = 1)), qr/^No: 1 check found differences\./, 'a collection without a table makes it incomplete');
like(run(q(SELECT mongo.report('p'))), qr/\| Mend \| later \| .*collection "later" is not in the plan/, 'and is something to do');
run_python(q(
import sys, pymongo
pymongo.MongoClient(sys.argv[1]).shop.later.drop()
), $uri);

# Two sessions at once make one plan.
run(q(CALL mongo.drop_plan('p', source_tables => true); DROP SCHEMA target CASCADE));
my @both = map { session($node, $migrate) } 1 .. 2;
$_->{handle}->finish for @both;
unlike(join('', map { $_->{err} } @both), qr/ERROR/, 'two sessions at once do not disturb each other');
is(run('SELECT count(*), count(v), (SELECT count(*) FROM target.things_items) FROM target.things'), '12000|11976|18000', 'and all of it is there');
run(q(CALL mongo.validate('p')));

# A plan that a person worked on travels by psql, with decisions; and the rules of assess travel in a dump.
run(q(UPDATE mongo.plan_column SET type = 'text', expression = E'concat(value, \'\\\\\\n\')', why = 'by "hand"' WHERE name = 'name'));
run(q(INSERT INTO mongo.decision (plan, object, decision, reason) VALUES ('p', 'things.name', 'with an end of line', 'the printer wants it')));
run(q(UPDATE mongo.assess_rule SET units = 9, meaning = 'ours' WHERE rule = 'map'));
my $script = "$directory/plan.sql";
PostgreSQL::Test::Utils::append_to_file($script, run(q(SELECT mongo.plan_export('p'))));
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', "CREATE EXTENSION mongo_fdw_cpp; CREATE SERVER shop FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri '$uri'); CREATE USER MAPPING FOR CURRENT_USER SERVER shop");
command_ok([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('other'), '-f', $script ], 'the script runs in another database');
is($node->safe_psql('other', q(SELECT mongo.plan_export('p'))), run(q(SELECT mongo.plan_export('p'))), 'and gives the same plan');
like($node->safe_psql('other', q(SELECT mongo.report('p'))), qr/\| things\.name \| with an end of line \|.*the printer wants it/, 'whose report has the decisions');
unlike(told($migrate, 'other'), qr/ERROR/, 'with which a migration goes to the end');
is($node->safe_psql('other', q(SELECT count(*) FROM target.things WHERE name LIKE E'thing %\\\\\n')), '12000', 'as the person wanted');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
my $dump = "$directory/dump.sql";
command_ok([ 'pg_dump', '-d', $node->connstr('postgres'), '-f', $dump, '--exclude-schema=target' ], 'a dump');
command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'), '-f', $dump ], 'and its restore');
is($node->safe_psql('restored', q(SELECT units, meaning, edited, (SELECT count(*) > 20 FROM mongo.assess_rule) FROM mongo.assess_rule WHERE rule = 'map')), '9|ours|t|t', 'an edited rule is there, beside the others');

# Indexes by a worker: one that cannot be started, or is refused, is told.
run(q(INSERT INTO mongo.plan_index (plan, table_name, name, definition, is_unique) VALUES ('p', 'things', 'things_twice_idx', '(lower(name))', false), ('p', 'things', 'things_one_idx', '((id % 2))', true)));
like(told(q(CALL mongo.apply_plan('p', '{indexes}', concurrently => true))), qr/WARNING:  index target\.things_one_idx is left out: could not create unique index/, 'an index that rows refuse is told');
is(run(q(SELECT string_agg(c.relname || i.indisvalid, ' ' ORDER BY 1) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname ~ '^things_(one|twice)')), 'things_twice_idxtrue', 'nothing of it is left');
run('DROP INDEX target.things_twice_idx');
run('ALTER SYSTEM SET max_worker_processes = 0');
$node->restart;
like(told(q(CALL mongo.apply_plan('p', '{indexes}', concurrently => true))), qr/NOTICE:  no background worker can be started: the index is made here/, 'without a worker it is made here');
is(run(q(SELECT count(*) FROM pg_class WHERE relname = 'things_twice_idx')), '1', 'and is there');

done_testing();
