// What the files of the decoder share. Zone B.
#pragma once

#include "convert/decode.hpp"

namespace mongo_fdw {

constexpr int kMaxSlots = 128; // positions of a document whose key is remembered
constexpr int kSlotKey = 32;

struct Children;
struct Level;

struct Target {
    const ColumnOptions *column;
    Converter *converter;
    Target *next;
};

struct PathNode {
    const char *key;
    uint32_t key_length;
    int depth;       // keys from the document to here
    uint64_t serial; // of the document in which it was last seen
    Target *targets;
    Children *children;
    Level *captures;   // the level whose array this is
    BsonType excepted; // Array, Document: one at it is told by a child table; Missing: none is
};

struct Slot {
    uint8_t size; // of the key with its NUL, 0: nothing learned
    char key[kSlotKey];
    PathNode *node; // null: not wanted
};

struct Children {
    PathNode *nodes;
    int count;
    Slot slots[kMaxSlots];
};

// The wanted path of that key; null where there is none.
inline PathNode *node_of(Children *children, const char *key, uint32_t length) {
    for (int i = 0; i < children->count; i++)
        if (children->nodes[i].key_length == length && memcmp(children->nodes[i].key, key, length) == 0)
            return &children->nodes[i];
    return nullptr;
}

struct ErrorLine {
    AttrNumber column; // 0: the unwound array, or what stands where a sub-document is expected
    const char *path;
    const char *wanted;
    const char *reason;
    BsonValue value;
};

struct MadeColumn {
    const ColumnOptions *column;
    Converter *converter; // of whole documents
};

struct Level {
    Level *inner;          // the next unwound array, null: none
    const FieldPath *path; // of the array, null: the document
    BsonValue value;       // the document, or the element
    Children *root;
    Target *element_targets; // columns that are the element itself
    int target_count;
    AttrNumber *attributes; // of all columns that this level fills
    BsonValue captured;     // the inner level's array, found in the current document or element
    bool captured_blocked;  // an array stands on the path to it
    const uint8_t *at;      // position in the captured array of the outer level
    const uint8_t *end;
    int32 ordinal;
    const char *name; // of the field of a map, UTF-8; null: no map
    bool no_element;  // the row of an array field that is no array
    ErrorLine *errors;
    int error_count;
    int error_capacity;
};

struct Decoder {
    const TableOptions *table;
    MemoryContext context; // of the decoder
    Arena arena;           // of the batch
    Level *levels;         // [0]: the document
    int level_count;
    MadeColumn *made; // wanted columns with a role, those of role errors last: they tell of all others
    int made_count;
    bool tells_misfits; // a column with role errors is wanted
    bool direct;        // rows are decoded straight into the caller's arrays
    FieldState *states;
    Datum *values;
    bool *nulls;
    uint64_t serial;
    const uint8_t *at; // in the batch
    const uint8_t *end;
    BsonValue document;
    bool in_document; // rows of the current document may be left
    bool given;       // its documents are given by a caller, not sent by the server
    bool single;      // the document was given alone and not read yet
    uint32_t documents;
};

// The value of a rest column: what its row's other columns did not take of the document, or of the element of a child
// table. Missing where nothing is left. Its bytes live as long as the batch.
BsonValue rest_of(Decoder *decoder);

// Raises 08P01.
[[noreturn]] void raise_malformed(const Decoder *decoder);

} // namespace mongo_fdw
