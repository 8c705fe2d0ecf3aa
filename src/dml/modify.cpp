// Row by row: INSERT, UPDATE, DELETE, COPY; and TRUNCATE. Zone B.
//
// Rows wait in a batch. What needs an answer for each row (RETURNING, row triggers, WITH CHECK OPTION, batch_size 1) is
// sent one by one, with findAndModify where the answer is a document. An UPDATE or DELETE knows its documents by the
// raw _id that the scan kept, never by a column.
#include "dml/modify.hpp"

#include "connect/connect.hpp"
#include "connect/write.hpp"
#include "convert/decode.hpp"
#include "convert/objectid.hpp"
#include "dml/batch.hpp"
#include "dml/lookup.hpp"
#include "mongo/write.hpp"
#include "pg/error.hpp"
#include "plan/targets.hpp"

namespace mongo_fdw {
namespace {

// fdw_private of a ModifyTable's target.
enum class ModifySlot : int {
    Columns,   // IntList: attributes that an UPDATE sets
    Merged,    // IntList: of these, those that may keep parts of their stored values
    Derived,   // IntList: of these, those whose new values are made of the old ones
    Conflicts, // Boolean: ON CONFLICT DO NOTHING
    Count,
};

struct ModifyState {
    ModifyState *inserts; // of rows that an UPDATE moves into this partition; null: none
    Target *target;
    Batch *batch;
    Oid user;
    CmdType operation;
    Bitmapset *columns;
    Bitmapset *merged;
    Bitmapset *derived;
    bool skips_conflicts;
    bool immediate;   // every row is sent at once
    bool answers;     // its answer is a document
    bool buffers;     // inserted rows wait here: the executor would copy each of them twice
    bool compares;    // BEFORE ROW triggers may have changed other columns
    bool bounded;     // rows might leave the partition that the target is
    bool told_of_ids; // that were replaced
    AttrNumber row;   // ctid in the plan's rows
    MemoryContext context;
    MemoryContext row_context;
    MemoryContext answer_context; // of a document that a slot shows
    Decoder *decoder;
    TupleTableSlot *old_slot;
    TupleTableSlot **inserted; // of the last batch
    bool *failed;
};

ModifyState *state_of(ResultRelInfo *target) { return static_cast<ModifyState *>(target->ri_FdwState); }

ModifyState *insert_state_of(ResultRelInfo *target) {
    ModifyState *state = state_of(target);
    return state && state->inserts ? state->inserts : state;
}

Oid user_of(EState *estate, ResultRelInfo *target) {
#if PG_VERSION_NUM >= 160000
    Oid user = ExecGetResultRelCheckAsUser(target, estate);
#else
    Index index = target->ri_RangeTableIndex;
    if (index == 0 && target->ri_RootResultRelInfo) // a partition that rows are routed to
        index = target->ri_RootResultRelInfo->ri_RangeTableIndex;
    Oid user = index > 0 ? exec_rt_fetch(index, estate)->checkAsUser : InvalidOid;
#endif
    return OidIsValid(user) ? user : GetUserId();
}

// What of a statement needs each row's own answer.
struct Needs {
    bool answers;
    bool immediate;
};

// Whether a statement trigger follows the last row.
bool ends_with_trigger(const ResultRelInfo *target, CmdType operation) {
    const TriggerDesc *triggers = target ? target->ri_TrigDesc : nullptr;
    return triggers && (operation == CMD_INSERT   ? triggers->trig_insert_after_statement
                        : operation == CMD_UPDATE ? triggers->trig_update_after_statement
                                                  : triggers->trig_delete_after_statement);
}

// COPY has no plan. The executor sets the projections of RETURNING up after its targets: the plan tells of them.
Needs needs_of(const ResultRelInfo *target, const ModifyTableState *node, CmdType operation) {
    const ModifyTable *modify = reinterpret_cast<const ModifyTable *>(node->ps.plan);
    bool before = false, after = false;
    if (const TriggerDesc *triggers = target->ri_TrigDesc) {
        before = operation == CMD_INSERT   ? triggers->trig_insert_before_row
                 : operation == CMD_UPDATE ? triggers->trig_update_before_row
                                           : triggers->trig_delete_before_row;
        after = operation == CMD_INSERT   ? triggers->trig_insert_after_row
                : operation == CMD_UPDATE ? triggers->trig_update_after_row
                                          : triggers->trig_delete_after_row;
    }
    bool statement = ends_with_trigger(target, node->operation) ||
                     ends_with_trigger(target->ri_RootResultRelInfo, node->operation) ||
                     ends_with_trigger(node->rootResultRelInfo, node->operation);
    bool answers = after || (modify && (modify->returningLists != NIL || modify->withCheckOptionLists != NIL));
    // A statement trigger runs before the executor ends, and may read the table.
    return {answers, answers || before || statement};
}

ModifyState *make_state(ModifyTableState *node, ResultRelInfo *target, CmdType operation) {
    EState *estate = node->ps.state;
    MemoryContext context = AllocSetContextCreate(estate->es_query_cxt, "mongo_fdw_cpp modify", ALLOCSET_DEFAULT_SIZES);
    MemoryContext old = MemoryContextSwitchTo(context);
    ModifyState *state = static_cast<ModifyState *>(palloc0(sizeof(ModifyState)));
    state->context = context;
    state->row_context = AllocSetContextCreate(context, "mongo_fdw_cpp row", ALLOCSET_DEFAULT_SIZES);
    state->answer_context = AllocSetContextCreate(context, "mongo_fdw_cpp answer", ALLOCSET_DEFAULT_SIZES);
    state->target = make_target(RelationGetRelid(target->ri_RelationDesc));
    state->user = user_of(estate, target);
    state->operation = operation;
    Needs needs = needs_of(target, node, operation);
    int size = state->target->table->batch_size;
    state->answers = needs.answers;
    state->immediate = needs.immediate || size == 1;
    state->buffers = !state->immediate;
    state->compares = operation == CMD_UPDATE && target->ri_TrigDesc && target->ri_TrigDesc->trig_update_before_row;
    state->batch = make_batch(state->target, estate, state->user, state->immediate ? 1 : size);
    MemoryContextSwitchTo(old);
    return state;
}

// Whether a row has to be checked against the bounds of the partition that the target is: PostgreSQL checks only what
// it routes itself.
bool is_bounded(const ModifyState *state, ResultRelInfo *target) {
    const TriggerDesc *triggers = target->ri_TrigDesc;
    if (!target->ri_RelationDesc->rd_rel->relispartition)
        return false;
    if (state->operation == CMD_INSERT)
        return !target->ri_RootResultRelInfo || (triggers && triggers->trig_insert_before_row);
    return state->operation == CMD_UPDATE &&
           (state->compares || bms_overlap(state->columns, partition_columns(target->ri_RelationDesc)));
}

// Raises what PostgreSQL would find out when the row is written there already: 44000 for a view's WITH CHECK OPTION,
// 23514 for a row outside of its partition.
void check_row(const ModifyState *state, EState *estate, ResultRelInfo *target, TupleTableSlot *slot) {
    if (state->bounded)
        ExecPartitionCheck(target, slot, estate, true);
    if (target->ri_WithCheckOptions != NIL)
        ExecWithCheckOptions(WCO_VIEW_CHECK, target, slot, estate);
}

// EnterpriseDB's wrapper gives every document a new _id, whatever INSERT says; what is one is kept here. Generated
// columns were made of what it said: there it is refused.
void replace_id(ModifyState *state, EState *estate, ResultRelInfo *target, TupleTableSlot *slot) {
    AttrNumber id = state->target->id;
    slot_getallattrs(slot);
    if (!id || slot->tts_isnull[id - 1] || !only_takes_object_ids(state->target->encoders[id - 1]) ||
        is_object_id_text(NameStr(*DatumGetName(slot->tts_values[id - 1]))))
        return;
    const TupleConstr *constraints = RelationGetDescr(target->ri_RelationDesc)->constr;
    if (constraints && constraints->has_generated_stored)
        return;
    uint8_t bytes[kObjectIdSize];
    mongo::make_object_id(bytes);
    Name name = static_cast<Name>(MemoryContextAllocZero(GetPerTupleMemoryContext(estate), NAMEDATALEN));
    hex_of_objectid(bytes, NameStr(*name));
    slot->tts_values[id - 1] = NameGetDatum(name);
    if (target->ri_RelationDesc->rd_rel->relispartition) // it was routed by the other one
        ExecPartitionCheck(target, slot, estate, true);
    if (!state->told_of_ids)
        ereport(NOTICE, (errmsg("values of column \"%s\" that are no ObjectIds were replaced by new ones",
                                state->target->table->columns[id - 1].name),
                         errdetail("With option compatibility \"edb\" a column of type name holds nothing else.")));
    state->told_of_ids = true;
}

// Sends what waits, in memory that the next row takes again.
mongo::WriteResult send_batch(ModifyState *state, bool *failed = nullptr) {
    MemoryContext old = MemoryContextSwitchTo(state->row_context);
    mongo::WriteResult result =
        flush(state->batch, state->skips_conflicts ? Duplicates::Skip : Duplicates::Raise, failed);
    MemoryContextSwitchTo(old);
    MemoryContextReset(state->row_context);
    return result;
}

// --- answers ---

// Lets the slot show a document as its table reads it. What no column can read is NULL: the write is done.
void show_document(ModifyState *state, TupleTableSlot *slot, const BsonValue &document) {
    MemoryContext old = MemoryContextSwitchTo(state->context);
    if (!state->decoder) {
        TableOptions *table = read_table_options(state->target->table->relation, OnError::Null);
        bool *needed = static_cast<bool *>(palloc(Max(table->column_count, 1)));
        memset(needed, true, table->column_count);
        state->decoder = make_decoder(table, needed);
    }
    MemoryContextSwitchTo(old);
    begin_document(state->decoder, document);
    ExecClearTuple(slot);
    decode_row(state->decoder, slot->tts_values, slot->tts_isnull);
    ExecStoreVirtualTuple(slot);
}

// Takes back what was appended for an operation that is not sent in a batch.
void rewind(BsonWriter *writer, int start) { writer->buffer.len = start; }

// Sends the filter and, unless the document is removed, the update that were appended last: the slot shows the answer.
// Null where the document was not found.
TupleTableSlot *answer_row(ModifyState *state, TupleTableSlot *slot, int filter, int update, bool upsert = false) {
    MemoryContext old = MemoryContextSwitchTo(state->row_context);
    BsonValue answer = find_and_modify(state->batch, filter, update, upsert);
    MemoryContextSwitchTo(old);
    if (answer.type == BsonType::Missing)
        return nullptr;
    show_document(state, slot, answer);
    return slot;
}

// Whether the server stores something else than what it is sent: it moves _id to the front, and fills in empty
// timestamps.
bool changes_when_stored(const BsonValue &document) {
    BsonReader reader(document.data, document.size);
    for (bool first = true; reader.next(); first = false) {
        const BsonValue &value = reader.value();
        if (!first && strcmp(reader.key(), "_id") == 0)
            return true;
        if (value.type == BsonType::Timestamp && read_le<uint64_t>(value.data) == 0)
            return true;
    }
    return false;
}

// The document as it is stored; as it was sent, where somebody has removed it already.
BsonValue read_back(ModifyState *state, const BsonValue &sent) {
    MemoryContext old = MemoryContextSwitchTo(state->row_context);
    BsonValue stored = stored_document(state->target->table, state->user, field_of(sent, "_id"));
    MemoryContextSwitchTo(old);
    return stored.type == BsonType::Document ? stored : sent;
}

// --- insert ---

struct Insertion {
    mongo::WriteKind kind;
    bool upsert;
    int start;    // of the filter, or of the document of a plain insert
    int document; // -1: the filter is missing
};

// Appends what a row becomes: a document, alone or in place of the one with its _id, or an update of that.
Insertion append_row(ModifyState *state, TupleTableSlot *slot) {
    const Target *target = state->target;
    BsonWriter *writer = batch_writer(state->batch);
    slot_getallattrs(slot);
    WriteMode mode =
        state->skips_conflicts || !gives_id(target, slot->tts_isnull) ? WriteMode::Insert : target->table->write_mode;
    int start = writer->buffer.len;
    MemoryContextReset(state->answer_context);
    MemoryContext old = MemoryContextSwitchTo(state->row_context);
    Insertion result{mongo::WriteKind::Insert, false, start, -1};
    if (mode == WriteMode::Insert) {
        write_document(target, writer, slot->tts_values, slot->tts_isnull);
    } else {
        BsonWriter document;
        begin_writer(&document);
        bool update = mode == WriteMode::Upsert && !(target->document && !slot->tts_isnull[target->document - 1]);
        write_document(target, &document, slot->tts_values, slot->tts_isnull);
        mongo::Bytes bytes = document_at(&document, 0);
        BsonValue id = field_of(bytes.data, bytes.size, "_id");
        write_id_filter(writer, id);
        result = {update ? mongo::WriteKind::UpdateOne : mongo::WriteKind::ReplaceOne, true, start, writer->buffer.len};
        if (update) {
            write_upsert(target, writer, slot->tts_values, slot->tts_isnull, id);
        } else {
            check_replacement(target, bytes);
            write_bytes(writer, bytes.data, bytes.size);
        }
    }
    MemoryContextSwitchTo(old);
    return result;
}

void add_row(ModifyState *state, TupleTableSlot *slot) {
    Insertion row = append_row(state, slot);
    add_operation(state->batch, row.kind, row.upsert, row.start, row.document);
    MemoryContextReset(state->row_context);
}

// --- update and delete ---

// The document that a row of the plan stands for; false where it was written before.
bool target_row(ModifyState *state, EState *estate, ResultRelInfo *target, TupleTableSlot *plan_slot, RowId *row) {
    bool null;
    Datum datum = ExecGetJunkAttribute(plan_slot, state->row, &null);
    if (null)
        elog(ERROR, "ctid is NULL");
    *row = take_row(estate, target->ri_RangeTableIndex, reinterpret_cast<ItemPointer>(DatumGetPointer(datum)));
    return !row->written;
}

// Appends the filter of a row that is written; the columns that it compares.
const Bitmapset *append_filter(ModifyState *state, const RowId &row) {
    const Bitmapset *compared = write_row_filter(state->target, batch_writer(state->batch), row);
    if (compared)
        expect_unchanged(state->batch);
    return compared;
}

// The row as the scan read it.
TupleTableSlot *old_row(ModifyState *state, ResultRelInfo *target, TupleTableSlot *plan_slot) {
    bool null;
    if (!AttributeNumberIsValid(target->ri_RowIdAttNo))
        return nullptr;
    Datum datum = ExecGetJunkAttribute(plan_slot, target->ri_RowIdAttNo, &null);
    if (null)
        return nullptr;
    if (!state->old_slot) {
        MemoryContext old = MemoryContextSwitchTo(state->context);
        state->old_slot = MakeSingleTupleTableSlot(RelationGetDescr(target->ri_RelationDesc), &TTSOpsVirtual);
        MemoryContextSwitchTo(old);
    }
    HeapTupleHeader header = DatumGetHeapTupleHeader(datum);
    HeapTupleData tuple{};
    tuple.t_len = HeapTupleHeaderGetDatumLength(header);
    tuple.t_data = header;
    ExecClearTuple(state->old_slot);
    heap_deform_tuple(&tuple, state->old_slot->tts_tupleDescriptor, state->old_slot->tts_values,
                      state->old_slot->tts_isnull);
    return ExecStoreVirtualTuple(state->old_slot);
}

// Sends what waits where it is time to; false where the only document was not found.
bool send_in_time(ModifyState *state) {
    if (!is_full(state->batch))
        return true;
    mongo::WriteResult result = send_batch(state);
    return !state->immediate || result.found() + result.upserted > 0;
}

} // namespace

extern "C" int mongoIsForeignRelUpdatable(Relation relation) {
    const TableOptions *table = read_table_options(RelationGetRelid(relation));
    return is_writable(table) ? 1 << CMD_INSERT | 1 << CMD_UPDATE | 1 << CMD_DELETE : 0;
}

extern "C" void mongoAddForeignUpdateTargets(PlannerInfo *root, Index index, RangeTblEntry *, Relation) {
    Var *row = makeVar(static_cast<int>(index), SelfItemPointerAttributeNumber, TIDOID, -1, InvalidOid, 0);
    add_row_identity_var(root, row, index, "ctid");
}

namespace {

// A document has no system columns: the statement is refused before it writes.
void check_returning(const ModifyTable *plan, Index relation, Oid table) {
    Bitmapset *columns = nullptr;
    ListCell *cell;
    foreach (cell, plan->returningLists)
        pull_varattnos(static_cast<Node *>(lfirst(cell)), relation, &columns);
    for (int member = bms_next_member(columns, -1); member >= 0; member = bms_next_member(columns, member)) {
        int column = member + FirstLowInvalidHeapAttributeNumber;
        if (column < 0 && column != TableOidAttributeNumber)
            ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                            errmsg("system column \"%s\" of a foreign table cannot be returned",
                                   get_attname(table, static_cast<AttrNumber>(column), false)),
                            errhint("Tell documents apart by their _id.")));
    }
}

} // namespace

