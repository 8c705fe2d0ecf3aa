// Clients: options to URI, server selection, single-reply commands, leaving without waiting. Zone P.
#include "mongo/client_internal.hpp"
#include "mongo/log.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <strings.h>

namespace mongo_fdw::mongo {
namespace {

// Destroying a client makes the driver select a server to end its sessions on. If it scanned less than 500 ms ago and
// lost its server since, it sleeps until then, which no signal breaks. Such clients wait here, their sockets closed.
Client *graveyard = nullptr; // linked through Client::next
constexpr int64_t kRestInGraveyardUs = 1000000;

void reap_graveyard() {
    int64_t now = bson_get_monotonic_time();
    for (Client **at = &graveyard; *at;) {
        Client *client = *at;
        if (now - client->broken_at_us <= kRestInGraveyardUs) {
            at = &client->next;
            continue;
        }
        *at = client->next;
        delete client;
    }
}

bool given(const char *text) { return text && *text; }

const char *uri_text(const mongoc_uri_t *uri, const char *option) {
    return mongoc_uri_get_option_as_utf8(uri, option, nullptr);
}

void first_given(std::string *into, const char *ours, const char *from_uri) {
    if (given(ours))
        *into = ours;
    else if (given(from_uri))
        *into = from_uri;
}

const char *or_null(const std::string &text) { return text.empty() ? nullptr : text.c_str(); }

// Collects what the TLS stream needs from our options and from the URI's own.
void set_up_tls(Client *client, const ConnectOptions &options, const mongoc_uri_t *uri) {
    first_given(&client->pem_file, options.pem_file, uri_text(uri, MONGOC_URI_TLSCERTIFICATEKEYFILE));
    first_given(&client->pem_password, options.pem_password, uri_text(uri, MONGOC_URI_TLSCERTIFICATEKEYFILEPASSWORD));
    first_given(&client->ca_file, options.ca_file, uri_text(uri, MONGOC_URI_TLSCAFILE));
    first_given(&client->ca_directory, options.ca_directory, nullptr);
    first_given(&client->crl_file, options.crl_file, nullptr);
    bool insecure = mongoc_uri_get_option_as_bool(uri, MONGOC_URI_TLSINSECURE, false);
    client->tls.pem_file = or_null(client->pem_file);
    client->tls.pem_pwd = or_null(client->pem_password);
    client->tls.ca_file = or_null(client->ca_file);
    client->tls.ca_dir = or_null(client->ca_directory);
    client->tls.crl_file = or_null(client->crl_file);
    client->tls.weak_cert_validation =
        options.weak_certificates || insecure ||
        mongoc_uri_get_option_as_bool(uri, MONGOC_URI_TLSALLOWINVALIDCERTIFICATES, false);
    client->tls.allow_invalid_hostname =
        insecure || mongoc_uri_get_option_as_bool(uri, MONGOC_URI_TLSALLOWINVALIDHOSTNAMES, false);
}

struct CallbacksDeleter {
    void operator()(mongoc_apm_callbacks_t *callbacks) const noexcept { mongoc_apm_callbacks_destroy(callbacks); }
};

// A host that answers but belongs to another replica set, or to none.
extern "C" void on_heartbeat(const mongoc_apm_server_heartbeat_succeeded_t *event) {
    Client *client = static_cast<Client *>(mongoc_apm_server_heartbeat_succeeded_get_context(event));
    constexpr size_t kMostShown = 250;
    const char *host = mongoc_apm_server_heartbeat_succeeded_get_host(event)->host_and_port, *name = nullptr;
    bson_iter_t field;
    if (bson_iter_init_find(&field, mongoc_apm_server_heartbeat_succeeded_get_reply(event), "setName") &&
        BSON_ITER_HOLDS_UTF8(&field))
        name = bson_iter_utf8(&field, nullptr);
    if ((name && client->replica_set == name) || client->other_answers.size() > kMostShown ||
        client->other_answers.find(host) != std::string::npos)
        return;
    try {
        client->other_answers +=
            (client->other_answers.empty() ? "" : "; ") + std::string(host) +
            (name ? " is a member of replica set \"" + std::string(name) + "\"" : " is a member of no replica set");
    } catch (...) { // the message says less
    }
}

void watch_members(Client *client, const mongoc_uri_t *uri) {
    if (!given(mongoc_uri_get_replica_set(uri)))
        return;
    client->replica_set = mongoc_uri_get_replica_set(uri);
    std::unique_ptr<mongoc_apm_callbacks_t, CallbacksDeleter> callbacks(mongoc_apm_callbacks_new());
    mongoc_apm_set_server_heartbeat_succeeded_cb(callbacks.get(), on_heartbeat);
    mongoc_client_set_apm_callbacks(client->handle.get(), callbacks.get(), client);
}

bool apply_options(mongoc_uri_t *uri, const ConnectOptions &options, Client *client, Error *error) {
    const char *failed = nullptr;
    if (given(options.username) && !mongoc_uri_set_username(uri, options.username))
        failed = "username";
    if (given(options.password) && !mongoc_uri_set_password(uri, options.password))
        failed = "password";
    if (given(options.auth_source) && !mongoc_uri_set_auth_source(uri, options.auth_source))
        failed = "auth_source";
    if (given(options.auth_mechanism) && !mongoc_uri_set_auth_mechanism(uri, options.auth_mechanism))
        failed = "auth_mechanism";
    if (given(options.replica_set) && !mongoc_uri_set_option_as_utf8(uri, MONGOC_URI_REPLICASET, options.replica_set))
        failed = "replica_set";
    if (options.tls)
        mongoc_uri_set_option_as_bool(uri, MONGOC_URI_TLS, true);
    if (options.connect_timeout_ms >= 0)
        mongoc_uri_set_option_as_int32(uri, MONGOC_URI_CONNECTTIMEOUTMS, options.connect_timeout_ms);
    if (options.server_selection_timeout_ms >= 0)
        mongoc_uri_set_option_as_int32(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, options.server_selection_timeout_ms);
    if (options.socket_timeout_ms >= 0)
        mongoc_uri_set_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS,
                                       options.socket_timeout_ms ? options.socket_timeout_ms : INT32_MAX);
    if (!uri_text(uri, MONGOC_URI_APPNAME))
        mongoc_uri_set_appname(uri, "mongo_fdw_cpp");
    if (given(options.read_preference)) {
        client->read_preference = read_preference_of(options.read_preference);
        if (!client->read_preference)
            failed = "read_preference";
    } else if (const mongoc_read_prefs_t *preference = mongoc_uri_get_read_prefs_t(uri)) {
        client->read_preference.reset(mongoc_read_prefs_copy(preference));
    }
    if (!failed)
        return true;
    char message[128];
    std::snprintf(message, sizeof message, "the value of option \"%s\" is not accepted by the driver", failed);
    set_error(error, ErrorKind::Config, 0, message);
    return false;
}

} // namespace

