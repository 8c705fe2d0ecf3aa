// Whether the name of a path says which collection it refers to. Zone B.
#pragma once

#include "catalog/profile.hpp"

namespace mongo_fdw {

bool key_is(const ProfileNode *node, const char *key);

// Letters and digits in lower case, without an ending that says "reference"; palloc'd.
char *name_stem(const char *name);

// Singular and plural of one English word.
bool same_word(const char *a, const char *b);

// The key that names a path: of the array for elements, the sub-document's for "user._id" and DBRefs.
const ProfileNode *naming_node(const ProfileNode *node);

} // namespace mongo_fdw