extern "C" List *mongoPlanForeignModify(PlannerInfo *root, ModifyTable *plan, Index relation, int) {
    RangeTblEntry *entry = planner_rt_fetch(relation, root);
    const TableOptions *table = read_table_options(entry->relid);
    check_writable(table);
    check_written_once(root, table);
    List *columns = NIL;
    if (plan->operation == CMD_UPDATE) {
        Bitmapset *updated = get_rel_all_updated_cols(root, find_base_rel(root, relation));
        for (int member = bms_next_member(updated, -1); member >= 0; member = bms_next_member(updated, member)) {
            int column = member + FirstLowInvalidHeapAttributeNumber;
            if (column > 0)
                columns = lappend_int(columns, column);
        }
    }
    check_returning(plan, relation, entry->relid);
    if (plan->onConflictAction != ONCONFLICT_NONE && plan->onConflictAction != ONCONFLICT_NOTHING)
        elog(ERROR, "unexpected ON CONFLICT specification");
    return list_make4(columns, merged_columns(root, relation, table), derived_columns(root, relation, table),
                      makeBoolean(plan->onConflictAction == ONCONFLICT_NOTHING));
}

extern "C" void mongoBeginForeignModify(ModifyTableState *node, ResultRelInfo *target, List *encoded, int, int flags) {
    if (flags & EXEC_FLAG_EXPLAIN_ONLY)
        return;
    ModifyState *state = make_state(node, target, node->operation);
    MemoryContext old = MemoryContextSwitchTo(state->context);
    state->columns = columns_of(static_cast<List *>(list_nth(encoded, static_cast<int>(ModifySlot::Columns))));
    state->merged = columns_of(static_cast<List *>(list_nth(encoded, static_cast<int>(ModifySlot::Merged))));
    state->derived = columns_of(static_cast<List *>(list_nth(encoded, static_cast<int>(ModifySlot::Derived))));
    state->skips_conflicts = boolVal(list_nth(encoded, static_cast<int>(ModifySlot::Conflicts)));
    state->buffers = state->buffers && !state->skips_conflicts; // what was left out is counted
    if (node->operation != CMD_INSERT) {
        Plan *subplan = outerPlanState(node)->plan;
        state->row = ExecFindJunkAttributeInTlist(subplan->targetlist, "ctid");
        if (!AttributeNumberIsValid(state->row))
            elog(ERROR, "could not find junk ctid column");
    }
    state->bounded = is_bounded(state, target);
    MemoryContextSwitchTo(old);
    target->ri_FdwState = state;
}

