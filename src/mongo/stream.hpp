// Our own network stream below the driver: every wait is cut into slices in which the backend may ask to stop.
// Zone P.
#pragma once

#include "mongo/api.hpp"
#include "mongo/types.hpp"

#include <string>

namespace mongo_fdw::mongo {

struct Stream;

// What all streams of one client share. Owned by the client, outlives its streams.
struct StreamGroup {
    const Hooks *hooks;
    const mongoc_ssl_opt_t *tls; // null: plain
    int32_t connect_timeout_ms;
    Stream *first;
    int64_t end_ms;   // of the monotonic clock: nothing is awaited beyond it; 0: no end
    bool aborting;    // every read, write and connect fails at once
    bool interrupted; // a wait ended because the backend asked for it
    uint64_t bytes_received;
    char last_host[280]; // host:port of the stream that was read or written last
};

// Stream initiator for mongoc_client_set_stream_initiator; user_data is the client's StreamGroup.
extern "C" mongoc_stream_t *open_stream(const mongoc_uri_t *uri, const mongoc_host_list_t *host, void *user_data,
                                        bson_error_t *error);

// False where a peer has closed one of the group's sockets. Does not wait.
bool streams_are_open(const StreamGroup *group) noexcept;

// Writes a message to every open stream as far as there is room for it, without waiting.
void send_at_once(StreamGroup *group, const std::string &message) noexcept;

// Writes a message to every open stream and reads the answer to it, which is not looked at; nothing else may be under
// way. False where a stream fails, whose group is aborted then: what comes next would read a wrong answer.
bool exchange(StreamGroup *group, const std::string &message, int32_t timeout_ms) noexcept;

// Closes every socket of the group, so that the server ends what runs there, and lets nothing wait any more.
void abort_streams(StreamGroup *group) noexcept;

} // namespace mongo_fdw::mongo
