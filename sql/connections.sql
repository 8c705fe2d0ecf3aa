-- The connection cache.
\getenv uri MONGO_URI
SELECT mongo.disconnect_all() IS NOT NULL AS done;
SELECT count(*) FROM people;
SELECT server_name, user_name, valid, usable, since <= clock_timestamp() AS since FROM mongo.connections();
SELECT mongo.disconnect('mongodb'), mongo.disconnect('mongodb');
SELECT error_of($$SELECT mongo.disconnect('nobody')$$);
SELECT * FROM mongo.connections();
-- A changed server is connected anew; a cursor that is open keeps its connection.
SELECT count(*) FROM people;
BEGIN;
DECLARE c CURSOR FOR SELECT _id FROM many;
MOVE 10 FROM c;
ALTER SERVER mongodb OPTIONS (ADD connect_timeout '5s');
SELECT valid FROM mongo.connections();
SELECT count(*) FROM people;
SELECT valid FROM mongo.connections();
MOVE ALL FROM c;
SELECT mongo.disconnect_all();
COMMIT;
ALTER SERVER mongodb OPTIONS (ADD keep_connections 'off', DROP connect_timeout);
SELECT count(*) FROM people;
SELECT count(*) FROM mongo.connections();
BEGIN;
SELECT count(*) FROM people;
SELECT count(*) FROM mongo.connections();
ALTER SERVER mongodb OPTIONS (DROP keep_connections);
COMMIT;
-- Servers that are not there: an error within the time-out, with the driver's words.
CREATE SERVER gone FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (address '127.0.0.1', port '1', server_selection_timeout '1s', connect_timeout '1s');
CREATE USER MAPPING FOR PUBLIC SERVER gone OPTIONS (password_required 'false');
CREATE FOREIGN TABLE gone_table (_id int) SERVER gone;
EXPLAIN (COSTS OFF) SELECT * FROM gone_table;
SELECT split_part(error_of('SELECT * FROM gone_table'), E'\n', 1);
ALTER FOREIGN TABLE gone_table OPTIONS (ADD use_remote_estimate 'true');
EXPLAIN (COSTS OFF) SELECT * FROM gone_table;
-- No mapping at all.
DROP USER MAPPING FOR PUBLIC SERVER gone;
EXPLAIN (COSTS OFF) SELECT * FROM gone_table;
SELECT split_part(error_of('SELECT * FROM gone_table'), E'\n', 1) LIKE '%user mapping not found%' AS no_mapping;
-- Dropped while connected.
CREATE SERVER brief FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri :'uri');
CREATE USER MAPPING FOR PUBLIC SERVER brief OPTIONS (password_required 'false');
CREATE FOREIGN TABLE brief_table (_id text) SERVER brief OPTIONS (database 'mongo_fdw_cpp_test', collection 'people');
BEGIN;
SELECT count(*) FROM brief_table;
SET LOCAL client_min_messages = warning;
DROP SERVER brief CASCADE;
SELECT server_name, user_name, valid FROM mongo.connections() ORDER BY 1;
COMMIT;
SELECT server_name FROM mongo.connections();
-- Counts for the planner.
CREATE FUNCTION costs_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS 'BEGIN RETURN QUERY EXECUTE ''EXPLAIN '' || query; END';
ALTER FOREIGN TABLE many OPTIONS (ADD use_remote_estimate 'true');
SELECT (regexp_match(q, 'rows=(\d+)'))[1] AS rows FROM (SELECT (SELECT plan FROM costs_of('SELECT * FROM many') plan LIMIT 1) AS q) x;
ALTER FOREIGN TABLE many OPTIONS (DROP use_remote_estimate);
DROP FUNCTION costs_of;
SET client_min_messages = warning;
DROP SERVER gone CASCADE;
