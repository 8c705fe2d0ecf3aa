# A query that waits for a silent server ends at once: statement_timeout, cancel, terminate; plain, TLS, replica set.
use strict;
use warnings;
use lib 't';
use IO::Socket::INET;
use PostgreSQL::Test::Utils;
use Replay;
use Test::More;
use Time::HiRes qw(time sleep);

use Cwd ();
my $dir = Cwd::abs_path(PostgreSQL::Test::Utils::tempdir()); # the server reads the certificate too
system_or_bail('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', "$dir/key.pem", '-out', "$dir/cert.pem",
    '-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1');
append_to_file("$dir/both.pem", slurp_file("$dir/key.pem") . slurp_file("$dir/cert.pem"));

my $node = new_node();
my %kinds = (
    plain => { server => start_replay(), uri => '/' },
    tls => { server => start_replay('--tls-pem', "$dir/both.pem"), uri => "/?tls=true&tlsCAFile=$dir/cert.pem" },
    replica_set => { server => start_replay('--set', 'rs0'), uri => '/?replicaSet=rs0' });
# A port that accepts connections and never says a word.
my $mute = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1:0') or die;

for my $kind (sort keys %kinds) {
    my $port = $kinds{$kind}{server}{port};
    add_server($node, $kind, "mongodb://127.0.0.1:$port$kinds{$kind}{uri}");
    $node->safe_psql('postgres', qq(CREATE FOREIGN TABLE ${kind}_ok (_id int) SERVER $kind OPTIONS (collection 'ids,docs=500');
        CREATE FOREIGN TABLE ${kind}_stall (_id int) SERVER $kind OPTIONS (collection 'ids,docs=5000,fault=stall,after=2', fetch_size '100');
        CREATE FOREIGN TABLE ${kind}_stall_first (_id int) SERVER $kind OPTIONS (collection 'ids,docs=5000,fault=stall')));
    is($node->safe_psql('postgres', "SELECT count(*) FROM ${kind}_ok"), '500', "$kind: a scan works");
}
add_server($node, 'mute', 'mongodb://127.0.0.1:' . $mute->sockport . '/');
add_server($node, 'mute_tls', 'mongodb://127.0.0.1:' . $mute->sockport . '/?tls=true');
add_server($node, 'mute_set', 'mongodb://127.0.0.1:' . $mute->sockport . '/?replicaSet=rs0');
$node->safe_psql('postgres', "CREATE FOREIGN TABLE ${_}_stall (_id int) SERVER $_") for qw(mute mute_tls mute_set);
my @tables = ((map { ("${_}_stall", "${_}_stall_first") } sort keys %kinds), 'mute_stall', 'mute_tls_stall', 'mute_set_stall');

for my $table (@tables) {
    # statement_timeout
    my ($code, $out, $err);
    my $seconds = elapsed(sub {
        ($code, $out, $err) = $node->psql('postgres', "SET statement_timeout = '700ms'; SELECT count(*) FROM $table", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
    });
    like($err, qr/57014: canceling statement due to statement timeout/, "$table: statement_timeout");
    cmp_ok($seconds, '<', 0.7 + 0.3 + 0.3, "$table: in time"); # 0.3 s for psql itself to start and end

    # cancel and terminate from another session
    for my $way ([ 'pg_cancel_backend', qr/57014: canceling statement due to user request/ ],
        [ 'pg_terminate_backend', qr/57P01: terminating connection|server closed the connection/ ]) {
        my ($function, $expected) = @$way;
        my $session = session($node, "SET application_name = 'waiting'; SELECT count(*) FROM $table");
        wait_for(sub { $node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'waiting' AND query LIKE '%count%' AND state = 'active'") eq '1' });
        sleep 0.3; # so that it waits for the server
        $node->safe_psql('postgres', "SELECT $function(pid) FROM pg_stat_activity WHERE application_name = 'waiting'");
        my $start = time();
        $session->{handle}->finish;
        cmp_ok(time() - $start, '<', 0.3, "$table: $function in time");
        like($session->{err}, $expected, "$table: $function");
    }
}

# After a cancel the same session goes on over a new connection, and a transaction can be rolled back at once.
my $out = $node->safe_psql('postgres', q(
    SET statement_timeout = '300ms';
    \set ON_ERROR_STOP off
    BEGIN;
    SELECT count(*) FROM plain_stall;
    ROLLBACK;
    RESET statement_timeout;
    SELECT count(*) FROM plain_ok;), on_error_stop => 0);
is($out, '500', 'the session goes on after a cancel');

# A cursor that is left open in the middle of a result does not hold up the end of its transaction.
my $seconds = elapsed(sub {
    $node->safe_psql('postgres', 'BEGIN; DECLARE c CURSOR FOR SELECT _id FROM plain_stall; MOVE 150 FROM c; ROLLBACK');
});
cmp_ok($seconds, '<', 2, 'abort with an open cursor does not wait');
is((grep { /^killCursors ids,docs=5000/ } commands($kinds{plain}{server})), 0, 'nothing is sent while a transaction aborts');
$out = $node->safe_psql('postgres', q(
    BEGIN; DECLARE c CURSOR FOR SELECT _id FROM plain_stall; MOVE 150 FROM c; ROLLBACK; SELECT count(*) FROM plain_ok));
is($out, '500', 'a scan after it');
is((grep { /^killCursors ids,docs=5000/ } commands($kinds{plain}{server})), 1, 'the idle cursor is killed before the next command');
done_testing();
