# Checks that a fault of the decoder cannot fool, under live writes, within time-outs; and how little a bisection reads.
use strict;
use warnings;
use lib 't';
use Replay;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);
plan skip_all => 'no compatible server at hand' unless $ENV{SECANTUS_HOME} && $ENV{DOCUMENTDB_URI};

my $directory = PostgreSQL::Test::Utils::tempdir();
my $uri = $ENV{DOCUMENTDB_URI};
my $database = 'mongo_fdw_cpp_validate';
run_python(q(
import sys, pymongo, datetime, bson
client = pymongo.MongoClient(sys.argv[1])
client.drop_database(sys.argv[2])
client[sys.argv[2]].things.insert_many([{'_id': n, 'at': datetime.datetime(2020, 1, 1) + datetime.timedelta(seconds=n), 'price': bson.Decimal128('%d.%02d' % (n, n % 90 + 10)), 'name': 'thing %d' % n, 'note': 'a longer note %d' % n, 'v': 0, 'items': [{'q': i} for i in range(n % 3)]} for n in range(400)])
), $uri, $database);

my $node = new_node();
sub run { return $node->safe_psql('postgres', "SET client_min_messages = error; $_[0]") }
sub plan_and_load {
    my ($server_uri) = @_;
    add_server($node, 'shop', $server_uri);
    run("SELECT mongo.create_plan('p', 'shop', '$database', 'target', '{things}', sample => 0)");
    run(q(CALL mongo.apply_plan('p')));
    run(q(CALL mongo.load('p', workers => 0)));
}
# What a validation found to differ.
sub failures {
    my ($arguments) = @_;
    run("CALL mongo.validate('p'$arguments)");
    return run(q(SELECT concat_ws(' ', check_name, concat_ws('.', table_name, column_name), difference, array_to_string(sample, ',')) FROM mongo.check_result WHERE status = 'fail' ORDER BY number));
}

# A decoder that shifts a date, drops a digit and exchanges two texts: whatever reads through it finds nothing, MongoDB's
# own figures do.
SKIP: {
    skip 'no library with faults', 3 unless $ENV{FAULTY_LIBRARY} && -e $ENV{FAULTY_LIBRARY};
    run("UPDATE pg_proc SET probin = '$ENV{FAULTY_LIBRARY}' WHERE probin = '\$libdir/mongo_fdw_cpp'");
    plan_and_load($uri);
    is(failures(", 1"), "totals things.at sum differs\ntotals things.price sum differs\ntotals things.name least, bytes differ\ntotals things.note greatest, bytes differ", 'level 1 finds what the decoder spoilt');
    like(failures(", 2"), qr/^ranges things 3 documents different \{"\$numberLong": "7"\},\{"\$numberLong": "17"\},\{"\$numberLong": "27"\}$/m, 'level 2 names the documents');
    is(run(q(SELECT count(*) FROM mongo.diff('p', 'things'))), '0', 'what passes through the decoder on both sides does not');
    run(q(CALL mongo.drop_plan('p', source_tables => true); DROP SCHEMA target CASCADE; DROP SERVER shop CASCADE;));
    run("UPDATE pg_proc SET probin = '\$libdir/mongo_fdw_cpp' WHERE probin = '$ENV{FAULTY_LIBRARY}'");
}

plan_and_load($uri);
is(failures(", 4"), '', 'without faults nothing differs');

# Two hundred writes a second that are undone a tenth of a second later, and faults that stay.
my $writer = q(
import sys, pymongo, random, time, collections, datetime, bson
things = pymongo.MongoClient(sys.argv[1])[sys.argv[2]].things
rng, undone = random.Random(3), collections.deque()
end = time.time() + float(sys.argv[3])
number, start = 0, time.time()
while time.time() < end or undone:
    while undone and undone[0][0] <= time.time():
        n = undone.popleft()[1]
        things.update_one({'_id': n}, {'$inc': {'v': -1}}) if n < 1000 else things.delete_one({'_id': n})
    if time.time() < end and number < 200 * (time.time() - start):
        n = rng.randrange(400)
        if number % 10:
            things.update_one({'_id': n}, {'$inc': {'v': 1}})
        else: # a document that comes and goes
            n = 1000 + number
            things.insert_one({'_id': n, 'at': datetime.datetime(2020, 1, 1), 'price': bson.Decimal128('1.00'), 'name': 'new', 'note': 'a note', 'v': 0, 'items': [{'q': 1}]})
        undone.append((time.time() + 0.1, n))
        number += 1
    time.sleep(0.001)
);
sub beside_writes {
    my ($seconds, $code) = @_;
    my $process = IPC::Run::start([ "$ENV{SECANTUS_HOME}/bin/python", '-c', $writer, $uri, $database, $seconds ]);
    sleep 0.5;
    my $result = $code->();
    $process->finish;
    return $result;
}
run(q(UPDATE target.things SET name = 'another' WHERE id = 5; DELETE FROM target.things_items WHERE things_id = 8 AND ord = 2));
my $planted = "values things.name 1 value different 5\n(?:.*\n)*values things_items 1 row missing \\(8,2\\)";
my $seen = beside_writes(10, sub { return failures(", 3, settle => 1") });
like($seen, qr/$planted/, 'what stays different fails');
unlike($seen, qr/things\.v/, 'what others write meanwhile does not');
like($seen, qr/^rows things_items 1 row missing/m, 'counts and totals that documents explain fail');
run(q(CALL mongo.load('p')));
is(beside_writes(7, sub { return failures(", 3, settle => 1") }), '', 'without faults nothing fails while others write');
is(beside_writes(7, sub { return failures(", 2, settle => 1") }), '', 'nor by ranges');
is(beside_writes(7, sub { return failures(", 4, settle => 1") }), '', 'nor as documents');
ok(beside_writes(2, sub { return grep { failures(", 3") ne '' } 1 .. 5 }), 'without settle it would');

