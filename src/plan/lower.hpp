// From PostgreSQL expressions to the SQL tree. Zone B.
#pragma once

#include "mql/ir.hpp"
#include "options/options.hpp"

#include "pg/pg.hpp"

namespace mongo_fdw {

// Facts about each attribute for filters, indexed by attribute number - 1. Allocates in the current memory context.
mql::Column *filter_columns(const TableOptions *table);

// Clauses of one scan on their way to the server.
struct Lowering {
    Index relation; // range table index
    const TableOptions *table;
    const mql::Column *columns;
    mql::Tree sql;      // three-valued
    mql::Tree filter;   // two-valued
    List *parameters;   // expressions, in the order of parameter numbers
    const char *reason; // why the last clause stays local
};

Lowering *make_lowering(Index relation, const TableOptions *table);

// Translates one clause. The result is the root of its filter, kNone with Verdict::Local and a reason otherwise.
uint32_t lower_clause(Lowering *lowering, Expr *clause, mql::Verdict *verdict);

} // namespace mongo_fdw
