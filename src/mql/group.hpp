// Aggregates and groups as a pipeline. Zone P behind plain declarations; safe to include from zone B.
#pragma once

#include "mql/render.hpp"

namespace mongo_fdw::mql {

enum class Aggregate : uint8_t {
    Count,       // of rows
    CountValues, // that are not null
    IntegerSum,  // also for averages
    NumericSum,
    FloatSum,
    Least, // of values whose order and digits are the same on both sides
    Greatest,
    LeastFloat,
    GreatestFloat,
    LeastNumeric, // of numbers that equal ones may show with other digits
    GreatestNumeric,
    DeviationOfAll, // population and sample standard deviation of doubles
    DeviationOfSample,
};

struct Accumulator {
    Aggregate aggregate;
    int distinct;      // 0: of all values; else of those that differ, numbered by argument and filter from 1
    bool counted;      // the number of values is asked for, too
    uint32_t argument; // value tree; kNone: none
    uint32_t filter;   // condition as a value tree; kNone: none
    int scale;         // NumericSum: digits behind the point that are proved to suffice
};

// A comparison of HAVING: of what an accumulator gives with a parameter, as a value tree.
struct Having {
    uint32_t accumulator;
    Op op;
    uint32_t value;
};

// A key of ORDER BY over groups: a key of the groups, or what an accumulator gives.
struct GroupSortKey {
    bool of_key;
    uint32_t number;
    bool descending;
    bool nulls_first;
};

// The field of a result document that tells whether a group is in doubt, where LIMIT leaves groups out.
constexpr char kDoubtField[] = "doubt";

struct GroupCommand {
    ScanCommand scan; // its projection and skip are not used; limit: of groups where first is set
    const uint32_t *keys;
    uint32_t key_count;
    const Accumulator *accumulators;
    uint32_t accumulator_count;
    const uint32_t *doubts; // value trees of conditions of which the server may be unsure
    uint32_t doubt_count;
    const Having *having; // groups for which one is not true are left out where they are proved
    uint32_t having_count;
    bool first; // groups in doubt come first, then the others in order, as many as the limit says
    const GroupSortKey *sort;
    uint32_t sort_count;
    bool stored; // values are taken as they are stored, see can_take_stored
};

// Whether keys and arguments are columns whose values may be taken as they are stored: the results then show by their
// types, and with the least and greatest value, whether all values fit. Much cheaper for the server than to look at
// each value; where the proof fails nothing is known.
bool can_take_stored(const GroupCommand &group) noexcept;

// Whether that is so although the server leaves groups out by HAVING or LIMIT: then it must tell which are proved, and
// can only of counts, and of sums and extremes of integers, times, Booleans and object ids.
bool can_prove_stored(const GroupCommand &group) noexcept;

// The magnitude below which neither sums of doubles nor, for averages and deviations, sums of their squares can leave
// double precision, in whatever order they are added: PostgreSQL raises there.
double most_magnitude(const Accumulator &accumulator) noexcept;

// Whether an accumulator counts rows, of a filter where it has one.
bool counts_rows(const Accumulator &accumulator) noexcept;

// The number in the names of the fields of an accumulator, where values are taken as they are stored; rows without a
// filter are counted in n.
uint32_t stored_number(const Tree &tree, const Accumulator &accumulator) noexcept;

// Fields of a result document: _id {k0, k1, ...} (a lone key is _id itself), bad (rows of which the server is not sure,
// left out where it always is), and for accumulator i: s<i> the result; c<i> values that are not null; m<i> the
// greatest magnitude; f<i> values finer than scale; of values taken as they are stored n rows (for count(*) and sums of
// numerics), a<i> and b<i> the least and the greatest value, d<i> doubles among numerics or decimals among floats; x<i>
// NaN (of extremes); z<i> negative zeros; l<i> the extreme again, with other digits preferred
// among equal ones.
ScanRendering render_group(const GroupCommand &group, Memory memory) noexcept;

} // namespace mongo_fdw::mql
