// Bounds for numbers. Zone P.
#include "mql/number.hpp"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace mongo_fdw::mql {
namespace {

constexpr int kDigits = 34;                                 // of a Decimal128
constexpr int kLeastExponent = -6176, kMostExponent = 6111; // of its last digit

// (-1)^negative * 0.digits * 10^exponent; digits has no zero at either end, zero has none.
struct Number {
    bool infinite = false;
    bool negative = false;
    std::string digits;
    int exponent = 0;
};

Number parse(const char *text) {
    Number number;
    number.negative = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    if (*text == 'I' || *text == 'i') {
        number.infinite = true;
        return number;
    }
    int point = 0;
    bool seen = false;
    for (; *text && *text != 'e' && *text != 'E'; text++)
        if (*text == '.')
            seen = true;
        else {
            number.digits += *text;
            point += !seen;
        }
    if (*text)
        point += std::atoi(text + 1);
    size_t zeros = number.digits.find_first_not_of('0');
    if (zeros == std::string::npos) {
        number.digits.clear();
        return number;
    }
    number.digits.erase(0, zeros);
    number.digits.erase(number.digits.find_last_not_of('0') + 1);
    number.exponent = point - static_cast<int>(zeros);
    return number;
}

int sign_of(const Number &number) { return number.digits.empty() && !number.infinite ? 0 : number.negative ? -1 : 1; }

int compare(const Number &a, const Number &b) {
    int sign_a = sign_of(a), sign_b = sign_of(b);
    if (sign_a != sign_b)
        return sign_a < sign_b ? -1 : 1;
    if (sign_a == 0 || (a.infinite && b.infinite))
        return 0;
    int magnitude = a.infinite                 ? 1
                    : b.infinite               ? -1
                    : a.exponent != b.exponent ? (a.exponent < b.exponent ? -1 : 1)
                                               : a.digits.compare(b.digits);
    return magnitude == 0 ? 0 : (magnitude < 0 ? -sign_a : sign_a);
}

// 0.digits * 10^exponent; digits may end with zeros.
struct Decimal {
    std::string digits;
    int exponent;
};

std::string text_of(const Decimal &decimal, const std::string &more = "") {
    return "0." + decimal.digits + more + "e" + std::to_string(decimal.exponent);
}
double value_of(const Decimal &decimal, const std::string &more = "") {
    return std::strtod(text_of(decimal, more).c_str(), nullptr);
}

// The next decimal of as many digits.
Decimal next(Decimal decimal, bool up) {
    size_t at = decimal.digits.size();
    while (at > 0 && decimal.digits[at - 1] == (up ? '9' : '0'))
        decimal.digits[--at] = up ? '0' : '9';
    if (at > 0)
        decimal.digits[at - 1] = static_cast<char>(decimal.digits[at - 1] + (up ? 1 : -1));
    else if (up)
        decimal = {"1" + decimal.digits.substr(1), decimal.exponent + 1};
    return decimal;
}

// Whether a double is the only nearest one to a decimal: what lies halfway to a neighbour reads back as the double that
// is even, but is not its shortest decimal to PostgreSQL. No number between two doubles has more digits than are added.
bool reads_back(const Decimal &decimal, double value) {
    constexpr size_t kAllDigits = 800;
    return value_of(decimal) == value && value_of(decimal, std::string(kAllDigits, '0') + "1") == value &&
           value_of(next(decimal, false), std::string(kAllDigits + 1, '9')) == value;
}

// The shortest decimal as PostgreSQL writes it (Ryu without the interval's bounds, src/common/d2s.c), of a positive
// double. Below a power of two doubles are denser: the nearest decimal may be of a neighbour, the one on the other side
// of the double its own.
std::string shortest_of_positive(double value) {
    constexpr int kMostDigits = 17; // do for every double
    for (int digits = 1;; digits++) {
        char text[40];
        std::snprintf(text, sizeof text, "%.*e", digits - 1, value);
        Decimal nearest{std::string(1, *text) + (digits > 1 ? std::string(text + 2, digits - 1) : ""),
                        std::atoi(std::strchr(text, 'e') + 1) + 1};
        for (const Decimal &decimal : {nearest, next(nearest, true), next(nearest, false)})
            if (digits == kMostDigits || reads_back(decimal, value))
                return text_of(decimal);
    }
}

std::string shortest(double value) {
    return value == 0 ? "0" : std::signbit(value) ? "-" + shortest_of_positive(-value) : shortest_of_positive(value);
}

// Doubles in order as integers.
int64_t order_of(double value) {
    int64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits < 0 ? INT64_MIN - bits : bits;
}
double at_order(int64_t order) {
    int64_t bits = order < 0 ? INT64_MIN - order : order;
    double value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

} // namespace

DecimalBound decimal_bound(const char *text) {
    Number number = parse(text);
    DecimalBound bound{};
    if (number.infinite || number.digits.empty()) {
        std::snprintf(bound.text, sizeof bound.text, "%s",
                      !number.infinite  ? "0"
                      : number.negative ? "-Infinity"
                                        : "Infinity");
        return bound;
    }
    std::string digits = number.digits;
    int last = number.exponent - static_cast<int>(digits.size()); // exponent of the last digit
    bool cut = false;
    if (digits.size() > kDigits) {
        last += static_cast<int>(digits.size()) - kDigits;
        digits.resize(kDigits);
        cut = true;
    }
    if (last < kLeastExponent) {
        size_t lost = static_cast<size_t>(kLeastExponent - last);
        cut = true;
        digits.resize(lost < digits.size() ? digits.size() - lost : 0);
        last = kLeastExponent;
    }
    while (last > kMostExponent && digits.size() < kDigits) {
        digits += '0';
        last--;
    }
    if (last > kMostExponent) {
        digits.assign(kDigits, '9');
        last = kMostExponent;
        cut = true;
    }
    std::snprintf(bound.text, sizeof bound.text, "%s%sE%d", number.negative ? "-" : "",
                  digits.empty() ? "0" : digits.c_str(), last);
    bound.side = !cut ? 0 : number.negative ? 1 : -1;
    return bound;
}

DoubleBound double_bound(const char *text) {
    DoubleBound bound{std::strtod(text, nullptr), 0};
    if (std::isinf(bound.value)) {
        Number infinity;
        infinity.infinite = true;
        infinity.negative = bound.value < 0;
        bound.side = compare(infinity, parse(text));
    } else {
        bound.side = compare(parse(shortest(bound.value).c_str()), parse(text));
    }
    return bound;
}

double least_rounding_to(double number, bool or_equal) {
    auto holds = [&](int64_t order) {
        float rounded = static_cast<float>(at_order(order));
        return or_equal ? rounded >= number : rounded > number;
    };
    int64_t low = order_of(-HUGE_VAL), high = order_of(HUGE_VAL);
    if (!holds(high))
        return NAN;
    while (low < high) {
        int64_t middle = low + static_cast<int64_t>((static_cast<uint64_t>(high) - static_cast<uint64_t>(low)) / 2);
        if (holds(middle))
            high = middle;
        else
            low = middle + 1;
    }
    return at_order(low);
}

} // namespace mongo_fdw::mql
