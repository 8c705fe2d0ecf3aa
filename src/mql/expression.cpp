// Value trees. Zone P.
//
// A function is strict unless its row says otherwise: its operands are bound to variables, MinKey and null decide
// before it is applied, so that an operator that fails for null never sees one.
#include "mql/expression.hpp"
#include "mql/expression_compare.hpp"
#include "mql/expression_functions.hpp"
#include "mql/like.hpp"
#include "mql/number.hpp"

#include <bson/bson.h>

#include <cmath>
#include <cstring>

namespace mongo_fdw::mql {
namespace {

struct Piece {
    Value value;
    bool constant; // the same for all documents, and neither null nor MinKey
    bool null;     // the constant null
    bool unsure;   // may be MinKey
};

Value text_value(const char *text, uint32_t length) {
    std::string bytes(4, '\0');
    uint32_t size = length + 1;
    std::memcpy(bytes.data(), &size, sizeof size);
    bytes.append(text, length);
    bytes += '\0';
    return literal(Value::raw(BSON_TYPE_UTF8, bytes.data(), bytes.size()));
}
Value object_id(const uint8_t *bytes) { return Value::raw(BSON_TYPE_OID, bytes, 12); }

struct Renderer {
    const ExpressionContext &context;
    bool sayable = true;

    const Node &node_at(uint32_t at) const { return context.tree->nodes[at]; }
    const Operand &operand(const Node &node) {
        const Operand &found = context.operands[node.parameter];
        sayable = sayable && !is_unsayable(found);
        return found;
    }

    Value cannot_say() {
        sayable = false;
        return Value::null();
    }

    // --- leaves ---

    Piece column(const Node &node, ValueForm form) {
        const Column &facts = context.columns[node.column];
        if (context.folded)
            return {folded(facts), false, false, false};
        return {fitting_value(*facts.fit, form, facts.misfit_is_null), false, false, node.unsure};
    }

    static Value folded(const Column &column) { return op("$fitting", (std::string("$") + column.path).c_str()); }

    // EXPLAIN without values: the parameter stands by its name.
    static Value named(const Operand &parameter) {
        return doc({{"$parameter", parameter.text ? parameter.text : "?"}});
    }

    Piece parameter(const Operand &from) {
        switch (from.kind) {
        case OperandKind::Null:
            return {Value::null(), false, true, false};
        case OperandKind::Bool:
            return {Value(from.boolean), true, false, false};
        case OperandKind::Int:
            return {integer_value(from.integer), true, false, false};
        case OperandKind::Double:
            return {Value(from.number), true, false, false};
        case OperandKind::Text:
            return {text_value(from.text, from.length), true, false, false};
        case OperandKind::ObjectId:
            return {object_id(from.bytes), true, false, false};
        case OperandKind::Micros:
            if (from.integer == INT64_MIN || from.integer == INT64_MAX || from.integer % 1000 != 0)
                return {cannot_say(), true, false, false};
            return {Value::date(instant_of_micros(from.integer).ms), true, false, false};
        case OperandKind::Days:
            if (from.integer == INT64_MIN || from.integer == INT64_MAX)
                return {cannot_say(), true, false, false};
            return {Value::date(from.integer * kMsPerDay), true, false, false};
        case OperandKind::Numeric: {
            DecimalBound bound = decimal_bound(from.text);
            return {bound.side == 0 ? Value::decimal(bound.text) : cannot_say(), true, false, false};
        }
        case OperandKind::Interval:
            return {Value(from.integer), true, false, false};
        case OperandKind::Unknown:
            return {from.text ? named(from) : cannot_say(), true, false, false};
        case OperandKind::Uuid:
        case OperandKind::Binary:
        case OperandKind::List:
        case OperandKind::Filter:
            break;
        }
        return {cannot_say(), true, false, false};
    }

    // --- comparisons ---

    // v op constant; v is neither null nor MinKey. single: v is a double that is read as real.
    Value compare_constant(Op op_, bool single, const Value &v, const Operand &with) {
        switch (with.kind) {
        case OperandKind::Double:
            if (std::isnan(with.number))
                return compare_with_nan(op_, v);
            if (with.number != 0 && std::fabs(with.number) <= 1e-300)
                return cannot_say();
            return with_nan(op_, v,
                            single ? compare_single(op_, v, with.number) : op(name_of(op_), {v, Value(with.number)}));
        case OperandKind::Numeric:
            return compare_numeric(op_, v, with.text);
        case OperandKind::Micros:
        case OperandKind::Days:
            return compare_instant(op_, v, with);
        default:
            return op(name_of(op_), {v, parameter(with).value});
        }
    }

