// What a statement writes. Zone B.
#include "plan/targets.hpp"

#include "convert/merge.hpp"

extern "C" {
#include "catalog/pg_inherits.h"
#include "rewrite/rewriteHandler.h"
#include "utils/partcache.h"
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

Bitmapset *partition_columns(Relation relation) {
    Bitmapset *attributes = nullptr, *columns = nullptr;
    if (relation->rd_rel->relispartition)
        pull_varattnos(reinterpret_cast<Node *>(RelationGetPartitionQual(relation)), 1, &attributes);
    for (int member = bms_next_member(attributes, -1); member >= 0; member = bms_next_member(attributes, member))
        columns = bms_add_member(columns, member + FirstLowInvalidHeapAttributeNumber);
    return columns;
}

bool is_same_for_all(Node *expression) {
    return !contain_volatile_functions(expression) && !contain_subplans(expression) &&
           bms_is_empty(pull_varnos(nullptr, expression));
}

namespace {

// Calls visit(column, new value) for each column that an UPDATE sets; none for other statements.
template <class Visit> void for_each_new_value(PlannerInfo *root, Index relation, Visit visit) {
    if (root->parse->commandType != CMD_UPDATE)
        return;
    List *values = NIL, *columns = NIL;
    get_translated_update_targetlist(root, relation, &values, &columns);
    ListCell *value, *column;
    forboth(value, values, column, columns) // junk columns follow
        visit(lfirst_int(column), reinterpret_cast<Node *>(lfirst_node(TargetEntry, value)->expr));
}

} // namespace

List *merged_columns(PlannerInfo *root, Index relation, const TableOptions *table) {
    List *merged = NIL;
    for_each_new_value(root, relation, [&](int column, Node *value) {
        Oid type = table->columns[column - 1].type;
        // Of arrays only what is made of the row can be as it was.
        bool array = OidIsValid(get_element_type(getBaseType(type)));
        if (keeps_stored(type, table->columns[column - 1].write) && !(array && is_same_for_all(value)))
            merged = lappend_int(merged, column);
    });
    return merged;
}

List *derived_columns(PlannerInfo *root, Index relation, const TableOptions *table) {
    List *derived = NIL;
    for_each_new_value(root, relation, [&](int column, Node *value) {
        Bitmapset *read = nullptr;
        pull_varattnos(value, relation, &read);
        if (is_type_with_parts(table->columns[column - 1].type) &&
            bms_is_member(column - FirstLowInvalidHeapAttributeNumber, read))
            derived = lappend_int(derived, column);
    });
    return derived;
}

namespace {

// What the expressions of stored generated columns read, which the executor evaluates for the new row.
void add_generation_reads(Oid table, Bitmapset **attributes) {
    Relation relation = table_open(table, NoLock);
    TupleDesc descriptor = RelationGetDescr(relation);
    bool any = descriptor->constr && descriptor->constr->has_generated_stored;
    for (int i = 0; any && i < descriptor->natts; i++)
        if (TupleDescAttr(descriptor, i)->attgenerated == ATTRIBUTE_GENERATED_STORED)
            pull_varattnos(build_column_default(relation, i + 1), 1, attributes);
    table_close(relation, NoLock);
}

// BEFORE ROW triggers see the whole row.
bool has_before_trigger(const Query *query, Oid relation) {
    Relation opened = table_open(relation, NoLock);
    const TriggerDesc *triggers = opened->trigdesc;
    bool found = triggers && (query->commandType == CMD_UPDATE ? triggers->trig_update_before_row
                                                               : triggers->trig_delete_before_row);
    table_close(opened, NoLock);
    return found;
}

// What conditions and new values read of a target. The row that the executor wants for itself does not count.
Bitmapset *attributes_read(PlannerInfo *root, RelOptInfo *rel, Oid table) {
    Bitmapset *attributes = nullptr;
    ListCell *cell;
    foreach (cell, rel->reltarget->exprs)
        if (!IsA(lfirst(cell), Var) || static_cast<Var *>(lfirst(cell))->varattno != 0)
            pull_varattnos(static_cast<Node *>(lfirst(cell)), rel->relid, &attributes);
    foreach (cell, list_concat_copy(rel->baserestrictinfo, rel->joininfo))
        pull_varattnos(reinterpret_cast<Node *>(lfirst_node(RestrictInfo, cell)->clause), rel->relid, &attributes);
    for_each_new_value(root, rel->relid, [&](int, Node *value) { pull_varattnos(value, rel->relid, &attributes); });
    if (root->parse->commandType == CMD_UPDATE)
        add_generation_reads(table, &attributes);
    return attributes;
}

} // namespace

List *kept_columns(PlannerInfo *root, RelOptInfo *rel, const TableOptions *table) {
    Bitmapset *read = attributes_read(root, rel, table->relation);
    bool whole_row =
        bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, read) || has_before_trigger(root->parse, table->relation);
    List *merged = merged_columns(root, rel->relid, table), *kept = NIL;
    for (int i = 0; i < table->column_count; i++) {
        const ColumnOptions &column = table->columns[i];
        bool wanted = bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber, read) ||
                      list_member_int(merged, i + 1) || whole_row;
        if (!column.dropped && wanted && (column.role == Role::Field || column.role == Role::Doc))
            kept = lappend_int(kept, i + 1);
    }
    return kept;
}

bool has_parameters(Node *expression, ParamKind kind) { return find_parameter(expression, &kind); }

} // namespace mongo_fdw
