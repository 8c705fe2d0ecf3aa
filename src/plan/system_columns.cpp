// Uses of system columns. Zone B.
//
// A row's ctid is its number in one scan, made up here: two scans give one document different ones. A query that
// compares them (DELETE ... USING ... WHERE a.ctid < b.ctid) would do what nobody wants. The planner itself asks for
// ctid, for row locks and the identity of targets: it says so by names of the target list's entries.
#include "plan/system_columns.hpp"

namespace mongo_fdw {
namespace {

struct Search {
    Bitmapset *relations; // the foreign table, and what it is a part of
    Index level;          // queries between the searched one and this place
    AttrNumber found;
};

bool is_hidden(AttrNumber attribute) { return attribute < 0 && attribute != TableOidAttributeNumber; }

bool find_in(Node *node, void *argument);

// The planner's own entries are junk with a name; those of a query (ORDER BY ctid) have none.
bool is_made_by_planner(const TargetEntry *entry) { return entry->resjunk && entry->resname; }

bool find_in(Node *node, void *argument) {
    Search *search = static_cast<Search *>(argument);
    if (!node)
        return false;
    if (IsA(node, TargetEntry) && is_made_by_planner(reinterpret_cast<TargetEntry *>(node)))
        return false;
    if (IsA(node, Var)) {
        const Var *var = reinterpret_cast<Var *>(node);
        if (var->varlevelsup == search->level && is_hidden(var->varattno) &&
            bms_is_member(var->varno, search->relations))
            search->found = var->varattno;
        return search->found != 0;
    }
    if (IsA(node, Query)) {
        search->level++;
        bool found = walk_query(reinterpret_cast<Query *>(node), find_in, argument, 0);
        search->level--;
        return found;
    }
    return walk_expression(node, find_in, argument);
}

} // namespace

void refuse_system_columns(PlannerInfo *root, const RelOptInfo *rel) {
    Search search{nullptr, 0, 0};
    ListCell *cell;
    for (Index relation = rel->relid; relation > 0;) {
        search.relations = bms_add_member(search.relations, static_cast<int>(relation));
        const AppendRelInfo *part = root->append_rel_array ? root->append_rel_array[relation] : nullptr;
        relation = part ? part->parent_relid : 0;
    }
    bool found = walk_query(root->parse, find_in, &search, QTW_IGNORE_JOINALIASES);
    foreach (cell, root->append_rel_list) // of parts of a UNION ALL
        found = found || find_in(reinterpret_cast<Node *>(lfirst_node(AppendRelInfo, cell)->translated_vars), &search);
    if (!found)
        return;
    Oid table = planner_rt_fetch(rel->relid, root)->relid;
    ereport(ERROR,
            (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
             errmsg("system column \"%s\" of foreign table \"%s\" cannot be read",
                    get_attname(table, search.found, false), get_rel_name(table)),
             errdetail("A document of MongoDB has no such column."), errhint("Tell documents apart by their _id.")));
}

} // namespace mongo_fdw
