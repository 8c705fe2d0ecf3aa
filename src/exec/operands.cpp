// Datums to operands. Zone B.
#include "exec/operands.hpp"

#include "convert/objectid.hpp"

namespace mongo_fdw {
namespace {

using mql::Operand;
using mql::OperandKind;

constexpr int64 kEpochShiftDays = POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE;

void set_text(Operand *operand, const char *text, int length) {
    char *utf8 = pg_server_to_any(text, length, PG_UTF8);
    operand->kind = OperandKind::Text;
    operand->text = utf8;
    operand->length = utf8 == text ? length : strlen(utf8);
}

void set_int(Operand *operand, int64 value) {
    operand->kind = OperandKind::Int;
    operand->integer = value;
}

void set_list(Operand *operand, Datum value, Oid element) {
    ArrayType *array = DatumGetArrayTypeP(value);
    int16 length;
    bool by_value;
    char align;
    Datum *values;
    bool *nulls;
    int count;
    get_typlenbyvalalign(element, &length, &by_value, &align);
    deconstruct_array(array, element, length, by_value, align, &values, &nulls, &count);
    Operand *items = static_cast<Operand *>(palloc(sizeof(Operand) * Max(count, 1)));
    for (int i = 0; i < count; i++)
        items[i] = operand_of(values[i], nulls[i], element);
    operand->kind = OperandKind::List;
    operand->items = items;
    operand->count = count;
}

} // namespace

mql::Operand unsayable_operand() {
    Operand operand{};
    operand.kind = OperandKind::Unknown;
    return operand;
}

mql::Operand unknown_operand(const char *name) {
    Operand operand{};
    operand.kind = OperandKind::Unknown;
    operand.text = name;
    operand.length = strlen(name);
    return operand;
}

int64 zone_offset_ms() {
    long seconds;
    return pg_get_timezone_offset(session_timezone, &seconds) ? seconds * INT64CONST(1000) : PG_INT64_MIN;
}

void set_instant(mql::Operand *operand, Oid type, bool zoned) {
    bool infinite = operand->integer == PG_INT64_MIN || operand->integer == PG_INT64_MAX;
    if (operand->kind == OperandKind::Micros && !infinite && zoned) { // beside a column without
        int64 offset = zone_offset_ms();
        if (offset == PG_INT64_MIN || __builtin_add_overflow(operand->integer, offset * 1000, &operand->integer))
            *operand = unsayable_operand();
        return;
    }
    if (operand->kind == OperandKind::Micros && !infinite && getBaseType(type) == TIMESTAMPTZOID)
        operand->integer = timestamptz_of_timestamp(operand->integer);
    if (operand->kind != OperandKind::Days)
        return;
    operand->kind = OperandKind::Micros;
    if (infinite)
        return;
    DateADT date = static_cast<DateADT>(operand->integer - kEpochShiftDays);
    operand->integer = getBaseType(type) == TIMESTAMPTZOID ? timestamptz_of_date(date) : timestamp_of_date(date);
}

void set_instants(mql::Operand *operands, const mql::Tree &filter, const TableOptions *table) {
    Bitmapset *done = nullptr;
    for (uint32_t i = 0; i < filter.count; i++) {
        const mql::Node &node = filter.nodes[i];
        if (!node.by_day || bms_is_member(node.parameter, done))
            continue;
        set_instant(&operands[node.parameter], table->columns[node.column].type, node.zoned);
        done = bms_add_member(done, node.parameter);
    }
}

mql::Operand operand_of(Datum value, bool null, Oid type) {
    Operand operand{};
    operand.kind = OperandKind::Null;
    if (null)
        return operand;
    Oid base = getBaseType(type);
    switch (base) {
    case INT2OID:
        set_int(&operand, DatumGetInt16(value));
        return operand;
    case INT4OID:
        set_int(&operand, DatumGetInt32(value));
        return operand;
    case INT8OID:
        set_int(&operand, DatumGetInt64(value));
        return operand;
    case FLOAT4OID:
        operand.kind = OperandKind::Double;
        operand.number = DatumGetFloat4(value);
        return operand;
    case FLOAT8OID:
        operand.kind = OperandKind::Double;
        operand.number = DatumGetFloat8(value);
        return operand;
    case NUMERICOID:
        operand.kind = OperandKind::Numeric;
        operand.text = DatumGetCString(DirectFunctionCall1(numeric_out, value));
        operand.length = strlen(operand.text);
        return operand;
    case BOOLOID:
        operand.kind = OperandKind::Bool;
        operand.boolean = DatumGetBool(value);
        return operand;
    case TEXTOID:
    case VARCHAROID: {
        text *from = DatumGetTextPP(value);
        set_text(&operand, pnstrdup(VARDATA_ANY(from), VARSIZE_ANY_EXHDR(from)), VARSIZE_ANY_EXHDR(from));
        return operand;
    }
    case NAMEOID:
        set_text(&operand, pstrdup(NameStr(*DatumGetName(value))), strlen(NameStr(*DatumGetName(value))));
        return operand;
    case BYTEAOID: {
        bytea *from = DatumGetByteaPP(value);
        operand.kind = OperandKind::Binary;
        operand.text = static_cast<char *>(
            memcpy(palloc(VARSIZE_ANY_EXHDR(from) + 1), VARDATA_ANY(from), VARSIZE_ANY_EXHDR(from)));
        operand.length = VARSIZE_ANY_EXHDR(from);
        return operand;
    }
    case UUIDOID:
        operand.kind = OperandKind::Uuid;
        memcpy(operand.bytes, DatumGetUUIDP(value)->data, 16);
        return operand;
    case TIMESTAMPTZOID:
    case TIMESTAMPOID: {
        Timestamp timestamp = DatumGetTimestamp(value);
        operand.kind = OperandKind::Micros;
        operand.integer = TIMESTAMP_IS_NOBEGIN(timestamp) ? PG_INT64_MIN
                          : TIMESTAMP_IS_NOEND(timestamp) ? PG_INT64_MAX
                                                          : timestamp;
        return operand;
    }
    case INTERVALOID: {
        Interval *interval = DatumGetIntervalP(value);
        int64 days, micros;
        days = interval->month * INT64CONST(30) + interval->day;
        if (__builtin_mul_overflow(days, USECS_PER_DAY, &micros) ||
            __builtin_add_overflow(micros, interval->time, &operand.integer))
            return unsayable_operand();
        operand.kind = OperandKind::Interval;
        operand.has_months = interval->month != 0;
        operand.has_days = interval->day != 0;
        return operand;
    }
    case DATEOID: {
        DateADT date = DatumGetDateADT(value);
        operand.kind = OperandKind::Days;
        operand.integer = DATE_IS_NOBEGIN(date) ? PG_INT64_MIN
                          : DATE_IS_NOEND(date) ? PG_INT64_MAX
                                                : date + kEpochShiftDays;
        return operand;
    }
    }
    if (base == objectid_type()) {
        operand.kind = OperandKind::ObjectId;
        memcpy(operand.bytes, DatumGetPointer(value), kObjectIdSize);
        return operand;
    }
    Oid element = get_element_type(base);
    if (!OidIsValid(element))
        elog(ERROR, "no operand for a value of type %s", format_type_be(type));
    set_list(&operand, value, element);
    return operand;
}

} // namespace mongo_fdw