extern "C" void mongoBeginForeignInsert(ModifyTableState *node, ResultRelInfo *target) {
    ModifyTable *plan = reinterpret_cast<ModifyTable *>(node->ps.plan);
    if (plan && node->rootResultRelInfo) // rows of a partitioned table come here
        check_returning(plan, node->rootResultRelInfo->ri_RangeTableIndex, RelationGetRelid(target->ri_RelationDesc));
    ModifyState *state = make_state(node, target, CMD_INSERT);
    state->skips_conflicts = plan && plan->onConflictAction == ONCONFLICT_NOTHING;
    state->buffers = state->buffers && !state->skips_conflicts;
    state->bounded = is_bounded(state, target);
    if (state_of(target)) // rows of an UPDATE move here from other partitions
        state_of(target)->inserts = state;
    else
        target->ri_FdwState = state;
}

extern "C" int mongoGetForeignModifyBatchSize(ResultRelInfo *target) {
    ModifyState *state = insert_state_of(target);
    if (!state)
        return read_table_options(RelationGetRelid(target->ri_RelationDesc))->batch_size;
    return state->immediate || state->buffers ? 1 : state->target->table->batch_size;
}

extern "C" TupleTableSlot *mongoExecForeignInsert(EState *estate, ResultRelInfo *target, TupleTableSlot *slot,
                                                  TupleTableSlot *) {
    ModifyState *state = insert_state_of(target);
    replace_id(state, estate, target, slot);
    check_row(state, estate, target, slot);
    if (!state->answers) {
        add_row(state, slot);
        if (state->buffers) {
            if (is_full(state->batch))
                send_batch(state);
            return slot;
        }
        bool failed[1] = {false};
        send_batch(state, failed);
        return failed[0] ? nullptr : slot;
    }
    Insertion row = append_row(state, slot);
    if (row.kind == mongo::WriteKind::UpdateOne) // only the server knows the whole document
        return answer_row(state, slot, row.start, row.document, true);
    // The slot shows it until the next row.
    mongo::Bytes document = document_at(batch_writer(state->batch), row.document < 0 ? row.start : row.document);
    uint8_t *copy = static_cast<uint8_t *>(MemoryContextAlloc(state->answer_context, document.size));
    memcpy(copy, document.data, document.size);
    BsonValue stored{BsonType::Document, copy, document.size};
    bool failed[1] = {false};
    add_operation(state->batch, row.kind, row.upsert, row.start, row.document);
    send_batch(state, failed);
    if (failed[0])
        return nullptr;
    if (changes_when_stored(stored))
        stored = read_back(state, stored);
    show_document(state, slot, stored);
    MemoryContextReset(state->row_context);
    return slot;
}

