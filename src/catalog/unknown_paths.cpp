// Keys that no column names. Zone B.
//
// The columns of all foreign tables over the collection make a tree of keys. Where a node is a column's (or an array
// that a child table unwinds) everything below it is seen; where it only leads to columns its other keys are not.
#include "catalog/unknown_paths.hpp"

#include "catalog/collections.hpp"
#include "connect/stats.hpp"
#include "convert/fit.hpp"
#include "mql/commands.hpp"
#include "mql/fit.hpp"
#include "options/path.hpp"
#include "pg/arguments.hpp"
#include "pg/error.hpp"
#include "pg/hash.hpp"
#include "pg/memory.hpp"

extern "C" {
#include "access/genam.h"
}

namespace mongo_fdw {
namespace {

struct Known {
    const char *key; // UTF-8
    bool seen;       // as a whole
    Known *parent;
    Known *next;
    Known *first;
};

Known *known_below(Known *node, const char *key) {
    for (Known *child = node->first; child; child = child->next)
        if (strcmp(child->key, key) == 0)
            return child;
    Known *child = static_cast<Known *>(palloc0(sizeof(Known)));
    child->key = key;
    child->parent = node;
    child->next = node->first;
    node->first = child;
    return child;
}

Known *known_at(Known *root, const FieldPath &path) {
    for (int i = 0; i < path.count; i++)
        root = known_below(root, path.keys[i]);
    return root;
}

// Adds what a table shows; true where it shows whole documents.
bool add_table(Known *root, const TableOptions *table) {
    bool whole = false;
    for (int level = 0; level < table->unwind_levels; level++)
        known_at(root, table->unwind[level])->seen = true;
    for (int i = 0; i < table->column_count; i++) {
        const ColumnOptions &column = table->columns[i];
        if (column.dropped)
            continue;
        whole = whole || (column.role == Role::Doc && table->unwind_levels == 0);
        if (column.role == Role::Field)
            known_at(root, column.path)->seen = true;
    }
    return whole;
}

// Whether a child table has a column over the element itself, which shows all of it.
bool shows_element(const TableOptions *table) {
    for (int i = 0; i < table->column_count && table->unwind_levels > 0; i++) {
        const FieldPath &array = table->unwind[table->unwind_levels - 1];
        const ColumnOptions &column = table->columns[i];
        if (!column.dropped && column.role == Role::Field && column.path.count == array.count &&
            starts_with(column.path, array))
            return true;
    }
    return false;
}

// The foreign tables of the wrapper that stand in the schema of a table.
List *tables_beside(const TableOptions *table) {
    Oid schema = get_rel_namespace(table->relation), wrapper = GetForeignServer(table->server)->fdwid;
    List *relations = NIL;
    Relation catalog = table_open(ForeignTableRelationId, AccessShareLock);
    SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, nullptr, 0, nullptr);
    while (HeapTuple tuple = systable_getnext(scan)) {
        Form_pg_foreign_table form = reinterpret_cast<Form_pg_foreign_table>(GETSTRUCT(tuple));
        if (form->ftrelid != table->relation && get_rel_namespace(form->ftrelid) == schema &&
            GetForeignServer(form->ftserver)->fdwid == wrapper)
            relations = lappend_oid(relations, form->ftrelid);
    }
    systable_endscan(scan);
    table_close(catalog, AccessShareLock);
    return relations;
}

// A level: a node of the tree whose keys are told apart.
struct Level {
    const Known *node;
    bool nameable; // by MongoDB's dotted paths
};

struct Levels {
    Level *items;
    int count;
};

void collect_levels(const Known *node, bool nameable, Levels *levels) {
    if (!node->first)
        return;
    Size size = sizeof(Level) * (levels->count + 1);
    levels->items = static_cast<Level *>(levels->items ? repalloc(levels->items, size) : palloc(size));
    levels->items[levels->count++] = {node, nameable};
    for (const Known *child = node->first; child; child = child->next)
        if (!child->seen)
            collect_levels(child, nameable && is_plain_key(child->key), levels);
}

// --- results ---

struct FoundKey {
    int level;
    int whole;      // 1: the level's own value, which is no document; it has no key
    char key[1024]; // longer ones are cut
};

struct Found {
    FoundKey id; // of the hash table
    int64 count;
    uint64_t types[kBsonTypes];
    List *examples;
};

struct Finding {
    const TableOptions *table;
    Levels levels;
    HTAB *found;
    int64 rows;
    int most_examples;
};

Found *found_for(Finding *finding, int level, const char *key) {
    constexpr long kMostKept = 100000;
    FoundKey id;
    memset(&id, 0, sizeof id);
    id.level = level;
    id.whole = key == nullptr;
    if (key)
        strlcpy(id.key, key, sizeof id.key);
    bool exists;
    bool full = hash_get_num_entries(finding->found) >= kMostKept;
    Found *found = static_cast<Found *>(hash_search(finding->found, &id, full ? HASH_FIND : HASH_ENTER, &exists));
    if (found && !exists) {
        found->count = 0;
        memset(found->types, 0, sizeof found->types);
        found->examples = NIL;
    }
    return found;
}

// key null: the level's own value.
void note(Finding *finding, int level, const char *key, BsonType type, int64 count, const BsonValue &id) {
    Found *found = found_for(finding, level, key);
    if (!found)
        return;
    found->count += count;
    found->types[type_index(type)] += count;
    if (list_length(found->examples) >= finding->most_examples || id.type == BsonType::Missing)
        return;
    BsonValue *copy = static_cast<BsonValue *>(palloc(sizeof(BsonValue)));
    *copy = copy_value(id);
    found->examples = lappend(found->examples, copy);
}

// --- by the server ---

const char *dotted_to(const Known *node, const Known *top) {
    if (node == top)
        return "";
    const char *above = dotted_to(node->parent, top);
    return *above ? psprintf("%s.%s", above, node->key) : node->key;
}

mql::KnownLevel known_level(const Known *node, const Known *root) {
    int count = 0;
    for (const Known *child = node->first; child; child = child->next)
        count++;
    const char **keys = static_cast<const char **>(palloc(sizeof(char *) * Max(count, 1)));
    int at = 0;
    for (const Known *child = node->first; child; child = child->next)
        keys[at++] = child->key;
    return {node == root ? nullptr : dotted_to(node, root), keys, count};
}

// False where the server cannot: a level that it cannot name, an operator that it lacks.
bool ask_server(Finding *finding, const DocumentSource &source, mql::Document pipeline, const Known *root) {
    const TableOptions *table = finding->table;
    for (int i = 0; i < finding->levels.count; i++)
        if (!finding->levels.items[i].nameable)
            return false;
    if (table->unwind_levels > 0 && !server_unwinds(table))
        return false;
    Size size = sizeof(mql::KnownLevel) * finding->levels.count;
    mql::KnownLevel *levels = static_cast<mql::KnownLevel *>(palloc(size));
    for (int i = 0; i < finding->levels.count; i++)
        levels[i] = known_level(finding->levels.items[i].node, root);
    mql::SurveySource survey{table->collection, pipeline,
                             table->unwind_levels > 0 ? table->unwind[0].keys[0] : nullptr};
    mongo::Error failure;
    constexpr int kTypesOfAPath = 3; // more are rare
    DocumentStream *stream =
        open_documents(source,
                       mql::unknown_paths_command(survey, levels, finding->levels.count,
                                                  kMostUnknownPaths * kTypesOfAPath, current_memory()),
                       &failure);
    if (!stream) {
        if (failure.kind != mongo::ErrorKind::Server || sqlstate_of(failure) == ERRCODE_INSUFFICIENT_PRIVILEGE ||
            sqlstate_of(failure) == ERRCODE_QUERY_CANCELED)
            raise_mongo_error(failure, table->server_name, table->name_space, "[{\"$project\": ...}]");
        return false;
    }
    BsonValue group;
    while (next_document(stream, &group)) {
        BsonValue id = field_of(group, "_id"), key = field_of(id, "k");
        int64 level = count_of(field_of(id, "l"), -2), count = count_of(field_of(group, "n"), 0);
        if (level == -1)
            finding->rows = count;
        if (level < 0 || level >= finding->levels.count)
            continue;
        uint32_t length;
        const char *text = key.type == BsonType::String ? text_of(key, &length) : nullptr;
        BsonType type = type_of_name(field_of(id, "t"));
        note(finding, static_cast<int>(level), text, type == BsonType::Missing ? BsonType::Null : type, count,
             field_of(group, "id"));
    }
    close_documents(stream);
    return true;
}

// --- by a scan ---

// The level of a child node; negative where it is none.
int level_of(const Finding *finding, const Known *node) {
    for (int i = 0; i < finding->levels.count; i++)
        if (finding->levels.items[i].node == node)
            return i;
    return -1;
}

void walk_level(Finding *finding, int level, const BsonValue &value, const BsonValue &id) {
    check_stack_depth();
    if (reads_as_null(value.type))
        return;
    if (value.type != BsonType::Document) {
        note(finding, level, nullptr, value.type, 1, id);
        return;
    }
    for (BsonReader fields(value.data, value.size); fields.next();) {
        const Known *known = finding->levels.items[level].node->first;
        while (known && strcmp(known->key, fields.key()) != 0)
            known = known->next;
        if (!known)
            note(finding, level, fields.key(), fields.value().type, 1, id);
        else if (int below = known->seen ? -1 : level_of(finding, known); below >= 0)
            walk_level(finding, below, fields.value(), id);
    }
}

// The elements of the innermost unwound array.
void walk_elements(Finding *finding, const BsonValue &value, int unwound, int keys, const BsonValue &id) {
    const TableOptions *table = finding->table;
    if (unwound == table->unwind_levels) {
        finding->rows++;
        walk_level(finding, 0, value, id);
        return;
    }
    const FieldPath &path = table->unwind[unwound];
    BsonValue at = value;
    for (; keys < path.count && at.type == BsonType::Document; keys++)
        at = field_of(at, path.keys[keys]);
    BsonType container = path.map ? BsonType::Document : BsonType::Array;
    if (keys < path.count || at.type != container) {
        // A value that is no array (or map) has a row of its own, without an element.
        finding->rows += at.type == BsonType::Array || (keys == path.count && !reads_as_null(at.type));
        return;
    }
    for (BsonReader elements(at.data, at.size); elements.next();)
        walk_elements(finding, elements.value(), unwound + 1, path.count, id);
}

void scan(Finding *finding, const DocumentSource &source, mql::Document pipeline) {
    mql::PartCommand part{};
    part.collection = finding->table->collection;
    part.base_pipeline = pipeline;
    part.natural = true;
    DocumentStream *stream = open_documents(source, mql::part_command(part, current_memory()));
    BsonValue document;
    while (next_document(stream, &document))
        walk_elements(finding, document, 0, 0, field_of(document, "_id"));
    close_documents(stream);
}

// --- words ---

// A path as mongo.profile says it, of a key at a node or (null) of the node; the arrays that the table unwinds are
// marked by [], the maps by {}.
const char *shown_path(const TableOptions *table, const Known *node, const char *key) {
    const char *keys[256];
    int count = 0;
    if (key)
        keys[count++] = key;
    for (const Known *at = node; at->parent && count < 256; at = at->parent)
        keys[count++] = at->key;
    bool plain = true;
    for (int i = 0; i < count; i++)
        plain = plain && *keys[i] && !strpbrk(keys[i], ".[]{}\"");
    StringInfoData text;
    initStringInfo(&text);
    for (int i = count - 1, depth = 1; i >= 0; i--, depth++) {
        const char *shown = readable_text(keys[i], static_cast<uint32_t>(strlen(keys[i])));
        if (plain)
            appendStringInfo(&text, "%s%s", depth > 1 ? "." : "", shown);
        else
            appendStringInfoString(&text, depth > 1 ? ", " : "[");
        if (!plain)
            escape_json(&text, shown);
        for (int level = 0; level < table->unwind_levels; level++)
            if (table->unwind[level].count == depth)
                appendStringInfo(&text, "%s%s", plain ? "" : ", ", table->unwind[level].map ? "{}" : "[]");
    }
    if (!plain)
        appendStringInfoChar(&text, ']');
    return text.data;
}

int by_count(const ListCell *a, const ListCell *b) {
    const UnknownPath *left = static_cast<UnknownPath *>(lfirst(a)), *right = static_cast<UnknownPath *>(lfirst(b));
    return left->found != right->found ? (left->found > right->found ? -1 : 1) : strcmp(left->path, right->path);
}

int by_path(const ListCell *a, const ListCell *b) {
    return strcmp(static_cast<UnknownPath *>(lfirst(a))->path, static_cast<UnknownPath *>(lfirst(b))->path);
}

List *results_of(const Finding *finding) {
    List *paths = NIL;
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, finding->found);
    while (Found *found = static_cast<Found *>(hash_seq_search(&status))) {
        UnknownPath *path = static_cast<UnknownPath *>(palloc0(sizeof(UnknownPath)));
        path->path = shown_path(finding->table, finding->levels.items[found->id.level].node,
                                found->id.whole ? nullptr : found->id.key);
        path->rows = finding->rows;
        path->found = found->count;
        memcpy(path->types, found->types, sizeof path->types);
        path->examples = found->examples;
        paths = lappend(paths, path);
    }
    list_sort(paths, by_count);
    paths = list_truncate(paths, kMostUnknownPaths);
    list_sort(paths, by_path);
    return paths;
}

} // namespace

