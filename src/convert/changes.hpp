// What must be set and removed so that a stored BSON value becomes another. Zone B.
#pragma once

#include "convert/bson.hpp"

#include "pg/pg.hpp"

namespace mongo_fdw {

struct PathChange {
    const char *path; // dotted, as update operators name it
    BsonValue value;  // Missing: the field is removed
};

struct PathChanges {
    PathChange *items;
    int count;
    int capacity;
    Size bytes; // about what they take in a command
    // Arrays that differ are written whole: nothing proves that their elements still stand where they stood.
    bool whole_arrays;
};

// Adds a change; value is not copied.
void add_path_change(PathChanges *changes, const char *path, const BsonValue &value);

// Adds what makes value of the one that is stored at a path: the changed paths below it alone, or the whole value where
// an array shrank, where new keys do not stand behind the others in the order of their
// bytes (in which the server adds them), where keys have dots, a leading "$", are empty, numbers, or repeat, where keys
// have changed places, and where that is shorter. Both values stay where they are.
void add_differences(PathChanges *changes, const char *path, const BsonValue &stored, const BsonValue &value);

// The same for the fields of whole documents, whose _id is left alone. False, and nothing, where they have to be
// written whole.
bool add_document_differences(PathChanges *changes, const BsonValue &stored, const BsonValue &value);

} // namespace mongo_fdw
