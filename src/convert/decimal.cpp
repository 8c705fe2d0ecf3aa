// Decimal digits of Decimal128 and of integers. Zone B, free of PostgreSQL.
#include "convert/decimal.hpp"

#include "convert/bson.hpp"

namespace mongo_fdw {
namespace {

// Decimal digits from the last one on; returns how many.
int reversed_digits(uint64_t value, char *out) {
    int count = 0;
    do {
        out[count++] = static_cast<char>('0' + value % 10);
        value /= 10;
    } while (value);
    return count;
}

void set_digits(Decimal *number, const char *reversed, int count) {
    for (int i = 0; i < count; i++)
        number->digits[i] = reversed[count - 1 - i];
    number->digit_count = count;
}

} // namespace

void decimal_of_decimal128(const uint8_t *data, Decimal *out) {
    uint64_t low = read_le<uint64_t>(data), high = read_le<uint64_t>(data + 8);
    out->special = Special::Finite;
    out->negative = (high >> 63) != 0;
    out->digit_count = out->exponent = 0;
    uint32_t combination = (high >> 58) & 0x1f;
    if (combination == 0x1f) {
        out->special = Special::NaN;
        return;
    }
    if (combination == 0x1e) {
        out->special = out->negative ? Special::NegativeInfinity : Special::PositiveInfinity;
        return;
    }
    int biased;
    unsigned __int128 significand;
    if ((combination >> 3) == 3) { // a significand beyond 34 digits: not canonical, zero
        biased = (high >> 47) & 0x3fff;
        significand = 0;
    } else {
        biased = (high >> 49) & 0x3fff;
        significand = (static_cast<unsigned __int128>(high & 0x1ffffffffffffULL) << 64) | low;
    }
    out->exponent = biased - 6176;
    constexpr uint64_t kChunk = 10000000000000000000ULL; // 10^19: the rest fits 64 bits, where division is cheap
    char reversed[40];
    int count = 0;
    while (significand >> 64) {
        uint64_t rest = static_cast<uint64_t>(significand % kChunk);
        significand /= kChunk;
        for (int i = 0; i < 19; i++, rest /= 10)
            reversed[count++] = static_cast<char>('0' + rest % 10);
    }
    count += reversed_digits(static_cast<uint64_t>(significand), reversed + count);
    if (count > 34) {
        count = 1;
        reversed[0] = '0';
    }
    set_digits(out, reversed, count);
}

void decimal_of_int64(int64_t value, Decimal *out) {
    out->special = Special::Finite;
    out->negative = value < 0;
    out->exponent = 0;
    uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    char reversed[20];
    set_digits(out, reversed, reversed_digits(magnitude, reversed));
}

} // namespace mongo_fdw
