// The connection cache: invalidation, end of transaction, exit, and the functions that list and close. Zone B.
#include "connect/connect.hpp"

#include "connect/entry.hpp"
#include "options/options.hpp"
#include "pg/error.hpp"
#include "pg/hash.hpp"
#include "pg/memory.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(mongo_connections);
PG_FUNCTION_INFO_V1(mongo_disconnect);
PG_FUNCTION_INFO_V1(mongo_disconnect_all);
}

namespace mongo_fdw {
namespace {

HTAB *entries = nullptr;
int owner_pid = 0;

// Whether the next CHECK_FOR_INTERRUPTS would end the query.
bool interrupted() noexcept {
    if (!InterruptPending)
        return false;
#if PG_VERSION_NUM >= 170000
    if (TransactionTimeoutPending)
        return true;
#endif
    return QueryCancelPending || ProcDiePending;
}

bool reserve_descriptor() noexcept {
    HOLD_INTERRUPTS();
    bool done = AcquireExternalFD();
    RESUME_INTERRUPTS();
    return done;
}

void release_descriptor() noexcept { ReleaseExternalFD(); }

constexpr mongo::Hooks kHooks{interrupted, reserve_descriptor, release_descriptor};

void close_entry(Entry *entry) {
    mongo::Client *client = entry->client;
    entry->client = nullptr;
    mongo::collect_aborts(client, &entry->aborts);
    mongo::release_client(client);
}

// Options of a server or mapping changed: the connection is replaced before its next use. Open cursors keep theirs.
void invalidate(Datum, SyscacheId cache, uint32 hash) {
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, entries);
    while (Entry *entry = static_cast<Entry *>(hash_seq_search(&status)))
        if (hash == 0 || hash == (cache == FOREIGNSERVEROID ? entry->server_hash : entry->mapping_hash))
            entry->valid = false;
}

char *server_name_of(Oid server) {
    HeapTuple tuple = SearchSysCache1(FOREIGNSERVEROID, ObjectIdGetDatum(server));
    if (!HeapTupleIsValid(tuple))
        return nullptr;
    char *name = pstrdup(NameStr(reinterpret_cast<Form_pg_foreign_server>(GETSTRUCT(tuple))->srvname));
    ReleaseSysCache(tuple);
    return name;
}

void end_transaction(XactEvent event, void *) {
    if (event == XACT_EVENT_PRE_PREPARE)
        end_for_prepare();
    if (event == XACT_EVENT_PRE_COMMIT)
        commit_transactions();
    if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE &&
        event != XACT_EVENT_PARALLEL_COMMIT && event != XACT_EVENT_PARALLEL_ABORT)
        return;
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, entries);
    while (Entry *entry = static_cast<Entry *>(hash_seq_search(&status))) {
        end_writes(entry, event == XACT_EVENT_ABORT);
        if (entry->client && (!entry->keep || !entry->valid || !mongo::client_is_usable(entry->client)))
            close_entry(entry);
    }
}

// The process ends: sockets are closed, nothing is awaited. The server hears of open transactions, which PostgreSQL
// aborts behind this callback.
void at_exit(int, Datum) {
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, entries);
    while (Entry *entry = static_cast<Entry *>(hash_seq_search(&status)))
        if (entry->client)
            mongo::abort_transaction(entry->client); // and gives the connection up
}

void initialize() {
    if (entries) {
        Assert(owner_pid == MyProcPid);
        return;
    }
    entries = make_hash_table<Entry>("mongo_fdw_cpp connections", sizeof(Oid));
    owner_pid = MyProcPid;
    CacheRegisterSyscacheCallback(FOREIGNSERVEROID, invalidate, 0);
    CacheRegisterSyscacheCallback(USERMAPPINGOID, invalidate, 0);
    RegisterXactCallback(end_transaction, nullptr);
    RegisterSubXactCallback(end_subtransaction, nullptr);
    before_shmem_exit(at_exit, 0);
}

