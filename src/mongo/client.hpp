// One connection to MongoDB: a single-threaded driver client with our stream, and what it needs to be left politely.
// Zone P behind plain declarations; safe to include from zone B. No function throws.
#pragma once

#include "mongo/types.hpp"

namespace mongo_fdw::mongo {

struct Client; // shared by a connection-cache entry and the cursors opened through it

// Makes a client; does not talk to the server yet (but for SRV look-ups). The result has one reference, owned by the
// caller. Null on error.
Client *make_client(const ConnectOptions &options, const Hooks *hooks, Error *error) noexcept;

void retain_client(Client *client) noexcept;

// Gives back one reference; the last one closes the sockets without any network I/O that could wait.
void release_client(Client *client) noexcept;

// False after a command broke or was cancelled: the client must be replaced, not reused.
bool client_is_usable(const Client *client) noexcept;

// True once a command of this client has succeeded.
bool client_has_worked(const Client *client) noexcept;

// Closes all sockets at once; nothing of this client can wait any more. For exit and terminate.
void abandon_client(Client *client) noexcept;

// Runs a command that has a single reply, which is copied into memory.
bool run_command(Client *client, const char *database, Bytes command, Memory memory, Bytes *reply,
                 Error *error) noexcept;

// True when the URI can be parsed; else the driver's words in error. Never shows credentials.
bool check_uri(const char *uri, Error *error) noexcept;

// What a URI says, for the rules about options: option names in lower case, one at a time by index.
struct UriFacts {
    bool valid;
    bool has_username;
    bool has_password;
    bool has_socket; // a host is a path to a Unix socket
};
UriFacts uri_facts(const char *uri) noexcept;

// True when the URI sets the option (case-insensitive); value, if not null, gets it as text ("" if it is no string).
bool uri_has_option(const char *uri, const char *option, char *value, size_t value_size) noexcept;

} // namespace mongo_fdw::mongo
