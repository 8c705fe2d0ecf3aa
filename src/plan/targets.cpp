// What a statement writes. Zone B.
#include "plan/targets.hpp"

#include "connect/connect.hpp"

extern "C" {
#include "catalog/pg_inherits.h"
}

namespace mongo_fdw {
namespace {

// Whether a relation is a foreign table over the collection.
bool is_same_collection(Oid relation, const TableOptions *table) {
    if (relation == table->relation)
        return true;
    if (get_rel_relkind(relation) != RELKIND_FOREIGN_TABLE || GetForeignTable(relation)->serverid != table->server)
        return false;
    const TableOptions *other = read_table_options(relation);
    return strcmp(other->database, table->database) == 0 && strcmp(other->collection, table->collection) == 0;
}

bool writes(const Query *query, const TableOptions *table) {
    if (query->commandType == CMD_SELECT || query->resultRelation == 0)
        return false;
    Oid target = rt_fetch(query->resultRelation, query->rtable)->relid;
    if (is_same_collection(target, table))
        return true;
    ListCell *cell;
    if (get_rel_relkind(target) == RELKIND_PARTITIONED_TABLE || has_subclass(target))
        foreach (cell, find_all_inheritors(target, NoLock, nullptr))
            if (is_same_collection(lfirst_oid(cell), table))
                return true;
    return false;
}

bool find_plan_parameter(Node *node, void *context) {
    if (!node)
        return false;
    if (IsA(node, Param) && reinterpret_cast<Param *>(node)->paramkind == PARAM_EXEC)
        return true;
    return walk_expression(node, find_plan_parameter, context);
}

} // namespace

bool is_written(PlannerInfo *root, const TableOptions *table) {
    for (; root; root = root->parent_root) {
        if (writes(root->parse, table))
            return true;
        ListCell *cell;
        foreach (cell, root->parse->cteList) {
            Node *query = lfirst_node(CommonTableExpr, cell)->ctequery;
            if (IsA(query, Query) && writes(reinterpret_cast<Query *>(query), table))
                return true;
        }
    }
    return false;
}

bool has_plan_parameters(Node *expression) { return find_plan_parameter(expression, nullptr); }

} // namespace mongo_fdw
