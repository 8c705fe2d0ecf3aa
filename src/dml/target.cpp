// Documents and updates out of rows. Zone B.
#include "dml/target.hpp"

#include "convert/json.hpp"
#include "convert/objectid.hpp"
#include "mongo/write.hpp"
#include "options/path.hpp"

namespace mongo_fdw {

// A field of the document: columns that hold it (most have one), and fields below it.
struct PathField {
    const char *key;
    uint32_t key_length;
    AttrNumber *columns;
    int column_count;
    PathField *first;
    PathField *next;
    FieldHeader header; // of a field that one column alone writes; without bytes: it has other columns or fields
};

namespace {

PathField *field_below(PathField *parent, const char *key) {
    PathField **at = &parent->first;
    for (; *at; at = &(*at)->next)
        if (strcmp((*at)->key, key) == 0)
            return *at;
    *at = static_cast<PathField *>(palloc0(sizeof(PathField)));
    (*at)->key = key;
    (*at)->key_length = static_cast<uint32_t>(strlen(key));
    return *at;
}

void add_column(Target *target, const ColumnOptions &column) {
    PathField *field = target->fields;
    for (int i = 0; i < column.path.count; i++)
        field = field_below(field, column.path.keys[i]);
    Size size = sizeof(AttrNumber) * (field->column_count + 1);
    field->columns = static_cast<AttrNumber *>(field->columns ? repalloc(field->columns, size) : palloc(size));
    field->columns[field->column_count++] = column.number;
}

bool is_id(const ColumnOptions &column) {
    return column.role == Role::Field && column.path.count > 0 && strcmp(column.path.keys[0], "_id") == 0;
}

// It tells about the document and is no part of it.
bool is_made(const ColumnOptions &column) { return column.role != Role::Field && column.role != Role::Doc; }

// _id stands first, where the server wants it.
void move_id_first(PathField *root) {
    for (PathField **at = &root->first; *at; at = &(*at)->next)
        if (strcmp((*at)->key, "_id") == 0) {
            PathField *id = *at;
            *at = id->next;
            id->next = root->first;
            root->first = id;
            return;
        }
}

const char *column_name(const Target *target, AttrNumber column) { return target->table->columns[column - 1].name; }

bool is_any_set(const PathField *field, const bool *nulls) {
    for (int i = 0; i < field->column_count; i++)
        if (!nulls[field->columns[i] - 1])
            return true;
    for (const PathField *child = field->first; child; child = child->next)
        if (is_any_set(child, nulls))
            return true;
    return false;
}

bool has_overlaps(const PathField *field) {
    if (field->column_count > 1 || (field->column_count == 1 && field->first))
        return true;
    for (const PathField *child = field->first; child; child = child->next)
        if (has_overlaps(child))
            return true;
    return false;
}

void make_headers(const Target *target, PathField *field) {
    if (field->column_count == 1 && !field->first)
        field->header = make_header(target->encoders[field->columns[0] - 1], {field->key, field->key_length});
    for (PathField *child = field->first; child; child = child->next)
        make_headers(target, child);
}

bool null_is_value(const Target *target, const PathField *field) {
    for (int i = 0; i < field->column_count; i++)
        if (target->table->columns[field->columns[i] - 1].write.null_is_value)
            return true;
    for (const PathField *child = field->first; child; child = child->next)
        if (null_is_value(target, child))
            return true;
    return false;
}

BsonValue written_value(const BsonWriter *writer, int at, FieldKey key) {
    const uint8_t *bytes = reinterpret_cast<const uint8_t *>(writer->buffer.data) + at;
    uint32_t header = 1 + key.length + 1;
    return {static_cast<BsonType>(*bytes), bytes + header, static_cast<uint32_t>(writer->buffer.len - at) - header};
}

// Columns that write the same field must agree, to the byte: none of them is dropped silently.
void check_same(const Target *target, const PathField *field, const BsonValue &value, AttrNumber first,
                const Datum *values, const bool *nulls) {
    BsonWriter scratch;
    begin_writer(&scratch);
    for (int i = 0; i < field->column_count; i++) {
        AttrNumber column = field->columns[i];
        if (nulls[column - 1] || column == first)
            continue;
        FieldKey key = key_of(field->key);
        scratch.buffer.len = 0;
        encode_value(target->encoders[column - 1], &scratch, key, values[column - 1]);
        BsonValue other = written_value(&scratch, 0, key);
        if (!same_value(other, value))
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                            errmsg("columns \"%s\" and \"%s\" give the same field different values",
                                   column_name(target, first), column_name(target, column)),
                            errhint("Give a value to one of them.")));
    }
    for (const PathField *child = field->first; child; child = child->next) {
        if (!is_any_set(child, nulls))
            continue;
        BsonValue inner =
            value.type == BsonType::Document ? field_of(value, child->key) : BsonValue{BsonType::Missing, nullptr, 0};
        check_same(target, child, inner, first, values, nulls);
    }
}

