// Lowering of values: expressions over columns become value trees. Zone B.
//
// What does not depend on the row is a parameter, evaluated here. Functions are rows of plan/functions.cpp; the forms
// of SQL that are no functions (CASE, COALESCE, ...) stand below.
#include "mql/fit.hpp"
#include "plan/digits.hpp"
#include "plan/rules.hpp"
#include "plan/values_internal.hpp"

namespace mongo_fdw {
namespace {

using mql::Family;
using mql::Function;
using mql::kNone;
using mql::NodeKind;
using mql::Op;
using ValueNode = mql::Node;

constexpr int kMaxDepth = 25;

} // namespace

uint32_t apply(const Operands &operands, Function function, Family family, uint8_t width, bool unsure, Op op) {
    ValueNode node{NodeKind::Apply, op, 0, 0, operands.first, kNone};
    node.function = function;
    node.family = family;
    node.width = width;
    node.unsure = unsure || operands.unsure;
    return add_sql_node(operands.lowering, node);
}

uint32_t parameter_value(Lowering *lowering, Expr *expression, Family family) {
    if (!fixed_for_scan(lowering, expression))
        return kNone;
    ValueNode node{NodeKind::ParameterValue, Op::Eq, 0, parameter_of(lowering, expression), kNone, kNone};
    node.family = family;
    node.digits = digits_of_constant(expression);
    return add_sql_node(lowering, node);
}

namespace {

Family family_of(Expr *expression) {
    Oid type = getBaseType(exprType(reinterpret_cast<Node *>(expression)));
    return type == INTERVALOID ? Family::Interval : family_of_type(type);
}

uint8_t width_of(Expr *expression) {
    Oid type = getBaseType(exprType(reinterpret_cast<Node *>(expression)));
    return type == INT2OID ? 2 : type == INT4OID ? 4 : type == INT8OID ? 8 : 0;
}

// Families that filters compare and no expression takes.
bool is_opaque(Family family) { return family == Family::Uuid || family == Family::Binary; }

// compared: beside a constant, where values may stay as they are stored.
uint32_t column_value(Lowering *lowering, Var *var, bool compared) {
    if (!usable_column(lowering, var))
        return kNone;
    const mql::Column &column = lowering->columns[column_of(lowering, var)];
    const char *name = lowering->table->columns[column_of(lowering, var)].name;
    if (column.element && !lowering->unwound)
        return refuse(lowering, psprintf("column \"%s\" is inside the unwound array", name));
    if (!column.fit || column.uncertain || column.bool_as_number || is_opaque(column.family))
        return refuse(lowering, psprintf("the server cannot tell which values fit column \"%s\"", name));
    if (column.single && !compared && !lowering->sortable_singles)
        return refuse(lowering, psprintf("values of column \"%s\" are rounded to real here only", name));
    ValueNode node{NodeKind::ColumnValue, Op::Eq, static_cast<uint16_t>(column_of(lowering, var)), 0, kNone, kNone};
    node.family = column.family;
    node.width = static_cast<uint8_t>(column.maximum == PG_INT16_MAX ? 2 : column.maximum == PG_INT32_MAX ? 4 : 8);
    bool long_numeric = column.family == Family::Numeric && column.fit->precision > mql::kExactDigits;
    // Symbols are strings for comparisons alone, and their length is not known.
    bool scaled = column.family == Family::Numeric && column.fit->precision > 0 && !long_numeric;
    node.unsure = compared ? long_numeric || (column.family == Family::Text && column.max_length)
                           : column.family == Family::Float || column.family == Family::Text ||
                                 (column.family == Family::Numeric && !scaled);
    if (column.family == Family::Numeric && column.fit->precision > 0)
        node.digits = {true, static_cast<uint8_t>(column.fit->precision - column.fit->scale),
                       static_cast<uint8_t>(column.fit->scale)};
    return add_sql_node(lowering, node);
}

// A function that may leave an operand unread would spare the error that its misfit raises: then the condition is
// checked here as well.
bool spares_errors(const Lowering *lowering, uint32_t at) {
    for (; at != kNone; at = lowering->sql.nodes[at].next) {
        const ValueNode &node = lowering->sql.nodes[at];
        if (node.kind == NodeKind::ColumnValue ? !lowering->columns[node.column].misfit_is_null
                                               : spares_errors(lowering, node.first_child))
            return true;
    }
    return false;
}

// --- conditions as values ---

uint32_t comparison(Lowering *lowering, const Rule &rule, Op op, Function function, Expr *left, Expr *right,
                    Oid collation, int depth) {
    if (rule.family == Family::None || is_opaque(rule.family) || rule.day)
        return refuse(lowering, "values of this type are compared here only");
    if (!collation_allows(lowering, rule, collation))
        return kNone;
    if (!depends_on_row(lowering, left) && rule.kind != NodeKind::Like) {
        Expr *swapped = left;
        left = right;
        right = swapped;
        op = mql::commuted(op);
    }
    lowering->used = lappend_oid(lowering->used, rule.function);
    bool constant = !depends_on_row(lowering, right);
    if (rule.kind == NodeKind::Like && (!constant || (op != Op::Eq && op != Op::Ge)))
        return refuse(lowering, constant ? "ILIKE and regular expressions are sent over bare columns only"
                                         : "the pattern depends on the row");
    Operands operands{lowering};
    Var *var = constant ? own_column(lowering, left) : nullptr;
    if (!operands.add(var ? column_value(lowering, var, rule.kind != NodeKind::Like)
                          : lower_value(lowering, left, depth + 1)))
        return kNone;
    if (family_of(left) != rule.family)
        return refuse(lowering, "the column is compared as another type");
    if (!operands.add(constant ? parameter_value(lowering, right, rule.family)
                               : lower_value(lowering, right, depth + 1)))
        return kNone;
    return apply(operands, function, rule.family, 0, false, op);
}

uint32_t negated(Lowering *lowering, uint32_t at) {
    Operands operands{lowering};
    return operands.add(at) ? apply(operands, Function::Not, Family::Bool) : kNone;
}

uint32_t tested(Lowering *lowering, Function function, uint32_t at, bool negative) {
    Operands operands{lowering};
    if (!operands.add(at))
        return kNone;
    uint32_t test = apply(operands, function, Family::Bool);
    return negative ? negated(lowering, test) : test;
}

// A value that SQL may leave unread.
uint32_t lower_conditionally(Lowering *lowering, Expr *expression, int depth) {
    lowering->conditional++;
    uint32_t value = lower_value(lowering, expression, depth);
    lowering->conditional--;
    return value;
}

uint32_t all_of(Lowering *lowering, List *expressions, Function function, Family family, uint8_t width, int depth) {
    Operands operands{lowering};
    ListCell *cell;
    foreach (cell, expressions) {
        Expr *expression = static_cast<Expr *>(lfirst(cell));
        if (family_of(expression) != family)
            return refuse(lowering, "its operands are of several types");
        bool read = operands.count == 0 || function == Function::Greatest || function == Function::Least;
        if (!operands.add((read ? lower_value : lower_conditionally)(lowering, expression, depth + 1)))
            return kNone;
    }
    bool lazy = function == Function::Coalesce && spares_errors(lowering, operands.first);
    return apply(operands, function, family, width, lazy);
}

uint32_t boolean_test(Lowering *lowering, BooleanTest *test, int depth) {
    uint32_t value = lower_value(lowering, test->arg, depth + 1);
    switch (test->booltesttype) {
    case IS_TRUE:
    case IS_NOT_TRUE:
        return tested(lowering, Function::IsTrue, value, test->booltesttype == IS_NOT_TRUE);
    case IS_FALSE:
    case IS_NOT_FALSE:
        return tested(lowering, Function::IsFalse, value, test->booltesttype == IS_NOT_FALSE);
    default:
        return tested(lowering, Function::IsNull, value, test->booltesttype == IS_NOT_UNKNOWN);
    }
}

// --- forms ---

// CASE x WHEN 1 is CASE WHEN x = 1: the expression with x where CaseTestExpr stands for it. What has placeholders of
// its own (another CASE, a cast of arrays) stays.
Node *with_case_argument(Node *node, void *argument) {
    if (!node || IsA(node, CaseExpr) || IsA(node, ArrayCoerceExpr))
        return node;
    if (IsA(node, CaseTestExpr))
        return static_cast<Node *>(argument);
    return mutate_expression(node, with_case_argument, argument);
}

uint32_t case_value(Lowering *lowering, CaseExpr *expression, int depth) {
    Operands operands{lowering};
    Family family = family_of(reinterpret_cast<Expr *>(expression));
    bool sayable = family != Family::None;
    ListCell *cell;
    foreach (cell, expression->args) {
        CaseWhen *when = lfirst_node(CaseWhen, cell);
        Expr *test = when->expr;
        if (expression->arg)
            test = reinterpret_cast<Expr *>(with_case_argument(reinterpret_cast<Node *>(test), expression->arg));
        auto lower_test = operands.count == 0 ? lower_value : lower_conditionally;
        sayable = sayable && operands.add(lower_test(lowering, test, depth + 1)) &&
                  operands.add(lower_conditionally(lowering, when->result, depth + 1));
    }
    if (!sayable || !operands.add(lower_conditionally(lowering, expression->defresult, depth + 1)))
        return lowering->reason ? kNone : refuse(lowering, "a CASE of this type has no rule");
    return apply(operands, Function::Case, family, width_of(reinterpret_cast<Expr *>(expression)),
                 spares_errors(lowering, operands.first));
}

// NULLIF (a, b): CASE WHEN a = b THEN NULL ELSE a END
uint32_t null_if(Lowering *lowering, NullIfExpr *expression, int depth) {
    std::optional<Rule> rule = find_rule(expression->opfuncid ? expression->opfuncid : get_opcode(expression->opno));
    if (!rule || rule->kind != NodeKind::Compare)
        return refuse(lowering, "this NULLIF has no rule");
    Expr *left = static_cast<Expr *>(linitial(expression->args)),
         *right = static_cast<Expr *>(lsecond(expression->args));
    if (!depends_on_row(lowering, left))
        return refuse(lowering, "this NULLIF has no rule");
    Oid type = exprType(reinterpret_cast<Node *>(left));
    Operands operands{lowering};
    if (!operands.add(
            comparison(lowering, *rule, Op::Eq, Function::Compare, left, right, expression->inputcollid, depth)) ||
        !operands.add(parameter_value(
            lowering, reinterpret_cast<Expr *>(makeNullConst(type, -1, exprCollation(reinterpret_cast<Node *>(left)))),
            rule->family)) ||
        !operands.add(lower_value(lowering, left, depth + 1)))
        return kNone;
    return apply(operands, Function::Case, rule->family, width_of(left));
}

uint32_t extreme(Lowering *lowering, MinMaxExpr *expression, int depth) {
    Family family = family_of(reinterpret_cast<Expr *>(expression));
    if (family == Family::Text &&
        !collation_allows(lowering, Rule{InvalidOid, Op::Lt, Family::Text}, expression->inputcollid))
        return kNone;
    uint32_t at =
        all_of(lowering, expression->args, expression->op == IS_GREATEST ? Function::Greatest : Function::Least, family,
               width_of(reinterpret_cast<Expr *>(expression)), depth);
    if (at != kNone && family == Family::Numeric)
        lowering->sql.nodes[at].digits = digits_of_any(lowering, lowering->sql.nodes[at]);
    return at;
}

// --- functions ---

} // namespace

bool demand_met(Lowering *lowering, const FunctionRule &rule, List *arguments, Oid collation, mql::Unit *unit) {
    switch (rule.demand) {
    case Demand::None:
    case Demand::Zone:
        return true;
    case Demand::Characters:
    case Demand::Deterministic:
        return collation_allows(lowering, Rule{InvalidOid, Op::Eq, Family::Text}, collation);
    case Demand::CType:
        if (GetDatabaseEncoding() == PG_UTF8 && is_c_type(collation))
            return true;
        return refuse(lowering, "lower and upper need the collation \"C\""), false;
    case Demand::Unit: {
        Expr *first = static_cast<Expr *>(linitial(arguments));
        if (IsA(first, Const) && !reinterpret_cast<Const *>(first)->constisnull)
            *unit = unit_of_name(TextDatumGetCString(reinterpret_cast<Const *>(first)->constvalue), rule.meaning);
        bool of_date = exprType(static_cast<Node *>(lsecond(arguments))) == DATEOID;
        if (of_date && is_part_of_times(*unit))
            return refuse(lowering, "a date has no such part"), false;
        if (*unit != mql::Unit::None)
            return true;
        return refuse(lowering, "this part of a date has no rule"), false;
    }
    }
    return false;
}

namespace {

Expr *text_constant(Datum value, bool null) {
    return reinterpret_cast<Expr *>(makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1, value, null, false));
}

// A literal of no type, as functions of any type take it.
Expr *text_of_literal(Expr *expression) {
    if (!IsA(expression, Const) || reinterpret_cast<Const *>(expression)->consttype != UNKNOWNOID)
        return expression;
    const Const *literal = reinterpret_cast<const Const *>(expression);
    return text_constant(literal->constisnull ? 0 : CStringGetTextDatum(DatumGetCString(literal->constvalue)),
                         literal->constisnull);
}

// concat: texts and integers as text, where || would be NULL for one.
uint32_t concatenation(Lowering *lowering, List *arguments, int depth) {
    Expr *empty = text_constant(CStringGetTextDatum(""), false);
    uint32_t whole = kNone;
    ListCell *cell;
    foreach (cell, arguments) {
        Expr *argument = text_of_literal(static_cast<Expr *>(lfirst(cell)));
        Oid type = exprType(reinterpret_cast<Node *>(argument));
        if (type != TEXTOID && type != VARCHAROID && family_of(argument) != Family::Int)
            return refuse(lowering, psprintf("concat of type %s has no rule", format_type_be(type)));
        uint32_t value = lower_value(lowering, argument, depth + 1);
        if (value != kNone && family_of(argument) == Family::Int) {
            Operands number{lowering};
            value = number.add(value) ? apply(number, Function::ToText, Family::Text) : kNone;
        }
        Operands present{lowering};
        if (!present.add(value) || !present.add(parameter_value(lowering, empty, Family::Text)))
            return kNone;
        value = apply(present, Function::Coalesce, Family::Text);
        if (whole == kNone) {
            whole = value;
            continue;
        }
        Operands both{lowering};
        if (!both.add(whole) || !both.add(value))
            return kNone;
        whole = apply(both, Function::Concat, Family::Text);
    }
    return whole == kNone ? refuse(lowering, "concat of nothing has no rule") : whole;
}

// cardinality (column), array_length and array_upper (column, 1): arrays that are read begin with 1.
uint32_t array_size(Lowering *lowering, const FunctionRule &rule, List *arguments) {
    Var *var = own_column(lowering, static_cast<Expr *>(linitial(arguments)));
    if (!var || !usable_column(lowering, var, false))
        return lowering->reason ? kNone : refuse(lowering, "only the size of a column is known there");
    if (list_length(arguments) > 1) {
        const Const *dimension = reinterpret_cast<const Const *>(lsecond(arguments));
        if (!IsA(dimension, Const) || dimension->constisnull || DatumGetInt32(dimension->constvalue) != 1)
            return refuse(lowering, "only the first dimension of an array is known there");
    }
    const mql::Column &column = lowering->columns[column_of(lowering, var)];
    if (!column.fit || !column.fit->array || column.uncertain || (column.element && !lowering->unwound))
        return refuse(lowering, "the server cannot tell which arrays fit the column");
    ValueNode node{NodeKind::ColumnValue, Op::Eq, static_cast<uint16_t>(column_of(lowering, var)), 0, kNone, kNone};
    node.unsure = true;
    Operands operands{lowering};
    return operands.add(add_sql_node(lowering, node))
               ? apply(operands, rule.meaning, rule.result, rule.width, true, rule.op)
               : kNone;
}

uint32_t call(Lowering *lowering, Oid function, List *arguments, Oid collation, int depth) {
    std::optional<Rule> compared = find_rule(function);
    if (compared && list_length(arguments) == 2) {
        uint32_t at = comparison(
            lowering, *compared, compared->op, compared->kind == NodeKind::Like ? Function::Like : Function::Compare,
            static_cast<Expr *>(linitial(arguments)), static_cast<Expr *>(lsecond(arguments)), collation, depth);
        return compared->negative ? negated(lowering, at) : at;
    }
    const FunctionRule *rule = find_function_rule(function);
    if (!rule)
        return refuse(lowering, psprintf("function %s has no rule", format_procedure(function)));
    bool is_cast = rule->meaning == Function::DateTruncate && rule->demand != Demand::Unit;
    mql::Unit unit = is_cast ? mql::Unit::Day : mql::Unit::None;
    if (!demand_met(lowering, *rule, arguments, collation, &unit))
        return kNone;
    if (rule->demand == Demand::Zone)
        return at_time_zone(lowering, function, arguments, depth);
    if (!moment_known(lowering, *rule, arguments, unit))
        return kNone;
    lowering->used = lappend_oid(lowering->used, function);
    if (rule->meaning == Function::Cardinality)
        return array_size(lowering, *rule, arguments);
    if (function == F_CONCAT)
        return concatenation(lowering, arguments, depth);
    Operands operands{lowering};
    ListCell *cell;
    foreach (cell, arguments) {
        Expr *argument = static_cast<Expr *>(lfirst(cell));
        if (rule->demand == Demand::Unit && cell == list_head(arguments))
            continue;
        bool distance = moves_time(*rule) && family_of(argument) == Family::Interval;
        if (distance && depends_on_row(lowering, argument))
            return refuse(lowering, "the interval depends on the row");
        if (!operands.add(distance ? parameter_value(lowering, argument, Family::None)
                                   : lower_value(lowering, argument, depth + 1)))
            return kNone;
    }
    if (rule->meaning == Function::ExtractSpan &&
        lowering->sql.nodes[operands.first].function != Function::TimesBetween)
        return refuse(lowering, "only what lies between two times has parts there");
    uint32_t at = apply(operands, rule->meaning, rule->result, rule->width, rule->raises, rule->op);
    if (at != kNone) {
        lowering->sql.nodes[at].unit = unit;
        lowering->sql.nodes[at].zoned = rule->zoned;
        if (rule->result == Family::Numeric)
            lowering->sql.nodes[at].digits = digits_of_function(lowering, lowering->sql.nodes[at]);
        if (rule->result == Family::Numeric && !lowering->sql.nodes[at].digits.known)
            return refuse(lowering, "the result may have more digits than a Decimal128, or an operand's are not known");
    }
    return at;
}

uint32_t any_of(Lowering *lowering, ScalarArrayOpExpr *expression, int depth) {
    std::optional<Rule> rule = find_rule(expression->opfuncid ? expression->opfuncid : get_opcode(expression->opno));
    bool negative = rule && rule->op == Op::Ne && !expression->useOr;
    if (!rule || rule->kind != NodeKind::Compare || !((rule->op == Op::Eq && expression->useOr) || negative))
        return refuse(lowering, "only = ANY and <> ALL have a rule");
    if (depends_on_row(lowering, static_cast<Expr *>(lsecond(expression->args))))
        return refuse(lowering, "the list depends on the row");
    uint32_t at = comparison(lowering, *rule, Op::Eq, Function::AnyOf, static_cast<Expr *>(linitial(expression->args)),
                             static_cast<Expr *>(lsecond(expression->args)), expression->inputcollid, depth);
    return negative ? negated(lowering, at) : at;
}

} // namespace

