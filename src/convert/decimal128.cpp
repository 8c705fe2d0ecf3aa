// Decimal digits to Decimal128 (IEEE 754-2008, binary integer significand). Zone B.
#include "convert/number.hpp"

namespace mongo_fdw {
namespace {

constexpr int kMostDigits = 34, kLeastExponent = -6176, kGreatestExponent = 6111;

void store(uint8_t *out, uint64_t low, uint64_t high) {
    memcpy(out, &low, sizeof low);
    memcpy(out + 8, &high, sizeof high);
}

} // namespace

bool decimal128_of_text(const char *text, uint8_t *out) {
    bool negative = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    uint64_t sign = negative ? UINT64CONST(1) << 63 : 0;
    if (pg_strcasecmp(text, "nan") == 0) {
        store(out, 0, UINT64CONST(0x1f) << 58);
        return true;
    }
    if (pg_strcasecmp(text, "infinity") == 0 || pg_strcasecmp(text, "inf") == 0) {
        store(out, 0, sign | UINT64CONST(0x1e) << 58);
        return true;
    }
    // Digits from the first that counts to the last that does; zeros at the end are kept while there is room.
    unsigned __int128 significand = 0;
    int digits = 0, exponent = 0, dropped = 0;
    bool behind = false, any = false;
    for (; *text; text++) {
        if (*text == '.' && !behind) {
            behind = true;
            continue;
        }
        if (*text == 'e' || *text == 'E') {
            const char *digits_at = text + 1 + (text[1] == '-' || text[1] == '+');
            if (*digits_at == '\0' || digits_at[strspn(digits_at, "0123456789")] != '\0')
                return false;
            exponent += static_cast<int>(Max(Min(strtol(text + 1, nullptr, 10), 100000L), -100000L));
            break;
        }
        if (*text < '0' || *text > '9')
            return false;
        any = true;
        if (behind)
            exponent--;
        if (digits + dropped >= kMostDigits) {
            dropped++; // a zero, or too much
            if (*text != '0')
                return false;
            continue;
        }
        significand = significand * 10 + static_cast<unsigned>(*text - '0');
        if (significand != 0)
            digits++;
    }
    exponent += dropped;
    // A number may be written with fewer zeros at its end, or more, where its exponent asks for that.
    while (exponent < kLeastExponent && significand != 0 && significand % 10 == 0) {
        significand /= 10;
        exponent++;
    }
    while (exponent > kGreatestExponent && significand != 0 && digits < kMostDigits) {
        significand *= 10;
        exponent--;
        digits++;
    }
    if (significand == 0)
        exponent = Max(Min(exponent, kGreatestExponent), kLeastExponent);
    if (!any || exponent < kLeastExponent || exponent > kGreatestExponent)
        return false;
    uint64_t biased = static_cast<uint64_t>(exponent - kLeastExponent);
    store(out, static_cast<uint64_t>(significand), sign | biased << 49 | static_cast<uint64_t>(significand >> 64));
    return true;
}

bool is_shortest_decimal(const char *text, double number) {
    uint8_t ours[16], theirs[16];
    if (!decimal128_of_text(text, ours))
        return false;
    char shortest[DOUBLE_SHORTEST_DECIMAL_LEN];
    double_to_shortest_decimal_buf(number, shortest);
    if (!decimal128_of_text(shortest, theirs))
        return false;
    Decimal a, b;
    decimal_of_decimal128(ours, &a);
    decimal_of_decimal128(theirs, &b);
    auto strip = [](Decimal *decimal) {
        while (decimal->digit_count > 1 && decimal->digits[decimal->digit_count - 1] == '0') {
            decimal->digit_count--;
            decimal->exponent++;
        }
        if (decimal->digits[0] == '0')
            decimal->exponent = 0;
    };
    strip(&a);
    strip(&b);
    return a.negative == b.negative && a.exponent == b.exponent && a.digit_count == b.digit_count &&
           memcmp(a.digits, b.digits, a.digit_count) == 0;
}

} // namespace mongo_fdw
