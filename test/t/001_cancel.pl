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

# TLS: a certificate of an unknown authority, or of another host, is refused; unless the server's options say otherwise.
my $tls_port = $kinds{tls}{server}{port};
system_or_bail('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', "$dir/other.key", '-out', "$dir/other.pem",
    '-days', '2', '-subj', '/CN=other.example.org');
append_to_file("$dir/other_both.pem", slurp_file("$dir/other.key") . slurp_file("$dir/other.pem"));
my $other = start_replay('--tls-pem', "$dir/other_both.pem");
my @refused = (
    [ 'unknown authority', "mongodb://127.0.0.1:$tls_port/?tls=true", '' ],
    [ 'another authority', "mongodb://127.0.0.1:$tls_port/", "ssl 'true', ca_file '$dir/other.pem'" ],
    [ 'another host', "mongodb://127.0.0.1:$other->{port}/", "ssl 'true', ca_file '$dir/other.pem'" ],
    [ 'a file that is not there', "mongodb://127.0.0.1:$tls_port/", "ssl 'true', ca_file '$dir/nothing.pem'" ],
    [ 'plain to a TLS server', "mongodb://127.0.0.1:$tls_port/", "ssl 'false', ca_file '$dir/cert.pem'" ]);
my @accepted = (
    [ 'ca_file', "mongodb://127.0.0.1:$tls_port/", "ca_file '$dir/cert.pem'" ],
    [ 'weak_cert_validation', "mongodb://127.0.0.1:$tls_port/", "ssl 'true', weak_cert_validation 'true'" ],
    [ 'pem_file', "mongodb://127.0.0.1:$tls_port/", "ca_file '$dir/cert.pem', pem_file '$dir/both.pem'" ]);
my $number = 0;
for my $case (@refused, @accepted) {
    my ($name, $uri, $options) = @$case;
    $number++;
    add_server($node, "tls_$number", $uri, join(', ', "server_selection_timeout '3s', connect_timeout '3s'", $options || ()));
    $node->safe_psql('postgres', "CREATE FOREIGN TABLE tls_table_$number (_id int) SERVER tls_$number OPTIONS (collection 'ids,docs=5')");
    my ($code, $out, $err) = $node->psql('postgres', "SELECT count(*) FROM tls_table_$number", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
    if ($number <= @refused) { like($err, qr/08001: could not connect/, "TLS, refused: $name"); }
    else { is($out, '5', "TLS, accepted: $name") or diag($err); }
}

# A member that accepts and stays silent leaves time for the others.
add_server($node, 'half_dead', 'mongodb://127.0.0.1:' . $mute->sockport . ",127.0.0.1:$kinds{replica_set}{server}{port}/?replicaSet=rs0",
    "server_selection_timeout '4s', connect_timeout '4s'");
$node->safe_psql('postgres', "CREATE FOREIGN TABLE half_dead_ids (_id int) SERVER half_dead OPTIONS (collection 'ids,docs=5')");
$seconds = elapsed(sub { is($node->safe_psql('postgres', 'SELECT count(*) FROM half_dead_ids'), '5', 'one member of two is silent') });
cmp_ok($seconds, '<', 5, 'and does not hold up the other');

# A backend that is told to end while it waits is gone at once.
my $waiting = session($node, "SET application_name = 'ending'; SELECT count(*) FROM plain_stall");
wait_for(sub { $node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ending' AND state = 'active'") eq '1' });
sleep 0.3;
my $ended = elapsed(sub {
    $node->safe_psql('postgres', "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE application_name = 'ending'");
});
cmp_ok($ended, '<', 0.6, 'a terminated backend is gone');
$waiting->{handle}->finish;
done_testing();
