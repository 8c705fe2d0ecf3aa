// Filter trees and scans become BSON. Zone P behind plain declarations; safe to include from zone B. No function
// throws. Results live in the memory that the caller gives.
#pragma once

#include "memory.hpp"
#include "mql/ir.hpp"

namespace mongo_fdw::mql {

struct Document {
    const uint8_t *data;
    uint32_t size;
};

// Where sort keys are computed. Of the rows only those of which the server is unsure keep the field.
constexpr char kSortKeys[] = "__mongo_fdw_cpp_sort";

// One key of ORDER BY.
struct SortKey {
    uint32_t value; // a value tree
    bool descending;
    bool nulls_first;
    bool stored;  // the column's values may be compared as they are stored, none is null: an index can serve
    bool doubted; // documents of which the server is unsure come first, and show it by the field kSortKeys
};

enum class JoinKind : uint8_t { Inner, Left, Semi, Anti };

// A collection that is joined to the documents of a scan. Its documents become the field `as` of theirs.
struct Join {
    JoinKind kind;
    const char *collection;
    const char *as;
    const char *local;   // paths that are compared, to find candidates
    const char *foreign; //
    // What is asked of a candidate, which reads the scan's document as $$o: columns know where each is found.
    const Column *columns;
    const uint32_t *filters; // of the joined collection alone
    uint32_t filter_count;
    const uint32_t *conditions; // value trees that must be true
    uint32_t condition_count;
    const char *const *project; // null: whole documents
    uint32_t project_count;
};

// What a scan asks the server for.
struct ScanCommand {
    const char *collection;
    const Tree *filters;        // null: none
    const uint32_t *roots;      // of the clauses, joined by AND
    uint32_t root_count;        //
    const Join *joins;          // behind these clauses
    uint32_t join_count;        //
    const uint32_t *late_roots; // of clauses over joined documents
    uint32_t late_root_count;   //
    bool sayable_only;          // clauses whose parameters cannot be said are left out
    const Column *columns;      //
    const Operand *operands;    //
    const char *const *project; // dotted paths; null: whole documents
    uint32_t project_count;     // 0 with project set: only _id
    Document base_pipeline;     // BSON array, data null: none
    const char *unwind;         // of groups: the one key of the array whose elements are the rows; null: none
    bool unwind_raises;         // what is no array raises
    int64_t skip;               //
    int64_t limit;              // 0: none
    const SortKey *sort;        //
    uint32_t sort_count;        //
    uint32_t first_keys;        // of rows that are equal in so many leading keys the first alone is wanted; 0: all
    const char *read_concern;   // null: the server's
    bool simple_collation;      // the collection has another one
    bool folded;                // for people, see mql::ExpressionContext
    int64_t zone_offset_ms;     // of the session's time zone, east of UTC; INT64_MIN: it is not fixed
};

struct ScanRendering {
    Document command;  // find, or aggregate where there is a base pipeline; data null: cannot be said
    Document pipeline; // the same as a pipeline, for EXPLAIN
    bool aggregate;
    bool never; // the filter is FALSE for every document: nothing needs to be sent
};

// Renders a scan. A rendering without command means that the filter cannot be said (too large): the caller sends the
// scan without it and evaluates the clauses itself.
ScanRendering render_scan(const ScanCommand &scan, Memory memory) noexcept;

// Relaxed Extended JSON of a document or array.
const char *to_json(Document document, bool array, Memory memory) noexcept;

} // namespace mongo_fdw::mql
