-- ctid, xmin, ... of foreign tables: refused where a query names them, whatever stands in between; the planner's own are not.
\set VERBOSITY terse
CREATE FOREIGN TABLE dd (_id int, v int) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'dd');
TRUNCATE dd;
INSERT INTO dd SELECT g, g % 3 FROM generate_series(1, 6) g;
\set VERBOSITY default
-- The usual way to remove duplicates: every row would go.
DELETE FROM dd a USING dd b WHERE a.ctid < b.ctid AND a.v = b.v;
\set VERBOSITY terse
SELECT count(*) FROM dd;
SELECT ctid FROM dd;
SELECT xmin, cmin, xmax, cmax FROM dd;
SELECT _id FROM dd WHERE xmin::text = '1';
SELECT _id FROM dd ORDER BY ctid;
SELECT count(*) FROM dd GROUP BY ctid;
SELECT d._id FROM (SELECT _id, ctid AS place FROM dd) d WHERE d.place > '(0,0)';
SELECT g, x FROM generate_series(1, 2) g LEFT JOIN LATERAL (SELECT d.xmax AS x FROM dd d WHERE d._id = g) q ON true;
SELECT (SELECT count(*) FROM generate_series(1, 3) g WHERE d.ctid IS NOT NULL) FROM dd d;
SELECT _id FROM dd d WHERE EXISTS (SELECT FROM dd e WHERE e.ctid <> d.ctid);
WITH c AS MATERIALIZED (SELECT ctid, v FROM dd) SELECT v FROM c;
SELECT _id, (SELECT max(c) FROM (SELECT d.ctid::text AS c UNION ALL SELECT 'x') q) FROM dd d;
SELECT ctid FROM dd UNION ALL SELECT ctid FROM dd;
UPDATE dd SET v = 1 WHERE ctid = '(0,1)';
UPDATE dd SET v = 1 RETURNING ctid;
INSERT INTO dd VALUES (7, 7) RETURNING xmin;
CREATE VIEW dd_view AS SELECT ctid, v FROM dd;
SELECT v FROM dd_view;
SELECT ctid FROM dd_view;
DROP VIEW dd_view;
-- tableoid is known; a row as a whole has none of them.
SELECT tableoid::regclass, d FROM dd d WHERE _id = 1;
-- Partitions and children of both kinds.
CREATE TABLE parts (_id int, v int) PARTITION BY RANGE (_id);
CREATE TABLE parts_here PARTITION OF parts FOR VALUES FROM (100) TO (200);
CREATE FOREIGN TABLE parts_there PARTITION OF parts FOR VALUES FROM (0) TO (100) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'dd');
INSERT INTO parts VALUES (101, 1);
SELECT ctid FROM parts;
SELECT ctid FROM parts WHERE _id > 100;
DELETE FROM parts a USING parts b WHERE a.ctid < b.ctid AND a.v = b.v;
CREATE TABLE family (_id int, v int);
CREATE FOREIGN TABLE family_there () INHERITS (family) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'dd');
SELECT ctid FROM family;
SELECT count(*) FROM ONLY family WHERE ctid IS NOT NULL;
-- What the planner asks for by itself.
SELECT _id, v FROM parts WHERE v = 1 ORDER BY _id FOR UPDATE;
SELECT p._id FROM parts p JOIN dd d USING (_id) ORDER BY 1 FOR UPDATE OF p;
UPDATE parts SET v = v + 10 WHERE v = 1;
UPDATE parts p SET v = p.v + d.v FROM dd d WHERE p._id = d._id AND p._id < 3;
UPDATE family SET v = v + 1 WHERE _id = 2;
DELETE FROM parts WHERE _id IN (3, 101);
SELECT tableoid::regclass, _id, v FROM parts ORDER BY _id;
SELECT tableoid::regclass, * FROM family WHERE _id < 4 ORDER BY _id;
TRUNCATE dd;
DROP TABLE parts, family CASCADE;
DROP FOREIGN TABLE dd;
