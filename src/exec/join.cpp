// Joins by $lookup at execution. Zone B.
#include "exec/join.hpp"

#include "plan/joins.hpp"

namespace mongo_fdw {
namespace {

// What a joined table's documents are reduced to: the columns that the scan reads of them; conditions behind the join
// and groups read others.
void set_projection(const ScanState *state, const TableOptions *table, int first, mql::Join *join) {
    bool *needed = static_cast<bool *>(palloc0(Max(table->column_count, 1)));
    ListCell *cell;
    foreach (cell, state->plan.needed) {
        int column = lfirst_int(cell) - 1 - first;
        if (column >= 0 && column < table->column_count)
            needed[column] = true;
    }
    for (uint32_t i = 0; i < state->plan.filter.count; i++) {
        int column = state->plan.filter.nodes[i].column - first;
        if (column >= 0 && column < table->column_count && table->columns[column].role == Role::Field)
            needed[column] = true;
    }
    const char **paths;
    if (projected_paths(table, needed, &paths, &join->project_count))
        join->project = paths;
}

} // namespace

void make_joins(ScanState *state) {
    state->joins = static_cast<mql::Join *>(palloc0(sizeof(mql::Join) * Max(list_length(state->plan.joins), 1)));
    int first = static_cast<TableOptions *>(linitial(state->tables))->column_count;
    for (int i = 0; i < list_length(state->plan.joins); i++) {
        const TableOptions *table = static_cast<TableOptions *>(list_nth(state->tables, i + 1));
        List *parts = static_cast<List *>(list_nth(state->plan.joins, i));
        List *numbers = static_cast<List *>(linitial(parts)), *filters = static_cast<List *>(lsecond(parts)),
             *conditions = static_cast<List *>(lthird(parts));
        const void *as = list_nth(state->plan.as, i + 1);
        if (!as && static_cast<mql::JoinKind>(linitial_int(numbers)) == mql::JoinKind::Left)
            make_optional(state->table, first, table, lsecond_int(numbers));
        if (as) {
            mql::Join *join = &state->joins[state->join_count++];
            join->kind = static_cast<mql::JoinKind>(linitial_int(numbers));
            join->collection = table->collection;
            join->as = strVal(as);
            join->local = state->columns[lsecond_int(numbers)].path;
            join->columns = columns_inside(state->table, state->columns, first, table->column_count);
            join->foreign = join->columns[lthird_int(numbers)].path;
            join->filters = numbers_of(filters);
            join->filter_count = list_length(filters);
            join->conditions = numbers_of(conditions);
            join->condition_count = list_length(conditions);
            set_projection(state, table, first, join);
        }
        first += table->column_count;
    }
}

} // namespace mongo_fdw
