// Proof of the order of stored values. Zone B.
#include "exec/ordered.hpp"

#include "connect/documents.hpp"
#include "exec/lessons.hpp"
#include "mql/commands.hpp"
#include "mql/fit.hpp"
#include "pg/memory.hpp"

#include <initializer_list>

namespace mongo_fdw {
namespace {

int key_count(const ScanState *state) { return list_length(state->plan.sort) / kSortFields; }

bool is_proved(const ScanState *state, int key) { return sort_as(state->plan.sort, key) == SortAs::Proved; }
bool is_doubted(const ScanState *state, int key) { return sort_as(state->plan.sort, key) == SortAs::Doubted; }

uint32_t root_of_key(const ScanState *state, int key) {
    return static_cast<uint32_t>(list_nth_int(state->plan.sort, key * kSortFields));
}

int column_of_key(const ScanState *state, int key) { return state->plan.filter.nodes[root_of_key(state, key)].column; }

// A hash of a value tree, whatever its constants: what the server is unsure of lies in the columns.
uint64 hash_of(const mql::Tree &tree, uint32_t root) {
    const mql::Node &node = tree.nodes[root];
    uint64 hash = hash_bytes_uint32_extended(static_cast<uint32>(node.kind) | static_cast<uint32>(node.function) << 16,
                                             node.column);
    for (uint32_t at = node.first_child; at != mql::kNone; at = tree.nodes[at].next)
        hash = hash_combine64(hash, hash_of(tree, at));
    return hash;
}

struct KeyLesson {
    Lesson lesson;
    uint64 what;
};

// What is remembered of a key.
KeyLesson lesson_of_key(const ScanState *state, int key) {
    if (is_doubted(state, key))
        return {Lesson::SortValue, hash_of(state->plan.filter, root_of_key(state, key))};
    return {Lesson::SortColumn, static_cast<uint64>(column_of_key(state, key))};
}

void disproved(ScanState *state, int key, const char *why) {
    KeyLesson about = lesson_of_key(state, key);
    learn_lesson(state->table->relation, about.lesson, about.what, 1);
    state->order_doubt = why;
}

// The value at a path that no array stands on.
BsonValue value_at(BsonValue document, const FieldPath &path) {
    BsonValue value = document;
    for (int i = 0; i < path.count; i++) {
        if (value.type != BsonType::Document)
            return {BsonType::Missing, nullptr, 0};
        value = field_of(value, path.keys[i]);
    }
    return value;
}

// Whether a value at an end of all values shows that those between it and the other end are of the column's types.
bool bounds_type(const mql::Column &column, const BsonValue &value) {
    switch (column.family) {
    case mql::Family::Int:
        return value.type == BsonType::Int32 || value.type == BsonType::Int64 || value.type == BsonType::Double ||
               value.type == BsonType::Decimal128;
    case mql::Family::ObjectId:
        return value.type == BsonType::ObjectId;
    case mql::Family::Timestamp:
    case mql::Family::Date:
        return value.type == BsonType::Date && read_le<int64_t>(value.data) >= column.fit->minimum &&
               read_le<int64_t>(value.data) <= column.fit->maximum;
    default:
        return false;
    }
}

// The least value, and where misfits read as NULL the greatest one. A collection without documents proves all. False,
// with the doubt: a value may be NULL, or the server does not give the ends.
bool ends_allow(ScanState *state, int key) {
    const mql::Column &column = state->columns[column_of_key(state, key)];
    const FieldPath &path = state->table->columns[column_of_key(state, key)].path;
    DocumentSource source = source_of(state->table, state->user);
    source.in_transaction = state->in_transaction;
    for (bool greatest : {false, true}) {
        if (greatest && !column.misfit_is_null)
            break;
        mongo::Error failure;
        failure.kind = mongo::ErrorKind::None;
        DocumentStream *stream = open_documents(
            source, mql::end_value_command(source.collection, column.path, greatest, current_memory()), &failure);
        if (!stream) {
            raise_unless_refused(state, failure, source.pipeline);
            state->order_doubt = psprintf("the server refused to give the ends of the order: %s", failure.message);
            return false;
        }
        BsonValue document;
        bool allows = !next_document(stream, &document) || bounds_type(column, value_at(document, path));
        add_stream_counts(stream, &state->counts);
        close_documents(stream);
        if (!allows) {
            disproved(state, key, "a value may be NULL that comes first");
            return false;
        }
    }
    return true;
}

} // namespace

bool may_prove_order(ScanState *state) {
    state->order_doubt = nullptr;
    if (state->limit < 0 || state->limit > kMostProvedRows || state->skip > kMostProvedRows - state->limit) {
        state->order_doubt = "more rows are wanted than are proved";
        return false;
    }
    for (int key = 0; key < key_count(state); key++) {
        if (!is_proved(state, key) && !is_doubted(state, key))
            continue;
        KeyLesson about = lesson_of_key(state, key);
        if (lesson_of(state->table->relation, about.lesson, about.what)) {
            state->order_doubt = "the order could not be proved lately";
            return false;
        }
    }
    for (int key = 0; key < key_count(state); key++)
        if (is_proved(state, key) && state->computed_sort[key].nulls_first && !ends_allow(state, key))
            return false;
    return true;
}

void begin_proof(ScanState *state) {
    state->proving = true;
    state->proved_skip = state->skip;
    if (state->limit > 0)
        state->limit += state->skip;
    state->skip = 0;
}

bool prove_order(ForeignScanState *node, ScanState *state) {
    MemoryContext old = MemoryContextSwitchTo(state->context);
    state->ordered = tuplestore_begin_heap(false, false, work_mem);
    if (!state->ordered_slot)
        state->ordered_slot =
            MakeSingleTupleTableSlot(node->ss.ss_ScanTupleSlot->tts_tupleDescriptor, &TTSOpsMinimalTuple);
    MemoryContextSwitchTo(old);
    int64 rows = 0;
    bool proved = true;
    for (;;) {
        TupleTableSlot *slot = next_sent_row(node);
        if (TupIsNull(slot))
            break;
        const bool *nulls = state->row_nulls ? state->row_nulls : slot->tts_isnull;
        for (int key = 0; proved && key < key_count(state); key++) {
            const char *doubt = nullptr;
            if (is_proved(state, key) && nulls[column_of_key(state, key)])
                doubt = "a value is NULL or does not fit";
            else if (is_doubted(state, key) &&
                     field_of(current_document(state->reading->decoder), mql::kSortKeys).type != BsonType::Missing)
                doubt = "the server is unsure of a value";
            if (doubt)
                disproved(state, key, doubt);
            proved = !doubt;
        }
        if (!proved)
            break;
        if (++rows > state->proved_skip)
            tuplestore_puttupleslot(state->ordered, slot);
    }
    if (proved && rows < state->limit && state->plan.presence != NIL) {
        state->order_doubt = "rows that are NULL come behind the others";
        proved = false;
    }
    if (!proved)
        forget_ordered_rows(state);
    return proved;
}

TupleTableSlot *next_ordered_row(ForeignScanState *node, ScanState *state) {
    bool found = next_stored_row(node->ss.ps.state, state->ordered, state->ordered_slot);
    TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
    return found ? show_row(slot, state->ordered_slot) : ExecClearTuple(slot);
}

void forget_ordered_rows(ScanState *state) {
    if (state->ordered)
        tuplestore_end(state->ordered);
    state->ordered = nullptr;
}

} // namespace mongo_fdw
