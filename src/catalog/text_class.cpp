// Guesses about strings. Zone B.
#include "catalog/profile.hpp"

namespace mongo_fdw {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool hexadecimal(char c) { return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool alphanumeric(char c) { return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

struct Reader {
    const char *at;
    const char *end;
    bool take(char c) {
        if (at == end || *at != c)
            return false;
        at++;
        return true;
    }
    bool take_any(const char *set) {
        if (at == end || *at == '\0' || !strchr(set, *at))
            return false;
        at++;
        return true;
    }
    int digits(int most) {
        int count = 0;
        while (at < end && count < most && digit(*at))
            at++, count++;
        return count;
    }
};

// A number would lose the zeros that it begins with.
TextClass number_class(Reader r) {
    r.take_any("+-");
    return r.take('0') && r.at < r.end && digit(*r.at) ? TextClass::Digits : TextClass::Number;
}

bool is_number(Reader r) {
    r.take_any("+-");
    if (!r.digits(40) || (r.take('.') && !r.digits(40)))
        return false;
    if (r.take_any("eE")) {
        r.take_any("+-");
        if (!r.digits(4))
            return false;
    }
    return r.at == r.end;
}

// ISO 8601 dates with or without a time, and day.month.year with dots or slashes.
bool is_date(Reader r) {
    int first = r.digits(4);
    if (first == 4 && r.take('-') && r.digits(2) == 2 && r.take('-') && r.digits(2) == 2) {
        if (r.at == r.end)
            return true;
        if (!r.take_any("T ") || r.digits(2) != 2 || !r.take(':') || r.digits(2) != 2)
            return false;
        if (r.take(':') && (r.digits(2) != 2 || (r.take('.') && !r.digits(9))))
            return false;
        if (!r.take('Z') && r.take_any("+-") && (r.digits(2) != 2 || (r.take(':'), r.digits(2) != 2)))
            return false;
        return r.at == r.end;
    }
    if (first < 1 || first > 2 || r.at == r.end || (*r.at != '.' && *r.at != '/'))
        return false;
    char separator = *r.at++;
    int second = r.digits(2);
    return second && r.take(separator) && r.digits(4) == 4 && r.at == r.end;
}

bool is_uuid(const char *text, uint32_t length) {
    if (length != 36)
        return false;
    for (uint32_t i = 0; i < length; i++)
        if (i == 8 || i == 13 || i == 18 || i == 23 ? text[i] != '-' : !hexadecimal(text[i]))
            return false;
    return true;
}

bool is_email(const char *text, uint32_t length) {
    const char *at = static_cast<const char *>(memchr(text, '@', length)), *end = text + length;
    if (!at || at == text || memchr(at + 1, '@', end - at - 1) || memchr(text, ' ', length))
        return false;
    const char *dot = nullptr;
    for (const char *c = at + 1; c < end; c++)
        if (*c == '.')
            dot = c;
    return dot && dot > at + 1 && dot + 1 < end;
}

bool is_url(const char *text, uint32_t length) {
    Reader r{text, text + length};
    while (r.at < r.end && (alphanumeric(*r.at) || strchr("+-.", *r.at)) && *r.at)
        r.at++;
    return r.at > text && !digit(*text) && r.take(':') && r.take('/') && r.take('/') && r.at < r.end;
}

} // namespace

TextClass classify_text(const char *text, uint32_t length) {
    if (length == 0 || length > 2048)
        return TextClass::Plain;
    Reader whole{text, text + length};
    if (digit(*text) || *text == '-' || *text == '+') {
        if (is_number(whole) && length != 24)
            return number_class(whole);
        if (is_date(whole))
            return TextClass::Date;
    }
    if (length == 24) {
        uint32_t i = 0;
        while (i < length && hexadecimal(text[i]))
            i++;
        if (i == length)
            return TextClass::ObjectId;
    }
    if (is_number(whole))
        return number_class(whole);
    if (is_uuid(text, length))
        return TextClass::Uuid;
    if (is_url(text, length))
        return TextClass::Url;
    return is_email(text, length) ? TextClass::Email : TextClass::Plain;
}

} // namespace mongo_fdw
