// Decimal digits: Decimal128, doubles and integers on their way to numeric and JSON, digit for digit. Zone B.
#pragma once

#include "convert/arena.hpp"
#include "convert/bson.hpp"
#include "convert/decimal.hpp"

namespace mongo_fdw {

// The shortest decimal that reads back as the same double.
void decimal_of_double(double value, Decimal *out);

// The Decimal128 (16 bytes) of a decimal as PostgreSQL or JSON writes it, digit for digit. False for more than 34
// digits, an exponent out of range, and what is no number.
bool decimal128_of_text(const char *text, uint8_t *out);

// Whether a finite decimal is the number that the shortest decimal of a double says.
bool is_shortest_decimal(const char *text, double number);

// Bytes a numeric of this number needs at most.
Size numeric_size(const Decimal &number);
// Writes a numeric (with a 4-byte header) to out and returns its size. dscale: digits shown behind the point.
Size write_numeric(const Decimal &number, int dscale, char *out);
// Digits behind the point that the number itself has.
inline int natural_scale(const Decimal &number) { return number.exponent < 0 ? -number.exponent : 0; }

// True when the number fits numeric(precision, scale) without rounding.
bool fits_typmod(const Decimal &number, int precision, int scale);

// Rounds to digits behind the point, half away from zero as numeric does; negative: before it.
void round_decimal(Decimal *number, int scale);
// Leaves no digits behind the point.
void cut_fraction(Decimal *number);

// Exact integer value; false for fractions, NaN and what does not fit int64 (*in_range false).
bool int64_of_decimal(const Decimal &number, int64_t *value, bool *in_range);

// JSON text of a finite number: plain digits, exponents only where a double would have one.
void append_number(StringInfo out, const Decimal &number);
// The scientific string of the Decimal128 specification, as canonical Extended JSON writes it.
void append_decimal128_string(StringInfo out, const Decimal &number);

} // namespace mongo_fdw
