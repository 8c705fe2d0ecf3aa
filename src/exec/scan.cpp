// Foreign scans. Zone B.
//
// The cursor belongs to a memory-context reset callback, so that every way out of a query closes it; there it may not
// wait, and the server's cursor is killed before the connection's next command. EndForeignScan closes it at once.
#include "exec/scan.hpp"

#include "connect/documents.hpp"
#include "convert/merge.hpp"
#include "exec/collation.hpp"
#include "exec/drain.hpp"
#include "exec/evaluate.hpp"
#include "exec/group.hpp"
#include "exec/join.hpp"
#include "exec/ordered.hpp"
#include "pg/error.hpp"
#include "pg/memory.hpp"

namespace mongo_fdw {
namespace {

void add_counts(ScanState *state) {
    mongo::CursorCounts *counts = mongo::counts(state->cursor);
    state->counts.commands += counts->commands;
    state->counts.batches += counts->batches;
    state->counts.documents += counts->documents;
    state->counts.bytes += counts->bytes;
}

void close(ScanState *state, bool may_wait) {
    mongo::Cursor *cursor = state->cursor;
    if (!cursor)
        return;
    if (!state->finished)
        mongo::counts(cursor)->documents += documents_in_batch(state->reading->decoder);
    add_counts(state);
    state->cursor = nullptr;
    mongo::close_cursor(cursor, may_wait);
}

void on_context_reset(void *argument) {
    ScanState *state = static_cast<ScanState *>(argument);
    forget_drained_scan(state);
    close(state, false);
}

mql::ScanRendering render_state(ScanState *state, Sent sent, bool simple_collation) {
    return mql::render_scan(scan_command(state, sent, simple_collation), memory_of(state->parameters));
}

// Chooses the decoder and the projection for the attributes that this execution reads; makes them at first need.
void prepare_decoding(ScanState *state, bool with_rechecks) {
    Reading &reading = state->readings[with_rechecks];
    if (!reading.decoder) {
        MemoryContext old = MemoryContextSwitchTo(state->context);
        reading.needed = static_cast<bool *>(palloc0(Max(state->table->column_count, 1)));
        ListCell *cell;
        foreach (cell, state->plan.needed)
            reading.needed[lfirst_int(cell) - 1] = true;
        if (with_rechecks)
            foreach (cell, state->plan.needed_recheck)
                reading.needed[lfirst_int(cell) - 1] = true;
        bool *asked = static_cast<bool *>(palloc(Max(state->table->column_count, 1)));
        memcpy(asked, reading.needed, Max(state->table->column_count, 1));
        foreach (cell, state->plan.kept)
            asked[lfirst_int(cell) - 1] = true;
        if (!projected_paths(state->table, asked, &reading.projection, &reading.projection_count)) {
            reading.projection = nullptr;
        } else {
            // An empty list still means "only _id".
            static const char *const kNothing[] = {"_id"};
            if (reading.projection_count == 0)
                reading.projection = const_cast<const char **>(kNothing);
            // What is compared before it is written: an array on the way to a value with parts as a whole.
            foreach (cell, state->plan.kept) {
                const ColumnOptions &column = state->table->columns[lfirst_int(cell) - 1];
                if (column.role == Role::Field && column.path.plain && column.path.count > 1 &&
                    is_type_with_parts(column.type))
                    project_whole(reading.projection, &reading.projection_count, column.path.keys[0]);
            }
        }
        reading.decoder = make_decoder(state->table, reading.needed);
        MemoryContextSwitchTo(old);
    }
    state->reading = &reading;
}

// A key join reads to the end: about a document for each key fits the first batch. One more ends the cursor.
int64_t expected_documents(const ScanState *state) {
    constexpr uint64_t kGuessedBytes = 400;
    if (state->plan.given_keys < 0 || state->every_key)
        return 0;
    uint64_t bytes = state->counts.documents ? state->counts.bytes / state->counts.documents : kGuessedBytes;
    int64_t fitting = state->table->fetch_bytes / Max(bytes, 1);
    return Max(Min(state->operands[state->plan.given_keys].count + 1, fitting), 1);
}

// Errors about the words and values of a command: the server takes less than MongoDB does.
bool is_about_command(const mongo::Error &failure) {
    constexpr int32_t kBadValue = 2, kFailedToParse = 9, kTypeMismatch = 14, kInvalidBson = 22;
    return failure.code == kBadValue || failure.code == kFailedToParse || failure.code == kTypeMismatch ||
           failure.code == kInvalidBson;
}

// Sends a rendering of these conditions. False where the server refuses it, which it may, or the values of conditions,
// and *failure says why; other errors raise.
bool send(ScanState *state, const mql::ScanRendering &rendering, Sent sent, bool may_refuse, mongo::Error *failure) {
    if (!rendering.command.data)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("the command for \"%s\" is too large", state->table->name_space)));
    keep_pipeline(state, sent, rendering.pipeline);
    mongo::CursorRequest request{};
    request.database = state->table->database;
    request.collection = state->table->collection;
    request.command = {rendering.command.data, rendering.command.size};
    request.aggregate = rendering.aggregate;
    request.read_preference = state->table->read_preference;
    request.fetch_bytes = state->table->fetch_bytes;
    request.fetch_documents = state->table->fetch_documents;
    request.limit = sent == Sent::All && state->limit > 0 ? state->limit : 0;
    request.expected = expected_documents(state);
    request.in_transaction = state->in_transaction;
    state->cursor = open_cursor(state->table->server, state->user, request, state->table->name_space, nullptr, failure);
    if (state->cursor)
        return true;
    bool refused = may_refuse || (sent != Sent::Nothing && state->root_count > 0 && is_about_command(*failure));
    if (!refused)
        raise_mongo_error(*failure, state->table->server_name, state->table->name_space, pipeline_text(state));
    raise_unless_refused(state, *failure, pipeline_text(state));
    return false;
}

