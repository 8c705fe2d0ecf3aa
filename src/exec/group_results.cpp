// The results of groups: their proof, and what is made of them. Zone B.
//
// A result is believed when no value was in doubt (MinKey, see mql/expression.hpp) and nothing was rounded: sums of
// numerics stay below 34 digits at the scale that was proved.
#include "exec/group_internal.hpp"

#include "connect/documents.hpp"
#include "convert/number.hpp"
#include "mql/fit.hpp"

#include <cmath>

namespace mongo_fdw {
namespace {

bool is_stored(const Group *group) { return group->state->group->level == GroupLevel::Stored; }

// A field of an accumulator.
BsonValue part(const Group *group, const char *letter, int number) {
    if (is_stored(group))
        number =
            static_cast<int>(mql::stored_number(group->state->plan.filter, group->state->group->accumulators[number]));
    return field_of(group->document, psprintf("%s%d", letter, number));
}

int64 count_field(Group *group, const char *letter, int number) { return count_of(part(group, letter, number), 0); }

// Whether a group has values that are not null.
bool has_values(Group *group, int number) {
    return is_stored(group) ? !reads_as_null(part(group, "a", number).type) : count_field(group, "c", number) != 0;
}

bool read_double(const BsonValue &value, double *out) {
    switch (value.type) {
    case BsonType::Double:
        *out = read_le<double>(value.data);
        return true;
    case BsonType::Int32:
        *out = read_le<int32_t>(value.data);
        return true;
    case BsonType::Int64:
        *out = static_cast<double>(read_le<int64_t>(value.data));
        return true;
    case BsonType::Decimal128: {
        Decimal decimal;
        decimal_of_decimal128(value.data, &decimal);
        *out = decimal.special == Special::NaN                ? NAN
               : decimal.special == Special::PositiveInfinity ? INFINITY
               : decimal.special == Special::NegativeInfinity ? -INFINITY
               : decimal.digit_count == 0                     ? 0.0
                                          : strtod(psprintf("%s%.*se%d", decimal.negative ? "-" : "",
                                                            decimal.digit_count, decimal.digits, decimal.exponent),
                                                   nullptr);
        return true;
    }
    default:
        return false;
    }
}

Datum doubt(Group *group, const char *why, bool *null) {
    if (!group->doubt)
        group->doubt = why;
    *null = true;
    return 0;
}

Datum convert(Group *group, const Converter *converter, const BsonValue &value, bool *null) {
    Datum result = 0;
    Misfit misfit;
    *null = true;
    switch (convert_value(converter, value, group->arena, &result, &misfit)) {
    case Fit::Value:
        *null = false;
        return result;
    case Fit::Null:
        return 0;
    case Fit::Misfit:
        break;
    }
    return doubt(group, "a result does not fit its type", null);
}

// --- proof of values taken as they are stored ---

// Whether the values between the least and the greatest all are of the column's type; integers show by their sum.
bool within_type(Group *group, const mql::Column &column, int number, const BsonValue &least, const BsonValue &most) {
    double low = 0, high = 0;
    int64 sum;
    auto both = [&](BsonType type) { return least.type == type && most.type == type; };
    bool numbers = read_double(least, &low) && read_double(most, &high);
    switch (column.family) {
    case mql::Family::Int:
        return numbers && integer_of(part(group, "s", number), &sum) && low >= static_cast<double>(column.minimum) &&
               high <= static_cast<double>(column.maximum);
    case mql::Family::Float:
        return numbers && part(group, "s", number).type != BsonType::Decimal128 && count_field(group, "d", number) == 0;
    case mql::Family::Numeric: {
        const mql::FitColumn *fit = column.fit;
        double limit = fit->precision > 0 ? pow(10.0, fit->precision - fit->scale) : INFINITY;
        return numbers && count_field(group, "d", number) == 0 && std::isfinite(low) && std::isfinite(high) &&
               low > -limit && high < limit;
    }
    case mql::Family::Timestamp:
    case mql::Family::Date:
        return both(BsonType::Date) && read_le<int64_t>(least.data) >= column.fit->minimum &&
               read_le<int64_t>(most.data) <= column.fit->maximum;
    case mql::Family::Bool:
        return both(BsonType::Bool);
    case mql::Family::ObjectId:
        return both(BsonType::ObjectId);
    default:
        return false;
    }
}

void prove_stored(Group *group) {
    const GroupState *state = group->state->group;
    for (uint32_t i = 0; i < state->accumulator_count && !group->doubt; i++) {
        const mql::Column *column = column_of(group->state, state->accumulators[i].argument);
        if (!column) // of rows, not of values
            continue;
        BsonValue least = part(group, "a", static_cast<int>(i));
        bool hidden = least.type == BsonType::Undefined; // by a server that counts it among the values
        if (hidden || (!reads_as_null(least.type) &&
                       !within_type(group, *column, static_cast<int>(i), least, part(group, "b", static_cast<int>(i)))))
            group->doubt = "not all values are of the column's own type";
    }
}

// Whether equal keys were one group there, and others were not.
bool key_is_plain(const mql::Column &column, const BsonValue &key) {
    switch (column.family) {
    case mql::Family::Text:
        return key.type == BsonType::String;
    case mql::Family::Float:
        return key.type == BsonType::Double || key.type == BsonType::Int32;
    default:
        return true;
    }
}

Datum shown_numeric(Datum value, int shown) {
    return shown < 0 ? value : DirectFunctionCall2(numeric_round, value, Int32GetDatum(shown));
}

Datum key_value(Group *group, int column, int number, int shown, bool *null) {
    const GroupState *state = group->state->group;
    BsonValue key = field_of(group->document, "_id"); // of several keys a document, see mql/group.hpp
    if (state->key_count > 1)
        key = field_of(key, psprintf("k%d", number));
    if (is_stored(group) && reads_as_null(key.type) && state->key_count == 1) {
        if (state->null_seen)
            return doubt(group, "null and missing are two groups there", null);
        group->state->group->null_seen = true;
    }
    if (is_stored(group) && !reads_as_null(key.type) &&
        !key_is_plain(*column_of(group->state, state->keys[number]), key))
        return doubt(group, "a key is not of the column's own type", null);
    const Converter *own = state->key_converters[number]; // a cast may have dropped the column's typmod
    Datum value = convert(group, own ? own : state->converters[column], key, null);
    return *null ? 0 : shown_numeric(value, shown);
}

// --- the finals ---

// The sum of integers; false for none.
bool integer_sum(Group *group, int number, int64 *sum) {
    BsonValue value = part(group, "s", number);
    if (!has_values(group, number))
        return false;
    if (integer_of(value, sum))
        return true;
    bool null;
    doubt(group, "a sum is beyond 64 bits", &null);
    return false;
}

// Digits behind the point of a decimal's representation.
int scale_of(const BsonValue &value) {
    if (value.type != BsonType::Decimal128)
        return 0;
    Decimal decimal;
    decimal_of_decimal128(value.data, &decimal);
    return natural_scale(decimal);
}

// The greatest magnitude of a group's values; false where it is no number.
bool read_magnitude(Group *group, int number, double *magnitude) {
    if (!is_stored(group))
        return read_double(part(group, "m", number), magnitude);
    double least, most;
    if (!read_double(part(group, "a", number), &least) || !read_double(part(group, "b", number), &most))
        return false;
    *magnitude = Max(fabs(least), fabs(most));
    return true;
}

Datum numeric_sum(Group *group, int number, int shown, bool *null) {
    const mql::Accumulator &accumulator = group->state->group->accumulators[number];
    int64 count = is_stored(group) ? count_of(field_of(group->document, "n"), 0) : count_field(group, "c", number);
    BsonValue value = part(group, "s", number);
    *null = true;
    if (!has_values(group, number))
        return 0;
    double magnitude;
    if (value.type == BsonType::Double) // of integers beyond 64 bits
        return doubt(group, "a sum was rounded", null);
    // A sum of decimals has the digits behind the point of the finest of them, unless it was rounded to 34 digits, of
    // which more are left than can be proved.
    bool finer = !is_stored(group) && count_field(group, "f", number) != 0;
    if (finer || ((is_stored(group) || shown < 0) && scale_of(value) > accumulator.scale))
        return doubt(group, "values have more digits behind the point than a sum can prove", null);
    if (!read_magnitude(group, number, &magnitude) ||
        !(magnitude * static_cast<double>(count) < pow(10.0, mql::kDecimalDigits - 1 - accumulator.scale)))
        return doubt(group, "a sum may need more than 34 digits", null);
    Datum sum = convert(group, group->state->group->numeric, value, null);
    return *null ? 0 : shown_numeric(sum, shown);
}

Datum quotient(Datum sum, int64 count) {
    return DirectFunctionCall2(numeric_div, sum, DirectFunctionCall1(int8_numeric, Int64GetDatum(count)));
}

// Whether PostgreSQL's own sums stay within double precision.
bool is_small(Group *group, int number) {
    double magnitude;
    return read_magnitude(group, number, &magnitude) &&
           magnitude < mql::most_magnitude(group->state->group->accumulators[number]);
}

bool float_sum(Group *group, int number, double *sum, bool *null) {
    *null = true;
    if (!has_values(group, number) || !read_double(part(group, "s", number), sum))
        return false;
    if (!is_small(group, number) || std::isnan(*sum)) {
        doubt(group, "a sum may be beyond double precision, or NaN is among the values", null);
        return false;
    }
    *null = false;
    return true;
}

// Whether a sum of zero may be negative here: it is where all values are.
bool negative_zeros(Group *group, int number) {
    double least;
    if (!is_stored(group))
        return count_field(group, "z", number) > 0;
    return read_double(part(group, "a", number), &least) && least == 0 && std::signbit(least);
}

bool is_least(Group *group, int number) {
    mql::Aggregate aggregate = group->state->group->accumulators[number].aggregate;
    return aggregate == mql::Aggregate::LeastFloat || aggregate == mql::Aggregate::LeastNumeric;
}

// Whether NaN, PostgreSQL's greatest number, is the extreme.
bool nan_decides(Group *group, int number) {
    int64 nans = count_field(group, "x", number);
    return nans > 0 && (!is_least(group, number) || nans == count_field(group, "c", number));
}

// Where the extreme itself stands.
BsonValue extreme_field(Group *group, int number) {
    if (!is_stored(group))
        return part(group, "s", number);
    mql::Aggregate aggregate = group->state->group->accumulators[number].aggregate;
    bool least = aggregate == mql::Aggregate::Least || aggregate == mql::Aggregate::LeastFloat;
    return part(group, least ? "a" : "b", number);
}

Datum float_extreme(Group *group, int number, bool *null) {
    double value = 0;
    *null = false;
    if (!is_stored(group) && nan_decides(group, number))
        return Float8GetDatum(get_float8_nan());
    if (!has_values(group, number) || !read_double(extreme_field(group, number), &value)) {
        *null = true;
        return 0;
    }
    double least;
    if (is_stored(group) && (!read_double(part(group, "a", number), &least) || std::isnan(least)))
        return doubt(group, "NaN is among the values", null); // the least number there, the greatest here
    if (value == 0 && count_field(group, "z", number) > 0)
        return doubt(group, "zeros of both signs are among the values", null);
    return Float8GetDatum(value);
}

Datum numeric_extreme(Group *group, int number, int shown, bool *null) {
    *null = count_field(group, "c", number) == 0;
    if (*null)
        return 0;
    if (nan_decides(group, number))
        return DirectFunctionCall3(numeric_in, CStringGetDatum("NaN"), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
    BsonValue most = part(group, "s", number), least = part(group, "l", number);
    if (shown < 0 && count_of(field_of(most, "l"), 0) != -count_of(field_of(least, "l"), 0))
        return doubt(group, "equal numbers have different digits behind the point", null);
    Datum value = convert(group, group->state->group->numeric, field_of(most, "v"), null);
    return *null ? 0 : shown_numeric(value, shown);
}

Datum deviation(Group *group, int number, bool square, bool *null) {
    double value;
    *null = !read_double(part(group, "s", number), &value);
    if (*null)
        return 0;
    if (!is_small(group, number) || std::isnan(value))
        return doubt(group, "squares may be beyond double precision, or NaN is among the values", null);
    return Float8GetDatum(square ? value * value : value);
}

Datum output(Group *group, int column, Final final, int number, int shown, bool *null) {
    GroupState *state = group->state->group;
    int64 integer = 0;
    double real = 0;
    *null = false;
    switch (final) {
    case Final::Key:
        return key_value(group, column, number, shown, null);
    case Final::Count: {
        const mql::Accumulator &accumulator = state->accumulators[number];
        if (is_stored(group) && (accumulator.filter != mql::kNone || !mql::counts_rows(accumulator)))
            return Int64GetDatum(count_field(group, "c", number));
        BsonValue rows = is_stored(group) ? field_of(group->document, "n") : part(group, "s", number);
        if (!integer_of(rows, &integer))
            return doubt(group, "the result is no group", null);
        return Int64GetDatum(integer);
    }
    case Final::IntegerSum:
        *null = !integer_sum(group, number, &integer);
        return Int64GetDatum(integer);
    case Final::WideSum:
        *null = !integer_sum(group, number, &integer);
        return *null ? 0 : DirectFunctionCall1(int8_numeric, Int64GetDatum(integer));
    case Final::IntegerAverage:
        *null = !integer_sum(group, number, &integer);
        return *null ? 0
                     : quotient(DirectFunctionCall1(int8_numeric, Int64GetDatum(integer)),
                                count_field(group, "c", number));
    case Final::NumericSum:
        return numeric_sum(group, number, shown, null);
    case Final::NumericAverage: {
        Datum sum = numeric_sum(group, number, shown, null);
        return *null ? 0 : quotient(sum, count_field(group, "c", number));
    }
    case Final::FloatSum:
        if (!float_sum(group, number, &real, null))
            return 0;
        if (real == 0 && negative_zeros(group, number))
            return doubt(group, "zeros of both signs are among the values", null);
        return Float8GetDatum(real);
    case Final::FloatAverage:
        return float_sum(group, number, &real, null)
                   ? Float8GetDatum(real / static_cast<double>(count_field(group, "c", number)))
                   : 0;
    case Final::Extreme:
        return convert(group, state->converters[column], extreme_field(group, number), null);
    case Final::FloatExtreme:
        return float_extreme(group, number, null);
    case Final::NumericExtreme:
        return numeric_extreme(group, number, shown, null);
    case Final::Deviation:
    case Final::Variance:
        return deviation(group, number, final == Final::Variance, null);
    }
    return 0;
}

} // namespace

bool keep_group(Group *group) {
    GroupState *state = group->state->group;
    if (field_of(group->document, "_id").type == BsonType::Missing)
        group->doubt = "the result is no group";
    if (count_of(field_of(group->document, "bad"), 0) != 0)
        group->doubt = "the server is not sure of a value, or it does not fit its column";
    BsonValue doubted = field_of(group->document, mql::kDoubtField);
    if (doubted.type == BsonType::Bool && *doubted.data)
        group->doubt = "the server cannot prove a group that ORDER BY and LIMIT would leave out";
    if (is_stored(group))
        prove_stored(group);
    int columns = state->descriptor->natts;
    Datum *values = static_cast<Datum *>(palloc0(sizeof(Datum) * columns));
    bool *nulls = static_cast<bool *>(palloc0(columns));
    for (int i = 0; i < columns && !group->doubt; i++) {
        int at = i * kOutputFields;
        List *outputs = group->state->plan.outputs;
        values[i] = output(group, i, static_cast<Final>(list_nth_int(outputs, at)), list_nth_int(outputs, at + 1),
                           list_nth_int(outputs, at + 2), &nulls[i]);
    }
    if (!group->doubt && group->state->seen++ >= group->state->skip)
        tuplestore_putvalues(state->rows, state->descriptor, values, nulls);
    return !group->doubt;
}

} // namespace mongo_fdw