uint32_t lower_value(Lowering *lowering, Expr *expression, int depth) {
    check_stack_depth();
    if (depth > kMaxDepth)
        return refuse(lowering, "it is nested too deeply");
    while (IsA(expression, RelabelType))
        expression = reinterpret_cast<RelabelType *>(expression)->arg;
    if (Var *var = own_column(lowering, expression))
        return column_value(lowering, var, false);
    Family family = family_of(expression);
    if (family == Family::None || is_opaque(family))
        return refuse(lowering, psprintf("values of type %s are computed here only",
                                         format_type_be(exprType(reinterpret_cast<Node *>(expression)))));
    if (!depends_on_row(lowering, expression))
        return parameter_value(lowering, expression, family);
    switch (nodeTag(expression)) {
    case T_BoolExpr: {
        BoolExpr *logic = reinterpret_cast<BoolExpr *>(expression);
        if (logic->boolop == NOT_EXPR)
            return negated(lowering, lower_value(lowering, static_cast<Expr *>(linitial(logic->args)), depth + 1));
        return all_of(lowering, logic->args, logic->boolop == AND_EXPR ? Function::And : Function::Or, Family::Bool, 0,
                      depth);
    }
    case T_OpExpr: {
        OpExpr *op = reinterpret_cast<OpExpr *>(expression);
        return call(lowering, op->opfuncid ? op->opfuncid : get_opcode(op->opno), op->args, op->inputcollid, depth);
    }
    case T_FuncExpr: {
        FuncExpr *function = reinterpret_cast<FuncExpr *>(expression);
        if (function->funcvariadic)
            return refuse(lowering, "VARIADIC has no rule");
        return call(lowering, function->funcid, function->args, function->inputcollid, depth);
    }
    case T_DistinctExpr: {
        DistinctExpr *distinct = reinterpret_cast<DistinctExpr *>(expression);
        std::optional<Rule> rule = find_rule(distinct->opfuncid ? distinct->opfuncid : get_opcode(distinct->opno));
        if (!rule || rule->kind != NodeKind::Compare)
            return refuse(lowering, "values of this type are compared here only");
        return comparison(lowering, *rule, Op::Eq, Function::Distinct, static_cast<Expr *>(linitial(distinct->args)),
                          static_cast<Expr *>(lsecond(distinct->args)), distinct->inputcollid, depth);
    }
    case T_ScalarArrayOpExpr:
        return any_of(lowering, reinterpret_cast<ScalarArrayOpExpr *>(expression), depth);
    case T_NullTest: {
        NullTest *test = reinterpret_cast<NullTest *>(expression);
        if (test->argisrow)
            return refuse(lowering, "rows are tested here only");
        return tested(lowering, Function::IsNull, lower_value(lowering, test->arg, depth + 1),
                      test->nulltesttype == IS_NOT_NULL);
    }
    case T_BooleanTest:
        return boolean_test(lowering, reinterpret_cast<BooleanTest *>(expression), depth);
    case T_CaseExpr:
        return case_value(lowering, reinterpret_cast<CaseExpr *>(expression), depth);
    case T_CoalesceExpr:
        return all_of(lowering, reinterpret_cast<CoalesceExpr *>(expression)->args, Function::Coalesce, family,
                      width_of(expression), depth);
    case T_MinMaxExpr:
        return extreme(lowering, reinterpret_cast<MinMaxExpr *>(expression), depth);
    case T_NullIfExpr:
        return null_if(lowering, reinterpret_cast<NullIfExpr *>(expression), depth);
    case T_CoerceViaIO: {
        CoerceViaIO *coercion = reinterpret_cast<CoerceViaIO *>(expression);
        Family from = family_of(coercion->arg);
        bool shows = coercion->resulttype == TEXTOID && from == Family::Int;
        bool parses = from == Family::Text &&
                      (family == Family::Int || family == Family::Float || family == Family::Numeric) &&
                      coercion->resulttype != FLOAT4OID;
        if (!shows && !parses)
            return refuse(lowering, "this conversion has no rule");
        Operands operands{lowering};
        if (!operands.add(lower_value(lowering, coercion->arg, depth + 1)))
            return kNone;
        return shows ? apply(operands, Function::ToText, Family::Text)
                     : apply(operands, Function::Parse, family, width_of(expression), true);
    }
    default:
        return refuse(lowering, "this kind of expression has no rule");
    }
}

} // namespace mongo_fdw
