-- The option table: scopes, values, hints.
\set VERBOSITY default
CREATE SERVER bad FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (adress 'x');
CREATE SERVER bad FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (port '0');
CREATE SERVER bad FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (port 'x');
CREATE SERVER bad FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (ssl 'maybe');
CREATE SERVER bad FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri 'mongodb://ann:secret@h/');
\set VERBOSITY terse
CREATE SERVER bad FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri 'http://h/');
\set VERBOSITY default
CREATE SERVER bad FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri 'mongodb://h/', address 'h');
-- Options that the driver ignores are said, once each, without their values.
CREATE SERVER ignored FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri 'mongodb://h/?maxPoolSise=1&appName=x&waitQueue=1');
ALTER SERVER ignored OPTIONS (SET uri 'mongodb://h/?appName=x');
ALTER SERVER ignored OPTIONS (SET uri 'mongodb://h/?passwort=secret');
DROP SERVER ignored;
CREATE SERVER bad FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (fetch_bytes '1');
CREATE SERVER bad FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (connect_timeout 'soon');
CREATE SERVER bad FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (read_preference 'first');
CREATE SERVER bad FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (username 'u');
CREATE SERVER bad FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (database '');
CREATE FOREIGN TABLE bad (a int) SERVER mongodb OPTIONS (pipeline '[{"$match": {}}, {"$out": "x"}]');
CREATE FOREIGN TABLE bad (a int) SERVER mongodb OPTIONS (pipeline '[{"$lookup": {"from": "x", "pipeline": [{"$merge": {}}], "as": "y"}}]');
CREATE FOREIGN TABLE bad (a int) SERVER mongodb OPTIONS (pipeline '{"$match": {}}');
CREATE FOREIGN TABLE bad (a int) SERVER mongodb OPTIONS (pipeline '[1]');
\set VERBOSITY terse
CREATE FOREIGN TABLE bad (a int) SERVER mongodb OPTIONS (pipeline '[');
\set VERBOSITY default
CREATE FOREIGN TABLE bad (a int) SERVER mongodb OPTIONS (unwind '');
CREATE FOREIGN TABLE bad (a int) SERVER mongodb OPTIONS (on_conversion_error 'ignore');
CREATE FOREIGN TABLE bad (a int OPTIONS (path '[]')) SERVER mongodb;
CREATE FOREIGN TABLE bad (a int OPTIONS (path '[1]')) SERVER mongodb;
CREATE FOREIGN TABLE bad (a int OPTIONS (path 'a', column_name 'a')) SERVER mongodb;
CREATE FOREIGN TABLE bad (a int OPTIONS (role 'king')) SERVER mongodb;
CREATE FOREIGN TABLE bad (a int OPTIONS (role 'doc', path 'a')) SERVER mongodb;
CREATE FOREIGN TABLE bad (a int OPTIONS (bson_type 'binary:256')) SERVER mongodb;
CREATE FOREIGN TABLE bad (a int OPTIONS (collection 'x')) SERVER mongodb;
CREATE FOREIGN DATA WRAPPER other HANDLER mongo.mongo_fdw_cpp_handler VALIDATOR mongo.mongo_fdw_cpp_validator OPTIONS (x '1');
CREATE USER MAPPING FOR CURRENT_USER SERVER mongodb OPTIONS (user 'u');
-- All of EnterpriseDB's options are taken where it takes them.
CREATE SERVER edb FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (
    address '127.0.0.1', port '27017', use_remote_estimate 'false', read_preference 'primary',
    authentication_database 'admin', replica_set 'rs', ssl 'false', pem_file '/nowhere', pem_pwd 'x', ca_file '/nowhere',
    ca_dir '/nowhere', crl_file '/nowhere', weak_cert_validation 'false', enable_join_pushdown 'true',
    enable_aggregate_pushdown 'true', enable_order_by_pushdown 'true', compatibility 'edb');
CREATE USER MAPPING FOR PUBLIC SERVER edb OPTIONS (username 'u', password 'p@ss:/word%');
CREATE FOREIGN TABLE edb_table (_id name, a integer, "b.c" text, __doc json) SERVER edb OPTIONS (
    database 'db', collection 'c', enable_join_pushdown 'true', enable_aggregate_pushdown 'true', enable_order_by_pushdown 'true');
DROP SERVER edb CASCADE;
-- Roles check their types when the table is used.
CREATE FOREIGN TABLE bad (__errors text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'people');
SELECT * FROM bad;
DROP FOREIGN TABLE bad;
CREATE FOREIGN TABLE bad (_id text, __ord int) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'people');
SELECT * FROM bad;
DROP FOREIGN TABLE bad;
CREATE FOREIGN TABLE bad (_id text, a int) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', on_conversion_error 'collect');
SELECT * FROM bad;
DROP FOREIGN TABLE bad;
-- The functions and comments of the schema.
SELECT p.oid::regprocedure AS without_comment FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e'
    WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'mongo_fdw_cpp')
      AND obj_description(p.oid, 'pg_proc') IS NULL AND p.proname !~ '^objectid_' ORDER BY 1;
SELECT mongo.version();
