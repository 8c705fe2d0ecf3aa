// Base relations: sizes, paths, plans. Zone B.
//
// Every clause gets a verdict. Exact ones leave the local quals and are kept for rechecks (EvalPlanQual, and scans that
// find at execution that they cannot send them); supersets are sent and checked again here.
#include "plan/paths.hpp"

#include "connect/connect.hpp"
#include "plan/facts.hpp"
#include "plan/private.hpp"

namespace mongo_fdw {

bool enable_pushdown = true;
bool enable_filter_pushdown = true;
bool enable_limit_pushdown = true;

namespace {

struct RelationInfo {
    TableOptions *table;
    Lowering *lowering; // of the classification of restriction clauses
    double documents;
    Selectivity remote_selectivity;
    List *remote_clauses; // RestrictInfos that are sent, for estimates
    bool all_exact;       // no clause is checked here
    RelOptInfo *base;     // the foreign table; another relation than the one that holds this: LIMIT over it is sent too
};

bool filters_allowed() { return enable_pushdown && enable_filter_pushdown; }

// guarded: as exact as can be said, though it costs more there; see mql::truth_filter.
mql::Verdict verdict_of(Lowering *lowering, Expr *clause, bool guarded = false) {
    mql::Verdict verdict = mql::Verdict::Local;
    lowering->guarded = guarded;
    if (filters_allowed())
        lower_clause(lowering, clause, &verdict);
    return verdict;
}

// One document costs its share of the network and of decoding; a scan costs a round trip at least.
void estimate(const RelationInfo *info, RelOptInfo *rel, double remote_rows, Cost *startup, Cost *total) {
    double width = Max(rel->reltarget->width, 1);
    Cost per_document = info->table->tuple_cost + cpu_tuple_cost + width * cpu_operator_cost / 64;
    *startup = info->table->startup_cost + rel->baserestrictcost.startup;
    *total = *startup + remote_rows * (per_document + rel->baserestrictcost.per_tuple) +
             info->documents * cpu_operator_cost * (remote_rows < info->documents ? 0.25 : 0);
}

struct JoinClauseSearch {
    Expr *current;
    List *already_used;
};

bool is_wanted_member(PlannerInfo *, RelOptInfo *rel, EquivalenceClass *, EquivalenceMember *member, void *argument) {
    JoinClauseSearch *search = static_cast<JoinClauseSearch *>(argument);
    Expr *expression = member->em_expr;
    (void)rel;
    if (search->current)
        return equal(expression, search->current);
    if (list_member(search->already_used, expression))
        return false;
    search->current = expression;
    return true;
}

// Clauses that compare a column with a column of another relation become filters whose parameter the outer side gives.
void add_parameterized_paths(PlannerInfo *root, RelOptInfo *rel, RelationInfo *info) {
    List *infos = NIL;
    ListCell *cell;
    auto consider = [&](RestrictInfo *clause) {
        if (!join_clause_is_movable_to(clause, rel) ||
            verdict_of(info->lowering, clause->clause) == mql::Verdict::Local)
            return;
        Relids outer = bms_union(clause->clause_relids, rel->lateral_relids);
        outer = bms_del_member(outer, rel->relid);
        if (!bms_is_empty(outer))
            infos = list_append_unique_ptr(infos, get_baserel_parampathinfo(root, rel, outer));
    };
    foreach (cell, rel->joininfo)
        consider(lfirst_node(RestrictInfo, cell));
    if (rel->has_eclass_joins) {
        JoinClauseSearch search{nullptr, NIL};
        for (;;) {
            search.current = nullptr;
            List *clauses =
                generate_implied_equalities_for_column(root, rel, is_wanted_member, &search, rel->lateral_referencers);
            if (!search.current)
                break;
            foreach (cell, clauses)
                consider(lfirst_node(RestrictInfo, cell));
            search.already_used = lappend(search.already_used, search.current);
        }
    }
    foreach (cell, infos) {
        ParamPathInfo *param = static_cast<ParamPathInfo *>(lfirst(cell));
        List *sent = NIL;
        ListCell *inner;
        foreach (inner, param->ppi_clauses)
            if (verdict_of(info->lowering, lfirst_node(RestrictInfo, inner)->clause) != mql::Verdict::Local)
                sent = lappend(sent, lfirst(inner));
        Selectivity selectivity = clauselist_selectivity(root, sent, rel->relid, JOIN_INNER, nullptr);
        double rows = clamp_row_est(info->documents * info->remote_selectivity * selectivity);
        Cost startup, total;
        estimate(info, rel, rows, &startup, &total);
        add_path(rel, reinterpret_cast<Path *>(make_foreignscan_path(root, rel, param->ppi_rows, startup, total, NIL,
                                                                     param->ppi_req_outer, nullptr, NIL)));
    }
}

List *attribute_numbers(Bitmapset *attributes, const TableOptions *table) {
    List *numbers = NIL;
    bool whole_row = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, attributes);
    for (int i = 0; i < table->column_count; i++)
        if (!table->columns[i].dropped &&
            (whole_row || bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber, attributes)))
            numbers = lappend_int(numbers, i + 1);
    return numbers;
}

