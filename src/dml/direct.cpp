// UPDATE and DELETE as one command of the server: updateMany, deleteMany. Zone B.
//
// Planned where the server applies the conditions exactly, and every new value is the same for all rows or computed by
// the server as PostgreSQL would. Where execution finds that the conditions cannot be said, that a value is NULL, which
// must not destroy what does not fit its column, or that some document has a value of which the server is not sure
// (see mql/update.hpp), the rows are read and written one by one, as without direct modification.
#include "dml/direct.hpp"

#include "connect/write.hpp"
#include "convert/merge.hpp"
#include "dml/batch.hpp"
#include "exec/collation.hpp"
#include "exec/scan.hpp"
#include "mql/update.hpp"
#include "pg/error.hpp"
#include "pg/memory.hpp"
#include "plan/features.hpp"
#include "plan/raising.hpp"
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
DirectState *state_of(ForeignScanState *node) { return static_cast<DirectState *>(scan_state(node)->direct); }

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
    // What keeps types of the stored value needs it; arrays of other values have little to keep.
    bool is_null = IsA(value, Const) && reinterpret_cast<Const *>(value)->constisnull;
    bool array = OidIsValid(get_element_type(getBaseType(options.type)));
    return is_written(options) && options.path.plain && strcmp(options.path.keys[0], "_id") != 0 &&
           is_same_for_all(node) && (is_null || array || !keeps_stored(options.type, options.write));
}

// How the server stores what it computes for a column as the column would be written.
struct StoredRow {
    Oid type;
    mql::StoredAs stored;
};
constexpr StoredRow kStored[] = {
    {INT2OID, mql::StoredAs::Int32},         {INT4OID, mql::StoredAs::Int32},       {INT8OID, mql::StoredAs::Int64},
    {FLOAT8OID, mql::StoredAs::Double},      {TEXTOID, mql::StoredAs::Itself},      {BOOLOID, mql::StoredAs::Itself},
    {TIMESTAMPTZOID, mql::StoredAs::Itself}, {TIMESTAMPOID, mql::StoredAs::Itself},
};

const StoredRow *stored_row(Oid type) {
    for (const StoredRow &row : kStored)
        if (row.type == type)
            return &row;
    return nullptr;
}

// A column whose new value the server may compute: a field of the document itself, of a type that is written in one
// way.
bool can_compute(const TableOptions *table, int column) {
    const ColumnOptions &options = table->columns[column - 1];
    return is_written(options) && options.path.plain && options.path.count == 1 &&
           strcmp(options.path.keys[0], "_id") != 0 && !options.write.bson_type && stored_row(options.type) &&
           !options.rules.edb;
}

// Evaluates into the row the new values that are the same for all rows, or those that are not; true where one is NULL.
bool set_values(ForeignScanState *node, ScanState *scan, bool computed, Datum *values, bool *nulls) {
    bool any_null = false;
    int index = scan->plan.values_from;
    ListCell *cell, *assigned;
    forboth(cell, scan->plan.columns, assigned, scan->plan.assigned) {
        int column = lfirst_int(cell) - 1;
        ExprState *expression = static_cast<ExprState *>(list_nth(scan->parameter_states, index++));
        if ((lfirst_int(assigned) >= 0) != computed)
            continue;
        values[column] = ExecEvalExpr(expression, node->ss.ps.ps_ExprContext, &nulls[column]);
        any_null = any_null || nulls[column];
    }
    return any_null;
}

bool computes(const ScanPlan &plan) {
    ListCell *cell;
    foreach (cell, plan.assigned)
        if (lfirst_int(cell) >= 0)
            return true;
    return false;
}

