// IMPORT FOREIGN SCHEMA, and the same as statements for mongo.import_schema. Zone B.
//
// Every wanted collection is sampled evenly along its _id, so that two runs over the same data give the same tables.
#include "catalog/import.hpp"

#include "catalog/collections.hpp"
#include "catalog/evidence.hpp"
#include "catalog/layout.hpp"
#include "catalog/names.hpp"
#include "connect/sample.hpp"
#include "options/options.hpp"
#include "mql/commands.hpp"
#include "options/table.hpp"
#include "pg/arguments.hpp"
#include "pg/error.hpp"
#include "pg/memory.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(mongo_import_statements);
}

namespace mongo_fdw {
namespace {

struct Import {
    Oid server;
    const char *server_name;
    const char *database; // server encoding
    ImportRules rules;
    ImportForeignSchemaType mode;
    List *names;        // of char *, for LIMIT TO and EXCEPT
    bool by_collection; // names are those of collections, and views are left out where there are none
};

bool is_listed(const Import &import, const char *name) {
    ListCell *cell;
    foreach (cell, import.names)
        if (strcmp(static_cast<char *>(lfirst(cell)), name) == 0)
            return true;
    return false;
}

bool is_wanted(const Import &import, const char *table) {
    return import.mode == FDW_IMPORT_SCHEMA_ALL ||
           (import.mode == FDW_IMPORT_SCHEMA_LIMIT_TO) == is_listed(import, table);
}

// Whether a table of the collection may be wanted: its own name, or one that a child table could have. Names are told
// apart without regard to case, so collections that differ in case alone are read together: each takes its part in who
// gets a suffix.
bool may_be_wanted(const Import &import, const CollectionInfo *info, const char *base) {
    if (import.by_collection)
        return import.names != NIL ? is_listed(import, info->shown) : !info->view;
    constexpr size_t kCertain = NAMEDATALEN - 10; // names longer than that are cut
    if (import.mode == FDW_IMPORT_SCHEMA_EXCEPT)  // with its child tables
        return !is_listed(import, base);
    if (import.mode == FDW_IMPORT_SCHEMA_ALL)
        return true;
    size_t length = Min(strlen(base), kCertain);
    ListCell *cell;
    foreach (cell, import.names)
        if (pg_strncasecmp(static_cast<char *>(lfirst(cell)), base, length) == 0)
            return true;
    return false;
}

// A collection that the server cannot read (a view that fails) is left out with a warning, and ends no import of
// others.
void read_collection(const Import &import, Imported *imported) {
    const CollectionInfo *info = imported->info;
    SampleRequest request{};
    request.source = {import.server, GetUserId(), utf8_of(import.database), info->name,
                      psprintf("%s.%s", import.database, info->shown)};
    request.size = import.rules.sample;
    mongo::Error failure;
    SampleMethod method;
    // What lies below max_depth decides between json and jsonb.
    ProfileSettings settings{kFullDepth, kManyPaths, import.rules.map_threshold, false, 0, true};
    Profile *profile = profile_sample(request, settings, &method, &failure);
    ImportRules rules = import.rules;
    if (profile && profile->too_many) {
        ereport(WARNING, (errmsg("collection \"%s\" has more than %d paths", request.source.name_space, kManyPaths),
                          errdetail("Its table has _id and the whole document alone."),
                          errhint("Keys that are data make many paths: read them through the document.")));
        static const char *const kOnlyId[] = {"_id"};
        request.project = kOnlyId;
        request.project_count = 1;
        rules.doc_column = true;
        profile = profile_sample(request, settings, &method, &failure);
    }
    if (!profile) {
        raise_unless_refused(failure, request.source);
        ereport(WARNING, (errmsg("collection \"%s\" is left out", request.source.name_space),
                          errdetail("Code %d: %s", failure.code,
                                    readable_text(failure.message, static_cast<uint32_t>(strlen(failure.message))))));
        return;
    }
    bool whole = request.project == nullptr;
    if (whole && info->validator.type == BsonType::Document)
        apply_validator(profile, info->validator);
    if (whole && !info->view) {
        ListCell *cell;
        foreach (cell, list_indexes(request.source, &failure))
            apply_index(profile, *static_cast<BsonValue *>(lfirst(cell)));
    }
    unsigned long long documents = profile->root->present;
    imported->sampled = method == SampleMethod::All
                            ? psprintf("all %llu documents", documents)
                            : psprintf("a sample of %llu documents (%s)", documents, method_name(method));
    imported->partly = method != SampleMethod::All;
    imported->duplicate_keys = profile->duplicate_keys;
    imported->table = lay_out(profile, info->shown, rules);
}

// The collections that LIMIT TO names, where no list is to be had: those that hold a document.
List *named_collections(const Import &import) {
    List *infos = NIL;
    ListCell *cell;
    foreach (cell, import.names) {
        CollectionInfo *info = static_cast<CollectionInfo *>(palloc0(sizeof(CollectionInfo)));
        info->shown = static_cast<char *>(lfirst(cell));
        info->name = utf8_of(info->shown);
        mql::PartCommand part{};
        part.collection = info->name;
        part.natural = true;
        part.limit = 1;
        mongo::Error failure;
        DocumentSource source{import.server, GetUserId(), utf8_of(import.database), info->name,
                              psprintf("%s.%s", import.database, info->shown)};
        DocumentStream *stream = open_documents(source, mql::part_command(part, current_memory()), &failure);
        BsonValue document;
        if (!stream)
            raise_unless_refused(failure, source);
        else if (next_document(stream, &document))
            infos = lappend(infos, info);
        if (stream)
            close_documents(stream);
    }
    return infos;
}

// Raises HV00Q where the server says that there is no such database; a NOTICE where it is empty.
void note_empty_database(const Import &import) {
    bool told;
    List *databases = list_databases(import.server, &told);
    bool found = !told;
    ListCell *cell;
    foreach (cell, databases)
        found = found || strcmp(static_cast<char *>(lfirst(cell)), utf8_of(import.database)) == 0;
    if (!found)
        ereport(ERROR, (errcode(ERRCODE_FDW_SCHEMA_NOT_FOUND),
                        errmsg("there is no database \"%s\" on server \"%s\"", import.database, import.server_name),
                        errhint("The names of databases are case-sensitive; mongo.catalog lists them.")));
    ereport(NOTICE, (errmsg("database \"%s\" holds no collection", import.database)));
}

List *collections_of(const Import &import) {
    mongo::Error failure;
    failure.kind = mongo::ErrorKind::None;
    List *infos = list_collections(import.server, GetUserId(), utf8_of(import.database), &failure);
    if (failure.kind == mongo::ErrorKind::None) {
        if (infos == NIL)
            note_empty_database(import);
        return infos;
    }
    if (import.mode != FDW_IMPORT_SCHEMA_LIMIT_TO)
        raise_mongo_error(failure, import.server_name, import.database, nullptr);
    return named_collections(import);
}

template <class Visit> void for_each_table(LayoutTable *table, Visit visit) {
    if (!table)
        return;
    visit(table);
    ListCell *cell;
    foreach (cell, table->children)
        for_each_table(static_cast<LayoutTable *>(lfirst(cell)), visit);
}

// Says which of the tables that are made rest on a part of the documents alone.
void note_samples(List *all, List *made) {
    StringInfoData names;
    initStringInfo(&names);
    int count = 0;
    ListCell *cell, *name;
    foreach (cell, all) {
        const Imported *imported = static_cast<Imported *>(lfirst(cell));
        bool wanted = false;
        if (imported->partly)
            for_each_table(imported->table, [&](const LayoutTable *table) {
                foreach (name, made)
                    wanted = wanted || strcmp(static_cast<char *>(lfirst(name)), table->name) == 0;
            });
        if (!wanted)
            continue;
        constexpr int kShown = 10;
        if (count++ < kShown)
            appendStringInfo(&names, "%s%s", count > 1 ? ", " : "", imported->table->name);
        else if (count == kShown + 1)
            appendStringInfoString(&names, ", ...");
    }
    if (count > 0)
        ereport(NOTICE,
                (errmsg_plural("%d table was laid out from a sample: %s", "%d tables were laid out from samples: %s",
                               static_cast<unsigned long>(count), count, names.data),
                 errdetail("What no sampled document has is not in them, and what none has otherwise may not fit."),
                 errhint("mongo.conformance('table') counts over all documents what does not fit a column and what no "
                         "column holds; option sample '0' reads all.")));
}

// Tells of paths that have no column because their text cannot be read here: the document column alone holds them.
void note_unreadable(List *all, List *made) {
    ListCell *cell;
    foreach (cell, all)
        for_each_table(static_cast<Imported *>(lfirst(cell))->table, [made](const LayoutTable *table) {
            StringInfoData paths;
            initStringInfo(&paths);
            ListCell *other;
            bool wanted = false;
            foreach (other, made)
                wanted = wanted || strcmp(static_cast<char *>(lfirst(other)), table->name) == 0;
            foreach (other, wanted ? table->lost : NIL) {
                const ProfileNode *node = static_cast<ProfileNode *>(lfirst(other));
                if (node->unreadable_key || text_trouble(node).unreadable)
                    appendStringInfo(&paths, "%s%s", paths.len ? ", " : "", profile_path(node));
            }
            if (paths.len > 0)
                ereport(NOTICE, (errmsg("table \"%s\" has no column for what the database encoding cannot say: %s",
                                        table->name, paths.data),
                                 errdetail("Strings or keys there are no valid UTF-8, or have characters that the "
                                           "encoding lacks. Its column __doc holds the whole documents as bytea.")));
        });
}

// Reads and lays out everything that is wanted.
List *plan_import(const Import &import) {
    List *infos = collections_of(import), *result = NIL;
    int count = list_length(infos), at = 0;
    const char **names = static_cast<const char **>(palloc(sizeof(char *) * Max(count, 1)));
    LayoutTable **tables = static_cast<LayoutTable **>(palloc0(sizeof(LayoutTable *) * Max(count, 1)));
    ListCell *cell;
    foreach (cell, infos)
        names[at++] = static_cast<CollectionInfo *>(lfirst(cell))->shown;
    at = 0;
    foreach (cell, infos) {
        Imported *imported = static_cast<Imported *>(palloc0(sizeof(Imported)));
        imported->info = static_cast<CollectionInfo *>(lfirst(cell));
        if (may_be_wanted(import, imported->info,
                          name_of_key(names[at], import.rules.snake_case ? NameCase::Snake : NameCase::Keep)))
            read_collection(import, imported);
        tables[at++] = imported->table;
        result = lappend(result, imported);
    }
    name_tables(names, tables, count, import.rules);
    return result;
}

// Tells of tables that LIMIT TO names and the database does not give.
void note_unknown_tables(const Import &import, List *made) {
    if (import.mode != FDW_IMPORT_SCHEMA_LIMIT_TO)
        return;
    ListCell *cell, *other;
    foreach (cell, import.names) {
        bool found = false;
        foreach (other, made)
            found = found || strcmp(static_cast<char *>(lfirst(cell)), static_cast<char *>(lfirst(other))) == 0;
        if (!found)
            ereport(NOTICE, (errmsg("database \"%s\" gives no table \"%s\", skipping", import.database,
                                    static_cast<char *>(lfirst(cell)))));
    }
}

} // namespace

List *lay_out_collections(ForeignServer *server, const char *database, List *collections, const ImportRules &rules) {
    Import import{};
    import.server = server->serverid;
    import.server_name = server->servername;
    import.database = database;
    import.rules = rules;
    import.mode = collections != NIL ? FDW_IMPORT_SCHEMA_LIMIT_TO : FDW_IMPORT_SCHEMA_ALL;
    import.names = collections;
    import.by_collection = true;
    List *all = plan_import(import);
    ListCell *cell, *name;
    foreach (name, collections) {
        bool found = false;
        foreach (cell, all)
            found = found ||
                    strcmp(static_cast<Imported *>(lfirst(cell))->info->shown, static_cast<char *>(lfirst(name))) == 0;
        if (!found)
            ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("there is no collection \"%s\" in database \"%s\"",
                                                                     static_cast<char *>(lfirst(name)), database)));
    }
    return all;
}

