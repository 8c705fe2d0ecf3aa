// What a statement writes. Zone B.
#include "plan/targets.hpp"

extern "C" {
#include "catalog/pg_inherits.h"
}

namespace mongo_fdw {
namespace {

// The options of a relation that is a foreign table of ours, where it is another one than the given; null otherwise.
const TableOptions *options_of_target(Oid relation, const TableOptions *table) {
    if (relation == table->relation || get_rel_relkind(relation) != RELKIND_FOREIGN_TABLE ||
        GetForeignServer(GetForeignTable(relation)->serverid)->fdwid != GetForeignServer(table->server)->fdwid)
        return nullptr;
    return read_table_options(relation);
}

// Whether found(relation) is true of a target of the query, or of one of its partitions.
template <class Found> bool has_target(const Query *query, Found found) {
    if (query->commandType == CMD_SELECT || query->resultRelation == 0)
        return false;
    Oid target = rt_fetch(query->resultRelation, query->rtable)->relid;
    if (found(target))
        return true;
    ListCell *cell;
    if (get_rel_relkind(target) == RELKIND_PARTITIONED_TABLE || has_subclass(target))
        foreach (cell, find_all_inheritors(target, NoLock, nullptr))
            if (found(lfirst_oid(cell)))
                return true;
    return false;
}

// How many parts of the statement have such a target: its own and the data-modifying ones of WITH, which stand at its
// top alone.
template <class Found> int parts_with_target(PlannerInfo *root, Found found) {
    while (root->parent_root)
        root = root->parent_root;
    int parts = has_target(root->parse, found);
    ListCell *cell;
    foreach (cell, root->parse->cteList) {
        Node *query = lfirst_node(CommonTableExpr, cell)->ctequery;
        parts += IsA(query, Query) && has_target(reinterpret_cast<Query *>(query), found);
    }
    return parts;
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
    return parts_with_target(root, [&](Oid relation) {
               const TableOptions *other = options_of_target(relation, table);
               return relation == table->relation || (other && may_read_collection(table, other));
           }) > 0;
}

void check_written_once(PlannerInfo *root, const TableOptions *table) {
    auto is_target = [&](Oid relation) {
        const TableOptions *other = options_of_target(relation, table);
        return relation == table->relation || (other && is_same_collection(table, other));
    };
    if (parts_with_target(root, is_target) > 1)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("a statement can write collection \"%s\" only once", table->name_space),
                        errhint("Make statements of their own of the parts in WITH.")));
}

bool writes_to_server(PlannerInfo *root, Oid server) {
    auto on_server = [&](Oid relation) {
        return get_rel_relkind(relation) == RELKIND_FOREIGN_TABLE && GetForeignTable(relation)->serverid == server;
    };
    return parts_with_target(root, on_server) > 0;
}

bool has_plan_parameters(Node *expression) { return find_plan_parameter(expression, nullptr); }

} // namespace mongo_fdw
