// Row counts for the planner. Zone B.
#include "plan/facts.hpp"

#include "connect/connect.hpp"
#include "convert/bson.hpp"
#include "mql/commands.hpp"

namespace mongo_fdw {
namespace {

constexpr double kGuess = 1000;         // nothing is known
constexpr double kElementsPerArray = 3; // rows of a child table for each document, a guess
constexpr int64 kFreshUs = 60 * USECS_PER_SEC;

struct Count {
    Oid relation; // key
    double documents;
    TimestampTz at;
};

HTAB *counts = nullptr;

// The collection's count from its metadata; negative when the server does not say. Asked at most once a minute.
double remote_count(Oid user, const TableOptions *table) {
    if (!counts) {
        HASHCTL control{};
        control.keysize = sizeof(Oid);
        control.entrysize = sizeof(Count);
        control.hcxt = TopMemoryContext;
        counts = hash_create("mongo_fdw_cpp counts", 32, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
    }
    bool found;
    Count *count = static_cast<Count *>(hash_search(counts, &table->relation, HASH_FIND, &found));
    TimestampTz now = GetCurrentTimestamp();
    if (found && now - count->at < kFreshUs)
        return count->documents;
    mql::Document command = mql::count_command(table->collection);
    mongo::Bytes reply;
    double documents = -1;
    if (run_command(table->server, user, table->database, {command.data, command.size}, true, &reply)) {
        BsonReader reader(reply.data, reply.size);
        while (reader.next())
            if (strcmp(reader.key(), "n") == 0)
                documents = reader.value().type == BsonType::Int32 ? read_le<int32_t>(reader.value().data)
                            : reader.value().type == BsonType::Int64
                                ? static_cast<double>(read_le<int64_t>(reader.value().data))
                            : reader.value().type == BsonType::Double ? read_le<double>(reader.value().data)
                                                                      : -1;
    }
    count = static_cast<Count *>(hash_search(counts, &table->relation, HASH_ENTER, &found));
    count->documents = documents;
    count->at = now;
    return documents;
}

Oid planning_user(RelOptInfo *rel) {
    return OidIsValid(rel->userid) ? rel->userid : GetUserId();
}

} // namespace

namespace {

// Planning must not fail where only the execution would.
bool has_mapping(Oid user, Oid server) {
    return SearchSysCacheExists2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(user), ObjectIdGetDatum(server)) ||
           SearchSysCacheExists2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(InvalidOid), ObjectIdGetDatum(server));
}

} // namespace

double estimated_documents(PlannerInfo *root, RelOptInfo *rel, const TableOptions *table) {
    if (table->use_remote_estimate && has_mapping(planning_user(rel), table->server)) {
        double documents = remote_count(planning_user(rel), table);
        if (documents >= 0)
            return Max(documents * (table->unwind_levels ? kElementsPerArray : 1), 1);
    }
    return rel->tuples > 0 ? rel->tuples : kGuess;
}

} // namespace mongo_fdw