# Time-outs are no result.
my $locker = session($node, 'BEGIN; LOCK TABLE target.things IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3)');
ok(wait_for(sub { run(q(SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'target.things'::regclass)) > 0 }), 'a table is locked');
run(q(SET statement_timeout = '300ms'; CALL mongo.validate('p', 0, '{things}')));
is(run(q(SELECT check_name, status, difference FROM mongo.check_result ORDER BY number)), 'rows|skip|57014: canceling statement due to statement timeout', 'a check that takes too long is skipped');
run(q(SET lock_timeout = '300ms'; CALL mongo.validate('p', 0, '{things}')));
is(run(q(SELECT check_name, status, difference FROM mongo.check_result ORDER BY number)), 'rows|skip|55P03: canceling statement due to lock timeout', 'so is one that waits for a lock');
my $cancelled = session($node, q(CALL mongo.validate('p', 0, '{things}')));
ok(wait_for(sub { run(q(SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CALL mongo.validate%' AND wait_event_type = 'Lock')) eq 't' }), 'a check is cancelled');
$cancelled->{handle}->finish;
like($cancelled->{err}, qr/ERROR:\s+57014: canceling statement due to user request/, 'which ends the validation');
$locker->{handle}->finish;
is(run(q(SELECT * FROM mongo.check_tap('p'))), 'Bail out! The validation of plan "p" has not ended.', 'and no plan of TAP');
is(run(q(SELECT state FROM mongo.check_run ORDER BY run DESC LIMIT 1)), 'running', 'as one that did not end');
run(q(CALL mongo.drop_plan('p', source_tables => true); DROP SCHEMA target CASCADE; DROP SERVER shop CASCADE;));

# A proxy that answers in MongoDB's name: no right, a time-out, a failed log-in, a connection that is lost in the middle. None
# of them is a result, and none is an ok.
my $refusing = q(
import sys, socket, struct, threading, bson
host, port = sys.argv[1].split('//')[1].rstrip('/').split('/')[0].split(':')
def refuse(client, request, code, name, text):
    body = bson.encode({'ok': 0.0, 'code': code, 'codeName': name, 'errmsg': text})
    client.sendall(struct.pack('<4iIB', 21 + len(body), 1, request, 2013, 0, 0) + body)
def back(server, client, state):
    try:
        while chunk := server.recv(1 << 20):
            client.sendall(chunk)
    except OSError:
        pass
def serve(client):
    server = socket.create_connection((host, int(port)))
    threading.Thread(target=back, args=(server, client, None), daemon=True).start()
    data = b''
    try:
        while chunk := client.recv(1 << 20):
            data += chunk
            while len(data) >= 16 and len(data) >= struct.unpack_from('<i', data)[0]:
                size, request, _, code = struct.unpack_from('<4i', data)
                message, data = data[:size], data[size:]
                command = next(iter(bson.decode(message[21:21 + struct.unpack_from('<i', message, 21)[0]]))) if code == 2013 and message[20] == 0 else ''
                mode = open(sys.argv[2]).read().strip()
                if mode == 'right' and command in ('aggregate', 'find'):
                    refuse(client, request, 13, 'Unauthorized', 'not authorized on shop to execute command')
                elif mode == 'time' and command in ('aggregate', 'find'):
                    refuse(client, request, 50, 'MaxTimeMSExpired', 'operation exceeded time limit')
                elif mode == 'login' and command == 'saslStart':
                    refuse(client, request, 18, 'AuthenticationFailed', 'Authentication failed.')
                elif mode == 'lost' and command in ('aggregate', 'getMore', 'find'):
                    client.close()
                    server.close()
                    return
                else:
                    server.sendall(message)
    except OSError:
        pass
    server.close()
listener = socket.create_server(('127.0.0.1', int(sys.argv[3])))
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()
);
my $mode = "$directory/mode";
sub set_mode { unlink $mode; PostgreSQL::Test::Utils::append_to_file($mode, $_[0]); }
set_mode('all');
my $refusing_port = PostgreSQL::Test::Cluster::get_free_port();
my $refuser = IPC::Run::start([ "$ENV{SECANTUS_HOME}/bin/python", '-c', $refusing, $uri, $mode, $refusing_port ]);
ok(wait_for(sub { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$refusing_port") }), 'a proxy listens');
plan_and_load("mongodb://127.0.0.1:$refusing_port/");
sub statuses { return run(q(SELECT string_agg(DISTINCT check_name || ' ' || status, ', ' ORDER BY check_name || ' ' || status) FROM mongo.check_result WHERE check_name IN ('rows', 'totals', 'ranges', 'values', 'unmapped', 'documents') AND column_name IS NULL)) }
is(failures(", 4"), '', 'through the proxy nothing differs');
for my $refusal ([ 'right', '42501', 'not authorized' ], [ 'time', '57014', 'operation exceeded time limit' ], [ 'lost', '08', 'socket error' ]) {
    set_mode($refusal->[0]);
    $node->psql('postgres', "SELECT mongo.disconnect_all(); CALL mongo.validate('p', 4, '{things}')");
    unlike(statuses(), qr/ ok| fail/, "$refusal->[0]: no check of the source is ok, none has failed: " . statuses());
    like(run(q(SELECT string_agg(DISTINCT difference, '; ') FROM mongo.check_result WHERE check_name = 'rows')), qr/^$refusal->[1].*$refusal->[2]/s, "$refusal->[0]: the reason is told");
    like(run(q(SELECT answer FROM mongo_internal.answers('p') WHERE place = 1)), qr/as far as it was loaded and compared.*not compared: things/, "$refusal->[0]: a report does not say that it is complete");
}
set_mode('login');
run(q(DROP USER MAPPING FOR PUBLIC SERVER shop; CREATE USER MAPPING FOR PUBLIC SERVER shop OPTIONS (username 'reader', password 'wrong')));
$node->psql('postgres', "CALL mongo.validate('p', 4, '{things}')");
unlike(statuses(), qr/ ok| fail/, 'login: no check of the source is ok, none has failed: ' . statuses());
unlike(run(q(SELECT string_agg(difference, '; ') FROM mongo.check_result)), qr/wrong/, 'login: the password is not told');
$refuser->kill_kill;
run(q(CALL mongo.drop_plan('p', source_tables => false); DROP SCHEMA p_source CASCADE; DROP SCHEMA target CASCADE; DROP SERVER shop CASCADE;));

# A proxy counts the documents that come: three differences among 100,000 need few of them.
run_python(q(
import sys, pymongo
client = pymongo.MongoClient(sys.argv[1])
client.drop_database(sys.argv[2])
for start in range(0, 100000, 20000):
    client[sys.argv[2]].things.insert_many([{'_id': n, 'n': n % 1000, 'name': 'thing %d' % n} for n in range(start, start + 20000)])
), $uri, $database);
my $proxy = q(
import sys, socket, struct, threading, bson
host, port = sys.argv[1].split('//')[1].rstrip('/').split('/')[0].split(':')
count = [0]
def pump(source, target, counts):
    data = b''
    try:
        while chunk := source.recv(1 << 20):
            target.sendall(chunk)
            data += chunk
            while counts and len(data) >= 16 and len(data) >= struct.unpack_from('<i', data)[0]:
                size, _, _, code = struct.unpack_from('<4i', data)
                if code == 2013 and data[20] == 0:
                    reply = bson.decode(data[21:21 + struct.unpack_from('<i', data, 21)[0]])
                    cursor = reply.get('cursor', {})
                    count[0] += len(cursor.get('firstBatch', [])) + len(cursor.get('nextBatch', []))
                    open(sys.argv[2], 'w').write(str(count[0]))
                data = data[size:]
            data = data if counts else b''
    except OSError:
        pass
    target.close()
listener = socket.create_server(('127.0.0.1', int(sys.argv[3])))
while True:
    client, _ = listener.accept()
    server = socket.create_connection((host, int(port)))
    threading.Thread(target=pump, args=(client, server, False), daemon=True).start()
    threading.Thread(target=pump, args=(server, client, True), daemon=True).start()
);
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $counter = IPC::Run::start([ "$ENV{SECANTUS_HOME}/bin/python", '-c', $proxy, $uri, "$directory/count", $port ]);
ok(wait_for(sub { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") }), 'a proxy listens');
plan_and_load("mongodb://127.0.0.1:$port/");
run(q(UPDATE target.things SET n = n + 1 WHERE id = 20; DELETE FROM target.things WHERE id = 50000; UPDATE target.things SET name = name || '.' WHERE id = 99999));
sub documents_read { my $before = slurp_file("$directory/count"); $_[0]->(); return slurp_file("$directory/count") - $before }
my ($joined, $bisected);
my $by_join = documents_read(sub { $joined = run(q(SELECT kind, key, column_name FROM mongo.diff('p', 'things'))) });
my $by_bisection = documents_read(sub { $bisected = run(q(SELECT kind, key, column_name FROM mongo.diff('p', 'things', 'bisect'))) });
is($bisected, $joined, 'a bisection finds what a join finds');
is($joined, "different|20|n\nmissing|50000|\ndifferent|99999|name", 'three differences');
cmp_ok($by_join, '>=', 100000, 'a join reads all documents');
cmp_ok($by_bisection, '<', 5000, "a bisection few of them: $by_bisection");
$counter->kill_kill;
done_testing();
