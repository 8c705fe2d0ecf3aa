// The one place with PG_TRY. Zone S.
#include "pg/guard.hpp"

#include "pg/pg.hpp"

extern "C" {
#include "utils/resowner.h"
}

namespace mongo_fdw {

namespace {

// Errors that say something about a value: data exceptions, broken constraints, what PL/pgSQL raises. Deadlocks,
// cancels and the like are no such errors.
bool is_about_data(int sqlstate) {
    int category = ERRCODE_TO_CATEGORY(sqlstate);
    return category == ERRCODE_DATA_EXCEPTION || category == ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION ||
           category == ERRCODE_PLPGSQL_ERROR;
}

} // namespace

ErrorData *catch_error(void (*call)(void *), void *argument) {
    if (IsInParallelMode()) { // no subtransactions there: the error goes its own way
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
    if (error && !is_about_data(error->sqlerrcode))
        ReThrowError(error);
    return error;
}

} // namespace mongo_fdw
