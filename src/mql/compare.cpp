// Comparisons of a column with a value: each type's way to say them in the query language. Zone P.
//
// Each rule is total: whatever the operand, the result is a condition, TRUE or FALSE. Values are BSON values under an
// operator ($eq, $in, ...), so that a string can never become one.
#include "mql/arms.hpp"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdlib>

namespace mongo_fdw::mql {

const char *name_of(Op op) noexcept {
    constexpr const char *kNames[] = {"$eq", "$ne", "$lt", "$lte", "$gt", "$gte"};
    return kNames[static_cast<int>(op)];
}

namespace {

// Whether "value op c" holds, given the sign of value - c.
bool holds(Op op, int sign) {
    switch (op) {
    case Op::Eq:
        return sign == 0;
    case Op::Ne:
        return sign != 0;
    case Op::Lt:
        return sign < 0;
    case Op::Le:
        return sign <= 0;
    case Op::Gt:
        return sign > 0;
    default:
        return sign >= 0;
    }
}

void append_int(bson_t *into, const char *key, int64_t value) {
    if (value >= INT32_MIN && value <= INT32_MAX)
        bson_append_int32(into, key, -1, static_cast<int32_t>(value));
    else
        bson_append_int64(into, key, -1, value);
}

} // namespace

bool is_hex_object_id(const Operand &operand, bson_oid_t *oid) {
    if (operand.length != 24)
        return false;
    for (uint32_t i = 0; i < 24; i++)
        if (!((operand.text[i] >= '0' && operand.text[i] <= '9') || (operand.text[i] >= 'a' && operand.text[i] <= 'f')))
            return false;
    char hex[25];
    std::memcpy(hex, operand.text, 24);
    hex[24] = '\0';
    bson_oid_init_from_string(oid, hex);
    return true;
}

namespace {

uint32_t characters(const Operand &operand, bool bytes) {
    if (bytes)
        return operand.length;
    uint32_t count = 0;
    for (uint32_t i = 0; i < operand.length; i++)
        count += (operand.text[i] & 0xc0) != 0x80;
    return count;
}

// A BSON bool read as 0 or 1 (EDB's reading) where that satisfies the comparison.
void bool_arms(const Column &column, Op op, double bound, Arms *arms) {
    if (!column.bool_as_number)
        return;
    bool rounded = column.family == Family::Numeric && column.slack >= 0.5; // numeric(p,-s): 1 may read as 0
    for (int value = 0; value <= 1; value++)
        if (rounded || (std::isnan(bound) ? op == Op::Lt || op == Op::Le || op == Op::Ne
                                          : holds(op, value < bound   ? -1
                                                      : value > bound ? 1
                                                                      : 0))) {
            bson_append_bool(arms->begin(), "$eq", -1, value == 1);
            arms->end();
        }
}

// Fractions that read as an integer once they are cut (EDB's reading), and those beside it: the values are checked
// again.
void cut_int_arm(Op op, int64_t value, bson_t *arm) {
    Arms::append_number_type(arm);
    if (op != Op::Le && value > INT64_MIN)
        append_int(arm, "$gt", value - 1);
    if (op != Op::Ge && value < INT64_MAX)
        append_int(arm, "$lt", value + 1);
}

// Integers compare by value in both worlds; what the type cannot hold decides by itself.
void int_arm(const Column &column, Op op, const Operand &operand, Arms *arms) {
    int64_t value = operand.integer;
    bool below = value<column.minimum, above = value> column.maximum;
    if (below || above) {
        if (!holds(op, below ? 1 : -1))
            return;
        Arms::append_number_type(arms->begin());
    } else if (column.slack > 0 && (op == Op::Eq || op == Op::Le || op == Op::Ge)) {
        cut_int_arm(op, value, arms->begin());
    } else {
        bson_t *arm = arms->begin();
        append_int(arm, name_of(op), value);
        if (op == Op::Ne)
            Arms::append_number_type(arm);
    }
    arms->end();
    bool_arms(column, op, static_cast<double>(value), arms);
}

// The next number of the column's type in a direction.
double outward(const Column &column, double value, double direction) {
    return column.single ? std::nextafterf(static_cast<float>(value), static_cast<float>(direction))
                         : std::nextafter(value, direction);
}

// Doubles: int64 and Decimal128 round to the column's type here, so that bounds go one step outward. NaN is the
// greatest value and equal to itself.
void number_arm(const Column &column, Op op, double value, Arms *arms) {
    bool nan = std::isnan(value);
    if (op == Op::Ne || (nan && (op == Op::Le || op == Op::Lt))) {
        bson_t *arm = arms->begin();
        Arms::append_number_type(arm);
        if (op == Op::Ne && column.family == Family::Float && !column.single)
            bson_append_double(arm, "$ne", -1, value);
        arms->end();
        if (nan ? op == Op::Le : op == Op::Ne)
            arms->not_a_number();
        bool_arms(column, op, value, arms);
        return;
    }
    if (!nan && column.slack > 0 && std::isinf(value)) { // finite numbers may be beyond double precision
        Arms::append_number_type(arms->begin());
        arms->end();
    } else if (!nan) {
        bson_t *arm = arms->begin();
        if (op != Op::Lt && op != Op::Le)
            bson_append_double(arm, "$gte", -1, outward(column, value - column.slack, -INFINITY));
        if (op != Op::Gt && op != Op::Ge)
            bson_append_double(arm, "$lte", -1, outward(column, value + column.slack, INFINITY));
        arms->end();
    }
    if (nan ? op != Op::Gt : op == Op::Gt || op == Op::Ge)
        arms->not_a_number();
    bool_arms(column, op, value, arms);
}

double number_of(const Operand &operand) {
    return operand.kind == OperandKind::Numeric ? std::strtod(operand.text, nullptr) : operand.number;
}

void text_arm(const Column &column, Op op, const Operand &operand, Arms *arms) {
    bson_oid_t oid;
    bool has_oid = is_hex_object_id(operand, &oid);
    bool too_long = column.max_length && characters(operand, column.length_in_bytes) > column.max_length;
    int length = static_cast<int>(operand.length);
    if (op == Op::Eq) {
        if (too_long || (column.only_object_ids && !has_oid))
            return;
        bson_t *arm = arms->begin();
        if (column.only_object_ids) {
            bson_append_oid(arm, "$eq", -1, &oid);
        } else if (has_oid) { // a text column reads ObjectIds too
            bson_t list = BSON_INITIALIZER;
            bson_append_utf8(&list, "0", -1, operand.text, length);
            bson_append_oid(&list, "1", -1, &oid);
            bson_append_array(arm, "$in", -1, &list);
            bson_destroy(&list);
        } else {
            bson_append_utf8(arm, "$eq", -1, operand.text, length);
        }
        arms->end();
        return;
    }
    if (op == Op::Ne) {
        bson_t *arm = arms->begin();
        Arms::append_types(arm, {kTypeString, kTypeObjectId, kTypeSymbol});
        bson_append_utf8(arm, "$ne", -1, operand.text, length);
        arms->end();
        return;
    }
    bson_append_utf8(arms->begin(), name_of(op), -1, operand.text, length);
    arms->end();
    arms->types({kTypeObjectId, kTypeSymbol});
}

} // namespace

void truth_arm(const Column &column, bool value, Arms *arms) {
    bson_append_bool(arms->begin(), "$eq", -1, value);
    arms->end();
    if (column.bool_as_number) {
        bson_t *arm = arms->begin();
        if (value)
            Arms::append_number_type(arm);
        bson_append_int32(arm, value ? "$ne" : "$eq", -1, 0);
        arms->end();
    }
}

namespace {

void object_id_arm(Op op, const Operand &operand, Arms *arms) {
    bson_oid_t oid;
    bson_oid_init_from_data(&oid, operand.bytes);
    bson_t *arm = arms->begin();
    bson_append_oid(arm, name_of(op), -1, &oid);
    if (op == Op::Ne)
        Arms::append_types(arm, {kTypeObjectId});
    arms->end();
}

void seconds_bound(bson_t *arm, const char *name, int64_t seconds) {
    bson_oid_t oid{};
    for (int i = 0; i < 4; i++)
        oid.bytes[i] = static_cast<uint8_t>(seconds >> (24 - 8 * i));
    bson_append_oid(arm, name, -1, &oid);
}

void uuid_arm(Op op, const Operand &operand, Arms *arms) {
    bson_t *arm = arms->begin();
    bson_append_binary(arm, name_of(op), -1, BSON_SUBTYPE_UUID, operand.bytes, 16);
    if (op == Op::Ne)
        Arms::append_types(arm, {kTypeBinary});
    arms->end();
}

// Dates that satisfy the comparison with the half-open interval [from, until) taken as one point; INT64_MIN and
// INT64_MAX are before and after every date.
void instant_arm(Op op, int64_t from, int64_t until, Arms *arms) {
    if (op == Op::Ne) {
        instant_arm(Op::Lt, from, until, arms);
        instant_arm(Op::Gt, from, until, arms);
        return;
    }
    bool below = op == Op::Lt || op == Op::Le, above = op == Op::Gt || op == Op::Ge;
    int64_t least = op == Op::Gt ? until : from, beyond = op == Op::Lt ? from : until;
    if (below ? beyond == INT64_MIN : above ? least == INT64_MAX : from >= until)
        return; // no date
    if (below ? beyond == INT64_MAX : above && least == INT64_MIN) {
        arms->types({kTypeDate});
        return;
    }
    bson_t *arm = arms->begin();
    if (!below && !above && until - from == 1) {
        bson_append_date_time(arm, "$eq", -1, from);
    } else {
        if (!below)
            bson_append_date_time(arm, "$gte", -1, least);
        if (!above)
            bson_append_date_time(arm, "$lt", -1, beyond);
    }
    arms->end();
}

// Equality alone: MongoDB orders binaries by their length first.
void binary_arm(const Column &column, Op op, const Operand &operand, Arms *arms) {
    bson_t *arm = arms->begin();
    if (op == Op::Ne)
        Arms::append_types(arm, {kTypeBinary});
    bson_append_binary(arm, name_of(op), -1, static_cast<bson_subtype_t>(column.subtype),
                       reinterpret_cast<const uint8_t *>(operand.text), operand.length);
    arms->end();
}

void date_arm(const Column &column, Op op, const Operand &operand, Arms *arms) {
    int64_t from, until;
    if (operand.integer == INT64_MIN || operand.integer == INT64_MAX) {
        from = until = operand.integer;
    } else if (column.family == Family::Timestamp) {
        Instant instant = instant_of_micros(operand.integer);
        // Off the millisecond grid the point lies between two dates: an empty interval before the next one.
        from = instant.between ? instant.ms + 1 : instant.ms;
        until = instant.ms + 1;
    } else if (operand.kind == OperandKind::Micros) {
        // A time behind midnight lies between two days.
        Instant instant = instant_of_micros(operand.integer);
        int64_t rest = (instant.ms % kMsPerDay + kMsPerDay) % kMsPerDay;
        bool midnight = rest == 0 && !instant.between;
        until = instant.ms - rest + kMsPerDay;
        from = midnight ? until - kMsPerDay : until;
    } else {
        from = operand.integer * kMsPerDay;
        until = from + kMsPerDay;
    }
    instant_arm(op, from, until, arms);
}

} // namespace

void compare_arm(const Column &column, Op op, const Operand &operand, Arms *arms) {
    switch (column.family) {
    case Family::Int:
        int_arm(column, op, operand, arms);
        break;
    case Family::Float:
    case Family::Numeric:
        number_arm(column, op, number_of(operand), arms);
        break;
    case Family::Text:
        text_arm(column, op, operand, arms);
        break;
    case Family::Bool:
        truth_arm(column, op == Op::Eq ? operand.boolean : !operand.boolean, arms);
        break;
    case Family::ObjectId:
        object_id_arm(op, operand, arms);
        break;
    case Family::Uuid:
        uuid_arm(op, operand, arms);
        break;
    case Family::Binary:
        binary_arm(column, op, operand, arms);
        break;
    case Family::Timestamp:
    case Family::Date:
        date_arm(column, op, operand, arms);
        break;
    case Family::Interval:
    case Family::Key:
    case Family::None:
        break;
    }
}

namespace {

void append_indexed(bson_t *list, uint32_t *count, void (*append)(bson_t *, const char *, const Operand &),
                    const Operand &operand) {
    char key[16];
    const char *index;
    bson_uint32_to_string((*count)++, &index, key, sizeof key);
    append(list, index, operand);
}

} // namespace

// The first four bytes of an ObjectId are its second since 1970, unsigned: those within [from, until) are a range.
void time_arm(Op op, const Operand &operand, Arms *arms) {
    constexpr int64_t kSeconds = INT64_C(1) << 32;
    if (op == Op::Ne) {
        time_arm(Op::Lt, operand, arms);
        time_arm(Op::Gt, operand, arms);
        return;
    }
    Instant instant = instant_of_micros(operand.integer);
    int64_t second = instant.ms / 1000, rest = instant.ms % 1000;
    if (rest < 0)
        second--, rest += 1000;
    // A time between two seconds is after the first and before the next.
    int64_t at = rest || instant.between ? second + 1 : second, behind = second + 1;
    int64_t from = op == Op::Gt ? behind : op == Op::Lt || op == Op::Le ? 0 : at;
    int64_t until = op == Op::Lt ? at : op == Op::Le || op == Op::Eq ? behind : kSeconds;
    from = std::max<int64_t>(from, 0);
    until = std::min(until, kSeconds);
    if (from >= until)
        return; // none
    bson_t *arm = arms->begin();
    seconds_bound(arm, "$gte", from);
    if (until < kSeconds)
        seconds_bound(arm, "$lt", until);
    else
        Arms::append_types(arm, {kTypeObjectId});
    arms->end();
}

bool append_values(const Column &column, const Operand &list, bson_t *values) {
    if (column.bool_as_number || (column.family != Family::Int && column.family != Family::Text &&
                                  column.family != Family::ObjectId && column.family != Family::Uuid))
        return false;
    uint32_t count = 0;
    for (uint32_t i = 0; i < list.count; i++) {
        const Operand &item = list.items[i];
        bson_oid_t oid;
        if (item.kind == OperandKind::Null)
            continue;
        switch (column.family) {
        case Family::Int:
            if (item.integer >= column.minimum && item.integer <= column.maximum)
                append_indexed(
                    values, &count,
                    [](bson_t *into, const char *key, const Operand &o) { append_int(into, key, o.integer); }, item);
            break;
        case Family::Text:
            if (column.max_length && characters(item, column.length_in_bytes) > column.max_length)
                break;
            if (!column.only_object_ids)
                append_indexed(
                    values, &count,
                    [](bson_t *into, const char *key, const Operand &o) {
                        bson_append_utf8(into, key, -1, o.text, static_cast<int>(o.length));
                    },
                    item);
            if (is_hex_object_id(item, &oid))
                append_indexed(
                    values, &count,
                    [](bson_t *into, const char *key, const Operand &o) {
                        bson_oid_t id;
                        if (is_hex_object_id(o, &id))
                            bson_append_oid(into, key, -1, &id);
                    },
                    item);
            break;
        case Family::ObjectId:
            append_indexed(
                values, &count,
                [](bson_t *into, const char *key, const Operand &o) {
                    bson_oid_t id;
                    bson_oid_init_from_data(&id, o.bytes);
                    bson_append_oid(into, key, -1, &id);
                },
                item);
            break;
        default:
            append_indexed(
                values, &count,
                [](bson_t *into, const char *key, const Operand &o) {
                    bson_append_binary(into, key, -1, BSON_SUBTYPE_UUID, o.bytes, 16);
                },
                item);
        }
        if (values->len > kMaxBytes)
            break; // too large anyway: the caller sees the size
    }
    return true;
}

namespace {

// Integers of a list, and the fractions that may read as one of them: the values are checked again.
void cut_int_list(const Column &column, const Operand &list, Arms *arms) {
    bson_t values = BSON_INITIALIZER;
    uint32_t count = 0;
    int64_t least = INT64_MAX, greatest = INT64_MIN;
    bool bools[2] = {false, false};
    for (uint32_t i = 0; i < list.count; i++) {
        int64_t value = list.items[i].integer;
        if (list.items[i].kind == OperandKind::Null || value < column.minimum || value > column.maximum)
            continue;
        append_indexed(
            &values, &count, [](bson_t *into, const char *key, const Operand &o) { append_int(into, key, o.integer); },
            list.items[i]);
        least = std::min(least, value);
        greatest = std::max(greatest, value);
        if (value == 0 || value == 1)
            bools[value] = true;
    }
    if (count > 0) {
        bson_append_array(arms->begin(), "$in", -1, &values);
        arms->end();
        bson_t *arm = arms->begin();
        Arms::append_types(arm, {kTypeDouble, kTypeDecimal});
        append_int(arm, "$gt", least > INT64_MIN ? least - 1 : least);
        append_int(arm, "$lt", greatest < INT64_MAX ? greatest + 1 : greatest);
        arms->end();
    }
    for (int value = 0; value <= 1; value++)
        if (bools[value])
            bool_arms(column, Op::Eq, value, arms);
    bson_destroy(&values);
}

} // namespace

bool plain_list(const Column &column, const Operand &list, Arms *arms) {
    if (column.family == Family::Int && column.slack > 0) {
        cut_int_list(column, list, arms);
        return true;
    }
    bson_t values = BSON_INITIALIZER;
    bool plain = append_values(column, list, &values);
    if (plain && !bson_empty(&values)) {
        bson_append_array(arms->begin(), "$in", -1, &values);
        arms->end();
    }
    bson_destroy(&values);
    return plain;
}

namespace {

// Values of the families that append_values leaves out and that one value of MongoDB is equal to.
bool append_other_values(const Column &column, const Operand &list, bson_t *values) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < list.count; i++) {
        const Operand &item = list.items[i];
        char key[16];
        const char *index;
        bson_uint32_to_string(count, &index, key, sizeof key);
        switch (column.family) {
        case Family::Float:
            if (!column.single) // which several doubles are read as
                bson_append_double(values, index, -1, number_of(item));
            break;
        case Family::Numeric: // equal numbers of other types differ there
            continue;
        case Family::Timestamp: {
            bool infinite = item.integer == INT64_MIN || item.integer == INT64_MAX;
            Instant instant = infinite ? Instant{} : instant_of_micros(item.integer);
            if (infinite || instant.between)
                continue; // no date is equal to it
            bson_append_date_time(values, index, -1, instant.ms);
            break;
        }
        case Family::Binary:
            bson_append_binary(values, index, -1, static_cast<bson_subtype_t>(column.subtype),
                               reinterpret_cast<const uint8_t *>(item.text), item.length);
            break;
        default:
            return false;
        }
        count++;
        if (values->len > kMaxBytes)
            break;
    }
    return true;
}