extern "C" TupleTableSlot **mongoExecForeignBatchInsert(EState *estate, ResultRelInfo *target, TupleTableSlot **slots,
                                                        TupleTableSlot **, int *count) {
    ModifyState *state = insert_state_of(target);
    int kept = 0, first = 0;
    // The executor keeps its array of slots: what was inserted is listed in another, which lives until the next batch.
    if (state->inserted) {
        pfree(state->inserted);
        pfree(state->failed);
    }
    TupleTableSlot **inserted = state->inserted =
        static_cast<TupleTableSlot **>(MemoryContextAlloc(state->context, sizeof(*state->inserted) * Max(*count, 1)));
    bool *failed = state->failed = static_cast<bool *>(MemoryContextAllocZero(state->context, Max(*count, 1)));
    auto send = [&](int end) {
        send_batch(state, failed);
        for (int i = first; i < end; i++) {
            if (!failed[i - first])
                inserted[kept++] = slots[i];
            failed[i - first] = false;
        }
        first = end;
    };
    for (int i = 0; i < *count; i++) {
        replace_id(state, estate, target, slots[i]);
        check_row(state, estate, target, slots[i]);
        add_row(state, slots[i]);
        if (is_full(state->batch))
            send(i + 1);
    }
    send(*count);
    *count = kept;
    return inserted;
}

