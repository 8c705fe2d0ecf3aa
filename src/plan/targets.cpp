// What a statement writes. Zone B.
#include "plan/targets.hpp"

extern "C" {
#include "catalog/pg_inherits.h"
}

namespace mongo_fdw {
namespace {

using SameCollection = bool(const TableOptions *table, const TableOptions *target);

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

// Parts of the statement with a target, a foreign table of ours, that is a table itself or the same in that sense.
int parts_that_write(PlannerInfo *root, const TableOptions *table, SameCollection *same) {
    Oid wrapper = GetForeignServer(table->server)->fdwid;
    return parts_with_target(root, [&](Oid relation) {
        return relation == table->relation ||
               (get_rel_relkind(relation) == RELKIND_FOREIGN_TABLE &&
                GetForeignServer(GetForeignTable(relation)->serverid)->fdwid == wrapper &&
                same(table, read_table_options(relation)));
    });
}

bool find_parameter(Node *node, void *context) {
    if (!node)
        return false;
    if (IsA(node, Param) && reinterpret_cast<Param *>(node)->paramkind == *static_cast<ParamKind *>(context))
        return true;
    return walk_expression(node, find_parameter, context);
}

} // namespace

bool is_written(PlannerInfo *root, const TableOptions *table) {
    return parts_that_write(root, table, may_read_collection) > 0;
}

void check_written_once(PlannerInfo *root, const TableOptions *table) {
    if (parts_that_write(root, table, is_same_collection) > 1)
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

bool has_parameters(Node *expression, ParamKind kind) { return find_parameter(expression, &kind); }

} // namespace mongo_fdw
