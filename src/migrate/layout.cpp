// mongo_internal.layout: what a plan is made of. Zone B.
//
// The layout of IMPORT FOREIGN SCHEMA with its evidence, as rows: one a table and one a column of each table.
#include "catalog/import.hpp"
#include "catalog/profile.hpp"
#include "connect/documents.hpp"
#include "pg/arguments.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(mongo_layout);
}

namespace mongo_fdw {
namespace {

enum Out {
    kCollection,
    kTable,
    kParent,
    kUnwind,
    kLevels,
    kPosition,
    kColumn,
    kPath,
    kType,
    kBsonType,
    kTypes,
    kContainers,
    kPresent,
    kNulls,
    kMisfits,
    kUniqueIndex,
    kWhy,
    kKind,
    kSampled,
    kComplete,
    kLeftOver,
    kSemantic,
    kSubdocument,
    kOutCount
};

struct Row {
    Datum values[kOutCount];
    bool nulls[kOutCount];
    void text(Out out, const char *value) {
        nulls[out] = !value;
        if (value)
            values[out] = CStringGetTextDatum(value);
    }
    void number(Out out, uint64_t value) {
        nulls[out] = false;
        values[out] = Int64GetDatum(static_cast<int64>(value));
    }
    void flag(Out out, bool value) {
        nulls[out] = false;
        values[out] = BoolGetDatum(value);
    }
    void store(ReturnSetInfo *result) { tuplestore_putvalues(result->setResult, result->setDesc, values, nulls); }
};

Row empty_row() {
    Row row;
    memset(row.nulls, true, sizeof row.nulls);
    return row;
}

// The type that most values at a path have; null where all are null or there are none.
const char *main_type(const ProfileNode *node) {
    const char *name = nullptr;
    uint64_t most = 0;
    for (int i = 0; i < kBsonTypes; i++)
        if (node->types[i] > most && !reads_as_null(type_at(i))) {
            most = node->types[i];
            name = type_name(type_at(i));
        }
    return name;
}

const char *kind_of(const CollectionInfo *info) {
    BsonValue capped = info->options.type == BsonType::Document ? field_of(info->options, "capped") : kMissing;
    return info->view                                             ? "view"
           : info->timeseries                                     ? "time series"
           : capped.type == BsonType::Bool && capped.data[0] != 0 ? "capped"
                                                                  : "collection";
}

Row row_of_table(const Imported *imported, const LayoutTable *table) {
    Row row = empty_row();
    row.text(kCollection, table->collection);
    row.text(kTable, table->name);
    row.text(kParent, table->parent ? table->parent->name : nullptr);
    row.text(kUnwind, table->unwind);
    row.nulls[kLevels] = false;
    row.values[kLevels] = Int32GetDatum(table->levels);
    row.text(kKind, kind_of(imported->info));
    row.text(kSampled, imported->sampled);
    row.flag(kComplete, !imported->partly);
    return row;
}

void put_column(const Imported *imported, const LayoutTable *table, const LayoutColumn *column, int position,
                ReturnSetInfo *result) {
    const ProfileNode *node = column->node;
    size_t length = strlen(column->type);
    bool elements = node->element && length > 2 && strcmp(column->type + length - 2, "[]") == 0;
    const ProfileNode *told = elements ? node->element : node; // whose types a column has
    Row row = row_of_table(imported, table);
    row.nulls[kPosition] = false;
    row.values[kPosition] = Int32GetDatum(position);
    row.text(kColumn, column->name);
    row.text(kPath, column->path ? column->path : column->name);
    row.text(kType, column->type);
    row.text(kBsonType, main_type(node));
    row.nulls[kTypes] = false;
    row.values[kTypes] = type_counts(told->types);
    row.number(kContainers, profile_base(node));
    row.number(kPresent, node->present);
    row.number(kNulls, null_count(node));
    row.number(kMisfits, column->misfits);
    row.flag(kUniqueIndex, node->unique_index);
    row.text(kSemantic, semantic_guess(node));
    row.text(kSubdocument, subdocument_of(column, table));
    row.text(kWhy, evidence_of(column, imported->sampled));
    row.store(result);
}

// What no column holds, for the note of a table: paths, and what keys say that a document has twice.
const char *left_over(const Imported *imported, const LayoutTable *table) {
    StringInfoData text;
    initStringInfo(&text);
    ListCell *cell;
    foreach (cell, table->lost)
        appendStringInfo(&text, "%s%s", text.len ? ", " : "", profile_path(static_cast<ProfileNode *>(lfirst(cell))));
    if (imported->duplicate_keys)
        appendStringInfo(&text, "%sthe last value of keys that a document holds twice", text.len ? ", " : "");
    return text.len ? text.data : nullptr;
}

void put_table(const Imported *imported, const LayoutTable *table, ReturnSetInfo *result) {
    Row row = row_of_table(imported, table);
    row.number(kPresent, table->unwind ? table->scope->present : imported->table->scope->present);
    row.text(kLeftOver, left_over(imported, table));
    row.store(result);
    int position = 0;
    ListCell *cell;
    foreach (cell, table->columns) {
        const LayoutColumn *column = static_cast<LayoutColumn *>(lfirst(cell));
        if (column->node)
            put_column(imported, table, column, ++position, result);
    }
    foreach (cell, table->children)
        put_table(imported, static_cast<LayoutTable *>(lfirst(cell)), result);
}

// Two texts a choice: collection.path, kind.
List *choices_of(List *texts) {
    List *choices = NIL;
    for (int i = 0; i + 1 < list_length(texts); i += 2) {
        LayoutChoice *choice = static_cast<LayoutChoice *>(palloc0(sizeof(LayoutChoice)));
        choice->path = static_cast<char *>(list_nth(texts, i));
        choice->kind = static_cast<char *>(list_nth(texts, i + 1));
        choices = lappend(choices, choice);
    }
    return choices;
}

void check_used(List *choices) {
    ListCell *cell;
    foreach (cell, choices) {
        const LayoutChoice *choice = static_cast<LayoutChoice *>(lfirst(cell));
        if (!choice->seen)
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                            errmsg("layout names a path that is not there: \"%s\"", choice->path),
                            errhint("mongo.profile lists the paths of a collection; below one that stays jsonb there "
                                    "are none.")));
        if (!choice->used)
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                            errmsg("\"%s\" cannot be laid out as %s", choice->path, choice->kind),
                            errhint("\"flatten\" is of sub-documents, \"table\" of arrays, sub-documents and maps, "
                                    "\"map\" of sub-documents; arrays within arrays stay jsonb.")));
    }
}

} // namespace
} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" Datum mongo_layout(PG_FUNCTION_ARGS) {
    ForeignServer *server = usable_server(text_argument(fcinfo, 0, "server"));
    char *database = text_argument(fcinfo, 1, "database");
    ImportRules rules =
        import_rules(PG_ARGISNULL(3) ? NIL : untransformRelOptions(PG_GETARG_DATUM(3)), server->options);
    rules.choices = choices_of(texts_argument(fcinfo, 4));
    InitMaterializedSRF(fcinfo, 0);
    ReturnSetInfo *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    ListCell *cell;
    foreach (cell, lay_out_collections(server, database, texts_argument(fcinfo, 2), rules)) {
        const Imported *imported = static_cast<Imported *>(lfirst(cell));
        if (imported->table)
            put_table(imported, imported->table, result);
    }
    check_used(rules.choices);
    PG_RETURN_VOID();
}