// The update whose values the server computes; row has the constants.
mql::UpdateRendering render_values(ScanState *scan, const Target *target, TupleTableSlot *row, bool simple_collation) {
    Size count = list_length(scan->plan.columns);
    mql::Assignment *assignments = static_cast<mql::Assignment *>(palloc(sizeof(mql::Assignment) * count));
    mql::Constant *constants = static_cast<mql::Constant *>(palloc(sizeof(mql::Constant) * count));
    mql::UpdateCommand update{};
    update.scan = scan_command(scan, Sent::All, simple_collation);
    update.assignments = assignments;
    update.constants = constants;
    ListCell *cell, *assigned;
    forboth(cell, scan->plan.columns, assigned, scan->plan.assigned) {
        int column = lfirst_int(cell) - 1;
        const ColumnOptions &options = scan->table->columns[column];
        const char *path = options.path.keys[0];
        if (lfirst_int(assigned) >= 0) {
            assignments[update.count++] = {path, static_cast<uint32_t>(lfirst_int(assigned)),
                                           stored_row(options.type)->stored, options.write.null_is_value,
                                           scan->columns[column].fit};
        } else {
            BsonWriter writer; // its bytes outlive it
            begin_writer(&writer);
            FieldKey key = key_of(path);
            encode_value(target->encoders[column], &writer, key, row->tts_values[column]);
            BsonValue value = written_value(&writer, 0, key);
            constants[update.constant_count++] = {path, static_cast<uint8_t>(value.type), value.data, value.size};
        }
    }
    return mql::render_update(update, current_memory());
}

// Whether a command that reads finds a document; also where the server refuses it, which ends no statement outside of a
// transaction.
bool may_find_any(const DirectState *state, mql::Document command) {
    const TableOptions *table = state->target->table;
    mongo::Bytes reply{};
    mongo::Error failure{};
    if (read_written(table, state->user, {command.data, command.size}, &reply, &failure))
        return first_of_reply(reply.data, reply.size).type == BsonType::Document;
    if (failure.kind != mongo::ErrorKind::Server || table->transactional)
        raise_mongo_error(failure, table->server_name, table->name_space, nullptr);
    return true;
}

// Whether there is a new value that may have no BSON form, or whose evaluation may raise: then it matters whether any
// row gets it.
bool may_be_refused(ForeignScanState *node, const DirectState *state) {
    List *expressions = reinterpret_cast<ForeignScan *>(node->ss.ps.plan)->fdw_exprs;
    int index = state->scan->plan.values_from;
    ListCell *cell, *assigned;
    forboth(cell, state->scan->plan.columns, assigned, state->scan->plan.assigned) {
        Expr *value = static_cast<Expr *>(list_nth(expressions, index++));
        if (lfirst_int(assigned) < 0 &&
            (may_refuse(state->target->encoders[lfirst_int(cell) - 1]) || may_raise(value) ||
             has_parameters(reinterpret_cast<Node *>(value), PARAM_EXEC)))
            return true;
    }
    return false;
}

// Whether no row gets the new values. Without a row none of them is refused, as if they were written one by one.
bool changes_nothing(ForeignScanState *node, DirectState *state, bool simple_collation) {
    if (state->remove || !may_be_refused(node, state))
        return false;
    mql::ScanCommand command = scan_command(state->scan, Sent::All, simple_collation);
    command.limit = 1;
    mql::ScanRendering first = mql::render_scan(command, current_memory());
    return first.command.data && !first.never && !may_find_any(state, first.command);
}

// Such values are the same whatever is stored: nothing of it is kept.
RowChange change_of(const DirectState *state, TupleTableSlot *row, const RowId &id, const Bitmapset *compared) {
    return {state->target, columns_of(state->scan->plan.columns), nullptr, nullptr, false, row, nullptr, &id, compared};
}

// The filter of a rendered find command.
BsonValue filter_of(const mql::ScanRendering &rendering) {
    return field_of(rendering.command.data, rendering.command.size, "filter");
}

// Appends the filter and, for an UPDATE, the new values; the document's offset, -1 for a DELETE.
int append_modification(const DirectState *state, BsonWriter *writer, const BsonValue &filter, mql::Document pipeline,
                        TupleTableSlot *row) {
    write_bytes(writer, filter.data, filter.size);
    if (state->remove)
        return -1;
    int document = writer->buffer.len;
    if (pipeline.data)
        write_bytes(writer, pipeline.data, pipeline.size);
    else
        write_update(change_of(state, row, RowId{}, nullptr), writer);
    return document;
}

