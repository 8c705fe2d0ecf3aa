# Writes against a server that misbehaves, and what its record of commands shows: retryable writes, transactions, labels.
use strict;
use warnings;
use lib 't';
use IO::Socket::INET;
use IPC::Run ();
use Replay;
use Test::More;

my $node = new_node();
my $server = start_replay('--set', 'rs');
my $uri = "mongodb://127.0.0.1:$server->{port}/?replicaSet=rs";
add_server($node, 'plain', $uri);
add_server($node, 'sess', $uri, "transaction 'session'");
add_server($node, 'snap', $uri, "transaction 'session', read_concern 'snapshot', write_concern 'majority'");
add_server($node, 'once', "$uri&retryWrites=false");

my $tables = 0;
sub table {
    my ($server, $collection, $options) = @_;
    my $name = 't' . ++$tables;
    $node->safe_psql('postgres', "CREATE FOREIGN TABLE $name (_id int, k int) SERVER $server OPTIONS (database 'd', collection '$collection'" . ($options ? ", $options" : '') . ')');
    return $name;
}

# run(SQL): what psql says, and the commands that the server saw for it.
sub run {
    my ($sql) = @_;
    my $seen = () = commands($server);
    my ($code, $out, $err) = $node->psql('postgres', $sql, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
    my @all = commands($server);
    return { out => $out, err => $err, commands => [ @all[ $seen .. $#all ] ] };
}
sub lines { my ($result, $name) = @_; return grep { /^$name / } @{ $result->{commands} } }
sub numbers { return map { /txn=(\d+)/ ? $1 : 'none' } @_ }
sub sessions { my %seen; $seen{$_}++ for map { /session=(\w+)/ ? $1 : 'none' } @_; return keys %seen }

# Retryable writes: a connection that breaks once is no error, and the write is repeated under its number.
my $result = run('INSERT INTO ' . table('plain', 'ids,fault=cut,after=1') . " SELECT g, g FROM generate_series(1, 2500) g");
is($result->{err}, '', 'a write is repeated where the connection broke');
my @inserts = lines($result, 'insert');
is(scalar(@inserts), 4, 'three batches, one of them twice');
my @numbers = numbers(@inserts);
is($numbers[1], $numbers[2], 'the second under the same number');
is(scalar(sessions(@inserts[ 1, 2 ])), 1, 'in the same session');
isnt($numbers[0], $numbers[1], 'each batch has its own');
$result = run('INSERT INTO ' . table('once', 'ids,fault=cut,after=1,docs=9') . " SELECT g, g FROM generate_series(1, 2500) g");
like($result->{err}, qr/ERROR:  08006: lost the connection to server "once" while writing to .*\n?DETAIL:  .*; 1000 documents of this statement were written, and up to 1000 more may have been\./, 'without retryable writes it is an error that counts');
like($result->{err}, qr/WARNING:  01000: the rollback does not undo what was written to server "once": 1000 documents, and perhaps up to 1000 more/, 'and the warning counts the same');
is(scalar(lines($result, 'insert')), 2, 'nothing is sent twice');
is_deeply([ numbers(lines($result, 'insert')) ], [ 'none', 'none' ], 'and has no number');
$result = run('UPDATE ' . table('once', 'ids,docs=3,fault=cut') . ' SET k = 1');
like($result->{err}, qr/DETAIL:  .*; 0 documents of this statement were written, and more may have been\./, 'of one command for many nobody knows');
like($result->{err}, qr/WARNING:  01000: .*: 0 documents, and perhaps more/, 'as the warning says');

# A cancel in the middle of a batch, of each kind.
for my $case ([ 'INSERT INTO TABLE SELECT g, g FROM generate_series(1, 30) g', '20 documents, and perhaps up to 10 more' ], [ 'UPDATE TABLE SET k = ascii(_id::text)', '20 documents, and perhaps up to 5 more' ],
    [ 'DELETE FROM TABLE WHERE random() >= 0', '20 documents, and perhaps up to 5 more' ], [ 'DELETE FROM TABLE', '0 documents, and perhaps more' ]) {
    my ($statement, $counted) = @$case;
    my $after = $statement =~ /TABLE$/ ? 0 : 2;
    my $table = table('plain', "ids,docs=25,fault=stall,after=$after,code=" . ++$tables, "batch_size '10'");
    my $took = elapsed(sub { $result = run("SET statement_timeout = 700; " . $statement =~ s/TABLE/$table/r) });
    like($result->{err}, qr/ERROR:  57014: canceling statement due to statement timeout/, "$statement is cancelled");
    like($result->{err}, qr/WARNING:  01000: .*: \Q$counted\E$/m, 'and counted');
    cmp_ok($took, '<', 5, 'at once');
}

# Batches: by rows, by bytes, of COPY and of rows routed to a partition.
my $batches = table('plain', 'ids,docs=1', "batch_size '1000'");
is(scalar(lines(run("COPY $batches FROM PROGRAM 'seq 2500 | sed s/\$/,1/' CSV"), 'insert')), 3, 'COPY of 2,500 rows');
$node->safe_psql('postgres', "CREATE TABLE routed (_id int, k int) PARTITION BY LIST (k); CREATE FOREIGN TABLE routed_one PARTITION OF routed FOR VALUES IN (1) SERVER plain OPTIONS (database 'd', collection 'ids,docs=2')");
is(scalar(lines(run('INSERT INTO routed SELECT g, 1 FROM generate_series(1, 2500) g'), 'insert')), 3, 'of routed rows');
is(scalar(lines(run("WITH i AS (INSERT INTO $batches SELECT g, 1 FROM generate_series(1, 2500) g) SELECT 1"), 'insert')), 3, 'of an INSERT in WITH');
is(scalar(lines(run("INSERT INTO $batches SELECT g, 1 FROM generate_series(1, 2500) g ON CONFLICT DO NOTHING"), 'insert')), 3, 'of one that counts what it leaves out');
$node->safe_psql('postgres', "CREATE FOREIGN TABLE wide (_id int, v text) SERVER plain OPTIONS (database 'd', collection 'ids,docs=3', batch_size '100000')");
$result = run("INSERT INTO wide SELECT g, repeat('x', 100000) FROM generate_series(1, 1000) g");
my $operations = 0;
$operations += $_ for map { /operations=(\d+)/ ? $1 : 0 } lines($result, 'insert');
is($operations, 1000, 'a hundred megabytes are sent to the last row');
cmp_ok(scalar(lines($result, 'insert')), '>=', 6, 'in messages that a server takes');
for my $case ([ 'UPDATE TABLE SET k = ascii(_id::text)', 20, 5 ], [ 'DELETE FROM TABLE WHERE random() >= 0', 20, 5 ]) {
    my ($statement, $written, $more) = @$case;
    my $table = table('once', 'ids,docs=25,fault=cut,after=2,code=' . ++$tables, "batch_size '10'");
    like(run($statement =~ s/TABLE/$table/r)->{err}, qr/ERROR:  08006: .*\n?DETAIL:  .*; $written documents of this statement were written, and up to $more more may have been\./, "$statement over a connection that breaks");
}

# Failures inside a batch.
$result = run('INSERT INTO ' . table('plain', 'ids,fault=duplicate,after=3', "batch_size '10'") . ' SELECT g, g FROM generate_series(100, 120) g');
like($result->{err}, qr/ERROR:  23505: duplicate key in "d\.ids,fault=duplicate,after=3"\nDETAIL:  Key \{ "k" : 7 \} exists already; row 4 of a batch of 10, with _id 103\. 3 documents of this statement were written\./, 'the row, the key, the count');
$result = run('INSERT INTO ' . table('plain', 'ids,fault=error,after=2,code=13', "batch_size '10'") . ' SELECT g, g FROM generate_series(1, 40) g');
like($result->{err}, qr/ERROR:  42501: could not write to .*\n?DETAIL:  Code 13: a fault that was asked for; 20 documents of this statement were written\./, 'an error of the server in the third batch');
like($result->{err}, qr/WARNING:  01000: .*: 20 documents$/m, 'after two');
$result = run('INSERT INTO ' . table('once', 'ids,fault=error,after=1,code=11602', "batch_size '10'") . ' SELECT g, g FROM generate_series(1, 40) g');
like($result->{err}, qr/ERROR:  08006: .*\n?DETAIL:  Code 11602: .*; 10 documents of this statement were written, and up to 10 more may have been\./, 'a server that steps down may have taken some');
$result = run('UPDATE ' . table('plain', 'ids,docs=5,fault=error,code=11000') . ' SET k = 1');
like($result->{err}, qr/ERROR:  23505: .*\n?DETAIL:  .*; 0 documents of this statement were written, and more may have been\./, 'one command for many may fail half-way');
like($result->{err}, qr/WARNING:  01000: .*: 0 documents, and perhaps more/, 'and the rollback says so');
$result = run('INSERT INTO ' . table('plain', 'ids,fault=concern') . ' VALUES (1, 1)');
like($result->{err}, qr/ERROR:  40003: a write to .* was not confirmed as the write concern asks\nDETAIL:  .*replication timed out.*; 1 document of this statement was written\./, 'an unconfirmed write is written');
$result = run('UPDATE ' . table('plain', 'ids,docs=5,fault=vanish') . ' SET k = ascii(_id::text)');
like($result->{err}, qr/ERROR:  40001: documents of .* have vanished/, 'a vanished document');
$result = run('UPDATE ' . table('plain', 'ids,docs=5,fault=vanish', "batch_size '1'") . ' SET k = ascii(_id::text)');
is($result->{err}, '', 'with batches of one it is no error');
is(scalar(lines($result, 'update')), 5, 'five messages');

# A transaction of the server is PostgreSQL's: what belongs to it says so.
my ($x, $y) = (table('sess', 'ids,docs=2'), table('sess', 'nest,docs=2'));
$result = run("BEGIN; INSERT INTO $x VALUES (1, 1); SELECT count(*) FROM $y; UPDATE $x SET k = ascii(_id::text); DELETE FROM $x; COMMIT; SELECT count(*) FROM $y;");
is($result->{err}, '', 'a transaction');
my @inside = grep { /txn=/ } @{ $result->{commands} };
is(join(' ', map { /^(\w+)/ } @inside), 'insert find find update delete commitTransaction', 'its commands');
is(scalar(sessions(@inside)), 1, 'in one session');
is(scalar(grep { !/ autocommit=false/ } @inside), 0, 'none commits by itself');
is(join(',', map { / start / ? 1 : 0 } @inside), '1,0,0,0,0,0', 'the first starts it');
my %seen = map { $_ => 1 } numbers(@inside);
is(scalar(keys %seen), 1, 'under one number');
is(scalar(grep { /^find/ && !/txn=/ } @{ $result->{commands} }), 1, 'what follows the commit is outside');
$result = run("BEGIN; UPDATE $x SET k = ascii(_id::text); SELECT count(*) FROM mongo.query('sess', 'd', 'ids,docs=2', '[]'); COMMIT;");
@inside = grep { /txn=/ } @{ $result->{commands} };
is(join(' ', map { (/^(\w+)/)[0] . (/ start / ? '+' : '') } @inside), 'find+ update aggregate commitTransaction', 'the scan of a target starts one, mongo.query joins it');
$result = run("BEGIN; INSERT INTO $x VALUES (1, 1); ROLLBACK;");
wait_for(sub { grep { /^abortTransaction/ } commands($server) }, 10);
my ($abort) = grep { /^abortTransaction/ } commands($server);
my ($insert) = lines($result, 'insert');
is(join(',', numbers($abort), sessions($abort)), join(',', numbers($insert), sessions($insert)), 'a rollback aborts it, by session and number');
like($abort, qr/autocommit=false/, 'as part of it');
is($result->{err}, '', 'with nothing to warn of');

# A statement that is cancelled while a command runs loses the connection: another one aborts the server's transaction at once. What was aborted at once is aborted once more there, so that no command comes before it.
$result = run("\\set ON_ERROR_STOP 0\nSET statement_timeout = '500ms'; BEGIN; INSERT INTO $x VALUES (1, 1); INSERT INTO " . table('sess', 'ids,fault=stall') . " VALUES (1, 1); ROLLBACK; RESET statement_timeout; SELECT count(*) FROM $y;");
like($result->{err}, qr/ERROR:  57014/, 'a statement that is cancelled in a transaction');
my ($open) = lines($result, 'insert');
my @aborts = lines($result, 'abortTransaction');
is(join(',', numbers($aborts[0]), sessions($aborts[0])), join(',', numbers($open), sessions($open)), 'is aborted by session and number');
like(join(' ', map { /^(\w+)/ } @{ $result->{commands} }), qr/^insert insert abortTransaction (aggregate )?find/, 'before the next command');
is(scalar(grep { / lsids=/ } @aborts), 0, 'naming one session');
is(scalar(@aborts), 1, 'once');
my $stalled = table('sess', 'ids,fault=stall');
$result = run("SET statement_timeout = '500ms'; BEGIN; INSERT INTO $x VALUES (1, 1); INSERT INTO $stalled VALUES (1, 1)");
is(join(' ', map { /^(\w+)/ } @{ $result->{commands} }), 'insert insert abortTransaction', 'although the session does nothing more');
my $before = () = commands($server);
my $ending = session($node, "SET application_name = 'ending'; BEGIN; INSERT INTO $x VALUES (1, 1); INSERT INTO $stalled VALUES (1, 1)");
wait_for(sub { my @seen = commands($server); @seen >= $before + 2 }, 10);
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'ending'");
$ending->{handle}->finish;
is(join(' ', map { /^(\w+)/ } (commands($server))[ $before .. $before + 2 ]), 'insert insert abortTransaction', 'or is terminated');
$result = run("BEGIN; INSERT INTO $x VALUES (1, 1); ROLLBACK; SELECT count(*) FROM $y;");
like(join(' ', map { /^(\w+)/ } @{ $result->{commands} }), qr/^insert abortTransaction abortTransaction (aggregate )?find/, 'after a rollback as well');
# A server without transactions says so at the first read or write.
my $lone = start_replay();
add_server($node, 'lone', "mongodb://127.0.0.1:$lone->{port}/", "transaction 'session', read_concern 'snapshot'");
my $alone = table('lone', 'ids,docs=2');
for my $statement ("SELECT count(*) FROM $alone", "INSERT INTO $alone VALUES (1, 1)", "SELECT * FROM mongo.query('lone', 'd', 'ids,docs=2', '[]')") {
    like(run($statement)->{err}, qr/ERROR:  0A000: server "lone" has no transactions/, "no transactions: $statement");
}

# Snapshots begin with the first read; read and write concerns stand where servers want them.
my $shot = table('snap', 'ids,docs=2');
$result = run("BEGIN; SELECT count(*) FROM $shot; SELECT count(*) FROM $shot; INSERT INTO $shot VALUES (1, 1) RETURNING k; INSERT INTO $shot VALUES (2, 2); COMMIT;");
@inside = grep { /txn=/ } @{ $result->{commands} };
is(join(' ', map { /^(\w+)/ } @inside), 'find find insert insert commitTransaction', 'reads belong to the snapshot');
like($inside[0], qr/readConcern=snapshot .* start /, 'the first says which');
is(scalar(grep { /readConcern=/ } @inside), 1, 'no other may');
is(join(',', map { /w=majority/ ? 1 : 0 } @inside), '0,0,0,0,1', 'the write concern belongs to the commit');

$result = run("BEGIN; SELECT count(*) FROM mongo.query('snap', 'd', 'ids,docs=2', '[]'); SELECT count(*) FROM $shot; COMMIT; SELECT count(*) FROM mongo.query('snap', 'd', 'ids,docs=2', '[]');");
@inside = grep { /txn=/ } @{ $result->{commands} };
is(join(' ', map { (/^(\w+)/)[0] . (/ start / ? '+' : '') } @inside), 'aggregate+ find commitTransaction aggregate+ commitTransaction', 'mongo.query reads the snapshot too');
is(scalar(grep { /readConcern=snapshot/ } @inside), 2, 'each says so once');

# Labels.
for my $case ([ 'code=112', 'WriteConflict' ], [ 'code=24,label=TransientTransactionError', 'a transient error' ], [ 'code=251', 'NoSuchTransaction' ]) {
    my $table = table('sess', "ids,fault=error,$case->[0]");
    like(run("BEGIN; INSERT INTO $table VALUES (1, 1); COMMIT;")->{err}, qr/ERROR:  40001: /, "$case->[1] asks for another try");
}
like(run('BEGIN; INSERT INTO ' . table('sess', 'ids,fault=cut,docs=7') . ' VALUES (1, 1); COMMIT;')->{err}, qr/ERROR:  40001: lost the connection .*\n?DETAIL:  .*the transaction on the server is aborted, nothing of it stays/, 'so does a connection that breaks inside');
like(run('INSERT INTO ' . table('once', 'ids,fault=cut,docs=8') . ' VALUES (1, 1)')->{err}, qr/ERROR:  08006: .*\n?DETAIL:  .*; 0 documents of this statement were written, and up to 1 more may have been\./, 'the first write of a connection may have been taken as well');
like(run("\\set ON_ERROR_STOP 0\nBEGIN; INSERT INTO $x VALUES (1, 1); SAVEPOINT s; INSERT INTO " . table('sess', 'ids,fault=error,code=112') . " VALUES (1, 1); ROLLBACK TO s; INSERT INTO $x VALUES (2, 2); COMMIT;")->{err}, qr/ERROR:  25000: .*can only be rolled back/, 'an error dooms what a savepoint would save');

# A commit that nobody answers.
my $mute = start_replay('--set', 'rs', '--commit-fault', 'cut');
add_server($node, 'mute', "mongodb://127.0.0.1:$mute->{port}/?replicaSet=rs", "transaction 'session', server_selection_timeout '2s'");
$result = run('BEGIN; INSERT INTO ' . table('mute', 'ids') . ' VALUES (1, 1); COMMIT;');
like($result->{err}, qr/ERROR:  40003: the commit on server "mute" has not been answered/, 'is unknown');
is(scalar(grep { /^commitTransaction/ } commands($mute)), 2, 'the driver has asked twice');
$result = run("BEGIN; INSERT INTO $x VALUES (1, 1); INSERT INTO " . table('mute', 'ids') . ' VALUES (2, 2); COMMIT;');
like($result->{err}, lines($result, 'commitTransaction') ? qr/ERROR:  40003: .*\n?DETAIL:  .*Committed already, and not undone: server "sess"/ : qr/ERROR:  40003: /, 'with two servers it says what stands');

# Two servers: a failure at the second leaves the first committed, and says so nowhere but in the manual; one that cannot begin aborts both.
$result = run("BEGIN; INSERT INTO $x VALUES (1, 1); INSERT INTO " . table('snap', 'ids,fault=error,code=112') . ' VALUES (1, 1); COMMIT;');
like($result->{err}, qr/ERROR:  40001/, 'a conflict at one of two servers');
wait_for(sub { (grep { /^abortTransaction/ } commands($server)) >= 2 }, 10);
is(scalar(lines($result, 'commitTransaction')), 0, 'commits at none');
done_testing();
