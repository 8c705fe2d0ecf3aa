// Counts and indexes for the planner. Zone B.
//
// Without ANALYZE the server is asked for the collection's count once in a session; with use_remote_estimate at most
// once a minute. Indexes are asked for when a plan may use one. Planning never fails for want of an answer.
#include "plan/facts.hpp"

#include "connect/stats.hpp"
#include "mql/commands.hpp"
#include "pg/hash.hpp"
#include "pg/memory.hpp"

namespace mongo_fdw {
namespace {

constexpr double kGuess = 1000;         // nothing is known
constexpr double kElementsPerArray = 3; // rows of a child table for each document, a guess
constexpr int64 kFreshUs = 60 * USECS_PER_SEC;

struct FactsKey {
    Oid object; // a foreign table, or a server for refusals
    Oid user;
};

struct Index {
    Index *next;
    bool unique; // over this path alone
    char path[FLEXIBLE_ARRAY_MEMBER];
};

struct Facts {
    FactsKey key;
    double documents;       // negative: the server does not say
    double bytes;           // of all documents; 0: the same
    TimestampTz at;         // of the count, or of the refusal; 0: forgotten
    Index *indexes;         // in TopMemoryContext
    TimestampTz indexes_at; // 0: forgotten
    bool indexes_told;      // by the server; else it refused
};

HTAB *facts = nullptr;    // by foreign table
HTAB *refusals = nullptr; // by server: it could not be reached

void forget(HTAB *table, Oid object) {
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, table);
    while (Facts *entry = static_cast<Facts *>(hash_seq_search(&status)))
        if (!OidIsValid(object) || entry->key.object == object)
            entry->at = entry->indexes_at = 0;
}

void forget_relation(Datum, Oid relation) { forget(facts, relation); }

void forget_all(Datum, SyscacheId, uint32) {
    forget(facts, InvalidOid);
    forget(refusals, InvalidOid);
}

void make_tables() {
    if (facts)
        return;
    facts = make_hash_table<Facts>("mongo_fdw_cpp facts", sizeof(FactsKey));
    refusals = make_hash_table<Facts>("mongo_fdw_cpp refusals", sizeof(FactsKey));
    CacheRegisterRelcacheCallback(forget_relation, 0);
    CacheRegisterSyscacheCallback(FOREIGNSERVEROID, forget_all, 0);
    CacheRegisterSyscacheCallback(USERMAPPINGOID, forget_all, 0);
}

Facts *entry_of(HTAB *table, const FactsKey &key) {
    bool found;
    Facts *entry = static_cast<Facts *>(hash_search(table, &key, HASH_ENTER, &found));
    if (!found)
        *entry = {key, -1, 0, 0, nullptr, 0, false};
    return entry;
}

// fresh_us 0: what was noted stays fresh.
bool is_fresh(TimestampTz at, int64 fresh_us) { return at && (fresh_us == 0 || GetCurrentTimestamp() - at < fresh_us); }

// A server that cannot be reached is not asked for its other tables for a while.
bool may_ask(Oid user, const TableOptions *table) {
    return !is_fresh(entry_of(refusals, {table->server, user})->at, kFreshUs) && may_connect(table->server, user);
}

void note_refusal(Oid user, const TableOptions *table, const mongo::Error &failure) {
    if (failure.kind != mongo::ErrorKind::Server)
        entry_of(refusals, {table->server, user})->at = GetCurrentTimestamp();
}

// The collection's count from its metadata; negative when the server does not say. An answer is asked for again when it
// is older than fresh_us (0: never), a refusal after a minute.
double remote_count(Oid user, const TableOptions *table, int64 fresh_us) {
    make_tables();
    FactsKey key{table->relation, user};
    Facts *entry = entry_of(facts, key);
    if (is_fresh(entry->at, entry->documents < 0 ? kFreshUs : fresh_us))
        return entry->documents;
    CollectionStats stats{-1, -1};
    mongo::Error failure;
    failure.kind = mongo::ErrorKind::Server;
    if (may_ask(user, table) && !read_collection_stats(source_of(table, user), &stats, &failure))
        note_refusal(user, table, failure);
    if (failure.kind == mongo::ErrorKind::Server) {
        entry = entry_of(facts, key); // an invalidation may have come in between
        entry->documents = stats.documents;
        entry->bytes = Max(stats.bytes, 0);
        entry->at = GetCurrentTimestamp();
    }
    return stats.documents;
}

// The path that an index finds values by, with all documents in it; null for indexes of other kinds.
const char *path_found_by(const BsonValue &index, bool *alone) {
    bool partial = field_of(index, "partialFilterExpression").type != BsonType::Missing;
    bool other_order = field_of(index, "collation").type != BsonType::Missing;
    BsonValue keys = field_of(index, "key");
    if (partial || other_order || is_true(field_of(index, "hidden")) || keys.type != BsonType::Document)
        return nullptr;
    BsonReader reader(keys.data, keys.size);
    if (!reader.next())
        return nullptr;
    const char *path = reader.key();
    bool usable = number_of(reader.value(), 0) != 0 || is_text(reader.value(), "hashed");
    *alone = !reader.next();
    return usable ? path : nullptr;
}

void replace_indexes(Facts *entry, const BsonValue &list) {
    while (Index *index = entry->indexes) {
        entry->indexes = index->next;
        pfree(index);
    }
    if (list.type != BsonType::Array)
        return;
    BsonReader reader(list.data, list.size);
    while (reader.next()) {
        bool alone;
        const char *path = path_found_by(reader.value(), &alone);
        if (!path)
            continue;
        Index *index =
            static_cast<Index *>(MemoryContextAlloc(TopMemoryContext, offsetof(Index, path) + strlen(path) + 1));
        index->next = entry->indexes;
        index->unique = alone && (is_true(field_of(reader.value(), "unique")) || strcmp(path, "_id") == 0);
        strcpy(index->path, path);
        entry->indexes = index;
    }
}

const Index *indexes_of(Oid user, const TableOptions *table) {
    make_tables();
    FactsKey key{table->relation, user};
    Facts *entry = entry_of(facts, key);
    if (is_fresh(entry->indexes_at, table->use_remote_estimate || !entry->indexes_told ? kFreshUs : 0))
        return entry->indexes;
    if (!may_ask(user, table))
        return nullptr;
    mongo::Bytes reply;
    bool told = ask_for_facts(user, table, mql::list_indexes_command(table->collection, current_memory()), &reply);
    entry = entry_of(facts, key);
    replace_indexes(entry, told ? field_of(field_of(reply.data, reply.size, "cursor"), "firstBatch") : BsonValue{});
    entry->indexes_at = GetCurrentTimestamp();
    entry->indexes_told = told;
    return entry->indexes;
}

} // namespace

