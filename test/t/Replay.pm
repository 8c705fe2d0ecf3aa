# Helpers of the process tests: replay servers, a cluster with the extension, timing.
package Replay;
use strict;
use warnings;
use Exporter 'import';
use IO::Socket::INET;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(time sleep);
use Test::More;
our @EXPORT = qw(start_replay start_secantus run_python python_lines stop_process new_node add_server session wait_for elapsed commands);

my @running;

# start_replay(ARGUMENT...): a replay server on a free port; returns {port, handle, log}.
sub start_replay {
    my @arguments = @_;
    my $port = PostgreSQL::Test::Cluster::get_free_port();
    my $log = PostgreSQL::Test::Utils::tempdir() . "/replay.log";
    my $handle = IPC::Run::start([ $ENV{REPLAY_SERVER}, '--port', $port, '--log', $log, @arguments ], '<', \undef, '>', '/dev/null', '2>', '/dev/null');
    my $server = { port => $port, handle => $handle, log => $log, arguments => \@arguments };
    push @running, $server;
    wait_for(sub { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") }) or die "replay server did not start";
    return $server;
}

# start_secantus(port, directory, FLAG...): a compatible server that keeps its documents in directory/data; its handle.
sub start_secantus {
    my ($port, $directory, @flags) = @_;
    mkdir "$directory/data";
    my $bin = "$ENV{SECANTUS_HOME}/bin";
    my $handle = IPC::Run::start([ "$bin/python", "$bin/secantusd-py", '--port', $port, '--storage-path', "$directory/data", '--log-level', 'WARNING', @flags ],
        '<', \undef, '>', "$directory/log", '2>', "$directory/log2");
    push @running, { handle => $handle }; # a test that dies leaves none behind
    wait_for(sub { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") }, 60) or die 'server did not start';
    return $handle;
}

# run_python(script, ARGUMENT...): with pymongo at hand.
sub run_python {
    my ($script, @arguments) = @_;
    system_or_bail("$ENV{SECANTUS_HOME}/bin/python", '-c', $script, @arguments);
}

# A reader of BSON that shares nothing with the extension nor with the driver: fields(bytes) gives the values of a document
# by name; of other types than numbers, text, documents and arrays the bytes.
my $bson_reader = q(
import sys, struct, pymongo
from bson.raw_bson import RawBSONDocument
from bson.codec_options import CodecOptions
def fields(raw):
    at, out = 4, {}
    while raw[at]:
        kind, end = raw[at], raw.index(0, at + 1)
        name, at = raw[at + 1:end].decode(), end + 1
        size = {1: 8, 7: 12, 8: 1, 9: 8, 10: 0, 16: 4, 18: 8, 19: 16}.get(kind)
        if size is None:
            size = struct.unpack_from('<i', raw, at)[0] + {2: 4, 3: 0, 4: 0, 5: 5}[kind]
        value = raw[at:at + size]
        at += size
        out[name] = (None if kind == 10 else struct.unpack('<d', value)[0] if kind == 1 else value[4:-1].decode() if kind == 2 else list(fields(value).values()) if kind == 4
                     else fields(value) if kind == 3 else struct.unpack('<i', value)[0] if kind == 16 else struct.unpack('<q', value)[0] if kind == 18 else value)
    return out
def documents(database, collection):
    raw = CodecOptions(document_class=RawBSONDocument)
    return [fields(d.raw) for d in pymongo.MongoClient(sys.argv[1])[database].get_collection(collection, codec_options=raw).find({})]
);

# python_lines(script, uri): what a script prints that may use fields and documents; its lines, sorted.
sub python_lines {
    my ($script, $uri) = @_;
    my $out;
    IPC::Run::run([ "$ENV{SECANTUS_HOME}/bin/python", '-c', $bson_reader . $script, $uri ], '>', \$out) or die 'oracle failed';
    return join "\n", sort split /\n/, $out;
}

sub stop_process {
    my ($server) = @_;
    # By number: at the end of a test IPC::Run may have let go of its children already.
    kill 'KILL', map { $_->{PID} } @{ $server->{handle}{KIDS} };
    eval { $server->{handle}->finish; };
}

END { my $status = $?; stop_process($_) for @running; $? = $status; }

# The commands that a replay server has seen, without the driver's own.
sub commands {
    my ($server) = @_;
    return grep { !/^(hello|isMaster|ismaster|endSessions|ping)/ } split /\n/, slurp_file($server->{log});
}

# new_node(SETTINGS): settings are lines of postgresql.conf.
sub new_node {
    my ($settings) = @_;
    my $node = PostgreSQL::Test::Cluster->new('main');
    $node->init;
    $node->append_conf('postgresql.conf', "listen_addresses = ''\nlog_statement = none\n");
    # The replay server knows no $group: its documents would be taken for groups, and the local plan would run.
    $node->append_conf('postgresql.conf', "mongo_fdw_cpp.enable_aggregate_pushdown = off\n" . ($settings // ''));
    $node->start;
    $node->safe_psql('postgres', 'CREATE EXTENSION mongo_fdw_cpp');
    return $node;
}

# add_server(node, name, uri, OPTIONS): a server and a mapping without credentials.
sub add_server {
    my ($node, $name, $uri, $options) = @_;
    $options = $options ? ", $options" : '';
    $node->safe_psql('postgres', "CREATE SERVER $name FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri '$uri'$options);
        CREATE USER MAPPING FOR PUBLIC SERVER $name");
}

# A psql that runs a script in the background; returns {handle, out, err}.
sub session {
    my ($node, $script) = @_;
    my $self = { out => '', err => '' };
    $self->{handle} = IPC::Run::start([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'), '-c', $script ],
        '<', \undef, '>', \$self->{out}, '2>', \$self->{err});
    return $self;
}

sub wait_for {
    my ($condition, $seconds) = @_;
    my $limit = time() + ($seconds // 30);
    while (time() < $limit) {
        return 1 if $condition->();
        sleep 0.02;
    }
    return 0;
}

sub elapsed {
    my ($code) = @_;
    my $start = time();
    $code->();
    return time() - $start;
}

1;
