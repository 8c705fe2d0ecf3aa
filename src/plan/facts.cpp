// Row counts for the planner. Zone B.
//
// Without ANALYZE the server is asked for the collection's count once in a session; with use_remote_estimate at most
// once a minute. Planning never fails for want of an answer.
#include "plan/facts.hpp"

#include "connect/stats.hpp"

namespace mongo_fdw {
namespace {

constexpr double kGuess = 1000;         // nothing is known
constexpr double kElementsPerArray = 3; // rows of a child table for each document, a guess
constexpr int64 kFreshUs = 60 * USECS_PER_SEC;

struct CountKey {
    Oid object; // a foreign table, or a server for refusals
    Oid user;
};

struct Count {
    CountKey key;
    double documents; // negative: the server does not say
    TimestampTz at;   // 0: forgotten
};

HTAB *counts = nullptr;   // by foreign table
HTAB *refusals = nullptr; // by server: it could not be reached

void forget(HTAB *table, Oid object) {
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, table);
    while (Count *count = static_cast<Count *>(hash_seq_search(&status)))
        if (!OidIsValid(object) || count->key.object == object)
            count->at = 0;
}

void forget_relation(Datum, Oid relation) { forget(counts, relation); }

void forget_all(Datum, int, uint32) {
    forget(counts, InvalidOid);
    forget(refusals, InvalidOid);
}

void make_tables() {
    HASHCTL control{};
    control.keysize = sizeof(CountKey);
    control.entrysize = sizeof(Count);
    control.hcxt = TopMemoryContext;
    counts = hash_create("mongo_fdw_cpp counts", 32, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
    refusals = hash_create("mongo_fdw_cpp refusals", 8, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
    CacheRegisterRelcacheCallback(forget_relation, 0);
    CacheRegisterSyscacheCallback(FOREIGNSERVEROID, forget_all, 0);
    CacheRegisterSyscacheCallback(USERMAPPINGOID, forget_all, 0);
}

// What was noted at most fresh_us ago (0: ever); null for nothing.
const Count *recall(HTAB *table, const CountKey &key, int64 fresh_us) {
    const Count *count = static_cast<Count *>(hash_search(table, &key, HASH_FIND, nullptr));
    if (!count || !count->at)
        return nullptr;
    if (count->documents < 0)
        fresh_us = kFreshUs; // a refusal may be over soon
    return fresh_us == 0 || GetCurrentTimestamp() - count->at < fresh_us ? count : nullptr;
}

void note(HTAB *table, const CountKey &key, double documents) {
    Count *count = static_cast<Count *>(hash_search(table, &key, HASH_ENTER, nullptr));
    count->documents = documents;
    count->at = GetCurrentTimestamp();
}

// The collection's count from its metadata; negative when the server does not say. An answer is asked for again when it
// is older than fresh_us (0: never), a refusal after a minute. A server that cannot be reached is not asked for its
// other tables either.
double remote_count(Oid user, const TableOptions *table, int64 fresh_us) {
    if (!counts)
        make_tables();
    CountKey key{table->relation, user}, server{table->server, user};
    if (const Count *count = recall(counts, key, fresh_us))
        return count->documents;
    if (recall(refusals, server, kFreshUs))
        return -1;
    CollectionStats stats{-1, -1};
    mongo::Error failure;
    failure.kind = mongo::ErrorKind::None;
    if (may_connect(table->server, user) && !read_collection_stats(source_of(table, user), &stats, &failure) &&
        failure.kind != mongo::ErrorKind::Server)
        note(refusals, server, -1);
    else
        note(counts, key, stats.documents);
    return stats.documents;
}

} // namespace

double estimated_documents(PlannerInfo *, RelOptInfo *rel, const TableOptions *table) {
    if (rel->tuples >= 0 && !table->use_remote_estimate)
        return Max(rel->tuples, 1); // ANALYZE has counted rows
    Oid user = OidIsValid(rel->userid) ? rel->userid : GetUserId();
    double documents = remote_count(user, table, table->use_remote_estimate ? kFreshUs : 0);
    if (documents >= 0)
        return Max(documents * (table->unwind_levels ? kElementsPerArray : 1), 1);
    return rel->tuples >= 0 ? Max(rel->tuples, 1) : kGuess;
}

} // namespace mongo_fdw