// Sets whether the pushed conditions are evaluated here. True where that changed what is read.
bool set_rechecks(ScanState *state, bool rechecks) {
    if (rechecks == state->rechecks)
        return false;
    state->rechecks = rechecks;
    prepare_decoding(state, rechecks);
    return true;
}

// Starts an execution. Where the server cannot or does not do all of the node's work, either its outer plan runs
// (fallback), or, where it has none, its rows are looked at here.
void start(ForeignScanState *node) {
    ScanState *state = scan_state(node);
    join_transaction(state);
    evaluate_parameters(node, false);
    evaluate_limit(node, false);
    state->started = true;
    state->finished = state->proving = false;
    state->recheck_reason = nullptr;
    state->fallback = nullptr;
    state->executions++;
    bool own_plan = outerPlanState(&node->ss.ps) != nullptr;
    if (state->refused) {
        state->fallback = "the server refused the pipeline before";
        return;
    }
    if (state->limit == 0) {
        state->finished = true;
        return;
    }
    Collation collation = needed_collation(state);
    bool simple = collation == Collation::Other, filters = collation != Collation::OtherOnView;
    if (!filters && !own_plan && state->plan.sort != NIL)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("view \"%s\" got a collation after the query was planned", state->table->name_space),
                        errhint("Run the query again, or set mongo_fdw_cpp.enable_order_by_pushdown to off.")));
    if (filters && needs_proof(state->plan.sort)) {
        if (!may_prove_order(state)) {
            state->fallback = state->order_doubt;
            return;
        }
        begin_proof(state);
    }
    Sent sent = filters ? Sent::All : Sent::Nothing;
    mql::ScanRendering rendering = render_state(state, sent, simple);
    if (own_plan && !(filters && rendering.command.data)) {
        state->fallback = filters ? unsayable_reason(state) : "the view has a collation of its own";
        return;
    }
    if (!filters) {
        state->recheck_reason = "the view has a collation of its own, the pushed conditions were evaluated here";
    } else if (!rendering.command.data) {
        sent = Sent::Sayable;
        state->recheck_reason = MemoryContextStrdup(
            state->parameters, psprintf("%s, such conditions were evaluated here", unsayable_reason(state)));
    }
    if (set_rechecks(state, sent != Sent::All && state->root_count > 0) || sent == Sent::Sayable)
        rendering = render_state(state, sent, simple);
    if (sent == Sent::Sayable && !rendering.command.data) {
        sent = Sent::Nothing;
        state->recheck_reason = "the pushed conditions are too large for a command and were evaluated here";
        rendering = render_state(state, sent, simple);
    }
    if (!rendering.command.data && state->unsaid)
        raise_evaluation_error(node); // of a sort, which the rows do not take
    state->never = sent != Sent::Nothing && rendering.never;
    if (state->never) {
        state->finished = true;
        return;
    }
    mongo::Error failure;
    bool may_retry = sent != Sent::Nothing &&
                     ((state->root_count > 0 && has_guards(state)) || own_plan || state->plan.first_keys > 0);
    if (!send(state, rendering, sent, may_retry, &failure)) {
        const char *message = MemoryContextStrdup(state->parameters, failure.message);
        if (own_plan) {
            state->refused = true;
            state->fallback =
                MemoryContextStrdup(state->parameters, psprintf("the server refused the pipeline: %s", message));
            return;
        }
        // What the server does not take after all is evaluated here.
        state->recheck_reason =
            MemoryContextStrdup(state->parameters, psprintf("the server refused the pushed conditions, they were "
                                                            "evaluated here: %s",
                                                            message));
        set_rechecks(state, true);
        send(state, render_state(state, Sent::Nothing, simple), Sent::Nothing, false, &failure);
    }
    begin_batch(state->reading->decoder, mongo::current_batch(state->cursor));
}

