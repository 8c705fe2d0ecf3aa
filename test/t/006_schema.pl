# Profiles, ANALYZE and planning over the replay server: what is sent, how much memory, faults, cancels.
use strict;
use warnings;
use lib 't';
use IO::Socket::INET;
use Replay;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node();
my $server = start_replay();
my $port = $server->{port};
add_server($node, 'replay', "mongodb://127.0.0.1:$port/");
$node->safe_psql('postgres', q(
    CREATE FOREIGN TABLE flat (_id mongo.objectid, i0 int, s0 text, d0 float8) SERVER replay OPTIONS (collection 'flat20,docs=100000');
    CREATE FOREIGN TABLE wrong (_id mongo.objectid, s0 int, i0 int) SERVER replay OPTIONS (collection 'flat20,docs=500');
    CREATE FOREIGN TABLE broken (_id mongo.objectid, i0 int) SERVER replay OPTIONS (collection 'flat20,docs=90000,fault=cut,after=2');
    CREATE FOREIGN TABLE silent (_id int) SERVER replay OPTIONS (collection 'ids,docs=70,fault=stats')));

# seen(SQL...): the commands that a session sends.
sub seen {
    my ($of, @sql) = @_;
    my $before = () = commands($of);
    $node->safe_psql('postgres', join(';', @sql));
    my @all = commands($of);
    return map { s/ (batchSize|docs)=.*//r } @all[$before .. $#all];
}

# Planning: one question a session and table, none once cached, none after ANALYZE.
my $explain = 'EXPLAIN SELECT * FROM flat WHERE i0 = 3';
is_deeply([ seen($server, ($explain) x 5) ], ['aggregate flat20,docs=100000 stages=$collStats'], 'five plans ask for one count');
like($node->safe_psql('postgres', 'EXPLAIN SELECT * FROM flat'), qr/rows=100000 /, 'the count is the estimate');
my $sent = join "\n", seen($server, "PREPARE p AS SELECT i0 FROM flat WHERE i0 = 1 LIMIT 1", ('EXECUTE p') x 7);
is(scalar(() = $sent =~ /collStats/g), 1, 'a prepared statement asks once');

# ANALYZE: $sample first, then $project; no more than the sample.
my @analyze = seen($server, 'SET default_statistics_target = 10', 'ANALYZE flat');
is($analyze[-1], 'getMore flat20,docs=100000', 'ANALYZE reads in batches');
ok((grep { $_ eq 'aggregate flat20,docs=100000 stages=$sample(3000),$project' } @analyze), 'ANALYZE samples first, no more than its target, then projects') or diag("@analyze");
is($node->safe_psql('postgres', "SELECT reltuples, relpages FROM pg_class WHERE relname = 'flat'"), '100000|4102', 'rows and pages come from $collStats');
is_deeply([ seen($server, $explain) ], [], 'after ANALYZE planning asks nothing');
my @projected = seen($server, 'ANALYZE wrong');
ok((grep { /stages=\$collStats/ } @projected), 'it asks for the size');
is($node->safe_psql('postgres', "SELECT attname, null_frac FROM pg_stats WHERE tablename = 'wrong' ORDER BY 1"), "_id|0\ni0|0\ns0|1", 'values that do not fit count as NULL');
is((grep { /\$sample/ } @projected), 1, 'a small collection is sampled as well');
my ($code, $out, $err) = $node->psql('postgres', 'ANALYZE broken', extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/ERROR:  08006: lost the connection/, 'ANALYZE over a broken connection is an error');

# A server that does not answer planning's question: a cancel works, and the next plan does not ask again.
my $seconds = elapsed(sub { ($code, $out, $err) = $node->psql('postgres', "SET statement_timeout = '400ms'; EXPLAIN SELECT * FROM silent") });
like($err, qr/canceling statement due to statement timeout/, 'planning can be cancelled');
cmp_ok($seconds, '<', 2, 'at once');
my $down = start_replay();
add_server($node, 'down', "mongodb://127.0.0.1:$down->{port}/", "server_selection_timeout '1s', connect_timeout '1s'");
$node->safe_psql('postgres', "CREATE FOREIGN TABLE gone (_id int) SERVER down OPTIONS (collection 'ids')");
stop_process($down);
$seconds = elapsed(sub { $out = $node->safe_psql('postgres', 'EXPLAIN SELECT * FROM gone; EXPLAIN SELECT * FROM gone WHERE _id > 2; EXPLAIN SELECT * FROM gone') });
like($out, qr/Foreign Scan on gone .*rows=1000 /, 'a server that is down gives a plan with a guess');
cmp_ok($seconds, '<', 2.5, 'and is asked once');
is($node->safe_psql('postgres', "CREATE FOREIGN TABLE bad_uri (_id int) SERVER down OPTIONS (collection 'ids'); ALTER SERVER down OPTIONS (SET uri 'mongodb://127.0.0.1/?tls=true&tlsCAFile=/nothing'); EXPLAIN (COSTS OFF) SELECT * FROM bad_uri"),
    "Foreign Scan on bad_uri\n  Foreign Namespace: test.ids\n  Pipeline: [ { \"\$project\" : { \"_id\" : 1 } } ]", 'options that make no connection give a plan');

# Several tables of a server that accepts and stays silent: planning waits for it once.
my $mute = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1') or die;
add_server($node, 'mute', 'mongodb://127.0.0.1:' . $mute->sockport . '/', "server_selection_timeout '1s', connect_timeout '1s'");
$node->safe_psql('postgres', join ';', map { "CREATE FOREIGN TABLE mute_$_ (_id int) SERVER mute OPTIONS (collection 'ids')" } 1 .. 5);
$seconds = elapsed(sub { $node->safe_psql('postgres', 'EXPLAIN SELECT * FROM mute_1, mute_2, mute_3, mute_4, mute_5') });
cmp_ok($seconds, '<', 3, 'five tables of a silent server cost one wait');

# A profile of a million documents: every one read, memory by the schema.
sub peak { my ($pid) = @_; slurp_file("/proc/$pid/status") =~ /VmHWM:\s+(\d+) kB/; return $1; }
my $profile = q(SELECT count(*), min(documents), max(distinct_estimate) BETWEEN 950 AND 1100, min(sampled) FROM mongo.profile('replay', 'test', 'flat20,docs=1000000', sample => 0));
my $session = $node->background_psql('postgres');
$session->query_safe("SELECT count(*) FROM mongo.profile('replay', 'test', 'flat20,docs=1000')");
my $pid = $session->query_safe('SELECT pg_backend_pid()');
my $before = peak($pid);
is($session->query_safe($profile), '20|1000000|t|all documents', 'a profile of 1,000,000 documents, 1,024 of them different');
my $grown = (peak($pid) - $before) / 1024;
cmp_ok($grown, '<', 64, 'takes less than 64 MB') and note("$grown MB");
$session->quit;
($out) = $node->safe_psql('postgres', "SELECT DISTINCT documents, sampled FROM mongo.profile('replay', 'test', 'flat20,docs=50000', sample => 700)");
is($out, '700|$sample', 'a sample is $sample');
my @sample = seen($server, "SELECT count(*) FROM mongo.profile('replay', 'test', 'flat20,docs=50000', sample => 700)");
is_deeply([ @sample[0, 1] ], [ 'aggregate flat20,docs=50000 stages=$limit(701),$count', 'aggregate flat20,docs=50000 stages=$sample(700)' ], 'a profile counts one more than the sample, then samples');

# Without $sample: along _id, and it says so (the replay server does not sort: it has one document at both ends).
my $old = start_replay('--lacks', '$sample');
add_server($node, 'old', "mongodb://127.0.0.1:$old->{port}/");
is($node->safe_psql('postgres', "SELECT DISTINCT documents, sampled FROM mongo.profile('old', 'test', 'flat20,docs=50000', sample => 700)"), '700|first by _id', 'a server without $sample');
ok((grep { /stages=\$match,\$sort,\$limit\(/ } commands($old)), 'is read in ranges');
$node->safe_psql('postgres', "CREATE FOREIGN TABLE old_flat (i0 int) SERVER old OPTIONS (collection 'flat20,docs=50000'); ANALYZE old_flat");
is($node->safe_psql('postgres', "SELECT reltuples FROM pg_class WHERE relname = 'old_flat'"), '50000', 'ANALYZE works there');

# Faults and cancels end a profile, a conformance test and an import, and are no shorter result.
for my $call ("SELECT count(*) FROM mongo.profile('replay', 'test', '%s', sample => 0)", "SELECT count(*) FROM mongo.profile('replay', 'test', '%s', sample => 4000)",
    "IMPORT FOREIGN SCHEMA \"%s\" FROM SERVER replay INTO public OPTIONS (sample '0')",
    "CREATE FOREIGN TABLE c (_id int) SERVER replay OPTIONS (collection '%s'); SELECT * FROM mongo.conformance('c', examples => 0, method => 'server')",
    "CREATE FOREIGN TABLE c (__doc json) SERVER replay OPTIONS (collection '%s'); SELECT * FROM mongo.conformance('c')") {
    my ($name) = $call =~ /(mongo\.\w+|IMPORT)/;
    for my $fault ([ 'cut', '08006' ], [ 'half', '08006' ], [ 'lie', '08P01' ], [ 'odd', '08P01' ], [ 'truncated', '08P01' ], [ 'error', 'HV000' ], [ 'notcursor', '34000' ]) {
        my ($kind, $state) = @$fault;
        ($code, $out, $err) = $node->psql('postgres', 'BEGIN;' . sprintf($call, "nest4k,docs=5000,fault=$kind,after=1"), extra_params => [ '-v', 'VERBOSITY=verbose' ]);
        like($err, qr/ERROR:  $state: /, "$name, fault $kind: $state");
    }
    $seconds = elapsed(sub { ($code, $out, $err) = $node->psql('postgres', "BEGIN; SET statement_timeout = '400ms';" . sprintf($call, 'nest4k,docs=5000,fault=stall,after=1')) });
    like($err, qr/canceling statement due to statement timeout/, "$name can be cancelled");
    cmp_ok($seconds, '<', 2, 'at once');
}
($code, $out, $err) = $node->psql('postgres', q(SELECT count(*) FROM mongo.query('replay', 'test', 'nest4k,docs=50,fault=odd', '[]')), extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/ERROR:  08P01: /, 'mongo.query, a number in place of a document: no shorter result');

# A server that cannot be reached is an error of the catalog, not a note in a row.
($code, $out, $err) = $node->psql('postgres', q(SELECT * FROM mongo.catalog('mute', 'd')), extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/ERROR:  08001: /, 'mongo.catalog of a silent server is an error');

# Roles that may read collections without a right to list them all, or any.
my $partial = start_replay('--list-rights', 'authorized');
my $reader = start_replay('--list-rights', 'none');
add_server($node, 'partial', "mongodb://127.0.0.1:$partial->{port}/");
add_server($node, 'reader', "mongodb://127.0.0.1:$reader->{port}/");
$node->safe_psql('postgres', 'CREATE SCHEMA partial; CREATE SCHEMA reader');
$node->safe_psql('postgres', 'IMPORT FOREIGN SCHEMA "flat20,docs=50" FROM SERVER partial INTO partial');
is($node->safe_psql('postgres', 'SELECT count(*) FROM partial."flat20,docs=50"'), '50', 'a role that may list what it may read imports that');
is(scalar(grep { /listCollections/ } commands($partial)), 2, 'asked for all first, then for what it may read');
for my $call ('IMPORT FOREIGN SCHEMA "flat20,docs=50" FROM SERVER reader INTO reader',
    q(CALL mongo.import_schema('reader', 'flat20,docs=50', 'reader')), 'IMPORT FOREIGN SCHEMA "flat20,docs=50" EXCEPT (x) FROM SERVER reader INTO reader') {
    ($code, $out, $err) = $node->psql('postgres', $call, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
    like($err, qr/ERROR:  42501: .*not authorized to execute command listCollections/s, "one that may not list: $call");
}
like($node->safe_psql('postgres', q(SELECT note FROM mongo.catalog('reader', 'flat20,docs=50'))), qr/not authorized/, 'mongo.catalog says so in a row');
$node->safe_psql('postgres', 'IMPORT FOREIGN SCHEMA "flat20,docs=50" LIMIT TO ("flat20,docs=50") FROM SERVER reader INTO reader');
is($node->safe_psql('postgres', 'SELECT count(*) FROM reader."flat20,docs=50"'), '50', 'imports collections by name');
is($node->safe_psql('postgres', q(CREATE SCHEMA named; CALL mongo.import_schema('reader', 'flat20,docs=50', 'named', '{"flat20,docs=50"}'); SELECT count(*) FROM named."flat20,docs=50")), '50', 'and by the procedure');
done_testing();
