// How many digits numerics have: where a Decimal128 holds all of a result, both sides compute the same. Zone B.
#pragma once

#include "plan/lower.hpp"

namespace mongo_fdw {

// Of a constant; not known for NaN and infinities.
mql::Digits digits_of_constant(const Expr *expression);

// Of what a function of the SQL tree gives. Not known where an operand's are not, or where a Decimal128 could not hold
// them.
mql::Digits digits_of_function(const Lowering *lowering, const mql::Node &node);

// Of a value that is one of a node's operands: known where all have as many behind the point.
mql::Digits digits_of_any(const Lowering *lowering, const mql::Node &node);

} // namespace mongo_fdw
