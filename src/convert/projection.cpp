// Which fields a scan asks for. Zone B.
#include "convert/decode.hpp"

namespace mongo_fdw {
namespace {

struct PathList {
    const char **paths;
    uint32_t count;
};

// The longest prefix of a path that a projection can name, dotted; empty when it can name none of its keys. At the top
// a number is a field name there too, further down it might be taken for a position.
const char *nameable_prefix(const FieldPath &path, int most_keys) {
    StringInfoData dotted;
    initStringInfo(&dotted);
    for (int i = 0; i < Min(path.count, most_keys); i++) {
        const char *key = path.keys[i];
        bool number = key[strspn(key, "0123456789")] == '\0';
        if (*key == '\0' || *key == '$' || strchr(key, '.') || (number && i > 0))
            break;
        appendStringInfo(&dotted, "%s%s", i ? "." : "", key);
    }
    return dotted.data;
}

bool is_at_or_below(const char *path, const char *upper) {
    size_t length = strlen(upper);
    return strncmp(path, upper, length) == 0 && (path[length] == '\0' || path[length] == '.');
}

// Adds a path. Two paths of which one lies below the other collide: the upper one brings both.
void add_projected(PathList *list, const char *path) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        if (is_at_or_below(path, list->paths[i]))
            return;
        if (!is_at_or_below(list->paths[i], path))
            list->paths[kept++] = list->paths[i];
    }
    list->count = kept;
    list->paths[list->count++] = path;
}

} // namespace

void project_whole(const char **paths, uint32_t *count, const char *path) {
    PathList list{paths, *count};
    add_projected(&list, path);
    *count = list.count;
}

bool projected_paths(const TableOptions *table, const bool *needed, const char ***paths, uint32_t *count) {
    bool all = false; // errors and missing tell about every declared column
    int most_keys = INT_MAX;
    bool keyed = false;
    int declared = 0, wanted = 0;
    for (int i = 0; i < table->column_count; i++) {
        const ColumnOptions &column = table->columns[i];
        if (column.dropped)
            continue;
        if (needed[i] && (column.role == Role::Doc || column.role == Role::Rest))
            return false;
        all = all || (needed[i] && tells_of_others(column.role));
        if (needed[i] && column.role == Role::Errors)
            most_keys = 1; // {a: 5} has no a.b, but is a misfit that the row tells of
        keyed = keyed || (needed[i] && column.role == Role::Key);
        declared += column.role == Role::Field;
    }
    PathList list{static_cast<const char **>(palloc(sizeof(char *) * (table->column_count + table->unwind_levels + 1))),
                  0};
    if (keyed)
        add_projected(&list, "_id");
    for (int i = 0; i < table->column_count + table->unwind_levels; i++) {
        bool unwound = i >= table->column_count;
        if (!unwound) {
            const ColumnOptions &column = table->columns[i];
            if (column.dropped || column.role != Role::Field || !(needed[i] || all))
                continue;
            wanted++;
        }
        const char *path =
            nameable_prefix(unwound ? table->unwind[i - table->column_count] : table->columns[i].path, most_keys);
        if (*path == '\0')
            return false;
        add_projected(&list, path);
    }
    // Whole documents are cheaper for the server where nearly all declared fields are wanted anyway.
    if (declared >= 5 && wanted * 5 >= declared * 4)
        return false;
    *paths = list.paths;
    *count = list.count;
    return true;
}

} // namespace mongo_fdw
