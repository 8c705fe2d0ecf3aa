// What a statement writes, as far as its planning can tell. Zone B.
#pragma once

#include "options/options.hpp"

namespace mongo_fdw {

// Whether the statement writes a collection, through whatever foreign table, partition or data-modifying WITH.
bool is_written(PlannerInfo *root, const TableOptions *table);

// Raises 0A000 where several parts of the statement (data-modifying WITH) write a collection: none of them knows what
// the others do to its documents.
void check_written_once(PlannerInfo *root, const TableOptions *table);

// Whether it writes to a server, as far as its own foreign tables tell.
bool writes_to_server(PlannerInfo *root, Oid server);

// The columns of a target of UPDATE or DELETE whose stored values its rows keep: those that conditions, new values and
// BEFORE ROW triggers read (a document that has changed there since is not written), and those of which the new value
// may keep parts.
List *kept_columns(PlannerInfo *root, RelOptInfo *rel, const TableOptions *table);

// Of an UPDATE's columns, those whose new values may keep parts of the stored ones (see convert/merge.hpp): composites,
// and JSON and arrays whose new value is not the same for all rows.
List *merged_columns(PlannerInfo *root, Index relation, const TableOptions *table);

// Of an UPDATE's columns with parts, those whose new values are made of their old ones.
List *derived_columns(PlannerInfo *root, Index relation, const TableOptions *table);

// The columns (attribute numbers) that say which rows may stand in a partition; null where a table is none.
Bitmapset *partition_columns(Relation relation);

// Whether an expression has one value for all rows of a statement, subqueries apart.
bool is_same_for_all(Node *expression);

// Whether an expression holds parameters of a kind: PARAM_EXEC is a value that the plan computes while it runs, of an
// outer query or a subquery.
bool has_parameters(Node *expression, ParamKind kind);

} // namespace mongo_fdw
