// The connections of this backend, one per user mapping. Zone B.
#pragma once

#include "mongo/cursor.hpp"

#include "pg/pg.hpp"

namespace mongo_fdw {

struct Connection {
    mongo::Client *client; // borrowed from the cache: retain it to keep it
    const char *server_name;
};

// The connection of a user to a server; made when there is none (without talking to the server). Raises what
// read_connection_options raises; what the driver refuses goes to *failure where the caller gives one, and the result's
// client is null.
Connection get_connection(Oid server, Oid user, mongo::Error *failure = nullptr);

// True where get_connection would find a user mapping that follows the rules about passwords.
bool may_connect(Oid server, Oid user);

// Opens a cursor over the user's connection. A connection from the cache that turns out to be dead is replaced once.
// The cursor belongs to the caller. An error raises, or goes to *failure where the caller gives one and the result is
// null; a cancel always raises.
mongo::Cursor *open_cursor(Oid server, Oid user, const mongo::CursorRequest &request, const char *name_space,
                           const char *pipeline, mongo::Error *failure = nullptr);

// The same for a command with a single reply, in the current memory context.
bool run_command(Oid server, Oid user, const char *database, mongo::Bytes command, mongo::Bytes *reply,
                 mongo::Error *failure = nullptr);

// The server of that name, for a function's argument: 42704 where there is none, 42809 where it is another wrapper's,
// 42501 where the current user has no USAGE on it.
ForeignServer *usable_server(const char *name);

// Raises 42809 where the server is another wrapper's.
void check_wrapper(const ForeignServer *server);

} // namespace mongo_fdw
