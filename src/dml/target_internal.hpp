// What the files that make documents and updates of rows share. Zone B.
#pragma once

#include "dml/target.hpp"

namespace mongo_fdw {

// A field of the document: columns that hold it (most have one), and fields below it.
struct PathField {
    const char *key;
    uint32_t key_length;
    const char *path; // dotted, from the document down
    int number;       // among the target's fields
    AttrNumber *columns;
    int column_count;
    PathField *first;
    PathField *next;
    FieldHeader header; // of a field that one column alone writes; without bytes: it has other columns or fields
};

// A column over _id or a part of it.
bool is_id(const ColumnOptions &column);

// Appends the field _id of a filter.
void append_id_condition(BsonWriter *writer, const BsonValue &id);

// It tells about the document and is no part of it.
inline bool is_made(const ColumnOptions &column) { return !is_written(column) && column.role != Role::Doc; }

inline const char *column_name(const Target *target, AttrNumber column) {
    return target->table->columns[column - 1].name;
}

// Raises 428C9: the column tells about documents.
[[noreturn]] void raise_made_column(const Target *target, const ColumnOptions &column);

// Raises 22023: a column has a value beside a whole document.
[[noreturn]] void raise_beside_document(const Target *target, AttrNumber column);

// Raises 54000 where what was appended from an offset on is larger than a document may be.
void check_size(const Target *target, const BsonWriter *writer, int start);

} // namespace mongo_fdw
