// What SQL asks about paths and types in the words of the options: one reader of them. Zone B.
#include "options/path.hpp"
#include "pg/arguments.hpp"

extern "C" {
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(mongo_path_keys);
PG_FUNCTION_INFO_V1(mongo_unwind_path);
PG_FUNCTION_INFO_V1(mongo_level_marks);
PG_FUNCTION_INFO_V1(mongo_relative_path);
PG_FUNCTION_INFO_V1(mongo_type_name);
}

namespace mongo_fdw {
namespace {

Datum text_array(const char *const *texts, int count) {
    Datum *values = static_cast<Datum *>(palloc(sizeof(Datum) * Max(count, 1)));
    for (int i = 0; i < count; i++)
        values[i] = CStringGetTextDatum(texts[i]);
    return PointerGetDatum(construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT));
}

// Keys as option path takes them: dotted where that says the same, else a JSON array.
Datum path_text(const char *const *keys, int count) {
    bool plain = count > 0 && keys[0][0] != '[' && keys[0][0] != ' ';
    for (int i = 0; i < count; i++)
        plain = plain && is_plain_key(keys[i]) && !strstr(keys[i], "[]") && !strstr(keys[i], "{}");
    StringInfoData text;
    initStringInfo(&text);
    for (int i = 0; i < count; i++) {
        const char *key = server_text_of(keys[i]);
        appendStringInfoString(&text, plain ? i ? "." : "" : i ? "," : "[");
        if (plain)
            appendStringInfoString(&text, key);
        else
            escape_json(&text, key);
    }
    if (!plain)
        appendStringInfoChar(&text, ']');
    return CStringGetTextDatum(text.data);
}

} // namespace
} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" Datum mongo_path_keys(PG_FUNCTION_ARGS) {
    FieldPath path = parse_path(text_to_cstring(PG_GETARG_TEXT_PP(0)));
    for (int i = 0; i < path.count; i++)
        path.keys[i] = server_text_of(path.keys[i]);
    PG_RETURN_DATUM(text_array(path.keys, path.count));
}

extern "C" Datum mongo_unwind_path(PG_FUNCTION_ARGS) {
    int levels;
    FieldPath *unwind = parse_unwind(text_to_cstring(PG_GETARG_TEXT_PP(0)), &levels);
    PG_RETURN_DATUM(path_text(unwind[levels - 1].keys, unwind[levels - 1].count));
}

extern "C" Datum mongo_level_marks(PG_FUNCTION_ARGS) {
    int levels;
    FieldPath *unwind = parse_unwind(text_to_cstring(PG_GETARG_TEXT_PP(0)), &levels);
    const char **marks = static_cast<const char **>(palloc(sizeof(char *) * levels));
    for (int i = 0; i < levels; i++)
        marks[i] = unwind[i].map ? "{}" : "[]";
    PG_RETURN_DATUM(text_array(marks, levels));
}

extern "C" Datum mongo_relative_path(PG_FUNCTION_ARGS) {
    if (PG_ARGISNULL(1))
        PG_RETURN_NULL();
    FieldPath path = parse_path(text_argument(fcinfo, 1, "path"));
    int skipped = 0;
    if (!PG_ARGISNULL(0)) {
        int levels;
        FieldPath *unwind = parse_unwind(text_argument(fcinfo, 0, "unwind"), &levels);
        if (!starts_with(path, unwind[levels - 1]))
            PG_RETURN_NULL();
        skipped = unwind[levels - 1].count;
    }
    PG_RETURN_DATUM(path.count == skipped ? CStringGetTextDatum("")
                                          : path_text(path.keys + skipped, path.count - skipped));
}

extern "C" Datum mongo_type_name(PG_FUNCTION_ARGS) {
    Oid type;
    int32 typmod;
    parse_type_text(text_to_cstring(PG_GETARG_TEXT_PP(0)), &type, &typmod);
    if (!OidIsValid(type) || get_typtype(type) == TYPTYPE_PSEUDO)
        PG_RETURN_NULL();
    PG_RETURN_TEXT_P(cstring_to_text(format_type_with_typemod(type, typmod)));
}
