// Base relations: sizes and paths. Zone B.
#include "plan/paths.hpp"

#include "connect/connect.hpp"
#include "plan/estimate.hpp"
#include "plan/facts.hpp"
#include "plan/joins.hpp"
#include "plan/relation.hpp"
#include "plan/rules.hpp"
#include "plan/targets.hpp"
#include "plan/upper.hpp"
#include "plan/system_columns.hpp"

namespace mongo_fdw {

bool enable_pushdown = true;
bool enable_filter_pushdown = true;
bool enable_limit_pushdown = true;
bool enable_order_by_pushdown = true;
bool enable_aggregate_pushdown = true;
bool enable_float_aggregates = true;
bool enable_join_pushdown = true;
bool enable_key_joins = true;

bool filters_allowed() { return enable_pushdown && enable_filter_pushdown; }

bool joins_allowed(const TableOptions *table) {
    return filters_allowed() && enable_join_pushdown && table->join_pushdown &&
           edb_allows("mongo_fdw.enable_join_pushdown");
}

// Bytes of a row on their way: a document, or what of it is asked for.
static double row_bytes(const RelationInfo *info, RelOptInfo *rel) {
    constexpr double kFrame = 20, kField = 10; // of a document, and of a field beside its value
    double asked = kFrame + rel->reltarget->width + kField * list_length(rel->reltarget->exprs);
    double whole = average_size(info->table, info->user);
    return whole > 0 ? Min(asked, whole) : asked;
}

// One document costs its share of the network, of the batches' round trips and of decoding; a scan costs a round trip
// at least. What the server does with a document that it does not send is cheaper, unless it has to find it by an
// index.
ScanCost scan_cost(const RelationInfo *info, RelOptInfo *rel) {
    double width = Max(rel->reltarget->width, 1);
    ScanCost cost;
    cost.startup = info->table->startup_cost + info->joining + rel->baserestrictcost.startup;
    cost.per_row = info->table->tuple_cost + cpu_tuple_cost + width * cpu_operator_cost / 64 +
                   info->table->round_trip_cost * row_bytes(info, rel) / Max(info->table->fetch_bytes, 1);
    return cost;
}

Cost look_cost(const RelationInfo *info, double examined) {
    constexpr double kLook = 0.1, kFind = 6; // parts of what it costs to send a document
    bool found = examined < info->documents;
    return Min(examined * (found ? kFind : kLook), info->documents * kLook) *
           (info->table->tuple_cost + cpu_tuple_cost);
}

namespace {

// guarded: as exact as can be said, though it costs more there; see mql::truth_filter.
mql::Verdict verdict_of(const RelationInfo *info, Expr *clause, bool guarded = false) {
    mql::Verdict verdict = mql::Verdict::Local;
    if (filters_allowed()) {
        Lowering *lowering = trial_lowering(info);
        lowering->guarded = guarded;
        lower_clause(lowering, clause, &verdict);
    }
    return verdict;
}

void estimate(const RelationInfo *info, RelOptInfo *rel, double remote_rows, double examined, Cost *startup,
              Cost *total) {
    ScanCost cost = scan_cost(info, rel);
    *startup = cost.startup;
    *total = *startup + filter_cost(info, remote_rows, examined) +
             remote_rows * (cost.per_row + rel->baserestrictcost.per_tuple);
}

// The column that an index could find the rows of a clause by, one value of it where asked for; -1: none.
int column_found_by(const RelationInfo *info, Expr *clause, bool one_value = false) {
    mql::Verdict verdict;
    Lowering *lowering = trial_lowering(info);
    uint32_t root = filters_allowed() ? lower_clause(lowering, clause, &verdict) : mql::kNone;
    if (root == mql::kNone)
        return -1;
    const mql::Node &node = lowering->filter.nodes[root];
    if (one_value)
        return node.kind == mql::NodeKind::Compare && node.op == mql::Op::Eq ? node.column : -1;
    bool found = node.kind == mql::NodeKind::In || (node.kind == mql::NodeKind::Compare && node.op != mql::Op::Ne) ||
                 (node.kind == mql::NodeKind::Like && node.op != mql::Op::Le && node.op != mql::Op::Lt);
    return found ? node.column : -1;
}

// Documents that the server looks at for clauses: all, or those that the best of their indexes finds.
double examined_documents(PlannerInfo *root, const RelationInfo *info, List *clauses) {
    int count = Max(info->table->column_count, 1);
    List **by_column = static_cast<List **>(palloc0(sizeof(List *) * count));
    ListCell *cell;
    foreach (cell, clauses) {
        int column = column_found_by(info, lfirst_node(RestrictInfo, cell)->clause);
        if (column >= 0)
            by_column[column] = lappend(by_column[column], lfirst(cell));
    }
    double examined = info->documents;
    for (int column = 0; column < info->table->column_count; column++) {
        if (by_column[column] == NIL ||
            indexed_by(info->table, info->user, info->lowering->columns[column].path) == Indexed::No)
            continue;
        double documents =
            info->documents * clauselist_selectivity(root, by_column[column], info->base->relid, JOIN_INNER, nullptr);
        examined = Min(examined, clamp_row_est(documents));
    }
    return examined;
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
        if (!join_clause_is_movable_to(clause, rel) || verdict_of(info, clause->clause) == mql::Verdict::Local)
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
            if (verdict_of(info, lfirst_node(RestrictInfo, inner)->clause) != mql::Verdict::Local)
                sent = lappend(sent, lfirst(inner));
        Selectivity selectivity = clauselist_selectivity(root, sent, rel->relid, JOIN_INNER, nullptr);
        double rows = clamp_row_est(info->documents * info->remote_selectivity * selectivity);
        Cost startup, total;
        double examined = examined_documents(root, info, list_concat_copy(info->remote_clauses, sent));
        estimate(info, rel, rows, examined, &startup, &total);
        add_path(rel, reinterpret_cast<Path *>(make_foreignscan_path(root, rel, param->ppi_rows, startup, total, NIL,
                                                                     param->ppi_req_outer, nullptr, NIL)));
    }
}

// Whether the server should sort all of these documents: few ones, or those that an index gives in order. A server
// sorts on disk beyond 100 MB, and much slower than it is done here: 105 s against 6 s for a million documents.
bool sorts_well(const RelationInfo *info, const Lowering *lowering, uint32_t first_key) {
    constexpr double kFewDocuments = 50000;
    if (sent_documents(info) <= kFewDocuments)
        return true;
    const mql::Node &key = lowering->filter.nodes[first_key];
    return key.kind == mql::NodeKind::ColumnValue &&
           indexed_by(info->table, info->user, lowering->columns[key.column].path) != Indexed::No;
}

// A base relation's paths in the order that the query asks for.
void add_sorted_path(PlannerInfo *root, RelOptInfo *rel, RelationInfo *info) {
    const char *reason = nullptr;
    List *pathkeys = root->query_pathkeys;
    if (pathkeys == NIL)
        return;
    Lowering *lowering = trial_lowering(info);
    List *sort_list = lower_pathkeys(rel, info, lowering, pathkeys, true, false, &reason);
    if (list_length(sort_list) < list_length(pathkeys) * kSortFields) { // an incremental sort above does the rest
        lowering = trial_lowering(info);
        sort_list = lower_pathkeys(rel, info, lowering, pathkeys, false, false, &reason);
    }
    if (sort_list == NIL || !sorts_well(info, lowering, linitial_int(sort_list)))
        return;
    pathkeys = list_truncate(list_copy(pathkeys), list_length(sort_list) / kSortFields);
    double rows = sent_documents(info);
    Cost startup, total;
    estimate(info, rel, rows, info->examined, &startup, &total);
    Cost sort = rows * (Max(log2(Max(rows, 2)), 1) * cpu_operator_cost + sort_cost(sort_list));
    Cost look = filter_cost(info, rows, info->examined); // before the first row
    add_path(rel,
             reinterpret_cast<Path *>(make_foreignscan_path(root, rel, rel->rows, startup + look + sort, total + sort,
                                                            pathkeys, rel->lateral_relids, nullptr, NIL)));
}

// The parameters that are values of subqueries, of this query and of those around it.
Bitmapset *subqueries_of(const PlannerInfo *root) {
    Bitmapset *parameters = nullptr;
    for (; root; root = root->parent_root) {
        ListCell *plan, *parameter;
        foreach (plan, root->init_plans)
            foreach (parameter, lfirst_node(SubPlan, plan)->setParam)
                parameters = bms_add_member(parameters, lfirst_int(parameter));
    }
    return parameters;
}

} // namespace

