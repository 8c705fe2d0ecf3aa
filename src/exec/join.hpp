// Joins by $lookup at execution. Zone B.
#pragma once

#include "exec/scan.hpp"

namespace mongo_fdw {

// Makes the joins of a scan from its plan, in the current memory context.
void make_joins(ScanState *state);

} // namespace mongo_fdw