void write_fields(const Target *target, BsonWriter *writer, const PathField *parent, const Datum *values,
                  const bool *nulls);

void write_field(const Target *target, BsonWriter *writer, const PathField *field, const Datum *values,
                 const bool *nulls) {
    FieldKey key{field->key, field->key_length};
    if (field->header.bytes) {
        int index = field->columns[0] - 1;
        if (!nulls[index])
            encode_field(target->encoders[index], writer, field->header, key, values[index]);
        else if (target->table->columns[index].write.null_is_value)
            write_null(writer, key);
        return;
    }
    for (int i = 0; i < field->column_count; i++) {
        AttrNumber column = field->columns[i];
        if (nulls[column - 1])
            continue;
        int at = writer->buffer.len;
        encode_value(target->encoders[column - 1], writer, key, values[column - 1]);
        if (field->column_count > 1 || field->first)
            check_same(target, field, written_value(writer, at, key), column, values, nulls);
        return;
    }
    bool below = false;
    for (const PathField *child = field->first; child; child = child->next)
        below = below || is_any_set(child, nulls) || null_is_value(target, child);
    if (below) {
        write_key(writer, BsonType::Document, key);
        int start = begin_document(writer);
        write_fields(target, writer, field, values, nulls);
        end_document(writer, start);
    } else if (field->column_count && null_is_value(target, field)) {
        write_null(writer, key);
    }
}

void write_fields(const Target *target, BsonWriter *writer, const PathField *parent, const Datum *values,
                  const bool *nulls) {
    for (const PathField *field = parent->first; field; field = field->next)
        write_field(target, writer, field, values, nulls);
}

void write_new_id(BsonWriter *writer) {
    uint8_t id[12];
    mongo::make_object_id(id);
    write_key(writer, BsonType::ObjectId, key_of("_id"));
    write_bytes(writer, id, sizeof id);
}

// Types whose columns show an ObjectId that is made for them.
bool reads_object_ids(const ColumnOptions &column) {
    Oid type = getBaseType(column.type);
    char category;
    bool preferred;
    get_type_category_preferred(type, &category, &preferred);
    return category == TYPCATEGORY_STRING || type == BYTEAOID || type == JSONOID || type == JSONBOID ||
           type == objectid_type();
}

[[noreturn]] void raise_made_column(const Target *target, const ColumnOptions &column) {
    ereport(ERROR, (errcode(ERRCODE_GENERATED_ALWAYS),
                    errmsg("column \"%s\" of foreign table \"%s\" cannot be written", column.name, target->name),
                    errdetail("It tells about the document and is no field of it.")));
    pg_unreachable();
}

void check_made_columns(const Target *target, const bool *nulls) {
    for (int i = 0; i < target->table->column_count; i++) {
        const ColumnOptions &column = target->table->columns[i];
        if (!column.dropped && !nulls[i] && is_made(column))
            raise_made_column(target, column);
    }
}

[[noreturn]] void raise_beside_document(const Target *target, AttrNumber column) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("column \"%s\" of foreign table \"%s\" stands beside a whole document",
                           column_name(target, column), target->name),
                    errdetail("Column \"%s\" is the whole document, no other column may have a value.",
                              column_name(target, target->document))));
    pg_unreachable();
}

