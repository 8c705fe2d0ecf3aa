// LIKE. Zone P.
//
// The first result is a superset: it is not anchored at its end, and long patterns are cut. What it begins with stays a
// literal behind "^", which an index on the field serves.
#include "mql/like.hpp"

#include <cstring>

namespace mongo_fdw::mql {
namespace {

constexpr size_t kMostBytes = 2000; // of a regular expression; servers have limits

void add_literal(std::string *regex, char c) {
    if (std::strchr("\\^$.|?*+()[]{}/-#", c))
        *regex += '\\';
    *regex += c;
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

} // namespace

LikeRegex like_regex(const char *pattern, uint32_t length, bool literal_prefix) {
    LikeRegex result{true, false, true, "^"};
    bool gap = false, cut = false; // a % that is not written yet; later characters are left out
    for (uint32_t i = 0; i < length; i++) {
        char c = pattern[i];
        if (!literal_prefix && c == '%') {
            gap = true;
            continue;
        }
        bool any = !literal_prefix && c == '_';
        if (!literal_prefix && c == '\\') {
            if (++i == length) {
                result.sayable = false;
                return result;
            }
            c = pattern[i];
        }
        result.may_be_hex = result.may_be_hex && (any || is_hex(c));
        cut = cut || (result.regex.size() >= kMostBytes && begins_character(c));
        if (cut)
            continue; // what comes is still read, for it may be malformed
        if (gap) {
            if (result.regex == "^")
                result.regex.clear(); // begins anywhere
            else
                result.regex += ".*";
        }
        gap = false;
        if (any)
            result.regex += '.';
        else
            add_literal(&result.regex, c);
    }
    result.anything = result.regex.empty() || result.regex == "^";
    return result;
}

bool exact_like_regex(const char *pattern, uint32_t length, bool literal_prefix, std::string *regex) {
    *regex = "^";
    if (length > kMostBytes)
        return false;
    for (uint32_t i = 0; i < length; i++) {
        char c = pattern[i];
        if (literal_prefix) {
            add_literal(regex, c);
        } else if (c == '%') {
            *regex += ".*";
        } else if (c == '_') {
            *regex += '.';
        } else {
            if (c == '\\' && ++i == length)
                return false;
            add_literal(regex, pattern[i]);
        }
    }
    if (!literal_prefix)
        *regex += "\\z";
    return true;
}

bool is_common_regex(const char *pattern, uint32_t length, bool like, bool any_case) noexcept {
    if (length > kMostBytes)
        return false;
    for (uint32_t i = 0; any_case && i < length; i++)
        if (std::strchr("iIkKsS", pattern[i]) || static_cast<signed char>(pattern[i]) < 0)
            return false; // the dotless i, the Kelvin sign, the long s
    for (uint32_t i = 0; i < length; i++) {
        char c = pattern[i];
        bool first = i == 0, last = i + 1 == length;
        if (like) {
            if (c == '\\' && ++i == length)
                return false;
        } else if ((c == '^' && !first) || (c == '$' && !last) || c == '\0' || std::strchr("*+?()[]{}|\\", c)) {
            return false;
        }
    }
    return true;
}

bool common_regex(const char *pattern, uint32_t length, bool like, bool any_case, std::string *regex) {
    if (!is_common_regex(pattern, length, like, any_case))
        return false;
    if (like)
        return exact_like_regex(pattern, length, false, regex);
    regex->clear();
    for (uint32_t i = 0; i < length; i++) {
        char c = pattern[i];
        if (c == '.' || c == '^')
            *regex += c;
        else if (c == '$')
            *regex += "\\z";
        else
            add_literal(regex, c);
    }
    return true;
}

} // namespace mongo_fdw::mql