void clear_error(Error *error) noexcept {
    error->kind = ErrorKind::None;
    error->transient = false;
    error->overloaded = false;
    error->code = 0;
    error->message[0] = '\0';
}

void set_error(Error *error, ErrorKind kind, int32_t code, const char *message) noexcept {
    error->kind = kind;
    error->transient = false;
    error->overloaded = false;
    error->code = code;
    std::snprintf(error->message, sizeof error->message, "%s", message);
}

void take_error(Client *client, const bson_error_t &from, const bson_t *reply, Error *error) noexcept {
    ErrorKind kind;
    switch (from.domain) {
    case MONGOC_ERROR_SERVER:
    case MONGOC_ERROR_QUERY:
    case MONGOC_ERROR_WRITE_CONCERN:
        kind = ErrorKind::Server;
        break;
    case MONGOC_ERROR_SERVER_SELECTION:
        kind = ErrorKind::Connect;
        break;
    case MONGOC_ERROR_STREAM:
        kind = client->worked ? ErrorKind::Lost : ErrorKind::Connect;
        break;
    case MONGOC_ERROR_PROTOCOL:
        kind = ErrorKind::Protocol;
        break;
    case MONGOC_ERROR_CLIENT:
        kind = from.code == MONGOC_ERROR_CLIENT_AUTHENTICATE || from.code == MONGOC_ERROR_CLIENT_GETNONCE
                   ? ErrorKind::Auth
                   : ErrorKind::Protocol;
        break;
    case MONGOC_ERROR_SASL:
    case MONGOC_ERROR_SCRAM:
        kind = ErrorKind::Auth;
        break;
    default:
        kind = ErrorKind::Config;
        break;
    }
    if (client->streams.interrupted)
        kind = ErrorKind::Interrupted;
    set_error(error, kind, static_cast<int32_t>(from.code), from.message);
    const char *host = client->streams.last_host;
    if (from.domain == MONGOC_ERROR_STREAM && *host && !std::strstr(from.message, host))
        std::snprintf(error->message, sizeof error->message, "%.120s: %.370s", host, from.message);
    if (from.domain == MONGOC_ERROR_SERVER_SELECTION && !client->other_answers.empty())
        std::snprintf(error->message, sizeof error->message, "%.70s: \"%.60s\" is wanted, but %.340s", from.message,
                      client->replica_set.c_str(), client->other_answers.c_str());
    error->transient =
        (kind == ErrorKind::Server && reply && mongoc_error_has_label(reply, "TransientTransactionError")) ||
        (kind == ErrorKind::Lost && client->transaction);
    constexpr int32_t kIngressRequestRateLimitExceeded = 462;
    error->overloaded =
        kind == ErrorKind::Server && (error->code == kIngressRequestRateLimitExceeded ||
                                      (reply && mongoc_error_has_label(reply, "SystemOverloadedError")));
    if (kind != ErrorKind::Server && !client->broken) {
        client->broken = true;
        client->broken_at_us = bson_get_monotonic_time();
        abort_streams(&client->streams);
    }
}

