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

struct Count {
    Oid relation;     // key
    double documents; // negative: the server does not say
    TimestampTz at;   // 0: forgotten
};

HTAB *counts = nullptr;

void forget_relation(Datum, Oid relation) {
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, counts);
    while (Count *count = static_cast<Count *>(hash_seq_search(&status)))
        if (!OidIsValid(relation) || count->relation == relation)
            count->at = 0;
}

void forget_all(Datum, int, uint32) { forget_relation(0, InvalidOid); }

// The collection's count from its metadata; negative when the server does not say. An answer is asked for again when it
// is older than fresh_us (0: never), a refusal after a minute.
double remote_count(Oid user, const TableOptions *table, int64 fresh_us) {
    if (!counts) {
        HASHCTL control{};
        control.keysize = sizeof(Oid);
        control.entrysize = sizeof(Count);
        control.hcxt = TopMemoryContext;
        counts = hash_create("mongo_fdw_cpp counts", 32, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
        CacheRegisterRelcacheCallback(forget_relation, 0);
        CacheRegisterSyscacheCallback(FOREIGNSERVEROID, forget_all, 0);
        CacheRegisterSyscacheCallback(USERMAPPINGOID, forget_all, 0);
    }
    bool found;
    Count *count = static_cast<Count *>(hash_search(counts, &table->relation, HASH_FIND, &found));
    TimestampTz now = GetCurrentTimestamp();
    if (found && count->at) {
        int64 fresh = count->documents < 0 ? kFreshUs : fresh_us;
        if (fresh == 0 || now - count->at < fresh)
            return count->documents;
    }
    CollectionStats stats{-1, -1};
    mongo::Error failure;
    if (may_connect(table->server, user))
        read_collection_stats(source_of(table, user), &stats, &failure);
    count = static_cast<Count *>(hash_search(counts, &table->relation, HASH_ENTER, &found));
    count->documents = stats.documents;
    count->at = now;
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
