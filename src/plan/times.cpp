// Lowering of functions of times: what is moved by intervals, and time zones. Zone B.
#include "plan/values_internal.hpp"

namespace mongo_fdw {

using mql::Family;
using mql::Function;
using mql::kNone;

bool moves_time(const FunctionRule &rule) {
    return rule.meaning == Function::AddInterval || rule.meaning == Function::SubtractInterval;
}

bool moment_known(Lowering *lowering, const FunctionRule &rule, List *arguments, mql::Unit unit) {
    const Const *constant =
        moves_time(rule) && IsA(lsecond(arguments), Const) ? static_cast<const Const *>(lsecond(arguments)) : nullptr;
    const Interval *interval = constant && !constant->constisnull ? DatumGetIntervalP(constant->constvalue) : nullptr;
    if (interval && interval->month != 0)
        return refuse(lowering, "months have no fixed length"), false;
    if (interval && interval->time % 1000 != 0)
        return refuse(lowering, "times have no parts of a millisecond there"), false;
    bool zoned = rule.zoned && unit != mql::Unit::Epoch && !(interval && interval->day == 0);
    return !zoned || zone_is_fixed(lowering);
}

// The offset from UTC of a constant time zone, which was always the same. Abbreviations may mean other offsets than the
// zones of their names: of these only UTC and GMT are taken.
static bool fixed_offset(Expr *zone, int64 *micros) {
    const Const *constant = reinterpret_cast<const Const *>(zone);
    if (!IsA(zone, Const) || constant->constisnull)
        return false;
    if (constant->consttype == INTERVALOID) {
        const Interval *interval = DatumGetIntervalP(constant->constvalue);
        *micros = interval->time;
        return interval->month == 0 && interval->day == 0 && interval->time % USECS_PER_SEC == 0;
    }
    const char *name = TextDatumGetCString(constant->constvalue);
    bool named = pg_strcasecmp(name, "UTC") == 0 || pg_strcasecmp(name, "GMT") == 0 || strchr(name, '/') ||
                 *name == '+' || *name == '-';
    pg_tz *found = named ? pg_tzset(name) : nullptr;
    long seconds = 0;
    bool fixed = found && pg_get_timezone_offset(found, &seconds);
    *micros = seconds * USECS_PER_SEC;
    return fixed;
}

static uint32_t moved(Lowering *lowering, uint32_t time, int64 micros) {
    Interval *distance = static_cast<Interval *>(palloc0(sizeof(Interval)));
    distance->time = micros;
    Expr *constant = reinterpret_cast<Expr *>(
        makeConst(INTERVALOID, -1, InvalidOid, sizeof(Interval), PointerGetDatum(distance), false, false));
    Operands operands{lowering};
    return operands.add(time) && operands.add(parameter_value(lowering, constant, Family::None))
               ? apply(operands, Function::AddInterval, Family::Timestamp, 0, true)
               : kNone;
}

uint32_t at_time_zone(Lowering *lowering, Oid function, List *arguments, int depth) {
    bool truncates = function == F_DATE_TRUNC_TEXT_TIMESTAMPTZ_TEXT;
    Expr *zone = static_cast<Expr *>(truncates ? lthird(arguments) : linitial(arguments));
    Expr *time = static_cast<Expr *>(lsecond(arguments));
    int64 offset;
    if (!fixed_offset(zone, &offset))
        return refuse(lowering, "the time zone is no constant of a fixed offset from UTC");
    mql::Unit unit = mql::Unit::None;
    const FunctionRule *truncation = find_function_rule(F_DATE_TRUNC_TEXT_TIMESTAMP);
    if (truncates && !demand_met(lowering, *truncation, arguments, InvalidOid, &unit))
        return kNone;
    lowering->used = lappend_oid(lowering->used, function);
    bool to_local = exprType(reinterpret_cast<Node *>(time)) == TIMESTAMPTZOID;
    uint32_t at = moved(lowering, lower_value(lowering, time, depth + 1), to_local ? offset : -offset);
    if (!truncates || at == kNone)
        return at;
    Operands operands{lowering};
    if (!operands.add(at))
        return kNone;
    at = apply(operands, Function::DateTruncate, Family::Timestamp, 0, true);
    if (at == kNone)
        return kNone;
    lowering->sql.nodes[at].unit = unit;
    return moved(lowering, at, -offset);
}

} // namespace mongo_fdw