extern "C" void mongoGetForeignRelSize(PlannerInfo *root, RelOptInfo *rel, Oid relation) {
    refuse_system_columns(root, rel);
    RelationInfo *info = static_cast<RelationInfo *>(palloc0(sizeof(RelationInfo)));
    rel->fdw_private = info;
    info->base = rel;
    info->table = read_table_options(relation);
    info->members = static_cast<ScanMember *>(palloc(sizeof(ScanMember)));
    info->members[0] = {rel->relid, 0};
    info->member_count = 1;
    info->tables = list_make1(info->table);
    info->as = list_make1(nullptr);
    info->clauses = rel->baserestrictinfo;
    info->user = OidIsValid(rel->userid) ? rel->userid : GetUserId();
    info->written = is_written(root, info->table);
    info->subqueries = subqueries_of(root);
    info->lowering = lowering_for(info);
    ListCell *cell;
    foreach (cell, rel->baserestrictinfo) {
        RestrictInfo *clause = lfirst_node(RestrictInfo, cell);
        mql::Verdict verdict = verdict_of(info, clause->clause);
        if (verdict != mql::Verdict::Local)
            info->remote_clauses = lappend(info->remote_clauses, clause);
    }
    info->guessed = rel->tuples < 0;
    info->documents = estimated_documents(root, rel, info->table);
    info->remote_selectivity = clauselist_selectivity(root, info->remote_clauses, rel->relid, JOIN_INNER, nullptr);
    info->examined = info->documents;
    rel->tuples = info->documents;
    set_baserel_size_estimates(root, rel);
    Explained explained;
    info->explained = explain_conditions(root, info, &explained);
    if (info->explained) {
        info->examined = clamp_row_est(Min(explained.examined, info->documents));
        Selectivity estimated = info->remote_selectivity;
        info->remote_selectivity = Min(explained.documents / info->documents, 1.0);
        rel->rows = clamp_row_est(rel->rows / Max(estimated, 1e-10) * info->remote_selectivity);
    }
}

