// The stages of a pipeline by which MongoDB itself adds up what the columns of a foreign table would show. Zone B.
#include "mql/totals.hpp"
#include "catalog/relation.hpp"
#include "convert/fit.hpp"
#include "connect/documents.hpp"
#include "convert/json.hpp"
#include "convert/query_json.hpp"
#include "exec/collation.hpp"
#include "options/path.hpp"
#include "pg/arguments.hpp"
#include "pg/memory.hpp"

extern "C" {
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
PG_FUNCTION_INFO_V1(mongo_totals_stages);
PG_FUNCTION_INFO_V1(mongo_summary);
}

namespace mongo_fdw {
namespace {

const char *name_of(mql::TotalKind kind) {
    switch (kind) {
    case mql::TotalKind::Count:
        return "count";
    case mql::TotalKind::Number:
        return "number";
    case mql::TotalKind::Float:
        return "float";
    case mql::TotalKind::Text:
        return "text";
    case mql::TotalKind::Bytes:
        return "bytes";
    case mql::TotalKind::Bool:
        return "bool";
    case mql::TotalKind::Date:
        return "date";
    case mql::TotalKind::Id:
        return "id";
    }
    return "count";
}

// Text of which NUL is taken, or written otherwise: the server can do the same.
bool adds_up_changed_text(const mql::FitColumn &fit) {
    return fit.kind == mql::FitKind::Text && fit.nul != mql::FitNul::Misfit && fit.max_length == 0 && !fit.array &&
           GetDatabaseEncoding() == PG_UTF8;
}

// What a column's values are to the server; false where it cannot tell.
bool fit_of_name(const TableOptions *table, const char *name, mql::FitColumn *fit) {
    for (int i = 0; i < table->column_count; i++) {
        const ColumnOptions *column = &table->columns[i];
        if (column->dropped || strcmp(column->name, name) != 0)
            continue;
        if (column->role == Role::Ord && table->unwind_levels == 1) {
            *fit = {};
            fit->kind = mql::FitKind::Ordinal;
            return server_unwinds(table);
        }
        bool fits = server_unwinds(table) && (fit_of_column(*column, fit) || adds_up_changed_text(*fit));
        fit->element = table->unwind_levels > 0 && starts_with(column->path, table->unwind[0]);
        return fits;
    }
    return false;
}

Datum canonical_json(const BsonValue &value) {
    Arena arena{CurrentMemoryContext, nullptr, nullptr};
    JsonNode node;
    StringInfoData text;
    initStringInfo(&text);
    json_node_of(value, JsonForm::Canonical, &arena, &node);
    if (append_json(&text, node, JsonForm::Canonical, &arena) != JsonFault::None)
        ereport(ERROR, (errcode(ERRCODE_UNTRANSLATABLE_CHARACTER), errmsg("a path or value cannot be said in JSON")));
    return PointerGetDatum(cstring_to_text_with_len(text.data, text.len));
}

} // namespace
} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" Datum mongo_totals_stages(PG_FUNCTION_ARGS) {
    Oid relation = PG_GETARG_OID(0);
    bool plain = PG_GETARG_BOOL(2), barrier = PG_GETARG_BOOL(3);
    check_readable(relation);
    const TableOptions *table = read_table_options(relation, OnError::Collect);
    Datum *names;
    bool *missing;
    int count, told = 0;
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, &names, &missing, &count);
    mql::FitColumn *fits = static_cast<mql::FitColumn *>(palloc(sizeof(mql::FitColumn) * Max(count, 1)));
    ArrayBuildState *kinds = initArrayResult(TEXTOID, CurrentMemoryContext, false);
    for (int i = 0; i < count; i++) {
        bool tells = !missing[i] && fit_of_name(table, NameStr(*DatumGetName(names[i])), &fits[told]) &&
                     (!plain || mql::plain_kind(fits[told]));
        const char *name = !tells  ? nullptr
                           : plain ? mql::plain_kind(fits[told])
                                   : name_of(mql::total_kind(fits[told]));
        Datum kind = name ? CStringGetTextDatum(name) : 0;
        accumArrayResult(kinds, kind, !tells, TEXTOID, CurrentMemoryContext);
        told += tells;
    }
    const char *unwind = table->unwind_levels > 0 ? table->unwind[0].keys[0] : nullptr;
    TupleDesc row;
    if (get_call_result_type(fcinfo, nullptr, &row) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    bool can = table->unwind_levels == 0 || server_unwinds(table);
    mql::Document stages{};
    if (can) {
        stages = mql::totals_stages(unwind, fits, told, plain, barrier, current_memory());
        if (!stages.data)
            ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
    }
    Datum values[2] = {can ? canonical_json(field_of({BsonType::Document, stages.data, stages.size}, "stages")) : 0,
                       makeArrayResult(kinds, CurrentMemoryContext)};
    bool nulls[2] = {!can, false};
    PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls)));
}

// The only document of a pipeline over the collection of a foreign table: by a majority, texts compared by their bytes.
extern "C" Datum mongo_summary(PG_FUNCTION_ARGS) {
    Oid relation = PG_GETARG_OID(0);
    check_readable(relation);
    const TableOptions *table = read_table_options(relation);
    mql::ScanCommand scan{};
    scan.collection = table->collection;
    scan.base_pipeline =
        read_pipeline(text_argument(fcinfo, 1, "pipeline"), "invalid pipeline", ERRCODE_INVALID_PARAMETER_VALUE);
    scan.read_concern = "majority";
    Collation collation = source_collation(table, GetUserId());
    if (collation == Collation::OtherOnView)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("texts of %s cannot be compared by their bytes", table->name_space),
                        errdetail("The view has a collation of its own.")));
    scan.simple_collation = collation == Collation::Other;
    mql::ScanRendering rendering = mql::render_scan(scan, current_memory());
    if (!rendering.command.data)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("the pipeline is too large")));
    Datum result = 0;
    if (!first_document(source_of(table, GetUserId()), rendering.command,
                        [&](const BsonValue &document) { result = canonical_json(document); }))
        PG_RETURN_NULL();
    PG_RETURN_DATUM(result);
}