ImportRules import_rules(List *options, List *server_options) {
    check_options(options, kImport);
    auto text = [options](const char *name, const char *otherwise) {
        const char *value = find_option(options, name);
        return value ? value : otherwise;
    };
    auto is = [&](const char *name, const char *wanted) { return pg_strcasecmp(text(name, ""), wanted) == 0; };
    auto integer = [&](const char *name, const char *otherwise) {
        int value = 0;
        (void)parse_int(text(name, otherwise), &value, 0, nullptr);
        return value;
    };
    auto boolean = [&](const char *name) {
        bool value = false;
        (void)parse_bool(text(name, "off"), &value);
        return value;
    };
    ImportRules rules{};
    rules.sample = integer("sample", "1000");
    rules.flatten = !is("nested", "jsonb");
    rules.arrays = is("arrays", "table")   ? ArrayMode::Table
                   : is("arrays", "jsonb") ? ArrayMode::Jsonb
                                           : ArrayMode::Array;
    rules.max_depth = integer("max_depth", "4");
    rules.max_columns = integer("max_columns", "400");
    rules.map_threshold = integer("map_threshold", "64");
    rules.id_as_text = is("id_type", "text");
    rules.doc_column = boolean("doc_column");
    rules.on_conversion_error = text("on_conversion_error", nullptr);
    const char *on_error = text("on_conversion_error", find_option(server_options, "on_conversion_error"));
    rules.errors_column = boolean("errors_column") || (on_error && pg_strcasecmp(on_error, "collect") == 0);
    rules.snake_case = is("name_case", "snake");
    rules.collate_c = boolean("collate_c");
    bool collects = on_error && pg_strcasecmp(on_error, "collect") == 0;
    (void)parse_real(text("tolerance", collects ? "0.01" : "0"), &rules.tolerance, 0, nullptr);
    return rules;
}

