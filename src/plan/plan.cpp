// Plans of foreign scans: clauses, columns and values as the executor wants them. Zone B.
//
// Every clause gets a verdict. Exact ones leave the local quals and are kept for rechecks (EvalPlanQual, and scans that
// find at execution that they cannot send them); supersets are sent and checked again here.
#include "plan/paths.hpp"
#include "plan/forms.hpp"
#include "plan/joins.hpp"
#include "plan/relation.hpp"
#include "plan/rules.hpp"
#include "plan/targets.hpp"
#include "plan/upper.hpp"

namespace mongo_fdw {
namespace {

// The columns that expressions and joins read, as attribute numbers of the scan's table.
List *columns_read(const RelationInfo *info, const Lowering *lowering, List *expressions) {
    Bitmapset *read = nullptr;
    for (int member = 0; member < info->member_count; member++) {
        Bitmapset *attributes = nullptr;
        pull_varattnos(reinterpret_cast<Node *>(expressions), info->members[member].relation, &attributes);
        bool whole_row = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, attributes);
        int next = member + 1 < info->member_count ? info->members[member + 1].offset : info->table->column_count;
        for (int i = info->members[member].offset; i < next; i++) {
            int attribute = i - info->members[member].offset + 1;
            if (!info->table->columns[i].dropped &&
                (whole_row || bms_is_member(attribute - FirstLowInvalidHeapAttributeNumber, attributes)))
                read = bms_add_member(read, i + 1);
        }
    }
    ListCell *cell;
    foreach (cell, info->joins) {
        ListCell *column;
        foreach (column, static_cast<JoinedTable *>(lfirst(cell))->read)
            read = bms_add_member(read, lfirst_int(column));
    }
    List *numbers = NIL;
    for (int column = bms_next_member(read, -1); column >= 0; column = bms_next_member(read, column))
        numbers = lappend_int(numbers, column);
    return numbers;
}

// The condition of a key join, which compares its keys once more. The number of its parameter, whose value the join
// gives before each execution; -1 without one.
int lower_given_keys(Lowering *lowering, List *clauses, ScanPlan *plan) {
    if (clauses == NIL)
        return -1;
    mql::Verdict verdict;
    uint32_t root = lower_clause(lowering, static_cast<Expr *>(linitial(clauses)), &verdict);
    if (root == mql::kNone)
        return -1;
    plan->roots = lappend_int(plan->roots, static_cast<int>(root));
    int number = lowering->filter.nodes[root].parameter;
    ListCell *keys = list_nth_cell(lowering->parameters, number);
    // Nobody evaluates it; the placeholder is a Param that no statement has.
    Param *placeholder = castNode(Param, lfirst(keys));
    lfirst(keys) = makeNullConst(placeholder->paramtype, -1, placeholder->paramcollid);
    return number;
}

// Whether a clause reads documents that a $lookup has found.
bool reads_joined(const Lowering *lowering, Expr *clause) {
    ListCell *cell;
    foreach (cell, pull_var_clause(reinterpret_cast<Node *>(clause), PVC_RECURSE_PLACEHOLDERS)) {
        Var *var = own_column(lowering, static_cast<Expr *>(lfirst(cell)));
        if (var && var->varattno > 0 && lowering->table->columns[column_of(lowering, var)].source)
            return true;
    }
    return false;
}

// A filter that leaves out documents without the first key where that proves itself with NULLs last; _id is always
// there. Without a later key a document may well be among the first.
List *presence_of_key(Lowering *lowering, List *sort) {
    if (sort == NIL || sort_as(sort, 0) != SortAs::Proved)
        return NIL;
    uint16_t column = lowering->filter.nodes[linitial_int(sort)].column;
    bool nulls_first = list_nth_int(sort, 2) != 0;
    if (nulls_first || strcmp(lowering->columns[column].path, "_id") == 0)
        return NIL;
    mql::Node present{mql::NodeKind::NotNull, mql::Op::Eq, column, 0, mql::kNone, mql::kNone};
    make_filter_room(lowering);
    return list_make1_int(static_cast<int>(mql::add_node(&lowering->filter, present)));
}

// The rows must show the keys that are proved.
List *add_proved_keys(const Lowering *lowering, List *sort, List *needed) {
    for (int key = 0; key < list_length(sort) / kSortFields; key++)
        if (sort_as(sort, key) == SortAs::Proved)
            needed = list_append_unique_int(needed,
                                            lowering->filter.nodes[list_nth_int(sort, key * kSortFields)].column + 1);
    return needed;
}

// Conditions in the order in which PostgreSQL evaluates them: by security level, then by cost.
List *in_order_of_evaluation(List *clauses) {
    struct Item {
        RestrictInfo *clause;
        Index level;
        Cost cost;
    };
    Item *items = static_cast<Item *>(palloc(sizeof(Item) * Max(list_length(clauses), 1)));
    int count = 0;
    List *ordered = NIL;
    ListCell *cell;
    foreach (cell, clauses) {
        constexpr int kCheap = 10; // operators: a condition that leaks nothing need not wait for others then
        RestrictInfo *clause = lfirst_node(RestrictInfo, cell);
        QualCost cost;
        cost_qual_eval_node(&cost, reinterpret_cast<Node *>(clause), nullptr);
        bool free = clause->leakproof && cost.per_tuple < kCheap * cpu_operator_cost;
        Item item{clause, free ? 0 : clause->security_level, cost.per_tuple};
        int at = count++;
        for (; at > 0 && (items[at - 1].level > item.level ||
                          (items[at - 1].level == item.level && items[at - 1].cost > item.cost));
             at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
    for (int i = 0; i < count; i++)
        ordered = lappend(ordered, items[i].clause);
    return ordered;
}

// What is evaluated here where conditions cannot be sent: those, and in their order the others, which may keep a row
// from a condition that raises. They are evaluated once more by the node.
List *rechecked_clauses(List *ordered, List *exact) {
    List *result = NIL;
    ListCell *cell;
    foreach (cell, ordered) {
        RestrictInfo *clause = lfirst_node(RestrictInfo, cell);
        Node *node = reinterpret_cast<Node *>(clause->clause);
        bool twice = !clause->pseudoconstant && !contain_volatile_functions(node) && !contain_subplans(node);
        if (list_member_ptr(exact, node) || twice)
            result = lappend(result, node);
    }
    return result;
}

} // namespace

void lower_scan(Lowering *lowering, const RelationInfo *info, ScanPlan *plan, List **exact, List **local) {
    lower_clauses(lowering, in_order_of_evaluation(info->clauses), true, plan, exact, local);
    if (!lower_joins(lowering, info, plan))
        elog(ERROR, "a join that was planned cannot be said");
}

void lower_clauses(Lowering *lowering, List *clauses, bool gating, ScanPlan *plan, List **exact, List **local) {
    ListCell *cell;
    foreach (cell, clauses) {
        RestrictInfo *clause = lfirst_node(RestrictInfo, cell);
        if (clause->pseudoconstant && !gating) // a node above evaluates it once
            continue;
        mql::Verdict verdict = mql::Verdict::Local;
        uint32_t clause_root = filters_allowed() ? lower_clause(lowering, clause->clause, &verdict) : mql::kNone;
        List **roots = reads_joined(lowering, clause->clause) ? &plan->late_roots : &plan->roots;
        if (verdict != mql::Verdict::Local)
            *roots = lappend_int(*roots, static_cast<int>(clause_root));
        if (verdict == mql::Verdict::Exact) {
            *exact = lappend(*exact, clause->clause);
            continue;
        }
        *local = lappend(*local, clause->clause);
        const char *reason = filters_allowed() ? lowering->reason : "push-down is switched off";
        if (verdict == mql::Verdict::Superset) {
            const char *more = mql::superset_reason(&lowering->filter, clause_root, lowering->columns);
            reason = psprintf("sent as well, checked again here%s%s", more ? ": " : "", more ? more : "");
        }
        plan->reasons = lappend(plan->reasons, makeString(pstrdup(reason ? reason : "it has no rule")));
    }
}

const char *lower_exactly(const RelationInfo *info, ScanPlan *plan, List *values, List **parameters, List **rechecked) {
    if (has_gates(info->clauses))
        return "a condition does not depend on the row";
    Lowering *lowering = lowering_for(info);
    lowering->guarded = true;
    List *local = NIL;
    *rechecked = plan->roots = plan->reasons = NIL;
    lower_clauses(lowering, in_order_of_evaluation(info->clauses), false, plan, rechecked, &local);
    plan->assigned = NIL;
    ListCell *cell;
    foreach (cell, values) {
        Expr *value = static_cast<Expr *>(lfirst(cell));
        int at = -1;
        if (depends_on_row(lowering, value)) {
            uint32_t root = lower_to_filter(lowering, value);
            if (root == mql::kNone)
                return lowering->reason ? lowering->reason : "a new value has no rule";
            if (may_spare_errors(lowering, root))
                return "a value that is left unread could be one that raises";
            at = static_cast<int>(root);
        }
        plan->assigned = lappend_int(plan->assigned, at);
    }
    plan->needed_recheck = columns_read(info, lowering, *rechecked);
    plan->filter = lowering->filter;
    plan->parameter_count = list_length(lowering->parameters);
    *parameters = lowering->parameters;
    return local == NIL ? nullptr : "a condition is checked here";
}

List *add_limit(const Query *query, List *expressions, ScanPlan *plan) {
    auto add_expression = [&expressions](Node *expression) {
        if (!expression)
            return -1;
        expressions = lappend(expressions, expression);
        return list_length(expressions) - 1;
    };
    plan->limit = add_expression(query->limitCount);
    plan->offset = add_expression(query->limitOffset);
    return expressions;
}

extern "C" ForeignScan *mongoGetForeignPlan(PlannerInfo *root, RelOptInfo *rel, Oid, ForeignPath *path,
                                            List *target_list, List *clauses, Plan *outer_plan) {
    bool joined = IS_JOIN_REL(rel) && path->fdw_private != NIL;
    RelationInfo *info = static_cast<RelationInfo *>(joined ? linitial(path->fdw_private) : rel->fdw_private);
    if (info->group)
        return plan_group(root, info, path, target_list, outer_plan);
    bool upper = rel != info->base;
    bool shaped = upper || joined; // the scan tuple is not the table's row
    Lowering *lowering = lowering_for(info);
    // A join and the first rows of an order leave no rows that are checked again.
    lowering->guarded = upper || info->lookups || first_keys_of(path) > 0;
    ScanPlan plan{};
    plan.relations = relations_of(info);
    plan.as = info->as;
    plan.notes = info->notes;
    plan.drained = info->written;
    plan.transacts = info->table->transactional && writes_to_server(root, info->table->server);
    plan.identified = info->written && !shaped && root->parse->commandType != CMD_INSERT &&
                      bms_is_member(rel->relid, root->all_result_relids);
    if (plan.identified)
        plan.kept = kept_columns(root, rel, info->table);
    List *local = NIL, *rechecked = NIL;
    if (shaped)
        lower_scan(lowering, info, &plan, &rechecked, &local);
    else
        lower_clauses(lowering, clauses, false, &plan, &rechecked, &local);
    if (outer_plan)
        rechecked = NIL; // it runs where the conditions cannot be sent
    else if (local != NIL && rechecked != NIL)
        rechecked = rechecked_clauses(shaped ? in_order_of_evaluation(info->clauses) : clauses, rechecked);
    plan.first_keys = upper ? 0 : first_keys_of(path);
    plan.given_keys = joined || plan.first_keys ? -1 : lower_given_keys(lowering, path->fdw_private, &plan);
    List *pathkeys = upper ? (info->sorted ? root->sort_pathkeys : NIL) : path->path.pathkeys;
    if (pathkeys != NIL) {
        const char *reason;
        bool whole = upper || list_length(pathkeys) == list_length(root->query_pathkeys);
        bool limited = upper && info->sorted && needs_proof(info->sort_list);
        plan.sort = lower_pathkeys(info->base, info, lowering, pathkeys, whole, limited, &reason);
        if (list_length(plan.sort) < list_length(pathkeys) * kSortFields)
            elog(ERROR, "a sort that was planned cannot be said");
        plan.presence = presence_of_key(lowering, plan.sort);
    }
    List *target = upper ? root->upper_targets[UPPERREL_FINAL]->exprs : rel->reltarget->exprs;
    plan.needed = columns_read(info, lowering, list_concat_copy(target, local));
    plan.needed = add_proved_keys(lowering, plan.sort, plan.needed);
    plan.needed_recheck = columns_read(info, lowering, rechecked);
    plan.filter = lowering->filter;
    count_uses(lowering->used);
    plan.parameter_count = list_length(lowering->parameters);
    plan.limit = plan.offset = -1;
    List *expressions = lowering->parameters, *scan_target_list = NIL;
    if (shaped) {
        bool whole;
        List *columns = scan_columns(target, list_concat_copy(local, rechecked), &whole);
        scan_target_list = add_to_flat_tlist(NIL, columns);
        ListCell *column;
        foreach (column, columns)
            plan.targets = lappend_int(plan.targets, column_of(lowering, lfirst_node(Var, column)) + 1);
    }
    if (outer_plan)
        outer_plan = change_plan_targetlist(outer_plan, scan_target_list, path->path.parallel_safe);
    if (upper)
        expressions = add_limit(root->parse, expressions, &plan);
    count_forms(plan);
    return make_foreignscan(target_list, local, shaped ? 0 : info->base->relid, expressions, encode_scan_plan(plan),
                            scan_target_list, rechecked, outer_plan);
}

} // namespace mongo_fdw
