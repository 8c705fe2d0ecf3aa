// Which joins the server makes, and at what cost. Zone B.
//
// The outer side is a scan that may join already, the inner side one table. Two tables over the same collection joined
// by _id read the same documents: they need no join at all. Everything else is a $lookup for each document.
#include "plan/joins.hpp"

#include "convert/fit.hpp"
#include "options/path.hpp"
#include "plan/facts.hpp"
#include "plan/features.hpp"
#include "plan/paths.hpp"

namespace mongo_fdw {
namespace {

using mql::JoinKind;
using mql::kNone;

constexpr double kSmall = 1000; // documents that a $lookup may read without an index

struct Attempt {
    PlannerInfo *root;
    RelOptInfo *joinrel;
    RelationInfo *left;
    RelationInfo *right;
    JoinType type;
    List *clauses;
};

// Not on top of rows that get their NULLs here, where an outer join finds no partner: what lies above must see them.
bool is_allowed(const RelationInfo *info) {
    return joins_allowed(info->table) && !info->sorted && !info->group && !info->written &&
           info->table->optional_count == 0;
}

bool kind_of(JoinType type, JoinKind *kind) {
    switch (type) {
    case JOIN_INNER:
        *kind = JoinKind::Inner;
        return true;
    case JOIN_LEFT:
        *kind = JoinKind::Left;
        return true;
    case JOIN_SEMI:
        *kind = JoinKind::Semi;
        return true;
    case JOIN_ANTI:
        *kind = JoinKind::Anti;
        return true;
    default:
        return false;
    }
}

// The columns of an equality between a column of either side; false for other clauses.
bool equal_columns(const Attempt &attempt, RestrictInfo *clause, int *left_column, int *right_column) {
    if (!clause->can_join || clause->mergeopfamilies == NIL)
        return false;
    List *arguments = castNode(OpExpr, clause->clause)->args;
    Expr *one = static_cast<Expr *>(linitial(arguments)), *other = static_cast<Expr *>(lsecond(arguments));
    Var *left = own_column(attempt.left->lowering, one), *right = own_column(attempt.right->lowering, other);
    if (!left || !right) {
        left = own_column(attempt.left->lowering, other);
        right = own_column(attempt.right->lowering, one);
    }
    if (!left || !right || left->varattno <= 0 || right->varattno <= 0)
        return false;
    *left_column = column_of(attempt.left->lowering, left);
    *right_column = column_of(attempt.right->lowering, right);
    return true;
}

bool is_id(const ColumnOptions &column) {
    return column.role == Role::Field && column.path.count == 1 && strcmp(column.path.keys[0], "_id") == 0;
}

// Types whose fitting values are equal exactly where the stored ones are: a decimal may equal a double, a text an
// ObjectId, two times of a day one date.
bool keeps_apart(const mql::Column &column) {
    switch (column.family) {
    case mql::Family::Int:
        return !column.bool_as_number && !column.uncertain;
    case mql::Family::ObjectId:
    case mql::Family::Uuid:
    case mql::Family::Timestamp:
        return !column.uncertain;
    default:
        return false;
    }
}

bool same_text(const char *a, const char *b) { return a == b || (a && b && strcmp(a, b) == 0); }

// Whether one command may read both tables.
bool reads_alike(const TableOptions *left, const TableOptions *right) {
    return same_text(left->read_concern, right->read_concern) &&
           same_text(left->read_preference, right->read_preference);
}

// True where two tables read the same documents and the clause pairs each with itself.
bool pairs_same_documents(const Attempt &attempt, int left_column, int right_column) {
    const TableOptions *left = attempt.left->table, *right = attempt.right->table;
    if (strcmp(left->collection, right->collection) != 0 || left->pipeline || right->pipeline ||
        (left->unwind_levels > 0 && right->unwind_levels > 0) || !reads_alike(left, right))
        return false;
    const ColumnOptions &a = left->columns[left_column], &b = right->columns[right_column];
    return !a.source && is_id(a) && is_id(b) && a.type == b.type && a.typmod == b.typmod && a.on_error == b.on_error &&
           keeps_apart(attempt.left->lowering->columns[left_column]) &&
           indexed_by(right, attempt.right->user, "_id") == Indexed::Unique; // views may repeat it
}

// Whether a column of a table can be read from the documents of the scan that joins it.
bool is_readable(const RelationInfo *info, const TableOptions *table, const ColumnOptions &column) {
    if (column.role == Role::Ord || column.role == Role::Ords)
        return !info->lookups;
    if (column.role != Role::Field)
        return false;
    // A column of the parent over the array itself would be taken for one of the element.
    for (int level = 0; level < info->table->unwind_levels; level++)
        if (table->unwind_levels == 0 && starts_with(column.path, info->table->unwind[level]))
            return false;
    return true;
}

// Whether all that is read of the joined rows are such columns.
bool reads_columns(const RelationInfo *info, List *expressions) {
    ListCell *cell;
    foreach (cell, pull_var_clause(reinterpret_cast<Node *>(expressions), PVC_RECURSE_PLACEHOLDERS)) {
        Var *var = lfirst_node(Var, cell);
        int member = 0;
        while (info->members[member].relation != static_cast<Index>(var->varno))
            member++;
        const TableOptions *table = static_cast<TableOptions *>(list_nth(info->tables, member));
        if (var->varattno <= 0 || !is_readable(info, table, info->table->columns[column_of(info->lowering, var)]))
            return false;
    }
    return true;
}

bool has_only_columns(const PathTarget *target) {
    ListCell *cell;
    foreach (cell, target->exprs)
        if (!IsA(lfirst(cell), Var))
            return false;
    return true;
}

RelationInfo *make_info(const Attempt &attempt, JoinedTable *joined) {
    const RelationInfo *left = attempt.left, *right = attempt.right;
    RelationInfo *info = copied(left);
    info->base = attempt.joinrel;
    info->member_count = left->member_count + 1;
    info->members = static_cast<ScanMember *>(palloc(sizeof(ScanMember) * info->member_count));
    memcpy(info->members, left->members, sizeof(ScanMember) * left->member_count);
    info->members[left->member_count] = {right->members[0].relation, left->table->column_count};
    info->tables = lappend(list_copy(left->tables), right->table);
    info->as = lappend(list_copy(left->as), joined->as ? makeString(pstrdup(joined->as)) : nullptr);
    info->table = join_tables(info->tables, info->as);
    info->joins = lappend(list_copy(left->joins), joined);
    info->clauses = list_copy(left->clauses);
    info->lowering = lowering_for(info);
    info->documents = info->examined = attempt.joinrel->rows;
    info->remote_selectivity = 1;
    info->remote_clauses = NIL;
    return info;
}

// The outer join of a table with another one over the same documents: every row of the first has its document at hand,
// and no condition of the join but the key can leave it without a row of the other.
RelationInfo *left_join_same_documents(const Attempt &attempt, JoinedTable *joined, const RestrictInfo *key) {
    const RelationInfo *left = attempt.left, *right = attempt.right;
    if (left->lookups || right->clauses != NIL)
        return nullptr;
    RelationInfo *info = make_info(attempt, joined);
    make_optional(info->table, left->table->column_count, right->table, joined->local);
    ListCell *cell;
    foreach (cell, attempt.clauses) {
        RestrictInfo *clause = lfirst_node(RestrictInfo, cell);
        if (RINFO_IS_PUSHED_DOWN(clause, attempt.joinrel->relids))
            info->clauses = lappend(info->clauses, clause);
        else if (clause != key)
            return nullptr;
    }
    info->lowering = lowering_for(info);
    info->joining = left->joining + look_cost(left, left->examined);
    return info;
}

// The join of tables over the same documents; null where it is none.
RelationInfo *join_same_documents(const Attempt &attempt) {
    JoinedTable *joined = static_cast<JoinedTable *>(palloc0(sizeof(JoinedTable)));
    RestrictInfo *key = nullptr;
    ListCell *cell;
    foreach (cell, attempt.clauses) {
        int left, right;
        RestrictInfo *clause = lfirst_node(RestrictInfo, cell);
        if (!key && equal_columns(attempt, clause, &left, &right) && pairs_same_documents(attempt, left, right)) {
            key = clause;
            joined->local = left;
            joined->foreign = attempt.left->table->column_count + right;
        }
    }
    if (!key || (attempt.type != JOIN_INNER && attempt.type != JOIN_LEFT))
        return nullptr;
    joined->kind = attempt.type == JOIN_LEFT ? JoinKind::Left : JoinKind::Inner;
    joined->read = list_make2_int(joined->local + 1, joined->foreign + 1);
    if (joined->kind == JoinKind::Left)
        return left_join_same_documents(attempt, joined, key);
    RelationInfo *info = make_info(attempt, joined);
    // The key equals itself, unless it is NULL.
    NullTest *present = makeNode(NullTest);
    present->arg = static_cast<Expr *>(linitial(castNode(OpExpr, key->clause)->args));
    present->nulltesttype = IS_NOT_NULL;
    present->location = -1;
    List *others = lappend(list_delete_ptr(list_copy(attempt.clauses), key),
                           make_simple_restrictinfo(attempt.root, reinterpret_cast<Expr *>(present)));
    info->clauses = list_concat(list_concat(info->clauses, list_copy(attempt.right->clauses)), others);
    if (info->lookups && !all_exact(info))
        return nullptr; // see join_by_lookup
    // Without statistics the planner knows nothing of keys that are unique.
    double most = Max(sent_documents(attempt.left), sent_documents(attempt.right));
    info->documents = info->examined = Min(attempt.joinrel->rows, most);
    info->joining = attempt.left->joining + look_cost(attempt.left, attempt.left->examined);
    return info;
}

Expr *foreign_column(const Attempt &attempt, int column) {
    const ColumnOptions &options = attempt.right->table->columns[column - attempt.left->table->column_count];
    return reinterpret_cast<Expr *>(makeVar(static_cast<int>(attempt.right->members[0].relation), options.number,
                                            options.type, options.typmod, options.collation, 0));
}

// The join by $lookup; null where it cannot be said exactly or would read a large collection for each document. All
// conditions must be exact: PostgreSQL's own plan, which gives its rows where the server refuses, has no columns but
// the join's for others.
RelationInfo *join_by_lookup(const Attempt &attempt) {
    const RelationInfo *left = attempt.left, *right = attempt.right;
    if (left->table->unwind_levels > 0 || right->table->unwind_levels > 0 || right->table->pipeline ||
        !reads_alike(left->table, right->table))
        return nullptr;
    JoinedTable *joined = static_cast<JoinedTable *>(palloc0(sizeof(JoinedTable)));
    if (!kind_of(attempt.type, &joined->kind))
        return nullptr;
    joined->filters = right->clauses;
    joined->as = psprintf("__mongo_fdw_cpp_join%d", list_length(left->joins) + 1);
    joined->local = -1;
    List *late = NIL;
    Indexed best = Indexed::No;
    ListCell *cell;
    foreach (cell, attempt.clauses) {
        RestrictInfo *clause = lfirst_node(RestrictInfo, cell);
        int local, foreign;
        if (IS_OUTER_JOIN(attempt.type) && RINFO_IS_PUSHED_DOWN(clause, attempt.joinrel->relids)) {
            late = lappend(late, clause);
            continue;
        }
        joined->on = lappend(joined->on, clause);
        if (!equal_columns(attempt, clause, &local, &foreign) || !left->table->columns[local].path.plain ||
            !right->table->columns[foreign].path.plain || left->table->columns[local].role != Role::Field ||
            right->table->columns[foreign].role != Role::Field || !keeps_apart(left->lowering->columns[local]) ||
            !keeps_apart(right->lowering->columns[foreign]))
            continue;
        Indexed indexed = indexed_by(right->table, right->user, right->lowering->columns[foreign].path);
        if (joined->local < 0 || indexed > best) {
            joined->local = local;
            joined->foreign = left->table->column_count + foreign;
            best = indexed;
        }
    }
    if (joined->local < 0 || (best == Indexed::No && right->documents > kSmall) || !all_exact(left))
        return nullptr;
    RelationInfo *info = make_info(attempt, joined);
    info->lookups = true;
    info->clauses = list_concat(info->clauses, late);
    ScanPlan plan{};
    if (!lower_joins(trial_lowering(info), info, &plan) || !all_exact(info))
        return nullptr;
    if (lacking_features(left->table, left->user, 1u << static_cast<int>(mql::Feature::Lookup)))
        return nullptr;
    // A $lookup finds at about half the speed of a key in $in.
    constexpr double kStart = 2;
    Expr *key = foreign_column(attempt, joined->foreign);
    if (joined->kind == JoinKind::Left || joined->kind == JoinKind::Anti)
        foreach (cell,
                 pull_var_clause(reinterpret_cast<Node *>(get_actual_clauses(joined->on)), PVC_RECURSE_PLACEHOLDERS)) {
            int column = column_of(info->lowering, lfirst_node(Var, cell));
            if (column < left->table->column_count)
                joined->read = list_append_unique_int(joined->read, column + 1);
        }
    if (best == Indexed::Unique)
        info->documents = info->examined = Min(info->documents, sent_documents(left));
    double examined = best == Indexed::No
                          ? right->documents
                          : clamp_row_est(documents_with_one(attempt.root, right, key, best == Indexed::Unique));
    info->joining = left->joining + look_cost(left, left->examined) +
                    most_sent_documents(left) * kStart * look_cost(right, examined);
    return info;
}

void add_join_path(PlannerInfo *root, RelOptInfo *joinrel, RelationInfo *info) {
    Path *local = copied_local_path(joinrel, joinrel->reltarget);
    if (info->lookups && !local)
        return;
    ScanCost cost = scan_cost(info, joinrel);
    Cost total = cost.startup + info->documents * cost.per_row;
    RelationInfo *known = static_cast<RelationInfo *>(joinrel->fdw_private);
    if (known && known->total <= total)
        return;
    info->total = total;
    info->local = local;
    joinrel->fdw_private = info;
    add_path(joinrel, reinterpret_cast<Path *>(
                          make_foreign_join_path(root, joinrel, joinrel->rows, info->table->startup_cost, total,
                                                 info->lookups ? local : nullptr, list_make1(info))));
}

} // namespace

mql::Column *columns_inside(const TableOptions *joined, const mql::Column *columns, int first, int count) {
    mql::Column *result = static_cast<mql::Column *>(palloc(sizeof(mql::Column) * Max(first + count, 1)));
    memcpy(result, columns, sizeof(mql::Column) * (first + count));
    for (int i = 0; i < first + count; i++) {
        mql::Column *column = &result[i];
        column->misfit_is_null = true;
        if (!column->path)
            continue;
        bool own = i >= first;
        const FieldPath &path = joined->columns[i].path;
        mql::FitColumn *fit = column->fit ? static_cast<mql::FitColumn *>(palloc(sizeof(mql::FitColumn))) : nullptr;
        if (own) {
            column->path = strchr(column->path, '.') + 1; // behind the field that holds the table's documents
        } else {
            column->path = psprintf("$o.%s", column->path);
        }
        column->components = static_cast<uint16_t>(own ? path.count - 1 : path.count + 1);
        if (!fit)
            continue;
        *fit = *column->fit;
        const char **keys = static_cast<const char **>(palloc(sizeof(char *) * (path.count + 1)));
        keys[0] = "$o";
        memcpy(keys + (own ? 0 : 1), path.keys + (own ? 1 : 0), sizeof(char *) * (own ? path.count - 1 : path.count));
        fit->keys = keys;
        fit->key_count = column->components;
        column->fit = fit;
    }
    return result;
}

bool joins_hide_errors(const RelationInfo *info) {
    ListCell *cell, *column;
    foreach (cell, info->joins)
        foreach (column, static_cast<JoinedTable *>(lfirst(cell))->read)
            if (static_cast<JoinedTable *>(lfirst(cell))->kind != JoinKind::Inner &&
                info->table->columns[lfirst_int(column) - 1].on_error == OnError::Error)
                return true;
    return false;
}

bool lower_joins(Lowering *lowering, const RelationInfo *info, ScanPlan *plan) {
    const mql::Column *columns = lowering->columns;
    mql::Column *lenient = static_cast<mql::Column *>(palloc(sizeof(mql::Column) * Max(info->table->column_count, 1)));
    memcpy(lenient, columns, sizeof(mql::Column) * info->table->column_count);
    for (int i = 0; i < info->table->column_count; i++)
        lenient[i].misfit_is_null = true;
    ListCell *cell, *clause;
    bool sayable = true, guarded = lowering->guarded;
    foreach (cell, info->joins) {
        const JoinedTable *joined = static_cast<JoinedTable *>(lfirst(cell));
        List *filters = NIL, *conditions = NIL;
        lowering->columns = lenient;
        lowering->guarded = true;
        foreach (clause, joined->filters) {
            mql::Verdict verdict;
            uint32_t root = lower_clause(lowering, lfirst_node(RestrictInfo, clause)->clause, &verdict);
            sayable = sayable && root != kNone && verdict == mql::Verdict::Exact;
            filters = lappend_int(filters, static_cast<int>(root));
        }
        foreach (clause, joined->on) {
            uint32_t root = lower_to_filter(lowering, lfirst_node(RestrictInfo, clause)->clause);
            sayable = sayable && root != kNone && !lowering->filter.nodes[root].unsure;
            conditions = lappend_int(conditions, static_cast<int>(root));
        }
        lowering->columns = columns;
        lowering->guarded = guarded;
        List *numbers = list_make3_int(static_cast<int>(joined->kind), joined->local, joined->foreign);
        plan->joins = lappend(plan->joins, list_make3(numbers, filters, conditions));
    }
    return sayable;
}

extern "C" void mongoGetForeignJoinPaths(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, RelOptInfo *inner,
                                         JoinType type, JoinPathExtraData *extra) {
    RelationInfo *left = static_cast<RelationInfo *>(outer->fdw_private);
    RelationInfo *right = static_cast<RelationInfo *>(inner->fdw_private);
    if (is_grouped_early(joinrel) || is_grouped_early(outer) || is_grouped_early(inner))
        return;
    if (!left || !right || right->joins != NIL || left->base != outer || right->base != inner)
        return;
    if (!is_allowed(left) || !is_allowed(right) || strcmp(left->table->database, right->table->database) != 0)
        return;
    bool reads = root->parse->commandType == CMD_SELECT || root->parse->commandType == CMD_INSERT;
    if (!reads || root->parse->rowMarks || !bms_is_empty(joinrel->lateral_relids) ||
        !bms_is_empty(outer->lateral_relids) || !bms_is_empty(inner->lateral_relids) ||
        !has_only_columns(joinrel->reltarget))
        return;
    if (has_gates(extra->restrictlist) || has_gates(left->clauses) || has_gates(right->clauses))
        return; // a node above would evaluate them, where one is made at all
    Attempt attempt{root, joinrel, left, right, type, extra->restrictlist};
    auto readable = [&](const RelationInfo *info) {
        List *read = list_concat_copy(joinrel->reltarget->exprs, get_actual_clauses(info->clauses));
        ListCell *cell;
        foreach (cell, info->joins) {
            read = list_concat(read, get_actual_clauses(static_cast<JoinedTable *>(lfirst(cell))->on));
            read = list_concat(read, get_actual_clauses(static_cast<JoinedTable *>(lfirst(cell))->filters));
        }
        return reads_columns(info, read);
    };
    RelationInfo *info = join_same_documents(attempt);
    if (!info || !readable(info))
        info = join_by_lookup(attempt);
    if (!info || !readable(info))
        return;
    add_join_path(root, joinrel, info);
}

} // namespace mongo_fdw
