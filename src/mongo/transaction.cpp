// Transactions. Zone P.
//
// An abort may not wait: the driver's own would, and so a message is written by hand. It needs the number that the
// driver gave the transaction, which only the event of its first command shows.
#include "mongo/transaction.hpp"
#include "mongo/client_internal.hpp"

#include <cstring>

namespace mongo_fdw::mongo {
namespace {

constexpr int32_t kAbortTimeoutMs = 10000;
constexpr int32_t kBriefMs = 1000; // for an abort over a connection of its own, in all

struct OptionsDeleter {
    void operator()(mongoc_transaction_opt_t *options) const noexcept { mongoc_transaction_opts_destroy(options); }
    void operator()(mongoc_session_opt_t *options) const noexcept { mongoc_session_opts_destroy(options); }
    void operator()(mongoc_read_concern_t *concern) const noexcept { mongoc_read_concern_destroy(concern); }
    void operator()(mongoc_write_concern_t *concern) const noexcept { mongoc_write_concern_destroy(concern); }
    void operator()(mongoc_apm_callbacks_t *callbacks) const noexcept { mongoc_apm_callbacks_destroy(callbacks); }
};
template <class T> using Owned = std::unique_ptr<T, OptionsDeleter>;

extern "C" void on_command_started(const mongoc_apm_command_started_t *event) {
    Client *client = static_cast<Client *>(mongoc_apm_command_started_get_context(event));
    bson_iter_t field;
    if (client->transaction_number < 0 &&
        bson_iter_init_find(&field, mongoc_apm_command_started_get_command(event), "startTransaction") &&
        bson_iter_init_find(&field, mongoc_apm_command_started_get_command(event), "txnNumber"))
        client->transaction_number = bson_iter_as_int64(&field);
}

// The driver tells of commands only until a transaction has its number: it copies what it tells of.
void watch(Client *client) {
    Owned<mongoc_apm_callbacks_t> callbacks(mongoc_apm_callbacks_new());
    mongoc_apm_set_command_started_cb(callbacks.get(), on_command_started);
    client->watched = mongoc_client_set_apm_callbacks(client->handle.get(), callbacks.get(), client);
}

void stop_watching(Client *client) noexcept {
    if (client->watched && client->transaction_number >= 0)
        client->watched = !mongoc_client_set_apm_callbacks(client->handle.get(), nullptr, nullptr);
}

Owned<mongoc_write_concern_t> write_concern_of(Bytes bytes) {
    Owned<mongoc_write_concern_t> concern(mongoc_write_concern_new());
    bson_t document;
    bson_iter_t field;
    if (!bson_init_static(&document, bytes.data, bytes.size) || !bson_iter_init(&field, &document))
        return nullptr;
    while (bson_iter_next(&field)) {
        if (BSON_ITER_IS_KEY(&field, "j"))
            mongoc_write_concern_set_journal(concern.get(), bson_iter_as_bool(&field));
        else if (BSON_ITER_IS_KEY(&field, "wtimeout"))
            mongoc_write_concern_set_wtimeout_int64(concern.get(), bson_iter_as_int64(&field));
        else if (BSON_ITER_HOLDS_UTF8(&field) && std::strcmp(bson_iter_utf8(&field, nullptr), "majority") == 0)
            mongoc_write_concern_set_w(concern.get(), MONGOC_WRITE_CONCERN_W_MAJORITY);
        else if (BSON_ITER_HOLDS_UTF8(&field))
            mongoc_write_concern_set_wtag(concern.get(), bson_iter_utf8(&field, nullptr));
        else
            mongoc_write_concern_set_w(concern.get(), static_cast<int32_t>(bson_iter_as_int64(&field)));
    }
    return concern;
}

void append_int32(std::string *bytes, int32_t value) {
    bytes->append(reinterpret_cast<const char *>(&value), sizeof value);
}

std::string bytes_of(const Document &document) {
    bson_t *bson = const_cast<Document &>(document).get();
    return std::string(reinterpret_cast<const char *>(bson_get_data(bson)), bson->len);
}

// {abortTransaction: 1, lsid, txnNumber, autocommit: false}, as it stands in a message.
std::string abort_command(const Client *client) {
    Document command;
    BSON_APPEND_INT32(command.get(), "abortTransaction", 1);
    BSON_APPEND_DOCUMENT(command.get(), "lsid", mongoc_client_session_get_lsid(client->transaction.get()));
    BSON_APPEND_INT64(command.get(), "txnNumber", client->transaction_number);
    BSON_APPEND_BOOL(command.get(), "autocommit", false);
    BSON_APPEND_UTF8(command.get(), "$db", "admin");
    return bytes_of(command);
}

// OP_MSG with a command.
std::string message_of(const std::string &command) {
    constexpr int32_t kOpMsg = 2013, kHeader = 16 + 4 + 1;
    std::string message;
    append_int32(&message, kHeader + static_cast<int32_t>(command.size()));
    append_int32(&message, 1); // request
    append_int32(&message, 0);
    append_int32(&message, kOpMsg);
    append_int32(&message, 0); // flags
    message += '\0';           // a body follows
    return message + command;
}

bool begin(Client *client, const char *read_concern, Bytes write_concern, Error *error) {
    bson_error_t failure{};
    Owned<mongoc_session_opt_t> session_options(mongoc_session_opts_new());
    mongoc_session_opts_set_causal_consistency(session_options.get(), false);
    client->transaction.reset(mongoc_client_start_session(client->handle.get(), session_options.get(), &failure));
    if (!client->transaction) {
        take_error(client, failure, nullptr, error);
        return false;
    }
    Owned<mongoc_transaction_opt_t> options(mongoc_transaction_opts_new());
    if (read_concern) {
        Owned<mongoc_read_concern_t> concern(mongoc_read_concern_new());
        mongoc_read_concern_set_level(concern.get(), read_concern);
        mongoc_transaction_opts_set_read_concern(options.get(), concern.get());
    }
    if (write_concern.data)
        if (Owned<mongoc_write_concern_t> concern = write_concern_of(write_concern))
            mongoc_transaction_opts_set_write_concern(options.get(), concern.get());
    Handle<mongoc_read_prefs_t> primary(mongoc_read_prefs_new(MONGOC_READ_PRIMARY));
    mongoc_transaction_opts_set_read_prefs(options.get(), primary.get());
    client->transaction_number = -1;
    watch(client);
    if (mongoc_client_session_start_transaction(client->transaction.get(), options.get(), &failure))
        return true;
    set_error(error, ErrorKind::Config, static_cast<int32_t>(failure.code), failure.message);
    client->transaction.reset();
    return false;
}

} // namespace

bool begin_transaction(Client *client, const char *read_concern, Bytes write_concern, Error *error) noexcept {
    clear_error(error);
    try {
        return begin(client, read_concern, write_concern, error);
    } catch (...) {
        client->transaction.reset();
        set_error(error, ErrorKind::Config, 0, "out of memory");
        return false;
    }
}

bool append_transaction(Client *client, Document *options, Error *error) noexcept {
    bson_error_t failure{};
    stop_watching(client);
    if (mongoc_client_session_append(client->transaction.get(), options->get(), &failure))
        return true;
    take_error(client, failure, nullptr, error);
    return false;
}

bool commit_transaction(Client *client, bool *unknown, Error *error) noexcept {
    clear_error(error);
    stop_watching(client);
    *unknown = false;
    bson_error_t failure{};
    bool done =
        mongoc_client_session_commit_transaction(client->transaction.get(), client->reply.reset_for_output(), &failure);
    if (!done) {
        *unknown = mongoc_error_has_label(client->reply.get(), "UnknownTransactionCommitResult");
        take_error(client, failure, client->reply.get(), error);
    }
    if (done || !client->broken)
        client->transaction.reset();
    return done;
}

namespace {

// Another client to the same servers, every wait of which ends soon.
Client *make_brief_client(const Client *client) {
    Handle<mongoc_uri_t> uri(mongoc_uri_copy(mongoc_client_get_uri(client->handle.get())));
    for (const char *option : {MONGOC_URI_CONNECTTIMEOUTMS, MONGOC_URI_SERVERSELECTIONTIMEOUTMS})
        mongoc_uri_set_option_as_int32(uri.get(), option, kBriefMs);
    std::unique_ptr<Client> brief(new Client);
    brief->handle.reset(mongoc_client_new_from_uri(uri.get()));
    if (!brief->handle)
        return nullptr;
    brief->streams.hooks = client->streams.hooks;
    brief->streams.tls = client->streams.tls;
    brief->streams.connect_timeout_ms = kBriefMs;
    brief->streams.end_ms = bson_get_monotonic_time() / 1000 + kBriefMs;
    if (client->streams.tls)
        mongoc_client_set_ssl_opts(brief->handle.get(), &client->tls);
    mongoc_client_set_stream_initiator(brief->handle.get(), open_stream, &brief->streams);
    return brief.release();
}

// A statement that was cancelled while its command ran has cost the connection: the abort goes over another one, so
// that documents do not stay locked until the next command of this backend. What cannot be sent soon stays owed.
void abort_over_another(Client *client) {
    Client *brief = make_brief_client(client);
    if (!brief)
        return;
    brief->owed_aborts.swap(client->owed_aborts);
    send_owed_aborts(brief);
    brief->owed_aborts.swap(client->owed_aborts);
    abandon_client(brief);
    release_client(brief);
}

} // namespace

void abort_transaction(Client *client) noexcept {
    try {
        if (client->transaction && client->transaction_number >= 0) {
            client->owed_aborts.push_back(abort_command(client));
            if (!client->broken)
                send_at_once(&client->streams, message_of(client->owed_aborts.back()));
            else
                abort_over_another(client);
        }
    } catch (...) {
    }
    abandon_client(client);
}

struct Aborts {
    std::vector<std::string> commands;
};

void collect_aborts(Client *client, Aborts **aborts) noexcept {
    try {
        if (client->owed_aborts.empty())
            return;
        if (!*aborts)
            *aborts = new Aborts;
        for (std::string &command : client->owed_aborts)
            (*aborts)->commands.push_back(std::move(command));
        client->owed_aborts.clear();
    } catch (...) {
    }
}

void owe_aborts(Client *client, Aborts **aborts) noexcept {
    if (!*aborts)
        return;
    client->owed_aborts.swap((*aborts)->commands);
    delete *aborts;
    *aborts = nullptr;
}

// An implicit session of the driver's would add a second lsid to the command, so that goes by hand too: after a command
// of the driver's, which logs in.
void send_owed_aborts(Client *client) noexcept {
    if (client->broken || client->owed_aborts.empty())
        return;
    try {
        Document ping, reply;
        bson_error_t failure{};
        Error error;
        BSON_APPEND_INT32(ping.get(), "ping", 1);
        Handle<mongoc_read_prefs_t> primary(mongoc_read_prefs_new(MONGOC_READ_PRIMARY));
        if (!mongoc_client_command_simple(client->handle.get(), "admin", ping.get(), primary.get(),
                                          reply.reset_for_output(), &failure)) {
            take_error(client, failure, reply.get(), &error);
            return;
        }
        // A server that answers that it knows no such transaction has none to abort.
        while (!client->owed_aborts.empty() && !client->broken) {
            client->broken = !exchange(&client->streams, message_of(client->owed_aborts.back()), kAbortTimeoutMs);
            if (!client->broken)
                client->owed_aborts.pop_back();
        }
    } catch (...) { // tried again before the next command
    }
}

bool has_transactions(Client *client, Error *error) noexcept {
    clear_error(error);
    bson_error_t failure{};
    Handle<mongoc_server_description_t> server(
        mongoc_client_select_server(client->handle.get(), true, nullptr, &failure));
    if (!server) {
        take_error(client, failure, nullptr, error);
        return false;
    }
    if (std::strcmp(mongoc_server_description_type(server.get()), "Standalone") != 0)
        return true;
    constexpr int32_t kIllegalOperation = 20;
    set_error(error, ErrorKind::Server, kIllegalOperation,
              "Transactions are only allowed on a member of a replica set or a mongos.");
    return false;
}

} // namespace mongo_fdw::mongo
