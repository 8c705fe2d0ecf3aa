-- The matrix of types: every trap read as every type. A row shows the value, or the BSON type and reason of a misfit;
-- traps that read as NULL do not appear.
SET timezone = 'UTC';
SET extra_float_digits = 1;
SELECT * FROM show_type('smallint');
SELECT * FROM show_type('integer') WHERE error IS NULL OR error LIKE '%:%';
SELECT * FROM show_type('bigint') WHERE error IS NULL OR error LIKE '%:%';
SELECT * FROM show_type('real') WHERE error IS NULL OR error LIKE '%:%';
SELECT * FROM show_type('double precision') WHERE error IS NULL OR error LIKE '%:%';
SELECT trap, left(value, 60) AS value, length(value) AS length, error FROM show_type('numeric') WHERE error IS NULL OR error LIKE '%:%';
SELECT * FROM show_type('numeric(6,2)') WHERE error IS NULL OR error LIKE '%:%';
SELECT * FROM show_type('numeric(3,-2)') WHERE error IS NULL OR error LIKE '%:%';
SELECT * FROM show_type('boolean') WHERE error IS NULL OR error LIKE '%:%';
SELECT * FROM show_type('text') WHERE error IS NULL OR error LIKE '%:%';
SELECT * FROM show_type('varchar(3)') WHERE error IS NULL OR error LIKE '%:%';
SELECT * FROM show_type('char(3)') WHERE error IS NULL OR error LIKE '%:%';
SELECT * FROM show_type('name') WHERE error IS NULL OR error LIKE '%:%';
SELECT * FROM show_type('mongo.objectid') WHERE error IS NULL OR error LIKE '%:%';
SELECT * FROM show_type('timestamptz') WHERE error IS NULL OR error LIKE '%:%';
SELECT * FROM show_type('timestamp') WHERE error IS NULL OR error LIKE '%:%';
SELECT * FROM show_type('date') WHERE error IS NULL OR error LIKE '%:%';
SELECT * FROM show_type('uuid') WHERE error IS NULL OR error LIKE '%:%';
SELECT * FROM show_type('uuid', $$, uuid_legacy 'python'$$) WHERE error IS NULL;
SELECT * FROM show_type('uuid', $$, uuid_legacy 'java'$$) WHERE error IS NULL;
SELECT * FROM show_type('uuid', $$, uuid_legacy 'csharp'$$) WHERE error IS NULL;
SELECT * FROM show_type('bytea') WHERE error IS NULL OR error LIKE '%:%';
SELECT * FROM show_type('bytea', $$, bson_type 'binary:0'$$) WHERE error IS NULL;
SELECT count(*) FILTER (WHERE error IS NULL) AS fits, count(error) AS misfits FROM show_type('interval');
SELECT count(*) FILTER (WHERE error IS NULL) AS fits, count(error) AS misfits FROM show_type('time');
-- How many traps fit and how many do not, type by type: a type that takes too much or too little shows here.
SELECT t AS type, (SELECT count(*) FILTER (WHERE error IS NULL) || ' fit, ' || count(error) || ' do not' FROM show_type(t))
    FROM unnest('{smallint,integer,bigint,real,double precision,numeric,boolean,text,name,mongo.objectid,timestamptz,timestamp,date,uuid,bytea,json,jsonb,integer[],text[],jsonb[]}'::text[]) t;
-- numeric is written digit by digit: it must be what numeric_in makes of the same digits.
CREATE FOREIGN TABLE numerics (_id int, n text, a numeric, j text OPTIONS (path 'a'), __doc json)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'null');
SELECT n, a::text = trim(leading '+' FROM coalesce(__doc->'a'->>'$numberDecimal', __doc->'a'->>'$numberLong', __doc->'a'->>'$numberInt'))::numeric::text AS same_text,
       numeric_send(a) = numeric_send(coalesce(__doc->'a'->>'$numberDecimal', __doc->'a'->>'$numberLong', __doc->'a'->>'$numberInt')::numeric) AS same_bytes
    FROM numerics WHERE n ~ '^(decimal|int)' AND n NOT LIKE 'string%' ORDER BY _id;
-- Arithmetic and comparison work on such values.
SELECT n, a + 1 > a AS grows, a = a AS same, hash_numeric(a) IS NOT NULL AS hashes FROM numerics WHERE n IN ('decimal 34 digits', 'double tenth', 'decimal -0') ORDER BY _id;
DROP FOREIGN TABLE numerics, one_type;