    Value compare_values(Op op_, Family family, const Value &a, const Value &b) {
        return family == Family::Float || family == Family::Numeric ? compare_floats(op_, a, b)
                                                                    : op(name_of(op_), {a, b});
    }

    // A side of a comparison with a constant may stay as it is stored.
    Piece compared(const Node &node, bool with_constant) {
        if (node.kind == NodeKind::ColumnValue && with_constant) {
            bool numeric = node.family == Family::Numeric;
            Piece piece = column(node, numeric ? ValueForm::Stored : ValueForm::Near);
            piece.unsure = !context.columns[node.column].misfit_is_null || node.unsure;
            return piece;
        }
        return render(node);
    }

    Piece compare(const Node &node) {
        const Node &left = node_at(node.first_child), &right = node_at(left.next);
        bool constant = right.kind == NodeKind::ParameterValue;
        if (!constant)
            return strict(node,
                          [&](const Value *args) { return compare_values(node.op, node.family, args[0], args[1]); });
        const Operand &with = operand(right);
        Piece piece = compared(left, true);
        if (with.kind == OperandKind::Null)
            return null_beside(piece);
        bool single = left.kind == NodeKind::ColumnValue && context.columns[left.column].single;
        Value test = with.kind == OperandKind::Unknown ? op(name_of(node.op), {"$$a", named(with)})
                                                       : compare_constant(node.op, single, "$$a", with);
        return guarded("a", piece, test);
    }

    // IS DISTINCT FROM: null is a value like others.
    Piece distinct(const Node &node) {
        const Node &left = node_at(node.first_child), &right = node_at(left.next);
        bool constant = right.kind == NodeKind::ParameterValue;
        Piece a = compared(left, constant);
        if (constant && operand(right).kind == OperandKind::Null) {
            Value test = op("$ne", {"$$a", Value::null()});
            return {let("a", a.value, a.unsure ? cond(is_unsure("$$a"), unsure_value(), test) : test), false, false,
                    a.unsure};
        }
        Piece b = constant ? Piece{Value::null(), true, false, false} : render(right);
        bool single = left.kind == NodeKind::ColumnValue && context.columns[left.column].single;
        Value differ = constant ? operand(right).kind == OperandKind::Unknown
                                      ? op("$ne", {"$$a", named(operand(right))})
                                      : compare_constant(Op::Ne, single, "$$a", operand(right))
                                : compare_values(Op::Ne, node.family, "$$a", "$$b");
        Value null = Value::null();
        Value test = constant ? cond(op("$eq", {"$$a", null}), true, differ)
                              : cond(either(op("$eq", {"$$a", null}), op("$eq", {"$$b", null})),
                                     op("$ne", {"$$a", "$$b"}), differ);
        if (a.unsure || b.unsure)
            test = cond(either(is_unsure("$$a"), constant ? fixed(false) : is_unsure("$$b")), unsure_value(), test);
        std::vector<Field> vars = {{"a", a.value}};
        if (!constant)
            vars.push_back({"b", b.value});
        return {op("$let", doc({{"vars", doc(vars)}, {"in", test}})), false, false, a.unsure || b.unsure};
    }

