// Strings from outside: BSON promises UTF-8 and may break the promise. Zone B.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

enum class TextFault : uint8_t { None, Nul, Encoding };

// True when all bytes are ASCII and none is NUL.
inline bool is_plain_ascii(const char *text, uint32_t length) {
    const char *end = text + length;
    uint64_t high = 0, nul = 0;
    for (; end - text >= 8; text += 8) {
        uint64_t word;
        memcpy(&word, text, 8);
        high |= word;
        nul |= (word - 0x0101010101010101ULL) & ~word;
    }
    for (; text < end; text++) {
        high |= static_cast<uint64_t>(static_cast<unsigned char>(*text));
        if (*text == '\0')
            return false;
    }
    return ((high | nul) & 0x8080808080808080ULL) == 0;
}

// Checks UTF-8 text and converts it to the server encoding. *text and *length are replaced where it was converted.
TextFault to_server_text(const char **text, uint32_t *length);

} // namespace mongo_fdw
