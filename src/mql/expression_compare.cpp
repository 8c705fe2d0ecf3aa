// Comparisons in aggregation expressions, which order NaN and round otherwise than SQL. Zone P.
#include "mql/expression_compare.hpp"
#include "mql/number.hpp"

#include <cmath>
#include <cstring>

namespace mongo_fdw::mql {

Value compare_floats(Op op_, const Value &a, const Value &b) {
    switch (op_) {
    case Op::Eq:
    case Op::Ne:
        return op(name_of(op_), {a, b});
    case Op::Lt:
        return both(negation(is_nan(a)), either(is_nan(b), op("$lt", {a, b})));
    case Op::Le:
        return either(is_nan(b), both(negation(is_nan(a)), op("$lte", {a, b})));
    default:
        return compare_floats(commuted(op_), b, a);
    }
}

// v op point, where bound lies on the given side of the point and nothing between them occurs.
static Value compare_bound(Op op_, const Value &v, const Value &bound, int side) {
    bool below = op_ == Op::Lt || op_ == Op::Le;
    if (side == 0)
        return op(name_of(op_), {v, bound});
    if (op_ == Op::Eq || op_ == Op::Ne)
        return fixed(op_ == Op::Ne);
    return op(side < 0 ? (below ? "$lte" : "$gt") : (below ? "$lt" : "$gte"), {v, bound});
}

Value with_nan(Op op_, const Value &v, const Value &comparison) {
    if (op_ == Op::Lt || op_ == Op::Le)
        return both(negation(is_nan(v)), comparison);
    if (op_ == Op::Gt || op_ == Op::Ge)
        return either(is_nan(v), comparison);
    return comparison;
}

Value compare_with_nan(Op op_, const Value &v) {
    switch (op_) {
    case Op::Eq:
    case Op::Ge:
        return is_nan(v);
    case Op::Ne:
    case Op::Lt:
        return negation(is_nan(v));
    default:
        return fixed(op_ == Op::Le);
    }
}

Value compare_instant(Op op_, const Value &v, const Operand &with) {
    int64_t value = with.integer;
    if (value == INT64_MIN || value == INT64_MAX) {
        bool below = op_ == Op::Lt || op_ == Op::Le;
        return fixed(op_ == Op::Ne || (op_ != Op::Eq && below == (value == INT64_MAX)));
    }
    if (with.kind == OperandKind::Days)
        return op(name_of(op_), {v, Value::date(value * kMsPerDay)});
    Instant instant = instant_of_micros(value);
    return compare_bound(op_, v, Value::date(instant.ms), instant.between ? -1 : 0);
}

Value compare_numeric(Op op_, const Value &v, const char *text) {
    if (std::strcmp(text, "NaN") == 0)
        return compare_with_nan(op_, v);
    DecimalBound decimal = decimal_bound(text);
    DoubleBound stored = double_bound(text);
    Value as_decimal = compare_bound(op_, v, Value::decimal(decimal.text), decimal.side);
    Value as_double = compare_bound(op_, v, Value(stored.value), stored.side);
    return with_nan(op_, v, cond(is(type_of(v), "double"), as_double, as_decimal));
}

Value compare_single(Op op_, const Value &v, double with) {
    // The doubles that round to reals not below, and above, the constant.
    double least = least_rounding_to(with, true), above = least_rounding_to(with, false);
    Value not_below = op("$gte", {v, Value(least)}), beyond = op("$gte", {v, Value(above)});
    if (std::isnan(least)) // none does
        not_below = fixed(false);
    if (std::isnan(above))
        beyond = fixed(false);
    switch (op_) {
    case Op::Ge:
        return not_below;
    case Op::Gt:
        return beyond;
    case Op::Lt:
        return negation(not_below);
    case Op::Le:
        return negation(beyond);
    case Op::Eq:
        return both(not_below, negation(beyond));
    default:
        return either(negation(not_below), beyond);
    }
}

} // namespace mongo_fdw::mql