extern "C" List *mongoImportForeignSchema(ImportForeignSchemaStmt *statement, Oid server) {
    Import import{};
    import.server = server;
    import.server_name = statement->server_name;
    import.database = statement->remote_schema;
    import.rules = import_rules(statement->options, GetForeignServer(server)->options);
    import.mode = statement->list_type;
    ListCell *cell;
    foreach (cell, statement->table_list)
        import.names = lappend(import.names, lfirst_node(RangeVar, cell)->relname);
    List *commands = NIL, *made = NIL, *all = plan_import(import);
    foreach (cell, all)
        for_each_table(static_cast<Imported *>(lfirst(cell))->table, [&](LayoutTable *table) {
            if (!is_wanted(import, table->name))
                return;
            made = lappend(made, const_cast<char *>(table->name));
            commands =
                lappend(commands, create_statement(table, nullptr, import.server_name, import.database, import.rules));
        });
    note_unknown_tables(import, made);
    note_samples(all, made);
    note_unreadable(all, made);
    return commands;
}

namespace {

struct Output {
    ReturnSetInfo *result;
    void add(const char *table, const char *kind, const char *statement) const {
        Datum values[3] = {CStringGetTextDatum(table), CStringGetTextDatum(kind), CStringGetTextDatum(statement)};
        bool nulls[3] = {};
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    }
};

// How many values of the array that a child table unwinds are no arrays.
const char *odd_arrays(const LayoutTable *table) {
    if (!table->unwind)
        return "";
    const ProfileNode *array = table->scope->parent;
    uint64_t others = array->present - null_count(array) - array->types[type_index(BsonType::Array)];
    return others ? psprintf("; %llu %s", static_cast<unsigned long long>(others),
                             others == 1 ? "value is no array" : "values are no arrays")
                  : "";
}

void add_statements(const Import &import, const Imported *imported, LayoutTable *table, const char *schema,
                    const Output &output) {
    const char *name = quote_qualified_identifier(schema, table->name);
    output.add(table->name, "table",
               create_statement(table, schema, import.server_name, import.database, import.rules));
    const char *what = table->unwind ? psprintf("array %s of ", profile_path(table->scope->parent)) : "";
    output.add(table->name, "comment",
               psprintf("COMMENT ON FOREIGN TABLE %s IS %s;", name,
                        quote_literal_cstr(psprintf("MongoDB: %s%s \"%s.%s\"; laid out from %s%s", what,
                                                    imported->info->view ? "view" : "collection", import.database,
                                                    table->collection, imported->sampled, odd_arrays(table)))));
    ListCell *cell;
    foreach (cell, table->columns) {
        const LayoutColumn *column = static_cast<LayoutColumn *>(lfirst(cell));
        const char *evidence = column->node ? evidence_of(column, imported->sampled) : column->why;
        output.add(table->name, "comment",
                   psprintf("COMMENT ON COLUMN %s.%s IS %s;", name, quote_identifier(column->name),
                            quote_literal_cstr(evidence)));
    }
}

} // namespace
} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" Datum mongo_import_statements(PG_FUNCTION_ARGS) {
    ForeignServer *server = usable_server(text_argument(fcinfo, 0, "server"));
    Import import{};
    import.server = server->serverid;
    import.server_name = server->servername;
    import.database = text_argument(fcinfo, 1, "database");
    char *schema = text_argument(fcinfo, 2, "schema");
    if (!PG_ARGISNULL(3) && !PG_ARGISNULL(4))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("give either \"limit_to\" or \"except_tables\", not both")));
    import.mode = !PG_ARGISNULL(3)   ? FDW_IMPORT_SCHEMA_LIMIT_TO
                  : !PG_ARGISNULL(4) ? FDW_IMPORT_SCHEMA_EXCEPT
                                     : FDW_IMPORT_SCHEMA_ALL;
    import.names = list_concat(texts_argument(fcinfo, 3), texts_argument(fcinfo, 4));
    import.rules = import_rules(PG_ARGISNULL(5) ? NIL : untransformRelOptions(PG_GETARG_DATUM(5)), server->options);
    InitMaterializedSRF(fcinfo, 0);
    Output output{reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo)};
    List *made = NIL, *all = plan_import(import);
    ListCell *cell;
    foreach (cell, all) {
        Imported *imported = static_cast<Imported *>(lfirst(cell));
        for_each_table(imported->table, [&](LayoutTable *table) {
            if (!is_wanted(import, table->name))
                return;
            made = lappend(made, const_cast<char *>(table->name));
            add_statements(import, imported, table, schema, output);
        });
    }
    note_unknown_tables(import, made);
    note_samples(all, made);
    note_unreadable(all, made);
    PG_RETURN_VOID();
}
