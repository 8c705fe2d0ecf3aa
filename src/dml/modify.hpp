// Executor callbacks of INSERT, UPDATE, DELETE, COPY and TRUNCATE. Zone B.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

extern "C" {
int mongoIsForeignRelUpdatable(Relation relation);
void mongoAddForeignUpdateTargets(PlannerInfo *root, Index index, RangeTblEntry *entry, Relation relation);
List *mongoPlanForeignModify(PlannerInfo *root, ModifyTable *plan, Index relation, int subplan);
void mongoBeginForeignModify(ModifyTableState *node, ResultRelInfo *target, List *encoded, int subplan, int flags);
void mongoBeginForeignInsert(ModifyTableState *node, ResultRelInfo *target);
int mongoGetForeignModifyBatchSize(ResultRelInfo *target);
TupleTableSlot *mongoExecForeignInsert(EState *estate, ResultRelInfo *target, TupleTableSlot *slot,
                                       TupleTableSlot *plan_slot);
TupleTableSlot **mongoExecForeignBatchInsert(EState *estate, ResultRelInfo *target, TupleTableSlot **slots,
                                             TupleTableSlot **plan_slots, int *count);
TupleTableSlot *mongoExecForeignUpdate(EState *estate, ResultRelInfo *target, TupleTableSlot *slot,
                                       TupleTableSlot *plan_slot);
TupleTableSlot *mongoExecForeignDelete(EState *estate, ResultRelInfo *target, TupleTableSlot *slot,
                                       TupleTableSlot *plan_slot);
void mongoEndForeignModify(EState *estate, ResultRelInfo *target);
void mongoEndForeignInsert(EState *estate, ResultRelInfo *target);
void mongoExecForeignTruncate(List *relations, DropBehavior behavior, bool restart_sequences);
void mongoExplainForeignModify(ModifyTableState *node, ResultRelInfo *target, List *encoded, int subplan,
                               ExplainState *es);
}

} // namespace mongo_fdw
