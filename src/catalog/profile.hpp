// What documents hold, path by path: one pass over raw BSON whose memory follows the schema, not the data. Zone B.
#pragma once

#include "connect/sample.hpp"
#include "convert/bson.hpp"

#include "pg/pg.hpp"

extern "C" {
#include "lib/hyperloglog.h"
}

namespace mongo_fdw {

constexpr int kBsonTypes = 21;
constexpr int kExamples = 5;
constexpr int kFullDepth = 100;    // MongoDB nests no deeper
constexpr int kManyPaths = 100000; // bound of profiles that users do not bound

// Position of a type in counts; the types in the order of MongoDB's type numbers.
constexpr int type_index(BsonType type) {
    return type == BsonType::MinKey   ? kBsonTypes - 2
           : type == BsonType::MaxKey ? kBsonTypes - 1
                                      : static_cast<int>(type) - 1;
}
BsonType type_at(int index);

// A type in sets of types.
constexpr uint64_t type_bit(BsonType type) { return UINT64_C(1) << type_index(type); }

// What strings look like.
enum class TextClass : uint8_t { Plain, Email, Url, Date, Number, Digits, Uuid, ObjectId, Count };
TextClass classify_text(const char *text, uint32_t length);

// A scalar kept by value; long strings and binaries are cut.
struct KeptValue {
    BsonType type;
    uint8_t size;
    bool cut;
    uint8_t bytes[94];
    BsonValue value() const { return {type, bytes, size}; }
};

struct HashSet {
    uint64_t *slots; // 0: free
    uint32_t count;
    uint32_t capacity;
};

// What the scalars of a path have in common.
struct ScalarFacts {
    uint64_t count;
    // distinct values
    hyperLogLogState *distinct; // null: not asked for
    HashSet seen;               // while all were different
    enum class Unique : uint8_t { Yes, No, Unknown } unique;
    KeptValue least, greatest; // type Missing: none
    KeptValue examples[kExamples];
    uint64_t example_hashes[kExamples];
    int example_count;
    // numbers
    int64_t int_min, int_max; // of the integral ones in the range of int64
    bool has_integral;
    bool fraction;     // a finite number that is not integral
    bool beyond_int64; // an integral number out of that range
    bool special;      // NaN or an infinity
    bool infinite;
    bool inexact;   // an integer or Decimal128 whose digits a double does not keep
    int int_digits; // before the point, at most
    int scale;      // behind it
    // strings
    int64_t longest; // characters
    uint64_t text_classes[static_cast<int>(TextClass::Count)];
    bool has_nul;
    bool unreadable; // text that the database encoding cannot hold, or no UTF-8
    // dates
    bool has_time;         // a date that is not midnight UTC
    bool beyond_timestamp; // out of PostgreSQL's range
    // binary
    uint64_t uuids;        // subtype 4
    uint64_t legacy_uuids; // subtype 3
    // values kept for look-ups elsewhere
    BsonValue *values;
    uint64_t *value_hashes;
    uint32_t value_count;
};

struct ProfileNode {
    enum class Kind : uint8_t { Root, Field, Element, Entry } kind; // Entry: the values of a map
    const char *key;                                                // of a Field, UTF-8
    uint32_t key_length;
    int depth; // fields on the way
    ProfileNode *parent;
    ProfileNode *next;  // sibling
    ProfileNode *first; // children, in the order in which they were first seen
    ProfileNode *last;
    uint32_t children;
    ProfileNode **index;     // children by hash of key, once there are many
    uint32_t index_capacity; //
    ProfileNode *element;    // the elements of its arrays
    ProfileNode *entry;      // the values of a map
    bool is_map;             // its keys are data: they are counted as entries
    bool hidden_nul;         // text with a NUL lies in a document that was not walked: it is deeper than max_depth
    bool hidden_unreadable;  // the same of text that the database encoding cannot say
    bool unreadable_key;     // the key cannot be said in the database encoding
    const char *json_why;    // decided elsewhere: one jsonb column, and why; null: not decided
    enum class Wanted : uint8_t { Nothing, Flatten, Table } wanted; // what a person asked for
    bool indexed;                                                   // an index names it
    bool unique_index;                                              // it alone is the key of a unique index
    uint64_t serial;                                                // of the container in which it was last seen
    uint64_t present;                                               // times seen
    uint64_t types[kBsonTypes];
    uint64_t declared; // bit set of types that a validator allows; no values
    uint64_t array_elements;
    int64_t array_min;
    int64_t array_max;
    ScalarFacts *scalars; // null: none seen
};

struct ProfileSettings {
    int max_depth;
    int max_paths;
    int map_threshold;
    bool distinct;         // estimate distinct values
    uint32_t kept_values;  // distinct values kept for each path, 0: none
    bool gives_up = false; // where there are too many paths, instead of raising: see Profile::too_many
};

struct Profile {
    ProfileSettings settings;
    MemoryContext context;
    ProfileNode *root;
    int paths;
    uint64_t serial;
    uint32_t set_budget; // slots that the sets of all paths may still take
    bool duplicate_keys; // a document holds a key twice: the first counts
    bool too_many;       // it has more than max_paths paths and stopped there
};

// Makes an empty profile in a memory context of its own below the current one.
Profile *make_profile(const ProfileSettings &settings);

// Adds a document. Raises 54000 when there are more than max_paths paths, unless the settings give up there.
void add_document(Profile *profile, const BsonValue &document, const char *name_space);

// The profile of a sample, finished. *method says how it was taken. What the server refuses goes to *failure where the
// caller gives one and the result is null.
Profile *profile_sample(const SampleRequest &request, const ProfileSettings &settings, SampleMethod *method,
                        mongo::Error *failure = nullptr);

// Decides which sub-documents are maps. To be called once, after the last document.
void finish_profile(Profile *profile);

// The child of a node with that key, made when there is none.
ProfileNode *profile_child(Profile *profile, ProfileNode *node, const char *key, uint32_t length);

// The node of the elements of a node's arrays, made when there is none.
ProfileNode *profile_element(Profile *profile, ProfileNode *node);

// Types of the values, null and undefined among them.
uint64_t seen_types(const ProfileNode *node);

// Containers in which a path could have stood: documents, elements of its array, or entries of its map.
uint64_t profile_base(const ProfileNode *node);

// Counts by type index as jsonb: {"int": 5, "string": 1}.
Datum type_counts(const uint64_t *counts);

// Sum of the counts of null and undefined.
uint64_t null_count(const ProfileNode *node);

// "items[].qty"; where a key would make that ambiguous a JSON array: ["a.b", [], "c"]. Server encoding.
char *profile_path(const ProfileNode *node);

// A kept value as text, in the server encoding.
char *kept_text(const KeptValue &value);

// A hash that is equal for numbers of equal value, whatever their type, and for a string and a symbol alike.
uint64_t hash_of_scalar(const BsonValue &value);

// Number of different scalars, estimated where they repeat.
double distinct_values(const ScalarFacts *scalars);

} // namespace mongo_fdw
