-- 2. The constraints that MongoDB did not keep, indexes and comments. Before the load: what breaks one is a reject of it.
SET client_min_messages = warning;
CALL mongo.apply_plan('shop', '{constraints,indexes,comments}');
RESET client_min_messages;
-- Where a reference is to another key than the primary one, a line of one's own.
ALTER TABLE shop.cities ADD CONSTRAINT cities_country_fkey FOREIGN KEY (country) REFERENCES shop.countries (alpha2);
\echo 'The constraints of the target:'
SELECT conrelid::regclass AS "table", conname AS name, pg_get_constraintdef(oid) AS definition
  FROM pg_constraint WHERE connamespace = 'shop'::regnamespace AND contype IN ('f', 'u', 'c') ORDER BY conrelid::regclass::text, conname;
