// Identifiers. Zone B.
#include "catalog/names.hpp"
#include "pg/hash.hpp"

namespace mongo_fdw {
namespace {

constexpr int kSuffix = 9; // "_" and eight hexadecimal digits

// FNV-1a: stable between versions of PostgreSQL, unlike its own hash functions.
uint32 stable_hash(const char *text) {
    uint32 hash = 2166136261u;
    for (; *text; text++)
        hash = (hash ^ static_cast<unsigned char>(*text)) * 16777619u;
    return hash;
}

// Characters without ink that break or hide in an identifier: byte order mark, zero-width and direction marks.
bool is_invisible(const char *at, int length) {
    if (GetDatabaseEncoding() != PG_UTF8)
        return length == 1 && (static_cast<unsigned char>(*at) < 0x20 || *at == 0x7f);
    if (length == 1)
        return static_cast<unsigned char>(*at) < 0x20 || *at == 0x7f;
    pg_wchar code = utf8_to_unicode(reinterpret_cast<const unsigned char *>(at));
    return code == 0xfeff || code == 0x00ad || (code >= 0x80 && code < 0xa0) || (code >= 0x200b && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x2064);
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

char *snake(const char *text) {
    StringInfoData out;
    initStringInfo(&out);
    for (const char *at = text; *at; at++) {
        char previous = at > text ? at[-1] : '\0';
        if (is_upper(*at)) {
            // fooBar -> foo_bar, HTTPCode -> http_code
            bool word = is_lower_or_digit(previous) || IS_HIGHBIT_SET(previous) ||
                        (is_upper(previous) && at[1] >= 'a' && at[1] <= 'z');
            if (word && out.len && out.data[out.len - 1] != '_')
                appendStringInfoChar(&out, '_');
            appendStringInfoChar(&out, static_cast<char>(*at - 'A' + 'a'));
        } else if (is_lower_or_digit(*at) || *at == '_' || IS_HIGHBIT_SET(*at)) {
            appendStringInfoChar(&out, *at);
        } else if (out.len == 0 || out.data[out.len - 1] != '_') {
            appendStringInfoChar(&out, '_');
        }
    }
    return out.data;
}

char *folded(const char *name) {
    char *copy = pstrdup(name);
    for (char *at = copy; *at; at++)
        if (is_upper(*at))
            *at = static_cast<char>(*at - 'A' + 'a');
    return copy;
}

char *cut(const char *name, int most) { return pnstrdup(name, pg_mbcliplen(name, strlen(name), most)); }

struct Taken {
    char name[NAMEDATALEN]; // key, folded
};

bool take(HTAB *taken, const char *name) {
    char key[NAMEDATALEN];
    bool found;
    strlcpy(key, folded(name), sizeof key);
    hash_search(taken, key, HASH_ENTER, &found);
    return !found;
}

int by_rank(const ListCell *a, const ListCell *b) {
    const NameRequest *first = static_cast<NameRequest *>(lfirst(a)), *second = static_cast<NameRequest *>(lfirst(b));
    if (first->rank != second->rank)
        return first->rank < second->rank ? -1 : 1;
    return strcmp(first->identity, second->identity);
}

} // namespace

char *name_of_key(const char *key, NameCase name_case) {
    StringInfoData out;
    initStringInfo(&out);
    for (const char *at = key; *at;) {
        int length = pg_mblen(at);
        if (!is_invisible(at, length))
            appendBinaryStringInfo(&out, at, length);
        at += length;
    }
    char *name = name_case == NameCase::Snake ? snake(out.data) : out.data;
    return *name ? name : pstrdup("empty");
}

void assign_names(NameRequest *requests, int count, const char *const *reserved, int reserved_count) {
    HTAB *taken = make_hash_table<Taken>("mongo_fdw_cpp names", NAMEDATALEN, CurrentMemoryContext, HASH_STRINGS);
    for (int i = 0; i < reserved_count; i++)
        take(taken, reserved[i]);
    List *ordered = NIL;
    for (int i = 0; i < count; i++)
        ordered = lappend(ordered, &requests[i]);
    list_sort(ordered, by_rank);
    // Names that need no suffix come first, so that no suffix takes one of them.
    ListCell *cell;
    foreach (cell, ordered) {
        NameRequest *request = static_cast<NameRequest *>(lfirst(cell));
        request->name = nullptr;
        if (strlen(request->base) < NAMEDATALEN && take(taken, request->base))
            request->name = pstrdup(request->base);
    }
    foreach (cell, ordered) {
        NameRequest *request = static_cast<NameRequest *>(lfirst(cell));
        uint32 hash = stable_hash(request->identity);
        while (!request->name) {
            char *name = psprintf("%s_%08x", cut(request->base, NAMEDATALEN - 1 - kSuffix), hash++);
            if (take(taken, name))
                request->name = name;
        }
    }
    hash_destroy(taken);
    list_free(ordered);
}

} // namespace mongo_fdw
