// What executions have learned of the data of foreign tables. Zone B.
#include "exec/lessons.hpp"

#include "pg/hash.hpp"

namespace mongo_fdw {
namespace {

constexpr int64 kRememberedUs = 10 * 60 * USECS_PER_SEC;

struct Key {
    uint64 what;
    Oid relation;
    Lesson lesson; // no padding: keys are compared as bytes
};

struct Learned {
    Key key;
    int value;
    TimestampTz at;
};

HTAB *lessons = nullptr;

void forget(Oid relation) {
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, lessons);
    while (Learned *entry = static_cast<Learned *>(hash_seq_search(&status)))
        if (!OidIsValid(relation) || entry->key.relation == relation)
            hash_search(lessons, &entry->key, HASH_REMOVE, nullptr);
}

void on_relation(Datum, Oid relation) { forget(relation); }
void on_server(Datum, SyscacheId, uint32) { forget(InvalidOid); }

void make_table() {
    if (lessons)
        return;
    lessons = make_hash_table<Learned>("mongo_fdw_cpp lessons", sizeof(Key));
    CacheRegisterRelcacheCallback(on_relation, 0);
    CacheRegisterSyscacheCallback(FOREIGNSERVEROID, on_server, 0);
    CacheRegisterSyscacheCallback(USERMAPPINGOID, on_server, 0);
}

// What is remembered of a table's groups: the columns that they read, as bits of a hash.
uint64 columns_of(const mql::Tree &tree) {
    uint64 columns = 0;
    for (uint32_t i = 0; i < tree.count; i++)
        if (tree.nodes[i].kind == mql::NodeKind::ColumnValue)
            columns |= UINT64CONST(1) << (tree.nodes[i].column % 64);
    return columns;
}

} // namespace

int lesson_of(Oid relation, Lesson lesson, uint64 what) {
    make_table();
    Key key{what, relation, lesson};
    const Learned *entry = static_cast<Learned *>(hash_search(lessons, &key, HASH_FIND, nullptr));
    return entry && GetCurrentTimestamp() - entry->at <= kRememberedUs ? entry->value : 0;
}

void learn_lesson(Oid relation, Lesson lesson, uint64 what, int value) {
    make_table();
    Key key{what, relation, lesson};
    Learned *entry = static_cast<Learned *>(hash_search(lessons, &key, HASH_ENTER, nullptr));
    *entry = {key, value, GetCurrentTimestamp()};
}

GroupLevel group_level(Oid relation, const mql::Tree &tree) {
    return static_cast<GroupLevel>(lesson_of(relation, Lesson::Groups, columns_of(tree)));
}

void learn_group_level(Oid relation, const mql::Tree &tree, GroupLevel level) {
    learn_lesson(relation, Lesson::Groups, columns_of(tree), static_cast<int>(Max(group_level(relation, tree), level)));
}

} // namespace mongo_fdw
