// Functions of dates and of what lies between them. Zone P.
#include "mql/date_functions.hpp"
#include "mql/expression.hpp"

namespace mongo_fdw::mql {
namespace {

constexpr int64_t kMsPerHour = 3600000, kMsPerMinute = 60000, kMsPerSecond = 1000;
// Dates whose parts both sides name alike: from 0001-01-01 until 10000-01-01.
constexpr int64_t kFirstCommonMs = INT64_C(-62135596800000), kEndCommonMs = INT64_C(253402300800000);

} // namespace

static bool zone_of(const FunctionCall &call, int64_t *offset) {
    *offset = call.node.zoned ? call.zone_offset_ms : 0;
    if (*offset != kNoZone)
        return true;
    cannot_say(call);
    return false;
}

static Value shifted(const Value &date, int64_t ms) { return ms ? op("$add", {date, Value(ms)}) : date; }

// Dates that both sides name alike, the zone's shift included; others are left.
static Value in_common_years(const Value &date, const Value &then) {
    Value common = both(op("$gt", {date, Value::date(kFirstCommonMs + kMsPerDay)}),
                        op("$lt", {date, Value::date(kEndCommonMs - kMsPerDay)}));
    return cond(common, then, unsure_value());
}

static Value floor_to(const Value &date, int64_t step, int64_t phase) {
    Value ms = op("$add", {op("$toLong", date), Value(phase)});
    Value rest = op("$mod", {op("$add", {op("$mod", {ms, Value(step)}), Value(step)}), Value(step)});
    return op("$subtract", {date, rest});
}

Value date_truncate(const FunctionCall &call, const Value *args) {
    int64_t offset;
    if (!zone_of(call, &offset))
        return Value::null();
    Value local = shifted(args[0], offset), result = local;
    Value month = op("$month", local);
    switch (call.node.unit) {
    case Unit::Millisecond:
        break;
    case Unit::Second:
        result = floor_to(local, kMsPerSecond, 0);
        break;
    case Unit::Minute:
        result = floor_to(local, kMsPerMinute, 0);
        break;
    case Unit::Hour:
        result = floor_to(local, kMsPerHour, 0);
        break;
    case Unit::Day:
        result = floor_to(local, kMsPerDay, 0);
        break;
    case Unit::Week: // 1970-01-01 was a Thursday
        result = floor_to(local, 7 * kMsPerDay, 3 * kMsPerDay);
        break;
    case Unit::Quarter:
        month = op("$subtract", {month, op("$mod", {op("$subtract", {month, 1}), 3})});
        [[fallthrough]];
    case Unit::Month:
        result = op("$dateFromParts", doc({{"year", op("$year", local)}, {"month", month}}));
        break;
    case Unit::Year:
        result = op("$dateFromParts", doc({{"year", op("$year", local)}}));
        break;
    default:
        return cannot_say(call);
    }
    return in_common_years(args[0], call.node.family == Family::Date ? result : shifted(result, -offset));
}

static Value ms_of_minute(const Value &date) {
    return op("$add", {op("$multiply", {op("$second", date), 1000}), op("$millisecond", date)});
}
static Value thousandths(const Value &ms) { return op("$divide", {op("$toDecimal", ms), Value::decimal("1000")}); }
// Tens, hundreds or thousands of years, the first of which may begin with year 1.
static Value years_in(const Value &date, int32_t count, int32_t ahead) {
    return op("$toInt", op("$floor", op("$divide", {op("$add", {op("$year", date), ahead}), count})));
}

Value extract(const FunctionCall &call, const Value *args) {
    int64_t offset = 0;
    if (call.node.unit != Unit::Epoch && !zone_of(call, &offset))
        return Value::null();
    bool real = call.node.family == Family::Float;
    Value local = shifted(args[0], offset), result = local;
    switch (call.node.unit) {
    case Unit::Minute:
        result = op("$minute", local);
        break;
    case Unit::Hour:
        result = op("$hour", local);
        break;
    case Unit::Day:
        result = op("$dayOfMonth", local);
        break;
    case Unit::Week:
        result = op("$isoWeek", local);
        break;
    case Unit::Month:
        result = op("$month", local);
        break;
    case Unit::Quarter:
        result = op("$toInt", op("$ceil", op("$divide", {op("$month", local), 3})));
        break;
    case Unit::Year:
        result = op("$year", local);
        break;
    case Unit::DayOfWeek:
        result = op("$subtract", {op("$dayOfWeek", local), 1});
        break;
    case Unit::IsoDayOfWeek:
        result = op("$isoDayOfWeek", local);
        break;
    case Unit::DayOfYear:
        result = op("$dayOfYear", local);
        break;
    case Unit::IsoYear:
        result = op("$isoWeekYear", local);
        break;
    case Unit::Decade:
        result = years_in(local, 10, 0);
        break;
    case Unit::Century:
        result = years_in(local, 100, 99);
        break;
    case Unit::Millennium:
        result = years_in(local, 1000, 999);
        break;
    case Unit::Microsecond:
        result = op("$multiply", {ms_of_minute(local), 1000});
        break;
    case Unit::Millisecond:
        result = ms_of_minute(local);
        break;
    case Unit::Second:
        result = real ? op("$add", {op("$second", local), op("$divide", {op("$millisecond", local), Value(1000.0)})})
                      : thousandths(ms_of_minute(local));
        break;
    case Unit::Epoch: // of a timestamp as if it were of UTC
        return cond(below(op("$toLong", args[0]), kExactInteger / 1000),
                    real ? op("$divide", {op("$toLong", args[0]), Value(1000.0)}) : thousandths(op("$toLong", args[0])),
                    unsure_value());
    default:
        return cannot_say(call);
    }
    return in_common_years(args[0], real ? op("$toDouble", result) : result);
}

static Value moved(const char *name, const FunctionCall &call, const Value *args) {
    const Operand &interval = *call.second;
    int64_t offset;
    if (interval.kind != OperandKind::Interval) // EXPLAIN without values
        return op(name, {args[0], args[1]});
    // A day is a whole one where the time zone has a fixed offset; months differ.
    if (interval.has_days && !zone_of(call, &offset))
        return Value::null();
    int64_t ms = interval.integer / 1000;
    if (interval.has_months || interval.integer % 1000 != 0 || std::llabs(ms) > kEndCommonMs)
        return cannot_say(call);
    Value result = op(name, {args[0], Value(ms)});
    return in_common_years(args[0], in_common_years(result, result));
}

Value add_interval(const FunctionCall &call, const Value *args) { return moved("$add", call, args); }
Value subtract_interval(const FunctionCall &call, const Value *args) { return moved("$subtract", call, args); }

// So many days are sums of milliseconds; more than common years have are left.
static Value days_moved(const char *name, const Value *args) {
    constexpr double kDays = 4000000;
    Value result = op(name, {args[0], op("$multiply", {op("$toLong", args[1]), Value(kMsPerDay)})});
    return cond(below(args[1], kDays), in_common_years(args[0], in_common_years(result, result)), unsure_value());
}

Value add_days(const FunctionCall &, const Value *args) { return days_moved("$add", args); }
Value subtract_days(const FunctionCall &, const Value *args) { return days_moved("$subtract", args); }

Value days_between(const FunctionCall &, const Value *args) {
    Value days = op("$toLong", op("$divide", {op("$subtract", {args[0], args[1]}), Value(kMsPerDay)}));
    return in_common_years(args[0], in_common_years(args[1], days));
}

// PostgreSQL makes whole days of 24 hours; all parts have the sign of the whole. A server's $mod may go through
// doubles.
Value extract_span(const FunctionCall &call, const Value *args) {
    constexpr int64_t kMicros = 1000;
    bool real = call.node.family == Family::Float;
    Value span = args[0];
    auto rest = [&](int64_t unit) { return op("$mod", {span, Value(unit * kMicros)}); };
    auto whole = [&](const Value &micros, int64_t unit) {
        Value below_unit = op("$mod", {micros, Value(unit * kMicros)});
        return op("$divide", {op("$subtract", {micros, below_unit}), Value(unit * kMicros)});
    };
    Value days = whole(span, kMsPerDay), result = days;
    switch (call.node.unit) {
    case Unit::Day:
        break;
    case Unit::Hour:
        result = whole(rest(kMsPerDay), kMsPerHour);
        break;
    case Unit::Minute:
        result = whole(rest(kMsPerHour), kMsPerMinute);
        break;
    case Unit::Second:
        if (!real)
            return cond(below(span, kExactInteger),
                        op("$divide", {op("$toDecimal", rest(kMsPerMinute)), Value::decimal("1E+6")}), unsure_value());
        result = op("$add", {whole(rest(kMsPerMinute), kMsPerSecond), op("$divide", {rest(kMsPerSecond), Value(1e6)})});
        break;
    case Unit::Epoch: // PostgreSQL rounds once for the time of the day and once for the days
        if (!real)
            return op("$divide", {op("$toDecimal", span), Value::decimal("1E+6")});
        result = op("$add", {op("$divide", {rest(kMsPerDay), Value(1e6)}), op("$multiply", {days, Value(86400.0)})});
        break;
    default:
        return cannot_say(call);
    }
    return cond(below(span, kExactInteger), op(real ? "$toDouble" : "$toInt", result), unsure_value());
}

Value shift_zone(const FunctionCall &call, const Value *args) {
    int64_t offset;
    if (!zone_of(call, &offset))
        return Value::null();
    return in_common_years(args[0], shifted(args[0], call.node.op == Op::Gt ? offset : -offset));
}

} // namespace mongo_fdw::mql