// pipeline: of values that the server computes; without data: row has the values of all. False where the server does
// not understand the command.
bool modify_all(DirectState *state, const BsonValue &filter, bool simple_collation, mql::Document pipeline,
                TupleTableSlot *row) {
    Batch *batch = make_batch(state->target, state->estate, state->user, 1);
    ask_for_simple_collation(batch, simple_collation);
    BsonWriter *writer = batch_writer(batch);
    int document = append_modification(state, writer, filter, pipeline, row);
    add_operation(batch, state->remove ? mongo::WriteKind::DeleteMany : mongo::WriteKind::UpdateMany, false, 0,
                  document);
    mongo::WriteResult result;
    bool understood = send_if_understood(batch, &result);
    state->documents = result.found();
    return understood;
}

// Fills in the values that depend on the row that was read; they live until the next.
void compute_values(ForeignScanState *node, ScanState *scan, TupleTableSlot *read, TupleTableSlot *row) {
    ExprContext *context = node->ss.ps.ps_ExprContext;
    ResetExprContext(context);
    context->ecxt_scantuple = read;
    MemoryContext old = MemoryContextSwitchTo(context->ecxt_per_tuple_memory);
    set_values(node, scan, true, row->tts_values, row->tts_isnull);
    MemoryContextSwitchTo(old);
}

// with_values: row has the new values that are the same for all rows, unless their evaluation is left to the first.
void modify_rows(ForeignScanState *node, DirectState *state, TupleTableSlot *row, bool with_values) {
    ScanState *scan = state->scan;
    Batch *batch = make_batch(state->target, state->estate, state->user, state->target->table->batch_size);
    MemoryContext row_context = AllocSetContextCreate(scan->context, "mongo_fdw_cpp row", ALLOCSET_DEFAULT_SIZES);
    Index relation = reinterpret_cast<Scan *>(node->ss.ps.plan)->scanrelid;
    for (;;) {
        TupleTableSlot *read = next_drained_row(node, scan);
        if (TupIsNull(read))
            break;
        CHECK_FOR_INTERRUPTS();
        if (!with_values)
            set_values(node, scan, false, row->tts_values, row->tts_isnull);
        with_values = true;
        MemoryContextReset(row_context);
        MemoryContext old = MemoryContextSwitchTo(row_context);
        RowId id = take_row(state->estate, relation, &read->tts_tid);
        if (id.written) {
            MemoryContextSwitchTo(old);
            continue;
        }
        BsonWriter *writer = batch_writer(batch);
        int start = writer->buffer.len;
        const Bitmapset *compared = write_row_filter(state->target, writer, id);
        if (compared)
            expect_unchanged(batch);
        int document = state->remove ? -1 : writer->buffer.len;
        if (!state->remove) {
            compute_values(node, scan, read, row);
            write_update(change_of(state, row, id, compared), writer);
        }
        add_operation(batch, state->remove ? mongo::WriteKind::DeleteOne : mongo::WriteKind::UpdateOne, false, start,
                      document);
        state->documents++;
        if (is_full(batch)) {
            bool single = state->target->table->batch_size == 1;
            mongo::WriteResult result = flush(batch);
            if (single && result.found() == 0)
                state->documents--; // it has vanished
        }
        MemoryContextSwitchTo(old);
    }
    flush(batch);
    MemoryContextDelete(row_context);
}

