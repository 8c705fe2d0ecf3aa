// Lowering: may a clause go, and as what? How it is written is decided elsewhere (mql/match.cpp). Zone B.
//
// A comparison goes when one side is a column with an ordinary path and the other does not depend on the scan's rows:
// constants, parameters, columns of an outer relation, stable functions (evaluated when the scan starts).
#include "plan/lower.hpp"

#include "plan/features.hpp"
#include "plan/rules.hpp"
#include "plan/targets.hpp"

#include "mql/like.hpp"

namespace mongo_fdw {
namespace {

using mql::kNone;
using FilterNode = mql::Node;
using mql::NodeKind;
using mql::Op;

// Says less than what the same condition as an expression fails for.
constexpr const char kNoBareColumn[] = "no side is a bare column of the table";
constexpr int kMaxDepth = 30; // a filter nests two documents a level, MongoDB allows 100 in all

uint32_t add(Lowering *lowering, const FilterNode &node) { return add_sql_node(lowering, node); }

// The ObjectId whose second an expression is; null for other expressions.
Expr *objectid_argument(Expr *expression) {
    if (!IsA(expression, FuncExpr))
        return nullptr;
    FuncExpr *call = reinterpret_cast<FuncExpr *>(expression);
    return list_length(call->args) == 1 && is_time_of_objectid(call->funcid) ? static_cast<Expr *>(linitial(call->args))
                                                                             : nullptr;
}

// ObjectIds made before or after a time.
uint32_t lower_time_of_objectid(Lowering *lowering, Expr *id, Expr *time, Op op) {
    Var *var = own_column(lowering, id);
    if (!var || exprType(reinterpret_cast<Node *>(time)) != TIMESTAMPTZOID)
        return refuse(lowering, kNoBareColumn);
    if (!usable_column(lowering, var) || !fixed_for_scan(lowering, time))
        return kNone;
    FilterNode node{NodeKind::Compare,
                    op,
                    static_cast<uint16_t>(column_of(lowering, var)),
                    parameter_of(lowering, time),
                    kNone,
                    kNone};
    node.by_time = true;
    return add_sql_node(lowering, node);
}

// Whether something can be sent for a pattern; that of a parameter is seen when it has a value.
bool pattern_is_common(Expr *pattern, Op op) {
    if (op == Op::Eq || op == Op::Ge || !IsA(pattern, Const) || reinterpret_cast<Const *>(pattern)->constisnull)
        return true;
    const text *value = DatumGetTextPP(reinterpret_cast<Const *>(pattern)->constvalue);
    return mql::is_common_regex(VARDATA_ANY(value), static_cast<uint32_t>(VARSIZE_ANY_EXHDR(value)), op == Op::Le,
                                op == Op::Le || op == Op::Lt);
}

bool is_key(const Lowering *lowering, const Var *var) {
    return var->varattno > 0 && lowering->columns[column_of(lowering, var)].family == mql::Family::Key;
}

// The key of the document and bytes. Each comparison has a parameter of its own: what becomes of its value depends on
// the operator.
uint32_t lower_key_comparison(Lowering *lowering, Oid function, Var *var, Expr *right, Op op, bool array, bool use_or) {
    const ColumnOptions &column = lowering->table->columns[column_of(lowering, var)];
    if (column.optional)
        return refuse(lowering, psprintf("column \"%s\" is NULL where the join has no row", column.name));
    if (op == Op::Ne || (array && (op != Op::Eq || !use_or)))
        return refuse(lowering, "of keys only <, <=, =, >=, > and = ANY have a rule");
    if (!fixed_for_scan(lowering, right))
        return kNone;
    lowering->used = lappend_oid(lowering->used, function);
    if (!array)
        right = reinterpret_cast<Expr *>(makeRelabelType(right, exprType(reinterpret_cast<Node *>(right)),
                                                         static_cast<int32>(op), InvalidOid, COERCE_IMPLICIT_CAST));
    return add_sql_node(lowering, FilterNode{array ? NodeKind::In : NodeKind::Compare, op,
                                             static_cast<uint16_t>(column_of(lowering, var)),
                                             parameter_of(lowering, right), kNone, kNone});
}

uint32_t lower_comparison(Lowering *lowering, Oid function, List *arguments, Oid collation, bool array, bool use_or) {
    if (list_length(arguments) != 2)
        return refuse(lowering, "it is no comparison");
    std::optional<Rule> rule = find_rule(function);
    Expr *left = static_cast<Expr *>(linitial(arguments)), *right = static_cast<Expr *>(lsecond(arguments));
    if (!rule)
        return refuse(lowering, psprintf("function %s has no rule", format_procedure(function)));
    Var *var = own_column(lowering, left);
    Op op = rule->op;
    if (rule->family == mql::Family::Timestamp && !array) {
        if (Expr *id = objectid_argument(left))
            return lower_time_of_objectid(lowering, id, right, op);
        if (Expr *id = objectid_argument(right))
            return lower_time_of_objectid(lowering, id, left, mql::commuted(op));
    }
    if (!var || depends_on_row(lowering, right)) {
        var = array || rule->kind == NodeKind::Like ? nullptr : own_column(lowering, right);
        if (!var)
            return refuse(lowering, kNoBareColumn);
        right = left;
        op = mql::commuted(op);
    }
    if (is_key(lowering, var))
        return lower_key_comparison(lowering, function, var, right, op, array, use_or);
    if (!usable_column(lowering, var))
        return kNone;
    if (rule->family == mql::Family::Key)
        return refuse(lowering, "of binaries only = and <> have a rule");
    const mql::Column &column = lowering->columns[column_of(lowering, var)];
    bool days_with_times = rule->day && column.family == mql::Family::Date;
    if (column.family != rule->family && !days_with_times)
        return refuse(lowering, "the column is compared as another type");
    if (!fixed_for_scan(lowering, right) || !collation_allows(lowering, *rule, collation))
        return kNone;
    if (array && !((op == Op::Eq && use_or) || (op == Op::Ne && !use_or)))
        return refuse(lowering, "only = ANY and <> ALL have a rule");
    Oid other = exprType(reinterpret_cast<Node *>(right));
    bool zoned = rule->day && other == TIMESTAMPTZOID;
    if (rule->day) {
        bool has_zone = getBaseType(exprType(reinterpret_cast<Node *>(var))) == TIMESTAMPTZOID;
        if (array)
            return refuse(lowering, "the list is of another type");
        if (zoned && !zone_is_fixed(lowering))
            return kNone;
        // Not the parameter that the same value is elsewhere, nor beside a column of the other kind.
        right = reinterpret_cast<Expr *>(makeRelabelType(right, other,
                                                         zoned      ? 1
                                                         : has_zone ? 0
                                                                    : -1,
                                                         InvalidOid, COERCE_IMPLICIT_CAST));
    }
    if (array && rule->kind != NodeKind::Compare)
        return refuse(lowering, "only = ANY and <> ALL have a rule");
    if (rule->kind == NodeKind::Like && !pattern_is_common(right, op))
        return refuse(lowering, "the pattern is one that the server may read otherwise");
    lowering->used = lappend_oid(lowering->used, function);
    FilterNode node{array ? NodeKind::In : rule->kind,
                    array ? Op::Eq : op,
                    static_cast<uint16_t>(column_of(lowering, var)),
                    parameter_of(lowering, right),
                    kNone,
                    kNone};
    node.by_day = rule->day;
    node.zoned = zoned;
    uint32_t at = add(lowering, node);
    if (((array && op == Op::Ne) || rule->negative) && at != kNone)
        return add(lowering, FilterNode{NodeKind::Not, Op::Eq, 0, 0, at, kNone});
    return at;
}

// An array column and what it is asked for: x = ANY (column), column @> list, column && list. kNone, without a reason,
// for others.
uint32_t lower_array(Lowering *lowering, Expr *array, Expr *wanted, Op op, Oid collation) {
    Var *var = own_column(lowering, array);
    if (!var || !usable_column(lowering, var, false))
        return kNone;
    const mql::Column &column = lowering->columns[column_of(lowering, var)];
    Oid type = getBaseType(exprType(reinterpret_cast<Node *>(wanted)));
    Oid element = get_element_type(type);
    if (column.element_family == mql::Family::None || column.element || column.uncertain ||
        family_of_type(OidIsValid(element) ? element : type) != column.element_family)
        return refuse(lowering, "elements of this type are compared here only");
    bool single = column.element_family == mql::Family::Int || column.element_family == mql::Family::Text ||
                  column.element_family == mql::Family::ObjectId;
    if (op == Op::Le && !single)
        return refuse(lowering, "<@ over elements of this type is decided here");
    Rule equality{InvalidOid, Op::Eq, column.element_family};
    if (!fixed_for_scan(lowering, wanted) || !collation_allows(lowering, equality, collation))
        return kNone;
    return add(lowering, FilterNode{NodeKind::ArrayHas, op, static_cast<uint16_t>(column_of(lowering, var)),
                                    parameter_of(lowering, wanted), kNone, kNone});
}

// Operators between arrays.
uint32_t lower_array_operator(Lowering *lowering, Oid function, List *arguments, Oid collation) {
    Expr *left = static_cast<Expr *>(linitial(arguments)), *right = static_cast<Expr *>(llast(arguments));
    switch (function) {
    case F_ARRAYCONTAINS:
        return own_column(lowering, left) ? lower_array(lowering, left, right, Op::Ge, collation)
                                          : lower_array(lowering, right, left, Op::Le, collation);
    case F_ARRAYCONTAINED:
        return own_column(lowering, left) ? lower_array(lowering, left, right, Op::Le, collation)
                                          : lower_array(lowering, right, left, Op::Ge, collation);
    case F_ARRAYOVERLAP:
        return lower_array(lowering, own_column(lowering, left) ? left : right,
                           own_column(lowering, left) ? right : left, Op::Eq, collation);
    default:
        return kNone;
    }
}

uint32_t lower(Lowering *lowering, Expr *expression, int depth);

uint32_t lower_group(Lowering *lowering, BoolExpr *expression, int depth) {
    uint32_t first = kNone, last = kNone;
    ListCell *cell;
    foreach (cell, expression->args) {
        bool may_be_left = foreach_current_index(cell) > 0;
        lowering->conditional += may_be_left;
        uint32_t child = lower(lowering, static_cast<Expr *>(lfirst(cell)), depth + 1);
        lowering->conditional -= may_be_left;
        if (child == kNone)
            return kNone;
        if (first == kNone)
            first = child;
        else
            lowering->sql.nodes[last].next = child;
        last = child;
    }
    NodeKind kind = expression->boolop == AND_EXPR  ? NodeKind::And
                    : expression->boolop == OR_EXPR ? NodeKind::Or
                                                    : NodeKind::Not;
    return add(lowering, FilterNode{kind, Op::Eq, 0, 0, first, kNone});
}

uint32_t lower_boolean_test(Lowering *lowering, BooleanTest *test, int depth) {
    uint32_t child = lower(lowering, test->arg, depth + 1);
    if (child == kNone)
        return kNone;
    NodeKind kind = NodeKind::IsTrue;
    bool negative = false;
    switch (test->booltesttype) {
    case IS_TRUE:
        break;
    case IS_NOT_TRUE:
        negative = true;
        break;
    case IS_FALSE:
        kind = NodeKind::IsFalse;
        break;
    case IS_NOT_FALSE:
        kind = NodeKind::IsFalse;
        negative = true;
        break;
    case IS_UNKNOWN:
        kind = NodeKind::IsUnknown;
        break;
    case IS_NOT_UNKNOWN:
        kind = NodeKind::IsUnknown;
        negative = true;
        break;
    }
    uint32_t at = add(lowering, FilterNode{kind, Op::Eq, 0, 0, child, kNone});
    return negative && at != kNone ? add(lowering, FilterNode{NodeKind::Not, Op::Eq, 0, 0, at, kNone}) : at;
}

uint32_t lower_null_test(Lowering *lowering, NullTest *test) {
    Var *var = own_column(lowering, test->arg);
    if (!var || test->argisrow)
        return refuse(lowering, "only the column itself can be tested for NULL");
    if (!usable_column(lowering, var, test->nulltesttype == IS_NOT_NULL))
        return kNone;
    uint32_t at = add(lowering, FilterNode{NodeKind::IsNull, Op::Eq, static_cast<uint16_t>(column_of(lowering, var)), 0,
                                           kNone, kNone});
    return test->nulltesttype == IS_NOT_NULL && at != kNone
               ? add(lowering, FilterNode{NodeKind::Not, Op::Eq, 0, 0, at, kNone})
               : at;
}

// A condition that the query language cannot say, as an expression.
uint32_t lower_expression(Lowering *lowering, Expr *expression, int depth) {
    const char *reason = lowering->reason;
    uint32_t value = lower_value(lowering, expression, depth);
    if (value == kNone) {
        if (reason && reason != kNoBareColumn)
            lowering->reason = reason;
        return kNone;
    }
    FilterNode node{NodeKind::Expression, Op::Eq, 0, 0, value, kNone};
    node.unsure = lowering->sql.nodes[value].unsure;
    return add(lowering, node);
}

uint32_t lower_condition(Lowering *lowering, Expr *expression, int depth);

uint32_t lower(Lowering *lowering, Expr *expression, int depth) {
    check_stack_depth();
    if (depth > kMaxDepth)
        return refuse(lowering, "it is nested too deeply");
    LoweringMark mark = mark_of(lowering);
    lowering->reason = nullptr;
    uint32_t root = lower_json(lowering, expression);
    if (root != kNone)
        return root;
    root = lower_condition(lowering, expression, depth);
    if (root != kNone || lowering->plain || IsA(expression, BoolExpr) || IsA(expression, RowCompareExpr))
        return root;
    go_back(lowering, mark);
    return lower_expression(lowering, expression, depth);
}

uint32_t lower_condition(Lowering *lowering, Expr *expression, int depth) {
    switch (nodeTag(expression)) {
    case T_BoolExpr:
        return lower_group(lowering, reinterpret_cast<BoolExpr *>(expression), depth);
    case T_RowCompareExpr:
        return lower(lowering, expand_row_comparison(reinterpret_cast<RowCompareExpr *>(expression)), depth + 1);
    case T_OpExpr: {
        OpExpr *op = reinterpret_cast<OpExpr *>(expression);
        Oid function = op->opfuncid ? op->opfuncid : get_opcode(op->opno);
        if (function == F_ARRAYCONTAINS || function == F_ARRAYCONTAINED || function == F_ARRAYOVERLAP)
            return lower_array_operator(lowering, function, op->args, op->inputcollid);
        return lower_comparison(lowering, function, op->args, op->inputcollid, false, false);
    }
    case T_ScalarArrayOpExpr: {
        ScalarArrayOpExpr *op = reinterpret_cast<ScalarArrayOpExpr *>(expression);
        std::optional<Rule> rule = find_rule(op->opfuncid ? op->opfuncid : get_opcode(op->opno));
        Expr *array = static_cast<Expr *>(lsecond(op->args));
        if (rule && rule->op == Op::Eq && rule->kind == NodeKind::Compare && op->useOr && own_column(lowering, array))
            return lower_array(lowering, array, static_cast<Expr *>(linitial(op->args)), Op::Eq, op->inputcollid);
        return lower_comparison(lowering, op->opfuncid ? op->opfuncid : get_opcode(op->opno), op->args, op->inputcollid,
                                true, op->useOr);
    }
    case T_NullTest:
        return lower_null_test(lowering, reinterpret_cast<NullTest *>(expression));
    case T_BooleanTest:
        return lower_boolean_test(lowering, reinterpret_cast<BooleanTest *>(expression), depth);
    case T_RelabelType:
    case T_Var: {
        Var *var = own_column(lowering, expression);
        if (!var || !usable_column(lowering, var) ||
            lowering->columns[column_of(lowering, var)].family != mql::Family::Bool)
            return lowering->reason ? kNone : refuse(lowering, "it is no Boolean column");
        return add(lowering, FilterNode{NodeKind::BoolColumn, Op::Eq, static_cast<uint16_t>(column_of(lowering, var)),
                                        0, kNone, kNone});
    }
    case T_FuncExpr: {
        FuncExpr *call = reinterpret_cast<FuncExpr *>(expression);
        std::optional<Rule> rule = find_rule(call->funcid);
        if (rule && rule->kind == NodeKind::Like)
            return lower_comparison(lowering, call->funcid, call->args, call->inputcollid, false, false);
        return refuse(lowering, psprintf("function %s has no rule", format_procedure(call->funcid)));
    }
    default:
        return refuse(lowering, "this kind of expression has no rule");
    }
}

} // namespace

// Whether the server has what the filter tree needs from a node on; notes the reason otherwise.
static bool server_has(Lowering *lowering, uint32_t from) {
    uint32_t lacking = lacking_features(lowering->table, lowering->user, mql::features_of(&lowering->filter, from));
    for (int i = 0; i < static_cast<int>(mql::Feature::Count); i++)
        if (lacking & (1u << i)) {
            const mql::FeatureRow &row = mql::feature_row(static_cast<mql::Feature>(i));
            refuse(lowering, psprintf("the server lacks %s (MongoDB has them since %s)", row.operators, row.since));
            return false;
        }
    return true;
}

uint32_t lower_to_filter(Lowering *lowering, Expr *expression) {
    LoweringMark mark = mark_of(lowering);
    lowering->reason = nullptr;
    uint32_t root = lower_value(lowering, expression, 0);
    if (root != kNone && !make_filter_room(lowering))
        root = kNone;
    if (root != kNone)
        root = mql::copy_value_tree(&lowering->sql, root, &lowering->filter);
    if (root != kNone && !server_has(lowering, mark.filter))
        root = kNone;
    lowering->sql.count = mark.sql;
    if (root == kNone)
        go_back(lowering, mark);
    return root;
}

bool may_spare_errors(const Lowering *lowering, uint32_t root, bool lazy) {
    const mql::Node &node = lowering->filter.nodes[root];
    if (node.kind == NodeKind::ColumnValue)
        return lazy && !lowering->columns[node.column].misfit_is_null;
    lazy = lazy || node.function == mql::Function::Case || node.function == mql::Function::Coalesce;
    for (uint32_t at = node.first_child; at != kNone; at = lowering->filter.nodes[at].next)
        if (may_spare_errors(lowering, at, lazy))
            return true;
    return false;
}

// Whether a condition asks for what is inside arrays or JSON, of which the server finds a superset.
static bool asks_inside(const mql::Tree *tree, uint32_t from) {
    for (uint32_t at = from; at < tree->count; at++)
        if (tree->nodes[at].kind == NodeKind::Inside || tree->nodes[at].kind == NodeKind::ArrayHas)
            return true;
    return false;
}

// One try; plain: without expressions.
static uint32_t try_clause(Lowering *lowering, Expr *clause, bool plain, mql::Verdict *verdict) {
    LoweringMark mark = mark_of(lowering);
    bool guarded = lowering->guarded;
    lowering->reason = nullptr;
    lowering->plain = plain;
    lowering->guarded = guarded && !plain;
    *verdict = mql::Verdict::Local;
    uint32_t root = lower(lowering, clause, 0);
    if (root != kNone && !make_filter_room(lowering))
        root = kNone;
    if (root != kNone) {
        root = mql::truth_filter(&lowering->sql, root, lowering->columns, plain, lowering->guarded, &lowering->filter,
                                 verdict);
        if (root == kNone)
            refuse(lowering,
                   asks_inside(&lowering->sql, mark.sql)
                       ? "the server finds what may be inside, not what certainly is not"
                       : "a value that does not fit the column's type would be taken for a fitting one, or the column "
                         "is inside the unwound array");
        if (root != kNone && !plain && !server_has(lowering, mark.filter))
            root = kNone;
    }
    lowering->sql.count = mark.sql;
    lowering->plain = false;
    lowering->guarded = guarded;
    if (root == kNone) {
        *verdict = mql::Verdict::Local;
        go_back(lowering, mark);
    }
    return root;
}

uint32_t lower_clause(Lowering *lowering, Expr *clause, mql::Verdict *verdict) {
    uint32_t root = try_clause(lowering, clause, false, verdict);
    const char *reason = lowering->reason;
    if (root == kNone)
        root = try_clause(lowering, clause, true, verdict);
    if (root == kNone && reason)
        lowering->reason = reason;
    return root;
}

} // namespace mongo_fdw
