# A compatible server as a process: killed in mid-cursor, credentials with any character, both SCRAMs, X.509 over TLS.
# Needs its binary.
use strict;
use warnings;
use lib 't';
use Cwd ();
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Replay;
use Test::More;

plan skip_all => 'no compatible server at hand' unless $ENV{SECANTUS_HOME} && -x "$ENV{SECANTUS_HOME}/bin/python";
my $dir = PostgreSQL::Test::Utils::tempdir();

my $node = new_node();
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $server = start_secantus($port, $dir);
run_python(q(
import sys, pymongo
c = pymongo.MongoClient(sys.argv[1], serverSelectionTimeoutMS=20000)
c.d.many.insert_many([{"_id": i, "t": "x" * 200} for i in range(20000)])
c.admin.command("createUser", "old", pwd="secret", roles=[{"role": "root", "db": "admin"}], mechanisms=["SCRAM-SHA-1"])
c["$external"].command("createUser", "CN=reader,O=tests", roles=[{"role": "root", "db": "admin"}], mechanisms=["MONGODB-X509"])
c.hidden.salaries.insert_one({"_id": 1})
c.d.few.insert_many([{"_id": i, "b": i < 3, "o": i} for i in range(5)])
c.d.create_collection("few_folded", viewOn="few", pipeline=[], collation={"locale": "en", "strength": 2})
c.admin.command("createUser", "limited", pwd="secret", roles=[{"role": "read", "db": "d"}])
c.admin.command("createUser", "ann@x:/?", pwd="p@ss:/?#[]%25", roles=[{"role": "root", "db": "admin"}])
), "mongodb://127.0.0.1:$port/");
add_server($node, 'real', "mongodb://127.0.0.1:$port/", "server_selection_timeout '2s'");
$node->safe_psql('postgres', "CREATE FOREIGN TABLE many (_id int, t text) SERVER real OPTIONS (database 'd', fetch_size '100')");
is($node->safe_psql('postgres', 'SELECT count(*) FROM many'), '20000', 'all rows');
$node->safe_psql('postgres', "CREATE FOREIGN TABLE explained (_id int, t text) SERVER real OPTIONS (database 'd', collection 'many', use_remote_estimate 'true')");
like($node->safe_psql('postgres', 'EXPLAIN SELECT * FROM explained WHERE _id < 123'), qr/rows=123 /, 'use_remote_estimate: rows by the explain of the server');
like($node->safe_psql('postgres', 'SET plan_cache_mode = force_generic_plan; PREPARE p(int) AS SELECT * FROM explained WHERE _id < $1; EXPLAIN EXECUTE p(123)'),
    qr/rows=6667 /, 'not for values that are not known yet');
# A view has one collation for all: texts are compared here, those that a condition makes of other values as well.
$node->safe_psql('postgres', "CREATE FOREIGN TABLE few_folded (_id int, b boolean, o int) SERVER real OPTIONS (database 'd', on_conversion_error 'null')");
for my $condition (q(b::text = 'TRUE'), q(o::text || 'a' = '1A'), q(CASE WHEN o > 1 THEN 'a' ELSE 'b' END = 'A')) {
    is($node->safe_psql('postgres', "SELECT count(*) FROM few_folded WHERE $condition"), '0', "$condition over a view with a collation");
    like($node->safe_psql('postgres', "EXPLAIN (ANALYZE, VERBOSE) SELECT _id FROM few_folded WHERE $condition"), qr/Recheck: the view has a collation of its own, the pushed conditions were evaluated here/, 'is evaluated here');
}
my $session = session($node, 'SELECT count(*), sum(length(t)) FROM many, pg_sleep(0) WHERE pg_sleep(0.0005) IS NOT NULL');
Time::HiRes::sleep(1.0);
$server->kill_kill(grace => 0);
$session->{handle}->finish;
like($session->{err}, qr/ERROR:  08006: lost the connection/, 'killed in mid-cursor: an error');
is($session->{out}, '', 'and no result');
$server = start_secantus($port, $dir);
is($node->safe_psql('postgres', 'SELECT count(*) FROM many'), '20000', 'back again');
$server->signal('TERM');
$server->finish;

$server = start_secantus($port, $dir, '--auth');
my ($code, $out, $err) = $node->psql('postgres', 'SELECT count(*) FROM many', extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/42501.*Code 13|28000|28P01/s, 'without credentials');
$node->safe_psql('postgres', q(ALTER USER MAPPING FOR PUBLIC SERVER real OPTIONS (ADD username 'ann@x:/?', ADD password 'p@ss:/?#[]%25', ADD auth_source 'admin')));
is($node->safe_psql('postgres', 'SELECT count(*) FROM many'), '20000', 'SCRAM with a password of any characters');
$node->safe_psql('postgres', q(ALTER USER MAPPING FOR PUBLIC SERVER real OPTIONS (SET password 'wrong')));
($code, $out, $err) = $node->psql('postgres', 'SELECT count(*) FROM many', extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/28P01: authentication with server "real" failed/, 'wrong password');
$node->safe_psql('postgres', q(ALTER USER MAPPING FOR PUBLIC SERVER real OPTIONS (SET username 'old', SET password 'secret', ADD auth_mechanism 'SCRAM-SHA-1')));
is($node->safe_psql('postgres', 'SELECT count(*) FROM many'), '20000', 'SCRAM-SHA-1');
$node->safe_psql('postgres', q(ALTER USER MAPPING FOR PUBLIC SERVER real OPTIONS (SET auth_mechanism 'SCRAM-SHA-256')));
($code, $out, $err) = $node->psql('postgres', 'SELECT count(*) FROM many', extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/28P01: authentication with server "real" failed/, 'a user without SCRAM-SHA-256');
$server->signal('TERM');
$server->finish;

