// Functions of values. Zone P.
//
// Where PostgreSQL would raise, and where the server may compute otherwise, the result is MinKey.
#include "mql/expression_functions.hpp"
#include "mql/date_functions.hpp"
#include "mql/expression.hpp"

#include <cmath>
#include <cstring>

namespace mongo_fdw::mql {
namespace {

// --- numbers ---

// The result where it lies in the integer type, else the server is not sure: PostgreSQL raises.
Value in_width(const FunctionCall &call, const Value &result) {
    int64_t greatest = call.node.width == 2 ? INT16_MAX : call.node.width == 4 ? INT32_MAX : INT64_MAX;
    int64_t least = -greatest - 1;
    if (call.node.width == 8)
        return result;
    return let("r", result,
               cond(both(op("$gte", {"$$r", integer_value(least)}), op("$lte", {"$$r", integer_value(greatest)})),
                    "$$r", unsure_value()));
}

// Doubles without their fraction, and the nearest integral ones, halves to even; zeros keep the sign. Not $trunc and
// $round, of which DocumentDB's keep 15 digits of a double.
Value whole_part(const Value &v) {
    return let("w", v, cond(op("$lt", {"$$w", 0}), op("$ceil", "$$w"), op("$floor", "$$w")));
}
Value nearest(const Value &v) {
    Value rest = op("$subtract", {"$$w", "$$f"}), odd = op("$ne", {op("$mod", {"$$f", 2}), 0});
    Value up = either(op("$gt", {rest, 0.5}), both(op("$eq", {rest, 0.5}), odd));
    Value rounded = let("n", cond(up, op("$add", {"$$f", 1}), "$$f"),
                        cond(op("$eq", {"$$n", 0}), op("$multiply", {"$$w", 0.0}), "$$n"));
    return let("w", v, let("f", op("$floor", "$$w"), rounded));
}

// A sum, difference or product of integers. Large operands, whose result the server might make a double, are left.
Value integer_arithmetic(const char *name, const FunctionCall &call, const Value *args) {
    double limit = std::strcmp(name, "$multiply") == 0 ? 0x1p31 : 0x1p62;
    Value result = op(name, {op("$toLong", args[0]), op("$toLong", args[1])});
    if (call.node.width < 8)
        return in_width(call, result);
    return cond(both(below(args[0], limit), below(args[1], limit)), result, unsure_value());
}

// PostgreSQL raises for an infinite result of finite operands and for a zero that is none.
Value float_arithmetic(const char *name, const Value *args, bool zero_is_suspect) {
    Value result = "$$r", infinite = op("$in", {result, list({Value(HUGE_VAL), Value(-HUGE_VAL)})});
    auto is_infinite = [](const Value &v) { return op("$in", {v, list({Value(HUGE_VAL), Value(-HUGE_VAL)})}); };
    Value raises = both(infinite, negation(either(is_infinite(args[0]), is_infinite(args[1]))));
    if (zero_is_suspect)
        raises = either(raises, op("$eq", {result, 0}));
    return let("r", op(name, {args[0], args[1]}), cond(raises, unsure_value(), result));
}

// Of numerics whose results have no more digits than a decimal holds, see Digits.
Value as_decimal(const Value &v) { return op("$toDecimal", v); }

Value arithmetic(const char *name, const FunctionCall &call, const Value *args) {
    if (call.node.family == Family::Numeric)
        return op(name, {as_decimal(args[0]), as_decimal(args[1])});
    return call.node.family == Family::Int ? integer_arithmetic(name, call, args)
                                           : float_arithmetic(name, args, std::strcmp(name, "$multiply") == 0);
}

Value add(const FunctionCall &call, const Value *args) { return arithmetic("$add", call, args); }
Value subtract(const FunctionCall &call, const Value *args) { return arithmetic("$subtract", call, args); }
Value multiply(const FunctionCall &call, const Value *args) { return arithmetic("$multiply", call, args); }

Value divide(const FunctionCall &call, const Value *args) {
    Value zero = op("$eq", {args[1], 0});
    if (call.node.family != Family::Int)
        return cond(zero, unsure_value(), float_arithmetic("$divide", args, true));
    Value quotient = op("$toLong", whole_part(op("$divide", {args[0], args[1]})));
    Value large = negation(both(below(args[0], kExactInteger), below(args[1], kExactInteger)));
    return choose({{zero, unsure_value()}, {large, unsure_value()}}, in_width(call, quotient));
}

Value modulo(const FunctionCall &, const Value *args) {
    Value large = negation(both(below(args[0], kExactInteger), below(args[1], kExactInteger)));
    return choose({{op("$eq", {args[1], 0}), unsure_value()}, {large, unsure_value()}}, op("$mod", {args[0], args[1]}));
}

Value negate(const FunctionCall &call, const Value *args) {
    if (call.node.family == Family::Int)
        return in_width(call, cond(op("$lte", {args[0], Value(INT64_MIN)}), unsure_value(),
                                   op("$multiply", {op("$toLong", args[0]), -1})));
    if (call.node.family == Family::Numeric)
        return op("$multiply", {as_decimal(args[0]), Value::decimal("-1")});
    return op("$multiply", {args[0], Value(-1.0)});
}

Value absolute(const FunctionCall &call, const Value *args) {
    if (call.node.family == Family::Int)
        return in_width(
            call, cond(op("$lte", {args[0], Value(INT64_MIN)}), unsure_value(), op("$abs", op("$toLong", args[0]))));
    return op("$abs", call.node.family == Family::Numeric ? as_decimal(args[0]) : args[0]);
}

// Doubles from 2^52 on are integral; NaN and infinities pass.
Value integral(const Value &v, const Value &result) { return cond(below(v, kExactInteger), result, v); }
Value ceiling(const FunctionCall &call, const Value *args) {
    return call.node.family == Family::Numeric ? op("$ceil", as_decimal(args[0]))
                                               : integral(args[0], op("$ceil", args[0]));
}
Value floor_of(const FunctionCall &call, const Value *args) {
    return call.node.family == Family::Numeric ? op("$floor", as_decimal(args[0]))
                                               : integral(args[0], op("$floor", args[0]));
}

// Numerics to so many places: the decimal point is moved, what is behind it dropped, and moved back. Halves go away
// from zero.
Value to_places(const FunctionCall &call, const Value &v, bool rounds) {
    std::string places = std::to_string(call.node.digits.scale);
    Value moved = op("$multiply", {as_decimal(v), Value::decimal(("1E+" + places).c_str())});
    Value half = cond(op("$lt", {v, 0}), Value::decimal("-0.5"), Value::decimal("0.5"));
    Value whole = op("$trunc", rounds ? op("$add", {moved, half}) : moved);
    return cond(is_nan(v), as_decimal(v), op("$multiply", {whole, Value::decimal(("1E-" + places).c_str())}));
}

Value round_of(const FunctionCall &call, const Value *args) {
    return call.node.family == Family::Numeric ? to_places(call, args[0], true) : integral(args[0], nearest(args[0]));
}
// numeric(p,s): what has more digits before the point raises.
Value round_into(const FunctionCall &call, const Value *args) {
    std::string limit = "1E+" + std::to_string(call.node.digits.whole);
    return let("r", to_places(call, args[0], true),
               cond(op("$lt", {op("$abs", "$$r"), Value::decimal(limit.c_str())}), "$$r", unsure_value()));
}
Value truncate(const FunctionCall &call, const Value *args) {
    return call.node.family == Family::Numeric ? to_places(call, args[0], false)
                                               : integral(args[0], whole_part(args[0]));
}

Value square_root(const FunctionCall &, const Value *args) {
    return cond(both(op("$lt", {args[0], 0}), negation(is_nan(args[0]))), unsure_value(), op("$sqrt", args[0]));
}

Value sign_of(const FunctionCall &call, const Value *args) {
    if (call.node.family == Family::Numeric)
        return choose({{is_nan(args[0]), as_decimal(args[0])},
                       {op("$gt", {args[0], 0}), Value::decimal("1")},
                       {op("$lt", {args[0], 0}), Value::decimal("-1")}},
                      Value::decimal("0"));
    return choose({{op("$gt", {args[0], 0}), Value(1.0)},
                   {both(op("$lt", {args[0], 0}), negation(is_nan(args[0]))), Value(-1.0)}},
                  cond(is_nan(args[0]), unsure_value(), Value(0.0)));
}

Value to_int(const FunctionCall &call, const Value *args) {
    // Doubles round half to even; what no integer takes raises.
    Value from_double = cond(below(args[0], kExactInteger), op("$toLong", nearest(args[0])), unsure_value());
    Value whole = cond(is(type_of(args[0]), "double"), from_double, args[0]);
    return in_width(call, whole);
}

Value to_float(const FunctionCall &, const Value *args) { return op("$toDouble", args[0]); }
Value to_numeric(const FunctionCall &, const Value *args) { return op("$toDecimal", op("$toLong", args[0])); }
Value to_text(const FunctionCall &, const Value *args) { return op("$toString", op("$toLong", args[0])); }

// Numerics are stored as integers or decimals. PostgreSQL rounds half away from zero.
Value numeric_to_int(const FunctionCall &call, const Value *args) {
    Value v = args[0], half = cond(op("$lt", {v, 0}), Value::decimal("-0.5"), Value::decimal("0.5"));
    Value rounded = op("$toLong", op("$trunc", op("$add", {v, half})));
    return cond(is(type_of(v), "decimal"), cond(below(v, 0x1p62), in_width(call, rounded), unsure_value()),
                in_width(call, v));
}

// Decimals that no double takes raise, there also those near zero.
Value numeric_to_float(const FunctionCall &, const Value *args) {
    Value v = args[0], magnitude = op("$abs", v);
    Value taken =
        both(op("$gte", {magnitude, Value::decimal("1E-300")}), op("$lte", {magnitude, Value::decimal("1E+300")}));
    return choose({{is_nan(v), Value(__builtin_nan(""))}, {op("$eq", {v, 0}), Value(0.0)}, {taken, op("$toDouble", v)}},
                  unsure_value());
}

Value bool_to_int(const FunctionCall &, const Value *args) { return cond(args[0], 1, 0); }
Value int_to_bool(const FunctionCall &, const Value *args) { return op("$ne", {args[0], 0}); }
Value bool_to_text(const FunctionCall &, const Value *args) { return cond(args[0], literal("true"), literal("false")); }
Value id_to_text(const FunctionCall &, const Value *args) { return op("$toString", args[0]); }

// A text as a number, where both sides read it alike and nothing is rounded.
Value parse(const FunctionCall &call, const Value *args) {
    bool whole = call.node.family == Family::Int;
    const char *regex = whole ? "^(0|-?[1-9][0-9]{0,17})\\z" : "^-?(0|[1-9][0-9]{0,14})([.][0-9]{1,15})?\\z";
    const char *name = whole ? "$toLong" : call.node.family == Family::Float ? "$toDouble" : "$toDecimal";
    Value number = op(name, args[0]);
    return cond(op("$regexMatch", doc({{"input", args[0]}, {"regex", regex}})), whole ? in_width(call, number) : number,
                unsure_value());
}

// --- text ---

Value length(const FunctionCall &, const Value *args) { return op("$strLenCP", args[0]); }
Value bytes(const FunctionCall &, const Value *args) { return op("$strLenBytes", args[0]); }
Value lower(const FunctionCall &, const Value *args) { return op("$toLower", args[0]); }
Value upper(const FunctionCall &, const Value *args) { return op("$toUpper", args[0]); }
Value concat(const FunctionCall &, const Value *args) { return op("$concat", {args[0], args[1]}); }
Value position(const FunctionCall &, const Value *args) {
    return op("$add", {op("$indexOfCP", {args[0], args[1]}), 1});
}

// substr(text, start [, count]): start counts from 1 and may lie before the text; a negative count raises.
Value substring(const FunctionCall &call, const Value *args) {
    bool counted = call.operands > 2;
    Value text = args[0], start = op("$toLong", args[1]), count = op("$toLong", args[2]);
    Value from = op("$max", list({op("$subtract", {start, 1}), 0}));
    Value end = counted ? op("$subtract", {op("$add", {start, count}), 1}) : op("$strLenCP", text);
    Value bounded = op("$min", list({end, op("$strLenCP", text)}));
    Value wanted = op("$max", list({op("$subtract", {bounded, from}), 0}));
    Value part =
        cond(op("$gt", {wanted, 0}), op("$substrCP", {text, op("$toInt", from), op("$toInt", wanted)}), literal(""));
    return counted ? cond(op("$lt", {args[2], 0}), unsure_value(), part) : part;
}

Value trim(const FunctionCall &call, const Value *args) {
    bool chosen = call.operands > 1;
    const char *name = call.node.op == Op::Lt ? "$ltrim" : call.node.op == Op::Gt ? "$rtrim" : "$trim";
    Value chars = chosen ? args[1] : literal(" ");
    Value trimmed = op(name, doc({{"input", args[0]}, {"chars", chars}}));
    return chosen ? cond(op("$eq", {chars, literal("")}), args[0], trimmed) : trimmed;
}

Value replace(const FunctionCall &, const Value *args) {
    Value replaced = op("$replaceAll", doc({{"input", args[0]}, {"find", args[1]}, {"replacement", args[2]}}));
    return cond(op("$eq", {args[1], literal("")}), args[0], replaced);
}

struct StrictRow {
    Function function;
    Value (*render)(const FunctionCall &call, const Value *args);
};
constexpr StrictRow kStrict[] = {
    {Function::Not, [](const FunctionCall &, const Value *args) { return negation(args[0]); }},
    {Function::Add, add},
    {Function::Subtract, subtract},
    {Function::Multiply, multiply},
    {Function::Divide, divide},
    {Function::Modulo, modulo},
    {Function::Negate, negate},
    {Function::Abs, absolute},
    {Function::Ceil, ceiling},
    {Function::Floor, floor_of},
    {Function::Round, round_of},
    {Function::RoundInto, round_into},
    {Function::Truncate, truncate},
    {Function::SquareRoot, square_root},
    {Function::Sign, sign_of},
    {Function::ToInt, to_int},
    {Function::ToFloat, to_float},
    {Function::ToNumeric, to_numeric},
    {Function::ToText, to_text},
    {Function::NumericToInt, numeric_to_int},
    {Function::NumericToFloat, numeric_to_float},
    {Function::BoolToInt, bool_to_int},
    {Function::IntToBool, int_to_bool},
    {Function::BoolToText, bool_to_text},
    {Function::IdToText, id_to_text},
    {Function::Parse, parse},
    {Function::Length, length},
    {Function::LengthInBytes, bytes},
    {Function::Lower, lower},
    {Function::Upper, upper},
    {Function::Concat, concat},
    {Function::Position, position},
    {Function::Substring, substring},
    {Function::Trim, trim},
    {Function::Replace, replace},
    {Function::DateTruncate, date_truncate},
    {Function::Extract, extract},
    {Function::AddInterval, add_interval},
    {Function::SubtractInterval, subtract_interval},
    {Function::AddDays, add_days},
    {Function::SubtractDays, subtract_days},
    {Function::DaysBetween, days_between},
    {Function::ExtractSpan, extract_span},
    {Function::ShiftZone, shift_zone},
};

} // namespace

Value apply_function(const FunctionCall &call, const Value *args) {
    for (const StrictRow &row : kStrict)
        if (row.function == call.node.function)
            return row.render(call, args);
    return cannot_say(call);
}

} // namespace mongo_fdw::mql
