// UPDATE and DELETE as one command of the server: updateMany, deleteMany. Zone B.
//
// Planned where the server applies the conditions exactly and every new value is the same for all rows. Where execution
// finds that the conditions cannot be said, or that a value is NULL, which must not destroy what does not fit
// its column, the rows are read and written one by one, as without direct modification.
#include "dml/direct.hpp"

#include "dml/batch.hpp"
#include "exec/collation.hpp"
#include "exec/scan.hpp"
#include "plan/relation.hpp"
#include "plan/targets.hpp"

namespace mongo_fdw {
namespace {

struct DirectState {
    ScanState *scan;
    Target *target;
    EState *estate;
    Oid user;
    bool remove;
    bool done;
    const char *local; // why rows were written one by one; null: they were not
    int64 documents;
};

// In fdw_state of a node that modifies.
DirectState *state_of(ForeignScanState *node) {
    return static_cast<DirectState *>(static_cast<ScanState *>(node->fdw_state)->direct);
}

// The scan of a target, where nothing stands between it and the ModifyTable.
ForeignScan *scan_of_target(ModifyTable *plan, Index relation, int subplan) {
    Plan *below = outerPlan(plan);
    if (IsA(below, Result) && outerPlan(below) && IsA(outerPlan(below), Append))
        below = outerPlan(below);
    if (IsA(below, Append)) {
        List *plans = reinterpret_cast<Append *>(below)->appendplans;
        if (subplan >= list_length(plans))
            return nullptr;
        below = static_cast<Plan *>(list_nth(plans, subplan));
    }
    if (!IsA(below, ForeignScan))
        return nullptr;
    ForeignScan *scan = reinterpret_cast<ForeignScan *>(below);
    return scan->scan.scanrelid == relation ? scan : nullptr;
}

bool is_plain(const ScanPlan &plan) {
    return plan.outputs == NIL && plan.joins == NIL && plan.late_roots == NIL && plan.sort == NIL && plan.limit < 0;
}

// The same value for all rows, for a column that an update can name.
bool can_set(const TableOptions *table, int column, Expr *value) {
    const ColumnOptions &options = table->columns[column - 1];
    Node *node = reinterpret_cast<Node *>(value);
    return options.role == Role::Field && options.path.plain && strcmp(options.path.keys[0], "_id") != 0 &&
           !contain_volatile_functions(node) && !contain_subplans(node) && bms_is_empty(pull_varnos(nullptr, node));
}

// Evaluates the new values into the row; true where one is NULL.
bool set_values(ForeignScanState *node, ScanState *scan, Datum *values, bool *nulls) {
    bool any_null = false;
    int index = scan->plan.values_from;
    ListCell *cell;
    foreach (cell, scan->plan.columns) {
        int column = lfirst_int(cell) - 1;
        ExprState *expression = static_cast<ExprState *>(list_nth(scan->parameter_states, index++));
        values[column] = ExecEvalExpr(expression, node->ss.ps.ps_ExprContext, &nulls[column]);
        any_null = any_null || nulls[column];
    }
    return any_null;
}

// The filter of a rendered find command.
BsonValue filter_of(const mql::ScanRendering &rendering) {
    return field_of(rendering.command.data, rendering.command.size, "filter");
}

// Appends the filter and, for an UPDATE, the new values; the document's offset, -1 for a DELETE.
int append_modification(const DirectState *state, BsonWriter *writer, const BsonValue &filter, TupleTableSlot *row) {
    write_bytes(writer, filter.data, filter.size);
    if (state->remove)
        return -1;
    int document = writer->buffer.len;
    write_update(state->target, writer, columns_of(state->scan->plan.columns), false, row, nullptr, RowId{});
    return document;
}

void modify_all(DirectState *state, const BsonValue &filter, bool simple_collation, TupleTableSlot *row) {
    Batch *batch = make_batch(state->target, state->estate, state->user, 1);
    ask_for_simple_collation(batch, simple_collation);
    BsonWriter *writer = batch_writer(batch);
    int document = append_modification(state, writer, filter, row);
    add_operation(batch, state->remove ? mongo::WriteKind::DeleteMany : mongo::WriteKind::UpdateMany, false, 0,
                  document);
    mongo::WriteResult result = flush(batch);
    state->documents = result.matched + result.removed;
}

void modify_rows(ForeignScanState *node, DirectState *state, TupleTableSlot *row) {
    ScanState *scan = state->scan;
    Batch *batch = make_batch(state->target, state->estate, state->user, state->target->table->batch_size);
    Index relation = reinterpret_cast<Scan *>(node->ss.ps.plan)->scanrelid;
    Bitmapset *columns = columns_of(scan->plan.columns);
    for (;;) {
        TupleTableSlot *read = next_drained_row(node, scan);
        if (TupIsNull(read))
            break;
        CHECK_FOR_INTERRUPTS();
        RowId id = take_row(state->estate, relation, &read->tts_tid);
        if (id.written)
            continue;
        BsonWriter *writer = batch_writer(batch);
        int start = writer->buffer.len;
        write_id_filter(writer, id.id);
        int document = state->remove ? -1 : writer->buffer.len;
        if (!state->remove)
            write_update(state->target, writer, columns, false, row, nullptr, id);
        add_operation(batch, state->remove ? mongo::WriteKind::DeleteOne : mongo::WriteKind::UpdateOne, false, start,
                      document);
        state->documents++;
        if (is_full(batch)) {
            bool single = state->target->table->batch_size == 1;
            mongo::WriteResult result = flush(batch);
            if (single && result.matched + result.removed == 0)
                state->documents--; // it has vanished
        }
    }
    flush(batch);
}

void execute(ForeignScanState *node, DirectState *state) {
    ScanState *scan = state->scan;
    evaluate_parameters(node, false);
    TupleDesc descriptor = RelationGetDescr(node->ss.ss_currentRelation);
    TupleTableSlot *row = MakeSingleTupleTableSlot(descriptor, &TTSOpsVirtual);
    memset(row->tts_isnull, true, descriptor->natts);
    bool null = set_values(node, scan, row->tts_values, row->tts_isnull);
    ExecStoreVirtualTuple(row);
    Collation collation = needed_collation(scan);
    mql::ScanRendering rendering = mql::render_scan(scan_command(scan, true, false));
    bool sayable = rendering.command.data && collation != Collation::OtherOnView;
    state->local = !sayable ? "the conditions cannot be said with these parameters"
                   : null   ? "a new value is NULL, which must not replace what does not fit"
                            : nullptr;
    scan->executions++;
    if (state->local) {
        modify_rows(node, state, row);
    } else if (!rendering.never) {
        keep_pipeline(scan, true, rendering.pipeline);
        modify_all(state, filter_of(rendering), collation == Collation::Other, row);
    }
    ExecDropSingleTupleTableSlot(row);
}

} // namespace

extern "C" bool mongoPlanDirectModify(PlannerInfo *root, ModifyTable *modify, Index relation, int subplan) {
    if (!filters_allowed() || (modify->operation != CMD_UPDATE && modify->operation != CMD_DELETE) ||
        modify->returningLists != NIL)
        return false;
    ForeignScan *scan = scan_of_target(modify, relation, subplan);
    if (!scan)
        return false;
    const RelationInfo *info = static_cast<RelationInfo *>(find_base_rel(root, relation)->fdw_private);
    ScanPlan plan = decode_scan_plan(scan->fdw_private);
    const TableOptions *table = read_table_options(planner_rt_fetch(relation, root)->relid);
    check_writable(table);
    check_written_once(root, table);
    if (!plan.identified || !is_plain(plan))
        return false;
    List *values = NIL, *columns = NIL;
    if (modify->operation == CMD_UPDATE) {
        get_translated_update_targetlist(root, relation, &values, &columns);
        ListCell *value, *column;
        forboth(value, values, column, columns) {
            if (!can_set(table, lfirst_int(column), lfirst_node(TargetEntry, value)->expr))
                return false;
        }
    }
    List *parameters, *rechecked;
    if (!lower_exactly(info, &plan, &parameters, &rechecked))
        return false;
    scan->scan.plan.qual = NIL;
    scan->fdw_exprs = parameters;
    scan->fdw_recheck_quals = rechecked;
    plan.columns = columns;
    plan.values_from = list_length(parameters);
    plan.counts = modify->canSetTag;
    ListCell *value, *column;
    forboth(value, values, column, columns) // junk columns follow
        scan->fdw_exprs = lappend(scan->fdw_exprs, lfirst_node(TargetEntry, value)->expr);
    scan->operation = modify->operation;
    scan->resultRelation = relation;
    scan->fdw_private = encode_scan_plan(plan);
    return true;
}

extern "C" void mongoBeginDirectModify(ForeignScanState *node, int flags) {
    ScanState *scan = make_scan_state(node);
    node->fdw_state = scan;
    DirectState *state = static_cast<DirectState *>(MemoryContextAllocZero(scan->context, sizeof(DirectState)));
    scan->direct = state;
    state->scan = scan;
    state->estate = node->ss.ps.state;
    state->user = scan->user;
    state->remove = reinterpret_cast<ForeignScan *>(node->ss.ps.plan)->operation == CMD_DELETE;
    if (flags & EXEC_FLAG_EXPLAIN_ONLY)
        return;
    node->ss.ss_currentRelation = node->resultRelInfo->ri_RelationDesc;
    MemoryContext old = MemoryContextSwitchTo(scan->context);
    state->target = make_target(RelationGetRelid(node->resultRelInfo->ri_RelationDesc));
    MemoryContextSwitchTo(old);
}

extern "C" TupleTableSlot *mongoIterateDirectModify(ForeignScanState *node) {
    DirectState *state = state_of(node);
    if (!state->done) {
        state->done = true;
        MemoryContext old = MemoryContextSwitchTo(state->scan->context);
        execute(node, state);
        MemoryContextSwitchTo(old);
        if (state->scan->plan.counts)
            state->estate->es_processed += state->documents;
        if (node->ss.ps.instrument)
            node->ss.ps.instrument->tuplecount += state->documents;
    }
    return ExecClearTuple(node->ss.ss_ScanTupleSlot);
}

extern "C" void mongoEndDirectModify(ForeignScanState *node) {
    node->ss.ss_currentRelation = nullptr;
    mongoEndForeignScan(node);
}

extern "C" void mongoExplainDirectModify(ForeignScanState *node, ExplainState *es) {
    ScanState *scan = static_cast<ScanState *>(node->fdw_state);
    DirectState *state = state_of(node);
    ExplainPropertyText("Foreign Namespace", scan->table->name_space, es);
    ExplainPropertyText("Command", state->remove ? "deleteMany" : "updateMany", es);
    mql::ScanRendering rendering = scan->executions == 0 ? render_unexecuted(node) : render_folded(scan, true);
    mql::Document pipeline = rendering.pipeline;
    const char *filter = rendering.never ? "not sent: no document can match" : "{ }";
    BsonValue first = pipeline.data ? field_of(pipeline.data, pipeline.size, "0") : BsonValue{};
    if (first.type == BsonType::Document) {
        BsonValue match = field_of(first, "$match");
        if (match.type == BsonType::Document) {
            const char *json = mql::to_json({match.data, match.size}, false);
            filter = pg_any_to_server(json, strlen(json), PG_UTF8);
        }
    }
    ExplainPropertyText("Where", filter, es);
    if (es->verbose && scan->plan.columns != NIL) {
        List *context = deparse_context_for(get_rel_name(scan->table->relation), scan->table->relation);
        List *expressions = reinterpret_cast<ForeignScan *>(node->ss.ps.plan)->fdw_exprs, *lines = NIL;
        ListCell *cell;
        int index = scan->plan.values_from;
        foreach (cell, scan->plan.columns) {
            Node *value = static_cast<Node *>(list_nth(expressions, index++));
            lines = lappend(lines, psprintf("%s = %s", scan->table->columns[lfirst_int(cell) - 1].path.text,
                                            deparse_expression(value, context, false, false)));
        }
        ExplainPropertyList("Sets", lines, es);
    }
    if (es->analyze) {
        if (state->local)
            ExplainPropertyText("Row by Row", state->local, es);
        ExplainPropertyInteger("Documents", nullptr, state->documents, es);
    }
}

} // namespace mongo_fdw
