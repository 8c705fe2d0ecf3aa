// Runs a PostgreSQL call whose error must become a value. Zone S.
#pragma once

struct ErrorData;

namespace mongo_fdw {

// Says of an SQLSTATE whether its errors are caught.
using Caught = bool(int sqlstate);

// Errors that say something about a value: data exceptions, broken constraints, what PL/pgSQL raises (classes 22, 23,
// P0). Deadlocks, cancels and the like are no such errors.
Caught is_about_data;

// All errors that do not end a query or a transaction, or tell of a broken system: not classes 40, 53, 57, 58, and of
// XX the internal errors (XX000), which built-in functions raise for values that are too large, but not corrupted data.
Caught is_about_statement;

// Whether there can be subtransactions now: before PostgreSQL 17 not in parallel mode.
bool may_catch_errors();

// Calls call(argument) inside a subtransaction of its own. An error that is caught rolls it back and is returned,
// allocated in the caller's memory context; null when the call succeeded. All other errors raise, and where there are
// no subtransactions every error does.
ErrorData *catch_error(void (*call)(void *), void *argument, Caught *caught = is_about_data);

// Calls call(argument); an error of it is shown to tell(error, argument) and goes on its way.
void tell_error(void (*call)(void *), void (*tell)(const ErrorData *, void *), void *argument);

} // namespace mongo_fdw
