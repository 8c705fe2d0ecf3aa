// ORDER BY and LIMIT over a scan. Zone B.
#include "plan/upper.hpp"

#include "plan/facts.hpp"
#include "plan/paths.hpp"
#include "plan/raising.hpp"
#include "plan/rules.hpp"

namespace mongo_fdw {

using mql::Family;
using mql::kNone;
using mql::NodeKind;

bool edb_allows(const char *setting) {
    const char *value = GetConfigOption(setting, true, false);
    bool allowed;
    return !value || !parse_bool(value, &allowed) || allowed;
}

List *scan_columns(List *target, List *clauses, bool *whole) {
    constexpr int kFlags = PVC_RECURSE_AGGREGATES | PVC_RECURSE_WINDOWFUNCS | PVC_RECURSE_PLACEHOLDERS;
    List *result = NIL;
    *whole = false;
    ListCell *cell;
    foreach (cell, list_concat(pull_var_clause(reinterpret_cast<Node *>(target), kFlags),
                               pull_var_clause(reinterpret_cast<Node *>(clauses), kFlags))) {
        Var *var = lfirst_node(Var, cell);
        *whole = *whole || var->varattno <= 0;
        result = list_append_unique(result, var);
    }
    return result;
}

namespace {

// The expression of an equivalence class that a relation, a partition or a join of several alone computes.
Expr *expression_of(EquivalenceClass *ec, RelOptInfo *rel) {
    const EquivalenceMember *member = member_of_class(ec, rel, [rel](const EquivalenceMember *candidate) {
        return !candidate->em_is_const && !bms_is_empty(candidate->em_relids) &&
               bms_is_subset(candidate->em_relids, rel->relids);
    });
    return member ? member->em_expr : nullptr;
}

// Whether the conditions leave only values that fit the column and are not null.
bool always_present(const RelationInfo *info, Lowering *lowering, int column) {
    bool guarded = lowering->guarded, present = false;
    LoweringMark mark = mark_of(lowering);
    lowering->guarded = true;
    ListCell *cell;
    foreach (cell, info->clauses) {
        Expr *clause = lfirst_node(RestrictInfo, cell)->clause;
        Expr *operand = nullptr;
        if (IsA(clause, OpExpr)) {
            List *arguments = reinterpret_cast<OpExpr *>(clause)->args;
            operand = static_cast<Expr *>(linitial(arguments));
            if (list_length(arguments) == 2 && !own_column(lowering, operand))
                operand = static_cast<Expr *>(lsecond(arguments));
        } else if (IsA(clause, ScalarArrayOpExpr) && reinterpret_cast<ScalarArrayOpExpr *>(clause)->useOr) {
            operand = static_cast<Expr *>(linitial(reinterpret_cast<ScalarArrayOpExpr *>(clause)->args));
        } else if (IsA(clause, NullTest) && reinterpret_cast<NullTest *>(clause)->nulltesttype == IS_NOT_NULL) {
            operand = reinterpret_cast<NullTest *>(clause)->arg;
        }
        Var *var = operand ? own_column(lowering, operand) : nullptr;
        mql::Verdict verdict;
        if (var && var->varattno > 0 && column_of(lowering, var) == column &&
            lower_clause(lowering, clause, &verdict) != kNone && verdict == mql::Verdict::Exact)
            present = true;
    }
    go_back(lowering, mark);
    lowering->guarded = guarded;
    return present;
}

// Parameters whose values an expression can always say: exec/evaluate.hpp leaves some without one.
bool always_sayable(const Lowering *lowering, uint32_t at) {
    const mql::Tree &tree = lowering->filter;
    for (; at != kNone; at = tree.nodes[at].next) {
        const mql::Node &node = tree.nodes[at];
        bool plain = node.family == Family::Int || node.family == Family::Text || node.family == Family::Bool ||
                     node.family == Family::ObjectId;
        if (node.kind != NodeKind::ParameterValue) {
            if (!always_sayable(lowering, node.first_child))
                return false;
            continue;
        }
        Expr *value = static_cast<Expr *>(list_nth(lowering->parameters, node.parameter));
        if (!plain || may_raise(value))
            return false;
    }
    return true;
}

// last: no key follows, so that ties are free. *as becomes Doubted where only a proof allows it, which limited
// promises.
const char *unsortable(const Lowering *lowering, uint32_t root, Oid collation, bool last, bool limited, SortAs *as) {
    const mql::Node &node = lowering->filter.nodes[root];
    const mql::Column *column = node.kind == NodeKind::ColumnValue ? &lowering->columns[node.column] : nullptr;
    if (const char *reason = node.family == Family::Text ? byte_order_wanted(collation) : nullptr)
        return reason;
    // Floats sort as they are stored, which parts values that are equal once rounded; symbols as strings do.
    bool as_stored =
        column && ((node.family == Family::Float && last) || (node.family == Family::Text && !column->max_length));
    if (column && column->single && !as_stored)
        return "values of type real tie where the server sees a difference";
    bool unsure = (node.unsure || node.family == Family::Float) && !as_stored;
    if (!unsure && always_sayable(lowering, node.first_child))
        return nullptr;
    *as = SortAs::Doubted;
    return limited  ? nullptr
           : unsure ? "only below a LIMIT can it be told whether the server was sure of each value"
                    : "only below a LIMIT can a parameter be sent that the server may not take";
}

} // namespace

// Whether the rows that LIMIT leaves can prove that stored values are in the order of SQL (exec/ordered.hpp): with
// NULLs last the rows show it; with NULLs first nothing may be NULL, which the ends of an index show where types
// between them are known, or where everything else raises.
static bool may_prove_itself(const RelationInfo *info, const Lowering *lowering, const mql::Node &node,
                             bool nulls_first) {
    const mql::Column &column = lowering->columns[node.column];
    if (!column.fit || column.element || info->lookups)
        return false;
    bool raises = !column.misfit_is_null;
    bool is_id = strcmp(column.path, "_id") == 0 && node.family != Family::Int;
    return !nulls_first || ((raises || is_id) && indexed_by(info->table, info->user, column.path) != Indexed::No);
}

List *lower_pathkeys(RelOptInfo *rel, const RelationInfo *info, Lowering *lowering, List *pathkeys, bool whole,
                     bool limited, const char **reason) {
    *reason = "push-down is switched off";
    if (!enable_pushdown || !enable_order_by_pushdown || !info->table->order_by_pushdown ||
        !edb_allows("mongo_fdw.enable_order_by_pushdown"))
        return NIL;
    List *sort = NIL;
    ListCell *cell;
    foreach (cell, pathkeys) {
        PathKey *key = lfirst_node(PathKey, cell);
        Expr *expression = expression_of(key->pk_eclass, rel);
        *reason = "the key is computed here only";
        if (!expression || key->pk_eclass->ec_has_volatile)
            return sort;
        if (!sorts_by_default(key, expression))
            return sort;
        lowering->sortable_singles = own_column(lowering, expression) != nullptr;
        uint32_t root = lower_to_filter(lowering, expression);
        lowering->sortable_singles = false;
        bool last = whole && lnext(pathkeys, cell) == nullptr;
        SortAs as = SortAs::Computed;
        *reason = root == kNone ? lowering->reason
                                : unsortable(lowering, root, key->pk_eclass->ec_collation, last, limited, &as);
        if (root == kNone || *reason)
            return sort;
        const mql::Node &node = lowering->filter.nodes[root];
        bool storable = node.kind == NodeKind::ColumnValue &&
                        (node.family == Family::Int || node.family == Family::Timestamp ||
                         node.family == Family::ObjectId || (node.family == Family::Date && last));
        if (storable && always_present(info, lowering, node.column))
            as = SortAs::Stored;
        else if (storable && limited && may_prove_itself(info, lowering, node, key->pk_nulls_first))
            as = SortAs::Proved;
        sort = lappend_int(sort, static_cast<int>(root));
        sort = lappend_int(sort, is_descending(key));
        sort = lappend_int(sort, key->pk_nulls_first);
        sort = lappend_int(sort, static_cast<int>(as));
    }
    bool computed = has_key(sort, SortAs::Computed) || has_key(sort, SortAs::Doubted);
    int keys = list_length(sort) / kSortFields;
    for (int i = 0; computed && i < keys; i++) // what is proved of the others is of no use then
        if (sort_as(sort, i) == SortAs::Proved)
            lfirst_int(list_nth_cell(sort, i * kSortFields + 3)) = static_cast<int>(SortAs::Computed);
    *reason = nullptr;
    return sort;
}

bool sorts_by_default(const PathKey *key, Expr *expression) {
    Oid opclass = GetDefaultOpClass(exprType(reinterpret_cast<Node *>(expression)), BTREE_AM_OID);
    return OidIsValid(opclass) && get_opclass_family(opclass) == key->pk_opfamily;
}

Path *limited_here(PlannerInfo *root, RelOptInfo *rel, Path *path, const FinalPathExtraData *final) {
    const Query *query = root->parse;
    if (root->sort_pathkeys && !pathkeys_contained_in(root->sort_pathkeys, path->pathkeys))
        path = reinterpret_cast<Path *>(create_sort_path(root, rel, path, root->sort_pathkeys, -1.0));
    return reinterpret_cast<Path *>(create_limit_path(root, rel, path, query->limitOffset, query->limitCount,
                                                      query->limitOption, final->offset_est, final->count_est));
}

static bool is_plain(Node *expression) {
    return !expression || (!contain_volatile_functions(expression) && !contain_subplans(expression));
}

bool limit_is_plain(const Query *query) {
    return query->commandType == CMD_SELECT && query->limitOption == LIMIT_OPTION_COUNT && !query->hasWindowFuncs &&
           !query->hasTargetSRFs && !query->setOperations && !query->rowMarks && is_plain(query->limitCount) &&
           is_plain(query->limitOffset);
}

namespace {

bool is_at_most(const Node *count, int64 most) {
    const Const *constant = reinterpret_cast<const Const *>(count);
    return !IsA(count, Const) || constant->constisnull || DatumGetInt64(constant->constvalue) <= most;
}

// LIMIT and OFFSET, as far as they are known, leave so few rows that their order may be proved.
bool wants_few_rows(const Query *query) {
    return query->limitCount && is_at_most(query->limitCount, kMostProvedRows) &&
           !(IsA(query->limitCount, Const) && reinterpret_cast<Const *>(query->limitCount)->constisnull) &&
           (!query->limitOffset || is_at_most(query->limitOffset, kMostProvedRows));
}

// True when the rows of this scan are exactly those that LIMIT counts.
bool limit_applies(PlannerInfo *root, RelationInfo *info) {
    const Query *query = root->parse;
    const char *reason = info->table->unwind_levels > 0 ? "it counts elements of arrays, which are unwound here"
                         : !all_exact(info)             ? "a condition is checked here"
                         : query->limitOption == LIMIT_OPTION_WITH_TIES ? "WITH TIES looks at the rows behind it"
                                                                        : nullptr;
    if (reason)
        note_local(info, "LIMIT", reason);
    return !reason && enable_pushdown && enable_limit_pushdown && query->commandType == CMD_SELECT &&
           (root->sort_pathkeys == NIL || info->sorted) && !query->groupClause && !query->groupingSets &&
           !query->hasAggs && !query->distinctClause && !query->havingQual && limit_is_plain(query);
}

// The same by PostgreSQL's own plan of a join or a sort, which runs where the server refuses the pipeline or the order
// is not proved; null for other scans, whose rows can be looked at here.
Path *local_limit(PlannerInfo *root, const RelationInfo *below, const FinalPathExtraData *final) {
    return below->local && (below->lookups || below->sorted) ? limited_here(root, below->base, below->local, final)
                                                             : nullptr;
}

void add_limit_path(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output, FinalPathExtraData *final) {
    RelationInfo *below = static_cast<RelationInfo *>(input->fdw_private);
    RelOptInfo *base = below->base;
    PathTarget *target = root->upper_targets[UPPERREL_FINAL];
    bool whole;
    scan_columns(target->exprs, extract_actual_clauses(below->clauses, false), &whole);
    if (!final->limit_needed || whole || below->written || !limit_applies(root, below) ||
        !bms_is_empty(base->lateral_relids))
        return;
    RelationInfo *info = copied(below);
    output->fdw_private = info;
    double rows = sent_documents(info);
    ScanCost cost = scan_cost(info, base);
    Cost look = filter_cost(info, rows, info->examined) + cost.startup - info->table->startup_cost;
    Cost startup = info->table->startup_cost; // a join's work is done as its rows come
    if (info->sorted && has_key(below->sort_list, SortAs::Proved)) {
        if (!info->sort_indexed || info->clauses != NIL)
            startup += look + rows * cpu_operator_cost;
        look = 0;
    } else if (info->sorted) { // the server looks at all rows and keeps the first ones
        startup += look + rows * sort_cost(below->sort_list), look = 0;
    }
    Cost total = startup + look + rows * cost.per_row;
    double kept = rows;
    adjust_limit_rows_costs(&kept, &startup, &total, final->offset_est, final->count_est);
    // What the offset skips does not travel, and no node above is needed: always a little cheaper than a local LIMIT.
    total = startup + (total - startup) * 0.9;
    startup *= 0.9;
    add_path(output,
             reinterpret_cast<Path *>(make_foreign_upper_path(root, output, target, kept, startup, total,
                                                              root->sort_pathkeys, local_limit(root, below, final))));
}

} // namespace

extern "C" void mongoGetForeignUpperPaths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input,
                                          RelOptInfo *output, void *extra) {
    RelationInfo *below = static_cast<RelationInfo *>(input->fdw_private);
    if (!below || output->fdw_private || !enable_pushdown)
        return;
    const Query *query = root->parse;
    switch (stage) {
    case UPPERREL_GROUP_AGG: {
        GroupPathExtraData *group = static_cast<GroupPathExtraData *>(extra);
        if (query->groupingSets)
            note_local(below, "GROUP BY", "GROUPING SETS, ROLLUP and CUBE are made here");
        else if (group->patype != PARTITIONWISE_AGGREGATE_PARTIAL)
            add_group_path(root, input, output, output->reltarget, group->havingQual, false);
        break;
    }
    case UPPERREL_DISTINCT:
        if (query->hasDistinctOn)
            add_distinct_on_path(root, input, output);
        else if (!query->hasAggs && !query->groupClause && !query->hasWindowFuncs && !query->hasTargetSRFs)
            add_group_path(root, input, output, root->upper_targets[UPPERREL_DISTINCT], nullptr, true);
        break;
    case UPPERREL_ORDERED: {
        const char *reason;
        if (below->group && root->sort_pathkeys != NIL)
            output->fdw_private = order_groups(root, below);
        if (below->base != input || below->group || query->hasTargetSRFs || root->sort_pathkeys == NIL)
            return;
        bool limited = wants_few_rows(query) && below->joins == NIL;
        Lowering *lowering = trial_lowering(below);
        List *sort = lower_pathkeys(input, below, lowering, root->sort_pathkeys, true, limited, &reason);
        if (list_length(sort) < list_length(root->sort_pathkeys) * kSortFields)
            return note_local(below, "ORDER BY", reason);
        RelationInfo *info = copied(below);
        info->sorted = true;
        info->sort_list = sort;
        info->sort_indexed =
            has_key(sort, SortAs::Proved) &&
            indexed_by(info->table, info->user,
                       lowering->columns[lowering->filter.nodes[linitial_int(sort)].column].path) != Indexed::No;
        output->fdw_private = info; // LIMIT above it is sent with the sort
        break;
    }
    case UPPERREL_FINAL:
        if (below->group)
            add_first_groups_path(root, below, output, static_cast<FinalPathExtraData *>(extra));
        else
            add_limit_path(root, input, output, static_cast<FinalPathExtraData *>(extra));
        break;
    default:
        break;
    }
}

} // namespace mongo_fdw