extern "C" TupleTableSlot *mongoExecForeignUpdate(EState *estate, ResultRelInfo *target, TupleTableSlot *slot,
                                                  TupleTableSlot *plan_slot) {
    ModifyState *state = state_of(target);
    RowId row;
    check_row(state, estate, target, slot);
    MemoryContextReset(state->row_context);
    MemoryContext old = MemoryContextSwitchTo(state->row_context);
    bool found = target_row(state, estate, target, plan_slot, &row);
    BsonWriter *writer = batch_writer(state->batch);
    int start = writer->buffer.len, document = start;
    Change change{false, false};
    if (found) {
        const Bitmapset *compared = append_filter(state, row);
        document = writer->buffer.len;
        change = write_update({state->target, state->columns, state->merged, state->derived, state->compares, slot,
                               old_row(state, target, plan_slot), &row, compared},
                              writer);
    }
    MemoryContextSwitchTo(old);
    if (!found)
        return nullptr;
    if (!change.any) {
        rewind(writer, start);
        return slot;
    }
    if (state->answers)
        return answer_row(state, slot, start, document);
    add_operation(state->batch, change.replace ? mongo::WriteKind::ReplaceOne : mongo::WriteKind::UpdateOne, false,
                  start, document);
    return send_in_time(state) ? slot : nullptr;
}

