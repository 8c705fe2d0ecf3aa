// Checking and converting text. Zone B.
#include "convert/text.hpp"

extern "C" {
#include "catalog/namespace.h"
}

namespace mongo_fdw {

TextFault to_server_text(const char **text, uint32_t *length) {
    if (is_plain_ascii(*text, *length))
        return TextFault::None;
    if (memchr(*text, 0, *length))
        return TextFault::Nul;
    if (!pg_verify_mbstr(PG_UTF8, *text, *length, true))
        return TextFault::Encoding;
    int encoding = GetDatabaseEncoding();
    if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII)
        return TextFault::None;
    Oid procedure = FindDefaultConversionProc(PG_UTF8, encoding);
    if (!OidIsValid(procedure))
        return TextFault::Encoding;
    int size = static_cast<int>(*length) * MAX_CONVERSION_GROWTH + 1;
    char *converted = static_cast<char *>(palloc(size));
    int done = pg_do_encoding_conversion_buf(
        procedure, PG_UTF8, encoding, reinterpret_cast<unsigned char *>(const_cast<char *>(*text)),
        static_cast<int>(*length), reinterpret_cast<unsigned char *>(converted), size, true);
    if (done != static_cast<int>(*length)) { // a character that the encoding lacks
        pfree(converted);
        return TextFault::Encoding;
    }
    *text = converted;
    *length = strlen(converted);
    return TextFault::None;
}

} // namespace mongo_fdw
