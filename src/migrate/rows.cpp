// mongo.rows_of: the rows of a foreign table from documents that are at hand. Zone B.
#include "catalog/relation.hpp"
#include "convert/decode.hpp"

extern "C" {
#include "access/htup_details.h"
#include "funcapi.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/typcache.h"
PG_FUNCTION_INFO_V1(mongo_rows_of);
PG_FUNCTION_INFO_V1(mongo_rows_of_support);
}

namespace mongo_fdw {
namespace {

// What a call remembers between its rows.
struct Rows {
    TupleDesc descriptor;
    Decoder *decoder;
    Datum *documents;
    bool *missing; // NULL elements
    int count;
    int next;
    Datum *values;
    bool *nulls;
};

// The foreign table whose rows the first argument stands for.
Oid relation_of_argument(FunctionCallInfo fcinfo) {
    Oid type = get_fn_expr_argtype(fcinfo->flinfo, 0);
    Oid relation = OidIsValid(type) ? get_typ_typrelid(type) : InvalidOid;
    if (!OidIsValid(relation))
        ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                        errmsg("argument \"row\" must be of the row type of a foreign table"),
                        errhint("NULL::schema.table says it.")));
    check_readable(relation);
    return relation;
}

Decoder *decoder_of(const TableOptions *table) {
    bool *needed = static_cast<bool *>(palloc(Max(table->column_count, 1)));
    for (int i = 0; i < table->column_count; i++)
        needed[i] = !table->columns[i].dropped;
    Decoder *decoder = make_decoder(table, needed);
    expect_given_documents(decoder);
    return decoder;
}

Rows *begin_rows(FunctionCallInfo fcinfo) {
    Oid relation = relation_of_argument(fcinfo);
    Rows *rows = static_cast<Rows *>(palloc0(sizeof(Rows)));
    if (PG_ARGISNULL(1))
        return rows;
    const TableOptions *table = read_table_options(relation);
    rows->descriptor = BlessTupleDesc(lookup_rowtype_tupdesc_copy(get_rel_type_id(relation), -1));
    rows->decoder = decoder_of(table);
    rows->values = static_cast<Datum *>(palloc0(sizeof(Datum) * Max(table->column_count, 1)));
    rows->nulls = static_cast<bool *>(palloc(Max(table->column_count, 1)));
    deconstruct_array(PG_GETARG_ARRAYTYPE_P_COPY(1), BYTEAOID, -1, false, TYPALIGN_INT, &rows->documents,
                      &rows->missing, &rows->count);
    return rows;
}

void begin_given(Decoder *decoder, Datum given) {
    const bytea *bytes = DatumGetByteaPP(given);
    const uint8_t *data = reinterpret_cast<const uint8_t *>(VARDATA_ANY(bytes));
    uint32_t size = static_cast<uint32_t>(VARSIZE_ANY_EXHDR(bytes));
    if (size < 5 || value_size(BsonType::Document, data, data + size) != size)
        ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("malformed BSON")));
    begin_document(decoder, {BsonType::Document, data, size});
}

// A document may have no row, or several.
bool next_row(Rows *rows) {
    while (rows->next == 0 || !decode_row(rows->decoder, rows->values, rows->nulls)) {
        while (rows->next < rows->count && rows->missing[rows->next])
            rows->next++;
        if (rows->next >= rows->count)
            return false;
        begin_given(rows->decoder, rows->documents[rows->next++]);
    }
    return true;
}

} // namespace
} // namespace mongo_fdw

using namespace mongo_fdw;

// The rows come one by one; a document is decoded when its first row is asked for.
extern "C" Datum mongo_rows_of(PG_FUNCTION_ARGS) {
    FuncCallContext *call;
    if (SRF_IS_FIRSTCALL()) {
        call = SRF_FIRSTCALL_INIT();
        MemoryContext caller = MemoryContextSwitchTo(call->multi_call_memory_ctx);
        call->user_fctx = begin_rows(fcinfo);
        MemoryContextSwitchTo(caller);
    }
    call = SRF_PERCALL_SETUP();
    Rows *rows = static_cast<Rows *>(call->user_fctx);
    if (!next_row(rows))
        SRF_RETURN_DONE(call);
    SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(rows->descriptor, rows->values, rows->nulls)));
}

// Answers the planner's question for the number of rows: about as many as there are documents, where those are known
// (an array of a constant size). One document is looked up through an index then, and not by a scan of the target.
extern "C" Datum mongo_rows_of_support(PG_FUNCTION_ARGS) {
    Node *request = reinterpret_cast<Node *>(PG_GETARG_POINTER(0));
    if (!IsA(request, SupportRequestRows))
        PG_RETURN_DATUM(0);
    SupportRequestRows *rows = reinterpret_cast<SupportRequestRows *>(request);
    if (!IsA(rows->node, FuncExpr))
        PG_RETURN_DATUM(0);
    Node *documents = static_cast<Node *>(lsecond(reinterpret_cast<FuncExpr *>(rows->node)->args));
    documents = estimate_expression_value(rows->root, documents);
    if (!IsA(documents, Const) || reinterpret_cast<Const *>(documents)->constisnull)
        PG_RETURN_DATUM(0);
    ArrayType *array = DatumGetArrayTypeP(reinterpret_cast<Const *>(documents)->constvalue);
    rows->rows = Max(ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)), 1);
    PG_RETURN_DATUM(PointerGetDatum(request));
}
