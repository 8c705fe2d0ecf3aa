// Layout of foreign tables. Zone B.
#include "catalog/layout.hpp"

#include "catalog/names.hpp"
#include "catalog/profile_internal.hpp"
#include "options/path.hpp"

namespace mongo_fdw {
namespace {

constexpr int kMaxKeys = 100;
constexpr int kMaxLevels = 16; // of unwound arrays

// Names of columns with a role, and PostgreSQL's system columns.
constexpr const char *kReserved[] = {"__doc", "__errors", "__missing", "__ord", "__ords", "__name", "__names", "__rest",
                                     "__key", "ctid",     "xmin",      "xmax",  "cmin",   "cmax",   "tableoid"};

struct Keys {
    const char *keys[kMaxKeys]; // server encoding
    int count;
};

NameCase case_of(const ImportRules &rules) { return rules.snake_case ? NameCase::Snake : NameCase::Keep; }

// The keys from scope (excluded) to node.
Keys keys_below(const ProfileNode *node, const ProfileNode *scope) {
    Keys keys{};
    for (const ProfileNode *at = node; at != scope && at->parent; at = at->parent)
        if (at->kind == ProfileNode::Kind::Field && keys.count < kMaxKeys)
            keys.keys[keys.count++] = pg_any_to_server(at->key, at->key_length, PG_UTF8);
    for (int i = 0; i < keys.count / 2; i++) {
        const char *swapped = keys.keys[i];
        keys.keys[i] = keys.keys[keys.count - 1 - i];
        keys.keys[keys.count - 1 - i] = swapped;
    }
    return keys;
}

const ProfileNode *root_of(const ProfileNode *node) {
    while (node->parent)
        node = node->parent;
    return node;
}

// Whether option path, or a column's name without it, says these keys as it stands.
bool reads_as(const char *text, const Keys &keys) {
    if (text[strspn(text, " ")] == '[') // a JSON array, or an error
        return false;
    FieldPath path = parse_path(text);
    if (path.count != keys.count)
        return false;
    for (int i = 0; i < keys.count; i++)
        if (strcmp(pg_any_to_server(path.keys[i], strlen(path.keys[i]), PG_UTF8), keys.keys[i]) != 0)
            return false;
    return true;
}

// A path as option path takes it: dotted where that says the same keys, else a JSON array.
char *path_text(const Keys &keys) {
    StringInfoData dotted;
    initStringInfo(&dotted);
    for (int i = 0; i < keys.count; i++)
        appendStringInfo(&dotted, "%s%s", i ? "." : "", keys.keys[i]);
    if (dotted.len > 0 && reads_as(dotted.data, keys))
        return dotted.data;
    StringInfoData json;
    initStringInfo(&json);
    for (int i = 0; i < keys.count; i++) {
        appendStringInfoString(&json, i ? "," : "[");
        escape_json(&json, keys.keys[i]);
    }
    appendStringInfoChar(&json, ']');
    return json.data;
}

} // namespace

const char *subdocument_of(const LayoutColumn *column, const LayoutTable *table) {
    if (column->node == table->scope)
        return nullptr;
    for (const ProfileNode *at = column->node->parent; at && at != table->scope; at = at->parent)
        if (at->kind == ProfileNode::Kind::Field && at->wanted == ProfileNode::Wanted::Table)
            return path_text(keys_below(at, root_of(at)));
    return nullptr;
}

namespace {

char *joined_name(const Keys &keys, NameCase name_case) {
    StringInfoData name;
    initStringInfo(&name);
    for (int i = 0; i < keys.count; i++)
        appendStringInfo(&name, "%s%s", i ? "_" : "", name_of_key(keys.keys[i], name_case));
    return name.data;
}

struct Flattened {
    ProfileNode *node;
    int columns;
};

struct Builder {
    Profile *profile;
    const ImportRules *rules;
    LayoutTable *table;
    List *flattened; // of Flattened
    List *arrays;    // of ProfileNode: they become child tables
};

void add_column(Builder *builder, const ProfileNode *node, const TypeChoice &choice) {
    LayoutColumn *column = static_cast<LayoutColumn *>(palloc0(sizeof(LayoutColumn)));
    column->type = choice.type;
    column->node = node;
    column->why = choice.why;
    column->misfits = choice.misfits;
    column->path = path_text(keys_below(node, root_of(node)));
    builder->table->columns = lappend(builder->table->columns, column);
}

// Keys that option unwind cannot say.
bool can_unwind(const LayoutTable *table, const ProfileNode *array) {
    if (table->levels == kMaxLevels)
        return false;
    Keys keys = keys_below(array, table->scope);
    for (int i = 0; i < keys.count; i++)
        if (strstr(keys.keys[i], "[]") || strstr(keys.keys[i], "{}"))
            return false;
    return true;
}

bool is_chosen(const Builder *builder, const LayoutChoice *choice, const ProfileNode *node) {
    size_t length = strlen(builder->table->collection);
    return strncmp(choice->path, builder->table->collection, length) == 0 && choice->path[length] == '.' &&
           strcmp(choice->path + length + 1, profile_path(node)) == 0;
}

// Notes whether a path became what a person asked for.
void check_choice(const Builder *builder, const ProfileNode *node, const TypeChoice &shape) {
    ListCell *cell;
    foreach (cell, builder->rules->choices) {
        LayoutChoice *choice = static_cast<LayoutChoice *>(lfirst(cell));
        if (!is_chosen(builder, choice, node))
            continue;
        bool json = shape.shape == Shape::Column && strncmp(shape.type, "json", 4) == 0;
        bool flat = shape.shape == Shape::Flatten, rows = shape.shape == Shape::ChildTable;
        choice->used = strcmp(choice->kind, "jsonb") == 0     ? json
                       : strcmp(choice->kind, "flatten") == 0 ? flat
                       : strcmp(choice->kind, "map") == 0     ? rows && node->is_map
                                                              : rows || flat;
    }
}

// Takes what a person asked for at a path.
void apply_choice(const Builder *builder, ProfileNode *node) {
    ListCell *cell;
    foreach (cell, builder->rules->choices) {
        LayoutChoice *choice = static_cast<LayoutChoice *>(lfirst(cell));
        if (!is_chosen(builder, choice, node))
            continue;
        choice->seen = true;
        bool map = strcmp(choice->kind, "map") == 0;
        if (map && !node->is_map && node->first)
            make_map(builder->profile, node);
        if (strcmp(choice->kind, "jsonb") == 0)
            node->json_why = "what layout says";
        else
            node->wanted =
                map || strcmp(choice->kind, "table") == 0 ? ProfileNode::Wanted::Table : ProfileNode::Wanted::Flatten;
    }
}

void add_node(Builder *builder, ProfileNode *node) {
    check_stack_depth();
    CHECK_FOR_INTERRUPTS();
    apply_choice(builder, node);
    TypeChoice choice = choose_type(node, *builder->rules);
    if (choice.shape == Shape::ChildTable && !can_unwind(builder->table, node)) {
        node->json_why = "an array that option unwind cannot name";
        choice = choose_type(node, *builder->rules);
    }
    check_choice(builder, node, choice);
    switch (choice.shape) {
    case Shape::Column:
        add_column(builder, node, choice);
        break;
    case Shape::Flatten: {
        int before = list_length(builder->table->columns);
        for (ProfileNode *child = node->first; child; child = child->next)
            add_node(builder, child);
        Flattened *flattened = static_cast<Flattened *>(palloc(sizeof(Flattened)));
        *flattened = {node, list_length(builder->table->columns) - before};
        builder->flattened = lappend(builder->flattened, flattened);
        if (choice.misfits) // values that are no documents: its columns take them for missing
            builder->table->lost = lappend(builder->table->lost, node);
        break;
    }
    case Shape::ChildTable:
        builder->arrays = lappend(builder->arrays, node);
        break;
    case Shape::Nothing:
        builder->table->lost = lappend(builder->table->lost, node);
        break;
    }
}

ProfileNode *id_node(const Profile *profile) {
    for (ProfileNode *child = profile->root->first; child; child = child->next)
        if (child->key_length == 3 && memcmp(child->key, "_id", 3) == 0)
            return child;
    return nullptr;
}

void add_nodes(Builder *builder) {
    ProfileNode *id = id_node(builder->profile), *scope = builder->table->scope;
    if (!id && builder->profile->root->present == 0)
        id = profile_child(builder->profile, builder->profile->root, "_id", 3);
    if (id && evident_types(id) == type_bit(BsonType::Document))
        id->json_why = "the key of the document";
    if (id)
        add_node(builder, id);
    uint64_t misfits = 0;
    bool inside = scope->kind != ProfileNode::Kind::Root; // elements of an array, values of a map
    if (inside && main_types(scope, *builder->rules, &misfits) != type_bit(BsonType::Document)) {
        add_column(builder, scope, choose_type(scope, *builder->rules));
        return;
    }
    if (inside && misfits)
        builder->table->lost = lappend(builder->table->lost, scope);
    for (ProfileNode *child = scope->first; child; child = child->next)
        if (child != id)
            add_node(builder, child);
}

int by_presence(const ListCell *a, const ListCell *b) {
    const LayoutColumn *first = static_cast<LayoutColumn *>(lfirst(a)),
                       *second = static_cast<LayoutColumn *>(lfirst(b));
    uint64_t x = first->node->present, y = second->node->present;
    return x != y ? (x > y ? -1 : 1) : strcmp(first->path, second->path);
}

// Keeps the columns that most documents have, in their order.
void drop_columns(LayoutTable *table, int most) {
    List *ordered = list_copy(table->columns), *kept = NIL;
    list_sort(ordered, by_presence);
    ordered = list_truncate(ordered, most);
    ListCell *cell;
    foreach (cell, table->columns)
        if (list_member_ptr(ordered, lfirst(cell)))
            kept = lappend(kept, lfirst(cell));
        else
            table->lost =
                lappend(table->lost, const_cast<ProfileNode *>(static_cast<LayoutColumn *>(lfirst(cell))->node));
    table->columns = kept;
}

bool lies_below(const ProfileNode *node, const ProfileNode *upper) {
    for (; node; node = node->parent)
        if (node == upper)
            return true;
    return false;
}

// Makes sub-documents one column each, those of most columns first, until the table has no more than most columns or
// none is left. False when there was none.
bool fold_documents(Builder *builder, int most) {
    int columns = list_length(builder->table->columns);
    bool any = false;
    while (columns > most) {
        CHECK_FOR_INTERRUPTS();
        Flattened *largest = nullptr;
        ListCell *cell;
        foreach (cell, builder->flattened) {
            Flattened *flattened = static_cast<Flattened *>(lfirst(cell));
            if (flattened->columns > 1 && (!largest || flattened->columns > largest->columns))
                largest = flattened;
        }
        if (!largest)
            return any;
        int saved = largest->columns - 1;
        largest->node->json_why = "the table would have more than max_columns columns";
        foreach (cell, builder->flattened) {
            Flattened *flattened = static_cast<Flattened *>(lfirst(cell));
            if (lies_below(flattened->node, largest->node))
                flattened->columns = 0;
            else if (lies_below(largest->node, flattened->node))
                flattened->columns -= saved;
        }
        columns -= saved;
        any = true;
    }
    return any;
}

void name_columns(LayoutTable *table, const ImportRules &rules) {
    int count = list_length(table->columns), at = 0;
    NameRequest *requests = static_cast<NameRequest *>(palloc0(sizeof(NameRequest) * Max(count, 1)));
    ListCell *cell;
    foreach (cell, table->columns) {
        const LayoutColumn *column = static_cast<LayoutColumn *>(lfirst(cell));
        bool inside =
            table->unwind && column->node != table->scope &&
            keys_below(column->node, table->scope).count < keys_below(column->node, root_of(column->node)).count;
        Keys keys = keys_below(column->node, inside ? table->scope : root_of(column->node));
        NameRequest *request = &requests[at++];
        // The parent's _id is the column _id of a child table; an _id of the element needs another name.
        request->base = column->node == table->scope ? "value"
                        : inside && keys.count == 1 && strcmp(keys.keys[0], "_id") == 0
                            ? "element_id"
                            : joined_name(keys, case_of(rules));
        request->identity = column->path;
        request->rank = strcmp(column->path, "_id") == 0 ? -1 : keys.count;
    }
    assign_names(requests, count, kReserved, lengthof(kReserved));
    at = 0;
    foreach (cell, table->columns) {
        LayoutColumn *column = static_cast<LayoutColumn *>(lfirst(cell));
        column->name = requests[at++].name;
        if (reads_as(column->name, keys_below(column->node, root_of(column->node))))
            column->path = nullptr;
    }
}

void add_role(LayoutTable *table, const char *name, const char *type, const char *why) {
    LayoutColumn *column = static_cast<LayoutColumn *>(palloc0(sizeof(LayoutColumn)));
    column->name = name;
    column->type = type;
    column->why = why;
    table->columns = lappend(table->columns, column);
}

// The type that holds every document.
const char *document_type(const Profile *profile) {
    TextTrouble trouble = text_trouble(profile->root);
    return trouble.unreadable || profile->duplicate_keys ? "bytea" : trouble.nul ? "json" : "jsonb";
}

// Why a table has the whole document; null: it needs none.
const char *document_reason(const LayoutTable *table, const Profile *profile, const ImportRules &rules) {
    constexpr int kShown = 10;
    if (table->lost) {
        StringInfoData text;
        initStringInfo(&text);
        appendStringInfo(&text, "the whole document: %d paths have no column: ", list_length(table->lost));
        for (int i = 0; i < Min(kShown, list_length(table->lost)); i++)
            appendStringInfo(&text, "%s%s", i ? ", " : "",
                             profile_path(static_cast<ProfileNode *>(list_nth(table->lost, i))));
        if (list_length(table->lost) > kShown)
            appendStringInfoString(&text, ", ...");
        return text.data;
    }
    if (profile->duplicate_keys)
        return "the whole document: some hold a key twice, of which columns read the first";
    if (profile->root->present == 0)
        return "the whole document: the collection is empty";
    return rules.doc_column ? "the whole document" : nullptr;
}

void add_roles(LayoutTable *table, const Profile *profile, const ImportRules &rules) {
    if (table->unwind) {
        bool map = table->scope->kind == ProfileNode::Kind::Entry;
        if (map)
            add_role(table, "__name", "text", "name of the field in its map");
        add_role(table, "__ord", "integer",
                 map ? "position of the field in its map, from 1" : "position of the element in its array, from 1");
        if (table->levels > 1)
            add_role(table, "__ords", "integer[]",
                     "positions in the arrays of all levels: with _id the key of the row");
    } else if (const char *why = document_reason(table, profile, rules)) {
        add_role(table, "__doc", document_type(profile), why);
    }
    if (rules.errors_column)
        add_role(table, "__errors", "jsonb", "values that do not fit their column, under on_conversion_error collect");
}

// Option unwind of an array, or a map, below another one; upper null: in the document itself.
const char *unwind_text(const char *upper, const char *path, bool map) {
    size_t length = upper ? strlen(upper) : 0;
    bool marked = length > 2 && strcmp(upper + length - 2, "{}") == 0;
    return psprintf("%s%s%s%s", upper ? upper : "", !upper ? "" : marked ? "." : "[].", path, map ? "{}" : "");
}

LayoutTable *make_table(Profile *profile, ProfileNode *scope, LayoutTable *parent, const char *collection,
                        const ImportRules &rules) {
    LayoutTable *table = static_cast<LayoutTable *>(palloc0(sizeof(LayoutTable)));
    table->collection = collection;
    table->scope = scope;
    table->parent = parent;
    if (parent) {
        Keys keys = keys_below(scope->parent, parent->scope);
        table->levels = parent->levels + 1;
        table->unwind = unwind_text(parent->unwind, path_text(keys), scope->kind == ProfileNode::Kind::Entry);
        table->base = psprintf("%s_%s", parent->base, joined_name(keys, case_of(rules)));
    } else {
        table->base = name_of_key(collection, case_of(rules));
    }
    Builder builder{profile, &rules, table, NIL, NIL};
    add_nodes(&builder);
    if (list_length(table->columns) > rules.max_columns && fold_documents(&builder, rules.max_columns)) {
        table->columns = table->lost = builder.flattened = builder.arrays = NIL;
        add_nodes(&builder);
    }
    if (list_length(table->columns) > rules.max_columns)
        drop_columns(table, rules.max_columns);
    ListCell *cell;
    foreach (cell, builder.arrays) {
        ProfileNode *container = static_cast<ProfileNode *>(lfirst(cell));
        ProfileNode *below = container->is_map ? container->entry : container->element;
        table->children = lappend(table->children, make_table(profile, below, table, collection, rules));
    }
    // What a child table lost is seen through the document of the topmost table.
    foreach (cell, table->children)
        table->lost = list_concat(table->lost, static_cast<LayoutTable *>(lfirst(cell))->lost);
    name_columns(table, rules);
    add_roles(table, profile, rules);
    return table;
}

void collect_children(LayoutTable *table, List **children) {
    ListCell *cell;
    foreach (cell, table->children) {
        LayoutTable *child = static_cast<LayoutTable *>(lfirst(cell));
        *children = lappend(*children, child);
        collect_children(child, children);
    }
}

} // namespace

LayoutTable *lay_out(Profile *profile, const char *collection, const ImportRules &rules) {
    return make_table(profile, profile->root, nullptr, collection, rules);
}

void name_tables(const char *const *collections, LayoutTable *const *tables, int count, const ImportRules &rules) {
    List *children = NIL;
    for (int i = 0; i < count; i++)
        if (tables[i])
            collect_children(tables[i], &children);
    int total = count + list_length(children), at = 0;
    NameRequest *requests = static_cast<NameRequest *>(palloc0(sizeof(NameRequest) * Max(total, 1)));
    for (int i = 0; i < count; i++)
        requests[at++] = {name_of_key(collections[i], case_of(rules)), collections[i], 0, nullptr};
    ListCell *cell;
    foreach (cell, children) {
        const LayoutTable *child = static_cast<LayoutTable *>(lfirst(cell));
        requests[at++] = {child->base, psprintf("%s %s", child->collection, child->unwind), child->levels, nullptr};
    }
    assign_names(requests, total, nullptr, 0);
    for (int i = 0; i < count; i++)
        if (tables[i])
            tables[i]->name = requests[i].name;
    at = count;
    foreach (cell, children)
        static_cast<LayoutTable *>(lfirst(cell))->name = requests[at++].name;
}

char *create_statement(const LayoutTable *table, const char *schema, const char *server, const char *database,
                       const ImportRules &rules) {
    StringInfoData sql;
    initStringInfo(&sql);
    appendStringInfo(&sql, "CREATE FOREIGN TABLE %s (",
                     schema ? quote_qualified_identifier(schema, table->name) : quote_identifier(table->name));
    bool first = true;
    ListCell *cell;
    foreach (cell, table->columns) {
        const LayoutColumn *column = static_cast<LayoutColumn *>(lfirst(cell));
        appendStringInfo(&sql, "%s\n    %s %s", first ? "" : ",", quote_identifier(column->name), column->type);
        if (column->path)
            appendStringInfo(&sql, " OPTIONS (path %s)", quote_literal_cstr(column->path));
        if (rules.collate_c && strncmp(column->type, "text", 4) == 0)
            appendStringInfoString(&sql, " COLLATE \"C\"");
        first = false;
    }
    appendStringInfo(&sql, ")\n  SERVER %s OPTIONS (database %s, collection %s", quote_identifier(server),
                     quote_literal_cstr(database), quote_literal_cstr(table->collection));
    if (table->unwind)
        appendStringInfo(&sql, ", unwind %s", quote_literal_cstr(table->unwind));
    if (rules.on_conversion_error)
        appendStringInfo(&sql, ", on_conversion_error %s", quote_literal_cstr(rules.on_conversion_error));
    appendStringInfoString(&sql, ");");
    return sql.data;
}

char *evidence_of(const LayoutColumn *column, const char *sampled) {
    const ProfileNode *node = column->node;
    StringInfoData text;
    initStringInfo(&text);
    appendStringInfo(&text, "%s: ", profile_path(node));
    bool any = false;
    for (int i = 0; i < kBsonTypes; i++)
        if (node->types[i]) {
            appendStringInfo(&text, "%s%s %.4g %%", any ? ", " : "", type_name(type_at(i)),
                             100.0 * static_cast<double>(node->types[i]) / static_cast<double>(node->present));
            any = true;
        }
    appendStringInfoString(&text, any ? "" : "no value seen");
    uint64_t base = profile_base(node);
    if (base > 0 && node->present < base)
        appendStringInfo(&text, "; missing %.4g %%",
                         100.0 * static_cast<double>(base - node->present) / static_cast<double>(base));
    if (node->declared) {
        appendStringInfoString(&text, "; the validator allows");
        for (int i = 0; i < kBsonTypes; i++)
            if (node->declared & (UINT64_C(1) << i))
                appendStringInfo(&text, " %s", type_name(type_at(i)));
    }
    if (node->indexed && strcmp(node->key, "_id") != 0)
        appendStringInfoString(&text, node->unique_index ? "; unique index" : "; indexed");
    appendStringInfo(&text, "; %s because of %s", column->type, column->why);
    if (column->misfits)
        appendStringInfo(&text, "; %llu %s not fit", static_cast<unsigned long long>(column->misfits),
                         column->misfits == 1 ? "value does" : "values do");
    appendStringInfo(&text, "; from %s", sampled);
    return text.data;
}

} // namespace mongo_fdw
