// Writes, and the transactions that they belong to. Zone B.
//
// A transaction of the server is bound to PostgreSQL's: it is committed just before that, when nothing but the commit
// itself is left, and aborted with it. MongoDB has no savepoints: where one that has written is rolled back, the whole
// transaction can only be rolled back, which the next statement and the commit say.
#include "connect/write.hpp"

#include "connect/connect.hpp"
#include "connect/entry.hpp"
#include "connect/stats.hpp" // is_unsupported
#include "mongo/transaction.hpp"
#include "mql/render.hpp"
#include "pg/error.hpp"
#include "pg/memory.hpp"

namespace mongo_fdw {
namespace {

// Documents written at a level of subtransactions.
struct Writes {
    int level;
    WriteCount count;
};

WriteCount written_in(const Entry *entry, int level) {
    WriteCount count{};
    ListCell *cell;
    foreach (cell, entry->writes) {
        const Writes *writes = static_cast<const Writes *>(lfirst(cell));
        if (writes->level >= level)
            count.add(writes->count);
    }
    return count;
}

// What a rolled-back transaction or savepoint leaves in MongoDB is said once.
void warn_of_writes(const Entry *entry, int level) {
    WriteCount count = written_in(entry, level);
    if (!count.any())
        return;
    const char *more = count.unbounded       ? ", and perhaps more"
                       : count.uncertain > 0 ? psprintf(", and perhaps up to " INT64_FORMAT " more", count.uncertain)
                                             : "";
    ereport(WARNING,
            (errmsg("the rollback does not undo what was written to server \"%s\": " INT64_FORMAT " %s%s",
                    NameStr(entry->name), count.documents, count.documents == 1 ? "document" : "documents", more)));
}

void forget_writes(Entry *entry, int level) {
    while (entry->writes != NIL && static_cast<Writes *>(llast(entry->writes))->level >= level) {
        pfree(llast(entry->writes));
        entry->writes = list_delete_last(entry->writes);
    }
}

void note_writes(Entry *entry, WriteCount count) {
    if (!count.any())
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
    last->count.add(count);
}

[[noreturn]] void raise_doomed(const Entry *entry) {
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_TRANSACTION_STATE),
             errmsg("the transaction with server \"%s\" can only be rolled back", NameStr(entry->name)),
             errdetail("A savepoint or an exception block that had written there was rolled back, or a command failed; "
                       "MongoDB has no savepoints."),
             errhint("Roll the whole transaction back and run it again.")));
    pg_unreachable();
}

[[noreturn]] void raise_lost(const Entry *entry) {
    ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                    errmsg("lost the connection to server \"%s\" and its transaction", NameStr(entry->name)),
                    errdetail("The server aborts it; nothing of it stays."), errhint("Run the transaction again.")));
    pg_unreachable();
}

void check_transaction(const Entry *entry) {
    if (!mongo::client_is_usable(entry->client))
        raise_lost(entry);
    if (entry->doomed)
        raise_doomed(entry);
}

// The user's connection, checked to be open. A write cannot simply be tried again: a connection that the server has
// closed is found out before.
mongo::Client *open_connection(const TableOptions *table, Oid user, mongo::Error *failure) {
    Connection connection = get_connection(table->server, user, failure);
    if (connection.client && !entry_of(table->server, user)->in_transaction &&
        !mongo::connection_is_open(connection.client)) {
        mongo::abandon_client(connection.client);
        connection = get_connection(table->server, user, failure);
    }
    return connection.client;
}

// Runs call(client), which counts what it wrote, over the user's connection; a cancel raises.
template <class Call> bool run_write(const TableOptions *table, Oid user, mongo::Error *failure, Call call) {
    CHECK_FOR_INTERRUPTS();
    enter_transaction(table, user, true);
    mongo::Client *client = open_connection(table, user, failure);
    if (!client)
        return false;
    Entry *entry = entry_of(table->server, user);
    note_writes(entry, call(client));
    if (failure->kind == mongo::ErrorKind::None)
        return true;
    entry->doomed = entry->in_transaction; // an error ends the server's transaction
    if (failure->kind == mongo::ErrorKind::Interrupted)
        raise_mongo_error(*failure, table->server_name, nullptr, nullptr);
    return false;
}

} // namespace

bool enter_transaction(const TableOptions *table, Oid user, bool begin) {
    if (!table->transactional)
        return false;
    mongo::Error failure{};
    if (!begin)
        return in_transaction(table->server, user);
    mongo::Client *client = open_connection(table, user, &failure);
    if (!client)
        raise_mongo_error(failure, table->server_name, table->name_space, nullptr);
    Entry *entry = entry_of(table->server, user);
    if (entry->in_transaction) {
        check_transaction(entry);
        return true;
    }
    if (!mongo::has_transactions(client, &failure) && failure.kind == mongo::ErrorKind::Server)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("server \"%s\" has no transactions", table->server_name),
                        errdetail("%s", failure.message), errhint("Set its option \"transaction\" to \"none\".")));
    if (failure.kind != mongo::ErrorKind::None ||
        !mongo::begin_transaction(client, table->read_concern, table->write_concern, &failure))
        raise_mongo_error(failure, table->server_name, table->name_space, nullptr);
    entry->in_transaction = true;
    entry->doomed = false;
    return true;
}

bool reads_snapshot(const TableOptions *table) {
    return table->read_concern && pg_strcasecmp(table->read_concern, "snapshot") == 0;
}

