# EvalPlanQual: statements over a foreign and a local table whose rows change meanwhile.
use strict;
use warnings;
use lib 't';
use IO::Socket::INET;
use Replay;
use Test::More;

plan skip_all => 'no compatible server at hand' unless $ENV{MONGO_URI};
my $node = new_node();
add_server($node, 'real', $ENV{MONGO_URI}); # with the fixtures of the SQL suite; a replay server filters nothing
$node->safe_psql('postgres', q(
    CREATE FOREIGN TABLE ids (_id int) SERVER real OPTIONS (database 'mongo_fdw_cpp_test', collection 'many');
    CREATE TABLE local (id int PRIMARY KEY, v int, seen int);
    INSERT INTO local SELECT i, i, 0 FROM generate_series(0, 9) i));

# first changes rows and waits; second runs into the row lock; then first commits.
sub race {
    my ($first, $second) = @_;
    my ($in, $out) = ("BEGIN;\n$first;\n\\echo ready\n", '');
    my $holder = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') ], '<', \$in, '>', \$out, '2>&1');
    wait_for(sub { $holder->pump_nb; $out =~ /ready/ });
    my $waiter = session($node, "SET application_name = 'waiter'; $second");
    wait_for(sub { $node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'waiter' AND wait_event_type = 'Lock'") eq '1' })
        or diag('the second session did not wait');
    $in .= "COMMIT;\n\\q\n";
    $holder->finish;
    $waiter->{handle}->finish;
    return $waiter;
}

my $waiter = race('UPDATE local SET v = 100 WHERE id = 3', 'UPDATE local l SET seen = f._id FROM ids f WHERE f._id = l.v AND l.id BETWEEN 2 AND 4 AND f._id < 15');
is($waiter->{err}, '', 'UPDATE ... FROM a foreign table under concurrent change');
is($node->safe_psql('postgres', 'SELECT id, v, seen FROM local WHERE id BETWEEN 2 AND 4 ORDER BY id'), "2|2|2\n3|100|0\n4|4|4", 'the changed row no longer joins');

$waiter = race('UPDATE local SET v = 7 WHERE id = 3', 'SELECT l.id, l.v, f._id FROM local l JOIN ids f ON f._id = l.id WHERE l.id = 3 FOR UPDATE OF l');
is($waiter->{out}, "3|7|3\n", 'SELECT ... FOR UPDATE sees the new version beside the foreign row');

$waiter = race('UPDATE local SET v = 8 WHERE id = 3', 'SELECT l.id, l.v, f._id FROM local l JOIN ids f ON f._id = l.id WHERE l.id = 3 AND f._id >= 3 FOR UPDATE');
is($waiter->{out}, "3|8|3\n", 'also when the foreign table is marked');

$waiter = race('UPDATE local SET v = v + 1 WHERE id = 5', 'DELETE FROM local l USING ids f WHERE f._id = l.v AND l.id = 5');
is($waiter->{err}, '', 'DELETE ... USING under concurrent change');
is($node->safe_psql('postgres', 'SELECT v FROM local WHERE id = 5'), '6', 'the row that no longer joins stays');

$waiter = race('UPDATE local SET v = 1 WHERE id = 6', 'UPDATE local l SET seen = (SELECT count(*) FROM ids f WHERE f._id < l.v) WHERE l.id = 6');
is($node->safe_psql('postgres', 'SELECT v, seen FROM local WHERE id = 6'), '1|1', 'subqueries over the foreign table are evaluated again');

# The same with plans that give the foreign scan its parameter from the local row.
$node->append_conf('postgresql.conf', "enable_hashjoin = off\nenable_mergejoin = off\nenable_material = off\n");
$node->reload;
$waiter = race('UPDATE local SET v = 70 WHERE id = 7', 'UPDATE local l SET seen = f._id FROM ids f WHERE f._id = l.v AND l.id = 7');
is($node->safe_psql('postgres', 'SELECT v, seen FROM local WHERE id = 7'), '70|0', 'a parameterised foreign scan is checked again');
$waiter = race('UPDATE local SET seen = 1 WHERE id = 8', 'UPDATE local l SET seen = l.seen + f._id FROM ids f WHERE f._id = l.v AND l.id = 8');
is($node->safe_psql('postgres', 'SELECT v, seen FROM local WHERE id = 8'), '8|9', 'and joins again where it still does');
done_testing();
