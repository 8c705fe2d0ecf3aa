// A scan's expressions, evaluated before it is known whether SQL reaches them. Zone B.
#pragma once

#include "exec/scan.hpp"

namespace mongo_fdw {

// Finds out which expressions of a scan's plan may raise errors.
void prepare_evaluation(ForeignScanState *node, ScanState *state);

// Evaluates one of fdw_exprs in the current memory context, ahead of the rows. False where it raises an error: SQL
// raises it only where it reaches the expression, which the plan's own conditions tell. An error that ends a query or a
// transaction raises.
bool evaluate_ahead(ForeignScanState *node, int index, Datum *value, bool *null);

// Evaluates all parameters once more, so that the error of one of them raises.
void raise_evaluation_error(ForeignScanState *node);

} // namespace mongo_fdw
