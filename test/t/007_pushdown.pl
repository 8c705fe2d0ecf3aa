# Push-down and servers: what one lacks stays local, a server that is down gives a plan, groups do not end early, and what the
# server refuses PostgreSQL computes.
use strict;
use warnings;
use lib 't';
use Replay;
use Test::More;

my $node = new_node();

sub plan {
    my ($sql) = @_;
    return $node->safe_psql('postgres', "SET mongo_fdw_cpp.enable_aggregate_pushdown = on; EXPLAIN (VERBOSE, COSTS OFF) $sql");
}

# Features are asked for at first need, once, in one command.
my $server = start_replay();
add_server($node, 'whole', "mongodb://127.0.0.1:$server->{port}/");
$node->safe_psql('postgres', "CREATE FOREIGN TABLE whole (_id int, s0 text COLLATE \"C\", i0 int) SERVER whole OPTIONS (collection 'flat20,docs=500', on_conversion_error 'null'); ANALYZE whole");
my $before = () = commands($server);
$node->safe_psql('postgres', "EXPLAIN SELECT * FROM whole WHERE i0 = 5; EXPLAIN SELECT * FROM whole WHERE i0 > 5");
is(scalar(commands($server)) - $before, 0, 'conditions of the query language need no question');
$before = () = commands($server);
$node->safe_psql('postgres', "EXPLAIN SELECT * FROM whole WHERE abs(i0) = 5; EXPLAIN SELECT * FROM whole WHERE replace(s0, 'a', 'b') = 'x' LIMIT 5; EXPLAIN SELECT * FROM whole ORDER BY i0");
is(scalar(commands($server)) - $before, 1, 'expressions need one, once a session');
like(plan('SELECT * FROM whole WHERE abs(i0) = 5'), qr/Pipeline: .*\$abs/, 'a server that has all is sent all');

# What is lacking stays local, and EXPLAIN says what.
my %lacks = (
    '$replaceAll' => [ "replace(s0, 'a', 'b') = 'x'", 'abs(i0) = 5' ],
    '$regexMatch' => [ "s0 NOT LIKE 'a%'", "replace(s0, 'a', 'b') = 'x'" ],
    '$expr' => [ 'abs(i0) = 5', 'i0 > 5' ],
    '$round' => [ 'abs(i0) = 5', 'i0 > 5' ]);
