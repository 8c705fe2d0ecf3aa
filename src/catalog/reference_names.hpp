// Whether the name of a path says which collection it refers to. Zone B.
#pragma once

#include "catalog/profile.hpp"

#include "pg/pg.hpp"

namespace mongo_fdw {

bool key_is(const ProfileNode *node, const char *key);

// Letters and digits in lower case, without an ending that says "reference"; palloc'd.
char *name_stem(const char *name);

// An English word with its singulars and plurals, palloc'd.
List *words_like(const char *word);

// The key that names a path: of the array for elements, the sub-document's for "user._id" and DBRefs.
const ProfileNode *naming_node(const ProfileNode *node);

} // namespace mongo_fdw
