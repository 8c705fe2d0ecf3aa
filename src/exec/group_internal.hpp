// Shared by the execution of groups and by what is made of their results. Zone B.
#pragma once

#include "convert/converter.hpp"
#include "exec/group.hpp"
#include "exec/lessons.hpp"

namespace mongo_fdw {

struct GroupState {
    uint32_t *keys;
    uint32_t key_count;
    mql::Accumulator *accumulators;
    uint32_t *doubts;
    uint32_t doubt_count;
    uint32_t accumulator_count;
    mql::Having *having;
    uint32_t having_count;
    mql::GroupSortKey *sort;
    uint32_t sort_count;
    TupleDesc descriptor;       // of the scan tuple
    TupleTableSlot *stored;     // for rows of the store
    Converter **converters;     // of its columns, for keys and extremes
    Converter **key_converters; // of keys that are columns, as these read their values; else null
    Converter *numeric;         // of any numeric
    Tuplestorestate *rows;
    bool ready;
    bool null_seen;   // a group whose lone key is NULL
    GroupLevel level; // of the last execution
};

// A group's document and what is made of it.
struct Group {
    ScanState *state;
    BsonValue document;
    Arena *arena;
    const char *doubt; // null: the proof holds
};

// The column that a key or argument is; null for others.
inline const mql::Column *column_of(const ScanState *state, uint32_t root) {
    const mql::Node *nodes = state->plan.filter.nodes;
    return root != mql::kNone && nodes[root].kind == mql::NodeKind::ColumnValue ? &state->columns[nodes[root].column]
                                                                                : nullptr;
}

// Puts a group's row into the store; false, with the reason, where it is in doubt.
bool keep_group(Group *group);

} // namespace mongo_fdw
