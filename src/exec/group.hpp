// Execution of groups that the server makes. Zone B.
#pragma once

#include "exec/scan.hpp"

namespace mongo_fdw {

GroupState *make_group_state(ForeignScanState *node, ScanState *state);

// The next group. All are read and proved before the first is given; where the proof fails PostgreSQL's own plan, the
// node's outer plan, gives them.
TupleTableSlot *next_group(ForeignScanState *node, ScanState *state);

void rescan_groups(ForeignScanState *node, ScanState *state);

// Frees what the memory contexts of the scan do not.
void end_groups(ScanState *state);

mql::ScanRendering render_groups(ScanState *state, const mql::ScanCommand &scan);

} // namespace mongo_fdw
