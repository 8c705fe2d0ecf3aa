# Restarts, wrong passwords, prepared statements, commands per query, threads, files left behind.
use strict;
use warnings;
use lib 't';
use IO::Socket::INET;
use IPC::Run ();
use Replay;
use Test::More;

my $node = new_node();
my $server = start_replay();
add_server($node, 'replay', "mongodb://127.0.0.1:$server->{port}/");
$node->safe_psql('postgres', q(
    CREATE FOREIGN TABLE ids (_id int) SERVER replay OPTIONS (collection 'ids,docs=50');
    CREATE FOREIGN TABLE flat (_id mongo.objectid, i0 int, l0 bigint, d0 float8, s0 text, t0 timestamptz) SERVER replay OPTIONS (collection 'flat20,docs=50')));

# One command for each execution, through custom and generic plans; planning asks for the collection's count once.
$node->safe_psql('postgres', q(
    PREPARE point(int) AS SELECT i0 FROM flat WHERE i0 = $1;
    EXPLAIN EXECUTE point(1);) . 'EXECUTE point(7);' x 8);
is(join(' ', map { s/ .*//r } commands($server)), join(' ', 'aggregate', ('find') x 8), 'eight executions are eight finds, planning asks once');

# A restarted server: the next query of the same session connects again.
my ($in, $out) = ('', '');
my $session = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') ], '<', \$in, '>', \$out, '2>&1');
my $ask = sub {
    my ($sql, $expected) = @_;
    $out = '';
    $in .= "$sql\n\\echo done\n";
    wait_for(sub { $session->pump_nb; $out =~ /done\n/ });
    like($out, $expected, $sql);
};
$ask->('SELECT count(*) FROM ids;', qr/^50\n/);
my $pid = do { $ask->('SELECT pg_backend_pid();', qr/^\d+/); $out =~ /^(\d+)/; $1 };
stop_process($server);
$ask->('SELECT count(*) FROM ids;', qr/ERROR:  could not connect to server "replay"/);
my $again = IPC::Run::start([ $ENV{REPLAY_SERVER}, '--port', $server->{port}, '--log', $server->{log} ], '<', \undef, '>', '/dev/null', '2>', '/dev/null');
wait_for(sub { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$server->{port}") });
$ask->('SELECT count(*) FROM ids;', qr/^50\n/);
$again->kill_kill(grace => 0.1);
$again = IPC::Run::start([ $ENV{REPLAY_SERVER}, '--port', $server->{port}, '--log', $server->{log} ], '<', \undef, '>', '/dev/null', '2>', '/dev/null');
wait_for(sub { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$server->{port}") });
$ask->('SELECT count(*) FROM ids;', qr/^50\n/);

# The backend has one thread, and leaves no file of the driver's behind.
my @threads = glob("/proc/$pid/task/*");
is(scalar(@threads), 1, 'the backend has one thread');
$in .= "\\q\n";
$session->finish;
wait_for(sub { !-e "/proc/$pid" });
ok(!-e "/dev/shm/mongoc-$pid", 'no shared memory file is left');

# Wrong passwords: an error that tells, without the password.
my $locked = start_replay('--deny-auth');
add_server($node, 'locked', "mongodb://127.0.0.1:$locked->{port}/", "auth_source 'admin'");
$node->safe_psql('postgres', q(ALTER USER MAPPING FOR PUBLIC SERVER locked OPTIONS (ADD username 'ann:@/%', ADD password 'sesame:@/%?');
    CREATE FOREIGN TABLE locked_ids (_id int) SERVER locked OPTIONS (collection 'ids')));
my ($code, $stdout, $err) = $node->psql('postgres', 'SELECT * FROM locked_ids', extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/28P01: authentication with server "locked" failed/, 'a wrong password is 28P01');
like($err, qr/HINT:.*user mapping/, 'with a hint');
unlike($err, qr/sesame/, 'the password is not shown');
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/sesame:@[^']*\n.*ERROR/, 'nor logged with the error');

# The mechanism that the options ask for is the one that is tried.
for my $mechanism (qw(PLAIN SCRAM-SHA-1 SCRAM-SHA-256)) {
    $node->safe_psql('postgres', "ALTER USER MAPPING FOR PUBLIC SERVER locked OPTIONS (ADD auth_mechanism '$mechanism')");
    ($code, $stdout, $err) = $node->psql('postgres', 'SELECT * FROM locked_ids', extra_params => [ '-v', 'VERBOSITY=verbose' ]);
    like($err, qr/28P01/, "$mechanism is refused by the server");
    ok((grep { /^saslStart  mechanism=$mechanism/ } commands($locked)), "$mechanism was asked for");
    $node->safe_psql('postgres', 'ALTER USER MAPPING FOR PUBLIC SERVER locked OPTIONS (DROP auth_mechanism)');
}

# A changed mapping: the session connects anew.
$node->safe_psql('postgres', q(SELECT count(*) FROM ids; ALTER USER MAPPING FOR PUBLIC SERVER replay OPTIONS (ADD username 'someone', ADD password 'x')));
my ($valid) = $node->safe_psql('postgres', q(
    ALTER USER MAPPING FOR PUBLIC SERVER replay OPTIONS (DROP username, DROP password);
    SELECT count(*) FROM ids;
    BEGIN;
    ALTER USER MAPPING FOR PUBLIC SERVER replay OPTIONS (ADD auth_source 'x');
    SELECT valid FROM mongo.connections() WHERE server_name = 'replay';
    ROLLBACK));
is($valid, "50\nf", 'a connection of a changed mapping is not valid');

# A thousand scans that stop early and a thousand errors keep the process small.
my $growth = $node->safe_psql('postgres', q(
    CREATE FOREIGN TABLE long (_id int) SERVER replay OPTIONS (collection 'ids,docs=100000', fetch_size '100');
    CREATE FUNCTION resident() RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE s text; BEGIN
        s := pg_read_file('/proc/self/status'); RETURN (regexp_match(s, 'VmRSS:\s+(\d+)'))[1]; END $$;
    DO $$ BEGIN FOR i IN 1..200 LOOP PERFORM * FROM long LIMIT 150; END LOOP; END $$;
    CREATE TEMP TABLE before AS SELECT resident() AS kb;
    DO $$ BEGIN FOR i IN 1..1000 LOOP PERFORM * FROM long LIMIT 150;
        BEGIN PERFORM 1 / (_id - 20) FROM long; EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END $$;
    SELECT resident() - kb FROM before));
cmp_ok($growth, '<', 8192, "two thousand early ends grow the process by less than 8 MB ($growth kB)");
stop_process({ handle => $again });
done_testing();
