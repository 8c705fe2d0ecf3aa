// Times in the forms of ISO 8601, read without any setting of the session. Zone B.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

// Reads `length` bytes as a date, or a date and a time: 2024-02-29, 20240229, 2024-02-29T12:30[:15[.25]][Z|±hh[[:]mm]],
// with T, t or one space between, in the extended or the basic form, years of four digits or a sign and six.
// UTC where no zone is given. False for anything else and for what is beyond timestamptz.
bool parse_iso_time(const char *text, size_t length, TimestampTz *out);

} // namespace mongo_fdw
