// Numbers as people write them. A text that could be read in two ways is no number. Zone B.
#include "convert/number_text.hpp"

namespace mongo_fdw {
namespace {

// What numeric holds before and behind the point, as in its documentation.
constexpr int kMostIntegerDigits = 131072, kMostFractionDigits = 16383;

constexpr const char *kSpaces[] = {" ", "\t", "\n", "\r", "\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x89"};
constexpr const char *kMinuses[] = {"-", "\xe2\x88\x92"};
constexpr const char *kSeparators[] = {",", ".", " ", "\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x89", "'", "\xe2\x80\x99"};
constexpr const char *kCurrencies[] = {
    "$", "\xe2\x82\xac", "\xc2\xa3", "\xc2\xa5", "\xe2\x82\xb9", "\xe2\x82\xbd", "\xe2\x82\xa9", "\xe2\x82\xba"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Reader {
    const char *at, *end;

    bool starts(const char *word) const {
        size_t length = strlen(word);
        return static_cast<size_t>(end - at) >= length && memcmp(at, word, length) == 0;
    }
    bool ends(const char *word) const {
        size_t length = strlen(word);
        return static_cast<size_t>(end - at) >= length && memcmp(end - length, word, length) == 0;
    }
    template <size_t n> bool take_first(const char *const (&words)[n]) {
        for (const char *word : words)
            if (starts(word)) {
                at += strlen(word);
                return true;
            }
        return false;
    }
    template <size_t n> bool take_last(const char *const (&words)[n]) {
        for (const char *word : words)
            if (ends(word)) {
                end -= strlen(word);
                return true;
            }
        return false;
    }
    void trim() {
        while (take_first(kSpaces)) {
        }
        while (take_last(kSpaces)) {
        }
    }
};

bool is_code(const char *text) {
    for (int i = 0; i < 3; i++)
        if (text[i] < 'A' || text[i] > 'Z')
            return false;
    return true;
}

// A code of three capitals stands beside the number with or without a space.
bool take_code(Reader *text) {
    if (text->end - text->at < 4)
        return false;
    if (is_code(text->at)) {
        text->at += 3;
        return true;
    }
    if (is_code(text->end - 3)) {
        text->end -= 3;
        return true;
    }
    return false;
}

bool take_sign(Reader *text, bool *negative) {
    if (text->take_first(kMinuses)) {
        *negative = true;
        return true;
    }
    return text->at < text->end && *text->at == '+' ? (text->at++, true) : false;
}

// Signs, parentheses and a currency around the digits; false where they do not belong together.
bool take_surroundings(Reader *text, bool *negative) {
    text->trim();
    bool in_parentheses = text->starts("(") && text->ends(")") && text->end - text->at > 2;
    if (in_parentheses) {
        text->at++;
        text->end--;
        text->trim();
    }
    bool is_signed = take_sign(text, negative);
    text->trim();
    if (text->take_first(kCurrencies) || text->take_last(kCurrencies) || take_code(text)) {
        text->trim();
        if (!is_signed)
            is_signed = take_sign(text, negative);
    } else if (is_signed && text->at < text->end && !is_digit(*text->at) && *text->at != '.' && *text->at != ',') {
        return false;
    }
    if (in_parentheses && is_signed)
        return false;
    *negative |= in_parentheses;
    return true;
}

// Digits before the decimal mark, groups of three taken together. Returns how many; -1 where groups are wrong.
int read_integer(Reader *text, char decimal_mark, StringInfo out, bool *grouped) {
    const char *separator = nullptr;
    int count = 0, group = 0;
    while (text->at < text->end) {
        if (is_digit(*text->at)) {
            appendStringInfoChar(out, *text->at++);
            count++;
            group++;
            continue;
        }
        const char *found = nullptr;
        for (const char *candidate : kSeparators)
            if (*candidate != decimal_mark && text->starts(candidate) &&
                (separator == nullptr || strcmp(separator, candidate) == 0))
                found = candidate;
        if (found == nullptr)
            break;
        if (group == 0 || group > 3 || (separator && group != 3))
            return -1;
        separator = found;
        text->at += strlen(found);
        group = 0;
    }
    *grouped = separator != nullptr;
    return separator && group != 3 ? -1 : count;
}

int read_digits(Reader *text, StringInfo out) {
    int count = 0;
    for (; text->at < text->end && is_digit(*text->at); text->at++, count++)
        appendStringInfoChar(out, *text->at);
    return count;
}

bool read_exponent(Reader *text, int *exponent) {
    text->at++;
    bool negative = false;
    take_sign(text, &negative);
    int count = 0;
    for (; text->at < text->end && is_digit(*text->at) && count < 7; text->at++, count++)
        *exponent = *exponent * 10 + (*text->at - '0');
    if (negative)
        *exponent = -*exponent;
    return count > 0;
}

} // namespace

char *plain_number(const char *text, size_t length, char decimal_mark) {
    Reader reader{text, text + length};
    bool negative = false, grouped = false;
    if (length > MaxAllocSize / 2 || !take_surroundings(&reader, &negative))
        return nullptr;
    StringInfoData out;
    initStringInfo(&out);
    if (negative)
        appendStringInfoChar(&out, '-');
    int integers = read_integer(&reader, decimal_mark, &out, &grouped), fractions = 0, exponent = 0;
    if (integers < 0)
        return nullptr;
    if (reader.at < reader.end && *reader.at == decimal_mark) {
        reader.at++;
        appendStringInfoChar(&out, '.');
        fractions = read_digits(&reader, &out);
    }
    if (integers + fractions == 0)
        return nullptr;
    if (!grouped && reader.at < reader.end && (*reader.at == 'e' || *reader.at == 'E')) {
        if (!read_exponent(&reader, &exponent))
            return nullptr;
        appendStringInfo(&out, "e%d", exponent);
    }
    bool holds = integers + exponent <= kMostIntegerDigits && fractions - exponent <= kMostFractionDigits;
    return reader.at == reader.end && holds ? out.data : nullptr;
}

} // namespace mongo_fdw
