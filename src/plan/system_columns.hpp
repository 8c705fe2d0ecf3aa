// System columns, which documents do not have. Zone B.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

// Raises 0A000 where the query names ctid, xmin, cmin, xmax or cmax of a foreign table, also by the partitioned or
// inherited table that it is a part of. What the planner asks for by itself is no name in the query.
void refuse_system_columns(PlannerInfo *root, const RelOptInfo *rel);

} // namespace mongo_fdw
