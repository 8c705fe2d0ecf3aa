// Default collations of collections. Zone B.
#include "exec/collation.hpp"

#include "connect/connect.hpp"
#include "convert/bson.hpp"
#include "mql/commands.hpp"
#include "pg/hash.hpp"
#include "pg/memory.hpp"

namespace mongo_fdw {
namespace {

constexpr int64 kFreshUs = 60 * USECS_PER_SEC;
constexpr int kKeySize = 512;

struct Entry {
    char name_space[kKeySize]; // key: server OID and namespace
    Collation collation;
    TimestampTz at;
};

HTAB *entries = nullptr;

// Options of a server changed: what was learned may be another server's.
void forget(Datum, SyscacheId, uint32) {
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, entries);
    while (Entry *entry = static_cast<Entry *>(hash_seq_search(&status)))
        entry->at = 0;
}

// From the first document of a listCollections reply; *known is false for a collection that does not exist (yet).
Collation from_reply(const mongo::Bytes &reply, bool *known) {
    BsonValue info = first_of_reply(reply.data, reply.size);
    *known = info.type == BsonType::Document;
    BsonValue collation = field_of(field_of(info, "options"), "collation");
    if (collation.type != BsonType::Document || is_text(field_of(collation, "locale"), "simple"))
        return Collation::Simple;
    return is_text(field_of(info, "type"), "view") ? Collation::OtherOnView : Collation::Other;
}

} // namespace

Collation source_collation(const TableOptions *table, Oid user) {
    if (!entries) {
        entries = make_hash_table<Entry>("mongo_fdw_cpp collations", kKeySize, TopMemoryContext, HASH_STRINGS);
        CacheRegisterSyscacheCallback(FOREIGNSERVEROID, forget, 0);
    }
    char key[kKeySize];
    snprintf(key, sizeof key, "%u %s.%s", table->server, table->database, table->collection);
    bool found;
    TimestampTz now = GetCurrentTimestamp();
    Entry *entry = static_cast<Entry *>(hash_search(entries, key, HASH_FIND, &found));
    if (found && now - entry->at < kFreshUs)
        return entry->collation;
    mql::Document command = mql::list_collections_command(table->collection, false, current_memory());
    mongo::Bytes reply;
    // Without the right to list collections the simple collation is asked for, which every collection allows.
    bool known = false;
    mongo::Error failure;
    Collation collation =
        run_command(table->server, user, table->database, {command.data, command.size}, &reply, &failure)
            ? from_reply(reply, &known)
            : Collation::Other;
    if (!known)
        return collation;
    entry = static_cast<Entry *>(hash_search(entries, key, HASH_ENTER, &found));
    entry->collation = collation;
    entry->at = now;
    return collation;
}

} // namespace mongo_fdw