    // first = ANY (a list that is known)
    Piece any_of(const Node &node) {
        const Node &left = node_at(node.first_child);
        const Operand &items = operand(node_at(left.next));
        Piece piece = compared(left, true);
        if (items.kind == OperandKind::Null)
            return null_beside(piece);
        if (items.kind == OperandKind::Unknown)
            return guarded("a", piece, op("$in", {"$$a", named(items)}));
        if (items.count == 0) {
            Value no = fixed(false);
            return {piece.unsure ? let("a", piece.value, cond(is_unsure("$$a"), unsure_value(), no)) : no, false, false,
                    piece.unsure};
        }
        bool single = left.kind == NodeKind::ColumnValue && context.columns[left.column].single, with_null = false;
        std::vector<Value> values, tests;
        for (uint32_t i = 0; i < items.count; i++) {
            const Operand &item = items.items[i];
            if (item.kind == OperandKind::Null)
                with_null = true;
            else if (item.kind == OperandKind::Int || item.kind == OperandKind::ObjectId)
                values.push_back(item.kind == OperandKind::Int ? integer_value(item.integer) : object_id(item.bytes));
            else if (item.kind == OperandKind::Text)
                values.push_back(text_value(item.text, item.length));
            else
                tests.push_back(compare_constant(Op::Eq, single, "$$a", item));
        }
        if (!values.empty())
            tests.push_back(op("$in", {"$$a", list(values)}));
        Value found = op("$or", list(tests));
        return guarded("a", piece, with_null ? cond(found, true, Value::null()) : found);
    }

    Piece like(const Node &node) {
        const Node &left = node_at(node.first_child);
        const Operand &pattern = operand(node_at(left.next));
        Piece piece = render(left);
        if (pattern.kind == OperandKind::Null)
            return null_beside(piece);
        if (pattern.kind == OperandKind::Unknown)
            return guarded("a", piece, op("$regexMatch", doc({{"input", "$$a"}, {"regex", named(pattern)}})));
        std::string regex;
        if (!exact_like_regex(pattern.text, pattern.length, node.op == Op::Ge, &regex))
            return {cannot_say(), false, false, false};
        Value match = op("$regexMatch", doc({{"input", "$$a"},
                                             {"regex", text_value(regex.data(), static_cast<uint32_t>(regex.size()))},
                                             {"options", "s"}}));
        return guarded("a", piece, match);
    }

    // --- null and unsure ---

    static Value is_unsure(const Value &v) { return op("$eq", {v, unsure_value()}); }

    // A strict function of a value and NULL: where the value raises, the function does.
    static Piece null_beside(const Piece &piece) {
        if (!piece.unsure)
            return {Value::null(), false, true, false};
        return {cond(is_unsure(piece.value), unsure_value(), Value::null()), false, false, true};
    }

    // test over the variable, where the value is neither null nor MinKey; these pass.
    Piece guarded(const char *name, const Piece &piece, const Value &test) {
        if (piece.null)
            return piece;
        std::string variable = std::string("$$") + name;
        Value v = variable.c_str();
        Value in = cond(op("$lte", {v, Value::null()}), v, test);
        return {let(name, piece.value, in), false, false, piece.unsure};
    }

    // A strict function: every operand is bound.
    template <class Apply> Piece strict(const Node &node, Apply apply) {
        std::vector<Field> vars;
        std::vector<Value> args, unsure, nullable;
        char name[2] = "a";
        bool null = false;
        for (uint32_t at = node.first_child; at != kNone; at = node_at(at).next, name[0]++) {
            Piece piece = render(node_at(at));
            std::string variable = std::string("$$") + name;
            null = null || piece.null;
            if (piece.constant || piece.null) {
                args.push_back(piece.value);
                continue;
            }
            vars.push_back({name, piece.value});
            args.push_back(variable.c_str());
            nullable.push_back(variable.c_str());
            if (piece.unsure)
                unsure.push_back(variable.c_str());
        }
        while (args.size() < 3)
            args.push_back(Value::null());
        Value result = null ? Value::null() : apply(args.data());
        if (!null && nullable.size() == 1)
            result = cond(op("$lte", {nullable[0], Value::null()}), nullable[0], result);
        else if (!null && !nullable.empty())
            result = cond(op("$in", {Value::null(), list(nullable)}), Value::null(), result);
        if (!unsure.empty() && (null || nullable.size() > 1))
            result = cond(op("$in", {unsure_value(), list(unsure)}), unsure_value(), result);
        bool doubtful = node.unsure || !unsure.empty();
        if (vars.empty())
            return {result, false, null, doubtful};
        return {op("$let", doc({{"vars", doc(vars)}, {"in", result}})), false, false, doubtful};
    }

    FunctionCall call_of(const Node &node) {
        uint32_t second = node_at(node.first_child).next;
        int count = 0;
        for (uint32_t at = node.first_child; at != kNone; at = node_at(at).next)
            count++;
        bool parameter = second != kNone && node_at(second).kind == NodeKind::ParameterValue;
        return {node, count, parameter ? &operand(node_at(second)) : nullptr, context.zone_offset_ms, &sayable};
    }

