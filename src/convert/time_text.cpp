// Times in the forms of ISO 8601. PostgreSQL's own input takes many more forms and depends on DateStyle, TimeZone and
// the table of abbreviations, so it may be used neither in an immutable function nor to decide what a text is. Zone B.
#include "convert/time_text.hpp"

namespace mongo_fdw {
namespace {

struct Cursor {
    const char *at, *end;

    bool done() const { return at == end; }
    bool take(char c) {
        bool found = at < end && *at == c;
        at += found;
        return found;
    }
    // Exactly `count` digits.
    bool digits(int count, int *value) {
        if (end - at < count)
            return false;
        *value = 0;
        for (int i = 0; i < count; i++) {
            if (at[i] < '0' || at[i] > '9')
                return false;
            *value = *value * 10 + (at[i] - '0');
        }
        at += count;
        return true;
    }
};

bool read_date(Cursor *text, int *julian) {
    bool negative = text->at < text->end && *text->at == '-';
    bool expanded = text->take('+') || text->take('-');
    int year, month, day;
    if (!text->digits(expanded ? 6 : 4, &year))
        return false;
    bool extended = text->take('-');
    if (!text->digits(2, &month) || (extended && !text->take('-')) || !text->digits(2, &day))
        return false;
    if (negative)
        year = -year;
    if (month < 1 || month > MONTHS_PER_YEAR || day < 1 || day > day_tab[isleap(year)][month - 1] ||
        !IS_VALID_JULIAN(year, month, day))
        return false;
    *julian = date2j(year, month, day);
    return true;
}

// Microseconds of a fraction, rounded half up; any number of digits.
bool read_fraction(Cursor *text, int64 *micros) {
    int count = 0;
    bool up = false;
    for (; text->at < text->end && *text->at >= '0' && *text->at <= '9'; text->at++, count++)
        if (count < 6)
            *micros = *micros * 10 + (*text->at - '0');
        else if (count == 6)
            up = *text->at >= '5';
    for (int i = count; i < 6; i++)
        *micros *= 10;
    *micros += up;
    return count > 0;
}

bool read_clock(Cursor *text, int64 *micros) {
    int hour, minute, second = 0;
    int64 fraction = 0;
    if (!text->digits(2, &hour))
        return false;
    bool extended = text->take(':');
    if (!text->digits(2, &minute))
        return false;
    bool has_second = extended ? text->take(':') : text->at < text->end && *text->at >= '0' && *text->at <= '9';
    if (has_second && !text->digits(2, &second))
        return false;
    if (has_second && (text->take('.') || text->take(',')) && !read_fraction(text, &fraction))
        return false;
    bool midnight = hour == 24 && minute == 0 && second == 0 && fraction == 0;
    if ((hour > 23 && !midnight) || minute > 59 || second > 60)
        return false;
    *micros = ((hour * INT64CONST(60) + minute) * 60 + second) * USECS_PER_SEC + fraction;
    return true;
}

// Seconds east of UTC.
bool read_zone(Cursor *text, int64 *offset) {
    *offset = 0;
    if (text->done() || text->take('Z') || text->take('z'))
        return true;
    int sign = text->take('+') ? 1 : text->take('-') ? -1 : 0, hours, minutes = 0;
    if (sign == 0 || !text->digits(2, &hours))
        return false;
    bool extended = text->take(':');
    if ((extended || !text->done()) && !text->digits(2, &minutes))
        return false;
    *offset = sign * (hours * INT64CONST(3600) + minutes * 60);
    return hours <= MAX_TZDISP_HOUR && minutes <= 59;
}

} // namespace

bool parse_iso_time(const char *text, size_t length, TimestampTz *out) {
    Cursor cursor{text, text + length};
    int julian;
    int64 micros = 0, offset = 0;
    if (!read_date(&cursor, &julian))
        return false;
    if (!cursor.done()) {
        if (!cursor.take('T') && !cursor.take('t') && !cursor.take(' '))
            return false;
        if (!read_clock(&cursor, &micros) || !read_zone(&cursor, &offset) || !cursor.done())
            return false;
    }
    // IS_VALID_JULIAN allows dates far beyond timestamptz: seconds first, they cannot overflow.
    int64 seconds = (julian - POSTGRES_EPOCH_JDATE) * INT64CONST(86400) - offset;
    if (seconds < MIN_TIMESTAMP / USECS_PER_SEC - 2 * INT64CONST(86400) || seconds > END_TIMESTAMP / USECS_PER_SEC)
        return false;
    *out = seconds * USECS_PER_SEC + micros;
    return IS_VALID_TIMESTAMP(*out);
}

} // namespace mongo_fdw
