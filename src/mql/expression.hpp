// Value trees as aggregation expressions, with SQL's semantics. Zone P.
//
// An expression gives a value, null, or MinKey: the server is not sure. It is unsure of values that it reads otherwise
// than PostgreSQL may, of misfits that raise, and where PostgreSQL would raise (overflow, division by zero). MinKey
// goes through every function, so that whoever reads the result knows.
#pragma once

#include "mql/build.hpp"
#include "mql/fit.hpp"

namespace mongo_fdw::mql {

// How a column's value enters an expression.
enum class ValueForm : uint8_t {
    Converted, // as the column reads it
    Near,      // numbers too near to zero for a conversion stand for each other: enough for most comparisons
    Stored,    // as it is stored, if it fits
    Size,      // of an array, how many elements it has
};

Value unsure_value();

// A column's value: null where it is missing, null or (misfit_is_null) does not fit, MinKey where it does not fit and
// that raises, or where the server is not sure.
Value fitting_value(const FitColumn &column, ValueForm form, bool misfit_is_null);

// Whether a string, and nothing else may be asked, is without a NUL character.
Value has_no_nul(const Value &text);
Value nul_text(); // a string of one NUL character

// A column's value as it is stored, whatever it is.
Value stored_value(const FitColumn &column);

// The stages that make a row of each element of an array.
void add_unwind(const char *key, std::vector<Value> *stages);

// Whether such a row is that of something that is no array.
Value is_no_element();

// Whether a value, as it is stored, is null or fits its column and is read as it is: false at the least doubt.
Value fits_as_stored(const Value &v, const FitColumn &column);

struct ExpressionContext {
    const Tree *tree;
    const Column *columns;
    const Operand *operands;
    int64_t zone_offset_ms; // of the session's time zone, east of UTC; kNoZone: it is not fixed
    bool folded = false;    // for people: {"$fitting": "$path"} for a column's value, without the guards
};
constexpr int64_t kNoZone = INT64_MIN;

// Renders a value tree. False: a parameter's value cannot be said there.
bool render_value(const ExpressionContext &context, uint32_t root, Value *out);

// The same as a key to sort by: numbers may stay as they are stored, where the order is the same.
bool render_sort_key(const ExpressionContext &context, uint32_t root, Value *out);

// The condition of NodeKind::Expression, for $expr.
bool render_expression(const ExpressionContext &context, const Node &node, Value *out);

} // namespace mongo_fdw::mql
