// Joins that the server makes. Zone B.
#pragma once

#include "plan/relation.hpp"

namespace mongo_fdw {

// A table that a scan joins to those before it.
struct JoinedTable {
    const char *as; // the field that holds its documents; null: it reads the documents that the scan has anyway
    mql::JoinKind kind;
    int local;     // columns of the scan whose values find candidates
    int foreign;   //
    List *filters; // RestrictInfos of this table alone
    List *on;      // RestrictInfos that decide about a pair
    // Columns of the scan that `on` reads, where rows without a partner stay: values that do not fit must raise there.
    List *read; // numbers from 1
};

// The part of a scan's plan that joins; false where a condition cannot be said exactly.
bool lower_joins(Lowering *lowering, const RelationInfo *info, ScanPlan *plan);

// Whether a row that would raise for a value that does not fit stays in the scan without being read.
bool joins_hide_errors(const RelationInfo *info);

// Facts about the columns as the sub-pipeline of a joined table sees them: those of the table as its own, those before
// it in the variable $$o. Values that do not fit match nothing.
mql::Column *columns_inside(const TableOptions *joined, const mql::Column *columns, int first, int count);

extern "C" void mongoGetForeignJoinPaths(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, RelOptInfo *inner,
                                         JoinType type, JoinPathExtraData *extra);

} // namespace mongo_fdw
