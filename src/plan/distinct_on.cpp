// DISTINCT ON over a scan. Zone B.
//
// The server sorts and sends the first row of each group. PostgreSQL's own Unique stays above: the server may tell rows
// apart that SQL does not, never the other way round. Where it refuses, all rows come in the same order.
#include "plan/paths.hpp"
#include "plan/rules.hpp"
#include "plan/upper.hpp"

namespace mongo_fdw {
namespace {

constexpr double kFirstCost = 6; // times cpu_tuple_cost: what a row costs the server that groups it

// Why the first rows are not found there; null where they may be.
const char *not_first_there(const PlannerInfo *root, const RelationInfo *info, const RelOptInfo *input) {
    const Query *query = root->parse;
    if (!enable_aggregate_pushdown || !info->table->aggregate_pushdown ||
        !edb_allows("mongo_fdw.enable_aggregate_pushdown"))
        return "push-down is switched off";
    if (info->base != input || !IS_SIMPLE_REL(input) || info->written || query->rowMarks ||
        !bms_is_empty(input->lateral_relids) || query->hasAggs || query->groupClause || query->hasWindowFuncs ||
        query->hasTargetSRFs || contain_volatile_functions(reinterpret_cast<Node *>(input->reltarget->exprs)))
        return "the rows are not those of one table alone";
    if (info->table->unwind_levels > 0)
        return "arrays are unwound here";
    return all_exact(info) && !has_gates(info->clauses) ? nullptr : "a condition is checked here";
}

} // namespace

int first_keys_of(const ForeignPath *path) {
    return path->fdw_private != NIL && IsA(linitial(path->fdw_private), Integer) ? intVal(linitial(path->fdw_private))
                                                                                 : 0;
}

void add_distinct_on_path(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output) {
    RelationInfo *info = static_cast<RelationInfo *>(input->fdw_private);
    int keys = list_length(root->distinct_pathkeys);
    List *pathkeys = keys < list_length(root->sort_pathkeys) ? root->sort_pathkeys : root->distinct_pathkeys;
    ListCell *key, *same;
    forboth(key, root->distinct_pathkeys, same, pathkeys) if (lfirst(key) != lfirst(same)) return;
    const char *reason = not_first_there(root, info, input);
    List *sort = NIL;
    if (!reason && keys > 0) {
        sort = lower_pathkeys(input, info, trial_lowering(info), pathkeys, true, false, &reason);
        if (!reason && list_length(sort) < list_length(pathkeys) * kSortFields)
            reason = "the order is not the type's own";
    }
    if (reason)
        return note_local(info, "DISTINCT ON", reason);
    if (keys == 0)
        return;
    double rows = sent_documents(info);
    List *expressions = get_sortgrouplist_exprs(root->parse->distinctClause, root->processed_tlist);
    double groups = estimate_num_groups(root, expressions, rows, nullptr, nullptr);
    ScanCost cost = scan_cost(info, input);
    Cost startup =
        cost.startup + filter_cost(info, rows, info->examined) +
        rows * (Max(log2(Max(rows, 2)), 1) * cpu_operator_cost + sort_cost(sort) + kFirstCost * cpu_tuple_cost);
    ForeignPath *path = make_foreignscan_path(root, input, groups, startup, startup + groups * cost.per_row, pathkeys,
                                              nullptr, nullptr, list_make1(makeInteger(keys)));
    add_path(output, reinterpret_cast<Path *>(
                         make_upper_unique_path(root, output, reinterpret_cast<Path *>(path), keys, groups)));
}

} // namespace mongo_fdw