void execute(ForeignScanState *node, DirectState *state) {
    ScanState *scan = state->scan;
    join_transaction(scan);
    evaluate_parameters(node, false);
    TupleDesc descriptor = RelationGetDescr(node->ss.ss_currentRelation);
    TupleTableSlot *row = MakeSingleTupleTableSlot(descriptor, &TTSOpsVirtual);
    memset(row->tts_isnull, true, descriptor->natts);
    ExecStoreVirtualTuple(row);
    Collation collation = needed_collation(scan);
    bool simple = collation == Collation::Other, nothing = changes_nothing(node, state, simple);
    mql::ScanRendering rendering = mql::render_scan(scan_command(scan, Sent::All, false), current_memory());
    bool sayable = rendering.command.data && collation != Collation::OtherOnView;
    nothing = nothing || rendering.never;
    bool null = sayable && !nothing && set_values(node, scan, false, row->tts_values, row->tts_isnull);
    state->local = !sayable ? "the conditions cannot be said with these parameters"
                   : null   ? "a new value is NULL, which must not replace what does not fit"
                            : nullptr;
    mql::UpdateRendering update{};
    if (!state->local && !nothing && computes(scan->plan)) {
        update = render_values(scan, state->target, row, simple);
        state->local = !update.pipeline.data ? "the new values cannot be said with these parameters"
                       : may_find_any(state, update.proof)
                           ? "a document has a value that the server reads or computes otherwise"
                           : nullptr;
    }
    scan->executions++;
    if (!state->local && !nothing) {
        keep_pipeline(scan, Sent::All, rendering.pipeline);
        if (!modify_all(state, filter_of(rendering), simple, update.pipeline, row))
            state->local = "the server does not understand the command";
    }
    if (state->local && !nothing)
        modify_rows(node, state, row, sayable);
    ExecDropSingleTupleTableSlot(row);
}

// Checks the new values of an UPDATE, which become *expressions of *columns. Null, or why they go row by row.
const char *check_values(PlannerInfo *root, const RelationInfo *info, const TableOptions *table, List **columns,
                         List **expressions) {
    List *values = NIL;
    get_translated_update_targetlist(root, info->base->relid, &values, columns);
    ListCell *value, *column;
    bool any_computed = false;
    forboth(value, values, column, *columns) { // junk columns follow
        Expr *expression = lfirst_node(TargetEntry, value)->expr;
        Node *node = reinterpret_cast<Node *>(expression);
        bool constant = can_set(table, lfirst_int(column), expression);
        // A subplan of the scan's target list, which is not run.
        if (has_parameters(node, PARAM_MULTIEXPR))
            return "several columns are set by one subquery";
        if (!constant && (bms_is_empty(pull_varnos(nullptr, node)) || !can_compute(table, lfirst_int(column))))
            return psprintf("column \"%s\" gets values of its own here", table->columns[lfirst_int(column) - 1].name);
        any_computed = any_computed || !constant;
        *expressions = lappend(*expressions, expression);
    }
    // Beside a computed value all others are said in the same pipeline, which overwrites what nested paths lead
    // through.
    List *fields = NIL;
    foreach (column, *columns) {
        const FieldPath &path = table->columns[lfirst_int(column) - 1].path;
        if (any_computed && (path.count > 1 || list_member(fields, makeString(pstrdup(path.keys[0])))))
            return "a computed value stands beside a nested field, or two columns over one field";
        fields = lappend(fields, makeString(pstrdup(path.keys[0])));
    }
    if (any_computed && lacking_features(table, info->user, 1u << static_cast<int>(mql::Feature::Update)))
        return "the server lacks updates by a pipeline";
    return nullptr;
}

// Whether an UPDATE sets columns that say which rows may stand in the partition that its target is.
bool changes_partition_columns(PlannerInfo *root, Index relation) {
    Relation table = table_open(planner_rt_fetch(relation, root)->relid, NoLock);
    Bitmapset *updated = get_rel_all_updated_cols(root, find_base_rel(root, relation)),
              *bounded = partition_columns(table);
    table_close(table, NoLock);
    for (int column = bms_next_member(bounded, -1); column >= 0; column = bms_next_member(bounded, column))
        if (bms_is_member(column - FirstLowInvalidHeapAttributeNumber, updated))
            return true;
    return false;
}

