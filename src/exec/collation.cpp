// Default collations of collections. Zone B.
#include "exec/collation.hpp"

#include "connect/connect.hpp"
#include "convert/bson.hpp"
#include "mql/commands.hpp"

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

BsonValue field(const BsonValue &document, const char *key) {
    if (document.type == BsonType::Document || document.type == BsonType::Array) {
        BsonReader reader(document.data, document.size);
        while (reader.next())
            if (strcmp(reader.key(), key) == 0)
                return reader.value();
    }
    return {BsonType::Missing, nullptr, 0};
}

bool is_text(const BsonValue &value, const char *text) {
    uint32_t length;
    return value.type == BsonType::String && strcmp(text_of(value, &length), text) == 0;
}

// Options of a server changed: what was learned may be another server's.
void forget(Datum, int, uint32) {
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, entries);
    while (Entry *entry = static_cast<Entry *>(hash_seq_search(&status)))
        entry->at = 0;
}

// From the first document of a listCollections reply; *known is false for a collection that does not exist (yet).
Collation from_reply(const mongo::Bytes &reply, bool *known) {
    BsonValue top{BsonType::Document, reply.data, reply.size};
    BsonValue info = field(field(field(top, "cursor"), "firstBatch"), "0");
    *known = info.type == BsonType::Document;
    BsonValue collation = field(field(info, "options"), "collation");
    if (collation.type != BsonType::Document || is_text(field(collation, "locale"), "simple"))
        return Collation::Simple;
    return is_text(field(info, "type"), "view") ? Collation::OtherOnView : Collation::Other;
}

} // namespace

Collation source_collation(const TableOptions *table, Oid user) {
    if (!entries) {
        HASHCTL control{};
        control.keysize = kKeySize;
        control.entrysize = sizeof(Entry);
        control.hcxt = TopMemoryContext;
        entries = hash_create("mongo_fdw_cpp collations", 32, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
        CacheRegisterSyscacheCallback(FOREIGNSERVEROID, forget, 0);
    }
    char key[kKeySize];
    snprintf(key, sizeof key, "%u %s.%s", table->server, table->database, table->collection);
    bool found;
    TimestampTz now = GetCurrentTimestamp();
    Entry *entry = static_cast<Entry *>(hash_search(entries, key, HASH_FIND, &found));
    if (found && now - entry->at < kFreshUs)
        return entry->collation;
    mql::Document command = mql::list_collection_command(table->collection);
    mongo::Bytes reply;
    // Without the right to list collections the simple collation is asked for, which every collection allows.
    bool known = false;
    Collation collation = run_command(table->server, user, table->database, {command.data, command.size}, true, &reply)
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
