// Strict functions of values, for expression.cpp. Zone P.
#pragma once

#include "mql/build.hpp"

namespace mongo_fdw::mql {

struct FunctionCall {
    const Node &node;
    int operands;
    const Operand *second;  // where the second operand is a parameter; else null
    int64_t zone_offset_ms; // of the session's time zone; kNoZone: it is not fixed
    bool *sayable;          // set to false where the value of a parameter cannot be said
};

constexpr double kExactInteger = 0x1p52;

// For a function that cannot be said with these parameters.
inline Value cannot_say(const FunctionCall &call) {
    *call.sayable = false;
    return Value::null();
}

// Whether a number lies between -limit and limit.
inline Value below(const Value &v, double limit) {
    return both(op("$gt", {v, Value(-limit)}), op("$lt", {v, Value(limit)}));
}

// The function over operands that are neither null nor MinKey: expressions that may stand several times. Operands that
// are missing are null.
Value apply_function(const FunctionCall &call, const Value *args);

} // namespace mongo_fdw::mql
