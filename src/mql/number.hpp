// Decimal constants as bounds of what MongoDB stores. Zone P.
#pragma once

#include <string>

namespace mongo_fdw::mql {

// The Decimal128 next to a number towards zero, and on which side of it it lies: -1 below, 0 equal, 1 above.
struct DecimalBound {
    char text[64];
    int side;
};
// text: PostgreSQL's output of a numeric that is not NaN.
DecimalBound decimal_bound(const char *text);

// The double nearest to a number, and on which side of the number its shortest decimal lies.
struct DoubleBound {
    double value;
    int side;
};
DoubleBound double_bound(const char *text);

// The least double that, rounded to float, is not below (or_equal) or above a number; NaN: none is.
double least_rounding_to(double number, bool or_equal);

} // namespace mongo_fdw::mql
