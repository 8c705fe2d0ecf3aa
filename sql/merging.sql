-- UPDATE of json, jsonb, composites, arrays and whole documents: what nobody changed keeps its BSON.
\set VERBOSITY terse
SET timezone = 'UTC';
CREATE TYPE place AS (street text, number numeric, extra jsonb);
CREATE TYPE item AS (sku text, qty numeric);
CREATE FOREIGN TABLE m (_id int, n int, payload jsonb, plain json, addr place, items item[], docs jsonb[], ids text[], nums numeric[])
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'merging');
CREATE FOREIGN TABLE m_doc (_id int, __doc json) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'merging');
CREATE FOREIGN TABLE m_simple (_id int, __doc jsonb OPTIONS (json_format 'simple')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'merging');
CREATE FOREIGN TABLE m_bytes (_id int, __doc bytea) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'merging');
CREATE PROCEDURE fill() LANGUAGE sql AS $$
TRUNCATE m;
INSERT INTO m_doc (__doc) VALUES ('{"_id": 1, "n": 1,
  "payload": {"id": {"$oid": "507f1f77bcf86cd799439011"}, "price": {"$numberDecimal": "1.10"}, "two": {"$numberDouble": "2.0"}, "big": {"$numberLong": "7"},
              "when": {"$date": {"$numberLong": "5"}}, "bin": {"$binary": {"base64": "AQI=", "subType": "05"}}, "re": {"$regularExpression": {"pattern": "a", "options": "i"}},
              "nan": {"$numberDouble": "Infinity"}, "list": [{"a": {"$numberDouble": "1.0"}, "o": {"$oid": "507f1f77bcf86cd799439012"}}, {"$numberDouble": "3.0"}, {"$oid": "507f1f77bcf86cd799439013"}],
              "deep": {"x": {"y": {"$numberLong": "1"}, "z": {"$oid": "507f1f77bcf86cd799439014"}}}},
  "plain": {"b": {"$numberDouble": "2.0"}, "a": {"$oid": "507f1f77bcf86cd799439015"}},
  "addr": {"street": "s", "hidden": {"$oid": "507f1f77bcf86cd799439016"}, "number": {"$numberDouble": "4.0"}, "extra": {"k": {"$numberLong": "8"}}},
  "items": [{"sku": "a", "qty": {"$numberDouble": "1.0"}, "note": {"$numberLong": "1"}}, {"sku": "b", "qty": {"$numberInt": "2"}, "note": {"$numberLong": "2"}}, {"sku": "c", "qty": {"$numberInt": "3"}}],
  "docs": [{"x": {"$numberLong": "1"}}, {"x": {"$oid": "507f1f77bcf86cd799439017"}}],
  "ids": [{"$oid": "507f1f77bcf86cd799439018"}, "text"],
  "nums": [{"$numberDouble": "1.5"}, {"$numberLong": "2"}]}')
