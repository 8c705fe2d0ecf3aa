// Runs a PostgreSQL call whose error must become a value. Zone S.
#pragma once

struct ErrorData;

namespace mongo_fdw {

// Calls call(argument) inside a subtransaction of its own. On an error the subtransaction is rolled back and the error
// returned, allocated in the caller's memory context; null when the call succeeded. Cancel and terminate still raise.
ErrorData *catch_error(void (*call)(void *), void *argument);

} // namespace mongo_fdw
