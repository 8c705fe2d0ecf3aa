// Fit guards of columns. Zone B.
#include "convert/fit.hpp"

namespace mongo_fdw {
namespace {

bool fit_of_type(const Converter *converter, mql::FitColumn *fit) {
    constexpr int64 kFirstTimestamp = INT64CONST(-210866803200000), kLastTimestamp = INT64CONST(9224318015999999);
    constexpr int64 kMsPerDay = INT64CONST(86400000);
    constexpr int64 kLastDate = (INT64CONST(2147483494) - UNIX_EPOCH_JDATE) * kMsPerDay - 1; // 5874897-12-31
    switch (converter->kind) {
    case Kind::Int2:
        fit->kind = mql::FitKind::Integer;
        fit->minimum = PG_INT16_MIN;
        fit->maximum = PG_INT16_MAX;
        return !converter->rules.edb;
    case Kind::Int4:
        fit->kind = mql::FitKind::Integer;
        fit->minimum = PG_INT32_MIN;
        fit->maximum = PG_INT32_MAX;
        return !converter->rules.edb;
    case Kind::Int8:
        fit->kind = mql::FitKind::Integer;
        fit->minimum = PG_INT64_MIN;
        fit->maximum = PG_INT64_MAX;
        return !converter->rules.edb;
    case Kind::Float4:
    case Kind::Float8:
        fit->kind = converter->kind == Kind::Float4 ? mql::FitKind::Float4 : mql::FitKind::Float8;
        return !converter->rules.edb;
    case Kind::Numeric:
        fit->kind = mql::FitKind::Numeric;
        fit->precision = converter->precision;
        fit->scale = converter->scale;
        // More digits than a Decimal128 has cannot be compared there.
        return !converter->rules.edb && converter->precision <= mql::kDecimalDigits && converter->scale >= 0 &&
               converter->scale <= converter->precision;
    case Kind::Bool:
        fit->kind = mql::FitKind::Bool;
        return !converter->rules.edb;
    case Kind::Text:
    case Kind::Bpchar:
        fit->kind = mql::FitKind::Text;
        fit->max_length = converter->max_length;
        fit->nul = converter->rules.nul == NulRule::Strip    ? mql::FitNul::Strip
                   : converter->rules.nul == NulRule::Escape ? mql::FitNul::Escape
                                                             : mql::FitNul::Misfit;
        return GetDatabaseEncoding() == PG_UTF8 && fit->nul == mql::FitNul::Misfit;
    case Kind::Name:
        fit->kind = mql::FitKind::Text;
        fit->max_length = NAMEDATALEN - 1;
        fit->length_in_bytes = true;
        return GetDatabaseEncoding() == PG_UTF8 && !converter->rules.edb;
    case Kind::ObjectId:
        fit->kind = mql::FitKind::ObjectId;
        return true;
    case Kind::Timestamptz:
    case Kind::Timestamp:
    case Kind::Date:
        fit->kind = mql::FitKind::Date;
        fit->minimum = kFirstTimestamp;
        fit->maximum = converter->kind == Kind::Date ? kLastDate : kLastTimestamp;
        fit->whole_days = converter->kind == Kind::Date;
        return true;
    case Kind::Uuid:
        fit->kind = mql::FitKind::Uuid;
        fit->legacy_uuid = converter->rules.uuid_legacy != UuidLegacy::Off;
        return true;
    case Kind::Bytea:
        fit->kind = mql::FitKind::Bytea;
        return converter->rules.binary_subtype < 0;
    case Kind::None:
        fit->kind = mql::FitKind::Nothing;
        return true;
    default:
        return false;
    }
}

} // namespace

bool server_unwinds(const TableOptions *table) {
    return table->unwind_levels == 0 || (table->unwind_levels == 1 && table->unwind[0].count == 1 &&
                                         table->unwind[0].plain && !table->array_from_scalar);
}

bool fit_of_column(const ColumnOptions &column, mql::FitColumn *fit) {
    *fit = {};
    if (column.dropped || column.role != Role::Field || !column.path.plain)
        return false;
    const Converter *converter = make_converter(column.type, column.typmod, column.rules);
    fit->keys = column.path.keys;
    fit->key_count = column.path.count;
    if (converter->kind != Kind::Array)
        return fit_of_type(converter, fit);
    fit->array = true;
    fit->array_from_scalar = column.rules.array_from_scalar;
    return fit_of_type(converter->element, fit);
}

} // namespace mongo_fdw
