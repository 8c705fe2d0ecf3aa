// Decimal digits and PostgreSQL's numeric. Zone B.
//
// numeric's disk format is private to numeric.c but frozen by pg_upgrade: base-10000 digits, a short or long header. It
// is written here directly because every public way goes through text or loses digits. The regression suite compares
// the result with numeric_in for every shape.
#include "convert/number.hpp"

namespace mongo_fdw {
namespace {

constexpr uint16 kShort = 0x8000, kNegative = 0x4000, kShortNegative = 0x2000;
constexpr uint16 kNaN = 0xC000, kPositiveInfinity = 0xD000, kNegativeInfinity = 0xF000;
constexpr int kShortScaleShift = 7, kShortScaleMax = 0x3f, kShortWeightMax = 0x3f, kShortWeightMin = -0x40;

void strip_leading_zeros(Decimal *number) {
    int zeros = 0;
    while (zeros < number->digit_count - 1 && number->digits[zeros] == '0')
        zeros++;
    if (zeros) {
        memmove(number->digits, number->digits + zeros, number->digit_count - zeros);
        number->digit_count -= zeros;
    }
}

// Only zero has a leading zero.
bool is_zero(const Decimal &number) { return number.digits[0] == '0'; }

int trailing_zeros(const Decimal &number) {
    int zeros = 0;
    while (zeros < number.digit_count && number.digits[number.digit_count - 1 - zeros] == '0')
        zeros++;
    return zeros;
}

} // namespace

void decimal_of_double(double value, Decimal *out) {
    out->negative = false;
    out->digit_count = out->exponent = 0;
    if (isnan(value)) {
        out->special = Special::NaN;
        return;
    }
    if (isinf(value)) {
        out->special = value < 0 ? Special::NegativeInfinity : Special::PositiveInfinity;
        return;
    }
    out->special = Special::Finite;
    char text[DOUBLE_SHORTEST_DECIMAL_LEN];
    int length = double_to_shortest_decimal_bufn(value, text);
    bool behind_point = false;
    for (int i = 0; i < length; i++) {
        char c = text[i];
        if (c == '-') {
            out->negative = true;
        } else if (c == '.') {
            behind_point = true;
        } else if (c == 'e') {
            bool minus = text[i + 1] == '-';
            int exponent = 0;
            for (i += 2; i < length; i++)
                exponent = exponent * 10 + (text[i] - '0');
            out->exponent += minus ? -exponent : exponent;
        } else if (out->digit_count < 40) {
            out->digits[out->digit_count++] = c;
            if (behind_point)
                out->exponent--;
        }
    }
    strip_leading_zeros(out);
}

Size numeric_size(const Decimal &number) { return VARHDRSZ + 4 + sizeof(int16) * (number.digit_count / 4 + 3); }

Size write_numeric(const Decimal &number, int dscale, char *out) {
    char *at = out + VARHDRSZ;
    auto put = [&at](uint16 word) {
        memcpy(at, &word, sizeof word);
        at += sizeof word;
    };
    if (number.special != Special::Finite) {
        put(number.special == Special::NaN                ? kNaN
            : number.special == Special::PositiveInfinity ? kPositiveInfinity
                                                          : kNegativeInfinity);
        SET_VARSIZE(out, at - out);
        return at - out;
    }
    int weight = 0, groups = 0;
    uint16 digits[16];
    bool negative = number.negative;
    if (is_zero(number)) {
        negative = false; // numeric has no negative zero
    } else {
        int before_point = number.digit_count + number.exponent; // decimal digits before the point, may be negative
        weight = before_point > 0 ? (before_point - 1) / 4 : -((-before_point) / 4 + 1);
        int lead = (weight + 1) * 4 - before_point; // zeros that fill the first group
        int count = (lead + number.digit_count + 3) / 4;
        char padded[52]; // lead and trailing zeros around the digits: whole groups of four
        memset(padded, '0', count * 4);
        memcpy(padded + lead, number.digits, number.digit_count);
        for (int g = 0; g < count; g++) {
            const char *at = padded + 4 * g;
            digits[g] =
                static_cast<uint16>((at[0] - '0') * 1000 + (at[1] - '0') * 100 + (at[2] - '0') * 10 + (at[3] - '0'));
        }
        groups = count;
        while (groups > 0 && digits[groups - 1] == 0)
            groups--;
    }
    if (dscale <= kShortScaleMax && weight <= kShortWeightMax && weight >= kShortWeightMin) {
        put(static_cast<uint16>(kShort | (negative ? kShortNegative : 0) | (dscale << kShortScaleShift) |
                                (weight & 0x7f)));
    } else {
        put(static_cast<uint16>((negative ? kNegative : 0) | dscale));
        put(static_cast<uint16>(static_cast<int16>(weight)));
    }
    memcpy(at, digits, groups * sizeof(uint16));
    at += groups * sizeof(uint16);
    SET_VARSIZE(out, at - out);
    return at - out;
}

bool fits_typmod(const Decimal &number, int precision, int scale) {
    if (number.special != Special::Finite)
        return number.special == Special::NaN; // numeric(p,s) refuses infinities
    if (is_zero(number))
        return true;
    if (number.exponent + trailing_zeros(number) < -scale)
        return false;
    return number.digit_count + number.exponent <= precision - scale;
}

namespace {

// Drops digits at the end.
void drop_digits(Decimal *number, int count) {
    if (count >= number->digit_count) {
        number->digits[0] = '0';
        number->digit_count = 1;
        number->exponent = 0;
    } else {
        number->digit_count -= count;
        number->exponent += count;
    }
}

} // namespace

void round_decimal(Decimal *number, int scale) {
    if (number->special != Special::Finite || is_zero(*number) || number->exponent >= -scale)
        return;
    int dropped = -scale - number->exponent;
    bool up = dropped <= number->digit_count && number->digits[number->digit_count - dropped] >= '5';
    if (dropped >= number->digit_count) { // one unit, or nothing
        number->digits[0] = up ? '1' : '0';
        number->digit_count = 1;
        number->exponent = up ? -scale : 0;
        return;
    }
    drop_digits(number, dropped);
    int at = number->digit_count - 1;
    while (up && at >= 0 && number->digits[at] == '9')
        number->digits[at--] = '0';
    if (!up)
        return;
    if (at >= 0) {
        number->digits[at]++;
        return;
    }
    number->digits[0] = '1'; // nines alone: they are zeros now
    number->exponent += number->digit_count;
    number->digit_count = 1;
}

void cut_fraction(Decimal *number) {
    if (number->special == Special::Finite && !is_zero(*number) && number->exponent < 0)
        drop_digits(number, -number->exponent);
}

bool int64_of_decimal(const Decimal &number, int64_t *value, bool *in_range) {
    *in_range = true;
    if (number.special != Special::Finite)
        return *in_range = number.special == Special::NaN, false;
    if (is_zero(number)) {
        *value = 0;
        return true;
    }
    int zeros = trailing_zeros(number);
    if (number.exponent + zeros < 0)
        return false; // a fraction
    if (number.digit_count + number.exponent > 19)
        return *in_range = false;
    unsigned __int128 magnitude = 0;
    for (int i = 0; i < number.digit_count + number.exponent; i++)
        magnitude = magnitude * 10 + (i < number.digit_count ? number.digits[i] - '0' : 0);
    unsigned __int128 limit = static_cast<unsigned __int128>(INT64_MAX) + (number.negative ? 1 : 0);
    if (magnitude > limit)
        return *in_range = false;
    *value =
        number.negative ? static_cast<int64_t>(0 - static_cast<uint64_t>(magnitude)) : static_cast<int64_t>(magnitude);
    return true;
}

void append_number(StringInfo out, const Decimal &number) {
    if (number.negative)
        appendStringInfoChar(out, '-');
    int before_point = number.digit_count + number.exponent;
    if (number.exponent >= 0 && before_point <= 40) {
        appendBinaryStringInfo(out, number.digits, number.digit_count);
        if (!is_zero(number))
            for (int i = 0; i < number.exponent; i++)
                appendStringInfoChar(out, '0');
    } else if (number.exponent < 0 && before_point > 0) {
        appendBinaryStringInfo(out, number.digits, before_point);
        appendStringInfoChar(out, '.');
        appendBinaryStringInfo(out, number.digits + before_point, number.digit_count - before_point);
    } else if (number.exponent < 0 && before_point > -10) {
        appendStringInfoString(out, "0.");
        for (int i = before_point; i < 0; i++)
            appendStringInfoChar(out, '0');
        appendBinaryStringInfo(out, number.digits, number.digit_count);
    } else {
        appendStringInfoChar(out, number.digits[0]);
        if (number.digit_count > 1) {
            appendStringInfoChar(out, '.');
            appendBinaryStringInfo(out, number.digits + 1, number.digit_count - 1);
        }
        appendStringInfo(out, "e%+d", before_point - 1);
    }
}

void append_decimal128_string(StringInfo out, const Decimal &number) {
    if (number.special != Special::Finite) {
        appendStringInfoString(out, number.special == Special::NaN                ? "NaN"
                                    : number.special == Special::PositiveInfinity ? "Infinity"
                                                                                  : "-Infinity");
        return;
    }
    if (number.negative)
        appendStringInfoChar(out, '-');
    int scientific = number.exponent + number.digit_count - 1;
    if (scientific < -6 || number.exponent > 0) {
        appendStringInfoChar(out, number.digits[0]);
        if (number.digit_count > 1) {
            appendStringInfoChar(out, '.');
            appendBinaryStringInfo(out, number.digits + 1, number.digit_count - 1);
        }
        appendStringInfo(out, "E%+d", scientific);
        return;
    }
    int before_point = number.digit_count + number.exponent;
    if (number.exponent == 0) {
        appendBinaryStringInfo(out, number.digits, number.digit_count);
    } else if (before_point > 0) {
        appendBinaryStringInfo(out, number.digits, before_point);
        appendStringInfoChar(out, '.');
        appendBinaryStringInfo(out, number.digits + before_point, number.digit_count - before_point);
    } else {
        appendStringInfoString(out, "0.");
        for (int i = before_point; i < 0; i++)
            appendStringInfoChar(out, '0');
        appendBinaryStringInfo(out, number.digits, number.digit_count);
    }
}

} // namespace mongo_fdw
