// Names of referring paths: userId, user_ref, users, author._id. Zone B.
#include "catalog/reference_names.hpp"

#include "pg/pg.hpp"

namespace mongo_fdw {

bool key_is(const ProfileNode *node, const char *key) {
    return node->kind == ProfileNode::Kind::Field && strcmp(node->key, key) == 0;
}

char *name_stem(const char *name) {
    static const char *const kEndings[] = {"ids", "id", "refs", "ref", "fk", "key"};
    char *stem = static_cast<char *>(palloc(strlen(name) + 1));
    int length = 0;
    for (const char *at = name; *at; at++)
        if (IS_HIGHBIT_SET(*at) || isalnum(static_cast<unsigned char>(*at)))
            stem[length++] = static_cast<char>(pg_ascii_tolower(static_cast<unsigned char>(*at)));
    stem[length] = '\0';
    for (const char *ending : kEndings) {
        int size = static_cast<int>(strlen(ending));
        if (length > size && strcmp(stem + length - size, ending) == 0) {
            stem[length - size] = '\0';
            break;
        }
    }
    return stem;
}

List *words_like(const char *word) {
    size_t length = strlen(word);
    List *words = list_make1(pstrdup(word));
    auto ends = [&](const char *ending) {
        size_t size = strlen(ending);
        return length > size && strcmp(word + length - size, ending) == 0;
    };
    if (length == 0)
        return words;
    words = lappend(words, psprintf("%ss", word));
    words = lappend(words, psprintf("%ses", word));
    if (ends("s"))
        words = lappend(words, pnstrdup(word, length - 1));
    if (ends("es"))
        words = lappend(words, pnstrdup(word, length - 2));
    if (word[length - 1] == 'y')
        words = lappend(words, psprintf("%.*sies", static_cast<int>(length - 1), word));
    if (length >= 3 && strcmp(word + length - 3, "ies") == 0)
        words = lappend(words, psprintf("%.*sy", static_cast<int>(length - 3), word));
    return words;
}

const ProfileNode *naming_node(const ProfileNode *node) {
    while (node->parent && node->kind != ProfileNode::Kind::Field)
        node = node->parent;
    bool generic = node->parent && (key_is(node, "$id") || key_is(node, "_id") || key_is(node, "id"));
    if (!generic || !node->parent->parent)
        return node;
    return naming_node(node->parent);
}

} // namespace mongo_fdw