// Makes the scan of a target the node that modifies it. Null, or why rows are written one by one.
const char *plan_direct(PlannerInfo *root, ModifyTable *modify, Index relation, ForeignScan *scan) {
    const RelationInfo *info = static_cast<RelationInfo *>(find_base_rel(root, relation)->fdw_private);
    ScanPlan plan = decode_scan_plan(scan->fdw_private);
    const TableOptions *table = read_table_options(planner_rt_fetch(relation, root)->relid);
    check_writable(table);
    check_written_once(root, table);
    if (!filters_allowed())
        return "push-down is switched off";
    if (modify->returningLists != NIL)
        return "RETURNING asks for each row";
    // Rows that move here from other partitions are not to be found and changed once more.
    if (list_length(modify->resultRelations) > 1 && may_move_rows(root, modify))
        return "rows may move between partitions";
    if (modify->operation == CMD_UPDATE && changes_partition_columns(root, relation))
        return "rows must stay within the partition";
    if (!plan.identified || !is_plain(plan))
        return "the scan does more than find documents";
    List *columns = NIL, *expressions = NIL, *parameters, *rechecked;
    if (modify->operation == CMD_UPDATE)
        if (const char *reason = check_values(root, info, table, &columns, &expressions))
            return reason;
    if (const char *reason = lower_exactly(info, &plan, expressions, &parameters, &rechecked))
        return reason;
    scan->scan.plan.qual = NIL;
    scan->fdw_exprs = list_concat(parameters, expressions);
    scan->fdw_recheck_quals = rechecked;
    plan.columns = columns;
    plan.values_from = plan.parameter_count;
    plan.counts = modify->canSetTag;
    scan->operation = modify->operation;
    scan->resultRelation = relation;
    scan->fdw_private = encode_scan_plan(plan);
    return nullptr;
}

} // namespace

extern "C" bool mongoPlanDirectModify(PlannerInfo *root, ModifyTable *modify, Index relation, int subplan) {
    ForeignScan *scan = modify->operation == CMD_UPDATE || modify->operation == CMD_DELETE
                            ? scan_of_target(modify, relation, subplan)
                            : nullptr;
    if (!scan)
        return false;
    const char *reason = plan_direct(root, modify, relation, scan);
    if (!reason)
        return true;
    ScanPlan plan = decode_scan_plan(scan->fdw_private);
    plan.notes = lappend(plan.notes, makeString(psprintf("one command for all rows: %s", reason)));
    scan->fdw_private = encode_scan_plan(plan);
    return false;
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
    ScanState *scan = scan_state(node);
    DirectState *state = state_of(node);
    ExplainPropertyText("Foreign Namespace", scan->table->name_space, es);
    ExplainPropertyText("Command",
                        state->remove          ? "deleteMany"
                        : computes(scan->plan) ? "updateMany with a pipeline"
                                               : "updateMany",
                        es);
    mql::ScanRendering rendering = scan->executions == 0 ? render_unexecuted(node) : render_folded(scan, Sent::All);
    mql::Document pipeline = rendering.pipeline;
    const char *filter = rendering.never ? "not sent: no document can match" : "{ }";
    BsonValue first = pipeline.data ? field_of(pipeline.data, pipeline.size, "0") : BsonValue{};
    if (first.type == BsonType::Document) {
        BsonValue match = field_of(first, "$match");
        if (match.type == BsonType::Document) {
            const char *json = mql::to_json({match.data, match.size}, false, current_memory());
            filter = pg_any_to_server(json, strlen(json), PG_UTF8);
        }
    }
    ExplainPropertyText("Where", filter, es);
    if (es->verbose && scan->plan.columns != NIL) {
        ForeignScan *plan = reinterpret_cast<ForeignScan *>(node->ss.ps.plan);
        List *context = set_deparse_context_plan(es->deparse_cxt, node->ss.ps.plan, NIL), *lines = NIL;
        ListCell *cell;
        int index = scan->plan.values_from;
        foreach (cell, scan->plan.columns) {
            Node *value = static_cast<Node *>(list_nth(plan->fdw_exprs, index++));
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