List *unknown_paths(const TableOptions *table, const DocumentSource &source, mql::Document pipeline, bool may_ask,
                    int most_examples, bool *by_server) {
    Known *root = static_cast<Known *>(palloc0(sizeof(Known)));
    bool whole = add_table(root, table);
    ListCell *cell;
    foreach (cell, tables_beside(table)) {
        const TableOptions *other = read_table_options(lfirst_oid(cell));
        bool same_documents =
            table->pipeline ? other->pipeline && strcmp(table->pipeline, other->pipeline) == 0 : !other->pipeline;
        if (same_documents && is_same_collection(table, other))
            whole = add_table(root, other) || whole;
    }
    *by_server = may_ask;
    if (whole)
        return NIL;
    Known *scope = table->unwind_levels > 0 ? known_at(root, table->unwind[table->unwind_levels - 1]) : root;
    Finding finding{table, {nullptr, 0}, nullptr, 0, most_examples};
    bool nameable = table->unwind_levels == 0 || table->unwind[table->unwind_levels - 1].plain;
    collect_levels(scope, nameable, &finding.levels);
    if (finding.levels.count == 0)
        return NIL; // the element itself is a column, or nothing is
    if (shows_element(table))
        return NIL;
    finding.found = make_hash_table<Found>("mongo_fdw_cpp unknown paths", sizeof(FoundKey), CurrentMemoryContext);
    *by_server = may_ask && ask_server(&finding, source, pipeline, root);
    if (!*by_server) {
        hash_destroy(finding.found);
        finding.found = make_hash_table<Found>("mongo_fdw_cpp unknown paths", sizeof(FoundKey), CurrentMemoryContext);
        finding.rows = 0;
        scan(&finding, source, pipeline);
    }
    return results_of(&finding);
}

} // namespace mongo_fdw