for my $operator (sort keys %lacks) {
    my ($local, $sent) = @{ $lacks{$operator} };
    my $name = 'lacks_' . substr($operator, 1);
    my $old = start_replay('--lacks', $operator);
    add_server($node, $name, "mongodb://127.0.0.1:$old->{port}/");
    $node->safe_psql('postgres', "CREATE FOREIGN TABLE $name (_id int, s0 text COLLATE \"C\", i0 int) SERVER $name OPTIONS (collection 'flat20,docs=500', on_conversion_error 'null')");
    my $plan = plan("SELECT * FROM $name WHERE $local");
    unlike($plan, qr/\$match/, "$operator: not sent");
    like($plan, qr/Local Conditions: .*the server lacks .*\Q$operator\E.* \(MongoDB has them since \d/, 'and EXPLAIN says so');
    like(plan("SELECT * FROM $name WHERE $sent"), qr/\$match/, 'the rest is sent');
    unlike(plan("SELECT i0 FROM $name WHERE i0 > 5 ORDER BY i0 LIMIT 3"), qr/\$sort/, 'no sort without what it needs') if $operator =~ /expr|round/;
    is($node->safe_psql('postgres', "SELECT count(*) FROM (SELECT FROM $name WHERE $local LIMIT 1000) q WHERE false"), '0', 'and the query runs');
}

# A server that is down: a plan, and soon.
my $closed = PostgreSQL::Test::Cluster::get_free_port();
add_server($node, 'down', "mongodb://127.0.0.1:$closed/", "server_selection_timeout '2'");
$node->safe_psql('postgres', "CREATE FOREIGN TABLE down (_id int, i0 int) SERVER down OPTIONS (collection 'x', on_conversion_error 'null')");
my $seconds = elapsed(sub { like(plan('SELECT count(*), sum(i0) FROM down WHERE abs(i0) = 5; EXPLAIN SELECT * FROM down WHERE abs(i0) = 6 ORDER BY i0 LIMIT 1'), qr/Foreign Scan/, 'a plan without the server') });
cmp_ok($seconds, '<', 6, 'within the time that a connection may take');

# Groups: a cursor that breaks is an error, a cancel works, what is no group is not taken for one.
$node->safe_psql('postgres', "CREATE FOREIGN TABLE groups_$_ (k int) SERVER whole OPTIONS (collection 'groups,docs=40000" . ($_ eq 'whole' ? '' : ",fault=$_,after=1") . "', on_conversion_error 'null')")
    for qw(whole cut half error notcursor lie truncated stall);
my $group = 'SET mongo_fdw_cpp.enable_aggregate_pushdown = on; SELECT count(*), sum(n) FROM (SELECT k, count(*) AS n FROM groups_%s GROUP BY k OFFSET 0) q';
is($node->safe_psql('postgres', sprintf($group, 'whole')), '40000|40000', 'all groups of several batches arrive');
my %expected = (cut => '08006', half => '08006', error => 'HV000', notcursor => '34000', lie => '08P01', truncated => '08P01');
for my $fault (sort keys %expected) {
    my (undef, $out, $err) = $node->psql('postgres', sprintf($group, $fault), extra_params => [ '-v', 'VERBOSITY=verbose' ]);
    like($err, qr/ERROR:  $expected{$fault}: /, "groups, fault $fault: $expected{$fault}");
    is($out, '', 'no result');
}
$seconds = elapsed(sub {
    my (undef, undef, $err) = $node->psql('postgres', "SET statement_timeout = '400ms'; " . sprintf($group, 'stall'));
    like($err, qr/canceling statement due to statement timeout/, 'groups can be cancelled');
});
cmp_ok($seconds, '<', 2, 'at once');
is($node->safe_psql('postgres', 'SET mongo_fdw_cpp.enable_aggregate_pushdown = on; SELECT count(*) FROM whole'), '500', 'documents are not taken for groups');
like($node->safe_psql('postgres', 'SET mongo_fdw_cpp.enable_aggregate_pushdown = on; EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT count(*) FROM whole'), qr/Fallback: PostgreSQL's own plan ran: the result is no group/, 'EXPLAIN ANALYZE says why the local plan ran');

# A pipeline that the server refuses when it runs: PostgreSQL's own plan.
my $refuses = start_replay('--lacks', '$group');
add_server($node, 'refuses', "mongodb://127.0.0.1:$refuses->{port}/");
$node->safe_psql('postgres', "CREATE FOREIGN TABLE refuses (_id int, i0 int) SERVER refuses OPTIONS (collection 'flat20,docs=500', on_conversion_error 'null')");
is($node->safe_psql('postgres', 'SET mongo_fdw_cpp.enable_aggregate_pushdown = on; SELECT count(*), count(i0) FROM refuses'), '500|500', 'a server without $group: counted here');
like($node->safe_psql('postgres', 'SET mongo_fdw_cpp.enable_aggregate_pushdown = on; EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT count(*) FROM refuses'),
    qr/Fallback: PostgreSQL's own plan ran: the server refused the pipeline: Unrecognized expression '\$group'/, 'and EXPLAIN ANALYZE says so');

# The same for conditions: operators that the question about features does not hold.
my $late = start_replay('--lacks', '$add');
add_server($node, 'late', "mongodb://127.0.0.1:$late->{port}/");
$node->safe_psql('postgres', "CREATE FOREIGN TABLE late (_id int, i0 int) SERVER late OPTIONS (collection 'flat20,docs=500', on_conversion_error 'null')");
is($node->safe_psql('postgres', 'SELECT count(*) FROM late WHERE i0 + 1 > 10'), $node->safe_psql('postgres', 'SET mongo_fdw_cpp.enable_pushdown = off; SELECT count(*) FROM late WHERE i0 + 1 > 10'), 'a condition that the server refuses is evaluated here');
like($node->safe_psql('postgres', 'EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF) SELECT * FROM late WHERE i0 + 1 > 10'), qr/Recheck: the server refused the pushed conditions, they were evaluated here: Unrecognized expression '\$add'/, 'and EXPLAIN ANALYZE says why');

# The first rows of DISTINCT ON: all rows come in the same order.
my $firstless = start_replay('--lacks', '$first');
add_server($node, 'firstless', "mongodb://127.0.0.1:$firstless->{port}/");
$node->safe_psql('postgres', "CREATE FOREIGN TABLE firstless (_id int, i0 int, i1 int) SERVER firstless OPTIONS (collection 'flat20,docs=500', on_conversion_error 'null', fdw_tuple_cost '100'); ALTER FOREIGN TABLE firstless ALTER i0 SET (n_distinct = 10); ANALYZE firstless");
my $firsts = 'SELECT count(*), sum(i1) FROM (SELECT DISTINCT ON (i0) i0, i1 FROM firstless WHERE i0 > 3 ORDER BY i0, i1) q';
like($node->safe_psql('postgres', "SET mongo_fdw_cpp.enable_aggregate_pushdown = on; EXPLAIN $firsts"), qr/"\$first"/, 'DISTINCT ON is sent');
is($node->safe_psql('postgres', "SET mongo_fdw_cpp.enable_aggregate_pushdown = on; $firsts"), $node->safe_psql('postgres', "SET mongo_fdw_cpp.enable_aggregate_pushdown = off; $firsts"), 'where the server refuses it the rows are the same');
like($node->safe_psql('postgres', "SET mongo_fdw_cpp.enable_aggregate_pushdown = on; EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF) $firsts"), qr/Recheck: the server refused .*Unrecognized expression '\$first'/, 'and EXPLAIN ANALYZE says so');

# Within a transaction of the server a refusal ends it: the server's own words are the error, not those of a second try.
for my $case ([ '$group', 'count(*) FROM %s' ], [ '$add', 'i0 FROM %s WHERE i0 + 1 > 10' ]) {
    my ($operator, $select) = @$case;
    my $strict = start_replay('--set', 'rs', '--lacks', $operator);
    my $name = 'strict_' . substr($operator, 1);
    add_server($node, $name, "mongodb://127.0.0.1:$strict->{port}/?replicaSet=rs", "transaction 'session'");
    $node->safe_psql('postgres', "CREATE FOREIGN TABLE $name (_id int, i0 int) SERVER $name OPTIONS (collection 'flat20,docs=500', on_conversion_error 'null', read_concern 'snapshot')");
    my $query = 'SELECT ' . sprintf($select, $name);
    my (undef, undef, $error) = $node->psql('postgres', "SET mongo_fdw_cpp.enable_aggregate_pushdown = on; $query");
    like($error, qr/ERROR: .*\nDETAIL: .*Unrecognized expression '\Q$operator\E'/, "$operator is refused in a transaction");
    is($node->psql('postgres', "SET mongo_fdw_cpp.enable_pushdown = off; $query"), 0, 'without push-down it runs');
}

# Joins. PostgreSQL's own are made dear, so that the plans do not hang on costs.
my $remote = 'SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_nestloop = off; ';
# Nested loops are left: without them PostgreSQL 19 gives its own no materialized side, and a replay server filters nothing
# by the keys that the other side gives.
my $lookup = 'SET enable_hashjoin = off; SET enable_mergejoin = off; SET mongo_fdw_cpp.enable_key_joins = off; ';
my $join = 'SELECT count(*), sum(b.i0) FROM %1$s a %2$s JOIN %1$s b ON b.i0 = a.i0';
sub both_joins {
    my ($table, $kind) = @_;
    my $query = sprintf($join, $table, $kind);
    return ($node->safe_psql('postgres', "$lookup $query"), $node->safe_psql('postgres', "SET mongo_fdw_cpp.enable_pushdown = off; $query"));
}
# $lookup is refused only when it runs: its sub-pipeline has a stage that the question about features does not hold.
for my $case ([ 'no_lookup', '$lookup', '' ], [ 'no_stage', '$project', qr/Fallback: PostgreSQL's own plan ran: the server refused the pipeline: / ]) {
    my ($name, $operator, $fallback) = @$case;
    my $old = start_replay('--lacks', $operator);
    add_server($node, $name, "mongodb://127.0.0.1:$old->{port}/");
    $node->safe_psql('postgres', "CREATE FOREIGN TABLE $name (i0 int, i1 int, s0 text) SERVER $name OPTIONS (collection 'flat20,docs=500', on_conversion_error 'null')");
    my $plan = $node->safe_psql('postgres', $lookup . 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ' . sprintf($join, $name, 'LEFT'));
    $fallback ? like($plan, $fallback, 'refused when it runs: EXPLAIN ANALYZE says so') : unlike($plan, qr{\$lookup" :}, "without $operator the join stays here");
    for my $kind ('', 'LEFT') {
        my ($pushed, $plain) = both_joins($name, $kind);
        is($pushed, $plain, "without $operator: the same rows, $kind join");
    }
}
# Batches of keys: each is one command.
$node->safe_psql('postgres', 'CREATE TABLE numbers AS SELECT g FROM generate_series(1, 2500) g; ANALYZE numbers');
my $keys = 'FROM numbers LEFT JOIN whole b ON b.i0 = g';
$before = () = commands($server);
is($node->safe_psql('postgres', "${remote}SELECT count(*), count(b.i0) $keys"), $node->safe_psql('postgres', "SET mongo_fdw_cpp.enable_pushdown = off; SELECT count(*), count(b.i0) $keys"), '2,500 keys: the same rows');
like($node->safe_psql('postgres', "${remote}EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT count(b.i0) $keys"), qr/MongoKeyJoin.*Batches: 3\n.*Keys: 2500\n/s, 'in three batches');
# A batch that breaks off is an error, never fewer rows.
$node->safe_psql('postgres', "CREATE FOREIGN TABLE cut_late (i0 int) SERVER whole OPTIONS (collection 'flat20,docs=40000,fault=cut,after=3', on_conversion_error 'null')");
my (undef, $cut_out, $cut_err) = $node->psql('postgres', "${remote}SELECT count(*) FROM generate_series(1, 2500) g LEFT JOIN cut_late b ON b.i0 = g", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($cut_err, qr/ERROR:  08006: /, 'a connection that is cut within a key join');
is($cut_out, '', 'no result');
# A server that is down.
$seconds = elapsed(sub { like($node->safe_psql('postgres', $lookup . 'EXPLAIN (COSTS OFF) ' . sprintf($join, 'down', '')), qr/Foreign Scan/, 'a plan of a join without the server') });
cmp_ok($seconds, '<', 6, 'within the time that a connection may take');

# Before ANALYZE the server is asked for the count: many documents are sorted here, few ones there.
for my $case ([ 500, qr/^(?!.*->  Sort).*Foreign Scan/s ], [ 200000, qr/->  Sort.*->  Foreign Scan/s ]) {
    my ($documents, $plan) = @$case;
    $node->safe_psql('postgres', "CREATE FOREIGN TABLE sorted_$documents (i0 int, i1 int) SERVER whole OPTIONS (collection 'flat20,docs=$documents')");
    like($node->safe_psql('postgres', "SET enable_sort = off; EXPLAIN (COSTS OFF) SELECT row_number() OVER (ORDER BY i0 NULLS FIRST) FROM sorted_$documents"), $plan, "a sort of $documents documents");
}

done_testing();
