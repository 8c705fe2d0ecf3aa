// A lowering: its columns, parameters, trees and marks. Zone B.
#include "plan/lower.hpp"

#include "exec/operands.hpp"
#include "plan/rules.hpp"
#include "plan/targets.hpp"

namespace mongo_fdw {

using mql::kNone;
using mql::NodeKind;
using mql::Op;
using FilterNode = mql::Node;

uint32_t refuse(Lowering *lowering, const char *reason) {
    lowering->reason = reason;
    return kNone;
}

namespace {

constexpr uint32_t kMaxNodes = 4000; // of one scan's SQL tree
constexpr uint32_t kFilterNodes = 8; // for each of them, see mql::truth_filter

// Lets a tree hold so many nodes more.
void make_room(mql::Tree *tree, uint32_t more) {
    constexpr uint32_t kFirst = 32;
    uint32_t wanted = tree->count + more;
    if (wanted <= tree->capacity)
        return;
    tree->capacity = Max(Max(wanted, tree->capacity * 2), kFirst);
    Size size = sizeof(FilterNode) * tree->capacity;
    tree->nodes = static_cast<FilterNode *>(tree->nodes ? repalloc_huge(tree->nodes, size) : palloc(size));
}

} // namespace

uint32_t add_sql_node(Lowering *lowering, FilterNode node) {
    if (lowering->sql.count >= kMaxNodes)
        return refuse(lowering, "the conditions are too many");
    make_room(&lowering->sql, 1);
    return mql::add_node(&lowering->sql, node);
}

bool make_filter_room(Lowering *lowering) {
    constexpr uint32_t kMost = kMaxNodes * kFilterNodes;
    uint32_t more = Max(lowering->sql.count, 1) * kFilterNodes;
    if (lowering->filter.count + more > kMost)
        return refuse(lowering, "the conditions are too many"), false;
    make_room(&lowering->filter, more);
    return true;
}

static Expr *without_relabel(Expr *expression) {
    while (expression && IsA(expression, RelabelType))
        expression = reinterpret_cast<RelabelType *>(expression)->arg;
    return expression;
}

// The scan's own column below a harmless cast; null otherwise.
Var *own_column(const Lowering *lowering, Expr *expression) {
    Expr *bare = without_relabel(expression);
    if (!bare || !IsA(bare, Var))
        return nullptr;
    Var *var = reinterpret_cast<Var *>(bare);
    return var->varlevelsup == 0 && bms_is_member(var->varno, lowering->relations) ? var : nullptr;
}

int column_of(const Lowering *lowering, const Var *var) {
    for (int i = 0; i < lowering->member_count; i++)
        if (lowering->members[i].relation == static_cast<Index>(var->varno))
            return lowering->members[i].offset + var->varattno - 1;
    elog(ERROR, "column of a relation that the scan does not read");
}

// A placeholder of a CASE or a cast of arrays around the expression has the row's value; those within have their own.
static bool has_placeholder(Node *node, void *) {
    if (!node)
        return false;
    if (IsA(node, CaseTestExpr))
        return true;
    if (IsA(node, CaseExpr))
        return has_placeholder(reinterpret_cast<Node *>(reinterpret_cast<CaseExpr *>(node)->arg), nullptr);
    if (IsA(node, ArrayCoerceExpr))
        return has_placeholder(reinterpret_cast<Node *>(reinterpret_cast<ArrayCoerceExpr *>(node)->arg), nullptr);
    return walk_expression(node, has_placeholder, nullptr);
}

bool depends_on_row(const Lowering *lowering, Expr *expression) {
    return bms_overlap(lowering->relations, pull_varnos(nullptr, reinterpret_cast<Node *>(expression))) ||
           has_placeholder(reinterpret_cast<Node *>(expression), nullptr);
}

bool usable_column(Lowering *lowering, const Var *var, bool compared) {
    if (var->varattno <= 0) {
        refuse(lowering, "it uses a system column or the whole row");
        return false;
    }
    const ColumnOptions &column = lowering->table->columns[column_of(lowering, var)];
    if (column.optional) {
        refuse(lowering, psprintf("column \"%s\" is NULL where the join has no row", column.name));
        return false;
    }
    bool ordinal = lowering->unwound && column.role == Role::Ord; // which the server makes as well
    if (column.role != Role::Field && !ordinal) {
        refuse(lowering, psprintf("column \"%s\" is made here", column.name));
        return false;
    }
    if (column.path.map) {
        refuse(lowering, psprintf("the path of column \"%s\" lies in a map", column.name));
        return false;
    }
    if (!column.path.plain && !ordinal) {
        refuse(lowering,
               psprintf("the path of column \"%s\" has a key that MongoDB's query language cannot name", column.name));
        return false;
    }
    if (compared && lowering->columns[column_of(lowering, var)].family == mql::Family::None) {
        refuse(lowering, psprintf("values of type %s are compared here only", format_type_be(column.type)));
        return false;
    }
    return true;
}

static bool has_subquery(Node *node, void *subqueries) {
    if (!node)
        return false;
    const Param *param = reinterpret_cast<const Param *>(node);
    if (IsA(node, Param) && param->paramkind == PARAM_EXEC)
        return bms_is_member(param->paramid, static_cast<const Bitmapset *>(subqueries));
    return walk_expression(node, has_subquery, subqueries);
}

// An expression whose value is the same for all rows of a scan.
bool fixed_for_scan(Lowering *lowering, Expr *expression) {
    if (depends_on_row(lowering, expression))
        return refuse(lowering, "both sides depend on the row"), false;
    if (contain_volatile_functions(reinterpret_cast<Node *>(expression)))
        return refuse(lowering, "it calls a volatile function"), false;
    if (contain_subplans(reinterpret_cast<Node *>(expression)))
        return refuse(lowering, "it holds a subquery"), false;
    if (lowering->conditional > 0 && has_subquery(reinterpret_cast<Node *>(expression), lowering->subqueries))
        return refuse(lowering, "its subquery is run only where a row asks for it"), false;
    if (lowering->written && has_parameters(reinterpret_cast<Node *>(expression), PARAM_EXEC))
        return refuse(lowering, "the statement writes the collection, which is read before the value is known"), false;
    return true;
}

uint16_t parameter_of(Lowering *lowering, Expr *expression) {
    ListCell *cell;
    int index = 0;
    foreach (cell, lowering->parameters) {
        if (equal(lfirst(cell), expression))
            return static_cast<uint16_t>(index);
        index++;
    }
    lowering->parameters = lappend(lowering->parameters, expression);
    return static_cast<uint16_t>(index);
}

// Checks collations; text compares by bytes there.
bool collation_allows(Lowering *lowering, const Rule &rule, Oid collation) {
    if (rule.family != mql::Family::Text)
        return true;
    if (GetDatabaseEncoding() != PG_UTF8)
        return refuse(lowering, "comparing text there needs the server encoding UTF8"), false;
    if (rule.op == Op::Eq || rule.op == Op::Ne || rule.kind == NodeKind::Like) {
        if (!OidIsValid(collation) || get_collation_isdeterministic(collation))
            return true;
        return refuse(lowering, psprintf("collation \"%s\" is not deterministic", get_collation_name(collation))),
               false;
    }
    const char *reason = byte_order_wanted(collation);
    return reason ? (refuse(lowering, reason), false) : true;
}

bool zone_is_fixed(Lowering *lowering) {
    if (zone_offset_ms() != PG_INT64_MIN)
        return true;
    refuse(lowering, psprintf("time zone %s has no fixed offset from UTC", pg_get_timezone_name(session_timezone)));
    return false;
}

LoweringMark mark_of(const Lowering *lowering) {
    return {lowering->sql.count, lowering->filter.count, list_copy(lowering->parameters), list_length(lowering->used)};
}

void go_back(Lowering *lowering, const LoweringMark &mark) {
    lowering->sql.count = mark.sql;
    lowering->filter.count = mark.filter;
    lowering->parameters = mark.parameters;
    lowering->used = list_truncate(lowering->used, mark.used);
}

Lowering *make_lowering(const ScanMember *members, int member_count, const TableOptions *table, Oid user) {
    Lowering *lowering = static_cast<Lowering *>(palloc0(sizeof(Lowering)));
    lowering->members = members;
    lowering->member_count = member_count;
    for (int i = 0; i < member_count; i++)
        lowering->relations = bms_add_member(lowering->relations, static_cast<int>(members[i].relation));
    lowering->table = table;
    lowering->user = user;
    lowering->columns = filter_columns(table);
    return lowering;
}

} // namespace mongo_fdw
