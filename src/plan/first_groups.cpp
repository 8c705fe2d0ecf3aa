// ORDER BY with LIMIT over groups. Zone B.
//
// The server sorts the groups as their results prove themselves (mql/group_proof.cpp): one in doubt comes first, and
// the node runs PostgreSQL's own plan.
#include "plan/paths.hpp"
#include "plan/rules.hpp"
#include "plan/upper.hpp"

namespace mongo_fdw {

using mql::Family;

namespace {

constexpr const char kUnlike[] = "the server orders values of this type otherwise, or may round them";

// Why the server does not order values of a family as SQL does; null where it does.
const char *unordered_there(Family family, Oid collation) {
    switch (family) {
    case Family::Int:
    case Family::Bool:
    case Family::ObjectId:
    case Family::Timestamp:
    case Family::Date:
        return nullptr;
    case Family::Text:
        return byte_order_wanted(collation);
    default:
        return kUnlike;
    }
}

const char *unsortable(const RelationInfo *info, int output, Oid collation) {
    const ScanPlan *plan = info->group;
    const mql::Node *nodes = info->values->filter.nodes;
    int number = list_nth_int(plan->outputs, output * kOutputFields + 1);
    switch (static_cast<Final>(list_nth_int(plan->outputs, output * kOutputFields))) {
    case Final::Key:
        return unordered_there(nodes[list_nth_int(plan->keys, number)].family, collation);
    case Final::Extreme:
        return unordered_there(nodes[list_nth_int(plan->accumulators, number * kAccumulatorFields + 3)].family,
                               collation);
    case Final::Count:
    case Final::IntegerSum:
    case Final::WideSum:
    case Final::NumericSum:
        return nullptr;
    default:
        return kUnlike;
    }
}

// The column of the groups that a key of ORDER BY is; -1 for none.
int output_of(const RelationInfo *info, const PathKey *key) {
    ListCell *cell;
    foreach (cell, info->group_target->exprs) {
        ListCell *member;
        foreach (member, key->pk_eclass->ec_members)
            if (equal(lfirst_node(EquivalenceMember, member)->em_expr, lfirst(cell)))
                return foreach_current_index(cell);
    }
    return -1;
}

// Whether HAVING leaves groups out here, which LIMIT would have to follow.
bool note_having(const PlannerInfo *root, RelationInfo *info) {
    bool here = info->having != NIL && !info->having_whole;
    if (here && root->parse->limitCount)
        note_local(info, "LIMIT", "a condition of HAVING is checked here");
    return here;
}

} // namespace

RelationInfo *order_groups(PlannerInfo *root, RelationInfo *below) {
    if (!enable_order_by_pushdown || !below->table->order_by_pushdown || below->group->keys == NIL ||
        !edb_allows("mongo_fdw.enable_order_by_pushdown"))
        return nullptr;
    note_having(root, below);
    List *sort = NIL;
    ListCell *cell;
    foreach (cell, root->sort_pathkeys) {
        PathKey *key = lfirst_node(PathKey, cell);
        int output = output_of(below, key);
        const char *reason = output < 0 || key->pk_eclass->ec_has_volatile
                                 ? "a key is computed of what the groups give"
                                 : unsortable(below, output, key->pk_eclass->ec_collation);
        if (!reason && !sorts_by_default(key, static_cast<Expr *>(list_nth(below->group_target->exprs, output))))
            reason = "the order is not the type's own";
        if (reason) {
            if (root->parse->limitCount)
                note_local(below, "ORDER BY", reason);
            return nullptr;
        }
        int at = output * kOutputFields;
        bool of_key = static_cast<Final>(list_nth_int(below->group->outputs, at)) == Final::Key;
        sort = lappend_int(sort, of_key);
        sort = lappend_int(sort, list_nth_int(below->group->outputs, at + 1));
        sort = lappend_int(sort, is_descending(key));
        sort = lappend_int(sort, key->pk_nulls_first);
    }
    RelationInfo *info = copied(below);
    info->sorted = true;
    info->group = static_cast<ScanPlan *>(palloc(sizeof(ScanPlan)));
    *info->group = *below->group;
    info->group->group_sort = sort;
    return info;
}

void add_first_groups_path(PlannerInfo *root, RelationInfo *below, RelOptInfo *output, FinalPathExtraData *final) {
    if (!final->limit_needed || !enable_limit_pushdown || below->group->keys == NIL || !limit_is_plain(root->parse) ||
        (root->sort_pathkeys != NIL && !below->sorted) || note_having(root, below))
        return;
    RelationInfo *info = copied(below);
    info->first_groups = true;
    Path *path = limited_here(root, below->base, below->group_fallback, final);
    const GroupCost &cost = below->group_cost;
    double kept = cost.groups;
    Cost startup = cost.startup + kept * Max(log2(Max(kept, 2)), 1) * cpu_operator_cost;
    Cost total = startup + kept * cost.per_group;
    Cost counted_startup = startup;
    adjust_limit_rows_costs(&kept, &counted_startup, &total, final->offset_est, final->count_est);
    output->fdw_private = info;
    add_path(output,
             reinterpret_cast<Path *>(make_foreign_upper_path(root, output, root->upper_targets[UPPERREL_FINAL], kept,
                                                              startup, total, root->sort_pathkeys, path)));
}

} // namespace mongo_fdw
