// What the planner knows about a collection. Zone B.
#pragma once

#include "options/options.hpp"

namespace mongo_fdw {

// Rows of a foreign table: from ANALYZE, from the server where use_remote_estimate asks for it (kept for a while), or a
// guess. Never raises because of the server.
double estimated_documents(PlannerInfo *root, RelOptInfo *rel, const TableOptions *table);

} // namespace mongo_fdw