// Takes the next batch; false at the end. An error of the cursor is an ERROR, never an end.
bool fetch(ScanState *state) {
    mongo::Error error;
    uint32_t documents = documents_in_batch(state->reading->decoder);
    mongo::counts(state->cursor)->documents += documents;
    CHECK_FOR_INTERRUPTS();
    if (mongo::next_batch(state->cursor, documents, &error)) {
        begin_batch(state->reading->decoder, mongo::current_batch(state->cursor));
        return true;
    }
    if (error.kind != mongo::ErrorKind::None)
        raise_mongo_error(error, state->table->server_name, state->table->name_space, pipeline_text(state));
    return false;
}

Oid user_of(ForeignScanState *node) {
    ForeignScan *plan = reinterpret_cast<ForeignScan *>(node->ss.ps.plan);
#if PG_VERSION_NUM >= 160000
    return OidIsValid(plan->checkAsUser) ? plan->checkAsUser : GetUserId();
#else
    Index relation = plan->scan.scanrelid > 0 ? plan->scan.scanrelid : bms_next_member(plan->fs_relids, -1);
    Oid user = exec_rt_fetch(relation, node->ss.ps.state)->checkAsUser;
    return OidIsValid(user) ? user : GetUserId();
#endif
}

} // namespace

mql::ScanRendering render_unexecuted(ForeignScanState *node) {
    evaluate_parameters(node, true);
    evaluate_limit(node, true);
    if (needs_proof(scan_state(node)->plan.sort))
        begin_proof(scan_state(node));
    return render_folded(scan_state(node), Sent::All);
}