    struct Children {
        std::vector<Value> values;
        bool unsure;
    };
    Children children(const Node &node) {
        Children result{{}, node.unsure};
        for (uint32_t at = node.first_child; at != kNone; at = node_at(at).next) {
            Piece piece = render(node_at(at));
            result.values.push_back(piece.value);
            result.unsure = result.unsure || piece.unsure;
        }
        return result;
    }

    // in over the children as the array $$all; MinKey among them decides.
    Piece over_all(const Node &node, const Value &in) {
        Children all = children(node);
        Value whole = all.unsure ? cond(op("$in", {unsure_value(), "$$all"}), unsure_value(), in) : in;
        return {let("all", list(all.values), whole), false, false, all.unsure};
    }

    // Three-valued AND (decisive false) and OR (decisive true).
    Piece logic(const Node &node, bool decisive) {
        return over_all(node, cond(op("$in", {decisive, "$$all"}), decisive,
                                   cond(op("$in", {Value::null(), "$$all"}), Value::null(), !decisive)));
    }

    // IS NULL, IS TRUE, IS FALSE: never null. Whether a column is null does not depend on what its value is read as.
    Piece test(const Node &node, const Value &wanted) {
        Piece piece = compared(node_at(node.first_child), node.function == Function::IsNull);
        if (!piece.unsure)
            return {op("$eq", {piece.value, wanted}), false, false, false};
        return {let("a", piece.value, cond(is_unsure("$$a"), unsure_value(), op("$eq", {"$$a", wanted}))), false, false,
                true};
    }

    Piece choice(const Node &node) {
        std::vector<Branch> branches;
        bool unsure = node.unsure;
        uint32_t at = node.first_child;
        for (; at != kNone && node_at(at).next != kNone; at = node_at(node_at(at).next).next) {
            Piece condition = render(node_at(at)), then = render(node_at(node_at(at).next));
            if (condition.unsure)
                branches.push_back({is_unsure(condition.value), unsure_value()});
            branches.push_back({op("$eq", {condition.value, true}), then.value});
            unsure = unsure || condition.unsure || then.unsure;
        }
        Piece otherwise = render(node_at(at));
        return {choose(branches, otherwise.value), false, false, unsure || otherwise.unsure};
    }

    Piece coalesce(const Node &node) {
        Children all = children(node);
        Value result = all.values.back();
        for (size_t i = all.values.size() - 1; i-- > 0;)
            result = op("$ifNull", {all.values[i], result});
        return {result, false, false, all.unsure};
    }

    // GREATEST and LEAST leave null out; NaN is the greatest number.
    Piece extreme(const Node &node) {
        bool greatest = node.function == Function::Greatest;
        Value all = "$$all", nan = Value(__builtin_nan(""));
        if (node.family != Family::Float && node.family != Family::Numeric)
            return over_all(node, op(greatest ? "$max" : "$min", all));
        Value has_nan = op("$in", {nan, all});
        if (greatest)
            return over_all(node, cond(has_nan, nan, op("$max", all)));
        Value others = op("$filter", doc({{"input", all}, {"as", "x"}, {"cond", negation(is_nan("$$x"))}}));
        Value least = let("l", op("$min", others), cond(both(is_null("$$l"), has_nan), nan, "$$l"));
        return over_all(node, least);
    }

    // How many elements an array column has. Arrays in it are one more dimension here: the guard is unsure of them.
    Piece cardinality(const Node &node) {
        const Column &facts = context.columns[node_at(node.first_child).column];
        Value size = context.folded ? op("$size", folded(facts))
                                    : fitting_value(*facts.fit, ValueForm::Size, facts.misfit_is_null);
        bool null_for_none = node.op == Op::Gt;
        return {null_for_none ? let("n", size, cond(op("$eq", {"$$n", 0}), Value::null(), "$$n")) : size, false, false,
                true};
    }