# A user who may read one database: the others are rows with a note, or are not shown; a profile of them is 42501.
$server = start_secantus($port, $dir, '--auth');
$node->safe_psql('postgres', q(ALTER USER MAPPING FOR PUBLIC SERVER real OPTIONS (SET username 'limited', SET password 'secret', DROP auth_mechanism)));
is($node->safe_psql('postgres', q(SELECT collection, kind, documents FROM mongo.catalog('real', 'd') WHERE collection = 'many')), 'many|collection|20000', 'the catalog of a database with rights');
is($node->safe_psql('postgres', q(SELECT database, collection, kind, note ~ 'code 13' FROM mongo.catalog('real', 'hidden'))), 'hidden||database|t', 'and of one without: a row with a note');
($code, $out, $err) = $node->psql('postgres', q(SELECT * FROM mongo.profile('real', 'hidden', 'salaries')), extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/ERROR:  42501: .*Code 13/s, 'a profile without rights');
($code, $out, $err) = $node->psql('postgres', q(CREATE SCHEMA h; IMPORT FOREIGN SCHEMA hidden FROM SERVER real INTO h), extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/ERROR:  42501: .*Code 13/s, 'an import without rights');
$node->safe_psql('postgres', q(CREATE FOREIGN TABLE salaries (_id int) SERVER real OPTIONS (database 'hidden')));
is($node->safe_psql('postgres', 'EXPLAIN (COSTS OFF) SELECT 1 FROM salaries WHERE false') =~ /Result/ ? 1 : 0, 1, 'planning without rights is no error');
like($node->safe_psql('postgres', 'EXPLAIN SELECT * FROM salaries'), qr/rows=1000 /, 'and guesses');
$server->signal('TERM');
$server->finish;

# X.509: who presents the certificate is the user that it names.
my $tls = Cwd::abs_path($dir) . '/tls';
mkdir $tls;
my @openssl = ('openssl', 'req', '-newkey', 'rsa:2048', '-nodes', '-days', '2');
system_or_bail(@openssl, '-x509', '-keyout', "$tls/ca.key", '-out', "$tls/ca.pem", '-subj', '/CN=test authority');
for my $name ([ 'server', '/CN=127.0.0.1' ], [ 'reader', '/O=tests/CN=reader' ]) {
    my ($file, $subject) = @$name;
    append_to_file("$tls/$file.ext", "subjectAltName=IP:127.0.0.1\n");
    system_or_bail('openssl', 'req', '-newkey', 'rsa:2048', '-nodes', '-keyout', "$tls/$file.key", '-out', "$tls/$file.csr", '-subj', $subject);
    system_or_bail('openssl', 'x509', '-req', '-in', "$tls/$file.csr", '-CA', "$tls/ca.pem", '-CAkey', "$tls/ca.key", '-CAcreateserial',
        '-out', "$tls/$file.crt", '-days', '2', '-extfile', "$tls/$file.ext");
    append_to_file("$tls/$file.pem", slurp_file("$tls/$file.key") . slurp_file("$tls/$file.crt"));
}
$server = start_secantus($port, $dir, '--auth', '--tls-cert-file', "$tls/server.crt", '--tls-key-file', "$tls/server.key", '--tls-ca-file', "$tls/ca.pem");
$node->safe_psql('postgres', qq(
    CREATE SERVER certified FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri 'mongodb://127.0.0.1:$port/', ca_file '$tls/ca.pem', pem_file '$tls/reader.pem',
        auth_mechanism 'MONGODB-X509', server_selection_timeout '3s');
    CREATE USER MAPPING FOR PUBLIC SERVER certified;
    CREATE FOREIGN TABLE certified_many (_id int) SERVER certified OPTIONS (database 'd', collection 'many')));
is($node->safe_psql('postgres', 'SELECT count(*) FROM certified_many'), '20000', 'X.509');
$node->safe_psql('postgres', "ALTER SERVER certified OPTIONS (DROP pem_file)");
($code, $out, $err) = $node->psql('postgres', 'SELECT count(*) FROM certified_many', extra_params => [ '-v', 'VERBOSITY=verbose' ]);
isnt($err, '', 'without the certificate nobody comes in');
$server->signal('TERM');
$server->finish;
done_testing();
