// The decoder. Zone B.
//
// Wanted fields form a tree of keys per level (the document, and the elements of each unwound array). A walk compares
// each key with the one last seen at that position of a document and falls back to a search, so that documents of one
// shape cost one comparison a field, whatever their order. The first of equal keys counts, as in MongoDB's own path
// look-up. A walk stops when everything wanted was found.
#include "convert/decode_internal.hpp"

#include "convert/key.hpp"
#include "convert/text.hpp"
#include "options/path.hpp"

#ifdef MONGO_FDW_FAULTY_DECODER
#include "../../test/tools/faulty_decoder.hpp"
#endif

namespace mongo_fdw {

void raise_malformed(const Decoder *decoder) {
    if (decoder->given)
        ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("malformed BSON")));
    ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
                    errmsg("server \"%s\" sent a malformed document", decoder->table->server_name),
                    errcontext("namespace \"%s\"", decoder->table->name_space)));
    pg_unreachable();
}

namespace {

// --- making the trees ---

PathNode *child_of(Children **children, const char *key, int depth) {
    if (!*children)
        *children = static_cast<Children *>(palloc0(sizeof(Children)));
    Children *all = *children;
    for (int i = 0; i < all->count; i++)
        if (strcmp(all->nodes[i].key, key) == 0)
            return &all->nodes[i];
    if ((all->count & (all->count - 1)) == 0) { // grow at powers of two
        Size size = sizeof(PathNode) * Max(all->count * 2, 1);
        all->nodes = static_cast<PathNode *>(all->nodes ? repalloc(all->nodes, size) : palloc(size));
    }
    PathNode *node = &all->nodes[all->count++];
    *node = {key, static_cast<uint32_t>(strlen(key)), depth, 0, nullptr, nullptr, nullptr, BsonType::Missing};
    return node;
}

PathNode *node_at(Level *level, const char **keys, int count) {
    Children **children = &level->root;
    PathNode *node = nullptr;
    int skipped = level->path ? level->path->count : 0;
    for (int i = 0; i < count; i++) {
        node = child_of(children, keys[i], skipped + i + 1);
        children = &node->children;
    }
    return node;
}

// The deepest level whose array the path lies in.
int level_of(const TableOptions *table, const FieldPath &path) {
    int level = 0;
    for (int i = 0; i < table->unwind_levels; i++)
        if (starts_with(path, table->unwind[i]))
            level = i + 1;
    return level;
}

void add_target(Decoder *decoder, const ColumnOptions *column) {
    Level *level = &decoder->levels[level_of(decoder->table, column->path)];
    int skipped = level->path ? level->path->count : 0;
    Target *target = static_cast<Target *>(palloc0(sizeof(Target)));
    target->column = column;
    target->converter = make_converter(column->type, column->typmod, column->rules);
    Target **list;
    if (column->path.count == skipped)
        list = &level->element_targets;
    else
        list = &node_at(level, column->path.keys + skipped, column->path.count - skipped)->targets;
    target->next = *list;
    *list = target;
    level->attributes[level->target_count++] = column->number;
}

void add_made(Decoder *decoder, const ColumnOptions *column) {
    bool holds_document = column->role == Role::Doc || column->role == Role::Rest;
    Converter *converter = holds_document ? make_converter(column->type, column->typmod, column->rules) : nullptr;
    decoder->made[decoder->made_count++] = {column, converter};
}

// The arrays that child tables tell, of those that lie in the document or element of a rest column.
void add_excepted(Decoder *decoder, const ColumnOptions *column) {
    Level *level = &decoder->levels[decoder->level_count - 1];
    int skipped = level->path ? level->path->count : 0;
    for (int i = 0; i < column->except_count; i++) {
        const FieldPath &path = column->except[i];
        if (path.count > skipped && (!level->path || starts_with(path, *level->path)))
            node_at(level, path.keys + skipped, path.count - skipped)->excepted =
                path.map ? BsonType::Document : BsonType::Array;
    }
}

// --- misfits ---

const char *document_id(const BsonValue &document) {
    if (document.type != BsonType::Document)
        return "(none)";
    BsonReader reader(document.data, document.size);
    while (reader.next())
        if (strcmp(reader.key(), "_id") == 0)
            return shown_json(reader.value());
    return "(none)";
}

const char *shown_value(const BsonValue &value) {
    constexpr int kShown = 120;
    char *text = shown_json(value);
    int length = strlen(text);
    return length > kShown ? psprintf("%.*s...", pg_mbcliplen(text, length, kShown), text) : text;
}

[[noreturn]] void raise_misfit(const Decoder *decoder, const char *path, const char *wanted, const Misfit &why,
                               const JoinedSource *source = nullptr) {
    // Made before errstart: converting text may itself catch an error.
    const char *value = shown_value(why.value);
    const char *id = document_id(source ? field_of(decoder->document, source->as) : decoder->document);
    ereport(ERROR,
            (errcode(why.sqlstate),
             errmsg("field \"%s\" holds a value of BSON type %s that does not fit type %s", path,
                    type_name(why.value.type), wanted),
             errdetail("The value is %s%s%s, in the document with _id %s of \"%s\".", value, why.reason ? ": " : "",
                       why.reason ? why.reason : "", id, source ? source->name_space : decoder->table->name_space),
             errhint("Change the type of the column, or set option on_conversion_error to \"null\" or \"collect\".")));
    pg_unreachable();
}

void collect_line(Decoder *decoder, Level *level, AttrNumber column, const char *path, const char *wanted,
                  const Misfit &why) {
    if (level->error_count == level->error_capacity) {
        int capacity = Max(level->error_capacity * 2, 8);
        ErrorLine *lines = static_cast<ErrorLine *>(MemoryContextAlloc(decoder->context, sizeof(ErrorLine) * capacity));
        if (level->error_count)
            memcpy(lines, level->errors, sizeof(ErrorLine) * level->error_count);
        level->errors = lines;
        level->error_capacity = capacity;
    }
    // A line of the document outlives the rows of its elements: its texts live as long as the batch.
    MemoryContext batch = decoder->arena.context;
    level->errors[level->error_count++] = {column, MemoryContextStrdup(batch, path), MemoryContextStrdup(batch, wanted),
                                           why.reason ? MemoryContextStrdup(batch, why.reason) : nullptr, why.value};
}

// As EnterpriseDB's wrapper: values of another type are NULL, but in a column of type name; what a number or a text
// cannot hold is an error in its words.
bool raises_as_edb(const ColumnOptions *column, const Misfit &why) {
    bool beyond =
        why.sqlstate == ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE || why.sqlstate == ERRCODE_STRING_DATA_RIGHT_TRUNCATION;
    return column->on_error == OnError::Compatible && beyond && !why.position[0];
}

[[noreturn]] void raise_as_edb(const Decoder *decoder, const ColumnOptions *column, const Misfit &why) {
    const char *wanted = format_type_with_typemod(column->type, column->typmod);
    const char *where = psprintf("It is field \"%s\" of the document with _id %s of \"%s\".", column->path.text,
                                 document_id(decoder->document), decoder->table->name_space);
    const char *value = shown_value(why.value);
    Oid type = getBaseType(column->type);
    if (type == NAMEOID)
        ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_DATA_TYPE), errmsg("cannot convert BSON type to column type"),
                        errdetail("%s It holds %s.", where, value),
                        errhint("Column type \"NAME\" is compatible only with BSON type \"ObjectId\".")));
    if (type == NUMERICOID)
        ereport(ERROR, (errcode(why.sqlstate), errmsg("numeric field overflow"),
                        errdetail("%s It holds %s, which does not fit %s.", where, value, wanted)));
    if (why.sqlstate == ERRCODE_STRING_DATA_RIGHT_TRUNCATION)
        ereport(ERROR, (errcode(why.sqlstate), errmsg("value too long for type %s", wanted), errdetail("%s", where)));
    ereport(ERROR, (errcode(why.sqlstate), errmsg("value \"%s\" is out of range for type %s", value, wanted),
                    errdetail("%s", where)));
    pg_unreachable();
}

