// Relations above a scan: sorts, limits, groups. Zone B.
#pragma once

#include "plan/relation.hpp"

namespace mongo_fdw {

// The columns that a scan tuple needs to give the target and to check the clauses; *whole where a whole row or a system
// column is among them.
List *scan_columns(List *target, List *clauses, bool *whole);

// The plan of a grouped relation. outer_plan is the same by PostgreSQL, for when the proof fails.
ForeignScan *plan_group(PlannerInfo *root, RelationInfo *info, ForeignPath *path, List *target_list, Plan *outer_plan);

// Adds a path that groups on the server, where that can be said.
void add_group_path(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output, PathTarget *target, Node *having,
                    bool distinct);

// What ORDER BY and LIMIT over groups are sent with; null where they stay here.
RelationInfo *order_groups(PlannerInfo *root, RelationInfo *below);

// Adds a path that gives the first groups of an order.
void add_first_groups_path(PlannerInfo *root, RelationInfo *below, RelOptInfo *output, FinalPathExtraData *final);

// Adds a path that fetches only the first row of each group of DISTINCT ON, for PostgreSQL's own Unique; notes why not.
void add_distinct_on_path(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output);

// Leading keys of the order of such a path, of rows equal in which the first one is fetched; 0 for other paths.
int first_keys_of(const ForeignPath *path);

// Whether a key of an order compares an expression as its type does by default.
bool sorts_by_default(const PathKey *key, Expr *expression);

// The query's order and LIMIT by PostgreSQL's own nodes over a path.
Path *limited_here(PlannerInfo *root, RelOptInfo *rel, Path *path, const FinalPathExtraData *final);

// Whether LIMIT and OFFSET can be evaluated by a scan.
bool limit_is_plain(const Query *query);

} // namespace mongo_fdw
