// What procedures of the kit need that PL/pgSQL cannot: whether they may commit, what others have made meanwhile, and
// what a query gives. Zone B.
#include "pg/arguments.hpp"

extern "C" {
#include "access/xact.h"
#include "executor/spi.h"
#include "utils/plancache.h"
PG_FUNCTION_INFO_V1(mongo_refuse_transaction_block);
PG_FUNCTION_INFO_V1(mongo_see_changes);
PG_FUNCTION_INFO_V1(mongo_query_columns);
}

namespace mongo_fdw {
namespace {

// The plan of the only SELECT in a text; 42601 for anything else.
CachedPlanSource *only_select(SPIPlanPtr plan) {
    List *sources = plan ? SPI_plan_get_plan_sources(plan) : NIL;
    CachedPlanSource *source = list_length(sources) == 1 ? static_cast<CachedPlanSource *>(linitial(sources)) : nullptr;
    if (!source || source->commandTag != CMDTAG_SELECT || !source->resultDesc)
        ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("it is not one SELECT")));
    return source;
}

} // namespace
} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" Datum mongo_refuse_transaction_block(PG_FUNCTION_ARGS) {
    if (IsTransactionBlock())
        ereport(ERROR, (errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
                        errmsg("%s cannot run inside a transaction block", text_to_cstring(PG_GETARG_TEXT_PP(0))),
                        errdetail("Nothing was done."),
                        errhint("It commits by itself: CALL it outside of BEGIN ... COMMIT.")));
    PG_RETURN_VOID();
}

// Who waits for an advisory lock is not told what was made meanwhile, as who waits for a table is.
extern "C" Datum mongo_see_changes(PG_FUNCTION_ARGS) {
    AcceptInvalidationMessages();
    PG_RETURN_VOID();
}

extern "C" Datum mongo_query_columns(PG_FUNCTION_ARGS) {
    char *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
    MemoryContext result_context = CurrentMemoryContext;
    if (SPI_connect() != SPI_OK_CONNECT)
        elog(ERROR, "SPI_connect failed");
    TupleDesc row = only_select(SPI_prepare(query, 0, nullptr))->resultDesc;
    MemoryContext old = MemoryContextSwitchTo(result_context);
    Datum *names = static_cast<Datum *>(palloc(sizeof(Datum) * Max(row->natts, 1)));
    for (int i = 0; i < row->natts; i++)
        names[i] = CStringGetTextDatum(NameStr(TupleDescAttr(row, i)->attname));
    Datum result = PointerGetDatum(construct_array(names, row->natts, TEXTOID, -1, false, TYPALIGN_INT));
    MemoryContextSwitchTo(old);
    SPI_finish();
    PG_RETURN_DATUM(result);
}