void on_misfit(Decoder *decoder, Level *level, const ColumnOptions *column, const Misfit &why) {
    bool only_object_ids =
        column->rules.edb && column->on_error == OnError::Error && getBaseType(column->type) == NAMEOID;
    if (only_object_ids || raises_as_edb(column, why))
        raise_as_edb(decoder, column, why);
    if (column->on_error == OnError::Null || column->on_error == OnError::Compatible)
        return;
    const char *path = why.position[0] ? psprintf("%s%s", column->path.text, why.position) : column->path.text;
    const char *wanted = format_type_with_typemod(column->type, column->typmod);
    if (column->on_error == OnError::Error)
        raise_misfit(decoder, path, wanted, why, column->source);
    collect_line(decoder, level, column->number, path, wanted, why);
}

// --- walking ---

void store(Decoder *decoder, Level *level, const Target *target, Fit fit, const Misfit &why) {
    int index = target->column->number - 1;
    decoder->nulls[index] = fit != Fit::Value;
    if (fit == Fit::Misfit)
        on_misfit(decoder, level, target->column, why);
}

inline void set_targets(Decoder *decoder, Level *level, const Target *target, const BsonValue &value) {
    Misfit why;
    for (; target; target = target->next) {
        int index = target->column->number - 1;
        decoder->states[index] = reads_as_null(value.type) ? FieldState::Null : FieldState::Present;
        Fit fit = convert_value(target->converter, value, &decoder->arena, &decoder->values[index], &why);
        decoder->nulls[index] = fit != Fit::Value;
        if (fit == Fit::Misfit)
            store(decoder, level, target, fit, why);
    }
}

