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
// connection up. Where that is lost already (a cancelled command), another one is opened for it, for a second at most.
// Until somebody has waited for an answer the client owes the abort: the server might still hold the
// transaction's documents.
void abort_transaction(Client *client) noexcept;

// Aborts that connections owe, for the next one to the same server.
struct Aborts;

// Moves what a client owes to *aborts, which is made where it is needed and null.
void collect_aborts(Client *client, Aborts **aborts) noexcept;

// Lets a new client send *aborts before its first command, and wait for their answers; *aborts becomes null.
void owe_aborts(Client *client, Aborts **aborts) noexcept;

// Whether the server that is written to has transactions; false with an error where it has none or cannot be reached.
bool has_transactions(Client *client, Error *error) noexcept;

} // namespace mongo_fdw::mongo
