// Features of servers. Zone B.
#include "plan/features.hpp"

#include "connect/connect.hpp"
#include "pg/hash.hpp"
#include "pg/memory.hpp"

namespace mongo_fdw {
namespace {

constexpr int64 kFreshUs = 60 * USECS_PER_SEC; // a server that could not be asked is left alone for so long

struct ServerFeatures {
    Oid server;
    bool known;
    uint32_t lacking;
    TimestampTz refused; // 0: it was not
};

HTAB *servers = nullptr;

void forget(Datum, SyscacheId, uint32) {
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, servers);
    while (ServerFeatures *entry = static_cast<ServerFeatures *>(hash_seq_search(&status))) {
        entry->known = false;
        entry->refused = 0;
    }
}

ServerFeatures *entry_of(Oid server) {
    if (!servers) {
        servers = make_hash_table<ServerFeatures>("mongo_fdw_cpp features", sizeof(Oid));
        CacheRegisterSyscacheCallback(FOREIGNSERVEROID, forget, 0);
    }
    bool found;
    ServerFeatures *entry = static_cast<ServerFeatures *>(hash_search(servers, &server, HASH_ENTER, &found));
    if (!found)
        *entry = {server, false, 0, 0};
    return entry;
}

enum class Answer { Has, Lacks, Unknown };

// Codes that say nothing about operators: rights, logins, time, step-downs, views.
constexpr int kOtherErrors[] = {13, 18, 26, 50, 91, 166, 167, 189, 8000, 10107, 11600, 11601, 11602, 13435, 13436};

Answer ask(Oid server, Oid user, const char *database, const char *collection, uint32_t features) {
    mql::Document command = mql::feature_probe_command(collection, features, current_memory());
    mongo::Bytes reply;
    mongo::Error failure;
    failure.kind = mongo::ErrorKind::None;
    if (run_command(server, user, database, {command.data, command.size}, &reply, &failure))
        return Answer::Has;
    for (int code : kOtherErrors)
        if (failure.code == code)
            return Answer::Unknown;
    return failure.kind == mongo::ErrorKind::Server ? Answer::Lacks : Answer::Unknown;
}

} // namespace

uint32_t lacking_features(Oid server, Oid user, const char *database, const char *collection, uint32_t features) {
    if (features == 0)
        return 0;
    ServerFeatures *entry = entry_of(server);
    if (entry->known)
        return entry->lacking & features;
    if (!may_connect(server, user) || (entry->refused && GetCurrentTimestamp() - entry->refused < kFreshUs))
        return 0;
    constexpr uint32_t kAll = (1u << static_cast<int>(mql::Feature::Count)) - 1;
    Answer answer = ask(server, user, database, collection, kAll);
    uint32_t lacking = 0;
    for (int i = 1; answer == Answer::Lacks && i < static_cast<int>(mql::Feature::Count); i++)
        if (ask(server, user, database, collection, 1u << i) == Answer::Lacks)
            lacking |= 1u << i;
    entry = entry_of(server); // an invalidation may have come in between
    entry->known = answer != Answer::Unknown;
    entry->lacking = lacking;
    entry->refused = entry->known ? 0 : GetCurrentTimestamp();
    return lacking & features;
}

} // namespace mongo_fdw