struct Found {
    BsonValue *values;
    uint32_t count;
    uint32_t capacity;
};

// Appends the values at keys below value; arrays on the way are looked into once, as MongoDB does.
void collect(const BsonValue &value, const char *const *keys, int count, Found *found, Arena *arena) {
    if (count == 0) {
        if (found->count == found->capacity) {
            uint32_t capacity = Max(found->capacity * 2, 8);
            BsonValue *values = static_cast<BsonValue *>(arena_alloc(arena, sizeof(BsonValue) * capacity));
            if (found->count)
                memcpy(values, found->values, sizeof(BsonValue) * found->count);
            found->values = values;
            found->capacity = capacity;
        }
        found->values[found->count++] = value;
        return;
    }
    if (value.type != BsonType::Document && value.type != BsonType::Array)
        return;
    BsonReader reader(value.data, value.size);
    while (reader.next()) {
        if (value.type == BsonType::Array) {
            if (reader.value().type == BsonType::Document)
                collect(reader.value(), keys, count, found, arena);
        } else if (strcmp(reader.key(), keys[0]) == 0) {
            collect(reader.value(), keys + 1, count - 1, found, arena);
            return;
        }
    }
}

// The columns below a node whose value is an array.
void set_through_array(Decoder *decoder, Level *level, Children *children, const BsonValue &array, int depth,
                       const char **keys) {
    for (int i = 0; i < children->count; i++) {
        PathNode *node = &children->nodes[i];
        keys[depth] = node->key;
        for (const Target *target = node->targets; target; target = target->next) {
            int index = target->column->number - 1;
            Misfit why;
            Fit fit;
            decoder->states[index] = FieldState::Present;
            if (takes_list(target->converter)) {
                Found found{};
                collect(array, keys, depth + 1, &found, &decoder->arena);
                fit = convert_list(target->converter, found.values, found.count, &decoder->arena,
                                   &decoder->values[index], &why);
            } else {
                why = {ERRCODE_INVALID_CHARACTER_VALUE_FOR_CAST, "an array stands on the path", array, ""};
                fit = Fit::Misfit;
            }
            store(decoder, level, target, fit, why);
        }
        if (node->captures) {
            level->captured = array;
            level->captured_blocked = true;
        }
        if (node->children && depth + 1 < 100)
            set_through_array(decoder, level, node->children, array, depth + 1, keys);
    }
}

const ColumnOptions *first_column(const Children *children) {
    for (int i = 0; i < children->count; i++) {
        const PathNode &node = children->nodes[i];
        if (node.targets)
            return node.targets->column;
        if (const ColumnOptions *column = node.children ? first_column(node.children) : nullptr)
            return column;
    }
    return nullptr;
}

// A value that stands where a sub-document with columns is expected, and in no column itself. The fields below it are
// missing, as for MongoDB, which is no error; the row tells of it where it tells of misfits.
void note_no_document(Decoder *decoder, Level *level, const Children *children, int depth, const BsonValue &value) {
    if (!decoder->tells_misfits || reads_as_null(value.type))
        return;
    const ColumnOptions *column = first_column(children);
    if (!column || column->on_error != OnError::Collect)
        return;
    const char *dotted = dotted_path({column->path.keys, depth, nullptr, false, false});
    const char *path = pg_any_to_server(dotted, strlen(dotted), PG_UTF8);
    Misfit why{ERRCODE_INVALID_CHARACTER_VALUE_FOR_CAST, "it is no document", value, ""};
    collect_line(decoder, level, 0, path, "document", why);
}

void walk(Decoder *decoder, Level *level, Children *children, const uint8_t *data, uint32_t size);

inline void visit(Decoder *decoder, Level *level, PathNode *node, const BsonValue &value) {
    set_targets(decoder, level, node->targets, value);
    if (node->captures)
        level->captured = value;
    if (node->children) {
        if (value.type == BsonType::Document) {
            walk(decoder, level, node->children, value.data, value.size);
        } else if (value.type == BsonType::Array) {
            const char *keys[100];
            set_through_array(decoder, level, node->children, value, 0, keys);
        } else if (!node->targets) {
            note_no_document(decoder, level, node->children, node->depth, value);
        }
    }
}

