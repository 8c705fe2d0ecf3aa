# Plans are dumped with the database by ordinary users, restored, and leave nothing behind in the target.
use strict;
use warnings;
use lib 't';
use Replay;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node();
my $server = start_replay('--list-rights', 'authorized');
$node->safe_psql('postgres', q(CREATE ROLE planner LOGIN; CREATE DATABASE app OWNER planner));
$node->safe_psql('app', q(CREATE EXTENSION mongo_fdw_cpp));
add_server_in('app', 'shop', "mongodb://127.0.0.1:$server->{port}/");
$node->safe_psql('app', 'GRANT USAGE ON FOREIGN SERVER shop TO planner');

sub add_server_in {
    my ($database, $name, $uri) = @_;
    $node->safe_psql($database, "CREATE SERVER $name FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri '$uri'); CREATE USER MAPPING FOR PUBLIC SERVER $name OPTIONS (password_required 'false')");
}

sub as_planner { return $node->safe_psql($_[0], $_[1], extra_params => [ '-U', 'planner' ]) }

# A plan of an ordinary user, edited and applied.
as_planner('app', q(SELECT mongo.create_plan('p', 'shop', 'flat20,docs=60', 'target', source_schema => 'origin')));
as_planner('app', q(UPDATE mongo.plan_column SET type = 'numeric(12,0)', why = 'by hand' WHERE plan = 'p' AND path = 'i0'));
as_planner('app', q(INSERT INTO mongo.decision (plan, object, decision) VALUES ('p', 'i0', 'numeric')));
as_planner('app', q(CALL mongo.apply_plan('p', '{source,target,comments}')));
my $plan = q(SELECT p.owner, c.* FROM mongo.plan p JOIN mongo.plan_column c USING (plan) ORDER BY table_name, position);
my $before = as_planner('app', $plan);
like($before, qr/planner\|p\|flat20,docs=60\|\d+\|i0\|.*numeric\(12,0\)/, 'a plan of an ordinary user');

# Dumped by that user, restored by another superuser's psql: the rows are the same, and belong to the same role.
my $file = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$node->command_ok([ 'pg_dump', '-U', 'planner', '-p', $node->port, '-h', $node->host, '--exclude-table-data=origin.*', '-f', $file, 'app' ], 'an ordinary user dumps the database');
like(slurp_file($file), qr/^COPY mongo\.plan_column/m, 'with its plans');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-p', $node->port, '-h', $node->host, '-d', 'copy', '-f', $file ], 'it is restored');
is($node->safe_psql('copy', $plan), $before, 'with the same plan');
is($node->safe_psql('copy', q(SELECT decision FROM mongo.decision)), 'numeric', 'and its decisions');
as_planner('copy', q(UPDATE mongo.plan_column SET why = 'again' WHERE plan = 'p' AND path = 'i0'));

# Once the plan is dropped nothing in the target needs the extension.
as_planner('app', q(CALL mongo.drop_plan('p', source_tables => true)));
is($node->safe_psql('app', q(SELECT count(*) FROM pg_namespace WHERE nspname = 'origin')), '0', 'the source tables are gone');
$node->safe_psql('app', 'DROP SERVER shop CASCADE; DROP EXTENSION mongo_fdw_cpp');
$node->command_ok([ 'pg_dump', '-U', 'planner', '-p', $node->port, '-h', $node->host, '-n', 'target', '-f', $file, 'app' ], 'the target is dumped');
unlike(slurp_file($file), qr/mongo\.|mongo_fdw/, 'without a word about the extension');
$node->safe_psql('postgres', 'CREATE DATABASE plain');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-p', $node->port, '-h', $node->host, '-d', 'plain', '-f', $file ], 'and restored where there is none');
is($node->safe_psql('plain', q(SELECT count(*) FROM information_schema.columns WHERE table_schema = 'target')), '21', 'all its columns, and what an edit left over');
done_testing();
