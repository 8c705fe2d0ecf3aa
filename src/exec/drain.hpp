// Scans of what the same statement writes: read to the end before the first write. Zone B.
//
// A MongoDB cursor is no snapshot of a statement: a document that was written might come back, changed. Such a scan
// keeps its rows in a tuplestore. The rows of a target also keep the raw _id of their documents: a row is known by its
// number, which travels as ctid.
#pragma once

#include "convert/bson.hpp"

#include "pg/pg.hpp"

namespace mongo_fdw {

struct ScanState;
struct TableOptions;
struct Decoder;
struct RowIds;

// What a document has where a column reads it: its field, or the array that stands on the way there.
struct StoredField {
    AttrNumber column;
    int keys;        // of the column's path that lead to the value; 0: it is the whole document
    BsonValue value; // Missing: there is none
};

// The document behind a row.
struct RowId {
    BsonValue id;
    bool written; // it was handed out before: each document is written once
    // Columns whose stored value does not fit and reads as NULL; negative: whose field lies inside an array that the
    // column shows as a list.
    const AttrNumber *misfit;
    int misfit_count;
    const StoredField *fields; // of the columns that the plan keeps
    int field_count;
};

// The field that the row has for a column; null: it was not kept.
inline const StoredField *field_for(const RowId &row, AttrNumber column) {
    for (int i = 0; i < row.field_count; i++)
        if (row.fields[i].column == column)
            return &row.fields[i];
    return nullptr;
}

// Enters a scan whose plan says that it must be read first. It leaves with its memory context.
void register_drained_scan(ForeignScanState *node, ScanState *state);
void forget_drained_scan(ScanState *state);

// The next row of such a scan, in its slot; the first call reads everything.
TupleTableSlot *next_drained_row(ForeignScanState *node, ScanState *state);
void rescan_drained(ScanState *state);

// Frees what the memory contexts of the scan do not.
void end_drained(ScanState *state);

// Reads all registered scans of an execution that look at a target's collection, before it is written.
void drain_scans(EState *estate, const TableOptions *target);

// The document of a target's row, by the ctid that its scan gave it; the range table index tells the scan. Its fields
// live in the current memory context.
RowId take_row(EState *estate, Index relation, ItemPointer row);

} // namespace mongo_fdw
