// Totals of a collection's values, column by column, which MongoDB computes from the type matrix alone: what checks
// compare with a target. Zone P behind plain declarations; safe to include from zone B. No function throws.
#pragma once

#include "mql/fit.hpp"

namespace mongo_fdw::mql {

// What is told of a column beside how many values it has.
enum class TotalKind : uint8_t {
    Count,  // nothing
    Number, // least, greatest, sum
    Float,  // the same as doubles, and the sum of magnitudes
    Text,   // least, greatest, bytes
    Bytes,  // bytes
    Bool,   // how many are true
    Date,   // least, greatest, sum: milliseconds
    Id,     // least, greatest
};

TotalKind total_kind(const FitColumn &column);

// What the stored values of a column must be that their totals are the column's: int4, int8, numeric, float8, text,
// date, bool, bytes, id, ord; null where they are not looked at.
const char *plain_kind(const FitColumn &column);

// {stages: [...]}: the stages behind those that choose documents. Their one document is {_id: null, n: rows, and of
// column i: p<i> values that fit, u<i> values of which the server is not sure, l<i> the least, g<i> the greatest, s<i>
// the sum, m<i> the sum of magnitudes, b<i> bytes, t<i> how many are true}. NaN counts, but is in no sum and no end.
// plain: the stored values are added up, which is many times faster, for columns that have a plain kind: whether they
// are all of it is told by their ends, by the type of the sum, and by p<i> (bool, bytes) or b<i> (text), which has
// kStranger for each that is not. unwind: the one key of the array whose elements are the rows, null: none.
constexpr int64_t kStranger = int64_t{1} << 40;
Document totals_stages(const char *unwind, const FitColumn *columns, int count, bool plain, bool barrier,
                       Memory memory) noexcept;

} // namespace mongo_fdw::mql