extern "C" TupleTableSlot *mongoExecForeignDelete(EState *estate, ResultRelInfo *target, TupleTableSlot *slot,
                                                  TupleTableSlot *plan_slot) {
    ModifyState *state = state_of(target);
    RowId row;
    MemoryContextReset(state->row_context);
    MemoryContext old = MemoryContextSwitchTo(state->row_context);
    bool found = target_row(state, estate, target, plan_slot, &row);
    int start = batch_writer(state->batch)->buffer.len;
    if (found)
        append_filter(state, row);
    MemoryContextSwitchTo(old);
    if (!found)
        return nullptr;
    if (state->answers)
        return answer_row(state, slot, start, -1);
    add_operation(state->batch, mongo::WriteKind::DeleteOne, false, start, -1);
    return send_in_time(state) ? slot : nullptr;
}

namespace {

void end_state(ModifyState *state) {
    flush(state->batch);
    if (state->old_slot)
        ExecDropSingleTupleTableSlot(state->old_slot);
    MemoryContextDelete(state->context);
}

} // namespace

extern "C" void mongoEndForeignModify(EState *, ResultRelInfo *target) {
    ModifyState *state = state_of(target);
    if (!state)
        return;
    if (state->inserts)
        end_state(state->inserts);
    end_state(state);
    target->ri_FdwState = nullptr;
}

