// Checking and converting text. Zone B.
#include "convert/text.hpp"

#include "pg/guard.hpp"

namespace mongo_fdw {
namespace {

struct Conversion {
    const char *text;
    uint32_t length;
    char *result;
};

void convert(void *argument) {
    Conversion *conversion = static_cast<Conversion *>(argument);
    conversion->result = reinterpret_cast<char *>(
        pg_do_encoding_conversion(reinterpret_cast<unsigned char *>(const_cast<char *>(conversion->text)),
                                  conversion->length, PG_UTF8, GetDatabaseEncoding()));
}

} // namespace

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
    // A character that the encoding lacks raises; only a subtransaction turns that into a value.
    Conversion conversion{*text, *length, nullptr};
    if (ErrorData *error = catch_error(convert, &conversion)) {
        FreeErrorData(error);
        return TextFault::Encoding;
    }
    *text = conversion.result;
    *length = strlen(conversion.result);
    return TextFault::None;
}

} // namespace mongo_fdw
