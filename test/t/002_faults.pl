# A server that fails in mid-result is an error, never a shorter result; the session goes on afterwards.
use strict;
use warnings;
use lib 't';
use IO::Socket::INET;
use Replay;
use Test::More;

my $node = new_node();
my $server = start_replay();
add_server($node, 'replay', "mongodb://127.0.0.1:$server->{port}/");

sub table {
    my ($name, $collection) = @_;
    $node->safe_psql('postgres', "CREATE FOREIGN TABLE $name (_id int) SERVER replay OPTIONS (collection '$collection', fetch_size '100')");
}
table('ok', 'ids,docs=1000');
is($node->safe_psql('postgres', 'SELECT count(*) FROM ok'), '1000', 'without a fault all rows arrive');

my %expected = (
    cut => qr/08006: lost the connection to server "replay".*DETAIL:  127\.0\.0\.1:\d+: /s,
    half => qr/08006: lost the connection to server "replay"/,
    error => qr/HV000: server "replay" reports an error.*Code 96: the replay server was told to fail.*namespace "test\.ids/s,
    notcursor => qr/34000: server "replay" reports an error.*Code 43/s,
    lie => qr/08P01: server "replay" sent a malformed document/,
    truncated => qr/08P01: server "replay" sent an unexpected answer/);
for my $fault (sort keys %expected) {
    for my $after (0, 1, 3) {
        table("${fault}_$after", "ids,docs=1000,fault=$fault,after=$after");
        my ($code, $out, $err) = $node->psql('postgres', "SELECT count(*) FROM ${fault}_$after", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
        my $want = $after == 0 && $fault =~ /cut|half/ ? qr/ERROR:  08(001|006): / : $expected{$fault};
        like($err, $want, "$fault after $after replies");
        is($out, '', 'no result');
    }
    is($node->safe_psql('postgres', qq(
        DO \$\$ BEGIN PERFORM * FROM ${fault}_1; EXCEPTION WHEN OTHERS THEN NULL; END \$\$;
        SELECT count(*) FROM ok)), '1000', "$fault: the session goes on");
}
table('empty', 'ids,docs=1000,fault=empty,after=2');
is($node->safe_psql('postgres', 'SELECT count(*) FROM empty'), '1000', 'batches without documents do not end a result');

# Rows that were read before the fault are not taken for the whole by a statement that writes.
$node->safe_psql('postgres', 'CREATE TABLE target (id int)');
$node->psql('postgres', 'INSERT INTO target SELECT _id FROM cut_3');
is($node->safe_psql('postgres', 'SELECT count(*) FROM target'), '0', 'nothing is kept of a broken load');

# Codes of the server become SQLSTATEs.
my %codes = (2 => '22023', 13 => '42501', 26 => 'HV00R', 50 => '57014', 91 => '08006', 112 => '40001', 189 => '08006',
    237 => '34000', 10107 => '08006', 10334 => '54000', 11000 => '23505', 40324 => '0A000', 999999 => 'HV000');
for my $code (sort { $a <=> $b } keys %codes) {
    table("code_$code", "ids,docs=1000,fault=error,after=1,code=$code");
    my (undef, undef, $err) = $node->psql('postgres', "SELECT count(*) FROM code_$code", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
    like($err, qr/ERROR:  $codes{$code}: .*DETAIL:  Code $code: the replay server/s, "server code $code is $codes{$code}");
}
table('transient', 'ids,docs=1000,fault=error,code=96,label=TransientTransactionError');
my (undef, undef, $transient) = $node->psql('postgres', 'SELECT count(*) FROM transient', extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($transient, qr/ERROR:  40001: /, 'an error labelled transient is 40001');

# Read concern and preference reach the server, of the table before those of the server.
my $member = start_replay('--set', 'rs0'); # a lone server is read from, whatever the preference
add_server($node, 'member', "mongodb://127.0.0.1:$member->{port}/?replicaSet=rs0");
$node->safe_psql('postgres', q(ALTER SERVER replay OPTIONS (ADD read_concern 'majority');
    CREATE FOREIGN TABLE concerned (_id int) SERVER replay OPTIONS (collection 'ids,docs=7');
    CREATE FOREIGN TABLE preferred (_id int) SERVER member OPTIONS (collection 'ids,docs=8', read_concern 'local', read_preference 'secondaryPreferred');
    SELECT count(*) FROM concerned; SELECT count(*) FROM preferred));
ok((grep { /^find ids,docs=7 readConcern=majority/ } commands($server)), 'read concern of the server');
ok((grep { /^find ids,docs=8 readConcern=local mode=secondaryPreferred/ } commands($member)), 'read concern and preference of the table');

# Batches grow to the wished bytes after a first small one.
$node->safe_psql('postgres', q(CREATE FOREIGN TABLE big (s0 text) SERVER replay OPTIONS (collection 'nest4k,docs=2000', fetch_bytes '64kB');
    SELECT count(s0) FROM big));
my @sizes = map { /batchSize=(\d+)/ ? $1 : () } grep { /^(find|getMore) nest4k,docs=2000/ } commands($server);
is($sizes[0], 101, 'the first batch is the server\'s own default');
# Hosts that answer but are no members of the replica set that the URI names.
for my $case ([ $member, qr/"rs1" is wanted, but 127\.0\.0\.1:\d+ is a member of replica set "rs0"/ ], [ $server, qr/"rs1" is wanted, but 127\.0\.0\.1:\d+ is a member of no replica set/ ]) {
    my ($host, $words) = @$case;
    my $name = 'set_' . $host->{port};
    $node->safe_psql('postgres', "CREATE SERVER $name FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri 'mongodb://127.0.0.1:$host->{port}/?replicaSet=rs1', server_selection_timeout '1s'); CREATE USER MAPPING FOR PUBLIC SERVER $name; CREATE FOREIGN TABLE $name (_id int) SERVER $name OPTIONS (database 'test', collection 'ids,docs=2')");
    my ($code, $out, $err) = $node->psql('postgres', "SELECT * FROM $name");
    like($err, $words, "a wrong replica set: $name");
}

done_testing();
