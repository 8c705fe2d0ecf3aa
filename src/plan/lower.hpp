// From PostgreSQL expressions to the SQL tree. Zone B.
#pragma once

#include "mql/ir.hpp"
#include "options/options.hpp"

#include "pg/pg.hpp"

namespace mongo_fdw {

// Facts about each attribute for filters, indexed by attribute number - 1. Allocates in the current memory context.
mql::Column *filter_columns(const TableOptions *table);

// A foreign table of a scan: a join that the server makes has several.
struct ScanMember {
    Index relation; // range table index
    int offset;     // of its columns among those of the scan
};

// Clauses of one scan on their way to the server.
struct Lowering {
    Relids relations;
    const ScanMember *members;
    int member_count;
    const TableOptions *table; // of all members, see join_tables
    Oid user;                  // whose mapping asks the server for its features
    const mql::Column *columns;
    mql::Tree sql;         // three-valued
    mql::Tree filter;      // two-valued
    List *parameters;      // expressions, in the order of parameter numbers
    List *used;            // OIDs of the functions whose rules were applied
    const char *reason;    // why the last clause stays local
    bool sortable_singles; // columns of type real may stand for themselves: only their order counts, or that there is
                           // one
    bool plain;            // no expressions: the server may lack what they need
    bool written;          // the statement writes the collection: rows are read once, before anything else is known
    bool unwound;          // the rows are elements of the unwound array, not documents
    bool guarded;          // conditions must be exact where they can be, see mql::truth_filter
    // Parameters that are values of subqueries: they are run when the scan starts, and so must be sure to be reached.
    Bitmapset *subqueries;
    int conditional; // what is lowered now stands so many times where SQL may not get: in OR, CASE, COALESCE
};

// A state of a lowering to go back to.
struct LoweringMark {
    uint32_t sql;
    uint32_t filter;
    List *parameters;
    int used;
};
LoweringMark mark_of(const Lowering *lowering);
void go_back(Lowering *lowering, const LoweringMark &mark);

// Lets the filter tree take what becomes of the whole SQL tree; false, with a reason, where that is too much.
bool make_filter_room(Lowering *lowering);

Lowering *make_lowering(const ScanMember *members, int member_count, const TableOptions *table, Oid user);

// The number of a column of the scan's among its columns; the attribute must be one of the user's.
int column_of(const Lowering *lowering, const Var *var);

// Whether an expression depends on the scan's rows.
bool depends_on_row(const Lowering *lowering, Expr *expression);

// Refuses an expression: notes the reason and returns kNone.
uint32_t refuse(Lowering *lowering, const char *reason);

// Appends a node to the SQL tree; kNone, with a reason, when it is full.
// Nodes move with it.
uint32_t add_sql_node(Lowering *lowering, mql::Node node);

// The scan's own column below harmless casts; null otherwise.
Var *own_column(const Lowering *lowering, Expr *expression);

// Whether a column may take part; notes the reason otherwise. compared: its values are compared, not only tested.
bool usable_column(Lowering *lowering, const Var *var, bool compared = true);

// Whether an expression has the same value for all rows of a scan; notes the reason otherwise.
bool fixed_for_scan(Lowering *lowering, Expr *expression);

// Whether the session's time zone has always had one offset from UTC; notes the reason otherwise. A plan may outlive
// it: execution looks again.
bool zone_is_fixed(Lowering *lowering);

// The number of the parameter that stands for an expression.
uint16_t parameter_of(Lowering *lowering, Expr *expression);

// Whether a rule holds under a collation; notes the reason otherwise.
bool collation_allows(Lowering *lowering, const struct Rule &rule, Oid collation);

// Translates what a condition asks of a column of JSON: what it holds at a path, or which keys; also whether an array
// or a composite is there. kNone for others.
uint32_t lower_json(Lowering *lowering, Expr *condition);

// (a, b) < (c, d) and the like, in terms of their columns.
Expr *expand_row_comparison(RowCompareExpr *comparison);

// Translates a value (also a condition as a value) into a value tree. kNone with a reason otherwise.
uint32_t lower_value(Lowering *lowering, Expr *expression, int depth);

// Appends a value tree for rendering by itself (sort keys, aggregates) to the filter tree.
uint32_t lower_to_filter(Lowering *lowering, Expr *expression);

// Whether a value tree in the filter tree may leave a value unread (lazy: it does) whose misfit raises here.
bool may_spare_errors(const Lowering *lowering, uint32_t root, bool lazy = false);

// Translates one clause. The result is the root of its filter, kNone with Verdict::Local and a reason otherwise.
uint32_t lower_clause(Lowering *lowering, Expr *clause, mql::Verdict *verdict);

} // namespace mongo_fdw