// The _id of an unfinished or finished document, for messages; of an update, that is named elsewhere, none.
const char *shown_id(const BsonWriter *writer, int start) {
    mongo::Bytes document = document_at(writer, start);
    BsonValue id = field_of(document.data, document.size, "_id");
    return id.type == BsonType::Missing ? "not part of it" : shown_json(id);
}

void check_size(const Target *target, const BsonWriter *writer, int start) {
    constexpr int kMostBytes = 16 * 1024 * 1024;
    if (writer->buffer.len - start > kMostBytes)
        ereport(ERROR,
                (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                 errmsg("a document for \"%s\" is larger than 16 MB", target->table->name_space),
                 errdetail("It has %d bytes; its _id is %s.", writer->buffer.len - start, shown_id(writer, start))));
}

bool is_misfit(const RowId &row, AttrNumber column) {
    for (int i = 0; i < row.misfit_count; i++)
        if (row.misfit[i] == column)
            return true;
    return false;
}

bool differs(AttrNumber column, TupleTableSlot *slot, TupleTableSlot *old) {
    int i = column - 1;
    if (slot->tts_isnull[i] != old->tts_isnull[i])
        return true;
    if (slot->tts_isnull[i])
        return false;
    Form_pg_attribute attribute = attribute_of(slot->tts_tupleDescriptor, i);
    return !datum_image_eq(slot->tts_values[i], old->tts_values[i], attribute->attbyval, attribute->attlen);
}

void check_nameable(const Target *target, const ColumnOptions &column) {
    if (!column.path.plain)
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                 errmsg("column \"%s\" of foreign table \"%s\" cannot be updated", column.name, target->name),
                 errdetail("Its path %s has a key that MongoDB's update operators cannot name.", column.path.text),
                 errhint("Update the whole document through a column with role \"doc\".")));
}

// A field that an update sets or removes.
struct FieldChange {
    const char *path;
    const Encoder *encoder;
    Datum value;
    bool null;
    bool stores_null;
};

struct FieldChanges {
    FieldChange *items;
    int count;
    int capacity;
};

void add_change(FieldChanges *changes, const FieldChange &change) {
    if (changes->count == changes->capacity) {
        changes->capacity = Max(changes->capacity * 2, 8);
        Size size = sizeof(FieldChange) * changes->capacity;
        changes->items = static_cast<FieldChange *>(changes->items ? repalloc(changes->items, size) : palloc(size));
    }
    changes->items[changes->count++] = change;
}

struct CompositeChanges {
    FieldChanges *changes;
    const char *path;
    bool stores_null;
};

void add_composite_changes(void *argument, const char *name, const Encoder *encoder, Datum value, bool null, Datum old,
                           bool old_null) {
    const CompositeChanges *outer = static_cast<const CompositeChanges *>(argument);
    check_stack_depth();
    const char *path = psprintf("%s.%s", outer->path, name);
    CompositeChanges inner{outer->changes, path, outer->stores_null};
    if (null || old_null || !visit_changes(encoder, value, old, add_composite_changes, &inner))
        add_change(outer->changes, {path, encoder, value, null, outer->stores_null});
}

// A composite that stays one is changed attribute by attribute: its sub-document may have keys that the type does not
// name.
void add_column_changes(const Target *target, FieldChanges *changes, int index, TupleTableSlot *slot,
                        TupleTableSlot *old) {
    bool stores_null = target->table->columns[index].write.null_is_value;
    FieldChange whole{target->paths[index], target->encoders[index], slot->tts_values[index], slot->tts_isnull[index],
                      stores_null};
    CompositeChanges composite{changes, whole.path, stores_null};
    if (whole.null || !old || old->tts_isnull[index] ||
        !visit_changes(whole.encoder, whole.value, old->tts_values[index], add_composite_changes, &composite))
        add_change(changes, whole);
}

