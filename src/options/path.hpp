// Field paths as users write them. Zone B.
#pragma once

#include "options/options.hpp"

namespace mongo_fdw {

// "a.b" or a JSON array of keys '["a.b","$x"]'. Raises 22023 for what is neither.
FieldPath parse_path(const char *text);

// One key that is taken as it stands, dots and all ("a.b" as a column name is still a path: use parse_path).
FieldPath single_key_path(const char *key);

// Whether MongoDB's query language and update operators can name a key: not empty, no leading '$', no dot, no number.
bool is_plain_key(const char *key);

// "items", "items[].parts", "texts{}", "texts{}.parts": the absolute path of the array, or ({}) of the sub-document
// whose fields are the rows, of each level.
FieldPath *parse_unwind(const char *text, int *levels);

// A JSON array of the paths of arrays, each as option unwind or as a JSON array of keys says it:
// '["items", "items[].parts", ["a.b", "c"]]'. Null gives none. Raises 22023 for what is neither.
FieldPath *parse_paths(const char *text, int *count);

// The keys with dots between them, in UTF-8.
const char *dotted_path(const FieldPath &path);

// True when path starts with the keys of prefix.
bool starts_with(const FieldPath &path, const FieldPath &prefix);

} // namespace mongo_fdw
