// From evidence to types. Zone B.
#pragma once

#include "catalog/profile.hpp"

namespace mongo_fdw {

enum class ArrayMode : uint8_t { Array, Table, Jsonb };

// What a person asked for at a path.
struct LayoutChoice {
    const char *path; // collection.path, the path as profile_path says it; server encoding
    const char *kind; // flatten, jsonb, table, map
    bool seen;        // a document, a validator or an index has the path
    bool used;        // and it could be laid out so
};

// The options of an import.
struct ImportRules {
    int sample;
    bool flatten;
    ArrayMode arrays;
    int max_depth;
    int max_columns;
    int map_threshold;
    bool id_as_text; // id_type text; auto and objectid both follow the evidence
    bool doc_column;
    bool errors_column;
    const char *on_conversion_error; // null: the table gets no such option
    bool snake_case;
    bool collate_c;
    double tolerance; // share of the values of a path that may be misfits of its main shape
    List *choices;    // of LayoutChoice
};

enum class Shape : uint8_t {
    Column,     // one column of the type
    Flatten,    // its fields become columns
    ChildTable, // its elements, or (a map) its values become rows of a table of their own
    Nothing,    // no column type can hold it: it is seen through the whole document alone
};

struct TypeChoice {
    Shape shape;
    const char *type;     // SQL, of Shape::Column
    const char *why;      // words for a comment
    uint64_t misfits = 0; // values of other shapes, within the tolerance
};

// How the values of a path become columns.
TypeChoice choose_type(const ProfileNode *node, const ImportRules &rules);

// Types of the values and of the validator's word, without null and undefined.
uint64_t evident_types(const ProfileNode *node);

// The same of the main shape alone, where the others' share is within the tolerance; *misfits counts these, 0: there
// are none, or all types count. What a validator allows is no misfit, and neither is anything in _id.
uint64_t main_types(const ProfileNode *node, const ImportRules &rules, uint64_t *misfits);

// True when a value at the path or below it holds text with a NUL, or text that the database encoding cannot hold.
struct TextTrouble {
    bool nul;
    bool unreadable;
};
TextTrouble text_trouble(const ProfileNode *node);

// SQL types that hold every value of the path without loss: an array of text for mongo.profile.
List *fitting_types(const ProfileNode *node);

// "email", "url", ... where nearly all strings look like it; null otherwise.
const char *semantic_guess(const ProfileNode *node);

} // namespace mongo_fdw
