// Numbers as decimal digits. Zone B, but free of PostgreSQL.
#pragma once

#include <cstdint>

namespace mongo_fdw {

enum class Special : uint8_t { Finite, NaN, PositiveInfinity, NegativeInfinity };

// A number: (-1)^negative * digits * 10^exponent. digits has no leading zero unless the number is zero. NaN
// and the infinities have no digits: what a numeric of them needs is counted from that.
struct Decimal {
    Special special;
    bool negative;
    int digit_count;
    int exponent;
    char digits[40]; // ASCII
};

// Exact value of a Decimal128 (IEEE 754-2008, binary integer significand).
void decimal_of_decimal128(const uint8_t *data, Decimal *out);
void decimal_of_int64(int64_t value, Decimal *out);

} // namespace mongo_fdw
