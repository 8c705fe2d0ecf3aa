// The table of functions. Zone B.
#include "plan/functions.hpp"
#include "plan/rules.hpp"

namespace mongo_fdw {
namespace {

using mql::Family;
using mql::Function;
using mql::Op;
using mql::Unit;

// Sorted by function OID.
constexpr FunctionRule kRules[] = {
    {F_INT4MUL, Function::Multiply, Family::Int, 4, true},
    {F_INT2MUL, Function::Multiply, Family::Int, 2, true},
    {F_INT2DIV, Function::Divide, Family::Int, 2, true},
    {F_INT4DIV, Function::Divide, Family::Int, 4, true},
    {F_INT2MOD, Function::Modulo, Family::Int, 2, true},
    {F_INT4MOD, Function::Modulo, Family::Int, 4, true},
    {F_INT24MUL, Function::Multiply, Family::Int, 4, true},
    {F_INT42MUL, Function::Multiply, Family::Int, 4, true},
    {F_INT24DIV, Function::Divide, Family::Int, 4, true},
    {F_INT42DIV, Function::Divide, Family::Int, 4, true},
    {F_INT2PL, Function::Add, Family::Int, 2, true},
    {F_INT4PL, Function::Add, Family::Int, 4, true},
    {F_INT24PL, Function::Add, Family::Int, 4, true},
    {F_INT42PL, Function::Add, Family::Int, 4, true},
    {F_INT2MI, Function::Subtract, Family::Int, 2, true},
    {F_INT4MI, Function::Subtract, Family::Int, 4, true},
    {F_INT24MI, Function::Subtract, Family::Int, 4, true},
    {F_INT42MI, Function::Subtract, Family::Int, 4, true},
    {F_INT4UM, Function::Negate, Family::Int, 4, true},
    {F_INT2UM, Function::Negate, Family::Int, 2, true},
    {F_FLOAT8MUL, Function::Multiply, Family::Float, 0, true},
    {F_FLOAT8DIV, Function::Divide, Family::Float, 0, true},
    {F_FLOAT8PL, Function::Add, Family::Float, 0, true},
    {F_FLOAT8MI, Function::Subtract, Family::Float, 0, true},
    {F_FLOAT8UM, Function::Negate, Family::Float, 0, false},
    {F_FLOAT8ABS, Function::Abs, Family::Float, 0, false},
    {F_DSQRT, Function::SquareRoot, Family::Float, 0, true},
    {F_FLOAT8_INT2, Function::ToFloat, Family::Float, 0, false},
    {F_INT2_FLOAT8, Function::ToInt, Family::Int, 2, true},
    {F_INT4_INT2, Function::ToInt, Family::Int, 4, false},
    {F_INT2_INT4, Function::ToInt, Family::Int, 2, true},
    {F_FLOAT8_INT4, Function::ToFloat, Family::Float, 0, false},
    {F_INT4_FLOAT8, Function::ToInt, Family::Int, 4, true},
    {F_INT8UM, Function::Negate, Family::Int, 8, true},
    {F_INT8PL, Function::Add, Family::Int, 8, true},
    {F_INT8MI, Function::Subtract, Family::Int, 8, true},
    {F_INT8MUL, Function::Multiply, Family::Int, 8, true},
    {F_INT8DIV, Function::Divide, Family::Int, 8, true},
    {F_INT4_INT8, Function::ToInt, Family::Int, 4, true},
    {F_INT8_INT4, Function::ToInt, Family::Int, 8, false},
    {F_FLOAT8_INT8, Function::ToFloat, Family::Float, 0, false},
    {F_INT8_FLOAT8, Function::ToInt, Family::Int, 8, true},
    {F_INT2_INT8, Function::ToInt, Family::Int, 2, true},
    {F_INT8_INT2, Function::ToInt, Family::Int, 8, false},
    {F_INT82PL, Function::Add, Family::Int, 8, true},
    {F_INT82MI, Function::Subtract, Family::Int, 8, true},
    {F_INT82MUL, Function::Multiply, Family::Int, 8, true},
    {F_INT82DIV, Function::Divide, Family::Int, 8, true},
    {F_INT28PL, Function::Add, Family::Int, 8, true},
    {F_POSITION_TEXT_TEXT, Function::Position, Family::Int, 4, false, Demand::Deterministic},
    {F_STRPOS, Function::Position, Family::Int, 4, false, Demand::Deterministic},
    {F_LOWER_TEXT, Function::Lower, Family::Text, 0, false, Demand::CType},
    {F_UPPER_TEXT, Function::Upper, Family::Text, 0, false, Demand::CType},
    {F_LTRIM_TEXT_TEXT, Function::Trim, Family::Text, 0, false, Demand::Characters, false, Op::Lt},
    {F_RTRIM_TEXT_TEXT, Function::Trim, Family::Text, 0, false, Demand::Characters, false, Op::Gt},
    {F_SUBSTR_TEXT_INT4_INT4, Function::Substring, Family::Text, 0, true, Demand::Characters},
    {F_LTRIM_TEXT, Function::Trim, Family::Text, 0, false, Demand::Characters, false, Op::Lt},
    {F_RTRIM_TEXT, Function::Trim, Family::Text, 0, false, Demand::Characters, false, Op::Gt},
    {F_SUBSTR_TEXT_INT4, Function::Substring, Family::Text, 0, false, Demand::Characters},
    {F_BTRIM_TEXT_TEXT, Function::Trim, Family::Text, 0, false, Demand::Characters},
    {F_BTRIM_TEXT, Function::Trim, Family::Text, 0, false, Demand::Characters},
    {F_SUBSTRING_TEXT_INT4_INT4, Function::Substring, Family::Text, 0, true, Demand::Characters},
    {F_SUBSTRING_TEXT_INT4, Function::Substring, Family::Text, 0, false, Demand::Characters},
    {F_MOD_INT2_INT2, Function::Modulo, Family::Int, 2, true},
    {F_MOD_INT4_INT4, Function::Modulo, Family::Int, 4, true},
    {F_INT28MI, Function::Subtract, Family::Int, 8, true},
    {F_INT28MUL, Function::Multiply, Family::Int, 8, true},
    {F_INT8MOD, Function::Modulo, Family::Int, 8, true},
    {F_MOD_INT8_INT8, Function::Modulo, Family::Int, 8, true},
    {F_INT28DIV, Function::Divide, Family::Int, 8, true},
    {F_TIMEZONE_INTERVAL_TIMESTAMPTZ, Function::AddInterval, Family::Timestamp, 0, true, Demand::Zone},
    {F_DATE_MI, Function::DaysBetween, Family::Int, 4, true},
    {F_DATE_PLI, Function::AddDays, Family::Date, 0, true},
    {F_DATE_MII, Function::SubtractDays, Family::Date, 0, true},
    {F_TIMEZONE_TEXT_TIMESTAMPTZ, Function::AddInterval, Family::Timestamp, 0, true, Demand::Zone},
    {F_DATE_PART_TEXT_TIMESTAMPTZ, Function::Extract, Family::Float, 0, true, Demand::Unit, true},
    {F_DATE_PART_TEXT_INTERVAL, Function::ExtractSpan, Family::Float, 0, true, Demand::Unit},
    {F_TIMESTAMPTZ_DATE, Function::ShiftZone, Family::Timestamp, 0, true, Demand::None, true, Op::Lt},
    {F_DATE_TIMESTAMPTZ, Function::DateTruncate, Family::Date, 0, true, Demand::None, true},
    {F_TIMESTAMPTZ_MI, Function::TimesBetween, Family::Interval, 0, true},
    {F_TIMESTAMPTZ_PL_INTERVAL, Function::AddInterval, Family::Timestamp, 0, true, Demand::None, true},
    {F_TIMESTAMPTZ_MI_INTERVAL, Function::SubtractInterval, Family::Timestamp, 0, true, Demand::None, true},
    {F_DATE_TRUNC_TEXT_TIMESTAMPTZ, Function::DateTruncate, Family::Timestamp, 0, true, Demand::Unit, true},
    {F_INT8ABS, Function::Abs, Family::Int, 8, true},
    {F_INT4ABS, Function::Abs, Family::Int, 4, true},
    {F_INT2ABS, Function::Abs, Family::Int, 2, true},
    {F_TEXTCAT, Function::Concat, Family::Text, 0, false, Demand::Characters},
    {F_INT84PL, Function::Add, Family::Int, 8, true},
    {F_INT84MI, Function::Subtract, Family::Int, 8, true},
    {F_INT84MUL, Function::Multiply, Family::Int, 8, true},
    {F_INT84DIV, Function::Divide, Family::Int, 8, true},
    {F_INT48PL, Function::Add, Family::Int, 8, true},
    {F_INT48MI, Function::Subtract, Family::Int, 8, true},
    {F_INT48MUL, Function::Multiply, Family::Int, 8, true},
    {F_INT48DIV, Function::Divide, Family::Int, 8, true},
    {F_DATE_TRUNC_TEXT_TIMESTAMPTZ_TEXT, Function::AddInterval, Family::Timestamp, 0, true, Demand::Zone},
    {F_LENGTH_TEXT, Function::Length, Family::Int, 4, false, Demand::Characters},
    {F_ROUND_FLOAT8, Function::Round, Family::Float, 0, false},
    {F_TRUNC_FLOAT8, Function::Truncate, Family::Float, 0, false},
    {F_SQRT_FLOAT8, Function::SquareRoot, Family::Float, 0, true},
    {F_CHARACTER_LENGTH_TEXT, Function::Length, Family::Int, 4, false, Demand::Characters},
    {F_OCTET_LENGTH_TEXT, Function::LengthInBytes, Family::Int, 4, false, Demand::Characters},
    {F_CHAR_LENGTH_TEXT, Function::Length, Family::Int, 4, false, Demand::Characters},
    {F_ABS_FLOAT8, Function::Abs, Family::Float, 0, false},
    {F_ABS_INT8, Function::Abs, Family::Int, 8, true},
    {F_ABS_INT4, Function::Abs, Family::Int, 4, true},
    {F_ABS_INT2, Function::Abs, Family::Int, 2, true},
    {F_NUMERIC_NUMERIC_INT4, Function::RoundInto, Family::Numeric, 0, true},
    {F_NUMERIC_ABS, Function::Abs, Family::Numeric, 0, false},
    {F_ABS_NUMERIC, Function::Abs, Family::Numeric, 0, false},
    {F_SIGN_NUMERIC, Function::Sign, Family::Numeric, 0, false},
    {F_ROUND_NUMERIC_INT4, Function::Round, Family::Numeric, 0, false},
    {F_TRUNC_NUMERIC_INT4, Function::Truncate, Family::Numeric, 0, false},
    {F_CEIL_NUMERIC, Function::Ceil, Family::Numeric, 0, false},
    {F_FLOOR_NUMERIC, Function::Floor, Family::Numeric, 0, false},
    {F_NUMERIC_ADD, Function::Add, Family::Numeric, 0, false},
    {F_NUMERIC_SUB, Function::Subtract, Family::Numeric, 0, false},
    {F_NUMERIC_MUL, Function::Multiply, Family::Numeric, 0, false},
    {F_NUMERIC_INT4, Function::ToNumeric, Family::Numeric, 0, false},
    {F_INT4_NUMERIC, Function::NumericToInt, Family::Int, 4, true},
    {F_FLOAT8_NUMERIC, Function::NumericToFloat, Family::Float, 0, true},
    {F_NUMERIC_UMINUS, Function::Negate, Family::Numeric, 0, false},
    {F_INT8_NUMERIC, Function::NumericToInt, Family::Int, 8, true},
    {F_NUMERIC_INT8, Function::ToNumeric, Family::Numeric, 0, false},
    {F_NUMERIC_INT2, Function::ToNumeric, Family::Numeric, 0, false},
    {F_INT2_NUMERIC, Function::NumericToInt, Family::Int, 2, true},
    {F_DATE_TRUNC_TEXT_TIMESTAMP, Function::DateTruncate, Family::Timestamp, 0, true, Demand::Unit},
    {F_DATE_PART_TEXT_TIMESTAMP, Function::Extract, Family::Float, 0, true, Demand::Unit},
    {F_TIMESTAMP_DATE, Function::ShiftZone, Family::Timestamp, 0, true},
    {F_TIMESTAMP_TIMESTAMPTZ, Function::ShiftZone, Family::Timestamp, 0, true, Demand::None, true, Op::Gt},
    {F_TIMESTAMPTZ_TIMESTAMP, Function::ShiftZone, Family::Timestamp, 0, true, Demand::None, true, Op::Lt},
    {F_DATE_TIMESTAMP, Function::DateTruncate, Family::Date, 0, true},
    {F_TIMESTAMP_MI, Function::TimesBetween, Family::Interval, 0, true},
    {F_TIMESTAMP_PL_INTERVAL, Function::AddInterval, Family::Timestamp, 0, true},
    {F_TIMESTAMP_MI_INTERVAL, Function::SubtractInterval, Family::Timestamp, 0, true},
    {F_TIMEZONE_TEXT_TIMESTAMP, Function::AddInterval, Family::Timestamp, 0, true, Demand::Zone},
    {F_TIMEZONE_INTERVAL_TIMESTAMP, Function::AddInterval, Family::Timestamp, 0, true, Demand::Zone},
    {F_DATE_PL_INTERVAL, Function::AddInterval, Family::Timestamp, 0, true},
    {F_DATE_MI_INTERVAL, Function::SubtractInterval, Family::Timestamp, 0, true},
    {F_REPLACE, Function::Replace, Family::Text, 0, false, Demand::Deterministic},
    {F_ARRAY_UPPER, Function::Cardinality, Family::Int, 4, true, Demand::None, false, Op::Gt},
    {F_CEILING_NUMERIC, Function::Ceil, Family::Numeric, 0, false},
    {F_ARRAY_LENGTH, Function::Cardinality, Family::Int, 4, true, Demand::None, false, Op::Gt},
    {F_CEIL_FLOAT8, Function::Ceil, Family::Float, 0, false},
    {F_FLOOR_FLOAT8, Function::Floor, Family::Float, 0, false},
    {F_SIGN_FLOAT8, Function::Sign, Family::Float, 0, true},
    {F_CEILING_FLOAT8, Function::Ceil, Family::Float, 0, false},
    {F_BOOL_INT4, Function::IntToBool, Family::Bool, 0, false},
    {F_INT4_BOOL, Function::BoolToInt, Family::Int, 4, false},
    {F_TEXT_BOOL, Function::BoolToText, Family::Text, 0, false},
    {F_CONCAT, Function::Concat, Family::Text, 0, false, Demand::Characters}, // of any number of values, NULLs left out
    {F_CARDINALITY, Function::Cardinality, Family::Int, 4, true},
    {F_EXTRACT_TEXT_DATE, Function::Extract, Family::Numeric, 0, true, Demand::Unit},
    {F_EXTRACT_TEXT_TIMESTAMP, Function::Extract, Family::Numeric, 0, true, Demand::Unit},
    {F_EXTRACT_TEXT_TIMESTAMPTZ, Function::Extract, Family::Numeric, 0, true, Demand::Unit, true},
    {F_EXTRACT_TEXT_INTERVAL, Function::ExtractSpan, Family::Numeric, 0, true, Demand::Unit},
};

static_assert(sorted_by_function(kRules));

struct UnitRow {
    const char *name;
    Unit unit;
    bool truncates;        // date_trunc knows it
    bool extracts;         // extract knows it
    int scale = 0;         // digits behind the point of what extract gives
    bool of_times = false; // no part of a date: PostgreSQL raises
    bool of_spans = false; // extract knows it of what lies between two times
};
constexpr UnitRow kUnits[] = {
    {"microseconds", Unit::Millisecond, true, false},
    {"microseconds", Unit::Microsecond, false, true, 0, true},
    {"milliseconds", Unit::Millisecond, true, true, 3, true},
    {"second", Unit::Second, true, true, 6, true, true},
    {"minute", Unit::Minute, true, true, 0, true, true},
    {"hour", Unit::Hour, true, true, 0, true, true},
    {"day", Unit::Day, true, true, 0, false, true},
    {"week", Unit::Week, true, true},
    {"month", Unit::Month, true, true},
    {"quarter", Unit::Quarter, true, true},
    {"year", Unit::Year, true, true},
    {"dow", Unit::DayOfWeek, false, true},
    {"isodow", Unit::IsoDayOfWeek, false, true},
    {"doy", Unit::DayOfYear, false, true},
    {"isoyear", Unit::IsoYear, false, true},
    {"decade", Unit::Decade, false, true},
    {"century", Unit::Century, false, true},
    {"millennium", Unit::Millennium, false, true},
    {"epoch", Unit::Epoch, false, true, 6, false, true},
};

} // namespace

const FunctionRule *function_rules(int *count) {
    *count = lengthof(kRules);
    return kRules;
}

const FunctionRule *find_function_rule(Oid function) {
    static constexpr FunctionRule kTextOfObjectId = {InvalidOid, Function::IdToText, Family::Text, 0, false};
    const FunctionRule *rule = row_of_function(kRules, function);
    return !rule && is_text_of_objectid(function) ? &kTextOfObjectId : rule;
}

Unit unit_of_name(const char *name, Function meaning) {
    for (const UnitRow &row : kUnits) {
        bool known = meaning == Function::DateTruncate  ? row.truncates
                     : meaning == Function::ExtractSpan ? row.of_spans
                                                        : row.extracts;
        if (known && pg_strcasecmp(row.name, name) == 0)
            return row.unit;
    }
    return Unit::None;
}

bool is_part_of_times(Unit unit) {
    for (const UnitRow &row : kUnits)
        if (row.unit == unit && row.of_times)
            return true;
    return false;
}

int scale_of_part(Unit unit, bool of_date) {
    for (const UnitRow &row : kUnits)
        if (row.unit == unit && row.extracts)
            return of_date ? 0 : row.scale;
    return 0;
}

} // namespace mongo_fdw
