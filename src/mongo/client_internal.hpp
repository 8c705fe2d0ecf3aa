// What client.cpp and cursor.cpp share. Zone P.
#pragma once

#include "mongo/client.hpp"
#include "mongo/stream.hpp"
#include "mongo/write.hpp"

#include <string>
#include <vector>

namespace mongo_fdw::mongo {

struct IdleCursor {
    std::string database;
    std::string collection;
    int64_t id;
    uint32_t server;
};

struct Client {
    StreamGroup streams{};
    std::string pem_file, pem_password, ca_file, ca_directory, crl_file;
    mongoc_ssl_opt_t tls{};
    Handle<mongoc_read_prefs_t> read_preference;
    Handle<mongoc_client_t> handle;              // destroyed before the streams' group
    Handle<mongoc_client_session_t> transaction; // of the backend's transaction; null: none is open
    int64_t transaction_number = -1;             // as the driver counts it; -1: the server has not heard of it
    bool watched = false;                        // the driver tells of its commands
    Document reply;                              // of the last command, as the driver gives it
    std::vector<IdleCursor> idle_cursors;
    std::vector<std::string> owed_aborts; // abortTransaction commands that nobody has heard an answer of
    unsigned references = 1;
    std::string replica_set;   // that the URI names; empty: none
    std::string other_answers; // of hosts that are no members of it, for messages: the driver drops them without a word
    bool broken = false;
    bool worked = false;
    int64_t broken_at_us = 0;
    Client *next = nullptr; // in the graveyard
    // The driver would end sessions and an open transaction on the server, over sockets that are closed.
    ~Client() {
        if (handle)
            mongoc_client_reset(handle.get());
    }
};

void clear_error(Error *error) noexcept;
void set_error(Error *error, ErrorKind kind, int32_t code, const char *message) noexcept;

// Turns the driver's error into ours and marks the client broken where it cannot go on.
void take_error(Client *client, const bson_error_t &from, const bson_t *reply, Error *error) noexcept;

// A read preference by mode name; null for an unknown one.
Handle<mongoc_read_prefs_t> read_preference_of(const char *mode);

// Picks a server for reading; 0 on error.
uint32_t select_server(Client *client, const mongoc_read_prefs_t *preference, Error *error);

// Makes a command part of the client's transaction.
bool append_transaction(Client *client, Document *options, Error *error) noexcept;

// Copies the last reply into memory; false where none is left.
bool copy_reply(Client *client, Memory memory, Bytes *reply, Error *error) noexcept;

// Aborts transactions that an earlier connection left open; what cannot be sent stays owed.
void send_owed_aborts(Client *client) noexcept;

// Before a command: aborts and kills what earlier errors left behind on the server. A failure is no error of the
// command.
void clear_debts(Client *client) noexcept;

} // namespace mongo_fdw::mongo