extern "C" void mongoGetForeignPaths(PlannerInfo *root, RelOptInfo *rel, Oid) {
    RelationInfo *info = static_cast<RelationInfo *>(rel->fdw_private);
    // Only a choice among joins asks for the indexes: every path of a single table examines the same documents.
    if (bms_membership(root->all_baserels) == BMS_MULTIPLE && !info->explained)
        info->examined = examined_documents(root, info, info->remote_clauses);
    Cost startup, total;
    estimate(info, rel, sent_documents(info), info->examined, &startup, &total);
    ForeignPath *path =
        make_foreignscan_path(root, rel, rel->rows, startup, total, NIL, rel->lateral_relids, nullptr, NIL);
    // A copy: the planner frees paths that lose, and gives those of the last relation another target.
    info->local = reinterpret_cast<Path *>(memcpy(palloc(sizeof(ForeignPath)), path, sizeof(ForeignPath)));
    add_path(rel, reinterpret_cast<Path *>(path));
    add_sorted_path(root, rel, info);
    if (!info->written)
        add_parameterized_paths(root, rel, info);
}

List *relations_of(const RelationInfo *info) {
    List *relations = NIL;
    ListCell *cell;
    foreach (cell, info->tables)
        relations = lappend_oid(relations, static_cast<TableOptions *>(lfirst(cell))->relation);
    return relations;
}

