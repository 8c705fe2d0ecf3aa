// Joins of any outer side with a collection by batches of keys. Zone B.
//
// A batch of the outer side's rows is kept, its keys go to the server in one `$in`, and PostgreSQL's own hash join puts
// the batch and what was found together. The plan is
//
//     Custom Scan (MongoKeyJoin)         batch after batch
//       -> Hash Join                     inner, left, semi or anti, with all conditions
//            -> Custom Scan (MongoKeys)  the rows of the batch
//                 -> the outer side
//            -> Hash
//                 -> Foreign Scan        column = ANY (keys of the batch)
//
// Once as many keys were sent as cost what the whole collection does, and more come, the last batch is all rows that
// are left, joined with all of the collection: the plan hoped for fewer.
#pragma once

#include "plan/paths.hpp"

namespace mongo_fdw {

// The most keys in one command.
constexpr int kMostKeys = 1000;

extern const CustomPathMethods key_join_path_methods, keys_path_methods;
extern const CustomScanMethods key_join_scan_methods, keys_scan_methods;

// Fields of the private list of a MongoKeys node.
enum class KeysSlot : int { KeyType, FirstKeys, Collation, MostKeys };

// Sets the join hook and names the nodes; for _PG_init.
void register_key_joins();

extern "C" {
Plan *mongoPlanKeyJoin(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *target_list, List *clauses,
                       List *plans);
Plan *mongoPlanKeys(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *target_list, List *clauses,
                    List *plans);
Node *mongoCreateKeyJoinState(CustomScan *scan);
Node *mongoCreateKeysState(CustomScan *scan);
}

} // namespace mongo_fdw
