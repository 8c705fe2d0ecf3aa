// Groups and aggregates over a scan. Zone B.
//
// The server's result is believed when its proof holds (exec/group_results.cpp); otherwise the node runs PostgreSQL's
// own plan, which it keeps as its outer plan.
#include "plan/aggregates.hpp"
#include "plan/forms.hpp"
#include "plan/grouping.hpp"
#include "plan/joins.hpp"
#include "plan/paths.hpp"
#include "plan/rules.hpp"
#include "plan/targets.hpp"
#include "plan/upper.hpp"

#include "convert/fit.hpp"
#include "exec/lessons.hpp"
#include "mql/fit.hpp"

namespace mongo_fdw {
namespace {

using mql::Aggregate;
using mql::Family;
using mql::kNone;
using mql::NodeKind;

constexpr int kUnknownScale = 10; // digits behind the point that sums of numerics without a typmod are proved with

struct AggregateRow {
    Oid function;
    Aggregate aggregate;
    Final final;
    bool of_floats = false; // may differ in the last digits
};
constexpr AggregateRow kAggregates[] = {
    {F_COUNT_, Aggregate::Count, Final::Count},
    {F_COUNT_ANY, Aggregate::CountValues, Final::Count},
    {F_SUM_INT2, Aggregate::IntegerSum, Final::IntegerSum},
    {F_SUM_INT4, Aggregate::IntegerSum, Final::IntegerSum},
    {F_SUM_INT8, Aggregate::IntegerSum, Final::WideSum},
    {F_SUM_NUMERIC, Aggregate::NumericSum, Final::NumericSum},
    {F_SUM_FLOAT8, Aggregate::FloatSum, Final::FloatSum, true},
    {F_AVG_INT2, Aggregate::IntegerSum, Final::IntegerAverage},
    {F_AVG_INT4, Aggregate::IntegerSum, Final::IntegerAverage},
    {F_AVG_INT8, Aggregate::IntegerSum, Final::IntegerAverage},
    {F_AVG_NUMERIC, Aggregate::NumericSum, Final::NumericAverage},
    {F_AVG_FLOAT8, Aggregate::FloatSum, Final::FloatAverage, true},
    {F_MIN_INT2, Aggregate::Least, Final::Extreme},
    {F_MIN_INT4, Aggregate::Least, Final::Extreme},
    {F_MIN_INT8, Aggregate::Least, Final::Extreme},
    {F_MIN_DATE, Aggregate::Least, Final::Extreme},
    {F_MIN_TIMESTAMP, Aggregate::Least, Final::Extreme},
    {F_MIN_TIMESTAMPTZ, Aggregate::Least, Final::Extreme},
    {F_MIN_TEXT, Aggregate::Least, Final::Extreme},
    {F_MIN_FLOAT8, Aggregate::LeastFloat, Final::FloatExtreme},
    {F_MIN_NUMERIC, Aggregate::LeastNumeric, Final::NumericExtreme},
    {F_MAX_INT2, Aggregate::Greatest, Final::Extreme},
    {F_MAX_INT4, Aggregate::Greatest, Final::Extreme},
    {F_MAX_INT8, Aggregate::Greatest, Final::Extreme},
    {F_MAX_DATE, Aggregate::Greatest, Final::Extreme},
    {F_MAX_TIMESTAMP, Aggregate::Greatest, Final::Extreme},
    {F_MAX_TIMESTAMPTZ, Aggregate::Greatest, Final::Extreme},
    {F_MAX_TEXT, Aggregate::Greatest, Final::Extreme},
    {F_MAX_FLOAT8, Aggregate::GreatestFloat, Final::FloatExtreme},
    {F_MAX_NUMERIC, Aggregate::GreatestNumeric, Final::NumericExtreme},
    {F_BOOL_AND, Aggregate::Least, Final::Extreme},
    {F_EVERY, Aggregate::Least, Final::Extreme},
    {F_BOOL_OR, Aggregate::Greatest, Final::Extreme},
    {F_STDDEV_POP_FLOAT8, Aggregate::DeviationOfAll, Final::Deviation, true},
    {F_STDDEV_SAMP_FLOAT8, Aggregate::DeviationOfSample, Final::Deviation, true},
    {F_STDDEV_FLOAT8, Aggregate::DeviationOfSample, Final::Deviation, true},
    {F_VAR_POP_FLOAT8, Aggregate::DeviationOfAll, Final::Variance, true},
    {F_VAR_SAMP_FLOAT8, Aggregate::DeviationOfSample, Final::Variance, true},
    {F_VARIANCE_FLOAT8, Aggregate::DeviationOfSample, Final::Variance, true},
};

const AggregateRow *row_of(Oid function) {
    for (const AggregateRow &row : kAggregates)
        if (row.function == function)
            return &row;
    return nullptr;
}

bool fail(Grouping *grouping, const char *reason) {
    grouping->lowering->reason = reason;
    return false;
}

bool add_output(Grouping *grouping, Expr *expression, Index reference, Final final, int number, int shown = -1) {
    grouping->plan->outputs = lappend_int(grouping->plan->outputs, static_cast<int>(final));
    grouping->plan->outputs = lappend_int(grouping->plan->outputs, number);
    grouping->plan->outputs = lappend_int(grouping->plan->outputs, shown);
    add_column_to_pathtarget(grouping->target, expression, reference);
    return true;
}

bool compares_by_default(Oid equality, Oid type) {
    return equality == lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;
}

// Digits behind the point of the values of a numeric argument: how many, and how many are shown, negative where each
// value has its own. False where they are not known to be the same on both sides.
bool scale_of_argument(const Grouping *grouping, uint32_t root, int *scale, int *shown) {
    const mql::Node &node = grouping->lowering->filter.nodes[root];
    if (node.kind != NodeKind::ColumnValue) {
        *scale = *shown = node.digits.scale;
        return node.digits.known;
    }
    const mql::FitColumn *fit = grouping->lowering->columns[node.column].fit;
    *shown = fit->precision > 0 ? fit->scale : -1;
    *scale = fit->precision > 0 ? fit->scale : kUnknownScale;
    return true;
}

bool add_key(Grouping *grouping, Expr *expression, SortGroupClause *clause, Index reference) {
    Oid type = exprType(reinterpret_cast<Node *>(expression));
    // The planner would take such a parameter of the scan for the scan's own column.
    if (!depends_on_row(grouping->lowering, expression))
        return fail(grouping, "a key is the same for all rows");
    if (!compares_by_default(clause->eqop, type))
        return fail(grouping, "the groups are made by another equality than the type's own");
    Oid collation = exprCollation(reinterpret_cast<Node *>(expression));
    if (OidIsValid(collation) && !get_collation_isdeterministic(collation))
        return fail(grouping, "a collation is not deterministic");
    uint32_t root = lower_to_filter(grouping->lowering, expression);
    if (root == kNone)
        return false;
    const mql::Node &node = grouping->lowering->filter.nodes[root];
    if (node.family == Family::Interval)
        return fail(grouping, "groups by an interval are made here");
    int shown = -1;
    if (node.family == Family::Numeric && node.kind != NodeKind::ColumnValue) {
        if (!node.digits.known || node.digits.scale != 0)
            return fail(grouping, "the digits of the numeric are not known");
        shown = 0;
    }
    if (may_spare_errors(grouping->lowering, root))
        return fail(grouping, "a value that is left unread could be one that raises");
    grouping->plan->keys = lappend_int(grouping->plan->keys, static_cast<int>(root));
    return add_output(grouping, expression, reference, Final::Key, list_length(grouping->plan->keys) - 1, shown);
}

// From 1; the same for the same values.
int number_of_distinct(Grouping *grouping, Expr *argument, Expr *filter) {
    List *values = list_make2(argument, filter);
    ListCell *cell;
    foreach (cell, grouping->distinct)
        if (equal(lfirst(cell), values))
            return foreach_current_index(cell) + 1;
    grouping->distinct = lappend(grouping->distinct, values);
    return list_length(grouping->distinct);
}

bool add_aggregate(Grouping *grouping, Aggref *call) {
    Lowering *lowering = grouping->lowering;
    const AggregateRow *row = row_of(call->aggfnoid);
    if (!row)
        return fail(grouping, psprintf("aggregate %s has no rule", format_procedure(call->aggfnoid)));
    if (call->aggsplit != AGGSPLIT_SIMPLE || call->aggorder != NIL || call->aggdirectargs != NIL || call->aggvariadic ||
        call->agglevelsup > 0)
        return fail(grouping, "an aggregate with ORDER BY has no rule");
    if (row->of_floats && !enable_float_aggregates)
        return fail(grouping, "mongo_fdw_cpp.enable_float_aggregates is off");
    Aggregate aggregate = row->aggregate;
    uint32_t argument = kNone, filter = kNone;
    int scale = 0, shown = -1;
    Expr *expression = nullptr;
    if (call->args != NIL) {
        expression = linitial_node(TargetEntry, call->args)->expr;
        lowering->sortable_singles = aggregate == Aggregate::CountValues && call->aggdistinct == NIL;
        argument = lower_to_filter(lowering, expression);
        lowering->sortable_singles = false;
        if (argument == kNone)
            return false;
        if (may_spare_errors(lowering, argument, call->aggfilter != nullptr))
            return fail(grouping, "a value that is left unread could be one that raises");
    }
    // The aggregates over Booleans have no collation of their own, whatever their conditions compare.
    bool by_order = row->final == Final::Extreme && exprType(reinterpret_cast<Node *>(expression)) == TEXTOID;
    if (const char *reason = by_order ? byte_order_wanted(call->inputcollid) : nullptr)
        return fail(grouping, reason);
    bool digits =
        row->final == Final::NumericSum || row->final == Final::NumericAverage || row->final == Final::NumericExtreme;
    if (digits && !scale_of_argument(grouping, argument, &scale, &shown))
        return fail(grouping, "the digits of the numeric are not known");
    int distinct = 0;
    if (call->aggdistinct != NIL && row->final != Final::Extreme && row->final != Final::FloatExtreme) {
        SortGroupClause *clause = linitial_node(SortGroupClause, call->aggdistinct);
        Oid type = exprType(reinterpret_cast<Node *>(expression));
        Oid collation = exprCollation(reinterpret_cast<Node *>(expression));
        if (digits || aggregate == Aggregate::DeviationOfAll || aggregate == Aggregate::DeviationOfSample)
            return fail(grouping, "this aggregate over DISTINCT values has no rule");
        if (!compares_by_default(clause->eqop, type) ||
            (OidIsValid(collation) && !get_collation_isdeterministic(collation)))
            return fail(grouping, "DISTINCT compares otherwise than the server");
        distinct = number_of_distinct(grouping, expression, call->aggfilter);
    }
    if (call->aggfilter) {
        filter = lower_to_filter(lowering, call->aggfilter);
        if (filter == kNone)
            return false;
        if (may_spare_errors(lowering, filter))
            return fail(grouping, "a value that is left unread could be one that raises");
        if (aggregate == Aggregate::Count)
            aggregate = Aggregate::CountValues; // of the ones that stand for the rows
    }
    grouping->deviates = grouping->deviates || row->final == Final::Deviation || row->final == Final::Variance;
    lowering->used = lappend_oid(lowering->used, call->aggfnoid);
    List *accumulators = grouping->plan->accumulators;
    int number = list_length(accumulators) / kAccumulatorFields;
    accumulators = lappend_int(accumulators, static_cast<int>(aggregate));
    accumulators = lappend_int(accumulators, distinct);
    accumulators =
        lappend_int(accumulators, row->final == Final::Count || row->final == Final::IntegerAverage ||
                                      row->final == Final::NumericAverage || row->final == Final::FloatAverage);
    accumulators = lappend_int(accumulators, static_cast<int>(argument));
    accumulators = lappend_int(accumulators, static_cast<int>(filter));
    accumulators = lappend_int(accumulators, scale);
    grouping->plan->accumulators = accumulators;
    return add_output(grouping, reinterpret_cast<Expr *>(call), 0, row->final, number, shown);
}

// What an expression over groups is made of: aggregates, and keys.
bool add_parts(Grouping *grouping, Node *expression) {
    ListCell *cell;
    foreach (cell, pull_var_clause(expression, PVC_INCLUDE_AGGREGATES | PVC_RECURSE_PLACEHOLDERS)) {
        Node *part = static_cast<Node *>(lfirst(cell));
        if (list_member(grouping->target->exprs, part))
            continue;
        if (!IsA(part, Aggref))
            return fail(grouping, "it reads a column that is no key of the groups");
        if (!add_aggregate(grouping, reinterpret_cast<Aggref *>(part)))
            return false;
    }
    return true;
}

// Conditions of which the server may be unsure for some documents: where it is, the local plan runs.
bool add_doubts(Grouping *grouping, List *conditions) {
    ListCell *cell;
    foreach (cell, conditions) {
        uint32_t root = lower_to_filter(grouping->lowering, static_cast<Expr *>(lfirst(cell)));
        if (root == kNone)
            return false;
        grouping->plan->doubts = lappend_int(grouping->plan->doubts, static_cast<int>(root));
    }
    return true;
}

bool add_target(Grouping *grouping, PlannerInfo *root, PathTarget *target, bool distinct) {
    List *clauses = distinct ? root->parse->distinctClause : root->parse->groupClause;
    // Keys first: what is made of them is found among them.
    ListCell *cell;
    int i = 0;
    foreach (cell, target->exprs) {
        Index reference = get_pathtarget_sortgroupref(target, i++);
        SortGroupClause *clause = reference ? get_sortgroupref_clause_noerr(reference, clauses) : nullptr;
        if (clause && !add_key(grouping, static_cast<Expr *>(lfirst(cell)), clause, reference))
            return false;
        if (!clause && distinct)
            return fail(grouping, "DISTINCT over more than its columns");
    }
    if (list_length(grouping->plan->keys) < list_length(clauses) && !distinct)
        return fail(grouping, "a key of the groups is not in the target list");
    i = 0;
    foreach (cell, target->exprs) {
        Index reference = get_pathtarget_sortgroupref(target, i++);
        if (reference && get_sortgroupref_clause_noerr(reference, clauses))
            continue;
        if (!add_parts(grouping, static_cast<Node *>(lfirst(cell))))
            return false;
    }
    return true;
}

// Whether an output is an exact number of which the server has the very value.
bool compares_there(const Grouping *grouping, int output) {
    const ScanPlan *plan = grouping->plan;
    int at = output * kOutputFields;
    switch (static_cast<Final>(list_nth_int(plan->outputs, at))) {
    case Final::Count:
    case Final::IntegerSum:
    case Final::WideSum:
    case Final::NumericSum:
        return true;
    case Final::Extreme: {
        int accumulator = list_nth_int(plan->outputs, at + 1) * kAccumulatorFields;
        return grouping->lowering->filter.nodes[list_nth_int(plan->accumulators, accumulator + 3)].family ==
               Family::Int;
    }
    default:
        return false;
    }
}

// Comparisons of HAVING that the server can make, so that fewer groups travel; all are checked here.
void add_having(Grouping *grouping, List *conditions) {
    if (grouping->plan->keys == NIL) // then there is a group of no rows
        return;
    ListCell *cell;
    foreach (cell, conditions) {
        Node *condition = static_cast<Node *>(lfirst(cell));
        if (!IsA(condition, OpExpr) || list_length(reinterpret_cast<OpExpr *>(condition)->args) != 2)
            continue;
        OpExpr *comparison = reinterpret_cast<OpExpr *>(condition);
        std::optional<Rule> rule =
            find_rule(comparison->opfuncid ? comparison->opfuncid : get_opcode(comparison->opno));
        if (!rule || rule->kind != NodeKind::Compare || rule->day ||
            (rule->family != Family::Int && rule->family != Family::Numeric))
            continue;
        Node *left = static_cast<Node *>(linitial(comparison->args)),
             *right = static_cast<Node *>(lsecond(comparison->args));
        bool swapped = !IsA(left, Aggref);
        Node *aggregate = swapped ? right : left, *with = swapped ? left : right;
        int at = 0;
        ListCell *output;
        foreach (output, grouping->target->exprs) {
            if (equal(lfirst(output), aggregate))
                break;
            at++;
        }
        if (!IsA(aggregate, Aggref) || !output || contain_agg_clause(with) ||
            !fixed_for_scan(grouping->lowering, reinterpret_cast<Expr *>(with)))
            continue;
        ScanPlan *plan = grouping->plan;
        if (!compares_there(grouping, at))
            continue;
        uint32_t value = lower_to_filter(grouping->lowering, reinterpret_cast<Expr *>(with));
        if (value == kNone)
            continue;
        plan->having = lappend_int(plan->having, list_nth_int(plan->outputs, at * kOutputFields + 1));
        plan->having = lappend_int(plan->having, static_cast<int>(swapped ? mql::commuted(rule->op) : rule->op));
        plan->having = lappend_int(plan->having, static_cast<int>(value));
    }
    grouping->info->having_whole = list_length(grouping->plan->having) == list_length(conditions) * kHavingFields;
}

} // namespace

void add_group_path(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output, PathTarget *target, Node *having,
                    bool distinct) {
    RelationInfo *below = static_cast<RelationInfo *>(input->fdw_private);
    if (below->base != input || below->written || !bms_is_empty(input->lateral_relids) || root->parse->rowMarks ||
        contain_volatile_functions(having))
        return; // HAVING is evaluated twice where the outer plan runs
    if (!enable_aggregate_pushdown || !below->table->aggregate_pushdown ||
        !edb_allows("mongo_fdw.enable_aggregate_pushdown"))
        return note_local(below, "aggregates", "push-down is switched off");
    if (joins_hide_errors(below))
        return note_local(below, "aggregates", "rows without a partner are read here, for values that do not fit");
    if (below->table->optional_count > 0)
        return note_local(below, "aggregates", "rows without a partner are made here");
    if (!server_unwinds(below->table))
        return note_local(below, "aggregates",
                          "arrays inside arrays or documents, maps, and scalars for arrays, are unwound here");
    Grouping grouping{};
    grouping.info = copied(below);
    grouping.lowering = lowering_for(below);
    grouping.lowering->guarded = true;
    grouping.plan = static_cast<ScanPlan *>(palloc0(sizeof(ScanPlan)));
    grouping.target = create_empty_pathtarget();
    List *exact = NIL, *local = NIL;
    lower_scan(grouping.lowering, below, grouping.plan, &exact, &local);
    grouping.lowering->unwound = below->table->unwind_levels > 0;
    const char *part = distinct ? "DISTINCT" : root->parse->groupClause ? "GROUP BY" : "aggregates";
    if (!add_doubts(&grouping, local))
        return note_local(below, part, "a condition is checked here");
    if (!add_target(&grouping, root, target, distinct) || (having && !add_parts(&grouping, having)))
        return note_local(below, part, grouping.lowering->reason);
    add_having(&grouping, reinterpret_cast<List *>(having));
    if (grouping.plan->outputs == NIL || (grouping.distinct != NIL && grouping.deviates))
        return;
    set_pathtarget_cost_width(root, grouping.target);
    // The node would run PostgreSQL's own plan inside, without what may be planned around that one: parallel workers.
    if (group_level(below->table->relation, grouping.lowering->filter) == GroupLevel::Local)
        return note_local(below, part, "the server was in doubt a short while ago");
    Path *fallback = copied_local_path(output, grouping.target);
    if (!fallback)
        return;
    RelationInfo *info = grouping.info;
    info->group = grouping.plan;
    info->values = grouping.lowering;
    info->group_target = grouping.target;
    info->having = having ? reinterpret_cast<List *>(having) : NIL;
    output->fdw_private = info;
    double rows = sent_documents(info), groups = fallback->rows;
    double made = clamp_row_est(groups / clauselist_selectivity(root, info->having, 0, JOIN_INNER, nullptr));
    ScanCost cost = scan_cost(info, input);
    Cost proof = cost_of_proof(made);
    Cost making =
        cost.startup + filter_cost(info, rows, info->examined) + (grouping.plan->keys ? cost_of_groups(made) : 0);
    info->group_fallback = fallback;
    info->group_cost = {groups, making + rows * cost_of_row(&grouping, true) + proof, cost.per_row};
    Cost row = cost_of_row(&grouping, false);
    drop_dear_having(&grouping, &row, rows, proof, (made - groups) * cost.per_row);
    bool leaves_out = grouping.plan->having != NIL;
    Cost total = making + rows * row + (leaves_out ? proof + groups * cost.per_row : made * cost.per_row);
    Path *path =
        reinterpret_cast<Path *>(make_foreign_upper_path(root, output, target, groups, total, total, NIL, fallback));
    add_path(output, path);
    if (!list_member_ptr(output->pathlist, path))
        note_local(below, part, "the planner expects it to be faster here");
}

void for_each_aggregate(void (*visit)(void *argument, Oid function, bool of_floats), void *argument) {
    for (const AggregateRow &row : kAggregates)
        visit(argument, row.function, row.of_floats);
}

ForeignScan *plan_group(PlannerInfo *root, RelationInfo *info, ForeignPath *, List *target_list, Plan *outer_plan) {
    ScanPlan *plan = info->group;
    plan->relations = relations_of(info);
    plan->transacts = info->table->transactional && writes_to_server(root, info->table->server);
    plan->as = info->as;
    plan->notes = info->notes;
    plan->filter = info->values->filter;
    count_uses(info->values->used);
    plan->parameter_count = list_length(info->values->parameters);
    plan->limit = plan->offset = plan->given_keys = -1;
    List *expressions = info->values->parameters;
    if (info->first_groups)
        expressions = add_limit(root->parse, expressions, plan);
    count_forms(*plan);
    return make_foreignscan(target_list, info->having, 0, expressions, encode_scan_plan(*plan),
                            make_tlist_from_pathtarget(info->group_target), NIL, outer_plan);
}

} // namespace mongo_fdw