void walk(Decoder *decoder, Level *level, Children *children, const uint8_t *data, uint32_t size) {
    check_stack_depth();
    if (size < 5 || read_le<uint32_t>(data) != size || data[size - 1] != 0)
        raise_malformed(decoder);
    const uint8_t *at = data + 4, *end = data + size - 1;
    uint64_t serial = ++decoder->serial; // of this visit of these children
    int position = 0, found = 0;
    while (at < end) {
        BsonType type = static_cast<BsonType>(*at++);
        PathNode *node;
        Slot *slot = &children->slots[position < kMaxSlots ? position : kMaxSlots - 1];
        if (slot->size && end - at >= slot->size && memcmp(at, slot->key, slot->size) == 0) {
            node = slot->node;
            at += slot->size;
        } else {
            const uint8_t *nul = static_cast<const uint8_t *>(memchr(at, 0, end - at));
            if (!nul)
                raise_malformed(decoder);
            uint32_t length = static_cast<uint32_t>(nul - at);
            node = node_of(children, reinterpret_cast<const char *>(at), length);
            if (length < kSlotKey) {
                slot->size = static_cast<uint8_t>(length + 1);
                memcpy(slot->key, at, length + 1);
                slot->node = node;
            }
            at = nul + 1;
        }
        position++;
        int64_t value_bytes = value_size(type, at, end);
        if (value_bytes < 0)
            raise_malformed(decoder);
        if (node && node->serial != serial) {
            node->serial = serial;
            visit(decoder, level, node, {type, at, static_cast<uint32_t>(value_bytes)});
            if (++found == children->count)
                return;
        }
        at += value_bytes;
    }
}

void clear_level(Decoder *decoder, Level *level) {
    for (int i = 0; i < level->target_count; i++) {
        decoder->nulls[level->attributes[i] - 1] = true;
        decoder->states[level->attributes[i] - 1] = FieldState::Missing;
    }
    level->captured = {BsonType::Missing, nullptr, 0};
    level->captured_blocked = false;
    level->error_count = 0;
}

// False for the columns of a joined table of which no document was found.
bool has_document(const Decoder *decoder, const ColumnOptions *column) {
    return !column->source || field_of(decoder->document, column->source->as).type != BsonType::Missing;
}

// Domains may refuse NULL: columns that were not found are checked like those that hold null.
void check_missing_domains(Decoder *decoder, Level *level, Children *children, Target *targets) {
    static const BsonValue kNothing{BsonType::Missing, nullptr, 0};
    for (Target *target = targets; target; target = target->next)
        if (target->converter->kind == Kind::Domain && has_document(decoder, target->column) &&
            decoder->states[target->column->number - 1] == FieldState::Missing) {
            Misfit why;
            Fit fit = convert_value(target->converter, kNothing, &decoder->arena,
                                    &decoder->values[target->column->number - 1], &why);
            if (fit == Fit::Misfit)
                on_misfit(decoder, level, target->column, why);
        }
    for (int i = 0; children && i < children->count; i++)
        check_missing_domains(decoder, level, children->nodes[i].children, children->nodes[i].targets);
}

void decode_level(Decoder *decoder, Level *level, const BsonValue &value) {
    clear_level(decoder, level);
    level->value = value;
    set_targets(decoder, level, level->element_targets, value);
    if (level->root) {
        if (value.type == BsonType::Document) {
            walk(decoder, level, level->root, value.data, value.size);
        } else if (value.type == BsonType::Array) {
            const char *keys[100];
            set_through_array(decoder, level, level->root, value, 0, keys);
        } else if (level->path && !level->element_targets) {
            note_no_document(decoder, level, level->root, level->path->count, value);
        }
    }
    check_missing_domains(decoder, level, level->root, level->element_targets);
}

const char *wanted_of(const Level *level) { return level->path->map ? "document" : "array"; }

Misfit no_array(const Level *level, const Level &outer) {
    const char *reason = outer.captured_blocked ? "an array stands on the path"
                         : level->path->map     ? "it is no document"
                                                : "it is not an array";
    return {ERRCODE_INVALID_CHARACTER_VALUE_FOR_CAST, reason, outer.captured, ""};
}