// Appends {$set: ..., $unset: ...}.
void write_changes(BsonWriter *writer, const FieldChanges &changes) {
    for (int pass = 0; pass < 2; pass++) {
        bool removes = pass == 1;
        int inner = -1;
        for (int i = 0; i < changes.count; i++) {
            const FieldChange &change = changes.items[i];
            if ((change.null && !change.stores_null) != removes)
                continue;
            if (inner < 0) {
                write_key(writer, BsonType::Document, key_of(removes ? "$unset" : "$set"));
                inner = begin_document(writer);
            }
            FieldKey path = key_of(change.path);
            if (removes) {
                write_key(writer, BsonType::String, path);
                write_text(writer, "", 0);
            } else if (change.null) {
                write_null(writer, path);
            } else {
                encode_value(change.encoder, writer, path, change.value);
            }
        }
        if (inner >= 0)
            end_document(writer, inner);
    }
}

// Two of the assigned columns whose paths name a field and itself or a part of it; the server would refuse them.
void check_apart(const Target *target, const Bitmapset *assigned) {
    for (int a = bms_next_member(assigned, -1); a >= 0 && target->overlaps; a = bms_next_member(assigned, a))
        for (int b = bms_next_member(assigned, a); b >= 0; b = bms_next_member(assigned, b)) {
            const char *first = target->paths[a - 1], *second = target->paths[b - 1];
            Size length = first && second ? Min(strlen(first), strlen(second)) : 0;
            bool overlap = length > 0 && strncmp(first, second, length) == 0 &&
                           (!first[length] || first[length] == '.') && (!second[length] || second[length] == '.');
            if (overlap)
                ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                                errmsg("columns \"%s\" and \"%s\" write the same field",
                                       column_name(target, static_cast<AttrNumber>(a)),
                                       column_name(target, static_cast<AttrNumber>(b))),
                                errdetail("Their paths are %s and %s.", first, second), errhint("Set one of them.")));
        }
}

Change write_replacement(const Target *target, BsonWriter *writer, const Bitmapset *set, TupleTableSlot *slot,
                         const RowId &row) {
    for (int column = bms_next_member(set, -1); column >= 0; column = bms_next_member(set, column))
        if (column != target->document)
            raise_beside_document(target, static_cast<AttrNumber>(column));
    if (slot->tts_isnull[target->document - 1])
        ereport(ERROR, (errcode(ERRCODE_NOT_NULL_VIOLATION),
                        errmsg("the document of a row of \"%s\" cannot become NULL", target->name)));
    int start = begin_document(writer);
    bool has_id;
    encode_document(target->encoders[target->document - 1], writer, slot->tts_values[target->document - 1], &has_id);
    end_document(writer, start);
    check_size(target, writer, start);
    mongo::Bytes document = document_at(writer, start);
    check_replacement(target, document);
    BsonValue id = field_of(document.data, document.size, "_id");
    if (has_id && !same_value(id, row.id))
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                 errmsg("a document in \"%s\" cannot change its _id", target->table->name_space),
                 errdetail("The new document has _id %s, the stored one %s.", shown_json(id), shown_json(row.id)),
                 errhint("Leave _id out of the document, or insert a new one and delete the old.")));
    return {true, true};
}

} // namespace

// A document whose keys begin with '$' would be read as operators where it takes the place of another.
void check_replacement(const Target *target, mongo::Bytes document) {
    BsonReader reader(document.data, document.size);
    while (reader.next())
        if (reader.key()[0] == '$')
            ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                            errmsg("a document of \"%s\" cannot be replaced by one with the key \"%s\"",
                                   target->table->name_space, pnstrdup(reader.key(), 64)),
                            errdetail("MongoDB would read it as an update operator."),
                            errhint("Delete the document and insert the new one.")));
}

namespace {

// Why the rows of a table are no documents that could be written; null: they are.
const char *why_no_documents(const TableOptions *table) {
    return table->unwind_levels > 0 ? "it unwinds an array: its rows are elements of documents"
           : table->pipeline        ? "its documents are made by a pipeline"
                                    : nullptr;
}

} // namespace

bool is_writable(const TableOptions *table) { return table->updatable && !why_no_documents(table); }

Bitmapset *columns_of(List *numbers) {
    Bitmapset *columns = nullptr;
    ListCell *cell;
    foreach (cell, numbers)
        columns = bms_add_member(columns, lfirst_int(cell));
    return columns;
}

