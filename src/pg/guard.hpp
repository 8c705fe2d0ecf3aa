// Runs a PostgreSQL call whose error must become a value. Zone S.
#pragma once

struct ErrorData;

namespace mongo_fdw {

// Calls call(argument) inside a subtransaction of its own. An error about data (classes 22, 23, P0) rolls it back and
// is returned, allocated in the caller's memory context; null when the call succeeded. All other errors raise, and in
// parallel mode, where there are no subtransactions, every error does.
ErrorData *catch_error(void (*call)(void *), void *argument);

} // namespace mongo_fdw