// Starts the rows of an unwound array; false when it gives none.
bool begin_level(Decoder *decoder, Level *level, Level *outer) {
    const BsonValue &value = outer->captured;
    level->ordinal = 0;
    level->name = nullptr;
    level->no_element = false;
    level->at = level->end = nullptr;
    if (reads_as_null(value.type))
        return false;
    BsonType container = level->path->map ? BsonType::Document : BsonType::Array;
    if (value.type == container && !outer->captured_blocked) {
        if (value.size < 5 || read_le<uint32_t>(value.data) != value.size)
            raise_malformed(decoder);
        level->at = value.data + 4;
        level->end = value.data + value.size - 1;
        return level->at < level->end;
    }
    if (decoder->table->array_from_scalar && !level->path->map && !outer->captured_blocked) {
        level->at = value.data; // a single element, told apart by end
        return true;
    }
    if (decoder->table->on_error == OnError::Error)
        raise_misfit(decoder, level->path->text, wanted_of(level), no_array(level, *outer));
    level->no_element = true;
    return true;
}

// Moves to the next element of a level and decodes it; false when there is none.
bool next_element(Decoder *decoder, Level *level, Level *outer) {
    if (level->no_element) {
        level->no_element = false;
        level->ordinal = 0;
        level->name = nullptr;
        clear_level(decoder, level);
        level->value = kMissing;
        for (Level *inner = level->inner; inner; inner = inner->inner) {
            clear_level(decoder, inner);
            inner->value = kMissing;
        }
        if (decoder->table->on_error == OnError::Collect) {
            collect_line(decoder, level, 0, level->path->text, wanted_of(level), no_array(level, *outer));
        }
        level->at = level->end = nullptr;
        level->ordinal = -1;
        return true;
    }
    if (!level->at)
        return false;
    if (!level->end) { // array_from_scalar
        level->at = nullptr;
        level->ordinal = 1;
        decode_level(decoder, level, outer->captured);
        return true;
    }
    if (level->at >= level->end)
        return false;
    BsonType type = static_cast<BsonType>(*level->at);
    const uint8_t *nul = static_cast<const uint8_t *>(memchr(level->at + 1, 0, level->end - level->at - 1));
    if (!nul)
        raise_malformed(decoder);
    int64_t size = value_size(type, nul + 1, level->end);
    if (size < 0)
        raise_malformed(decoder);
    level->name = level->path->map ? reinterpret_cast<const char *>(level->at + 1) : nullptr;
    level->at = nul + 1 + size;
    level->ordinal++;
    decode_level(decoder, level, {type, nul + 1, static_cast<uint32_t>(size)});
    return true;
}

// Moves to the next row of the current document, innermost level first. levels[0] is the document itself.
bool next_unwound_row(Decoder *decoder, bool first) {
    int last = decoder->level_count - 1;
    int depth = first ? 1 : last;
    if (first && !begin_level(decoder, &decoder->levels[1], &decoder->levels[0]))
        return false;
    while (depth >= 1) {
        Level *level = &decoder->levels[depth];
        if (level->ordinal == -1 && !first) { // its only row was the one without an element
            level->ordinal = 0;
            depth--;
            continue;
        }
        if (!next_element(decoder, level, &decoder->levels[depth - 1])) {
            depth--;
            continue;
        }
        if (depth == last || level->ordinal == -1) {
            for (int i = depth + 1; i <= last; i++)
                decoder->levels[i].ordinal = -1, decoder->levels[i].at = nullptr, decoder->levels[i].no_element = false;
            return true;
        }
        if (begin_level(decoder, &decoder->levels[depth + 1], level))
            depth++;
        first = false;
    }
    return false;
}

// --- the columns that are made ---

Datum make_errors(Decoder *decoder, bool *is_null) {
    int count = 0;
    for (int i = 0; i < decoder->level_count; i++)
        count += decoder->levels[i].error_count;
    *is_null = count == 0;
    if (count == 0)
        return 0;
    auto text_node = [](const char *text) {
        JsonNode node{};
        node.kind = JsonNode::Kind::String;
        node.text = text; // made from server text, which jsonb takes as it is
        node.length = strlen(text);
        node.checked = true;
        return node;
    };
    Arena *arena = &decoder->arena;
    JsonMember *items = static_cast<JsonMember *>(arena_alloc(arena, sizeof(JsonMember) * count));
    int at = 0;
    for (int i = 0; i < decoder->level_count; i++)
        for (int j = 0; j < decoder->levels[i].error_count; j++) {
            const ErrorLine &line = decoder->levels[i].errors[j];
            JsonMember *members = static_cast<JsonMember *>(arena_alloc(arena, sizeof(JsonMember) * 5));
            members[0] = {"path", text_node(line.path)};
            members[1] = {"bson_type", text_node(type_name(line.value.type))};
            members[2].key = "value";
            json_node_of(line.value, JsonForm::Canonical, arena, &members[2].node);
            Datum ignored;
            if (make_jsonb(members[2].node, JsonForm::Canonical, arena, &ignored) != JsonFault::None) {
                // What jsonb cannot hold is shown as the text of its JSON.
                StringInfoData text;
                initStringInfo(&text);
                JsonFault fault = append_json(&text, members[2].node, JsonForm::Canonical, arena);
                members[2].node = text_node(fault == JsonFault::None ? text.data : "(unreadable)");
            }
            members[3] = {"wanted", text_node(line.wanted)};
            uint32_t size = 4;
            if (line.reason)
                members[size++] = {"reason", text_node(line.reason)};
            items[at].key = nullptr;
            items[at].node = {};
            items[at].node.kind = JsonNode::Kind::Object;
            items[at].node.members = members;
            items[at].node.length = size;
            at++;
        }
    JsonNode all{};
    all.kind = JsonNode::Kind::Items;
    all.members = items;
    all.length = count;
    Datum result = 0;
    if (make_jsonb(all, JsonForm::Canonical, arena, &result) != JsonFault::None)
        elog(ERROR, "could not write the conversion errors of a row");
    return result;
}

