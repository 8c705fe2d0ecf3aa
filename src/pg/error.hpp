// From the driver's errors to PostgreSQL's: one table of SQLSTATEs. Zone S.
#pragma once

#include "mongo/types.hpp"

namespace mongo_fdw {

// Raises the error. First gives a pending cancel or terminate its turn. name_space is "database.collection" or a
// server's name; pipeline may be null.
[[noreturn]] void raise_mongo_error(const mongo::Error &error, const char *server_name, const char *name_space,
                                    const char *pipeline);

// SQLSTATE of an error, as MAKE_SQLSTATE makes it.
int sqlstate_of(const mongo::Error &error);

// Emits the driver's kept log lines at DEBUG1.
void report_driver_log();

} // namespace mongo_fdw