double most_sent_documents(const RelationInfo *info) {
    constexpr double kTenth = 0.1;
    if (!info->guessed || info->explained || info->remote_clauses == NIL)
        return sent_documents(info);
    ListCell *cell;
    foreach (cell, info->remote_clauses) {
        Expr *clause = lfirst_node(RestrictInfo, cell)->clause;
        int column = column_found_by(info, clause, true);
        if (column >= 0 && indexed_by(info->table, info->user, info->lowering->columns[column].path) == Indexed::Unique)
            return sent_documents(info);
    }
    return Max(sent_documents(info), clamp_row_est(info->documents * kTenth));
}

double documents_with_one(PlannerInfo *root, const RelationInfo *info, Expr *column, bool unique) {
    double distinct = unique && info->table->unwind_levels == 0
                          ? info->documents
                          : estimate_num_groups(root, list_make1(column), info->documents, nullptr, nullptr);
    return info->documents / Max(distinct, 1);
}

bool has_gates(List *clauses) {
    ListCell *cell;
    foreach (cell, clauses)
        if (lfirst_node(RestrictInfo, cell)->pseudoconstant)
            return true;
    return false;
}

static Size size_of_path(const Path *path) {
    switch (nodeTag(path)) {
    case T_NestPath:
        return sizeof(NestPath);
    case T_MergePath:
        return sizeof(MergePath);
    case T_HashPath:
        return sizeof(HashPath);
    case T_CustomPath:
        return sizeof(CustomPath);
    case T_AggPath:
        return sizeof(AggPath);
    case T_GroupPath:
        return sizeof(GroupPath);
    case T_UpperUniquePath: // its target list is that of the sort below it
        return sizeof(UpperUniquePath);
    default:
        return 0;
    }
}

Path *copied_local_path(RelOptInfo *rel, PathTarget *target) {
    Path *best = nullptr;
    ListCell *cell;
    foreach (cell, rel->pathlist) {
        Path *path = static_cast<Path *>(lfirst(cell));
        if (size_of_path(path) && !path->param_info && (!best || path->total_cost < best->total_cost))
            best = path;
    }
    if (!best)
        return nullptr;
    Path *copy = static_cast<Path *>(palloc(size_of_path(best)));
    memcpy(copy, best, size_of_path(best));
    copy->pathtarget = target;
    return copy;
}

Lowering *lowering_for(const RelationInfo *info) {
    Lowering *lowering = make_lowering(info->members, info->member_count, info->table, info->user);
    lowering->written = info->written;
    lowering->subqueries = info->subqueries;
    return lowering;
}

void note_local(RelationInfo *info, const char *part, const char *reason) {
    String *note = makeString(psprintf("%s: %s", part, reason ? reason : "it has no rule"));
    info->notes = list_append_unique(info->notes, note);
    RelationInfo *base = static_cast<RelationInfo *>(info->base->fdw_private); // what runs where this is not chosen
    if (base && base != info)
        base->notes = list_append_unique(base->notes, note);
}

Lowering *trial_lowering(const RelationInfo *info) {
    Lowering *lowering = static_cast<Lowering *>(palloc(sizeof(Lowering)));
    *lowering = *info->lowering;
    lowering->sql = lowering->filter = {};
    return lowering;
}

bool all_exact(const RelationInfo *info) {
    ListCell *cell;
    foreach (cell, info->clauses)
        if (verdict_of(info, lfirst_node(RestrictInfo, cell)->clause, true) != mql::Verdict::Exact)
            return false;
    return true;
}

} // namespace mongo_fdw
