// Comparisons of values in aggregation expressions, for expression.cpp. Operands are neither null nor MinKey and may
// stand several times. Zone P.
#pragma once

#include "mql/build.hpp"

namespace mongo_fdw::mql {

// A constant condition.
inline Value fixed(bool truth) { return literal(truth); }

// Two numbers, NaN as the greatest one, equal to itself; MongoDB has it as the least one.
Value compare_floats(Op op, const Value &a, const Value &b);

// A number with NaN.
Value compare_with_nan(Op op, const Value &v);

// A number, NaN included, with a constant that is none: comparison holds for the others.
Value with_nan(Op op, const Value &v, const Value &comparison);

// A time with a time or day, taken as a half-open interval of milliseconds, see mql/match.cpp.
Value compare_instant(Op op, const Value &v, const Operand &with);

// A number that numeric is read from with a numeric's text.
Value compare_numeric(Op op, const Value &v, const char *text);

// A double that is read as real with a real.
Value compare_single(Op op, const Value &v, double with);

} // namespace mongo_fdw::mql
