// UPDATE and DELETE as one command of the server. Zone B.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

extern "C" {
bool mongoPlanDirectModify(PlannerInfo *root, ModifyTable *plan, Index relation, int subplan);
void mongoBeginDirectModify(ForeignScanState *node, int flags);
TupleTableSlot *mongoIterateDirectModify(ForeignScanState *node);
void mongoEndDirectModify(ForeignScanState *node);
void mongoExplainDirectModify(ForeignScanState *node, ExplainState *es);
}

} // namespace mongo_fdw