// True when the rows of this scan are exactly those that LIMIT counts.
bool limit_applies(const Query *query, const RelationInfo *info) {
    auto is_plain = [](Node *expression) {
        return !expression || (!contain_volatile_functions(expression) && !contain_subplans(expression));
    };
    return enable_pushdown && enable_limit_pushdown && info->all_exact && info->table->unwind_levels == 0 &&
           query->commandType == CMD_SELECT && query->limitOption == LIMIT_OPTION_COUNT && !query->sortClause &&
           !query->groupClause && !query->groupingSets && !query->hasAggs && !query->hasWindowFuncs &&
           !query->hasTargetSRFs && !query->distinctClause && !query->setOperations && !query->rowMarks &&
           !query->havingQual && is_plain(query->limitCount) && is_plain(query->limitOffset);
}

// The columns that a scan tuple needs to give the target and to check the clauses; NIL with *whole set where a whole
// row or a system column is among them.
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

} // namespace

extern "C" void mongoGetForeignRelSize(PlannerInfo *root, RelOptInfo *rel, Oid relation) {
    RelationInfo *info = static_cast<RelationInfo *>(palloc0(sizeof(RelationInfo)));
    rel->fdw_private = info;
    info->base = rel;
    info->table = read_table_options(relation);
    info->lowering = make_lowering(rel->relid, info->table);
    info->all_exact = true;
    ListCell *cell;
    foreach (cell, rel->baserestrictinfo) {
        RestrictInfo *clause = lfirst_node(RestrictInfo, cell);
        mql::Verdict verdict = verdict_of(info->lowering, clause->clause);
        if (verdict != mql::Verdict::Local)
            info->remote_clauses = lappend(info->remote_clauses, clause);
        info->all_exact = info->all_exact && (verdict == mql::Verdict::Exact ||
                                              verdict_of(info->lowering, clause->clause, true) == mql::Verdict::Exact);
    }
    info->documents = estimated_documents(root, rel, info->table);
    info->remote_selectivity = clauselist_selectivity(root, info->remote_clauses, rel->relid, JOIN_INNER, nullptr);
    rel->tuples = info->documents;
    set_baserel_size_estimates(root, rel);
}

extern "C" void mongoGetForeignPaths(PlannerInfo *root, RelOptInfo *rel, Oid) {
    RelationInfo *info = static_cast<RelationInfo *>(rel->fdw_private);
    Cost startup, total;
    estimate(info, rel, clamp_row_est(info->documents * info->remote_selectivity), &startup, &total);
    add_path(rel, reinterpret_cast<Path *>(make_foreignscan_path(root, rel, rel->rows, startup, total, NIL,
                                                                 rel->lateral_relids, nullptr, NIL)));
    add_parameterized_paths(root, rel, info);
}

