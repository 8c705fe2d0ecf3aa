# Plans of views and time series, whose rows have no key of their own, and a dump of tables that refer to each other.
use strict;
use warnings;
use lib 't';
use PostgreSQL::Test::Utils;
use Replay;
use Test::More;

plan skip_all => 'no compatible server at hand' unless $ENV{SECANTUS_HOME} && -x "$ENV{SECANTUS_HOME}/bin/python";
my $dir = PostgreSQL::Test::Utils::tempdir();
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $server = start_secantus($port, $dir);
my $node = new_node();
run_python(q(
import sys, pymongo, datetime
c = pymongo.MongoClient(sys.argv[1], serverSelectionTimeoutMS=20000)
users = [{"_id": "u%d" % i, "name": "user %d" % i} for i in range(30)]
orders = [{"_id": i, "user_id": "u%d" % (i % 30), "sum": i * 10, "items": [{"sku": "s%d" % j, "parts": [{"n": j}]} for j in range(i % 4)]} for i in range(40)]
c.shop.users.insert_many(users)
c.shop.orders.insert_many(orders)
c.shop.create_collection("large", viewOn="orders", pipeline=[{"$match": {"sum": {"$gte": 200}}}])
c.shop.create_collection("readings", timeseries={"timeField": "at", "metaField": "of"})
c.shop.readings.insert_many([{"at": datetime.datetime(2026, 1, 1 + i), "of": {"sensor": i % 2}, "v": i} for i in range(6)])
), "mongodb://127.0.0.1:$port/");
add_server($node, 'shop', "mongodb://127.0.0.1:$port/");

sub run { return $node->safe_psql('postgres', $_[0]) }

# Applies a plan and moves the rows of its tables, parents first.
sub move {
    my ($plan) = @_;
    run("SET client_min_messages = warning; CALL mongo.apply_plan('$plan', '{source,target}')");
    for my $table (split /\n/, run("SELECT name FROM mongo.plan_table WHERE plan = '$plan' AND enabled ORDER BY position")) {
        my $columns = run("SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'target.$table'::regclass AND attnum > 0 AND attidentity = ''");
        run("INSERT INTO target.$table ($columns) SELECT $columns FROM (" . run("SELECT mongo.source_query('$plan', '$table')") . ") AS s");
    }
    run("CALL mongo.apply_plan('$plan', '{constraints,indexes,comments}')");
}

# Views are planned where they are named.
is(run(q(SELECT table_name FROM mongo.create_plan('all_of_it', 'shop', 'shop', 'target', source_schema => 'origin', sample => 0) ORDER BY 1)),
    "orders\norders_items\norders_items_parts\nreadings\nusers", 'a plan without names has no view');
is(run(q(SELECT name, key FROM mongo.plan_table WHERE plan = 'all_of_it' AND name = 'readings')), 'readings|none', 'a time series has no key');
run(q(CALL mongo.drop_plan('all_of_it')));

run(q(SELECT mongo.create_plan('p', 'shop', 'shop', 'target', source_schema => 'origin', collections => '{users,orders,large,readings}', sample => 0)));
is(run(q(SELECT name, key FROM mongo.plan_table WHERE plan = 'p' AND parent IS NULL ORDER BY 1)), "large|none\norders|text\nreadings|none\nusers|text", 'one that names them has');
is(run(q(SELECT count(*) FROM mongo.plan_table WHERE plan = 'p' AND parent = 'large' AND enabled)), '0', 'no table is made below a view: its rows have nothing to be referred to by');
move('p');
is(run('SELECT count(*), count(DISTINCT id), sum(sum) FROM target.large'), '20|20|5900', 'the rows of the view, each with a number');
is(run('SELECT count(*), count(DISTINCT id), sum(v) FROM target.readings'), '6|6|15', 'the rows of the time series');
is(run(q(SELECT sum(jsonb_array_length(l.extra -> 'items')) FROM target.large AS l)), run(q(SELECT count(*) FROM target.orders_items i JOIN target.orders o ON o.id = i.orders_id WHERE o.sum >= 200)), 'arrays of the view are in its rest column');
is(run(q(SELECT count(*) FROM target.orders_items_parts)), '60', 'the rows of tables two levels down');

# Tables with parents and foreign keys, dumped and restored where there is no extension.
my $shape = q(SELECT conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'target'::regnamespace ORDER BY 1, 2);
my $rows = q(SELECT count(*), sum(o.sum) FROM target.orders o JOIN target.users u ON u.id = o.user_id JOIN target.orders_items i ON i.orders_id = o.id JOIN target.orders_items_parts p USING (orders_id));
my ($shape_before, $rows_before) = (run($shape), run($rows));
like($shape_before, qr/FOREIGN KEY \(user_id\) REFERENCES target\.users\(id\)/, 'a reference is a foreign key');
like($shape_before, qr/target\.orders_items_parts\|FOREIGN KEY/, 'and so is a parent');
run(q(CALL mongo.drop_plan('p', source_tables => true)));
$node->command_ok([ 'pg_dump', '-p', $node->port, '-h', $node->host, '-n', 'target', '-f', "$dir/dump.sql", 'postgres' ], 'the target is dumped');
unlike(slurp_file("$dir/dump.sql"), qr/mongo\.|mongo_fdw/, 'without a word about the extension');
$node->safe_psql('postgres', 'CREATE DATABASE plain');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-p', $node->port, '-h', $node->host, '-d', 'plain', '-f', "$dir/dump.sql" ], 'and restored');
is($node->safe_psql('plain', $shape), $shape_before, 'with its constraints');
is($node->safe_psql('plain', $rows), $rows_before, 'and its rows');
$server->signal('TERM');
$server->finish;
done_testing();
