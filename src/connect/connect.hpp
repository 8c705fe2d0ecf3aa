// The connections of this backend, one per user mapping. Zone B.
#pragma once

#include "mongo/cursor.hpp"

#include "pg/pg.hpp"

namespace mongo_fdw {

struct Connection {
    mongo::Client *client; // borrowed from the cache: retain it to keep it
    const char *server_name;
};

// The connection of a user to a server; opened when there is none. Raises what read_connection_options raises.
Connection get_connection(Oid server, Oid user);

// Opens a cursor over the user's connection. A connection from the cache that turns out to be dead is replaced once.
// Raises on error; the cursor belongs to the caller.
mongo::Cursor *open_cursor(Oid server, Oid user, const mongo::CursorRequest &request, const char *name_space,
                           const char *pipeline);

// The same for a command with a single reply. Returns false instead of raising when quiet is set; the reply is valid
// until the next command.
bool run_command(Oid server, Oid user, const char *database, mongo::Bytes command, bool quiet, mongo::Bytes *reply);

} // namespace mongo_fdw
