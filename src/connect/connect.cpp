// The connection cache: invalidation, end of transaction, exit, and the functions that list and close. Zone B.
#include "connect/connect.hpp"

#include "connect/write.hpp"
#include "options/options.hpp"
#include "pg/error.hpp"
#include "pg/hash.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(mongo_connections);
PG_FUNCTION_INFO_V1(mongo_disconnect);
PG_FUNCTION_INFO_V1(mongo_disconnect_all);
}

namespace mongo_fdw {
namespace {

struct Entry {
    Oid mapping; // key: OID of the user mapping
    Oid server;
    mongo::Client *client; // null: closed
    bool valid;            // false: options changed since it was made
    bool keep;
    uint32 server_hash;
    uint32 mapping_hash;
    TimestampTz since;
    NameData name; // of the server
    List *writes;  // Writes of the transaction, outermost level first, in TopMemoryContext
};

// Documents written at a level of subtransactions.
struct Writes {
    int level;
    int64 documents;
};

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
    mongo::release_client(client);
}

// Options of a server or mapping changed: the connection is replaced before its next use. Open cursors keep theirs.
void invalidate(Datum, int cache, uint32 hash) {
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

int64 written_in(const Entry *entry, int level) {
    int64 documents = 0;
    ListCell *cell;
    foreach (cell, entry->writes)
        if (static_cast<Writes *>(lfirst(cell))->level >= level)
            documents += static_cast<Writes *>(lfirst(cell))->documents;
    return documents;
}

// What a rolled-back transaction or savepoint leaves in MongoDB is said once.
void warn_of_writes(const Entry *entry, int level) {
    int64 documents = written_in(entry, level);
    if (documents == 0)
        return;
    ereport(WARNING, (errmsg("the rollback does not undo what was written to server \"%s\": " INT64_FORMAT " %s",
                             NameStr(entry->name), documents, documents == 1 ? "document" : "documents")));
}

void forget_writes(Entry *entry, int level) {
    while (entry->writes != NIL && static_cast<Writes *>(llast(entry->writes))->level >= level) {
        pfree(llast(entry->writes));
        entry->writes = list_delete_last(entry->writes);
    }
}

void end_subtransaction(SubXactEvent event, SubTransactionId, SubTransactionId, void *) {
    if (event != SUBXACT_EVENT_ABORT_SUB && event != SUBXACT_EVENT_COMMIT_SUB)
        return;
    int level = GetCurrentTransactionNestLevel();
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, entries);
    while (Entry *entry = static_cast<Entry *>(hash_seq_search(&status))) {
        if (written_in(entry, level) == 0)
            continue;
        if (event == SUBXACT_EVENT_ABORT_SUB) {
            warn_of_writes(entry, level);
            forget_writes(entry, level);
            continue;
        }
        ListCell *cell;
        foreach (cell, entry->writes) {
            Writes *writes = static_cast<Writes *>(lfirst(cell));
            writes->level = Min(writes->level, level - 1);
        }
    }
}

void end_transaction(XactEvent event, void *) {
    if (event == XACT_EVENT_PRE_PREPARE) {
        HASH_SEQ_STATUS writers;
        hash_seq_init(&writers, entries);
        while (Entry *entry = static_cast<Entry *>(hash_seq_search(&writers)))
            if (written_in(entry, 0) > 0) {
                hash_seq_term(&writers);
                ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                                errmsg("cannot PREPARE a transaction that has written to MongoDB")));
            }
        return;
    }
    if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE &&
        event != XACT_EVENT_PARALLEL_COMMIT && event != XACT_EVENT_PARALLEL_ABORT)
        return;
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, entries);
    while (Entry *entry = static_cast<Entry *>(hash_seq_search(&status))) {
        if (event == XACT_EVENT_ABORT)
            warn_of_writes(entry, 0);
        forget_writes(entry, 0);
        if (entry->client && (!entry->keep || !entry->valid || !mongo::client_is_usable(entry->client)))
            close_entry(entry);
    }
}

