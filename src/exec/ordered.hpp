// The first rows in an order that they prove. Zone B.
//
// A computed key makes the server look at all documents; stored values an index may give. They are in SQL's order as
// far as they fit their columns: a row that is NULL in a key, or a misfit that reads so, shows that the order is
// another one, and the node's outer plan runs, PostgreSQL's own sort. With NULLs last, rows behind the first ones do
// not matter. With NULLs first no document may be NULL in the key: the ends of its index show their types, and what
// MongoDB orders between them is of those types, or raises here.
//
// Keys that are computed and of which the server may be unsure (lower (name), k + 1) put the documents in doubt before
// all others: if the first row is not marked, there is none.
#pragma once

#include "exec/scan.hpp"

namespace mongo_fdw {

// Whether this execution may try: few rows are wanted, it did not fail lately, and the ends allow it.
bool may_prove_order(ScanState *state);

// Makes this execution one that tries: what OFFSET leaves out is read and proved as well.
void begin_proof(ScanState *state);

// Reads all rows of the started scan into state->ordered. False where one disproves the order.
bool prove_order(ForeignScanState *node, ScanState *state);

// The next of these rows, in the scan's slot.
TupleTableSlot *next_ordered_row(ForeignScanState *node, ScanState *state);

// Gives them up.
void forget_ordered_rows(ScanState *state);

} // namespace mongo_fdw