Datum make_missing(Decoder *decoder) {
    const TableOptions *table = decoder->table;
    Datum *names = static_cast<Datum *>(arena_alloc(&decoder->arena, sizeof(Datum) * Max(table->column_count, 1)));
    int count = 0;
    MemoryContext old = MemoryContextSwitchTo(decoder->arena.context);
    for (int i = 0; i < table->column_count; i++)
        if (!table->columns[i].dropped && table->columns[i].role == Role::Field &&
            decoder->states[i] == FieldState::Missing)
            names[count++] = CStringGetTextDatum(table->columns[i].path.text);
    Datum result = PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
    MemoryContextSwitchTo(old);
    return result;
}

// The name of the field of a map; false where the level is none, or has no row. What is no text raises: the key of a
// row is no place for a misfit.
bool name_of_level(const Decoder *decoder, const Level *level, Datum *out) {
    if (!level->name || level->ordinal < 1)
        return false;
    const char *name = level->name;
    uint32_t length = static_cast<uint32_t>(strlen(name));
    if (to_server_text(&name, &length) != TextFault::None)
        ereport(ERROR,
                (errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
                 errmsg("the name of a field of \"%s\" cannot be said in the database encoding", level->path->text),
                 errdetail("It is field %d, in the document with _id %s of \"%s\".", level->ordinal,
                           document_id(decoder->document), decoder->table->name_space)));
    *out = PointerGetDatum(cstring_to_text_with_len(name, static_cast<int>(length)));
    return true;
}

// An array with an element for each level, NULL for levels without a row; NULL where the outermost has none.
template <class OfLevel>
Datum make_level_array(Decoder *decoder, Oid type, int16 size, bool by_value, OfLevel of_level, bool *null) {
    int count = decoder->level_count - 1;
    *null = decoder->levels[1].ordinal < 1;
    if (*null)
        return 0;
    Datum values[16];
    bool nulls[16];
    int dimensions[1] = {count}, bounds[1] = {1};
    MemoryContext old = MemoryContextSwitchTo(decoder->arena.context);
    for (int i = 0; i < count; i++)
        nulls[i] = !of_level(&decoder->levels[i + 1], &values[i]);
    Datum result =
        PointerGetDatum(construct_md_array(values, nulls, 1, dimensions, bounds, type, size, by_value, TYPALIGN_INT));
    MemoryContextSwitchTo(old);
    return result;
}

Datum make_ords(Decoder *decoder, bool *null) {
    auto ordinal_of = [](const Level *level, Datum *out) {
        *out = Int32GetDatum(level->ordinal);
        return level->ordinal >= 1;
    };
    return make_level_array(decoder, INT4OID, sizeof(int32), true, ordinal_of, null);
}

Datum make_names(Decoder *decoder, bool *null) {
    auto name_of = [&](const Level *level, Datum *out) { return name_of_level(decoder, level, out); };
    return make_level_array(decoder, TEXTOID, -1, false, name_of, null);
}

// The whole document, or what is left of it.
void set_document(Decoder *decoder, const MadeColumn &made) {
    int index = made.column->number - 1;
    bool rest = made.column->role == Role::Rest;
    BsonValue value = rest ? rest_of(decoder) : decoder->document;
    decoder->nulls[index] = true;
    if (value.type == BsonType::Missing)
        return;
    Misfit why;
    Fit fit = convert_whole(made.converter, value, &decoder->arena, &decoder->values[index], &why);
    decoder->nulls[index] = fit != Fit::Value;
    if (fit != Fit::Misfit || made.column->on_error == OnError::Null || made.column->on_error == OnError::Compatible)
        return;
    const char *wanted = format_type_be(made.column->type);
    if (made.column->on_error == OnError::Error)
        raise_misfit(decoder, made.column->name, wanted, why);
    collect_line(decoder, &decoder->levels[0], made.column->number, made.column->name, wanted, why);
}

