// Updates, upserts and replacements out of rows. Zone B.
#include "dml/target_internal.hpp"

#include "convert/json.hpp"

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
