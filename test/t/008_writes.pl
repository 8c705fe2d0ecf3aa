# Writes as processes see them: transactions of the server, servers that die in the middle of a batch, backends that end.
# Needs a compatible server that has transactions.
use strict;
use warnings;
use lib 't';
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Replay;
use Test::More;

plan skip_all => 'no compatible server at hand' unless $ENV{SECANTUS_HOME} && -x "$ENV{SECANTUS_HOME}/bin/python";
my $dir = PostgreSQL::Test::Utils::tempdir();
my $port = PostgreSQL::Test::Cluster::get_free_port();

my $server = start_secantus($port, $dir);
my $node = new_node();
add_server($node, 'tx', "mongodb://127.0.0.1:$port/", "transaction 'session', server_selection_timeout '3s'");
add_server($node, 'plain', "mongodb://127.0.0.1:$port/", "server_selection_timeout '3s'");
$node->safe_psql('postgres', q(
    CREATE FOREIGN TABLE x (_id int, v text) SERVER tx OPTIONS (database 'd', collection 'x');
    CREATE FOREIGN TABLE seen (_id int, v text) SERVER plain OPTIONS (database 'd', collection 'x');
    INSERT INTO x SELECT g, 'a' FROM generate_series(1, 5) g;));

sub run_sql {
    my ($sql) = @_;
    my ($code, $out, $err) = $node->psql('postgres', $sql, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
    return { out => $out, err => $err };
}
sub seen { return $node->safe_psql('postgres', q(SELECT string_agg(_id || v, ',' ORDER BY _id) FROM seen)) }

# A session that has just rolled back never conflicts with itself, however it came to that.
my $rounds = join "\n", map { "BEGIN; UPDATE x SET v = 'a' WHERE _id = 1 AND length(v) > 0; " . ($_ % 3 ? 'ROLLBACK' : "SELECT 1 / 0; ROLLBACK") . "; UPDATE x SET v = 'a' WHERE _id = 1 AND length(v) > 0;" } 1 .. 100;
my $conflicts = () = run_sql("\\set ON_ERROR_STOP 0\n$rounds")->{err} =~ /40001/g;
is($conflicts, 0, 'no conflict behind 100 rollbacks');

my $before = seen();
is($before, '1a,2a,3a,4a,5a', 'committed by itself');
my $result = run_sql(q(BEGIN; INSERT INTO x VALUES (10, 'ten'); UPDATE x SET v = 'b' WHERE _id < 3; DELETE FROM x WHERE _id = 5;
    SELECT count(*) FROM x; SELECT count(*) FROM seen; ROLLBACK;));
is($result->{out}, "5\n5", 'a transaction sees its own writes alone');
is($result->{err}, '', 'its rollback has nothing to warn of');
is(seen(), $before, 'and leaves nothing');
run_sql(q(BEGIN; INSERT INTO x VALUES (10, 'ten'); DELETE FROM x WHERE _id = 5; COMMIT;));
is(seen(), '1a,2a,3a,4a,10ten', 'a commit commits');
like(run_sql(q(BEGIN; INSERT INTO x VALUES (11, 'e'); SELECT 1 / 0; COMMIT;))->{err}, qr/22012/, 'an error elsewhere');
is(seen(), '1a,2a,3a,4a,10ten', 'aborts there too');

like(run_sql(q(BEGIN; INSERT INTO x VALUES (11, 'e'); SAVEPOINT s; INSERT INTO x VALUES (12, 'e'); ROLLBACK TO s; SELECT count(*) FROM x;))->{err},
    qr/ERROR:  25000: the transaction with server "tx" can only be rolled back/, 'a savepoint that has written dooms the next statement');
like(run_sql(q(BEGIN; INSERT INTO x VALUES (11, 'e'); SAVEPOINT s; INSERT INTO x VALUES (12, 'e'); ROLLBACK TO s; COMMIT;))->{err}, qr/ERROR:  25000/, 'and the commit');
like(run_sql(q(DO $$ BEGIN INSERT INTO x VALUES (50, 'x'); BEGIN INSERT INTO x VALUES (51, 'y'); RAISE EXCEPTION 'z'; EXCEPTION WHEN OTHERS THEN NULL; END; END $$;))->{err},
    qr/ERROR:  25000/, 'an exception block is a savepoint');
is(run_sql(q(BEGIN; INSERT INTO x VALUES (11, 'e'); SAVEPOINT s; SELECT count(*) FROM x; ROLLBACK TO s; INSERT INTO x VALUES (12, 'e'); COMMIT;))->{err}, '', 'one that has only read does not');
is(seen(), '1a,2a,3a,4a,10ten,11e,12e', 'what was doomed left nothing');
like(run_sql(q(BEGIN; INSERT INTO x VALUES (13, 'e'); PREPARE TRANSACTION 'p';))->{err}, qr/ERROR:  0A000: cannot PREPARE/, 'no two-phase commit');
my $prepared = run_sql(q(BEGIN; INSERT INTO seen VALUES (90, 'e'); PREPARE TRANSACTION 'p';))->{err};
like($prepared, qr/ERROR:  0A000: cannot PREPARE/, 'neither without a transaction there');
like($prepared, qr/WARNING:  01000: the rollback does not undo/, 'which says what stays');
run_sql(q(DELETE FROM x WHERE _id = 90));

# ON CONFLICT: an error would end the transaction.
my $skipped = run_sql(q(BEGIN; INSERT INTO x VALUES (20, 'x'), (1, 'd'), (21, 'y'), (20, 'z') ON CONFLICT DO NOTHING; INSERT INTO x VALUES (22, 'w') ON CONFLICT DO NOTHING; COMMIT;));
is($skipped->{err}, '', 'conflicts are looked up');
is(seen(), '1a,2a,3a,4a,10ten,11e,12e,20x,21y,22w', 'the rest is inserted');
like(run_sql(q(BEGIN; INSERT INTO x VALUES (1, 'dup');))->{err}, qr/ERROR:  23505/, 'a duplicate without ON CONFLICT');
is(run_sql(q(BEGIN; INSERT INTO x VALUES (60, 'x'); UPDATE x SET v = 'y' WHERE _id = 60 RETURNING v; DELETE FROM x WHERE _id = 60 RETURNING v; COMMIT;))->{out}, "y\ny", 'RETURNING inside one');

# Unique keys beside _id, compound ones, and those of arrays, are looked up as well, also where a batch repeats them.
PostgreSQL::Test::Utils::system_or_bail("$ENV{SECANTUS_HOME}/bin/python", '-c', qq(
import pymongo
c = pymongo.MongoClient('mongodb://127.0.0.1:$port/').d.keys
c.insert_one({'_id': 1, 'a': 1, 'b': 1, 'tags': ['x']})
c.create_index([('a', 1), ('b', 1)], unique=True)
c.create_index('tags', unique=True, sparse=True)));
$node->safe_psql('postgres', q(CREATE FOREIGN TABLE keys (_id int, a numeric, b int, tags text[]) SERVER tx OPTIONS (database 'd', collection 'keys')));
$skipped = run_sql(q(BEGIN; INSERT INTO keys VALUES (2, 1, 1, '{p}'), (3, 1, 2, '{q}'), (4, 1.0, 2, '{r}'), (5, 5, 5, '{x,y}'), (6, 6, 6, '{s,t}'), (7, 7, 7, '{u,s}'), (8, 8, 8, NULL), (9, 9, 9, NULL)
    ON CONFLICT DO NOTHING; COMMIT; SELECT string_agg(_id::text, ',' ORDER BY _id) FROM keys;));
is($skipped->{err} . $skipped->{out}, '1,3,6,8,9', 'other unique keys are looked up, and may repeat');
# What only the server can compare is found out by it, and ends the transaction.
PostgreSQL::Test::Utils::system_or_bail("$ENV{SECANTUS_HOME}/bin/python", '-c', qq(
import pymongo
c = pymongo.MongoClient('mongodb://127.0.0.1:$port/').d.partial
c.insert_one({'_id': 1, 'a': 5})
c.create_index('a', unique=True, partialFilterExpression={'a': {'\$gt': 3}})));
$node->safe_psql('postgres', q(CREATE FOREIGN TABLE partial (_id int, a int) SERVER tx OPTIONS (database 'd', collection 'partial'); CREATE FOREIGN TABLE partial_plain (_id int, a int) SERVER plain OPTIONS (database 'd', collection 'partial')));
like(run_sql(q(BEGIN; INSERT INTO partial VALUES (2, 1), (3, 5) ON CONFLICT DO NOTHING; COMMIT;))->{err}, qr/ERROR:  40001: duplicate key in "d.partial"\nDETAIL:  .*row 2 of a batch of 2, with _id 3.*the transaction on the server is aborted/, 'keys of a partial index');
is(run_sql(q(INSERT INTO partial_plain VALUES (2, 1), (3, 5), (4, 1) ON CONFLICT DO NOTHING; SELECT string_agg(_id::text, ',' ORDER BY _id) FROM partial;))->{out}, '1,2,4', 'are counted as usual outside of one');
is(run_sql(q(BEGIN; INSERT INTO fresh SELECT g % 10, 'x' FROM generate_series(1, 30) g ON CONFLICT DO NOTHING; COMMIT; SELECT count(*) FROM fresh;))->{err}, '', 'a collection that is still to be made has keys as well') if $node->safe_psql('postgres', q(CREATE FOREIGN TABLE fresh (_id int, v text) SERVER tx OPTIONS (database 'd', collection 'fresh'); SELECT 1));
$node->safe_psql('postgres', q(CREATE FOREIGN TABLE sure (_id int, v text) SERVER tx OPTIONS (database 'd', collection 'sure', write_concern 'majority')));
is(run_sql(q(BEGIN; INSERT INTO sure VALUES (1, 'a') RETURNING v; UPDATE sure SET v = v || 'b' RETURNING v; DELETE FROM sure RETURNING v; COMMIT;))->{err}, '', 'a write concern belongs to the commit');

# Documents that vanish between the read and the write.
$node->safe_psql('postgres', q(
    CREATE FOREIGN TABLE few (_id int, v text) SERVER plain OPTIONS (database 'd', collection 'few');
    CREATE FOREIGN TABLE few1 (_id int, v text) SERVER plain OPTIONS (database 'd', collection 'few', batch_size '1');
    CREATE FUNCTION vanish(k int, gone int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN IF k = 1 THEN DELETE FROM few WHERE _id = gone; END IF; RETURN 'x'; END $$;
    INSERT INTO few SELECT g, 'a' FROM generate_series(1, 5) g;));
like(run_sql(q(UPDATE few SET v = vanish(_id, 3)))->{err}, qr/ERROR:  40001: documents of "d.few" have vanished.*\nDETAIL:  Of a batch of 5, 1 was not found: one has _id 3\. 4 documents of this statement were written\./,
    'a document that has vanished is named');
like(run_sql(q(DELETE FROM few WHERE vanish(_id, 4) = 'x'))->{err}, qr/ERROR:  40001: .*\nDETAIL:  Of a batch of 4, 1 was not found: the batch begins with _id 1\./, 'of deletes, the batch');
is(run_sql(q(INSERT INTO few VALUES (1, 'a'), (2, 'a'), (3, 'a'); WITH u AS (UPDATE few1 SET v = vanish(_id, 3) RETURNING 1) SELECT count(*) FROM u))->{out}, '2', 'batch_size 1 counts none for it');

# PREPARE ends what has only read.
$node->append_conf('postgresql.conf', 'max_prepared_transactions = 2');
$node->restart;
add_server($node, 'snap', "mongodb://127.0.0.1:$port/", "transaction 'session', read_concern 'snapshot', server_selection_timeout '3s'");
$node->safe_psql('postgres', q(CREATE FOREIGN TABLE shot (_id int, v text) SERVER snap OPTIONS (database 'd', collection 'x')));
is(run_sql(q(BEGIN; SELECT count(*) > 0 FROM shot; PREPARE TRANSACTION 'read'; ROLLBACK PREPARED 'read'; SELECT count(*) > 0 FROM shot;))->{out}, "t\nt", 'a transaction that has only read can be prepared');
like(run_sql(q(BEGIN; SELECT count(*) > 0 FROM shot; DELETE FROM shot WHERE _id = 1; PREPARE TRANSACTION 'read';))->{err}, qr/ERROR:  0A000: cannot PREPARE/, 'one that has written cannot');

# The same random statements on a collection and on a local table: the same counts, the same rows.
my $seed = $ENV{SEED} // int(rand(1000000));
note("seed $seed");
srand($seed);
my @values = (
    [ i => 'int', sub { sprintf "(hashint4(k + %d) %% 1000)", int(rand(1e6)) } ],
    [ b => 'bigint', sub { sprintf "(hashint8(k + %d)::bigint * 4294967296 + k)", int(rand(1e6)) } ],
    [ f => 'float8', sub { sprintf "(hashint4(k + %d) / 7.0::float8)", int(rand(1e6)) } ],
    [ n => 'numeric', sub { sprintf "(hashint4(k + %d)::numeric / 1000 - 5)", int(rand(1e6)) } ],
    [ t => 'text', sub { sprintf "left(md5((k + %d)::text), k %% 9) || 'é'", int(rand(1e6)) } ],
    [ o => 'boolean', sub { sprintf "(hashint4(k + %d) %% 2 = 0)", int(rand(1e6)) } ],
    [ d => 'timestamptz', sub { sprintf "('2000-01-01 00:00:00+00'::timestamptz + hashint4(k + %d) * interval '1.001 second')", int(rand(1e6)) } ],
    [ a => 'int[]', sub { sprintf "array[k, NULL, hashint4(k + %d)]", int(rand(1e6)) } ],
    [ j => 'jsonb', sub { sprintf "jsonb_build_object('k', k, 'l', jsonb_build_array(%d, null, 0.5, 'x'))", int(rand(1e6)) } ],
    [ u => 'uuid', sub { sprintf "md5((k + %d)::text)::uuid", int(rand(1e6)) } ],
    [ y => 'bytea', sub { sprintf "decode(md5((k + %d)::text), 'hex')", int(rand(1e6)) } ],
    [ s => 'smallint', sub { sprintf "(hashint4(k + %d) %% 30000)::smallint", int(rand(1e6)) } ],
    [ r => 'real', sub { sprintf "(hashint4(k + %d) / 7.0::float8)::real", int(rand(1e6)) } ],
    [ da => 'date', sub { sprintf "('1999-12-31'::date + hashint4(k + %d) %% 40000)", int(rand(1e6)) } ],
    [ ts => 'timestamp', sub { sprintf "('1969-12-31 23:59'::timestamp + hashint4(k + %d) * interval '0.007 second')", int(rand(1e6)) } ],
    [ vc => 'varchar(40)', sub { sprintf "left(md5((k + %d)::text), 5)::varchar(40)", int(rand(1e6)) } ],
    [ e => 'mood', sub { sprintf "(ARRAY['sad', 'ok', 'happy']::mood[])[1 + abs(hashint4(k + %d)) %% 3]", int(rand(1e6)) } ],
    [ dm => 'positive', sub { sprintf "abs(hashint4(k + %d) %% 1000)::positive", int(rand(1e6)) } ],
    [ co => 'pair', sub { sprintf "ROW(k, left(md5((k + %d)::text), 3), NULL)::pair", int(rand(1e6)) } ],
    [ ca => 'pair[]', sub { sprintf "ARRAY[ROW(k, 'x', ARRAY[k]), ROW(%d, NULL, NULL)]::pair[]", int(rand(1e6)) } ],
    [ oi => 'mongo.objectid', sub { sprintf "left(md5((k + %d)::text), 24)::mongo.objectid", int(rand(1e6)) } ],
    [ na => 'numeric[]', sub { sprintf "ARRAY[k / 8.0, NULL, %d]::numeric[]", int(rand(1e6)) } ],
    [ p => "text OPTIONS (path 'deep.er')", sub { sprintf "md5((k * %d)::text)", int(rand(100)) } ],
);
sub random_value { my ($row) = @_; return rand() < 0.2 ? 'NULL::' . ($row->[1] =~ /^(\S+)/)[0] : $row->[2]->() }
# A value that MongoDB can compute, or the same for all rows.
my %changes = (i => [ '7', 'i + 3', 'coalesce(i, 0) - length(t)', '(i * 2) % 1000', 's' ], b => [ 'b / 2 + i', 'abs(b / 3)' ], f => [ 'f / 4', 'sqrt(abs(f))' ], o => [ 'NOT o', 'i > 5 OR o' ],
    t => [ "t || 'z'", q(CASE WHEN o THEN 'x' ELSE t END) ], d => [ q(d + interval '36 hours') ], s => [ '5', 's / 2::smallint' ], n => [ 'n + 1' ]);
sub random_change { my ($row) = @_; my $of = $changes{ $row->[0] }; return $of && rand() < 0.8 ? $of->[rand @$of] : 'NULL' }
sub random_condition {
    my @conditions = ('k % 3 = 0', 'i < 100', 'i IS NULL', "t LIKE 'a%'", 'o', 'NOT o', "e = 'sad'", 's > 0', "da < '2000-01-01'", 'dm IS NOT NULL', 'n > 0', sprintf('k BETWEEN %d AND %d', sort { $a <=> $b } int(rand(400)), int(rand(400))),
        sprintf('k = %d', int(rand(400))), 'b < 0 OR f > 0', "d > '2000-01-01'", 'k IN (SELECT k % 50 FROM TABLE)');
    return $conditions[rand @conditions];
}
my $columns = join ', ', map { "$_->[0] $_->[1]" } @values;
(my $plain_columns = $columns) =~ s/ OPTIONS \(.*?\)//g;
$node->safe_psql('postgres', qq(
    CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
    CREATE DOMAIN positive AS int CHECK (VALUE >= 0);
    CREATE TYPE pair AS (n int, t text, list int[]);
    CREATE FOREIGN TABLE there (k int OPTIONS (path '_id'), $columns) SERVER plain OPTIONS (database 'd', collection 'there', batch_size '37');
    CREATE TABLE here (k int PRIMARY KEY, $plain_columns);
    CREATE FUNCTION run(statement text, relation text) RETURNS bigint LANGUAGE plpgsql AS \$\$
    DECLARE n bigint; BEGIN EXECUTE replace(statement, 'TABLE', relation); GET DIAGNOSTICS n = ROW_COUNT; RETURN n; END \$\$));
my @statements;
for my $round (1 .. 40) {
    my $kind = $round < 4 ? 0 : int(rand(5));
    my @set = grep { rand() < 0.4 } @values;
    @set = ($values[0]) unless @set;
    my $from = int(rand(300));
    push @statements,
          $kind == 0 ? 'INSERT INTO TABLE SELECT k, ' . join(', ', map { random_value($_) } @values) . sprintf(' FROM generate_series(%d, %d) k WHERE k NOT IN (SELECT k FROM TABLE)', $from, $from + 150)
        : $kind == 1 ? 'INSERT INTO TABLE SELECT k, ' . join(', ', map { random_value($_) } @values) . sprintf(' FROM generate_series(%d, %d) k ON CONFLICT DO NOTHING', $from, $from + 60)
        : $kind == 2 ? 'DELETE FROM TABLE WHERE ' . random_condition() . ' AND k % 4 = 0'
        : 'UPDATE TABLE SET ' . join(', ', map { "$_->[0] = " . (rand() < 0.3 ? random_change($_) : random_value($_)) } @set) . ' WHERE ' . random_condition();
}
my @differing;
for my $statement (@statements) {
    my $counts = $node->safe_psql('postgres', "SELECT run(\$s\$$statement\$s\$, 'here') || ' ' || run(\$s\$$statement\$s\$, 'there')");
    my $rows = $node->safe_psql('postgres', '(TABLE here EXCEPT ALL TABLE there) UNION ALL (TABLE there EXCEPT ALL TABLE here) LIMIT 3');
    push @differing, "$statement\n$counts\n$rows" unless $counts =~ /^(\d+) \1$/ && $rows eq '';
    last if @differing;
}
is(join("\n", @differing), '', "40 random statements do the same here and there, seed $seed");

# A backend that is terminated tells the server.
my $session = session($node, q(BEGIN; INSERT INTO x VALUES (70, 'gone'); SELECT pg_sleep(60)));
wait_for(sub { $node->safe_psql('postgres', q(SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep')) eq '1' }, 20);
$node->safe_psql('postgres', q(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'));
eval { $session->{handle}->finish };
is(run_sql(q(INSERT INTO x VALUES (70, 'there'); SELECT v FROM seen WHERE _id = 70))->{out}, 'there', 'the transaction of a terminated backend holds nothing');

# The server dies between batches: what is reported is what is there.
$node->safe_psql('postgres', q(CREATE FOREIGN TABLE many (_id int, v text) SERVER plain OPTIONS (database 'd', collection 'many', batch_size '50')));
$session = session($node, q(INSERT INTO many SELECT g, repeat('x', 100) FROM generate_series(1, 100000) g WHERE pg_sleep(0.0005) IS NOT NULL));
Time::HiRes::sleep(1.5);
$server->kill_kill(grace => 0);
eval { $session->{handle}->finish };
like($session->{err}, qr/ERROR:  (08006: lost the connection|08001: could not connect) to server "plain" (while writing|to write)/, 'killed in mid-statement');
my ($reported) = $session->{err} =~ /(\d+) documents of this statement were written/;
my $more = $session->{err} =~ /up to (\d+) more/ ? $1 : 0; # none, where the connection was found closed before a batch
$server = start_secantus($port, $dir);
my $count = $node->safe_psql('postgres', 'SELECT count(*) FROM many');
cmp_ok($reported, '>', 0, 'it had written');
ok($count >= $reported && $count <= $reported + $more, "$count documents are there, $reported and up to $more more were reported");
like($session->{err}, qr/WARNING.*the rollback does not undo.*"plain": $reported documents/, 'and warned of');
is(run_sql(q(INSERT INTO many VALUES (0, 'again'); SELECT v FROM many WHERE _id = 0))->{out}, 'again', 'the next statement has a new connection');

# The server dies inside a transaction.
my ($doomed) = (session($node, q(BEGIN; INSERT INTO x VALUES (80, 'x'); SELECT pg_sleep(4); INSERT INTO x VALUES (81, 'x'); COMMIT;)));
Time::HiRes::sleep(1.5);
$server->kill_kill(grace => 0);
$server = start_secantus($port, $dir);
eval { $doomed->{handle}->finish };
like($doomed->{err}, qr/ERROR:  40001/, 'its transaction is lost, not half written');
is($node->safe_psql('postgres', 'SELECT count(*) FROM seen WHERE _id IN (80, 81)'), '0', 'nothing of it is there');
$server->signal('TERM');
$server->finish;
done_testing();
