// Plain types that the rooms on both sides of the driver share: errors, options of a connection, batches.
// Zone P; safe to include from zone B: no libmongoc, no PostgreSQL.
#pragma once

#include "memory.hpp"

#include <cstddef>
#include <cstdint>

namespace mongo_fdw::mongo {

// A document or array in BSON, not owned.
struct Bytes {
    const uint8_t *data;
    uint32_t size;
};

enum class ErrorKind : uint8_t {
    None,
    Interrupted, // our own stream stopped because the backend wants to cancel
    Config,      // the options do not make a connection
    Connect,     // no server could be reached or selected
    Auth,        // a server refused the credentials
    Lost,        // the connection broke in the middle of a command
    Server,      // the server answered with an error code
    Protocol,    // the server answered something that is no answer
};

// What went wrong, as plain data that may cross every border.
struct Error {
    ErrorKind kind;
    bool transient;  // it ended a transaction that may succeed when it is run again
    bool overloaded; // the server asks for less at a time
    int32_t code;    // the server's code, or the driver's
    char message[504];
};

// Callbacks of the backend, called from inside the driver: they must not raise, throw or allocate.
struct Hooks {
    bool (*interrupted)() noexcept; // true when the backend wants to stop waiting
    bool (*reserve_descriptor)() noexcept;
    void (*release_descriptor)() noexcept;
};

// Everything that makes a connection. Strings are UTF-8, null when not given, read only during connect().
struct ConnectOptions {
    const char *uri; // complete, or made of address and port; may hold credentials
    const char *username;
    const char *password;
    const char *auth_source;
    const char *auth_mechanism;
    const char *replica_set;
    const char *read_preference;
    const char *pem_file;
    const char *pem_password;
    const char *ca_file;
    const char *ca_directory;
    const char *crl_file;
    bool tls;
    bool weak_certificates;
    int32_t connect_timeout_ms;          // negative: what the uri says, or the driver's default
    int32_t server_selection_timeout_ms; // the same
    int32_t socket_timeout_ms;           // 0: none
};

} // namespace mongo_fdw::mongo