extern "C" void mongoEndForeignInsert(EState *estate, ResultRelInfo *target) {
    ModifyState *state = state_of(target);
    if (state && state->inserts) { // the UPDATE ends by itself
        end_state(state->inserts);
        state->inserts = nullptr;
        return;
    }
    if (!state || state->operation == CMD_INSERT)
        mongoEndForeignModify(estate, target);
}

extern "C" void mongoExecForeignTruncate(List *relations, DropBehavior, bool) {
    ListCell *cell;
    foreach (cell, relations) {
        Oid relation = RelationGetRelid(static_cast<Relation>(lfirst(cell)));
        Target *target = make_target(relation);
        const TableOptions *table = target->table;
        if (!table->truncatable)
            ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                            errmsg("foreign table \"%s\" does not allow truncates", target->name),
                            errdetail("Its option \"truncatable\" is off.")));
        EState *estate = CreateExecutorState();
        Batch *batch = make_batch(target, estate, GetUserId(), 1);
        BsonWriter *writer = batch_writer(batch);
        end_document(writer, begin_document(writer));
        add_operation(batch, mongo::WriteKind::DeleteMany, false, 0, -1);
        flush(batch);
        FreeExecutorState(estate);
    }
}

extern "C" void mongoExplainForeignModify(ModifyTableState *node, ResultRelInfo *target, List *encoded, int,
                                          ExplainState *es) {
    const TableOptions *table = read_table_options(RelationGetRelid(target->ri_RelationDesc));
    ExplainPropertyText("Foreign Namespace", table->name_space, es);
    Needs needs = needs_of(target, node, node->operation);
    bool single = needs.immediate || table->batch_size == 1;
    if (es->verbose && node->operation == CMD_UPDATE) {
        List *names = NIL;
        ListCell *cell;
        foreach (cell, static_cast<List *>(list_nth(encoded, static_cast<int>(ModifySlot::Columns)))) {
            const ColumnOptions &column = table->columns[lfirst_int(cell) - 1];
            names = lappend(names, const_cast<char *>(column.role == Role::Field ? column.path.text : column.name));
        }
        ExplainPropertyList("Fields", names, es);
    }
    if (node->operation == CMD_INSERT && table->write_mode != WriteMode::Insert)
        ExplainPropertyText("Write Mode", table->write_mode == WriteMode::Upsert ? "upsert" : "replace", es);
    ExplainPropertyInteger("Batch Size", nullptr, single ? 1 : table->batch_size, es);
    ModifyState *state = state_of(target);
    if (!es->analyze || !state)
        return;
    int64 written = 0, messages = 0;
    ModifyState *states[] = {state, state->inserts};
    for (ModifyState *of : states) {
        if (!of)
            continue;
        send_batch(of); // what waits would be sent after this
        written += written_by(of->batch);
        messages += messages_of(of->batch);
    }
    ExplainPropertyInteger("Documents Written", nullptr, written, es);
    ExplainPropertyInteger("Messages", nullptr, messages, es);
}

} // namespace mongo_fdw
