// Planner callbacks of foreign tables. Zone B.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

extern bool enable_pushdown;
extern bool enable_filter_pushdown;
extern bool enable_limit_pushdown;
extern bool enable_order_by_pushdown;
extern bool enable_aggregate_pushdown;
extern bool enable_float_aggregates;
extern bool enable_join_pushdown;
extern bool enable_key_joins;

extern "C" {
void mongoGetForeignRelSize(PlannerInfo *root, RelOptInfo *rel, Oid relation);
void mongoGetForeignPaths(PlannerInfo *root, RelOptInfo *rel, Oid relation);
void mongoGetForeignUpperPaths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input, RelOptInfo *output,
                               void *extra);
ForeignScan *mongoGetForeignPlan(PlannerInfo *root, RelOptInfo *rel, Oid relation, ForeignPath *path, List *target_list,
                                 List *clauses, Plan *outer_plan);
}

} // namespace mongo_fdw