// NULL where there is no _id (a view may leave it out).
Datum make_key(Decoder *decoder, bool *null) {
    BsonValue id = field_of(decoder->document, "_id");
    *null = id.type == BsonType::Missing;
    if (*null)
        return 0;
    uint64_t size = id_key_size(id);
    if (size == 0)
        raise_malformed(decoder);
    bytea *key = static_cast<bytea *>(arena_alloc(&decoder->arena, VARHDRSZ + size));
    SET_VARSIZE(key, VARHDRSZ + size);
    write_id_key(id, reinterpret_cast<uint8_t *>(VARDATA(key)));
    return PointerGetDatum(key);
}

void set_made_columns(Decoder *decoder) {
    int32 ordinal = decoder->levels[decoder->level_count - 1].ordinal;
    for (int i = 0; i < decoder->made_count; i++) {
        const MadeColumn &made = decoder->made[i];
        int index = made.column->number - 1;
        decoder->nulls[index] = false;
        switch (made.column->role) {
        case Role::Doc:
        case Role::Rest:
            set_document(decoder, made);
            break;
        case Role::Missing:
            decoder->values[index] = make_missing(decoder);
            break;
        case Role::Ord:
            decoder->values[index] = made.column->type == INT8OID ? Int64GetDatum(ordinal) : Int32GetDatum(ordinal);
            decoder->nulls[index] = ordinal < 1;
            break;
        case Role::Ords:
            decoder->values[index] = make_ords(decoder, &decoder->nulls[index]);
            break;
        case Role::Names:
            decoder->values[index] = make_names(decoder, &decoder->nulls[index]);
            break;
        case Role::Name: {
            MemoryContext old = MemoryContextSwitchTo(decoder->arena.context);
            decoder->nulls[index] =
                !name_of_level(decoder, &decoder->levels[decoder->level_count - 1], &decoder->values[index]);
            MemoryContextSwitchTo(old);
            break;
        }
        case Role::Key:
            decoder->values[index] = make_key(decoder, &decoder->nulls[index]);
            break;
        case Role::Errors:
            decoder->values[index] = make_errors(decoder, &decoder->nulls[index]);
            break;
        case Role::Field:
            break;
        }
    }
}

bool next_document(Decoder *decoder) {
    if (decoder->single) {
        decoder->single = false;
        decoder->documents++;
        return true;
    }
    if (decoder->at >= decoder->end)
        return false;
    BsonType type = static_cast<BsonType>(*decoder->at);
    const uint8_t *key = decoder->at + 1;
    const uint8_t *nul = static_cast<const uint8_t *>(memchr(key, 0, decoder->end - key));
    int64_t size = nul ? value_size(type, nul + 1, decoder->end) : -1;
    if (type != BsonType::Document || size < 0)
        raise_malformed(decoder);
    decoder->document = {type, nul + 1, static_cast<uint32_t>(size)};
    decoder->at = nul + 1 + size;
    decoder->documents++;
    return true;
}

} // namespace

Decoder *make_decoder(const TableOptions *table, const bool *needed) {
    Decoder *decoder = static_cast<Decoder *>(palloc0(sizeof(Decoder)));
    decoder->table = table;
    decoder->context = CurrentMemoryContext;
    decoder->arena.context = AllocSetContextCreate(CurrentMemoryContext, "mongo_fdw_cpp batch", ALLOCSET_DEFAULT_SIZES);
    decoder->level_count = table->unwind_levels + 1;
    decoder->levels = static_cast<Level *>(palloc0(sizeof(Level) * decoder->level_count));
    decoder->states = static_cast<FieldState *>(palloc0(Max(table->column_count, 1)));
    decoder->made = static_cast<MadeColumn *>(palloc0(sizeof(MadeColumn) * Max(table->column_count, 1)));
    for (int i = 0; i < decoder->level_count; i++) {
        Level *level = &decoder->levels[i];
        level->attributes = static_cast<AttrNumber *>(palloc0(sizeof(AttrNumber) * Max(table->column_count, 1)));
        if (i > 0)
            level->path = &table->unwind[i - 1];
        if (i + 1 < decoder->level_count)
            level->inner = &decoder->levels[i + 1];
    }
    bool all = false;
    for (int i = 0; i < table->column_count; i++) {
        const ColumnOptions &column = table->columns[i];
        all = all || (needed[i] && tells_of_others(column.role));
    }
    for (int i = 0; i < table->column_count; i++) {
        const ColumnOptions *column = &table->columns[i];
        if (column->dropped || !(needed[i] || (all && column->role == Role::Field)))
            continue;
        if (column->role == Role::Field)
            add_target(decoder, column);
        else if (column->role != Role::Errors)
            add_made(decoder, column);
    }
    for (int i = 0; i < table->column_count; i++)
        if (needed[i] && !table->columns[i].dropped && table->columns[i].role == Role::Errors) {
            add_made(decoder, &table->columns[i]);
            decoder->tells_misfits = true;
        }
    for (int i = 0; i < decoder->made_count; i++)
        add_excepted(decoder, decoder->made[i].column);
    for (int i = 1; i < decoder->level_count; i++) {
        int skipped = i > 1 ? table->unwind[i - 2].count : 0;
        node_at(&decoder->levels[i - 1], table->unwind[i - 1].keys + skipped, table->unwind[i - 1].count - skipped)
            ->captures = &decoder->levels[i - 1];
    }
    decoder->direct = decoder->level_count == 1;
    if (!decoder->direct) {
        decoder->values = static_cast<Datum *>(palloc0(sizeof(Datum) * Max(table->column_count, 1)));
        decoder->nulls = static_cast<bool *>(palloc(Max(table->column_count, 1)));
        memset(decoder->nulls, true, table->column_count);
    }
    return decoder;
}

