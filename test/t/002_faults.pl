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
    cut => qr/08006: lost the connection to server "replay"/,
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
done_testing();
