-- Plans: what a migration makes of which collection. docs/migration.md is the way through them.
CREATE SCHEMA mongo_internal;
COMMENT ON SCHEMA mongo_internal IS 'What the functions of schema mongo are made of: no interface';
GRANT USAGE ON SCHEMA mongo_internal TO PUBLIC;

CREATE TABLE mongo.plan (
    plan text PRIMARY KEY CHECK (octet_length(plan) BETWEEN 1 AND 50),
    owner name NOT NULL DEFAULT current_user,
    server name NOT NULL,
    database text NOT NULL,
    target_schema name NOT NULL,
    source_schema name NOT NULL,
    options jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'applied'))
);
CREATE TABLE mongo.plan_table (
    plan text NOT NULL REFERENCES mongo.plan ON UPDATE CASCADE ON DELETE CASCADE,
    position integer NOT NULL,
    name name NOT NULL,
    source_name name NOT NULL,
    collection text NOT NULL,
    unwind text,
    levels integer NOT NULL DEFAULT 0,
    subdocument text,
    parent name,
    key text NOT NULL CHECK (key IN ('text', 'uuid', 'bytea', 'objectid', 'bigint', 'same', 'none')),
    source_filter json,
    query text,
    estimated_rows bigint,
    enabled boolean NOT NULL DEFAULT true,
    note text,
    note_edited boolean NOT NULL DEFAULT false,
    planned jsonb,
    PRIMARY KEY (plan, name)
);
CREATE TABLE mongo.plan_column (
    plan text NOT NULL,
    table_name name NOT NULL,
    position integer NOT NULL,
    name name NOT NULL,
    role text NOT NULL DEFAULT 'field' CHECK (role IN ('field', 'key', 'legacy', 'source_key', 'parent', 'ord', 'rest')),
    path text,
    source_column name,
    source_type text,
    type text,
    bson_type text CHECK (bson_type NOT IN ('elements', 'fields')),
    refers_to name,
    expression text,
    inverse text,
    not_null boolean NOT NULL DEFAULT false,
    on_misfit text NOT NULL DEFAULT 'rest' CHECK (on_misfit IN ('rest', 'reject', 'null', 'text')),
    nul text NOT NULL DEFAULT 'reject' CHECK (nul IN ('escape', 'reject', 'strip')),
    tolerance double precision,
    enabled boolean NOT NULL DEFAULT true,
    edited boolean NOT NULL DEFAULT false,
    why text,
    evidence jsonb,
    planned jsonb,
    PRIMARY KEY (plan, table_name, position),
    FOREIGN KEY (plan, table_name) REFERENCES mongo.plan_table ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE mongo.plan_foreign_key (
    plan text NOT NULL,
    table_name name NOT NULL,
    columns name[] NOT NULL,
    target_table name NOT NULL,
    share double precision,
    enabled boolean NOT NULL DEFAULT true,
    why text,
    planned jsonb,
    PRIMARY KEY (plan, table_name, columns),
    FOREIGN KEY (plan, table_name) REFERENCES mongo.plan_table ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE mongo.plan_index (
    plan text NOT NULL,
    table_name name NOT NULL,
    name name NOT NULL,
    definition text NOT NULL,
    is_unique boolean NOT NULL DEFAULT false,
    exactness text NOT NULL DEFAULT 'exact' CHECK (exactness IN ('exact', 'approximate', 'none')),
    enabled boolean NOT NULL DEFAULT true,
    source_index text,
    expire_after_seconds numeric,
    why text,
    planned jsonb,
    PRIMARY KEY (plan, table_name, name),
    FOREIGN KEY (plan, table_name) REFERENCES mongo.plan_table ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE mongo.decision (
    plan text NOT NULL REFERENCES mongo.plan ON UPDATE CASCADE ON DELETE CASCADE,
    object text NOT NULL,
    decision text NOT NULL,
    reason text,
    author name NOT NULL DEFAULT current_user,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (plan, object)
);

COMMENT ON TABLE mongo.plan IS 'A migration: from a database behind a server to a schema. Only members of owner write a plan and run it';
COMMENT ON COLUMN mongo.plan.owner IS 'Whose expressions run when the plan is applied or loaded';
COMMENT ON COLUMN mongo.plan.source_schema IS 'The schema of the foreign tables over the collections';
COMMENT ON COLUMN mongo.plan.options IS 'The arguments that create_plan was given';
COMMENT ON TABLE mongo.plan_table IS 'The target tables of a plan, each from a collection, or from the elements of an array in it (unwind)';
COMMENT ON COLUMN mongo.plan_table.parent IS 'The table of the documents or elements that hold this one''s';
COMMENT ON COLUMN mongo.plan_table.unwind IS 'The array, or ({}) the map, whose elements are the rows, as option unwind of the source table';
COMMENT ON COLUMN mongo.plan_table.subdocument IS 'The path of a sub-document whose fields are the columns: a row where one of them is there. Its source table is that of the parent';
COMMENT ON COLUMN mongo.plan_table.key IS 'What becomes of _id: text (24 hexadecimal digits), uuid, bytea, objectid; bigint (an identity, the old key in legacy_id); same (no ObjectId); none. It decides which columns there are: create_plan alone sets it';
COMMENT ON COLUMN mongo.plan_table.source_filter IS 'A filter of MongoDB that documents must match; of tables without a parent, whose children inherit it';
COMMENT ON COLUMN mongo.plan_table.query IS 'A SELECT of one''s own over the source tables, in place of source_query';
COMMENT ON TABLE mongo.plan_column IS 'The columns of the target tables: where a value comes from (path, source_column) and what becomes of it (type, expression)';
COMMENT ON COLUMN mongo.plan_column.role IS 'field; key: the primary key; legacy: _id where the key is another; source_key: the key of the document, where _id has several types or is a document; parent: the key of the topmost table; ord: a position, or the key of a map; rest: what the other columns leave';
COMMENT ON COLUMN mongo.plan_column.type IS 'Type in the target; NULL: that of the key of the own, the parent or the referred table';
COMMENT ON COLUMN mongo.plan_column.bson_type IS 'The type that most values have, used to write back';
COMMENT ON COLUMN mongo.plan_column.refers_to IS 'The table whose key the values are: they are converted as that key is';
COMMENT ON COLUMN mongo.plan_column.expression IS 'SQL over the name value, the source column''s value, and the other columns of s, the source row; runs as the owner of the plan';
COMMENT ON COLUMN mongo.plan_column.inverse IS 'SQL over the name value, the target''s value, that gives the source value back';
COMMENT ON COLUMN mongo.plan_column.enabled IS 'false: the path goes into the rest column';
COMMENT ON COLUMN mongo.plan_column.edited IS 'A person has changed the row: create_plan (replace => true) keeps it';
COMMENT ON COLUMN mongo.plan_column.evidence IS 'What the documents that were read say: types (how many values of each), containers (documents or elements that could have it), misfits';
COMMENT ON COLUMN mongo.plan_column.planned IS 'The row as create_plan made it; NULL for one that a person added';
COMMENT ON TABLE mongo.plan_foreign_key IS 'Foreign keys to the keys of other tables; enabled governs the constraint alone, never the conversion';
COMMENT ON TABLE mongo.plan_index IS 'Indexes and unique constraints of the target tables';
COMMENT ON COLUMN mongo.plan_index.definition IS 'What follows the name: of a constraint UNIQUE (...) or CHECK (...); of an index (...) or USING ..., with WHERE. Empty where nothing here does what the index did';
COMMENT ON COLUMN mongo.plan_index.is_unique IS 'A constraint; with a definition that is no constraint''s a unique index';
COMMENT ON COLUMN mongo.plan_index.exactness IS 'Whether it does what the index of MongoDB did: exact; approximate, why says how; none: a person has to find a way';
COMMENT ON COLUMN mongo.plan_index.expire_after_seconds IS 'Of a TTL index: after how many seconds documents are deleted, which a job has to do here. Set it to NULL once there is one';
COMMENT ON COLUMN mongo.plan_index.source_index IS 'The index of the collection that it stands for; NULL for one that a person added';
COMMENT ON COLUMN mongo.plan_table.planned IS 'The row as create_plan made it, where a person changed it; likewise in plan_foreign_key and plan_index';
COMMENT ON TABLE mongo.decision IS 'What people decided about a plan and why; printed in the report';

GRANT SELECT, INSERT, UPDATE, DELETE ON mongo.plan, mongo.plan_table, mongo.plan_column, mongo.plan_foreign_key,
    mongo.plan_index, mongo.decision TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('mongo.plan', '');
SELECT pg_catalog.pg_extension_config_dump('mongo.plan_table', '');
SELECT pg_catalog.pg_extension_config_dump('mongo.plan_column', '');
SELECT pg_catalog.pg_extension_config_dump('mongo.plan_foreign_key', '');
SELECT pg_catalog.pg_extension_config_dump('mongo.plan_index', '');
SELECT pg_catalog.pg_extension_config_dump('mongo.decision', '');

-- Membership as it was granted: superusers are no members of everything.
CREATE FUNCTION mongo_internal.is_member(role name, member name DEFAULT current_user) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE granted AS (
        SELECT r.oid FROM pg_roles AS r WHERE r.rolname = $2
        UNION SELECT m.roleid FROM pg_auth_members AS m JOIN granted AS g ON m.member = g.oid)
    SELECT EXISTS (SELECT FROM granted AS g JOIN pg_roles AS r ON r.oid = g.oid WHERE r.rolname = $1)
$$;
COMMENT ON FUNCTION mongo_internal.is_member(name, name) IS 'Whether a user is a role or was granted it';

CREATE FUNCTION mongo_internal.plan_of(plan text) RETURNS mongo.plan LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found mongo.plan;
BEGIN
    SELECT p.* INTO found FROM mongo.plan AS p WHERE p.plan = plan_of.plan;
    IF found.plan IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('there is no plan "%s"', plan),
            HINT = 'Table mongo.plan lists them; mongo.create_plan makes one.';
    END IF;
    RETURN found;
END $$;
COMMENT ON FUNCTION mongo_internal.plan_of(text) IS 'The plan of that name; 42704 where there is none';

CREATE FUNCTION mongo_internal.check_owner(plan text, member name DEFAULT current_user) RETURNS mongo.plan LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found mongo.plan := mongo_internal.plan_of(plan);
BEGIN
    IF NOT mongo_internal.is_member(found.owner, member) THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = format('plan "%s" belongs to role "%s"', plan, found.owner),
            HINT = format('Its expressions run as whoever runs it: do so as a member of that role (SET ROLE %I).', found.owner);
    END IF;
    RETURN found;
END $$;
COMMENT ON FUNCTION mongo_internal.check_owner(text, name) IS 'The plan; 42704 where there is none, 42501 unless the user is a member of its owner, superusers too';

-- Where a reference follows a change its rows are written as the owner of the table, which triggers are told since
-- PostgreSQL 18: then it is the role that made the change.
CREATE FUNCTION mongo_internal.writer(written_table oid) RETURNS name LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN current_user <> pg_get_userbyid(c.relowner) THEN current_user
                WHEN current_setting('role') = 'none' THEN session_user ELSE current_setting('role')::name END
      FROM pg_class AS c WHERE c.oid = $1
$$;
COMMENT ON FUNCTION mongo_internal.writer(oid) IS 'The role whose statement writes a table, for a trigger of it';

-- Once a statement, over the rows that it wrote: a plan may have 100,000 columns.
CREATE FUNCTION mongo_internal.guard_plan() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    plans text[];
    other record;
BEGIN
    -- A restore inserts as a superuser, as pg_dump's scripts do.
    IF (TG_OP = 'INSERT' AND current_setting('row_security') = 'off' AND (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = current_user)) THEN
        RETURN NULL;
    ELSIF TG_TABLE_NAME = 'plan' THEN
        SELECT w.plan, w.owner INTO other FROM written AS w WHERE NOT mongo_internal.is_member(w.owner) LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format('plan "%s" belongs to role "%s"', other.plan, other.owner);
        END IF;
        RETURN NULL;
    END IF;
    -- Rows of a plan that is gone, or has another name, went with it.
    plans := ARRAY(SELECT p.plan FROM mongo.plan AS p WHERE p.plan IN (SELECT w.plan FROM written AS w));
    PERFORM mongo_internal.check_owner(p, mongo_internal.writer(TG_RELID)) FROM unnest(plans) AS p;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mongo_internal.guard_plan() IS 'Lets members of a plan''s owner alone write its rows: 42501 for others, superusers too';

CREATE FUNCTION mongo_internal.planned_row(before jsonb, after jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(nullif($1 -> 'planned', 'null'), CASE WHEN $1 - 'planned' <> $2 - 'planned' THEN $1 - 'planned' END)
$$;
COMMENT ON FUNCTION mongo_internal.planned_row(jsonb, jsonb) IS 'The row of a plan as it was planned, of what it was before an edit and is after it; NULL for one without edits';

CREATE FUNCTION mongo_internal.note_planned() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- A rename that is followed is no edit.
    IF pg_trigger_depth() = 1 THEN
        NEW.planned := mongo_internal.planned_row(to_jsonb(OLD), to_jsonb(NEW));
        IF TG_TABLE_NAME = 'plan_index' AND to_jsonb(NEW) -> 'definition' <> to_jsonb(OLD) -> 'definition' AND to_jsonb(NEW) ->> 'exactness' = 'exact' THEN
            NEW := jsonb_populate_record(NEW, '{"exactness": "approximate"}');
        END IF;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION mongo_internal.note_planned() IS 'Keeps how a foreign key or an index of a plan was planned, when a person changes it';

-- A row that a person writes says so, and how it was planned.
CREATE FUNCTION mongo_internal.note_edit() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (TG_OP = 'INSERT' AND current_setting('row_security') = 'off') OR (pg_trigger_depth() > 1 AND TG_OP = 'UPDATE') THEN
        RETURN NEW; -- a restore, or a rename that is followed
    ELSIF TG_TABLE_NAME = 'plan_column' THEN
        NEW.planned := CASE WHEN TG_OP = 'INSERT' THEN NEW.planned WHEN OLD.edited THEN OLD.planned ELSE to_jsonb(OLD) - '{planned,evidence}'::text[] END;
        NEW.edited := true;
    ELSIF NEW.key <> OLD.key THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = format('the key of table "%s" of plan "%s" cannot be changed', OLD.name, OLD.plan),
            HINT = 'It decides which columns there are: make the plan anew with create_plan (key => ..., replace => true).';
    ELSE
        NEW.note_edited := OLD.note_edited OR NEW.note IS DISTINCT FROM OLD.note OR NEW.note_edited;
        NEW.planned := mongo_internal.planned_row(to_jsonb(OLD), to_jsonb(NEW));
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION mongo_internal.note_edit() IS 'Marks rows of a plan that a person writes; 0A000 for another key of a table';

-- Identifiers in a definition, quoted where they have to be: no constants, no access methods, no collations, no functions.
CREATE FUNCTION mongo_internal.renamed(definition text, before text, after text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(string_agg(CASE WHEN m.part[1] IS NOT NULL THEN m.part[1]
               ELSE regexp_replace(m.part[2], '(^|(?<!USING |COLLATE )(?<![[:alnum:]_"]))' || regexp_replace(quote_ident($2), '([][\\.^$*+?(){}|])', '\\\1', 'g') || '(?![[:alnum:]_"(])', replace(quote_ident($3), '\', '\\'), 'g') END, '' ORDER BY m.n), $1)
      FROM regexp_matches($1, '(''(?:[^'']|'''')*'')|([^'']+)', 'g') WITH ORDINALITY AS m (part, n)
$$;
COMMENT ON FUNCTION mongo_internal.renamed(text, text, text) IS 'The definition of an index after a column was renamed';

-- Names that a person changes change wherever the plan says them.
CREATE FUNCTION mongo_internal.follow_rename() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'plan_column' THEN
        UPDATE mongo.plan_foreign_key AS k SET columns = array_replace(k.columns, OLD.name, NEW.name)
         WHERE k.plan = NEW.plan AND k.table_name = NEW.table_name AND OLD.name = ANY (k.columns);
        UPDATE mongo.plan_index AS i SET definition = mongo_internal.renamed(i.definition, OLD.name, NEW.name) WHERE i.plan = NEW.plan AND i.table_name = NEW.table_name;
    ELSE
        UPDATE mongo.plan_table AS t SET parent = NEW.name WHERE t.plan = NEW.plan AND t.parent = OLD.name;
        UPDATE mongo.plan_column AS c SET refers_to = NEW.name WHERE c.plan = NEW.plan AND c.refers_to = OLD.name;
        UPDATE mongo.plan_foreign_key AS k SET target_table = NEW.name WHERE k.plan = NEW.plan AND k.target_table = OLD.name;
        UPDATE mongo.load_table AS l SET table_name = NEW.name FROM mongo.load_run AS r WHERE r.plan = NEW.plan AND l.run = r.run AND l.table_name = OLD.name;
        UPDATE mongo.load_target AS l SET table_name = NEW.name WHERE l.plan = NEW.plan AND l.table_name = OLD.name;
        UPDATE mongo.reject AS j SET table_name = NEW.name WHERE j.plan = NEW.plan AND j.table_name = OLD.name;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mongo_internal.follow_rename() IS 'Renames what refers to a table or column of a plan that was renamed';
CREATE TRIGGER follow_rename AFTER UPDATE ON mongo.plan_table
    FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION mongo_internal.follow_rename();
CREATE TRIGGER follow_rename AFTER UPDATE ON mongo.plan_column
    FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION mongo_internal.follow_rename();
CREATE FUNCTION mongo_internal.check_parent() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM mongo.plan_table AS t WHERE t.plan = NEW.plan AND t.name = NEW.parent)
       AND NOT (current_setting('row_security') = 'off' AND TG_OP = 'INSERT') THEN
        RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', MESSAGE = format('plan "%s" has no table "%s", the parent of "%s"', NEW.plan, NEW.parent, NEW.name);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mongo_internal.check_parent() IS 'Raises 23503 for a table of a plan whose parent is none; a reference would make pg_dump warn';
CREATE TRIGGER parent AFTER INSERT OR UPDATE OF parent ON mongo.plan_table
    FOR EACH ROW WHEN (NEW.parent IS NOT NULL) EXECUTE FUNCTION mongo_internal.check_parent();
CREATE TRIGGER edited BEFORE INSERT OR UPDATE ON mongo.plan_column
    FOR EACH ROW WHEN (pg_catalog.current_setting('mongo_internal.planning', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION mongo_internal.note_edit();
CREATE TRIGGER edited BEFORE UPDATE ON mongo.plan_table
    FOR EACH ROW WHEN (pg_catalog.current_setting('mongo_internal.planning', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION mongo_internal.note_edit();
CREATE TRIGGER edited BEFORE UPDATE ON mongo.plan_foreign_key
    FOR EACH ROW WHEN (pg_catalog.current_setting('mongo_internal.planning', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION mongo_internal.note_planned();
CREATE TRIGGER edited BEFORE UPDATE ON mongo.plan_index
    FOR EACH ROW WHEN (pg_catalog.current_setting('mongo_internal.planning', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION mongo_internal.note_planned();
-- Transition tables allow one event each.
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY '{plan,plan_table,plan_column,plan_foreign_key,plan_index,decision}'::text[] LOOP
        EXECUTE format('CREATE TRIGGER guard_insert AFTER INSERT ON mongo.%I REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION mongo_internal.guard_plan()', t);
        EXECUTE format('CREATE TRIGGER guard_update_new AFTER UPDATE ON mongo.%I REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION mongo_internal.guard_plan()', t);
        EXECUTE format('CREATE TRIGGER guard_update_old AFTER UPDATE ON mongo.%I REFERENCING OLD TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION mongo_internal.guard_plan()', t);
        EXECUTE format('CREATE TRIGGER guard_delete AFTER DELETE ON mongo.%I REFERENCING OLD TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION mongo_internal.guard_plan()', t);
    END LOOP;
END $$;
