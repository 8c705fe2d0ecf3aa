-- Rules for users who are no superusers, and whose mapping counts.
\getenv uri MONGO_URI
SET client_min_messages = warning;
CREATE ROLE regress_mongo_user;
CREATE ROLE regress_mongo_owner;
GRANT USAGE ON FOREIGN DATA WRAPPER mongo_fdw_cpp TO regress_mongo_user, regress_mongo_owner;
GRANT USAGE ON FOREIGN SERVER mongodb TO regress_mongo_owner;
GRANT CREATE ON SCHEMA public TO regress_mongo_user, regress_mongo_owner;
SET ROLE regress_mongo_user;
CREATE SERVER mine FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (ca_file '/etc/passwd');
CREATE SERVER mine FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (pem_file '/etc/passwd');
CREATE SERVER mine FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri 'mongodb://h/?tls=true&tlsCAFile=/etc/passwd');
CREATE SERVER mine FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri 'mongodb://h/?tls=true&tlsCertificateKeyFile=/etc/passwd');
CREATE SERVER mine FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (auth_mechanism 'GSSAPI');
CREATE SERVER mine FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri 'mongodb://%2Ftmp%2Fmongodb-27017.sock');
CREATE SERVER mine FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri 'mongodb://h,%2Ftmp%2Fmongodb-27017.sock/?appName=x');
CREATE SERVER mine FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (address 'h/?tls=true&tlsCAFile=/etc/passwd&appname=x');
CREATE SERVER mine FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (address 'ann:sesame@h');
CREATE SERVER mine FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri 'mongodb://h/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:sesame');
CREATE SERVER mine FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri 'mongodb://h/?tls=true&tlsCertificateKeyFilePassword=sesame');
CREATE SERVER mine FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri :'uri', server_selection_timeout '1s');
CREATE USER MAPPING FOR regress_mongo_user SERVER mine OPTIONS (password_required 'false');
CREATE USER MAPPING FOR regress_mongo_user SERVER mine OPTIONS (username 'u');
CREATE FOREIGN TABLE mine_people (_id text) SERVER mine OPTIONS (database 'mongo_fdw_cpp_test', collection 'people');
SELECT * FROM mine_people;
-- A password that nobody asks for does not count.
ALTER USER MAPPING FOR regress_mongo_user SERVER mine OPTIONS (ADD password 'dummy', DROP username);
SELECT * FROM mine_people;
ALTER USER MAPPING FOR regress_mongo_user SERVER mine OPTIONS (ADD username 'u', ADD auth_mechanism 'MONGODB-X509');
SELECT * FROM mine_people;
ALTER USER MAPPING FOR regress_mongo_user SERVER mine OPTIONS (DROP password, DROP auth_mechanism);
ALTER USER MAPPING FOR regress_mongo_user SERVER mine OPTIONS (ADD uri 'mongodb://ann:sesame@127.0.0.1:1/', DROP username);
SELECT split_part(error_of('SELECT * FROM mine_people'), E'\n', 1);
SELECT error_of('SELECT * FROM mine_people') ~ 'sesame' AS shown;
SELECT error_of($$ALTER USER MAPPING FOR regress_mongo_user SERVER mine OPTIONS (SET uri 'mongodb://ann:sesame@@h:x/')$$);
RESET ROLE;
-- The superuser waives the password; without the mapping's waiver the user stays out.
ALTER USER MAPPING FOR regress_mongo_user SERVER mine OPTIONS (DROP uri, ADD password_required 'false');
SET ROLE regress_mongo_user;
SELECT count(*) FROM mine_people;
-- A mapping that a superuser opened cannot be changed to another's file.
ALTER USER MAPPING FOR regress_mongo_user SERVER mine OPTIONS (ADD pem_file '/etc/passwd');
SELECT error_of($$SELECT mongo.query('mongodb', 'mongo_fdw_cpp_test', 'people', '[]')$$);
RESET ROLE;
-- Views: the owner's mapping counts.
CREATE SERVER owned FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri :'uri');
GRANT USAGE ON FOREIGN SERVER owned TO regress_mongo_owner;
CREATE USER MAPPING FOR regress_mongo_owner SERVER owned OPTIONS (password_required 'false');
SET ROLE regress_mongo_owner;
CREATE FOREIGN TABLE owned_people (_id text, name text) SERVER owned OPTIONS (database 'mongo_fdw_cpp_test', collection 'people');
CREATE VIEW owned_view AS SELECT name FROM owned_people;
GRANT SELECT ON owned_view, owned_people TO regress_mongo_user;
RESET ROLE;
SET ROLE regress_mongo_user;
SELECT count(*) FROM owned_view;
SELECT split_part(error_of('SELECT * FROM owned_people'), ':', 2) ~ 'user mapping not found' AS refused;
SELECT server_name FROM mongo.connections() ORDER BY 1;
RESET ROLE;
SELECT server_name, user_name FROM mongo.connections() WHERE server_name <> 'mongodb' ORDER BY 1;
DROP SERVER mine, owned CASCADE;
DROP OWNED BY regress_mongo_user, regress_mongo_owner;
DROP ROLE regress_mongo_user, regress_mongo_owner;
