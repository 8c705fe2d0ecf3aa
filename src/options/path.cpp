// Field paths. Zone B.
#include "options/path.hpp"

namespace mongo_fdw {
namespace {

constexpr int kMaxKeys = 100; // MongoDB nests no deeper

const char *to_utf8(const char *text, int length) {
    char *copy = pnstrdup(text, length);
    char *converted = pg_server_to_any(copy, length, PG_UTF8);
    return converted;
}

void add_key(FieldPath *path, const char *key) {
    if (path->count == kMaxKeys)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a path has at most %d keys", kMaxKeys)));
    path->keys[path->count++] = key;
    path->plain = path->plain && is_plain_key(key);
}

FieldPath empty_path(const char *text) {
    return {static_cast<const char **>(palloc(sizeof(char *) * kMaxKeys)), 0, pstrdup(text), true, false};
}

FieldPath json_path(const char *text) {
    FieldPath path = empty_path(text);
    // jsonb's own parser reads the array; only strings are keys.
    Jsonb *json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
    JsonbIterator *iterator = JsonbIteratorInit(&json->root);
    JsonbValue value;
    JsonbIteratorToken token;
    while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE) {
        if (token == WJB_BEGIN_ARRAY || token == WJB_END_ARRAY)
            continue;
        if (token != WJB_ELEM || value.type != jbvString)
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid path: %s", text),
                            errhint("A path is \"a.b\" or a JSON array of keys: [\"a.b\", \"c\"].")));
        add_key(&path, to_utf8(value.val.string.val, value.val.string.len));
    }
    if (path.count == 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a path has at least one key")));
    return path;
}

} // namespace

bool is_plain_key(const char *key) {
    if (*key == '\0' || *key == '$')
        return false;
    bool digits = true;
    for (const char *at = key; *at; at++) {
        if (*at == '.')
            return false;
        digits = digits && *at >= '0' && *at <= '9';
    }
    return !digits;
}

FieldPath parse_path(const char *text) {
    const char *first = text;
    while (*first == ' ')
        first++;
    if (*first == '[')
        return json_path(text);
    FieldPath path = empty_path(text);
    const char *from = text;
    for (const char *at = text;; at++) {
        if (*at != '.' && *at != '\0')
            continue;
        // A dot at an end or beside another is no separator: such names are single keys.
        if (at == from)
            return single_key_path(text);
        add_key(&path, to_utf8(from, at - from));
        from = at + 1;
        if (*at == '\0')
            return path;
    }
}

FieldPath single_key_path(const char *key) {
    FieldPath path = empty_path(key);
    add_key(&path, to_utf8(key, strlen(key)));
    return path;
}

FieldPath *parse_paths(const char *text, int *count) {
    *count = 0;
    if (!text)
        return nullptr;
    Jsonb *json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
    bool list = JB_ROOT_IS_ARRAY(json) && !JB_ROOT_IS_SCALAR(json);
    FieldPath *paths = static_cast<FieldPath *>(palloc(sizeof(FieldPath) * Max(list ? JB_ROOT_COUNT(json) : 0, 1)));
    for (uint32 i = 0; list && i < JB_ROOT_COUNT(json); i++) {
        JsonbValue *value = getIthJsonbValueFromContainer(&json->root, i);
        if (value->type == jbvString) {
            int levels;
            FieldPath *unwound = parse_unwind(pnstrdup(value->val.string.val, value->val.string.len), &levels);
            paths[(*count)++] = unwound[levels - 1];
        } else if (value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data)) {
            paths[(*count)++] = json_path(JsonbToCString(nullptr, value->val.binary.data, value->val.binary.len));
        } else {
            list = false;
        }
    }
    if (!list)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid list of paths: %s", text),
                        errhint("It is a JSON array of paths: [\"items\", \"items[].parts\", [\"a.b\", \"c\"]].")));
    return paths;
}

// Where the first level of an unwind ends, at its [] or {}; null: it is the last one, without a mark.
static const char *level_mark(const char *text) {
    const char *array = strstr(text, "[]"), *map = strstr(text, "{}");
    return !array || (map && map < array) ? map : array;
}

FieldPath *parse_unwind(const char *text, int *levels) {
    constexpr int kMaxLevels = 16;
    FieldPath *result = static_cast<FieldPath *>(palloc0(sizeof(FieldPath) * kMaxLevels));
    const char *from = text;
    *levels = 0;
    while (from) {
        const char *mark = level_mark(from);
        FieldPath part = parse_path(mark ? pnstrdup(from, mark - from) : from);
        bool map = mark && *mark == '{', last = !mark || mark[2] == '\0';
        bool odd = mark && ((!last && mark[2] != '.') || (last && !map));
        if (*from == '\0' || mark == from || odd || *levels == kMaxLevels)
            ereport(ERROR,
                    (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                     errmsg("invalid value for option \"unwind\": \"%s\"", text),
                     errhint("Give the path of an array, \"items\", of an array inside it, \"items[].parts\", or of "
                             "a sub-document whose fields are the rows, \"texts{}\".")));
        FieldPath *level = &result[*levels];
        *level = empty_path(text);
        if (*levels > 0)
            for (int i = 0; i < result[*levels - 1].count; i++)
                add_key(level, result[*levels - 1].keys[i]);
        for (int i = 0; i < part.count; i++)
            add_key(level, part.keys[i]);
        const char *dotted = dotted_path(*level);
        level->text = pg_any_to_server(dotted, strlen(dotted), PG_UTF8);
        level->map = map;
        level->plain = level->plain && !map && (*levels == 0 || result[*levels - 1].plain);
        (*levels)++;
        from = last ? nullptr : mark + 3;
    }
    return result;
}

const char *dotted_path(const FieldPath &path) {
    StringInfoData dotted;
    initStringInfo(&dotted);
    for (int i = 0; i < path.count; i++)
        appendStringInfo(&dotted, "%s%s", i ? "." : "", path.keys[i]);
    return dotted.data;
}

bool starts_with(const FieldPath &path, const FieldPath &prefix) {
    if (path.count < prefix.count)
        return false;
    for (int i = 0; i < prefix.count; i++)
        if (strcmp(path.keys[i], prefix.keys[i]) != 0)
            return false;
    return true;
}

} // namespace mongo_fdw
