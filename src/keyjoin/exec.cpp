// Execution of key joins. Zone B.
#include "keyjoin/keyjoin.hpp"

#include "exec/scan.hpp"

namespace mongo_fdw {

const CustomScanMethods key_join_scan_methods = {"MongoKeyJoin", mongoCreateKeyJoinState};
const CustomScanMethods keys_scan_methods = {"MongoKeys", mongoCreateKeysState};

namespace {

constexpr int kMostRows = 100000;            // of a batch, however few their keys are
constexpr Size kMostBytes = 4 * 1024 * 1024; // of its keys: a command holds 16 MB
constexpr uint32_t kSetSize = 4096;

static_assert(kSetSize >= 2 * kMostKeys && (kSetSize & (kSetSize - 1)) == 0);

// The node that keeps the rows of a batch.
struct KeysState {
    CustomScanState node;
    Oid key_type;
    int16 key_length;
    bool key_by_value;
    char key_align;
    FmgrInfo *hash; // null: keys are sent as often as they come
    FmgrInfo *equal;
    Oid collation;
    ExprState *key;
    MemoryContext context; // of the batch's keys
    Tuplestorestate *rows;
    TupleTableSlot *stored; // a row as it is kept
    Datum *keys;
    int key_count;
    Size key_bytes;
    uint16 *set; // numbers of keys + 1 by their hash, 0: free
    int wanted;  // keys of the next batch
    bool exhausted;
    uint64 asked;   // keys since the start of this execution
    uint64 most;    // that may be asked for before the whole collection is read
    bool streaming; // the batch goes on with all rows that are left
    // over all batches
    uint64 batches;
    uint64 sent;
    uint64 given_up;
};

// The node that runs the hash join batch after batch.
struct KeyJoinState {
    CustomScanState node;
    PlanState *join;
    KeysState *keys;
    ForeignScanState *scan; // of the collection
    bool in_batch;
    bool joined; // a batch was joined before
};

constexpr CustomExecMethods methods(const char *name, decltype(CustomExecMethods::BeginCustomScan) begin,
                                    decltype(CustomExecMethods::ExecCustomScan) exec,
                                    decltype(CustomExecMethods::EndCustomScan) end,
                                    decltype(CustomExecMethods::ReScanCustomScan) rescan,
                                    decltype(CustomExecMethods::ExplainCustomScan) explain) {
    CustomExecMethods result{};
    result.CustomName = name;
    result.BeginCustomScan = begin;
    result.ExecCustomScan = exec;
    result.EndCustomScan = end;
    result.ReScanCustomScan = rescan;
    result.ExplainCustomScan = explain;
    return result;
}

CustomScan *plan_of(CustomScanState *node) { return castNode(CustomScan, node->ss.ps.plan); }

template <class Slot> void *private_of(CustomScanState *node, Slot slot) {
    return list_nth(plan_of(node)->custom_private, static_cast<int>(slot));
}

TupleTableSlot *projected(CustomScanState *node, TupleTableSlot *slot) {
    if (TupIsNull(slot) || !node->ss.ps.ps_ProjInfo)
        return slot;
    ResetExprContext(node->ss.ps.ps_ExprContext);
    node->ss.ps.ps_ExprContext->ecxt_scantuple = slot;
    return ExecProject(node->ss.ps.ps_ProjInfo);
}

// --- the rows of a batch ---

bool is_new_key(KeysState *state, Datum key) {
    if (!state->hash)
        return true;
    uint32 at = DatumGetUInt32(FunctionCall1Coll(state->hash, state->collation, key));
    for (;; at++) {
        uint16 *entry = &state->set[at & (kSetSize - 1)];
        if (*entry == 0) {
            *entry = static_cast<uint16>(state->key_count + 1);
            return true;
        }
        if (DatumGetBool(FunctionCall2Coll(state->equal, state->collation, state->keys[*entry - 1], key)))
            return false;
    }
}

// Null at the end.
TupleTableSlot *next_outer_row(KeysState *state) {
    TupleTableSlot *row = ExecProcNode(static_cast<PlanState *>(linitial(state->node.custom_ps)));
    state->exhausted = TupIsNull(row);
    return state->exhausted ? nullptr : row;
}

// Takes rows of the outer side until there are keys enough. False where it has none left.
bool next_batch(KeysState *state) {
    ExprContext *econtext = state->node.ss.ps.ps_ExprContext;
    tuplestore_clear(state->rows);
    MemoryContextReset(state->context);
    memset(state->set, 0, sizeof(uint16) * kSetSize);
    state->key_count = 0;
    state->key_bytes = 0;
    int rows = 0;
    while (!state->exhausted && rows < kMostRows && state->key_count < state->wanted && state->key_bytes < kMostBytes) {
        TupleTableSlot *row = next_outer_row(state);
        if (!row)
            break;
        row = show_row(state->node.ss.ss_ScanTupleSlot, row);
        tuplestore_puttupleslot(state->rows, row);
        rows++;
        ResetExprContext(econtext);
        econtext->ecxt_scantuple = row;
        bool null;
        Datum key = ExecEvalExprSwitchContext(state->key, econtext, &null);
        if (null)
            continue;
        MemoryContext old = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
        bool fresh = is_new_key(state, key);
        MemoryContextSwitchTo(state->context);
        if (fresh) {
            state->key_bytes += datumGetSize(key, state->key_by_value, state->key_length);
            state->keys[state->key_count++] = datumCopy(key, state->key_by_value, state->key_length);
        }
        MemoryContextSwitchTo(old);
    }
    state->wanted = Min(state->wanted * 4, kMostKeys);
    if (rows == 0)
        return false;
    state->asked += state->key_count;
    state->batches++;
    state->streaming = !state->exhausted && state->asked > state->most;
    if (state->streaming)
        state->given_up++;
    else
        state->sent += state->key_count;
    return true;
}

Datum array_of_keys(KeysState *state) {
    MemoryContext old = MemoryContextSwitchTo(state->context);
    ArrayType *array = construct_array(state->keys, state->key_count, state->key_type, state->key_length,
                                       state->key_by_value, state->key_align);
    MemoryContextSwitchTo(old);
    return PointerGetDatum(array);
}

void begin_keys(CustomScanState *node, EState *estate, int flags) {
    KeysState *state = reinterpret_cast<KeysState *>(node);
    node->custom_ps =
        list_make1(ExecInitNode(static_cast<Plan *>(linitial(plan_of(node)->custom_plans)), estate, flags));
    auto oid = [node](KeysSlot slot) {
        return DatumGetObjectId(static_cast<Const *>(private_of(node, slot))->constvalue);
    };
    state->key_type = oid(KeysSlot::KeyType);
    state->collation = oid(KeysSlot::Collation);
    state->wanted = intVal(private_of(node, KeysSlot::FirstKeys));
    state->most = static_cast<uint64>(intVal(private_of(node, KeysSlot::MostKeys)));
    Expr *key = static_cast<Expr *>(linitial(plan_of(node)->custom_exprs));
    state->key = ExecInitExpr(key, &node->ss.ps);
    get_typlenbyvalalign(state->key_type, &state->key_length, &state->key_by_value, &state->key_align);
    TypeCacheEntry *type = lookup_type_cache(state->key_type, TYPECACHE_HASH_PROC_FINFO | TYPECACHE_EQ_OPR_FINFO);
    if (OidIsValid(type->hash_proc_finfo.fn_oid) && OidIsValid(type->eq_opr_finfo.fn_oid)) {
        state->hash = &type->hash_proc_finfo;
        state->equal = &type->eq_opr_finfo;
    }
    state->context = AllocSetContextCreate(estate->es_query_cxt, "mongo_fdw_cpp keys", ALLOCSET_DEFAULT_SIZES);
    state->keys = static_cast<Datum *>(palloc(sizeof(Datum) * kMostKeys));
    state->set = static_cast<uint16 *>(palloc0(sizeof(uint16) * kSetSize));
    state->rows = tuplestore_begin_heap(false, false, work_mem);
    state->stored = ExecInitExtraTupleSlot(estate, node->ss.ss_ScanTupleSlot->tts_tupleDescriptor, &TTSOpsMinimalTuple);
}

TupleTableSlot *exec_keys(CustomScanState *node) {
    KeysState *state = reinterpret_cast<KeysState *>(node);
    TupleTableSlot *row = state->stored;
    if (!next_stored_row(node->ss.ps.state, state->rows, row))
        row = state->streaming && !state->exhausted ? next_outer_row(state) : nullptr;
    return row ? projected(node, show_row(node->ss.ss_ScanTupleSlot, row)) : ExecClearTuple(node->ss.ss_ScanTupleSlot);
}

void end_keys(CustomScanState *node) {
    tuplestore_end(reinterpret_cast<KeysState *>(node)->rows);
    ExecEndNode(static_cast<PlanState *>(linitial(node->custom_ps)));
}

// The hash join starts again with the rows of the batch.
void rescan_keys(CustomScanState *node) { tuplestore_rescan(reinterpret_cast<KeysState *>(node)->rows); }

constexpr CustomExecMethods keys_exec_methods =
    methods("MongoKeys", begin_keys, exec_keys, end_keys, rescan_keys, nullptr);

// --- the join ---

void begin_key_join(CustomScanState *node, EState *estate, int flags) {
    KeyJoinState *state = reinterpret_cast<KeyJoinState *>(node);
    state->join = ExecInitNode(static_cast<Plan *>(linitial(plan_of(node)->custom_plans)), estate, flags);
    node->custom_ps = list_make1(state->join);
    PlanState *outer = outerPlanState(state->join);
    PlanState *inner = IsA(state->join, HashJoinState) ? outerPlanState(innerPlanState(state->join)) : nullptr;
    if (!inner || !IsA(inner, ForeignScanState) || !IsA(outer, CustomScanState) ||
        reinterpret_cast<CustomScanState *>(outer)->methods != &keys_exec_methods)
        elog(ERROR, "a key join has another plan than it was given");
    state->keys = reinterpret_cast<KeysState *>(outer);
    state->scan = castNode(ForeignScanState, inner);
}

TupleTableSlot *exec_key_join(CustomScanState *node) {
    KeyJoinState *state = reinterpret_cast<KeyJoinState *>(node);
    for (;;) {
        if (!state->in_batch) {
            if (!next_batch(state->keys))
                return ExecClearTuple(node->ss.ss_ScanTupleSlot);
            if (state->keys->streaming)
                give_every_key(state->scan);
            else
                give_keys(state->scan, array_of_keys(state->keys));
            if (state->joined) {
                PlanState *hash = innerPlanState(state->join);
                hash->chgParam = bms_add_member(hash->chgParam, 0); // any: it must not keep its rows
                ExecReScan(state->join);
            }
            state->in_batch = state->joined = true;
        }
        TupleTableSlot *row = ExecProcNode(state->join);
        if (!TupIsNull(row))
            return projected(node, row);
        state->in_batch = false;
        if (state->keys->streaming) // an empty collection is joined without a look at the rows
            state->keys->exhausted = true;
    }
}

void end_key_join(CustomScanState *node) { ExecEndNode(static_cast<PlanState *>(linitial(node->custom_ps))); }

void rescan_key_join(CustomScanState *node) {
    KeyJoinState *state = reinterpret_cast<KeyJoinState *>(node);
    PlanState *outer = static_cast<PlanState *>(linitial(state->keys->node.custom_ps));
    if (node->ss.ps.chgParam) {
        UpdateChangedParamSet(outer, node->ss.ps.chgParam);
        UpdateChangedParamSet(state->join, node->ss.ps.chgParam);
    }
    ExecReScan(outer);
    state->in_batch = state->keys->exhausted = state->keys->streaming = false;
    state->keys->asked = 0;
    state->keys->wanted = intVal(private_of(&state->keys->node, KeysSlot::FirstKeys));
}

void explain_key_join(CustomScanState *node, List *, ExplainState *es) {
    const KeysState *keys = reinterpret_cast<KeyJoinState *>(node)->keys;
    if (!es->analyze)
        return;
    ExplainPropertyInteger("Batches", nullptr, static_cast<int64>(keys->batches), es);
    ExplainPropertyInteger("Keys", nullptr, static_cast<int64>(keys->sent), es);
    if (keys->given_up) // more keys came than cost what a scan does
        ExplainPropertyInteger("Full Scans", nullptr, static_cast<int64>(keys->given_up), es);
}

constexpr CustomExecMethods key_join_exec_methods =
    methods("MongoKeyJoin", begin_key_join, exec_key_join, end_key_join, rescan_key_join, explain_key_join);

template <class State> Node *make_state(const CustomExecMethods *methods) {
    State *state = static_cast<State *>(palloc0(sizeof(State)));
    NodeSetTag(state, T_CustomScanState);
    state->node.methods = methods;
    return reinterpret_cast<Node *>(state);
}

} // namespace

extern "C" Node *mongoCreateKeyJoinState(CustomScan *) { return make_state<KeyJoinState>(&key_join_exec_methods); }
extern "C" Node *mongoCreateKeysState(CustomScan *) { return make_state<KeysState>(&keys_exec_methods); }

} // namespace mongo_fdw