void check_writable(const TableOptions *table) {
    const char *reason = why_no_documents(table);
    const char *name = get_rel_name(table->relation);
    if (reason)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("foreign table \"%s\" is read-only", name),
                        errdetail("The reason: %s.", reason),
                        errhint("Write through a foreign table over the collection itself.")));
    if (!table->updatable)
        ereport(ERROR,
                (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("foreign table \"%s\" is read-only", name),
                 errdetail("Its option \"updatable\" is off.")));
}

Target *make_target(Oid relation) {
    Target *target = static_cast<Target *>(palloc0(sizeof(Target)));
    target->table = read_table_options(relation);
    target->name = get_rel_name(relation);
    check_writable(target->table);
    int count = target->table->column_count;
    target->encoders = static_cast<Encoder **>(palloc0(sizeof(Encoder *) * Max(count, 1)));
    target->paths = static_cast<const char **>(palloc0(sizeof(char *) * Max(count, 1)));
    target->fields = static_cast<PathField *>(palloc0(sizeof(PathField)));
    for (int i = 0; i < count; i++) {
        const ColumnOptions &column = target->table->columns[i];
        if (column.dropped || is_made(column))
            continue;
        target->encoders[i] = make_encoder(column.name, column.type, column.typmod, column.rules, column.write);
        if (column.role == Role::Doc) {
            target->document = column.number;
            continue;
        }
        add_column(target, column);
        target->paths[i] = dotted_path(column.path);
        if (is_id(column) && column.path.count == 1 && target->id == 0)
            target->id = column.number;
    }
    target->overlaps = has_overlaps(target->fields);
    make_headers(target, target->fields);
    move_id_first(target->fields);
    return target;
}

bool gives_id(const Target *target, const bool *nulls) {
    const PathField *first = target->fields->first;
    bool declared = first && strcmp(first->key, "_id") == 0 && is_any_set(first, nulls);
    return declared || (target->document && !nulls[target->document - 1]);
}

void write_document(const Target *target, BsonWriter *writer, const Datum *values, const bool *nulls) {
    check_made_columns(target, nulls);
    int start = begin_document(writer);
    if (target->document && !nulls[target->document - 1]) {
        for (int i = 0; i < target->table->column_count; i++)
            if (target->encoders[i] && !nulls[i] && i != target->document - 1)
                raise_beside_document(target, static_cast<AttrNumber>(i + 1));
        BsonWriter fields;
        bool has_id;
        begin_writer(&fields);
        encode_document(target->encoders[target->document - 1], &fields, values[target->document - 1], &has_id);
        if (!has_id)
            write_new_id(writer);
        write_bytes(writer, fields.buffer.data, fields.buffer.len);
        pfree(fields.buffer.data);
    } else {
        const PathField *first = target->fields->first;
        bool declared = first && strcmp(first->key, "_id") == 0;
        if (!declared || !is_any_set(first, nulls)) {
            if (target->id && !reads_object_ids(target->table->columns[target->id - 1]))
                ereport(ERROR, (errcode(ERRCODE_NOT_NULL_VIOLATION),
                                errmsg("null value in column \"%s\" of foreign table \"%s\"",
                                       column_name(target, target->id), target->name),
                                errdetail("A document without _id gets an ObjectId, which type %s does not read.",
                                          format_type_be(target->table->columns[target->id - 1].type))));
            write_new_id(writer);
            first = declared ? first->next : first;
        }
        for (const PathField *field = first; field; field = field->next)
            write_field(target, writer, field, values, nulls);
    }
    end_document(writer, start);
    check_size(target, writer, start);
}

