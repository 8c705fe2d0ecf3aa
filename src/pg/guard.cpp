// The one place with PG_TRY. Zone S.
#include "pg/guard.hpp"

#include "pg/pg.hpp"

extern "C" {
#include "utils/resowner.h"
}

namespace mongo_fdw {

bool is_about_data(int sqlstate) {
    int category = ERRCODE_TO_CATEGORY(sqlstate);
    return category == ERRCODE_DATA_EXCEPTION || category == ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION ||
           category == ERRCODE_PLPGSQL_ERROR;
}

bool is_about_statement(int sqlstate) {
    int category = ERRCODE_TO_CATEGORY(sqlstate);
    return category != ERRCODE_TRANSACTION_ROLLBACK && category != ERRCODE_INSUFFICIENT_RESOURCES &&
           category != ERRCODE_OPERATOR_INTERVENTION && category != ERRCODE_SYSTEM_ERROR &&
           (category != ERRCODE_INTERNAL_ERROR || sqlstate == ERRCODE_INTERNAL_ERROR);
}

bool may_catch_errors() { return PG_VERSION_NUM >= 170000 || !IsInParallelMode(); }

ErrorData *catch_error(void (*call)(void *), void *argument, Caught *caught) {
    if (!may_catch_errors()) { // the error goes its own way
        call(argument);
        return nullptr;
    }
    MemoryContext context = CurrentMemoryContext;
    ResourceOwner owner = CurrentResourceOwner;
    ErrorData *volatile error = nullptr;
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(context);
    PG_TRY();
    {
        call(argument);
        ReleaseCurrentSubTransaction();
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(context);
        error = CopyErrorData();
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
    }
    PG_END_TRY();
    MemoryContextSwitchTo(context);
    CurrentResourceOwner = owner;
    if (error && !caught(error->sqlerrcode))
        ReThrowError(error);
    return error;
}

void tell_error(void (*call)(void *), void (*tell)(const ErrorData *, void *), void *argument) {
    PG_TRY();
    { call(argument); }
    PG_CATCH();
    {
        MemoryContext context = MemoryContextSwitchTo(TopMemoryContext);
        ErrorData *error = CopyErrorData();
        tell(error, argument);
        FreeErrorData(error);
        MemoryContextSwitchTo(context);
        PG_RE_THROW();
    }
    PG_END_TRY();
}

} // namespace mongo_fdw
