// Patterns of LIKE as regular expressions. Zone P.
#pragma once

#include <cstdint>
#include <string>

namespace mongo_fdw::mql {

struct LikeRegex {
    bool sayable;      // false: the pattern is malformed, which PostgreSQL says when it evaluates it
    bool anything;     // nothing narrows it: every text is kept
    bool may_be_hex;   // 24 lower-case hexadecimal digits may match: an ObjectId read as text
    std::string regex; // keeps every text that matches, perhaps more
};

// Translates a pattern of LIKE (escape character backslash), or a literal prefix of starts_with.
LikeRegex like_regex(const char *pattern, uint32_t length, bool literal_prefix);

// The regular expression (option s) that matches exactly what the pattern does. False: it is malformed or too long.
bool exact_like_regex(const char *pattern, uint32_t length, bool literal_prefix, std::string *regex);

// A regular expression of PostgreSQL (or, like, a pattern of LIKE), with any_case without regard to case, as one of
// MongoDB that matches the same strings. False where they may differ: only literals, ".", "^" at the beginning and "$"
// at the end are known; without regard to case no letter that has other forms than its ASCII ones.
bool common_regex(const char *pattern, uint32_t length, bool like, bool any_case, std::string *regex);

// Whether there is one.
bool is_common_regex(const char *pattern, uint32_t length, bool like, bool any_case) noexcept;

} // namespace mongo_fdw::mql