void begin_batch(Decoder *decoder, mongo::Bytes batch) {
    arena_reset(&decoder->arena);
    decoder->in_document = false;
    decoder->single = false;
    decoder->documents = 0;
    decoder->at = decoder->end = batch.data;
    if (batch.size < 5)
        return;
    decoder->at = batch.data + 4;
    decoder->end = batch.data + batch.size - 1;
}

void begin_document(Decoder *decoder, const BsonValue &document) {
    begin_batch(decoder, {nullptr, 0});
    decoder->document = document;
    decoder->single = true;
}

void expect_given_documents(Decoder *decoder) { decoder->given = true; }

// Whether the row has no partner for lack of a key.
static bool lacks_key(const Decoder *decoder, const bool *nulls) {
    return decoder->table->optional_count > 0 && nulls[decoder->table->optional_key];
}

static void clear_optional(const Decoder *decoder, bool *nulls) {
    memset(nulls + decoder->table->optional_first, true, decoder->table->optional_count);
}

static bool decode_next_row(Decoder *decoder, Datum *values, bool *nulls) {
    int count = decoder->table->column_count;
    if (decoder->direct) {
        if (!next_document(decoder))
            return false;
        decoder->values = values;
        decoder->nulls = nulls;
        memset(nulls, true, count);
        decode_level(decoder, &decoder->levels[0], decoder->document);
        set_made_columns(decoder);
        if (lacks_key(decoder, nulls))
            clear_optional(decoder, nulls);
        return true;
    }
    bool unwinds_other = decoder->table->optional_count > 0 && decoder->table->optional_unwinds;
    for (;;) {
        bool first = !decoder->in_document;
        if (first) {
            if (!next_document(decoder))
                return false;
            decode_level(decoder, &decoder->levels[0], decoder->document);
        }
        bool lacks = lacks_key(decoder, decoder->nulls);
        decoder->in_document = !(lacks && unwinds_other) && next_unwound_row(decoder, first);
        bool alone = unwinds_other && first && !decoder->in_document; // the other side gives no row
        if (!decoder->in_document && !alone)
            continue;
        set_made_columns(decoder);
        memcpy(values, decoder->values, sizeof(Datum) * count);
        memcpy(nulls, decoder->nulls, count);
        if (alone || lacks)
            clear_optional(decoder, nulls);
        return true;
    }
}

bool decode_row(Decoder *decoder, Datum *values, bool *nulls) {
    bool found = decode_next_row(decoder, values, nulls);
#ifdef MONGO_FDW_FAULTY_DECODER
    if (found)
        spoil_row(decoder->table, values, nulls);
#endif
    return found;
}

FieldState field_state(const Decoder *decoder, AttrNumber column) { return decoder->states[column - 1]; }

void visit_misfits(const Decoder *decoder, void (*visit)(void *argument, AttrNumber column, BsonType type),
                   void *argument) {
    for (int i = 0; i < decoder->level_count; i++)
        for (int j = 0; j < decoder->levels[i].error_count; j++)
            visit(argument, decoder->levels[i].errors[j].column, decoder->levels[i].errors[j].value.type);
}

BsonValue current_document(const Decoder *decoder) { return decoder->document; }

uint32_t documents_in_batch(const Decoder *decoder) { return decoder->documents; }

} // namespace mongo_fdw