bool in_transaction(Oid server, Oid user) {
    Entry *entry = connection_entries() ? entry_of(server, user) : nullptr;
    if (!entry || !entry->in_transaction)
        return false;
    check_transaction(entry);
    return true;
}

bool is_uncertain(const mongo::Error &error) {
    return error.kind == mongo::ErrorKind::Interrupted || error.kind == mongo::ErrorKind::Protocol ||
           sqlstate_of(error) == ERRCODE_CONNECTION_FAILURE;
}

bool is_not_understood(const mongo::Error &error) {
    constexpr int32_t kFailedToParse = 9;
    return error.kind == mongo::ErrorKind::Server && (is_unsupported(error) || error.code == kFailedToParse);
}

bool write_documents(const TableOptions *table, Oid user, const mongo::WriteRequest &request,
                     mongo::WriteResult *result, mongo::Error *failure) {
    *result = {};
    return run_write(table, user, failure, [&](mongo::Client *client) {
        mongo::write(client, request, current_memory(), result, failure);
        WriteCount count{result->written(), 0, false};
        bool many = request.count > 0 && !mongo::is_single(request.operations[0].kind);
        // A server does not say how far it came with a command for many documents that failed.
        result->uncertain = is_uncertain(*failure) ||
                            (many && failure->kind == mongo::ErrorKind::Server && !is_not_understood(*failure));
        count.unbounded = result->uncertain && many;
        if (result->uncertain && !many)
            count.uncertain = static_cast<int64>(request.count) - result->written();
        return count;
    });
}

bool modify_document(const TableOptions *table, Oid user, mongo::Bytes command, mongo::Bytes *reply, bool *unconfirmed,
                     mongo::Error *failure) {
    *unconfirmed = false;
    return run_write(table, user, failure, [&](mongo::Client *client) {
        bool done = mongo::modify(client, table->database, command, current_memory(), reply, unconfirmed, failure);
        if (!done && !*unconfirmed)
            return WriteCount{0, is_uncertain(*failure), false};
        return WriteCount{field_of(reply->data, reply->size, "value").type == BsonType::Document, 0, false};
    });
}

bool read_written(const TableOptions *table, Oid user, mongo::Bytes command, mongo::Bytes *reply,
                  mongo::Error *failure) {
    return run_write(table, user, failure, [&](mongo::Client *client) {
        mongo::read_primary(client, table->database, command, current_memory(), reply, failure);
        return WriteCount{};
    });
}

void end_for_prepare() {
    bool any = false;
    for_each_entry([&](Entry *entry) { any = any || entry->doomed || written_in(entry, 0).any(); });
    if (any)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("cannot PREPARE a transaction that has written to MongoDB")));
    commit_transactions(); // of reads
}

void commit_transactions() {
    // Raising must not leave a scan of the table open: what is to be committed is collected first.
    List *open = NIL;
    for_each_entry([&](Entry *entry) {
        if (entry->in_transaction)
            open = lappend(open, entry);
    });
    ListCell *cell;
    foreach (cell, open)
        check_transaction(static_cast<Entry *>(lfirst(cell)));
    StringInfoData committed; // where more than one server takes part, the others stand
    initStringInfo(&committed);
    foreach (cell, open) {
        Entry *entry = static_cast<Entry *>(lfirst(cell));
        bool unknown;
        mongo::Error failure;
        if (!mongo::commit_transaction(entry->client, &unknown, &failure)) {
            const char *stand =
                committed.len ? psprintf(" Committed already, and not undone: %s.", committed.data) : "";
            ereport(ERROR,
                    (errcode(unknown ? ERRCODE_T_R_STATEMENT_COMPLETION_UNKNOWN : sqlstate_of(failure)),
                     unknown ? errmsg("the commit on server \"%s\" has not been answered", NameStr(entry->name))
                             : errmsg("could not commit on server \"%s\"", NameStr(entry->name)),
                     errdetail("%s%s.%s%s",
                               failure.kind == mongo::ErrorKind::Server ? psprintf("Code %d: ", failure.code) : "",
                               failure.message, unknown ? " It may have been committed there." : "", stand)));
        }
        entry->in_transaction = false;
        appendStringInfo(&committed, "%sserver \"%s\"", committed.len ? ", " : "", NameStr(entry->name));
    }
}

void end_writes(Entry *entry, bool aborted) {
    if (entry->in_transaction)
        mongo::abort_transaction(entry->client);
    else if (aborted)
        warn_of_writes(entry, 0);
    entry->in_transaction = entry->doomed = false;
    forget_writes(entry, 0);
}

void end_subtransaction(SubXactEvent event, SubTransactionId, SubTransactionId, void *) {
    if (event != SUBXACT_EVENT_ABORT_SUB && event != SUBXACT_EVENT_COMMIT_SUB)
        return;
    int level = GetCurrentTransactionNestLevel();
    for_each_entry([&](Entry *entry) {
        if (!written_in(entry, level).any())
            return;
        if (event == SUBXACT_EVENT_ABORT_SUB) {
            if (entry->in_transaction)
                entry->doomed = true; // the callback may not raise
            else
                warn_of_writes(entry, level);
            forget_writes(entry, level);
            return;
        }
        ListCell *cell;
        foreach (cell, entry->writes) {
            Writes *writes = static_cast<Writes *>(lfirst(cell));
            writes->level = Min(writes->level, level - 1);
        }
    });
}

} // namespace mongo_fdw