bool was_lost(const mongo::Error &error) {
    return error.kind == mongo::ErrorKind::Lost || error.kind == mongo::ErrorKind::Connect ||
           error.kind == mongo::ErrorKind::Protocol;
}

// A user sees the connections of servers that they may use.
bool may_see(Oid server) {
#if PG_VERSION_NUM >= 160000
    return object_aclcheck(ForeignServerRelationId, server, GetUserId(), ACL_USAGE) == ACLCHECK_OK;
#else
    return pg_foreign_server_aclcheck(server, GetUserId(), ACL_USAGE) == ACLCHECK_OK;
#endif
}

bool disconnect(Oid server) {
    bool any = false;
    if (!entries)
        return false;
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, entries);
    while (Entry *entry = static_cast<Entry *>(hash_seq_search(&status)))
        if (entry->client && (!OidIsValid(server) ? may_see(entry->server) : entry->server == server)) {
            close_entry(entry);
            any = true;
        }
    return any;
}

} // namespace

HTAB *connection_entries() { return entries; }

Entry *entry_of(Oid server, Oid user) {
    Oid mapping = GetUserMapping(user, server)->umid;
    return static_cast<Entry *>(hash_search(entries, &mapping, HASH_FIND, nullptr));
}

bool may_connect(Oid server, Oid user) {
    if (!SearchSysCacheExists2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(user), ObjectIdGetDatum(server)) &&
        !SearchSysCacheExists2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(InvalidOid), ObjectIdGetDatum(server)))
        return false;
    return follows_user_rules(GetUserMapping(user, server), GetForeignServer(server));
}

Connection get_connection(Oid server_oid, Oid user, mongo::Error *failure) {
    initialize();
    UserMapping *mapping = GetUserMapping(user, server_oid);
    bool found;
    Entry *entry = static_cast<Entry *>(hash_search(entries, &mapping->umid, HASH_ENTER, &found));
    if (!found) {
        entry->client = nullptr;
        entry->valid = false;
        entry->writes = NIL;
        entry->in_transaction = entry->doomed = false;
        entry->aborts = nullptr;
    }
    ForeignServer *server = GetForeignServer(server_oid);
    // A transaction keeps its connection, whatever becomes of either.
    if (entry->client && (entry->in_transaction || (entry->valid && mongo::client_is_usable(entry->client)))) {
        // The rule about passwords holds for whoever uses the connection.
        check_user_rules(server, mapping);
        return {entry->client, server->servername};
    }
    if (entry->client)
        close_entry(entry);
    ConnectionOptions options = read_connection_options(server, mapping);
    mongo::Error error;
    mongo::Client *client = mongo::make_client(options.connect, &kHooks, &error);
    if (!client) {
        if (!failure || error.kind == mongo::ErrorKind::Interrupted)
            raise_mongo_error(error, server->servername, nullptr, nullptr);
        *failure = error;
        return {nullptr, server->servername};
    }
    mongo::owe_aborts(client, &entry->aborts);
    entry->client = client;
    entry->server = server_oid;
    namestrcpy(&entry->name, server->servername);
    entry->keep = options.keep_connections;
    entry->valid = true;
    entry->server_hash = GetSysCacheHashValue1(FOREIGNSERVEROID, ObjectIdGetDatum(server_oid));
    entry->mapping_hash = GetSysCacheHashValue1(USERMAPPINGOID, ObjectIdGetDatum(mapping->umid));
    entry->since = GetCurrentTimestamp();
    return {client, server->servername};
}

