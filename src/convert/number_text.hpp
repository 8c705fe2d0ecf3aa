// Numbers as people write them: signs, currencies, thousands in groups. Zone B.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

// What numeric_in reads of `length` bytes of text in the database encoding, palloc'd; null where they are no number or
// one beyond numeric. Surrounding spaces, a sign in front, parentheses as accounts write a minus, one currency sign or
// code of three capitals before or after, thousands in groups of three with one separator (comma, point, space,
// no-break space, apostrophe; never the decimal mark), an exponent behind digits without groups.
char *plain_number(const char *text, size_t length, char decimal_mark);

} // namespace mongo_fdw
