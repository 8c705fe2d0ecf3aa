// The table of functions that a value tree knows. Zone B.
#pragma once

#include "mql/ir.hpp"

#include "pg/pg.hpp"

namespace mongo_fdw {

// What a function asks for beside its operands.
enum class Demand : uint8_t {
    None,
    Deterministic, // a collation that compares bytes for equality
    CType,         // the character classes of locale C
    Unit,          // a first argument that names a part of a date
    Characters,    // text of the encoding UTF8
    Zone,          // a time zone that is a constant of a fixed offset
};

struct FunctionRule {
    Oid function;
    mql::Function meaning;
    mql::Family result;
    uint8_t width; // bytes of an integer result
    bool raises;   // PostgreSQL may raise, or the server leaves some values
    Demand demand = Demand::None;
    bool zoned = false;
    mql::Op op = mql::Op::Eq;
};

// The rule of a function; null when it has none.
const FunctionRule *find_function_rule(Oid function);

// All rules.
const FunctionRule *function_rules(int *count);

// A part of a date, or of an interval, by the name that SQL gives it to date_trunc or extract; None for others.
mql::Unit unit_of_name(const char *name, mql::Function meaning);

// Whether a part has no meaning for type date, where PostgreSQL raises.
bool is_part_of_times(mql::Unit unit);

// Digits behind the point of what extract gives.
int scale_of_part(mql::Unit unit, bool of_date);

} // namespace mongo_fdw
