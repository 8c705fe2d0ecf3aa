// Documents and updates out of rows. Zone B.
#include "dml/target_internal.hpp"

#include "convert/json.hpp"
#include "convert/objectid.hpp"
#include "mongo/write.hpp"
#include "options/path.hpp"

namespace mongo_fdw {

namespace {

PathField *field_below(Target *target, PathField *parent, const char *key) {
    PathField **at = &parent->first;
    for (; *at; at = &(*at)->next)
        if (strcmp((*at)->key, key) == 0)
            return *at;
    *at = static_cast<PathField *>(palloc0(sizeof(PathField)));
    (*at)->key = key;
    (*at)->key_length = static_cast<uint32_t>(strlen(key));
    (*at)->path = parent == target->fields ? key : psprintf("%s.%s", parent->path, key);
    (*at)->number = target->field_count++;
    return *at;
}

void add_column(Target *target, const ColumnOptions &column) {
    PathField *field = target->fields;
    PathField **way = static_cast<PathField **>(palloc(sizeof(PathField *) * Max(column.path.count, 1)));
    for (int i = 0; i < column.path.count; i++)
        way[i] = field = field_below(target, field, column.path.keys[i]);
    target->ways[column.number - 1] = way;
    Size size = sizeof(AttrNumber) * (field->column_count + 1);
    field->columns = static_cast<AttrNumber *>(field->columns ? repalloc(field->columns, size) : palloc(size));
    field->columns[field->column_count++] = column.number;
}

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
        BsonValue inner = value.type == BsonType::Document ? field_of(value, child->key) : kMissing;
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

void check_made_columns(const Target *target, const bool *nulls) {
    for (int i = 0; i < target->table->column_count; i++) {
        const ColumnOptions &column = target->table->columns[i];
        if (!column.dropped && !nulls[i] && is_made(column))
            raise_made_column(target, column);
    }
}

// The _id of an unfinished or finished document, for messages; of an update, that is named elsewhere, none.
const char *shown_id(const BsonWriter *writer, int start) {
    mongo::Bytes document = document_at(writer, start);
    BsonValue id = field_of(document.data, document.size, "_id");
    return id.type == BsonType::Missing ? "not part of it" : shown_json(id);
}

// Why the rows of a table are no documents that could be written; null: they are.
const char *why_no_documents(const TableOptions *table) {
    return table->unwind_levels > 0 ? "it unwinds an array: its rows are elements of documents"
           : table->pipeline        ? "its documents are made by a pipeline"
                                    : nullptr;
}

} // namespace

bool is_id(const ColumnOptions &column) {
    return column.role == Role::Field && column.path.count > 0 && strcmp(column.path.keys[0], "_id") == 0;
}

void raise_made_column(const Target *target, const ColumnOptions &column) {
    ereport(ERROR, (errcode(ERRCODE_GENERATED_ALWAYS),
                    errmsg("column \"%s\" of foreign table \"%s\" cannot be written", column.name, target->name),
                    column.role == Role::Field ? errdetail("It shows NUL characters and backslashes escaped.")
                                               : errdetail("It tells about the document and is no field of it.")));
    pg_unreachable();
}

void raise_beside_document(const Target *target, AttrNumber column) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("column \"%s\" of foreign table \"%s\" stands beside a whole document",
                           column_name(target, column), target->name),
                    errdetail("Column \"%s\" is the whole document, no other column may have a value.",
                              column_name(target, target->document))));
    pg_unreachable();
}

void check_size(const Target *target, const BsonWriter *writer, int start) {
    constexpr int kMostBytes = 16 * 1024 * 1024;
    if (writer->buffer.len - start > kMostBytes)
        ereport(ERROR,
                (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                 errmsg("a document for \"%s\" is larger than 16 MB", target->table->name_space),
                 errdetail("It has %d bytes; its _id is %s.", writer->buffer.len - start, shown_id(writer, start))));
}

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
    target->ways = static_cast<PathField ***>(palloc0(sizeof(PathField **) * Max(count, 1)));
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

} // namespace mongo_fdw
