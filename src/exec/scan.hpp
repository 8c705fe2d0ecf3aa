// Executor callbacks of foreign scans, and the state that EXPLAIN reads. Zone B.
#pragma once

#include "convert/decode.hpp"
#include "mongo/cursor.hpp"
#include "mql/render.hpp"
#include "plan/private.hpp"

namespace mongo_fdw {

struct GroupState;
struct RowIds;

// Which of the plan's conditions a command has. LIMIT, OFFSET and sorts that rely on them go with all alone.
enum class Sent : uint8_t {
    Nothing,
    Sayable, // those whose parameters have values that can be said there
    All,
};

// What an execution reads of the documents.
struct Reading {
    Decoder *decoder; // null: not made yet
    bool *needed;
    const char **projection; // null: whole documents
    uint32_t projection_count;
};

struct ScanState {
    TableOptions *table; // of all tables that the scan joins
    List *tables;        // TableOptions of each
    ScanPlan plan;
    mql::Column *columns;
    mql::Join *joins; // by $lookup
    uint32_t join_count;
    uint32_t *late_roots;
    uint32_t late_root_count;
    uint32_t *roots;
    uint32_t root_count;
    Oid user;
    Reading readings[2];      // without the attributes of rechecks, and with them
    Reading *reading;         // of this execution
    MemoryContext context;    // of the scan
    MemoryContext parameters; // of the operands of one execution
    List *parameter_states;   // ExprStates of fdw_exprs
    Bitmapset *raising;       // of fdw_exprs: may raise errors, see exec/evaluate.hpp
    Bitmapset *changing;      // of these: their values may be others in the next execution of a plan
    MemoryContext *renewed;   // of those that did, their ExprStates' memory
    const char *unsaid;       // why one has no value in this execution; null: all have
    mql::Operand *operands;
    Datum keys;     // given by a key join
    bool every_key; // or it wants all rows
    mongo::Cursor *cursor;
    mql::Document pipeline; // of the last execution; without data: nothing was sent
    Sent pipeline_sent;     // which of its conditions
    char *pipeline_text;    // the same, once it was asked for
    bool refused;           // by the server, in an execution before
    const char *fallback;   // why PostgreSQL's own plan, the node's outer plan, runs; null: it does not
    bool started;
    bool finished;               // the cursor gave its last row
    bool rechecks;               // not all pushed clauses could be sent: they are evaluated here
    const char *recheck_reason;  // why, in the last execution; null: it evaluated none
    bool never;                  // no document can match
    int64 limit;                 // rows to return, -1: all
    int64 skip;                  // rows to leave out before them
    int64 seen;                  // rows that passed the rechecks, where LIMIT is applied here
    mql::SortKey *sort;          // as planned
    mql::SortKey *computed_sort; // without relying on the conditions
    // of a sort that proves itself, see exec/ordered.hpp
    mql::SortKey *proved_sort;    //
    uint32_t presence_count;      // roots behind the others
    bool proving;                 // this execution sorts stored values
    const char *order_doubt;      // why it does not
    int64 proved_skip;            // OFFSET, which is left out here
    Tuplestorestate *ordered;     // the rows, proved; null: not so
    TupleTableSlot *ordered_slot; //
    GroupState *group;            // null: not grouped
    Datum *row_values;            // of the relation, where the scan tuple has another shape
    bool *row_nulls;              //
    // of a scan whose collection the statement writes, see exec/drain.hpp
    ForeignScanState *node;       //
    ScanState *next_drained;      //
    Tuplestorestate *drained;     // null: not read yet
    TupleTableSlot *drained_slot; //
    uint64 drained_rows;          // given since the last rescan
    void *direct;                 // of a node that modifies, see dml/direct.cpp
    RowIds *row_ids;              // null: it is no target
    bool in_transaction;          // this execution belongs to the server's transaction
    // over all executions
    uint64_t executions;
    mongo::CursorCounts counts;
};

inline ScanState *scan_state(ForeignScanState *node) { return static_cast<ScanState *>(node->fdw_state); }

// Renders a scan that was not executed, for EXPLAIN: parameters without a value stand by their names.
mql::ScanRendering render_unexecuted(ForeignScanState *node);

// The scan's command as far as it is known; conditions that it lacks are evaluated here.
mql::ScanCommand scan_command(ScanState *state, Sent sent, bool simple_collation);

// Gives a scan below a key join the keys of its next execution, an array that lives until then.
void give_keys(ForeignScanState *node, Datum keys);

// Lets it read the rows of every key instead.
void give_every_key(ForeignScanState *node);

// Evaluates the parameters of this execution into operands. One that raises an error has none that can be said.
void evaluate_parameters(ForeignScanState *node, bool explain_only);

// The JSON of a pipeline with lists of $in and $nin cut behind their first values.
const char *without_long_lists(const char *json);

// Words for EXPLAIN: why a command cannot be made of the operands.
const char *unsayable_reason(const ScanState *state);

// Evaluates LIMIT and OFFSET, where the node has them.
void evaluate_limit(ForeignScanState *node, bool explain_only);

// Makes an execution part of the server's transaction, where that is wanted or there is one.
void join_transaction(ScanState *state);

// Raises an error unless the server refused a command whose work can be done here: not where it ended a transaction.
void raise_unless_refused(const ScanState *state, const mongo::Error &error, const char *pipeline);

// The collation that the conditions, keys and arguments need asking for; OtherOnView: they cannot be sent.
enum class Collation : uint8_t;
Collation needed_collation(const ScanState *state);

// The next row of the scan itself, in its slot.
TupleTableSlot *next_scanned_row(ForeignScanState *node);

// The next row that the server sends for a started scan.
TupleTableSlot *next_sent_row(ForeignScanState *node);

// The next row of PostgreSQL's own plan in the scan's slot; null at the end.
TupleTableSlot *next_fallback_row(ForeignScanState *node);

// The next row of a store in a slot for stored rows; false at its end. A row that comes from a file is the slot's until
// the next: it must not lie in the memory of a row, which is freed before.
bool next_stored_row(EState *estate, Tuplestorestate *rows, TupleTableSlot *slot);

// Lets a virtual slot show another slot's row.
TupleTableSlot *show_row(TupleTableSlot *slot, TupleTableSlot *row);

// Whether the plan looks at values of columns by guards, which are folded for people.
bool has_guards(const ScanState *state);

// Keeps a pipeline, which lives as long as the parameters, for CONTEXT and EXPLAIN; the whole one goes to the log at
// level DEBUG2.
void keep_pipeline(ScanState *state, Sent sent, mql::Document pipeline);

// The pipeline of a state's operands for people, guards folded.
mql::ScanRendering render_folded(ScanState *state, Sent sent);

// The pipeline of the last execution for people, guards folded; null: nothing was sent.
const char *pipeline_text(ScanState *state);

// Makes the state of a scan without contacting the server.
ScanState *make_scan_state(ForeignScanState *node);

extern "C" {
void mongoBeginForeignScan(ForeignScanState *node, int flags);
TupleTableSlot *mongoIterateForeignScan(ForeignScanState *node);
void mongoReScanForeignScan(ForeignScanState *node);
void mongoEndForeignScan(ForeignScanState *node);
void mongoExplainForeignScan(ForeignScanState *node, ExplainState *es);
}

} // namespace mongo_fdw
