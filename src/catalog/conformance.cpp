// mongo.conformance: what does not fit a foreign table's columns, over all documents. Zone B.
//
// Where the type matrix can be said exactly in MongoDB's words the server counts, in one $group for all such columns;
// what it cannot tell (domains, enums, composites, json, other encodings, nested arrays, arrays below a path or inside
// another that are unwound) is counted by one projected scan through the decoder of foreign tables. A column of which
// the server found a value that it was not sure of is counted by the scan as well. Where the scan costs no more than
// the server's work, or is needed anyway, it counts all columns.
#include "catalog/collections.hpp"
#include "catalog/profile.hpp"
#include "catalog/relation.hpp"
#include "catalog/unknown_paths.hpp"
#include "connect/documents.hpp"
#include "connect/stats.hpp"
#include "convert/decode.hpp"
#include "convert/fit.hpp"
#include "mql/commands.hpp"
#include "options/path.hpp"
#include "pg/arguments.hpp"
#include "pg/error.hpp"
#include "pg/memory.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(mongo_conformance);
}

namespace mongo_fdw {
namespace {

struct ColumnCount {
    const ColumnOptions *column; // null: the unwound array
    bool server;
    mql::FitColumn fit; // where the server counts
    int64 missing;
    int64 nulls;
    int64 bad;
    uint64_t bad_types[kBsonTypes];
    List *examples; // of BsonValue
};

struct Survey {
    const TableOptions *table; // every column collects
    DocumentSource source;
    mql::Document pipeline;
    ColumnCount *counts; // by attribute number; [0]: the unwound array
    int most_examples;
    int64 server_documents;
    int64 scanned_rows;
    MemoryContext context;
    // of the row that is being counted
    BsonValue document;
};

// Whether the server can tell which values fit a column, and how.
bool server_fit(const TableOptions *table, const ColumnOptions *column, mql::FitColumn *fit) {
    if (!server_unwinds(table) || !fit_of_column(*column, fit))
        return false;
    fit->element = table->unwind_levels > 0 && starts_with(column->path, table->unwind[0]);
    return true;
}

void keep_example(const Survey *survey, ColumnCount *count, const BsonValue &document) {
    if (list_length(count->examples) >= survey->most_examples)
        return;
    BsonValue id = field_of(document, "_id");
    const BsonValue *last = count->examples ? static_cast<BsonValue *>(llast(count->examples)) : nullptr;
    // The rows of a child table that come from one document are neighbours.
    if (id.type == BsonType::Missing || (last && same_value(*last, id)))
        return;
    MemoryContext old = MemoryContextSwitchTo(survey->context);
    BsonValue *copy = static_cast<BsonValue *>(palloc(sizeof(BsonValue)));
    *copy = copy_value(id);
    count->examples = lappend(count->examples, copy);
    MemoryContextSwitchTo(old);
}

// --- by the server ---

void take_group(Survey *survey, ColumnCount **columns, int column_count, const BsonValue &group) {
    BsonValue key = field_of(group, "_id");
    int64 column = count_of(field_of(key, "c"), -2);
    int64 number = count_of(field_of(group, "n"), 0);
    if (column == -1)
        survey->server_documents = number;
    if (column < 0 || column >= column_count)
        return;
    ColumnCount *count = columns[column];
    switch (static_cast<mql::FitState>(count_of(field_of(key, "s"), 0))) {
    case mql::FitState::Missing:
        count->missing += number;
        break;
    case mql::FitState::Null:
        count->nulls += number;
        break;
    case mql::FitState::Misfit: {
        count->bad += number;
        BsonType type = type_of_name(field_of(key, "t"));
        if (type != BsonType::Missing)
            count->bad_types[type_index(type)] += number;
        break;
    }
    case mql::FitState::Unsure:
        count->server = false; // counted again by the scan
        break;
    case mql::FitState::Fit:
        break;
    }
}

void reset_count(ColumnCount *count) {
    count->missing = count->nulls = count->bad = 0;
    memset(count->bad_types, 0, sizeof count->bad_types);
    count->examples = NIL;
}

// Errors of an operator or of its operands; not of rights, of a cancel, of the connection or the server's state.
bool is_about_evaluation(const mongo::Error &failure) {
    if (failure.kind != mongo::ErrorKind::Server)
        return false;
    switch (ERRCODE_TO_CATEGORY(sqlstate_of(failure))) {
    case MAKE_SQLSTATE('0', 'A', '0', '0', '0'): // feature not supported
    case MAKE_SQLSTATE('2', '2', '0', '0', '0'): // data exception
    case MAKE_SQLSTATE('H', 'V', '0', '0', '0'): // codes without a row of their own
        return true;
    default:
        return false;
    }
}

void count_by_server(Survey *survey) {
    int total = 0;
    ColumnCount **columns =
        static_cast<ColumnCount **>(palloc(sizeof(ColumnCount *) * (survey->table->column_count + 1)));
    mql::FitColumn *fits =
        static_cast<mql::FitColumn *>(palloc(sizeof(mql::FitColumn) * (survey->table->column_count + 1)));
    mql::SurveySource source{survey->table->collection, survey->pipeline,
                             survey->table->unwind_levels > 0 ? survey->table->unwind[0].keys[0] : nullptr};
    for (int i = 0; i <= survey->table->column_count; i++)
        if (survey->counts[i].server) {
            columns[total] = &survey->counts[i];
            fits[total++] = survey->counts[i].fit;
        }
    if (total == 0)
        return;
    mongo::Error failure;
    DocumentStream *stream =
        open_documents(survey->source, mql::survey_command(source, fits, total, current_memory()), &failure);
    if (!stream) {
        // A server that lacks an operator, or cannot evaluate it for some value: the scan can.
        if (!is_about_evaluation(failure))
            raise_mongo_error(failure, survey->table->server_name, survey->table->name_space, "[{\"$group\": ...}]");
        ereport(DEBUG1,
                (errmsg_internal("conformance of \"%s\" by a scan: %s", survey->table->name_space, failure.message)));
        for (int i = 0; i < total; i++)
            columns[i]->server = false;
        return;
    }
    BsonValue group;
    while (next_document(stream, &group))
        take_group(survey, columns, total, group);
    close_documents(stream);
    for (int i = 0; i < total; i++) {
        if (!columns[i]->server)
            reset_count(columns[i]);
        if (columns[i]->bad == 0 || survey->most_examples == 0)
            continue;
        stream = open_documents(survey->source,
                                mql::misfits_command(source, fits[i], survey->most_examples, current_memory()));
        while (next_document(stream, &group))
            keep_example(survey, columns[i], group);
        close_documents(stream);
    }
}

// --- by a scan ---

void note_misfit(void *argument, AttrNumber column, BsonType type) {
    Survey *survey = static_cast<Survey *>(argument);
    ColumnCount *count = &survey->counts[column];
    if (count->server)
        return;
    count->bad++;
    count->bad_types[type_index(type)]++;
    keep_example(survey, count, survey->document);
}

void count_by_scan(Survey *survey) {
    const TableOptions *table = survey->table;
    bool *needed = static_cast<bool *>(palloc0(Max(table->column_count, 1)));
    bool any = table->unwind_levels > 0 && !survey->counts[0].server;
    for (int i = 1; i <= table->column_count; i++)
        if (survey->counts[i].column && !survey->counts[i].server)
            any = needed[i - 1] = true;
    if (!any)
        return;
    mql::PartCommand part{};
    part.collection = table->collection;
    part.base_pipeline = survey->pipeline;
    part.natural = true;
    const char **paths;
    if (projected_paths(table, needed, &paths, &part.project_count))
        part.project = paths;
    DocumentStream *stream = open_documents(survey->source, mql::part_command(part, current_memory()));
    Decoder *decoder = make_decoder(table, needed);
    Datum *values = static_cast<Datum *>(palloc(sizeof(Datum) * Max(table->column_count, 1)));
    bool *nulls = static_cast<bool *>(palloc(Max(table->column_count, 1)));
    BsonValue document;
    MemoryContext row = AllocSetContextCreate(CurrentMemoryContext, "mongo.conformance row", ALLOCSET_SMALL_SIZES);
    MemoryContext old = MemoryContextSwitchTo(row); // of the texts that misfits make
    while (next_document(stream, &document)) {
        begin_document(decoder, document);
        survey->document = document;
        while (decode_row(decoder, values, nulls)) {
            survey->scanned_rows++;
            for (int i = 1; i <= table->column_count; i++)
                if (needed[i - 1] && table->columns[i - 1].role == Role::Field) {
                    FieldState state = field_state(decoder, static_cast<AttrNumber>(i));
                    survey->counts[i].missing += state == FieldState::Missing;
                    survey->counts[i].nulls += state == FieldState::Null;
                }
            visit_misfits(decoder, note_misfit, survey);
        }
        MemoryContextReset(row);
    }
    MemoryContextSwitchTo(old);
    close_documents(stream);
}

// --- who counts ---

// Whether the server counts all columns for less than reading the documents costs. It evaluates an expression and makes
// a document for each column of each document: as much as fetching a document from nearby (0.4 to 2.5 times as much on
// DocumentDB, 20 columns of 50,000 documents; a third of it is assumed of MongoDB's own engine).
bool server_is_cheaper(const Survey *survey) {
    const TableOptions *table = survey->table;
    constexpr double kUsualBytes = 1024; // of a document, where the server does not say
    const Cost column = 0.05 + cpu_tuple_cost;
    int columns = 1; // the paths without a column
    for (int i = 0; i <= table->column_count; i++) {
        const ColumnCount *count = &survey->counts[i];
        if ((count->column || (i == 0 && table->unwind_levels > 0)) && !count->server)
            return false;
        columns += count->server;
    }
    CollectionStats stats{-1, -1};
    mongo::Error failure;
    bool known = !survey->pipeline.data && read_collection_stats(survey->source, &stats, &failure);
    double bytes = known && stats.documents > 0 && stats.bytes > 0 ? stats.bytes / stats.documents : kUsualBytes;
    Cost fetched = table->tuple_cost + cpu_tuple_cost + bytes * cpu_operator_cost / 64 +
                   bytes * table->round_trip_cost / Max(table->fetch_bytes, 1);
    return columns * column < fetched;
}

// --- rows ---

// Extended JSON; an _id that jsonb cannot hold (a NUL character) stands as the text of its JSON.
Datum examples_datum(List *examples) {
    StringInfoData list;
    initStringInfo(&list);
    ListCell *cell;
    foreach (cell, examples) {
        Arena arena{CurrentMemoryContext, nullptr, nullptr};
        JsonNode node;
        Datum ignored;
        StringInfoData text;
        initStringInfo(&text);
        json_node_of(*static_cast<BsonValue *>(lfirst(cell)), JsonForm::Relaxed, &arena, &node);
        bool readable = append_json(&text, node, JsonForm::Relaxed, &arena) == JsonFault::None;
        appendStringInfoString(&list, list.len ? ", " : "[");
        if (readable && make_jsonb(node, JsonForm::Relaxed, &arena, &ignored) == JsonFault::None)
            appendStringInfoString(&list, text.data);
        else
            escape_json(&list, readable ? text.data : "(unreadable)");
    }
    appendStringInfoString(&list, list.len ? "]" : "[]");
    return DirectFunctionCall1(jsonb_in, CStringGetDatum(list.data));
}

void write_count(const Survey *survey, const ColumnCount *count, ReturnSetInfo *result) {
    const ColumnOptions *column = count->column;
    Datum values[10];
    bool nulls[10] = {};
    nulls[0] = !column;
    NameData name;
    if (column) {
        namestrcpy(&name, column->name);
        values[0] = NameGetDatum(&name);
    }
    const TableOptions *table = survey->table;
    const char *path = !column                       ? table->unwind[table->unwind_levels - 1].text
                       : column->role == Role::Field ? column->path.text
                                                     : column->name;
    values[1] = CStringGetTextDatum(path);
    values[2] = CStringGetTextDatum(column ? format_type_with_typemod(column->type, column->typmod)
                                    : table->unwind[table->unwind_levels - 1].map ? "document"
                                                                                  : "array");
    values[3] = CStringGetTextDatum(count->server ? "server" : "scan");
    values[4] = Int64GetDatum(count->server ? survey->server_documents : survey->scanned_rows);
    values[5] = Int64GetDatum(count->missing);
    values[6] = Int64GetDatum(count->nulls);
    values[7] = Int64GetDatum(count->bad);
    values[8] = type_counts(count->bad_types);
    values[9] = examples_datum(count->examples);
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

// A path that no column holds: "bad" are its values that are not null.
void write_unknown(const UnknownPath *unknown, bool by_server, ReturnSetInfo *result) {
    Datum values[10];
    bool nulls[10] = {};
    nulls[0] = true;
    int64 null = static_cast<int64>(unknown->types[type_index(BsonType::Null)] +
                                    unknown->types[type_index(BsonType::Undefined)]);
    uint64_t types[kBsonTypes];
    memcpy(types, unknown->types, sizeof types);
    types[type_index(BsonType::Null)] = types[type_index(BsonType::Undefined)] = 0;
    values[1] = CStringGetTextDatum(unknown->path);
    values[2] = CStringGetTextDatum("no column");
    values[3] = CStringGetTextDatum(by_server ? "server" : "scan");
    values[4] = Int64GetDatum(unknown->rows);
    values[5] = Int64GetDatum(Max(unknown->rows - unknown->found, 0));
    values[6] = Int64GetDatum(null);
    values[7] = Int64GetDatum(unknown->found - null);
    values[8] = type_counts(types);
    values[9] = examples_datum(unknown->examples);
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

} // namespace
} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" Datum mongo_conformance(PG_FUNCTION_ARGS) {
    if (PG_ARGISNULL(0))
        ereport(ERROR,
                (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("argument \"foreign_table\" must not be null")));
    Oid relation = PG_GETARG_OID(0);
    int examples = integer_argument(fcinfo, 1, "examples", 0, 1000);
    char *method = text_argument(fcinfo, 2, "method");
    bool automatic = strcmp(method, "auto") == 0, may_ask = automatic || strcmp(method, "server") == 0;
    if (!may_ask && strcmp(method, "scan") != 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid method: \"%s\"", method),
                        errhint("Valid values are \"auto\", \"server\" and \"scan\".")));
    check_readable(relation);
    InitMaterializedSRF(fcinfo, 0);
    ReturnSetInfo *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    const TableOptions *table = read_table_options(relation, OnError::Collect);
    Survey survey{};
    survey.table = table;
    survey.source = source_of(table, GetUserId());
    survey.pipeline = base_pipeline_of(table);
    survey.most_examples = examples;
    survey.context = CurrentMemoryContext;
    survey.counts = static_cast<ColumnCount *>(palloc0(sizeof(ColumnCount) * (table->column_count + 1)));
    for (int i = 0; i < table->column_count; i++) {
        const ColumnOptions *column = &table->columns[i];
        if (column->dropped || (column->role != Role::Field && column->role != Role::Doc))
            continue;
        ColumnCount *count = &survey.counts[i + 1];
        count->column = column;
        count->server = may_ask && server_fit(table, column, &count->fit);
    }
    if (table->unwind_levels > 0) {
        survey.counts[0].server = may_ask && server_unwinds(table);
        survey.counts[0].fit.kind = mql::FitKind::Unwound;
        survey.counts[0].fit.keys = table->unwind[0].keys;
        survey.counts[0].fit.key_count = table->unwind[0].count;
    }
    if (automatic && !server_is_cheaper(&survey)) {
        may_ask = false;
        for (int i = 0; i <= table->column_count; i++)
            survey.counts[i].server = false;
    }
    count_by_server(&survey);
    count_by_scan(&survey);
    for (int i = 1; i <= table->column_count; i++)
        if (survey.counts[i].column)
            write_count(&survey, &survey.counts[i], result);
    if (table->unwind_levels > 0)
        write_count(&survey, &survey.counts[0], result);
    bool by_server;
    ListCell *cell;
    foreach (cell, unknown_paths(table, survey.source, survey.pipeline, may_ask, examples, &by_server))
        write_unknown(static_cast<UnknownPath *>(lfirst(cell)), by_server, result);
    PG_RETURN_VOID();
}