namespace {

// Runs call(client, error) over the user's connection. The server may have been restarted since the connection was last
// used: then nothing was read yet, and another connection is tried once.
template <class Call>
bool with_connection(Oid server, Oid user, const char *name_space, const char *pipeline, bool in_transaction,
                     mongo::Error *failure, Call call) {
    for (int attempt = 0;; attempt++) {
        CHECK_FOR_INTERRUPTS();
        Connection connection = get_connection(server, user, failure);
        if (!connection.client)
            return false;
        bool reused = mongo::client_has_worked(connection.client);
        mongo::Error error;
        if (call(connection.client, &error))
            return true;
        if (attempt == 0 && reused && was_lost(error) && !entry_of(server, user)->in_transaction)
            continue;
        if (Entry *entry = entry_of(server, user); entry->in_transaction && in_transaction)
            entry->doomed = true; // an error ends the server's transaction
        if (!failure || error.kind == mongo::ErrorKind::Interrupted)
            raise_mongo_error(error, connection.server_name, name_space, pipeline);
        *failure = error;
        return false;
    }
}

} // namespace

mongo::Cursor *open_cursor(Oid server, Oid user, const mongo::CursorRequest &request, const char *name_space,
                           const char *pipeline, mongo::Error *failure) {
    mongo::Cursor *cursor = nullptr;
    with_connection(server, user, name_space, pipeline, request.in_transaction, failure,
                    [&](mongo::Client *client, mongo::Error *error) {
                        return (cursor = mongo::open_cursor(client, request, error)) != nullptr;
                    });
    return cursor;
}

bool run_command(Oid server, Oid user, const char *database, mongo::Bytes command, mongo::Bytes *reply,
                 mongo::Error *failure) {
    return with_connection(server, user, database, nullptr, false, failure,
                           [&](mongo::Client *client, mongo::Error *error) {
                               return mongo::run_command(client, database, command, current_memory(), reply, error);
                           });
}

void check_wrapper(const ForeignServer *server) {
    ForeignDataWrapper *wrapper = GetForeignDataWrapper(server->fdwid);
    if (strcmp(wrapper->fdwname, "mongo_fdw_cpp") != 0)
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                        errmsg("server \"%s\" does not use mongo_fdw_cpp", server->servername)));
}

ForeignServer *usable_server(const char *name) {
    ForeignServer *server = GetForeignServerByName(name, false);
    check_wrapper(server);
    if (!may_see(server->serverid))
        aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FOREIGN_SERVER, server->servername);
    return server;
}

} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" {

Datum mongo_connections(PG_FUNCTION_ARGS) {
    InitMaterializedSRF(fcinfo, 0);
    ReturnSetInfo *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    if (!entries)
        PG_RETURN_VOID();
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, entries);
    while (Entry *entry = static_cast<Entry *>(hash_seq_search(&status))) {
        if (!entry->client)
            continue;
        Datum values[5];
        bool nulls[5] = {};
        char *name = server_name_of(entry->server);
        HeapTuple mapping = SearchSysCache1(USERMAPPINGOID, ObjectIdGetDatum(entry->mapping));
        if (name) {
            if (!may_see(entry->server)) {
                if (HeapTupleIsValid(mapping))
                    ReleaseSysCache(mapping);
                continue;
            }
            values[0] = CStringGetTextDatum(name);
        } else {
            nulls[0] = true; // dropped in this transaction
        }
        Oid user =
            HeapTupleIsValid(mapping) ? reinterpret_cast<Form_pg_user_mapping>(GETSTRUCT(mapping))->umuser : InvalidOid;
        if (HeapTupleIsValid(mapping))
            values[1] = CStringGetTextDatum(OidIsValid(user) ? GetUserNameFromId(user, true) : "public");
        else
            nulls[1] = true;
        if (HeapTupleIsValid(mapping))
            ReleaseSysCache(mapping);
        values[2] = BoolGetDatum(entry->valid);
        values[3] = BoolGetDatum(mongo::client_is_usable(entry->client));
        values[4] = TimestampTzGetDatum(entry->since);
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    }
    PG_RETURN_VOID();
}

Datum mongo_disconnect(PG_FUNCTION_ARGS) {
    char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
    ForeignServer *server = GetForeignServerByName(name, false);
    PG_RETURN_BOOL(disconnect(server->serverid));
}

Datum mongo_disconnect_all(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(disconnect(InvalidOid)); }
}
