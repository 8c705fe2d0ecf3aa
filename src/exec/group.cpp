// Groups that the server makes: how they are tried, and what runs where they cannot be believed. Zone B.
//
// The server sums and compares whatever it finds. One group in doubt (exec/group_results.cpp) makes the node run its
// outer plan, so that rows and errors are PostgreSQL's.
//
// First values are taken as they are stored, which is cheapest for the server: the types of the results, and the least
// and greatest value, show whether all fit. Where they do not, the next query over the table looks at each value, and
// where that is in doubt as well PostgreSQL groups at once, for a while.
#include "exec/group_internal.hpp"

#include "connect/documents.hpp"
#include "exec/collation.hpp"
#include "exec/operands.hpp"
#include "pg/error.hpp"
#include "pg/memory.hpp"

namespace mongo_fdw {

namespace {

// Whether LIMIT is part of the node.
bool is_first(const ScanState *state) { return state->plan.limit >= 0 || state->plan.offset >= 0; }

mql::GroupCommand group_command(ScanState *state, const mql::ScanCommand &scan) {
    mql::GroupCommand command{};
    command.scan = scan;
    if (state->table->unwind_levels > 0) {
        command.scan.unwind = state->table->unwind[0].keys[0];
        command.scan.unwind_raises = state->table->on_error == OnError::Error;
    }
    command.keys = state->group->keys;
    command.key_count = state->group->key_count;
    command.accumulators = state->group->accumulators;
    command.doubts = state->group->doubts;
    command.doubt_count = state->group->doubt_count;
    command.accumulator_count = state->group->accumulator_count;
    command.having = state->group->having;
    command.having_count = state->group->having_count;
    command.first = is_first(state);
    command.sort = state->group->sort;
    command.sort_count = state->group->sort_count;
    if (command.first) // what OFFSET leaves out is proved as well
        command.scan.limit =
            state->limit > 0 && state->limit <= PG_INT64_MAX - state->skip ? state->limit + state->skip : 0;
    command.stored = state->group->level == GroupLevel::Stored;
    return command;
}

void learn(const ScanState *state) {
    learn_group_level(state->table->relation, state->plan.filter,
                      static_cast<GroupLevel>(static_cast<int>(state->group->level) + 1));
}

void note_fallback(ScanState *state, const char *reason) {
    state->fallback = MemoryContextStrdup(state->parameters, reason);
    tuplestore_end(state->group->rows);
    state->group->rows = nullptr;
}

// Reads all groups. Any doubt, and a server that refuses the pipeline, leave the groups to the outer plan.
void read_groups(ScanState *state, mql::Document command) {
    GroupState *groups = state->group;
    DocumentSource source = source_of(state->table, state->user);
    source.in_transaction = state->in_transaction;
    source.pipeline = pipeline_text(state);
    mongo::Error failure;
    failure.kind = mongo::ErrorKind::None;
    DocumentStream *stream = open_documents(source, command, &failure);
    if (!stream) {
        raise_unless_refused(state, failure, pipeline_text(state));
        learn(state);
        note_fallback(state, psprintf("the server refused the pipeline: %s", failure.message));
        return;
    }
    Arena arena{AllocSetContextCreate(CurrentMemoryContext, "mongo_fdw_cpp group", ALLOCSET_DEFAULT_SIZES), nullptr,
                nullptr};
    BsonValue document;
    int64 count = 0;
    const char *doubt = nullptr;
    while (!doubt && next_document(stream, &document)) {
        MemoryContext old = MemoryContextSwitchTo(arena.context);
        Group group{state, document, &arena, nullptr};
        keep_group(&group);
        doubt = group.doubt;
        MemoryContextSwitchTo(old);
        arena_reset(&arena);
        if (++count > 1 && groups->key_count == 0)
            doubt = "the server gave several groups for one";
    }
    add_stream_counts(stream, &state->counts);
    close_documents(stream);
    MemoryContextDelete(arena.context);
    if (doubt) {
        learn(state);
        note_fallback(state, doubt);
    } else if (count == 0 && groups->key_count == 0) {
        groups->ready = false; // nothing to group: one row is made here
    }
}

// The row of aggregates over no rows.
void keep_empty_group(ScanState *state) {
    GroupState *groups = state->group;
    int columns = groups->descriptor->natts;
    Datum *values = static_cast<Datum *>(palloc0(sizeof(Datum) * columns));
    bool *nulls = static_cast<bool *>(palloc0(columns));
    for (int i = 0; i < columns; i++)
        nulls[i] = static_cast<Final>(list_nth_int(state->plan.outputs, i * kOutputFields)) != Final::Count;
    tuplestore_putvalues(groups->rows, groups->descriptor, values, nulls);
}

void start_groups(ForeignScanState *node, ScanState *state) {
    GroupState *groups = state->group;
    join_transaction(state);
    evaluate_parameters(node, false);
    evaluate_limit(node, false);
    state->started = true;
    state->executions++;
    state->fallback = nullptr;
    groups->ready = true;
    groups->null_seen = false;
    MemoryContext old = MemoryContextSwitchTo(state->context);
    groups->rows = tuplestore_begin_heap(false, false, work_mem);
    MemoryContextSwitchTo(old);
    Collation collation = needed_collation(state);
    state->started = false; // the level is chosen anew
    mql::ScanRendering rendering = render_groups(state, scan_command(state, Sent::All, collation == Collation::Other));
    state->started = true;
    state->never = rendering.never;
    if (groups->level == GroupLevel::Local) {
        note_fallback(state, "the server was in doubt a short while ago");
    } else if (collation == Collation::OtherOnView) {
        note_fallback(state, "the view has a collation of its own");
    } else if (!rendering.command.data) {
        note_fallback(state, unsayable_reason(state));
    } else if (rendering.never || state->limit == 0) {
        groups->ready = groups->key_count > 0;
    } else {
        old = MemoryContextSwitchTo(state->parameters);
        keep_pipeline(state, Sent::All, rendering.pipeline);
        read_groups(state, rendering.command);
        MemoryContextSwitchTo(old);
    }
    if (!groups->ready && !state->fallback)
        keep_empty_group(state);
}

} // namespace

GroupState *make_group_state(ForeignScanState *node, ScanState *state) {
    GroupState *groups = static_cast<GroupState *>(palloc0(sizeof(GroupState)));
    groups->keys = numbers_of(state->plan.keys);
    groups->key_count = list_length(state->plan.keys);
    groups->accumulators = accumulators_of(state->plan);
    groups->doubts = numbers_of(state->plan.doubts);
    groups->doubt_count = list_length(state->plan.doubts);
    groups->having = having_of(state->plan);
    groups->having_count = list_length(state->plan.having) / kHavingFields;
    groups->sort = group_sort_of(state->plan);
    groups->sort_count = list_length(state->plan.group_sort) / kGroupSortFields;
    groups->accumulator_count = list_length(state->plan.accumulators) / kAccumulatorFields;
    groups->descriptor = node->ss.ss_ScanTupleSlot->tts_tupleDescriptor;
    groups->stored = MakeSingleTupleTableSlot(groups->descriptor, &TTSOpsMinimalTuple);
    groups->converters = static_cast<Converter **>(palloc0(sizeof(Converter *) * Max(groups->descriptor->natts, 1)));
    ReadRules rules{};
    rules.binary_subtype = -1;
    for (int i = 0; i < groups->descriptor->natts; i++) {
        Form_pg_attribute attribute = attribute_of(groups->descriptor, i);
        groups->converters[i] = make_converter(attribute->atttypid, attribute->atttypmod, rules);
    }
    groups->numeric = make_converter(NUMERICOID, -1, rules);
    groups->key_converters = static_cast<Converter **>(palloc0(sizeof(Converter *) * (groups->key_count + 1)));
    for (uint32_t i = 0; i < groups->key_count; i++)
        if (const mql::Column *column = column_of(state, groups->keys[i])) {
            const ColumnOptions &own = state->table->columns[column - state->columns];
            groups->key_converters[i] = make_converter(own.type, own.typmod, own.rules);
        }
    return groups;
}

mql::ScanRendering render_groups(ScanState *state, const mql::ScanCommand &scan) {
    GroupState *groups = state->group;
    if (!state->started) { // EXPLAIN alone: as it would be tried
        groups->level = group_level(state->table->relation, state->plan.filter);
        if (groups->level == GroupLevel::Stored && !mql::can_take_stored(group_command(state, scan)))
            groups->level = GroupLevel::Guarded;
    }
    return mql::render_group(group_command(state, scan), memory_of(state->parameters));
}

TupleTableSlot *next_group(ForeignScanState *node, ScanState *state) {
    TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
    ExecClearTuple(slot);
    if (!state->started)
        start_groups(node, state);
    GroupState *groups = state->group;
    if (state->fallback)
        return next_fallback_row(node);
    return next_stored_row(node->ss.ps.state, groups->rows, groups->stored) ? show_row(slot, groups->stored) : slot;
}

void rescan_groups(ForeignScanState *node, ScanState *state) {
    if (!state->started)
        return;
    GroupState *groups = state->group;
    if (node->ss.ps.chgParam == nullptr && groups->rows) {
        tuplestore_rescan(groups->rows);
        return;
    }
    if (node->ss.ps.chgParam == nullptr && state->fallback)
        return; // the executor has started the outer plan again
    if (groups->rows)
        tuplestore_end(groups->rows);
    groups->rows = nullptr;
    state->started = false;
}

void end_groups(ScanState *state) {
    if (state->group && state->group->rows)
        tuplestore_end(state->group->rows);
}

} // namespace mongo_fdw