bool ask_for_facts(Oid user, const TableOptions *table, mql::Document command, mongo::Bytes *reply) {
    make_tables();
    DocumentSource source = source_of(table, user);
    mongo::Error failure;
    failure.kind = mongo::ErrorKind::Server;
    if (!may_ask(user, table))
        return false;
    if (run_command(source.server, source.user, source.database, {command.data, command.size}, reply, &failure))
        return true;
    note_refusal(user, table, failure);
    return false;
}

double average_size(const TableOptions *table, Oid user) {
    make_tables();
    const Facts *entry = entry_of(facts, {table->relation, user});
    return entry->documents > 0 ? entry->bytes / entry->documents : 0;
}

double estimated_documents(PlannerInfo *, RelOptInfo *rel, const TableOptions *table) {
    if (rel->tuples >= 0 && !table->use_remote_estimate)
        return Max(rel->tuples, 1); // ANALYZE has counted rows
    Oid user = OidIsValid(rel->userid) ? rel->userid : GetUserId();
    double documents = remote_count(user, table, table->use_remote_estimate ? kFreshUs : 0);
    if (documents >= 0)
        return Max(documents * (table->unwind_levels ? kElementsPerArray : 1), 1);
    return rel->tuples >= 0 ? Max(rel->tuples, 1) : kGuess;
}

Indexed indexed_by(const TableOptions *table, Oid user, const char *path) {
    if (table->pipeline)
        return Indexed::No; // its stages come first
    Indexed best = Indexed::No;
    for (const Index *index = indexes_of(user, table); index; index = index->next)
        if (strcmp(index->path, path) == 0)
            best = index->unique ? Indexed::Unique : Max(best, Indexed::Yes);
    return best;
}

} // namespace mongo_fdw
