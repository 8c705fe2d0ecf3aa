// What procedures of the kit cannot say in PL/pgSQL. Zone B.
#include "pg/arguments.hpp"

extern "C" {
#include "access/xact.h"

PG_FUNCTION_INFO_V1(mongo_refuse_transaction_block);
}

extern "C" Datum mongo_refuse_transaction_block(PG_FUNCTION_ARGS) {
    if (IsTransactionBlock())
        ereport(ERROR, (errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
                        errmsg("%s cannot run inside a transaction block", text_to_cstring(PG_GETARG_TEXT_PP(0))),
                        errdetail("Nothing was done."),
                        errhint("It commits by itself: CALL it outside of BEGIN ... COMMIT.")));
    PG_RETURN_VOID();
}
