// Transactions of the server, one per client. Zone P behind plain declarations; safe to include from zone B. No
// function throws.
#pragma once

#include "mongo/client.hpp"

namespace mongo_fdw::mongo {

// Opens a transaction; the server hears of it with the first command that belongs to it. read_concern null and
// write_concern without data: the connection's.
bool begin_transaction(Client *client, const char *read_concern, Bytes write_concern, Error *error) noexcept;

// Commits; the driver tries again where that is safe. False where it failed; *unknown: perhaps it did not.
bool commit_transaction(Client *client, bool *unknown, Error *error) noexcept;

// Tells the server to abort what is open, without waiting for an answer or for room to send it, and gives the
// connection up. The server ends what it does not hear of by its own limit.
void abort_transaction(Client *client) noexcept;

} // namespace mongo_fdw::mongo