Change write_update(const Target *target, BsonWriter *writer, const Bitmapset *set, bool differing,
                    TupleTableSlot *slot, TupleTableSlot *old, const RowId &row) {
    const TableOptions *table = target->table;
    slot_getallattrs(slot);
    if (old)
        slot_getallattrs(old);
    Bitmapset *assigned = bms_copy(set);
    for (int i = 0; i < table->column_count; i++) {
        AttrNumber column = static_cast<AttrNumber>(i + 1);
        const ColumnOptions &options = table->columns[i];
        bool in_set = bms_is_member(column, set);
        if (options.dropped)
            continue;
        if (!in_set && differing && old && differs(column, slot, old))
            assigned = bms_add_member(assigned, column);
        if (!bms_is_member(column, assigned))
            continue;
        // A statement that names a column without changing it changes nothing there.
        if (old && (is_id(options) || is_made(options)) && !differs(column, slot, old)) {
            assigned = bms_del_member(assigned, column);
            continue;
        }
        if (is_made(options))
            raise_made_column(target, options);
        if (is_id(options))
            ereport(ERROR,
                    (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                     errmsg("column \"%s\" of foreign table \"%s\" cannot be updated", options.name, target->name),
                     errdetail("MongoDB never changes the _id of a document; this one has %s.", shown_json(row.id)),
                     errhint("Insert a document with the new _id and delete the old one.")));
        if (is_misfit(row, static_cast<AttrNumber>(-column)))
            ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                            errmsg("column \"%s\" of foreign table \"%s\" cannot be updated by itself", options.name,
                                   target->name),
                            errdetail("Its field %s lies inside an array of the document with _id %s.",
                                      options.path.text, shown_json(row.id)),
                            errhint("Update the whole array, or the document through a column with role \"doc\".")));
        if (slot->tts_isnull[i] && is_misfit(row, column))
            ereport(ERROR,
                    (errcode(ERRCODE_INVALID_CHARACTER_VALUE_FOR_CAST),
                     errmsg("setting column \"%s\" of foreign table \"%s\" to NULL would destroy a value that does not "
                            "fit it",
                            options.name, target->name),
                     errdetail("The field \"%s\" of the document with _id %s holds another type and reads as NULL.",
                               options.path.text, shown_json(row.id)),
                     errhint("Write another value, or read the field through a column of type jsonb.")));
    }
    if (bms_is_empty(assigned))
        return {false, false};
    if (target->document && bms_is_member(target->document, assigned))
        return write_replacement(target, writer, assigned, slot, row);
    check_apart(target, assigned);
    FieldChanges changes{nullptr, 0, 0};
    for (int column = bms_next_member(assigned, -1); column >= 0; column = bms_next_member(assigned, column)) {
        check_nameable(target, table->columns[column - 1]);
        add_column_changes(target, &changes, column - 1, slot, old);
    }
    if (changes.count == 0)
        return {false, false};
    int start = begin_document(writer);
    write_changes(writer, changes);
    end_document(writer, start);
    check_size(target, writer, start);
    return {true, false};
}

void write_upsert(const Target *target, BsonWriter *writer, const Datum *values, const bool *nulls,
                  const BsonValue &id) {
    int start = begin_document(writer);
    FieldChanges changes{nullptr, 0, 0};
    Bitmapset *assigned = nullptr;
    for (int i = 0; i < target->table->column_count; i++) {
        const ColumnOptions &column = target->table->columns[i];
        if (column.dropped || column.role != Role::Field || is_id(column) || (nulls[i] && !column.write.null_is_value))
            continue;
        check_nameable(target, column);
        assigned = bms_add_member(assigned, column.number);
        add_change(&changes, {target->paths[i], target->encoders[i], values[i], nulls[i], column.write.null_is_value});
    }
    check_apart(target, assigned);
    write_changes(writer, changes);
    if (changes.count == 0) { // an update without an operator is none
        write_key(writer, BsonType::Document, key_of("$setOnInsert"));
        int inner = begin_document(writer);
        write_value(writer, key_of("_id"), id);
        end_document(writer, inner);
    }
    end_document(writer, start);
    check_size(target, writer, start);
}

void write_id_filter(BsonWriter *writer, const BsonValue &id) {
    int start = begin_document(writer);
    bool operators = id.type == BsonType::Document || id.type == BsonType::Regex;
    int inner = -1;
    if (operators) {
        write_key(writer, BsonType::Document, key_of("_id"));
        inner = begin_document(writer);
    }
    write_value(writer, key_of(operators ? "$eq" : "_id"), id);
    if (operators)
        end_document(writer, inner);
    end_document(writer, start);
}

} // namespace mongo_fdw