// The process ends: sockets are closed, nothing is sent or awaited.
void at_exit(int, Datum) {
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, entries);
    while (Entry *entry = static_cast<Entry *>(hash_seq_search(&status)))
        if (entry->client)
            mongo::abandon_client(entry->client);
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

void note_writes(Entry *entry, int64 documents) {
    if (documents == 0)
        return;
    int level = GetCurrentTransactionNestLevel();
    Writes *last = entry->writes ? static_cast<Writes *>(llast(entry->writes)) : nullptr;
    if (!last || last->level != level) {
        MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
        last = static_cast<Writes *>(palloc0(sizeof(Writes)));
        last->level = level;
        entry->writes = lappend(entry->writes, last);
        MemoryContextSwitchTo(old);
    }
    last->documents += documents;
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
    }
    ForeignServer *server = GetForeignServer(server_oid);
    if (entry->client && entry->valid && mongo::client_is_usable(entry->client)) {
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
bool with_connection(Oid server, Oid user, const char *name_space, const char *pipeline, mongo::Error *failure,
                     Call call) {
    for (int attempt = 0;; attempt++) {
        CHECK_FOR_INTERRUPTS();
        Connection connection = get_connection(server, user, failure);
        if (!connection.client)
            return false;
        bool reused = mongo::client_has_worked(connection.client);
        mongo::Error error;
        if (call(connection.client, &error))
            return true;
        if (attempt == 0 && reused && was_lost(error))
            continue;
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
    with_connection(server, user, name_space, pipeline, failure, [&](mongo::Client *client, mongo::Error *error) {
        return (cursor = mongo::open_cursor(client, request, error)) != nullptr;
    });
    return cursor;
}

bool run_command(Oid server, Oid user, const char *database, mongo::Bytes command, mongo::Bytes *reply,
                 mongo::Error *failure) {
    return with_connection(server, user, database, nullptr, failure, [&](mongo::Client *client, mongo::Error *error) {
        return mongo::run_command(client, database, command, reply, error);
    });
}

namespace {

// Runs call(client), which returns the number of documents it wrote, over the user's connection; a cancel raises. A
// write cannot simply be tried again: a connection that the server has closed is found out before.
template <class Call> bool with_writing_connection(Oid server, Oid user, mongo::Error *failure, Call call) {
    CHECK_FOR_INTERRUPTS();
    Connection connection = get_connection(server, user, failure);
    if (connection.client && !mongo::connection_is_open(connection.client)) {
        mongo::abandon_client(connection.client);
        connection = get_connection(server, user, failure);
    }
    if (!connection.client)
        return false;
    Oid mapping = GetUserMapping(user, server)->umid;
    Entry *entry = static_cast<Entry *>(hash_search(entries, &mapping, HASH_FIND, nullptr));
    note_writes(entry, call(connection.client));
    if (failure->kind == mongo::ErrorKind::Interrupted)
        raise_mongo_error(*failure, connection.server_name, nullptr, nullptr);
    return failure->kind == mongo::ErrorKind::None;
}

} // namespace

bool write_documents(Oid server, Oid user, const mongo::WriteRequest &request, mongo::WriteResult *result,
                     mongo::Error *failure) {
    *result = {};
    return with_writing_connection(server, user, failure, [&](mongo::Client *client) {
        mongo::write(client, request, result, failure);
        return result->inserted + result->upserted + result->modified + result->removed;
    });
}

bool modify_document(Oid server, Oid user, const char *database, mongo::Bytes command, mongo::Bytes *reply,
                     mongo::Error *failure) {
    return with_writing_connection(server, user, failure, [&](mongo::Client *client) -> int64_t {
        if (!mongo::modify(client, database, command, reply, failure))
            return 0;
        BsonValue value = field_of(reply->data, reply->size, "value");
        return value.type == BsonType::Document;
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