    // Two times, in microseconds. One that is known may lie between two milliseconds; so far apart that PostgreSQL's
    // microseconds could overflow are none here.
    Piece times_between(const Node &node) {
        constexpr int64_t kMostMs = INT64_MAX / 1000 - 1;
        int64_t rest = 0;
        int sign = 1;
        std::vector<Field> vars;
        std::vector<Value> sides;
        bool null = false;
        char name[2] = "a";
        for (uint32_t at = node.first_child; at != kNone; at = node_at(at).next, name[0]++, sign = -1) {
            const Node &side = node_at(at);
            bool known = side.kind == NodeKind::ParameterValue && operand(side).kind == OperandKind::Micros;
            int64_t micros = known ? operand(side).integer : 0;
            if (micros == INT64_MIN || micros == INT64_MAX)
                return {cannot_say(), false, false, true};
            Instant instant = instant_of_micros(micros);
            rest += sign * (micros - (instant.ms - kYear2000Ms) * 1000);
            Piece piece = known ? Piece{Value::date(instant.ms), true, false, false} : render(side);
            null = null || piece.null;
            vars.push_back({name, piece.value});
            sides.push_back((std::string("$$") + name).c_str());
        }
        Value far = negation(both(op("$lt", {"$$d", Value(kMostMs)}), op("$gt", {"$$d", Value(-kMostMs)})));
        Value micros = op("$add", {op("$multiply", {"$$d", Value(int64_t{1000})}), Value(rest)});
        Value apart = let("d", op("$subtract", {sides[0], sides[1]}), cond(far, unsure_value(), micros));
        Value result = choose({{op("$in", {unsure_value(), list(sides)}), unsure_value()},
                               {null ? fixed(true) : op("$in", {Value::null(), list(sides)}), Value::null()}},
                              apart);
        return {op("$let", doc({{"vars", doc(vars)}, {"in", result}})), false, false, true};
    }

    Piece render(const Node &node);
    Piece render(uint32_t at) { return render(node_at(at)); }
};

Piece Renderer::render(const Node &node) {
    if (node.kind == NodeKind::ColumnValue) {
        Piece piece = column(node, ValueForm::Converted);
        piece.unsure = piece.unsure || !context.columns[node.column].misfit_is_null;
        return piece;
    }
    if (node.kind == NodeKind::ParameterValue)
        return parameter(operand(node));
    switch (node.function) {
    case Function::And:
        return logic(node, false);
    case Function::Or:
        return logic(node, true);
    case Function::IsNull:
        return test(node, Value::null());
    case Function::IsTrue:
        return test(node, true);
    case Function::IsFalse:
        return test(node, false);
    case Function::Compare:
        return compare(node);
    case Function::Distinct:
        return distinct(node);
    case Function::AnyOf:
        return any_of(node);
    case Function::Like:
        return like(node);
    case Function::Case:
        return choice(node);
    case Function::Coalesce:
        return coalesce(node);
    case Function::Greatest:
    case Function::Least:
        return extreme(node);
    case Function::Cardinality:
        return cardinality(node);
    case Function::TimesBetween:
        return times_between(node);
    default:
        return strict(node, [&](const Value *args) { return apply_function(call_of(node), args); });
    }
}

} // namespace

bool render_value(const ExpressionContext &context, uint32_t root, Value *out) {
    Renderer renderer{context};
    *out = renderer.render(root).value;
    return renderer.sayable;
}

bool render_sort_key(const ExpressionContext &context, uint32_t root, Value *out) {
    const Node &node = context.tree->nodes[root];
    bool as_stored = node.family == Family::Float || node.family == Family::Text;
    if (node.kind != NodeKind::ColumnValue || !as_stored)
        return render_value(context, root, out);
    // Rounding to a float keeps the order, and of equal numbers any may come first; symbols compare like strings.
    const Column &column = context.columns[node.column];
    if (context.folded)
        return render_value(context, root, out);
    *out = fitting_value(*column.fit, node.family == Family::Float ? ValueForm::Stored : ValueForm::Near,
                         column.misfit_is_null);
    return true;
}

bool render_expression(const ExpressionContext &context, const Node &node, Value *out) {
    Value value = Value::null();
    if (!render_value(context, node.first_child, &value))
        return false;
    bool wanted = node.op == Op::Eq;
    // Where the server is not sure the row is kept and the condition checked here.
    *out = node.unsure ? op("$in", {value, list({wanted, unsure_value()})}) : op("$eq", {value, wanted});
    return true;
}

} // namespace mongo_fdw::mql