// LIMIT and OFFSET over a scan whose every condition is exact.
extern "C" void mongoGetForeignUpperPaths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input,
                                          RelOptInfo *output, void *extra) {
    if (stage != UPPERREL_FINAL || input->reloptkind != RELOPT_BASEREL || !input->fdw_private || output->fdw_private)
        return;
    FinalPathExtraData *final = static_cast<FinalPathExtraData *>(extra);
    RelationInfo *base_info = static_cast<RelationInfo *>(input->fdw_private);
    PathTarget *target = root->upper_targets[UPPERREL_FINAL];
    bool whole;
    scan_columns(target->exprs, extract_actual_clauses(input->baserestrictinfo, false), &whole);
    if (!final->limit_needed || whole || !limit_applies(root->parse, base_info) || !bms_is_empty(input->lateral_relids))
        return;
    RelationInfo *info = static_cast<RelationInfo *>(palloc(sizeof(RelationInfo)));
    *info = *base_info;
    output->fdw_private = info;
    double rows = clamp_row_est(info->documents * info->remote_selectivity);
    Cost startup, total;
    estimate(info, input, rows, &startup, &total);
    double kept = rows;
    adjust_limit_rows_costs(&kept, &startup, &total, final->offset_est, final->count_est);
    // What the offset skips does not travel, and no node above is needed: always a little cheaper than a local LIMIT.
    total = startup + (total - startup) * 0.9;
    startup *= 0.9;
#if PG_VERSION_NUM >= 180000
    ForeignPath *path =
        create_foreign_upper_path(root, output, target, kept, 0, startup, total, NIL, nullptr, NIL, NIL);
#elif PG_VERSION_NUM >= 170000
    ForeignPath *path = create_foreign_upper_path(root, output, target, kept, startup, total, NIL, nullptr, NIL, NIL);
#else
    ForeignPath *path = create_foreign_upper_path(root, output, target, kept, startup, total, NIL, nullptr, NIL);
#endif
    add_path(output, reinterpret_cast<Path *>(path));
}

extern "C" ForeignScan *mongoGetForeignPlan(PlannerInfo *root, RelOptInfo *rel, Oid, ForeignPath *, List *target_list,
                                            List *clauses, Plan *outer_plan) {
    RelationInfo *info = static_cast<RelationInfo *>(rel->fdw_private);
    bool with_limit = rel != info->base;
    if (with_limit) // an upper relation has no clauses of its own
        clauses = info->base->baserestrictinfo;
    Index scan_relation = info->base->relid;
    Lowering *lowering = make_lowering(scan_relation, info->table);
    lowering->guarded = with_limit;
    ScanPlan plan{};
    plan.relation = info->table->relation;
    List *local = NIL, *rechecked = NIL;
    ListCell *cell;
    foreach (cell, clauses) {
        RestrictInfo *clause = lfirst_node(RestrictInfo, cell);
        if (clause->pseudoconstant)
            continue;
        mql::Verdict verdict = mql::Verdict::Local;
        uint32_t clause_root = filters_allowed() ? lower_clause(lowering, clause->clause, &verdict) : mql::kNone;
        if (verdict != mql::Verdict::Local)
            plan.roots = lappend_int(plan.roots, static_cast<int>(clause_root));
        if (verdict == mql::Verdict::Exact) {
            rechecked = lappend(rechecked, clause->clause);
            continue;
        }
        local = lappend(local, clause->clause);
        const char *reason = verdict == mql::Verdict::Superset ? "sent as well, checked again here"
                             : !filters_allowed()              ? "push-down is switched off"
                                                               : lowering->reason;
        plan.reasons = lappend(plan.reasons, makeString(pstrdup(reason ? reason : "it has no rule")));
    }
    List *target = with_limit ? root->upper_targets[UPPERREL_FINAL]->exprs : rel->reltarget->exprs;
    Bitmapset *needed = nullptr, *needed_recheck = nullptr;
    pull_varattnos(reinterpret_cast<Node *>(target), scan_relation, &needed);
    pull_varattnos(reinterpret_cast<Node *>(local), scan_relation, &needed);
    pull_varattnos(reinterpret_cast<Node *>(rechecked), scan_relation, &needed_recheck);
    plan.needed = attribute_numbers(needed, info->table);
    plan.needed_recheck = attribute_numbers(needed_recheck, info->table);
    plan.filter = lowering->filter;
    plan.parameter_count = list_length(lowering->parameters);
    plan.limit = plan.offset = -1;
    List *expressions = lowering->parameters, *scan_target_list = NIL;
    if (with_limit) {
        bool whole;
        List *columns = scan_columns(target, rechecked, &whole);
        scan_target_list = add_to_flat_tlist(NIL, columns);
        ListCell *column;
        foreach (column, columns)
            plan.targets = lappend_int(plan.targets, lfirst_node(Var, column)->varattno);
        auto add_expression = [&expressions](Node *expression) {
            if (!expression)
                return -1;
            expressions = lappend(expressions, expression);
            return list_length(expressions) - 1;
        };
        plan.limit = add_expression(root->parse->limitCount);
        plan.offset = add_expression(root->parse->limitOffset);
    }
    return make_foreignscan(target_list, local, with_limit ? 0 : scan_relation, expressions, encode_scan_plan(plan),
                            scan_target_list, rechecked, outer_plan);
}

} // namespace mongo_fdw