ScanState *make_scan_state(ForeignScanState *node) {
    ForeignScan *plan = reinterpret_cast<ForeignScan *>(node->ss.ps.plan);
    EState *estate = node->ss.ps.state;
    MemoryContext context = AllocSetContextCreate(estate->es_query_cxt, "mongo_fdw_cpp scan", ALLOCSET_DEFAULT_SIZES);
    MemoryContext old = MemoryContextSwitchTo(context);
    ScanState *state = static_cast<ScanState *>(palloc0(sizeof(ScanState)));
    state->context = context;
    MemoryContextCallback *callback = static_cast<MemoryContextCallback *>(palloc0(sizeof(MemoryContextCallback)));
    callback->func = on_context_reset;
    callback->arg = state;
    MemoryContextRegisterResetCallback(context, callback);
    state->plan = decode_scan_plan(plan->fdw_private);
    ListCell *relation;
    foreach (relation, state->plan.relations)
        state->tables = lappend(state->tables, read_table_options(lfirst_oid(relation)));
    bool single = list_length(state->tables) == 1;
    state->table =
        single ? static_cast<TableOptions *>(linitial(state->tables)) : join_tables(state->tables, state->plan.as);
    state->user = user_of(node);
    if (plan->scan.scanrelid == 0) {
        state->row_values = static_cast<Datum *>(palloc0(sizeof(Datum) * Max(state->table->column_count, 1)));
        state->row_nulls = static_cast<bool *>(palloc0(Max(state->table->column_count, 1)));
    }
    state->columns = filter_columns(state->table);
    make_joins(state);
    state->late_root_count = list_length(state->plan.late_roots);
    state->late_roots = numbers_of(state->plan.late_roots);
    state->root_count = list_length(state->plan.roots);
    state->roots = numbers_of(list_concat_copy(state->plan.roots, state->plan.presence));
    state->parameters = AllocSetContextCreate(context, "mongo_fdw_cpp parameters", ALLOCSET_SMALL_SIZES);
    state->parameter_states = ExecInitExprList(plan->fdw_exprs, &node->ss.ps);
    prepare_evaluation(node, state);
    state->limit = -1;
    state->sort = sort_keys(state->plan, SortAs::Stored);
    state->computed_sort = sort_keys(state->plan, SortAs::Computed);
    state->proved_sort = sort_keys(state->plan, SortAs::Proved);
    state->presence_count = list_length(state->plan.presence);
    if (state->plan.outputs != NIL)
        state->group = make_group_state(node, state);
    prepare_decoding(state, false);
    if (state->plan.drained)
        register_drained_scan(node, state);
    MemoryContextSwitchTo(old);
    return state;
}

extern "C" void mongoBeginForeignScan(ForeignScanState *node, int) { node->fdw_state = make_scan_state(node); }

namespace {

// Decodes the next row into the slot; false at the end of the batch.
bool decode_into(ScanState *state, TupleTableSlot *slot) {
    if (!state->row_values)
        return decode_row(state->reading->decoder, slot->tts_values, slot->tts_isnull);
    if (!decode_row(state->reading->decoder, state->row_values, state->row_nulls))
        return false;
    ListCell *cell;
    int column = 0;
    foreach (cell, state->plan.targets) {
        slot->tts_values[column] = state->row_values[lfirst_int(cell) - 1];
        slot->tts_isnull[column++] = state->row_nulls[lfirst_int(cell) - 1];
    }
    return true;
}

} // namespace

bool next_stored_row(EState *estate, Tuplestorestate *rows, TupleTableSlot *slot) {
    MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
    bool found = tuplestore_gettupleslot(rows, true, false, slot);
    MemoryContextSwitchTo(old);
    return found;
}

TupleTableSlot *show_row(TupleTableSlot *slot, TupleTableSlot *row) {
    ExecClearTuple(slot);
    int columns = slot->tts_tupleDescriptor->natts;
    slot_getallattrs(row);
    memcpy(slot->tts_values, row->tts_values, sizeof(Datum) * columns);
    memcpy(slot->tts_isnull, row->tts_isnull, columns);
    return ExecStoreVirtualTuple(slot);
}

