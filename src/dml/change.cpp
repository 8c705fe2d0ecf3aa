// Updates, upserts and replacements out of rows. Zone B.
#include "dml/target_internal.hpp"

#include "convert/changes.hpp"
#include "convert/json.hpp"
#include "convert/merge.hpp"

namespace mongo_fdw {
namespace {

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
    const Encoder *encoder; // null: the value is there as BSON
    Datum datum;
    BsonValue value;
    bool removes;
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

// A column's field as a whole.
void add_column(const Target *target, FieldChanges *changes, int index, Datum value, bool null) {
    constexpr BsonValue kNull{BsonType::Null, nullptr, 0};
    bool stores_null = target->table->columns[index].write.null_is_value;
    add_change(changes,
               {target->paths[index], null ? nullptr : target->encoders[index], value, kNull, null && !stores_null});
}

void add_path_changes(FieldChanges *changes, const PathChanges &paths) {
    for (int i = 0; i < paths.count; i++)
        add_change(changes, {paths.items[i].path, nullptr, 0, paths.items[i].value,
                             paths.items[i].value.type == BsonType::Missing});
}

// No differences yet. Elements of arrays are named by their places only where the filter, or a transaction of the
// server, sees to it that they still stand there.
PathChanges differences_of(const RowChange &change, int index) {
    PathChanges paths{};
    paths.whole_arrays = !change.target->table->transactional && !bms_is_member(index + 1, change.compared);
    return paths;
}

// A value with parts that was made of the stored one: what differs. Its bytes outlive the writer.
void add_merged_column(const RowChange &change, FieldChanges *changes, int index, const BsonValue &stored) {
    const Target *target = change.target;
    BsonWriter writer;
    begin_writer(&writer);
    FieldKey key = key_of("");
    merge_value(target->encoders[index], &writer, key, change.slot->tts_values[index], stored);
    PathChanges paths = differences_of(change, index);
    add_differences(&paths, target->paths[index], stored, written_value(&writer, 0, key));
    add_path_changes(changes, paths);
}

void add_column_changes(const RowChange &change, FieldChanges *changes, int index) {
    const Target *target = change.target;
    AttrNumber column = static_cast<AttrNumber>(index + 1);
    const StoredField *stored = field_for(*change.row, column);
    bool null = change.slot->tts_isnull[index],
         whole_path = stored && stored->keys == target->table->columns[index].path.count;
    bool merges = bms_is_member(column, change.merged) || change.differing;
    if (!null && whole_path && merges && keeps_stored(target->encoders[index]) &&
        stored->value.type != BsonType::Missing)
        add_merged_column(change, changes, index, stored->value);
    else
        add_column(target, changes, index, change.slot->tts_values[index], null);
}

// Appends {$set: ..., $unset: ...}.
void write_changes(BsonWriter *writer, const FieldChanges &changes) {
    for (int pass = 0; pass < 2; pass++) {
        bool removes = pass == 1;
        int inner = -1;
        for (int i = 0; i < changes.count; i++) {
            const FieldChange &change = changes.items[i];
            if (change.removes != removes)
                continue;
            if (inner < 0) {
                write_key(writer, BsonType::Document, key_of(removes ? "$unset" : "$set"));
                inner = begin_document(writer);
            }
            FieldKey path = key_of(change.path);
            if (removes) {
                write_key(writer, BsonType::String, path);
                write_text(writer, "", 0);
            } else if (change.encoder) {
                encode_value(change.encoder, writer, path, change.datum);
            } else {
                write_value(writer, path, change.value);
            }
        }
        if (inner >= 0)
            end_document(writer, inner);
    }
}

// Appends the update that makes changes, if there are any.
Change write_operators(const Target *target, BsonWriter *writer, const FieldChanges &changes) {
    if (changes.count == 0)
        return {false, false};
    int start = begin_document(writer);
    write_changes(writer, changes);
    end_document(writer, start);
    check_size(target, writer, start);
    return {true, false};
}

// Raises 22018: NULL, or what an expression made of NULL, would take the place of a value that reads as NULL.
[[noreturn]] void raise_over_misfit(const RowChange &change, const ColumnOptions &column) {
    bool null = change.slot->tts_isnull[column.number - 1];
    ereport(
        ERROR,
        (errcode(ERRCODE_INVALID_CHARACTER_VALUE_FOR_CAST),
         null ? errmsg("setting column \"%s\" of foreign table \"%s\" to NULL would destroy a value that does not "
                       "fit it",
                       column.name, change.target->name)
              : errmsg("changing a part of column \"%s\" of foreign table \"%s\" would destroy a value that does not "
                       "fit it",
                       column.name, change.target->name),
         errdetail("The field \"%s\" of the document with _id %s holds another type and reads as NULL.",
                   column.path.text, shown_json(change.row->id)),
         null ? errhint("Write another value, or read the field through a column of type jsonb.")
              : errhint("Write a whole value that is not made of the old one, or change the field through a column "
                        "of type jsonb.")));
    pg_unreachable();
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

// What becomes of a row whose whole document is assigned: only what differs, where update operators can say that.
Change write_whole_document(const RowChange &change, BsonWriter *writer, const Bitmapset *assigned) {
    const Target *target = change.target;
    const Encoder *encoder = target->encoders[target->document - 1];
    Datum value = change.slot->tts_values[target->document - 1];
    for (int column = bms_next_member(assigned, -1); column >= 0; column = bms_next_member(assigned, column))
        if (column != target->document)
            raise_beside_document(target, static_cast<AttrNumber>(column));
    if (change.slot->tts_isnull[target->document - 1])
        ereport(ERROR, (errcode(ERRCODE_NOT_NULL_VIOLATION),
                        errmsg("the document of a row of \"%s\" cannot become NULL", target->name)));
    const StoredField *stored = field_for(*change.row, target->document);
    bool merges = stored && (bms_is_member(target->document, change.merged) || change.differing);
    BsonWriter merged;
    bool has_id;
    begin_writer(&merged);
    int start = begin_document(&merged);
    if (merges)
        merge_document(encoder, &merged, value, stored->value, &has_id);
    else
        encode_document(encoder, &merged, value, &has_id);
    end_document(&merged, start);
    check_size(target, &merged, start);
    mongo::Bytes document = document_at(&merged, start);
    BsonValue id = field_of(document.data, document.size, "_id");
    if (has_id && !same_value(id, change.row->id))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("a document in \"%s\" cannot change its _id", target->table->name_space),
                        errdetail("The new document has _id %s, the stored one %s.", shown_json(id),
                                  shown_json(change.row->id)),
                        errhint("Leave _id out of the document, or insert a new one and delete the old.")));
    PathChanges paths = differences_of(change, target->document - 1);
    if (merges && is_json_encoder(encoder) &&
        add_document_differences(&paths, stored->value, {BsonType::Document, document.data, document.size})) {
        FieldChanges changes{nullptr, 0, 0};
        add_path_changes(&changes, paths);
        return write_operators(target, writer, changes);
    }
    check_replacement(target, document);
    write_bytes(writer, document.data, document.size);
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

Change write_update(const RowChange &change, BsonWriter *writer) {
    const Target *target = change.target;
    TupleTableSlot *slot = change.slot, *old = change.old;
    const RowId &row = *change.row;
    const TableOptions *table = target->table;
    slot_getallattrs(slot);
    if (old)
        slot_getallattrs(old);
    Bitmapset *assigned = bms_copy(change.set);
    for (int i = 0; i < table->column_count; i++) {
        AttrNumber column = static_cast<AttrNumber>(i + 1);
        const ColumnOptions &options = table->columns[i];
        bool in_set = bms_is_member(column, change.set);
        if (options.dropped)
            continue;
        if (!in_set && change.differing && old && differs(column, slot, old))
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
        if (is_misfit(row, column) && (slot->tts_isnull[i] || bms_is_member(column, change.derived)))
            raise_over_misfit(change, options);
    }
    if (bms_is_empty(assigned))
        return {false, false};
    if (target->document && bms_is_member(target->document, assigned))
        return write_whole_document(change, writer, assigned);
    check_apart(target, assigned);
    FieldChanges changes{nullptr, 0, 0};
    for (int column = bms_next_member(assigned, -1); column >= 0; column = bms_next_member(assigned, column)) {
        check_nameable(target, table->columns[column - 1]);
        add_column_changes(change, &changes, column - 1);
    }
    return write_operators(target, writer, changes);
}

void write_upsert(const Target *target, BsonWriter *writer, const Datum *values, const bool *nulls,
                  const BsonValue &id) {
    int start = begin_document(writer);
    FieldChanges changes{nullptr, 0, 0};
    Bitmapset *assigned = nullptr;
    for (int i = 0; i < target->table->column_count; i++) {
        const ColumnOptions &column = target->table->columns[i];
        if (column.dropped || !is_written(column) || is_id(column) || (nulls[i] && !column.write.null_is_value))
            continue;
        check_nameable(target, column);
        assigned = bms_add_member(assigned, column.number);
        add_column(target, &changes, i, values[i], nulls[i]);
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

void append_id_condition(BsonWriter *writer, const BsonValue &id) {
    bool operators = id.type == BsonType::Document || id.type == BsonType::Regex;
    int inner = -1;
    if (operators) {
        write_key(writer, BsonType::Document, key_of("_id"));
        inner = begin_document(writer);
    }
    write_value(writer, key_of(operators ? "$eq" : "_id"), id);
    if (operators)
        end_document(writer, inner);
}

void write_id_filter(BsonWriter *writer, const BsonValue &id) {
    int start = begin_document(writer);
    append_id_condition(writer, id);
    end_document(writer, start);
}

} // namespace mongo_fdw