$$;
-- What differs from the first document, in canonical form.
CREATE FUNCTION changed(field text DEFAULT NULL) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT key || ': ' || value::text FROM m_doc, json_each(CASE WHEN field IS NULL THEN __doc ELSE __doc -> field END) WHERE m_doc._id = 1
$$;
CALL fill();
SELECT payload FROM m;
CREATE TABLE before AS SELECT * FROM changed('payload');
-- A key more: the others keep their bytes, at every depth.
UPDATE m SET payload = payload || '{"seen": true}';
SELECT * FROM changed('payload') EXCEPT SELECT * FROM before;
SELECT * FROM before EXCEPT SELECT * FROM changed('payload');
-- The same value again sends nothing.
SELECT __doc AS bytes FROM m_bytes \gset
UPDATE m SET payload = payload || '{}', plain = plain::text::json, addr = addr::text::place, items = items[1:3], docs = docs || '{}'::jsonb[], nums = array_cat(nums, '{}') RETURNING n;
SELECT __doc = :'bytes' AS same FROM m_bytes;
-- A number that changes keeps its type where that holds it; else it is the type of the number.
UPDATE m SET payload = payload || '{"price": 2.25, "two": 3, "big": 8, "nan": 1}';
SELECT * FROM changed('payload') EXCEPT SELECT * FROM before ORDER BY 1;
UPDATE m SET payload = payload || '{"price": 1e40, "two": 12345678901234567890, "big": 8.5}';
SELECT * FROM changed('payload') WHERE changed ~ '^(price|two|big)' ORDER BY 1;
-- Deep, removed, in arrays: same place, common ends, by value.
CALL fill();
UPDATE m SET payload = jsonb_set(payload #- '{deep,x,y}', '{deep,x,new}', '{"v": 1}');
SELECT * FROM changed('payload') WHERE changed ~ '^deep';
UPDATE m SET payload = jsonb_set(payload, '{list,0,a}', '5');
SELECT * FROM changed('payload') WHERE changed ~ '^list';
UPDATE m SET payload = jsonb_insert(payload, '{list,0}', '"first"');
SELECT * FROM changed('payload') WHERE changed ~ '^list';
UPDATE m SET payload = payload #- '{list,1}';
SELECT * FROM changed('payload') WHERE changed ~ '^list';
UPDATE m SET payload = jsonb_set(payload, '{list}', (SELECT jsonb_agg(e ORDER BY i DESC) FROM jsonb_array_elements(payload -> 'list') WITH ORDINALITY x (e, i)));
SELECT * FROM changed('payload') WHERE changed ~ '^list';
UPDATE m SET payload = jsonb_set(payload, '{list,3}', '"at the end"', true);
SELECT * FROM changed('payload') WHERE changed ~ '^list';
-- json keeps the order that it is given.
UPDATE m SET plain = json_build_object('a', plain -> 'a', 'b', plain -> 'b', 'c', 1);
SELECT * FROM changed('plain');
-- Composites: fields that the type does not name, JSON inside.
CALL fill();
UPDATE m SET addr.street = 't', addr.extra = (addr).extra || '{"l": 1}';
SELECT * FROM changed('addr');
UPDATE m SET addr.number = NULL;
SELECT * FROM changed('addr');
-- Arrays of composites, of JSON, of texts that are ObjectIds, of numbers.
UPDATE m SET items = items || ROW ('d', 4)::item, docs = docs || '{"x": 2}'::jsonb, ids = array_append(ids, 'more'), nums = nums || 2.5;
SELECT __doc -> 'items' AS items, __doc -> 'docs' AS docs, __doc -> 'ids' AS ids, __doc -> 'nums' AS nums FROM m_doc;
UPDATE m SET items[2].qty = 20, nums = nums[2:];
SELECT __doc -> 'items' AS items, __doc -> 'nums' AS nums FROM m_doc;
-- Whole documents: only what differs is sent, whatever the form shows.
CALL fill();
UPDATE m_simple SET __doc = __doc || '{"n": 2, "seen": true}';
SELECT * FROM changed() WHERE changed ~ '^(_id|n|seen|ids)';
UPDATE m_simple SET __doc = __doc - 'plain' - '_id';
SELECT string_agg(key, ',') FROM m_doc, json_object_keys(__doc) key;
UPDATE m_simple SET __doc = __doc || '{"_id": 2}';
-- Keys that update operators cannot name, or that repeat: the nearest value around them is written whole, with what it kept.
CALL fill();
UPDATE m SET payload = jsonb_set(payload, '{deep,x,a.b}', '1');
UPDATE m SET payload = jsonb_set(payload, '{deep,x,a.b}', '2');
SELECT * FROM changed('payload') WHERE changed ~ '^deep';
UPDATE m_simple SET __doc = __doc || '{"$x": 1}';
-- A value that is the same for all rows is merged with each, too: the rows are read for it.
UPDATE m SET payload = '{"two": 2, "id": "507f1f77bcf86cd799439011"}';
SELECT * FROM changed('payload');
UPDATE m SET payload = '{"two": 2, "id": "507f1f77bcf86cd799439011"}' WHERE n + random() > 0 RETURNING payload;
SELECT * FROM changed('payload');
-- A trigger's changes are merged as well.
CALL fill();
CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.payload := NEW.payload || '{"marked": 1}'; RETURN NEW; END $$;
CREATE TRIGGER mark BEFORE UPDATE ON m FOR EACH ROW EXECUTE FUNCTION mark();
UPDATE m SET n = 5;
SELECT * FROM changed('payload') EXCEPT SELECT * FROM before;
SELECT * FROM before EXCEPT SELECT * FROM changed('payload');
DROP TRIGGER mark ON m;
DROP FUNCTION mark;
-- A part of what does not fit cannot be assigned: the rest of it would be lost. A whole value that is not made of the old one can.
CREATE FOREIGN TABLE m_null (_id int, addr place, ids text[], nums int[], payload json, plain json OPTIONS (json_format 'simple'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'merging', on_conversion_error 'null');
TRUNCATE m;
INSERT INTO m_doc (__doc) VALUES ('{"_id": 1, "addr": {"street": "old", "n": "12a", "note": "keep"}, "nums": [1, 2, "x", 4]}');
UPDATE m_null SET addr.street = 'new';
UPDATE m_null SET nums = nums || 9;
UPDATE m_null SET nums[1] = 9;
SELECT __doc FROM m_doc;
UPDATE m_null SET nums = '{1}';
SELECT __doc FROM m_doc;
-- New keys that are not the last ones stand where JSON says.
TRUNCATE m;
INSERT INTO m_doc (__doc) VALUES ('{"_id": 1, "plain": {"b": {"$numberLong": "1"}, "a": {"$oid": "507f1f77bcf86cd799439011"}}}');
UPDATE m_null SET plain = (SELECT ('{"z": 1, "b": 1, "k": 2, "a": "507f1f77bcf86cd799439011", "y": ' || _id || ', "c": 3}')::json);
SELECT __doc FROM m_doc;
UPDATE m_null SET plain = (SELECT ('{"z": 1, "b": 1, "k": 2, "a": "507f1f77bcf86cd799439011", "y": ' || _id || ', "c": 3, "y2": 1, "x": 1}')::json);
SELECT plain FROM m_null;
-- Numbers in composites and arrays keep the stored type where it says the new one.
TRUNCATE m;
INSERT INTO m_doc (__doc) VALUES ('{"_id": 1, "addr": {"street": "s", "number": 4.0}, "nums": [1.5, {"$numberLong": "2"}, {"$numberDecimal": "3.50"}, {"$numberInt": "4"}], "items": [{"sku": "a", "qty": 2.0}, {"sku": "b", "qty": {"$numberInt": "3"}}]}');
UPDATE m SET addr.number = (addr).number + 1, nums[1] = nums[1] + 1, nums[2] = nums[2] + 1, nums[3] = nums[3] + 1, nums[4] = nums[4] + 0.25, items[1].qty = 7.5, items[2].qty = 5 WHERE random() >= 0;
SELECT __doc FROM m_doc;
UPDATE m SET addr.number = 0.1234567890123456789 WHERE random() >= 0; -- a double does not say it
SELECT __doc -> 'addr' AS addr FROM m_doc;
-- A copy of an element is one of its BSON.
TRUNCATE m;
INSERT INTO m_doc (__doc) VALUES ('{"_id": 1, "ids": [{"$oid": "507f1f77bcf86cd799439011"}, "b"]}');
UPDATE m SET ids = ids || ids[1] || ids[1];
SELECT __doc FROM m_doc;
-- Behind an array on the way a column reads parts: these are compared, not the array's other parts.
CREATE FOREIGN TABLE m_behind (_id int, n int, qty int[] OPTIONS (path 'items.qty'), one int OPTIONS (path 'items.qty'), j jsonb OPTIONS (path 'items.deep.x'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'merging', on_conversion_error 'null');
TRUNCATE m;
INSERT INTO m_doc (__doc) VALUES ('{"_id": 1, "items": [{"qty": 1, "sku": "a", "deep": {"x": 1, "y": 2}}, {"qty": 2, "deep": [{"x": 5, "y": 6}]}, 7, [[{"qty": 9}]]]}'), ('{"_id": 2, "items": [[1], [[2]]]}');
UPDATE m_behind SET n = cardinality(qty) WHERE random() >= 0;
SELECT _id, n, qty FROM m_behind ORDER BY _id;
UPDATE m_behind SET n = 5 WHERE one IS NULL AND random() >= 0;
UPDATE m_behind SET n = jsonb_array_length(j) WHERE random() >= 0 RETURNING n, j;
DELETE FROM m_behind WHERE one IS NULL AND j IS NOT NULL AND random() >= 0 RETURNING _id;
-- Values beyond what a filter compares together: the filter shares a document with the update.
CREATE FOREIGN TABLE m_large (_id int, a text, b text, c text, d text, e text, f text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'merging');
TRUNCATE m;
INSERT INTO m_large SELECT 1, t, t, t, t, t, t FROM (SELECT repeat('x', 2000000) AS t) x;
UPDATE m_large SET a = upper(a), b = upper(b), c = upper(c), d = upper(d), e = upper(e), f = upper(f) WHERE random() >= 0;
SELECT length(a), left(a, 1) || left(b, 1) || left(f, 1) AS first FROM m_large;
TRUNCATE m;
DROP FOREIGN TABLE m_null, m_behind, m_large;
DROP FOREIGN TABLE m, m_doc, m_simple, m_bytes;
DROP TABLE before;
DROP FUNCTION changed;
DROP PROCEDURE fill;
DROP TYPE place, item;
