// Arguments of SQL functions that are not STRICT. Zone S: small, raising.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

// The text (or json) argument of that index; 22004 where it is NULL.
inline char *text_argument(FunctionCallInfo fcinfo, int index, const char *name) {
    if (PG_ARGISNULL(index))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("argument \"%s\" must not be null", name)));
    return text_to_cstring(PG_GETARG_TEXT_PP(index));
}

// An integer argument that must lie in a range; 22004 for NULL, 22023 outside.
inline int integer_argument(FunctionCallInfo fcinfo, int index, const char *name, int least, int most) {
    if (PG_ARGISNULL(index))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("argument \"%s\" must not be null", name)));
    int value = PG_GETARG_INT32(index);
    if (value < least || value > most)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("argument \"%s\" must be from %d to %d", name, least, most)));
    return value;
}

// The entries of a text[] argument without its nulls; NIL where it is NULL.
inline List *texts_argument(FunctionCallInfo fcinfo, int index) {
    if (PG_ARGISNULL(index))
        return NIL;
    Datum *values;
    bool *nulls;
    int count;
    List *texts = NIL;
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(index), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
    for (int i = 0; i < count; i++)
        if (!nulls[i])
            texts = lappend(texts, TextDatumGetCString(values[i]));
    return texts;
}

inline char *utf8_of(const char *text) { return pstrdup(pg_server_to_any(text, strlen(text), PG_UTF8)); }
inline char *server_text_of(const char *utf8) { return pstrdup(pg_any_to_server(utf8, strlen(utf8), PG_UTF8)); }

} // namespace mongo_fdw
