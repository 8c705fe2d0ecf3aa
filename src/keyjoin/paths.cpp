// Paths and plans of key joins. Zone B.
#include "keyjoin/keyjoin.hpp"

#include "plan/facts.hpp"
#include "plan/relation.hpp"

namespace mongo_fdw {

const CustomPathMethods key_join_path_methods = {"MongoKeyJoin", mongoPlanKeyJoin, nullptr};
const CustomPathMethods keys_path_methods = {"MongoKeys", mongoPlanKeys, nullptr};

namespace {

set_join_pathlist_hook_type next_hook = nullptr;

RelationInfo *collection_of(RelOptInfo *rel) {
    bool ours = rel->rtekind == RTE_RELATION && rel->fdwroutine &&
                rel->fdwroutine->GetForeignPlan == mongoGetForeignPlan && rel->fdw_private;
    RelationInfo *info = ours ? static_cast<RelationInfo *>(rel->fdw_private) : nullptr;
    return info && info->base == rel ? info : nullptr; // no copy: it stands for rows made unique or aggregated in part
}

// The clauses that a hash join of the two sides can use.
List *hash_clauses(RelOptInfo *joinrel, RelOptInfo *outer, RelOptInfo *inner, JoinType type, List *clauses) {
    List *result = NIL;
    ListCell *cell;
    foreach (cell, clauses) {
        RestrictInfo *clause = lfirst_node(RestrictInfo, cell);
        bool behind = IS_OUTER_JOIN(type) && RINFO_IS_PUSHED_DOWN(clause, joinrel->relids);
        bool sides =
            (bms_is_subset(clause->left_relids, outer->relids) && bms_is_subset(clause->right_relids, inner->relids)) ||
            (bms_is_subset(clause->left_relids, inner->relids) && bms_is_subset(clause->right_relids, outer->relids));
        if (clause->can_join && OidIsValid(clause->hashjoinoperator) && !behind && sides)
            result = lappend(result, clause);
    }
    return result;
}

// A column of the collection and the outer side's expression that it equals.
struct Key {
    Expr *outer;
    Expr *condition;  // column = ANY (keys)
    Oid collation;    // that it compares by
    double documents; // with one key
    bool indexed;
};

// What stands for the keys while the condition is planned: a Param that no statement has.
Param *placeholder(Oid array_type, Oid collation) {
    Param *param = makeNode(Param);
    param->paramkind = PARAM_EXTERN;
    param->paramtype = array_type;
    param->paramtypmod = -1;
    param->paramcollid = collation;
    param->location = -1;
    return param;
}

bool make_key(PlannerInfo *root, RelationInfo *info, RestrictInfo *clause, RelOptInfo *inner, Key *key) {
    OpExpr *comparison = castNode(OpExpr, clause->clause);
    bool inner_left = bms_is_subset(clause->left_relids, inner->relids);
    Expr *left = static_cast<Expr *>(linitial(comparison->args)),
         *right = static_cast<Expr *>(lsecond(comparison->args));
    Expr *column = inner_left ? left : right;
    key->outer = inner_left ? right : left;
    Oid op = inner_left ? comparison->opno : get_commutator(comparison->opno);
    Oid type = exprType(reinterpret_cast<Node *>(key->outer)), array = get_array_type(type);
    Var *var = own_column(info->lowering, column);
    if (!var || var->varattno <= 0 || !OidIsValid(op) || !OidIsValid(array) ||
        contain_volatile_functions(reinterpret_cast<Node *>(key->outer)))
        return false;
    ScalarArrayOpExpr *any = makeNode(ScalarArrayOpExpr);
    any->opno = op;
    any->opfuncid = get_opcode(op);
    any->useOr = true;
    any->inputcollid = comparison->inputcollid;
    any->args = list_make2(column, placeholder(array, exprCollation(reinterpret_cast<Node *>(key->outer))));
    any->location = -1;
    key->condition = reinterpret_cast<Expr *>(any);
    mql::Verdict verdict;
    Lowering *lowering = trial_lowering(info);
    uint32_t at = lower_clause(lowering, key->condition, &verdict);
    if (at == mql::kNone || lowering->filter.nodes[at].kind != mql::NodeKind::In)
        return false;
    key->collation = comparison->inputcollid;
    Indexed indexed = indexed_by(info->table, info->user, info->lowering->columns[column_of(info->lowering, var)].path);
    key->documents = documents_with_one(root, info, column, indexed == Indexed::Unique);
    key->indexed = indexed != Indexed::No;
    return true;
}

Const *oid_constant(Oid value) {
    return makeConst(OIDOID, -1, InvalidOid, sizeof(Oid), ObjectIdGetDatum(value), false, true);
}

CustomPath *make_custom_path(RelOptInfo *rel, PathTarget *target, Path *child, const CustomPathMethods *methods) {
    CustomPath *path = makeNode(CustomPath);
    path->path.pathtype = T_CustomScan;
    path->path.parent = rel;
    path->path.pathtarget = target;
    path->path.rows = child->rows;
    path->path.startup_cost = child->startup_cost;
    path->path.total_cost = child->total_cost;
#if PG_VERSION_NUM >= 180000
    path->path.disabled_nodes = child->disabled_nodes;
#endif
    path->custom_paths = list_make1(child);
    path->methods = methods;
    return path;
}

// The number of keys that cost what reading the whole collection does.
int most_keys(const RelationInfo *info, RelOptInfo *inner, const Key &key) {
    ScanCost cost = scan_cost(info, inner);
    double examined = key.indexed ? Min(kMostKeys * key.documents, info->documents) : info->documents;
    Cost for_key = (cost.startup + look_cost(info, examined)) / kMostKeys +
                   key.documents * info->remote_selectivity * (cost.per_row + inner->baserestrictcost.per_tuple);
    return static_cast<int>(Min(inner->cheapest_total_path->total_cost / for_key, PG_INT32_MAX));
}

void add_path_for(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *inner, RelationInfo *info, Path *outer,
                  JoinType type, JoinPathExtraData *extra, List *clauses, const Key &key) {
    double keys = Min(clamp_row_est(outer->rows),
                      estimate_num_groups(root, list_make1(key.outer), outer->rows, nullptr, nullptr));
    double batches = ceil(keys / kMostKeys), found = Min(keys * key.documents, info->documents);
    double fetched = clamp_row_est(found * info->remote_selectivity);
    ScanCost cost = scan_cost(info, inner);
    // Each batch is a command of its own: it looks at what an index finds, or at the whole collection.
    double examined = key.indexed ? found / batches : info->documents;
    Cost inner_cost = batches * (cost.startup + look_cost(info, examined)) +
                      fetched * (cost.per_row + inner->baserestrictcost.per_tuple);
    Path *inner_path = reinterpret_cast<Path *>(make_foreignscan_path(root, inner, clamp_row_est(fetched / batches),
                                                                      cost.startup, inner_cost / batches, NIL, nullptr,
                                                                      nullptr, list_make1(key.condition)));
    CustomPath *rows = make_custom_path(outer->parent, outer->pathtarget, outer, &keys_path_methods);
    // Where only the first rows are wanted, the first batches are small.
    int first_keys = root->tuple_fraction > 0 ? 50 : kMostKeys;
    // What was planned for is asked for.
    int most = Max(most_keys(info, inner, key), static_cast<int>(Min(keys, PG_INT32_MAX)));
    rows->custom_private =
        list_make4(key.outer, makeInteger(first_keys), oid_constant(key.collation), makeInteger(most));
    JoinCostWorkspace workspace;
    initial_cost_hashjoin(root, &workspace, type, clauses, &rows->path, inner_path, extra, false);
    Path *join = reinterpret_cast<Path *>(create_hashjoin_path(
        root, joinrel, type, &workspace, extra, &rows->path, inner_path, false, extra->restrictlist, nullptr, clauses));
    CustomPath *path = make_custom_path(joinrel, joinrel->reltarget, join, &key_join_path_methods);
    path->path.rows = joinrel->rows;
    // A nested loop over one expected row asks the same, and goes on asking row by row where there are more.
    bool safer = outer->rows <= 1;
    Cost buffering = safer ? 0 : outer->rows * cpu_tuple_cost + keys * cpu_operator_cost;
    Cost joining = safer ? 0 : (outer->rows + fetched) * cpu_operator_cost * 2 + joinrel->rows * cpu_tuple_cost;
    double first = safer ? 0 : Min(first_keys / keys, 1); // the part that the first batch is of the whole
    path->path.startup_cost = outer->startup_cost + (outer->total_cost - outer->startup_cost) * first + cost.startup +
                              (inner_cost - batches * cost.startup) * first;
    path->path.total_cost = outer->total_cost + inner_cost + buffering + joining;
#if PG_VERSION_NUM >= 180000
    path->path.disabled_nodes = outer->disabled_nodes;
#endif
    add_path(joinrel, &path->path);
}

void add_paths(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, RelOptInfo *inner, JoinType type,
               JoinPathExtraData *extra) {
    RelationInfo *info = collection_of(inner);
    if (!info || info->written || !enable_key_joins || !joins_allowed(info->table) ||
        !bms_is_empty(inner->lateral_relids))
        return;
    Path *outer_path = outer->cheapest_total_path;
    if (type == JOIN_UNIQUE_OUTER) {
        outer_path = unique_outer_path(root, outer, extra->sjinfo);
        type = JOIN_INNER;
    }
    bool sayable = type == JOIN_INNER || type == JOIN_LEFT || type == JOIN_SEMI || type == JOIN_ANTI;
    if (!sayable || !outer_path || outer_path->param_info)
        return;
    if (has_gates(extra->restrictlist) || has_gates(inner->baserestrictinfo) || has_gates(outer->baserestrictinfo))
        return; // they would put a node of their own above the hash join or below it
    ListCell *cell;
    List *clauses = hash_clauses(joinrel, outer, inner, type, extra->restrictlist);
    Key best{};
    foreach (cell, clauses) {
        Key key{};
        if (make_key(root, info, lfirst_node(RestrictInfo, cell), inner, &key) &&
            (!best.outer || key.indexed > best.indexed ||
             (key.indexed == best.indexed && key.documents < best.documents)))
            best = key;
    }
    if (best.outer)
        add_path_for(root, joinrel, inner, info, outer_path, type, extra, clauses, best);
}

extern "C" void mongoJoinPathlist(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, RelOptInfo *inner,
                                  JoinType type, JoinPathExtraData *extra) {
    if (next_hook)
        next_hook(root, joinrel, outer, inner, type, extra);
    if (!is_grouped_early(joinrel) && !is_grouped_early(outer) && !is_grouped_early(inner))
        add_paths(root, joinrel, outer, inner, type, extra);
}

CustomScan *make_custom_scan(const CustomPath *path, List *target_list, List *plans, const CustomScanMethods *methods) {
    CustomScan *scan = makeNode(CustomScan);
    scan->scan.plan.targetlist = target_list;
    scan->flags = path->flags;
    scan->custom_plans = plans;
    scan->custom_scan_tlist = static_cast<List *>(copyObjectImpl(static_cast<Plan *>(linitial(plans))->targetlist));
    scan->methods = methods;
    return scan;
}

} // namespace

extern "C" Plan *mongoPlanKeyJoin(PlannerInfo *, RelOptInfo *, CustomPath *path, List *target_list, List *,
                                  List *plans) {
    return &make_custom_scan(path, target_list, plans, &key_join_scan_methods)->scan.plan;
}

extern "C" Plan *mongoPlanKeys(PlannerInfo *, RelOptInfo *, CustomPath *path, List *target_list, List *, List *plans) {
    CustomScan *scan = make_custom_scan(path, target_list, plans, &keys_scan_methods);
    Expr *key = static_cast<Expr *>(linitial(path->custom_private));
    scan->custom_exprs = list_make1(key);
    Oid type = exprType(reinterpret_cast<Node *>(key));
    scan->custom_private = list_make4(oid_constant(type), lsecond(path->custom_private), lthird(path->custom_private),
                                      lfourth(path->custom_private));
    return &scan->scan.plan;
}

void register_key_joins() {
    RegisterCustomScanMethods(&key_join_scan_methods);
    RegisterCustomScanMethods(&keys_scan_methods);
    next_hook = set_join_pathlist_hook;
    set_join_pathlist_hook = mongoJoinPathlist;
}

} // namespace mongo_fdw