TupleTableSlot *next_fallback_row(ForeignScanState *node) {
    // A node expects to run in the query's memory, not in that of a row.
    MemoryContext old = MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);
    TupleTableSlot *row = ExecProcNode(outerPlanState(&node->ss.ps));
    MemoryContextSwitchTo(old);
    TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
    return TupIsNull(row) ? ExecClearTuple(slot) : show_row(slot, row);
}

namespace {

// What the server could not do after all: the pushed clauses, then OFFSET. False for a row that is left out.
bool passes_here(ForeignScanState *node, ScanState *state, TupleTableSlot *slot) {
    ExprContext *econtext = node->ss.ps.ps_ExprContext;
    econtext->ecxt_scantuple = slot;
    if (ExecQual(node->fdw_recheck_quals, econtext) && ++state->seen > state->skip)
        return true;
    ExecClearTuple(slot);
    ResetExprContext(econtext);
    CHECK_FOR_INTERRUPTS();
    return false;
}

} // namespace

TupleTableSlot *next_scanned_row(ForeignScanState *node) {
    ScanState *state = scan_state(node);
    TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
    ExecClearTuple(slot);
    if (state->group)
        return next_group(node, state);
    if (!state->started) {
        start(node);
        if (state->proving && !state->fallback && !state->never && !prove_order(node, state)) {
            close(state, true);
            state->fallback = state->order_doubt;
        }
    }
    if (state->ordered)
        return next_ordered_row(node, state);
    return state->fallback ? next_fallback_row(node) : next_sent_row(node);
}

TupleTableSlot *next_sent_row(ForeignScanState *node) {
    ScanState *state = scan_state(node);
    TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
    ExecClearTuple(slot);
    while (!state->finished) {
        if (state->rechecks && state->limit >= 0 && state->seen - state->skip >= state->limit)
            break;
        if (!decode_into(state, slot)) {
            if (fetch(state))
                continue;
            state->finished = true;
            break;
        }
        ExecStoreVirtualTuple(slot);
        if (!state->rechecks || passes_here(node, state, slot))
            return slot;
    }
    return slot;
}

extern "C" TupleTableSlot *mongoIterateForeignScan(ForeignScanState *node) {
    ScanState *state = scan_state(node);
    return state->plan.drained ? next_drained_row(node, state) : next_scanned_row(node);
}

void give_keys(ForeignScanState *node, Datum keys) {
    ScanState *state = scan_state(node);
    close(state, true);
    state->keys = keys;
    state->every_key = false;
    state->started = false;
}

void give_every_key(ForeignScanState *node) {
    give_keys(node, 0);
    scan_state(node)->every_key = true;
}

extern "C" void mongoReScanForeignScan(ForeignScanState *node) {
    ScanState *state = scan_state(node);
    if (state->plan.drained) {
        rescan_drained(state);
        return;
    }
    if (state->group) {
        rescan_groups(node, state);
        return;
    }
    if (!state->started)
        return;
    bool same = node->ss.ps.chgParam == nullptr;
    if (state->fallback && same)
        return; // the executor has started the outer plan again
    if (state->ordered && same) {
        tuplestore_rescan(state->ordered);
        return;
    }
    forget_ordered_rows(state);
    if (same && state->cursor && mongo::on_first_batch(state->cursor)) {
        // The first batch is still at hand.
        begin_batch(state->reading->decoder, mongo::current_batch(state->cursor));
        state->finished = false;
        state->seen = 0;
        return;
    }
    if (same && state->finished && !state->cursor)
        return; // nothing was sent, nothing would be
    close(state, true);
    state->started = false;
}

extern "C" void mongoEndForeignScan(ForeignScanState *node) {
    ScanState *state = scan_state(node);
    if (!state)
        return;
    close(state, true);
    end_groups(state);
    forget_ordered_rows(state);
    end_drained(state);
    MemoryContextDelete(state->context);
    node->fdw_state = nullptr;
}

} // namespace mongo_fdw