Handle<mongoc_read_prefs_t> read_preference_of(const char *mode) {
    static const struct {
        const char *name;
        mongoc_read_mode_t mode;
    } kModes[] = {{"primary", MONGOC_READ_PRIMARY},
                  {"primaryPreferred", MONGOC_READ_PRIMARY_PREFERRED},
                  {"secondary", MONGOC_READ_SECONDARY},
                  {"secondaryPreferred", MONGOC_READ_SECONDARY_PREFERRED},
                  {"nearest", MONGOC_READ_NEAREST}};
    for (const auto &row : kModes)
        if (strcasecmp(mode, row.name) == 0)
            return Handle<mongoc_read_prefs_t>(mongoc_read_prefs_new(row.mode));
    return nullptr;
}

Client *make_client(const ConnectOptions &options, const Hooks *hooks, Error *error) noexcept {
    clear_error(error);
    initialize_driver();
    try {
        reap_graveyard();
        bson_error_t failure{};
        Handle<mongoc_uri_t> uri(mongoc_uri_new_with_error(options.uri, &failure));
        if (!uri) {
            set_error(error, ErrorKind::Config, 0, failure.message);
            return nullptr;
        }
        std::unique_ptr<Client> client(new Client);
        if (!apply_options(uri.get(), options, client.get(), error))
            return nullptr;
        client->handle.reset(mongoc_client_new_from_uri_with_error(uri.get(), &failure));
        if (!client->handle) {
            set_error(error, ErrorKind::Config, 0, failure.message);
            return nullptr;
        }
        watch_members(client.get(), uri.get());
        mongoc_client_set_error_api(client->handle.get(), MONGOC_ERROR_API_VERSION_2);
        client->streams.hooks = hooks;
        client->streams.connect_timeout_ms =
            mongoc_uri_get_option_as_int32(uri.get(), MONGOC_URI_CONNECTTIMEOUTMS, MONGOC_DEFAULT_CONNECTTIMEOUTMS);
        // The driver opens the members of a replica set one after another through our stream: one that does not answer
        // must leave time for the others.
        int hosts = 0;
        for (const mongoc_host_list_t *host = mongoc_uri_get_hosts(uri.get()); host; host = host->next)
            hosts++;
        if (hosts > 1)
            client->streams.connect_timeout_ms = std::max(client->streams.connect_timeout_ms / hosts, 500);
        if (mongoc_uri_get_tls(uri.get())) {
            set_up_tls(client.get(), options, uri.get());
            mongoc_client_set_ssl_opts(client->handle.get(), &client->tls);
            client->streams.tls = &client->tls;
        }
        mongoc_client_set_stream_initiator(client->handle.get(), open_stream, &client->streams);
        return client.release();
    } catch (...) {
        set_error(error, ErrorKind::Config, 0, "out of memory");
        return nullptr;
    }
}

void retain_client(Client *client) noexcept { client->references++; }

void release_client(Client *client) noexcept {
    if (!client || --client->references > 0)
        return;
    abort_streams(&client->streams);
    if (client->broken && bson_get_monotonic_time() - client->broken_at_us <= kRestInGraveyardUs) {
        client->next = graveyard;
        graveyard = client;
        return;
    }
    delete client;
}

bool client_is_usable(const Client *client) noexcept { return !client->broken; }

bool client_has_worked(const Client *client) noexcept { return client->worked; }

void abandon_client(Client *client) noexcept {
    if (!client->broken) {
        client->broken = true;
        client->broken_at_us = bson_get_monotonic_time();
    }
    abort_streams(&client->streams);
}

uint32_t select_server(Client *client, const mongoc_read_prefs_t *preference, Error *error) {
    bson_error_t failure{};
    Handle<mongoc_server_description_t> server(
        mongoc_client_select_server(client->handle.get(), false, preference, &failure));
    if (server)
        return mongoc_server_description_id(server.get());
    take_error(client, failure, nullptr, error);
    if (error->kind == ErrorKind::Lost || error->kind == ErrorKind::Protocol)
        error->kind = ErrorKind::Connect;
    return 0;
}