void append_family_type(const Column &column, bson_t *arm) {
    switch (column.family) {
    case Family::Text:
        return Arms::append_types(arm, {kTypeString, kTypeObjectId, kTypeSymbol});
    case Family::ObjectId:
        return Arms::append_types(arm, {kTypeObjectId});
    case Family::Uuid:
    case Family::Binary:
        return Arms::append_types(arm, {kTypeBinary});
    case Family::Timestamp:
    case Family::Date:
        return Arms::append_types(arm, {kTypeDate});
    default:
        return Arms::append_number_type(arm);
    }
}

} // namespace

bool plain_not_list(const Column &column, const Operand &list, Arms *arms) {
    bson_t values = BSON_INITIALIZER;
    // Each day is a pair of bounds: many of them cost the server more than the documents that few of them leave out.
    constexpr uint32_t kMostDays = 16;
    bool guard_alone = column.family == Family::Date && list.count > kMostDays;
    bool plain = guard_alone || (!column.bool_as_number &&
                                 (append_values(column, list, &values) || append_other_values(column, list, &values)));
    if (plain) {
        bson_t *arm = arms->begin();
        append_family_type(column, arm);
        if (!bson_empty(&values))
            bson_append_array(arm, "$nin", -1, &values);
        arms->end();
        bool nan = column.family != Family::Float && column.family != Family::Numeric;
        for (uint32_t i = 0; i < list.count && !nan; i++)
            nan = std::isnan(number_of(list.items[i]));
        if (!nan)
            arms->not_a_number();
    }
    bson_destroy(&values);
    return plain;
}

} // namespace mongo_fdw::mql
