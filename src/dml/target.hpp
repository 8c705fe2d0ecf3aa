// The table that a statement writes: its columns' encoders, and the documents and updates they make. Zone B.
#pragma once

#include "convert/encode.hpp"
#include "exec/drain.hpp"
#include "mongo/types.hpp"
#include "options/options.hpp"

namespace mongo_fdw {

struct PathField;

struct Target {
    TableOptions *table;
    const char *name;    // of the foreign table
    Encoder **encoders;  // by attribute; null: dropped or made here
    const char **paths;  // dotted, by attribute
    PathField *fields;   // the document's fields, as a tree of the columns' paths
    int field_count;     // in that tree
    PathField ***ways;   // by attribute: the fields that its path goes through, its own last
    AttrNumber document; // the column of whole documents, 0: none
    AttrNumber id;       // the column of _id, 0: none
    bool overlaps;       // several columns are over the same field, or over a part of another's
};

// Makes it in the current memory context. Raises what check_writable raises.
Target *make_target(Oid relation);

bool is_writable(const TableOptions *table);

// Raises where a table is not writable: 0A000 where its rows are no documents, 55000 where an option closes it.
void check_writable(const TableOptions *table);

// A list of attribute numbers as a set.
Bitmapset *columns_of(List *numbers);

// Whether a row says which _id its document has; a whole document may.
bool gives_id(const Target *target, const bool *nulls);

// Appends the document of a row. A NULL _id becomes a new ObjectId.
void write_document(const Target *target, BsonWriter *writer, const Datum *values, const bool *nulls);

// Appends the update that makes a document of a row's values or changes the one that is there: NULLs leave fields
// alone, unless they are values.
void write_upsert(const Target *target, BsonWriter *writer, const Datum *values, const bool *nulls,
                  const BsonValue &id);

// How a row is changed.
struct Change {
    bool any;     // false: nothing is assigned
    bool replace; // the document takes the place of the stored one
};

// A row's new values. Columns are attribute numbers.
struct RowChange {
    const Target *target;
    const Bitmapset *set;     // columns that get their values
    const Bitmapset *merged;  // of these, where parts of the stored value may stay, see convert/merge.hpp
    const Bitmapset *derived; // of these, whose new values are made of the old ones
    bool differing;           // also columns that differ from the row as it was read
    TupleTableSlot *slot;     // the new values
    TupleTableSlot *old;      // the row as it was read; null: not known
    const RowId *row;
    const Bitmapset *compared; // columns that the row's filter compares
};

// Appends the update of a row, or the document in its place. Raises where an assignment would destroy what does not
// fit, or change _id.
Change write_update(const RowChange &change, BsonWriter *writer);

// Raises 0A000 for a document that cannot take the place of another.
void check_replacement(const Target *target, mongo::Bytes document);

// Appends the filter that finds a row's document only if the fields that the row keeps are as they were read; in a
// transaction of the server, which finds conflicts itself, by its _id alone. Returns the columns that it compares, null
// where there are none.
const Bitmapset *write_row_filter(const Target *target, BsonWriter *writer, const RowId &row);

// Appends {_id: id}.
void write_id_filter(BsonWriter *writer, const BsonValue &id);

} // namespace mongo_fdw