void clear_debts(Client *client) noexcept {
    send_owed_aborts(client);
    try {
        std::vector<IdleCursor> cursors;
        cursors.swap(client->idle_cursors);
        for (const IdleCursor &cursor : cursors) {
            if (client->broken)
                return;
            Document command, options, ids;
            BSON_APPEND_INT64(ids.get(), "0", cursor.id);
            BSON_APPEND_UTF8(command.get(), "killCursors", cursor.collection.c_str());
            BSON_APPEND_ARRAY(command.get(), "cursors", ids.get());
            BSON_APPEND_INT32(options.get(), "serverId", static_cast<int32_t>(cursor.server));
            bson_error_t failure{};
            Document reply;
            Error ignored;
            if (!mongoc_client_command_with_opts(client->handle.get(), cursor.database.c_str(), command.get(), nullptr,
                                                 options.get(), reply.reset_for_output(), &failure))
                take_error(client, failure, nullptr, &ignored);
        }
    } catch (...) {
    }
}

bool copy_reply(Client *client, Memory memory, Bytes *reply, Error *error) noexcept {
    uint32_t size = client->reply.get()->len;
    uint8_t *copy = static_cast<uint8_t *>(memory.allocate(memory.place, size));
    if (!copy) {
        set_error(error, ErrorKind::Protocol, 0, "no memory is left for a reply");
        return false;
    }
    std::memcpy(copy, bson_get_data(client->reply.get()), size);
    *reply = {copy, size};
    return true;
}

bool run_command(Client *client, const char *database, Bytes command, Memory memory, Bytes *reply,
                 Error *error) noexcept {
    clear_error(error);
    clear_debts(client);
    bson_t document;
    if (!bson_init_static(&document, command.data, command.size)) {
        set_error(error, ErrorKind::Config, 0, "the command is not a BSON document");
        return false;
    }
    uint32_t server = select_server(client, client->read_preference.get(), error);
    if (!server)
        return false;
    Document options;
    BSON_APPEND_INT32(options.get(), "serverId", static_cast<int32_t>(server));
    bson_error_t failure{};
    if (!mongoc_client_command_with_opts(client->handle.get(), database, &document, client->read_preference.get(),
                                         options.get(), client->reply.reset_for_output(), &failure)) {
        take_error(client, failure, client->reply.get(), error);
        return false;
    }
    client->worked = true;
    return copy_reply(client, memory, reply, error);
}

bool check_uri(const char *uri, Error *error) noexcept {
    clear_error(error);
    initialize_driver();
    bson_error_t failure{};
    Handle<mongoc_uri_t> parsed(mongoc_uri_new_with_error(uri, &failure));
    if (!parsed)
        set_error(error, ErrorKind::Config, 0, failure.message);
    return parsed != nullptr;
}

UriFacts uri_facts(const char *uri) noexcept {
    initialize_driver();
    bson_error_t failure{};
    Handle<mongoc_uri_t> parsed(mongoc_uri_new_with_error(uri, &failure));
    if (!parsed)
        return {};
    bool has_socket = false;
    for (const mongoc_host_list_t *host = mongoc_uri_get_hosts(parsed.get()); host; host = host->next)
        has_socket |= std::strchr(host->host, '/') != nullptr;
    return {true, given(mongoc_uri_get_username(parsed.get())), given(mongoc_uri_get_password(parsed.get())),
            has_socket};
}

bool uri_has_option(const char *uri, const char *option, char *value, size_t value_size) noexcept {
    initialize_driver();
    bson_error_t failure{};
    Handle<mongoc_uri_t> parsed(mongoc_uri_new_with_error(uri, &failure));
    if (!parsed)
        return false;
    if (value && value_size)
        value[0] = '\0';
    if (strcasecmp(option, MONGOC_URI_AUTHMECHANISM) == 0) {
        const char *mechanism = mongoc_uri_get_auth_mechanism(parsed.get());
        if (value && mechanism)
            std::snprintf(value, value_size, "%s", mechanism);
        return mechanism != nullptr;
    }
    if (strcasecmp(option, MONGOC_URI_AUTHMECHANISMPROPERTIES) == 0) {
        bson_t properties;
        return mongoc_uri_get_mechanism_properties(parsed.get(), &properties) && !bson_empty(&properties);
    }
    const bson_t *all = mongoc_uri_get_options(parsed.get());
    bson_iter_t iterator;
    if (!all || !bson_iter_init_find_case(&iterator, all, option))
        return false;
    if (value && BSON_ITER_HOLDS_UTF8(&iterator))
        std::snprintf(value, value_size, "%s", bson_iter_utf8(&iterator, nullptr));
    return true;
}

} // namespace mongo_fdw::mongo
