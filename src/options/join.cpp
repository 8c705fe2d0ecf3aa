// Several foreign tables as one, for joins that the server makes. Zone B.
#include "options/options.hpp"

namespace mongo_fdw {
namespace {

FieldPath below(const char *as, const FieldPath &path) {
    FieldPath result = path; // the text stays: messages name the path in its own document
    result.keys = static_cast<const char **>(palloc(sizeof(char *) * (path.count + 1)));
    result.keys[0] = as;
    memcpy(result.keys + 1, path.keys, sizeof(char *) * path.count);
    result.count = path.count + 1;
    return result;
}

} // namespace

TableOptions *join_tables(List *tables, List *as) {
    TableOptions *joined = nullptr;
    int count = 0;
    ListCell *cell, *field;
    forboth(cell, tables, field, as) {
        const TableOptions *table = static_cast<TableOptions *>(lfirst(cell));
        const char *name = lfirst(field) ? strVal(lfirst(field)) : nullptr;
        if (!joined) {
            joined = static_cast<TableOptions *>(palloc(sizeof(TableOptions)));
            *joined = *table;
            joined->columns = nullptr;
            joined->errors_column = 0;
        } else if (table->unwind_levels > 0) {
            joined->unwind_levels = table->unwind_levels;
            joined->unwind = table->unwind;
            joined->unwind_text = table->unwind_text;
            joined->array_from_scalar = table->array_from_scalar;
            joined->on_error = table->on_error;
        }
        JoinedSource *source = nullptr;
        if (name) {
            source = static_cast<JoinedSource *>(palloc(sizeof(JoinedSource)));
            *source = {table->name_space, name};
        }
        Size size = sizeof(ColumnOptions) * Max(count + table->column_count, 1);
        joined->columns =
            static_cast<ColumnOptions *>(joined->columns ? repalloc(joined->columns, size) : palloc(size));
        for (int i = 0; i < table->column_count; i++) {
            ColumnOptions *column = &joined->columns[count + i];
            *column = table->columns[i];
            column->number = static_cast<AttrNumber>(count + i + 1);
            column->source = source;
            if (name && column->role == Role::Field && !column->dropped)
                column->path = below(name, column->path);
        }
        count += table->column_count;
    }
    joined->column_count = count;
    return joined;
}

void make_optional(TableOptions *joined, int first, const TableOptions *other, int key) {
    joined->optional_first = first;
    joined->optional_count = other->column_count;
    joined->optional_key = key;
    joined->optional_unwinds = other->unwind_levels > 0;
    for (int i = first; i < first + other->column_count; i++)
        joined->columns[i].optional = true;
}

} // namespace mongo_fdw
