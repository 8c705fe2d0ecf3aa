// Filters that find a document only as it was read. Zone B.
//
// Compare and set: beside the raw _id the filter holds the stored values of the fields that the statement has read. The
// query language looks into arrays and takes null for missing: guards keep both apart. A column that reads no values
// from an array on its way is as it was while the array is one. What cannot be asked for is left out: fields whose
// names the language cannot say, and values that would make the filter larger than kMostCompared bytes: a filter and
// its update have to fit into one document.
#include "convert/merge.hpp"
#include "dml/target_internal.hpp"

namespace mongo_fdw {
namespace {

constexpr uint32_t kMostCompared = 2 * 1024 * 1024;

// Appends {path: {$not: {$type: "array"}}} operators: the part behind the path.
void append_no_array(BsonWriter *writer) {
    write_key(writer, BsonType::Document, key_of("$not"));
    int inner = begin_document(writer);
    write_key(writer, BsonType::Int32, key_of("$type"));
    write_le(writer, static_cast<int32_t>(BsonType::Array));
    end_document(writer, inner);
}

void append_type(BsonWriter *writer, BsonType type) {
    write_key(writer, BsonType::Int32, key_of("$type"));
    write_le(writer, static_cast<int32_t>(type));
}

// The keys of a path up to a number of them, dotted.
FieldKey path_of(const ColumnOptions &column, int keys) {
    StringInfoData dotted;
    initStringInfo(&dotted);
    for (int i = 0; i < keys; i++)
        appendStringInfo(&dotted, "%s%s", i ? "." : "", column.path.keys[i]);
    return {dotted.data, static_cast<uint32_t>(dotted.len)};
}

// {$expr: {$eq: [reference, {$literal: value}]}}: documents and arrays as wholes.
void append_whole(BsonWriter *writer, const char *reference, const BsonValue &value) {
    write_key(writer, BsonType::Document, key_of("$expr"));
    int expression = begin_document(writer);
    write_key(writer, BsonType::Array, key_of("$eq"));
    int list = begin_document(writer);
    write_key(writer, BsonType::String, key_of("0"));
    write_text(writer, reference, static_cast<uint32_t>(strlen(reference)));
    write_key(writer, BsonType::Document, key_of("1"));
    int literal = begin_document(writer);
    write_value(writer, key_of("$literal"), value);
    end_document(writer, literal);
    end_document(writer, list);
    end_document(writer, expression);
}

// Nothing on the way is an array, which would be looked into.
void append_no_array_before(BsonWriter *writer, const ColumnOptions &column, int keys) {
    for (int i = 1; i < keys; i++) {
        write_key(writer, BsonType::Document, path_of(column, i));
        int guard = begin_document(writer);
        append_no_array(writer);
        end_document(writer, guard);
    }
}

// An array is on the way to the column's field: a value with parts is collected from all of it.
void append_behind_array(BsonWriter *writer, const ColumnOptions &column, const StoredField &field) {
    if (is_type_with_parts(column.type)) {
        append_whole(writer, psprintf("$%s", path_of(column, field.keys).text), field.value);
        return;
    }
    write_key(writer, BsonType::Document, path_of(column, field.keys));
    int operators = begin_document(writer);
    append_type(writer, BsonType::Array);
    end_document(writer, operators);
    append_no_array_before(writer, column, field.keys);
}

// The conditions on a column's field, but for arrays.
void append_field(BsonWriter *writer, const ColumnOptions &column, const StoredField &field) {
    write_key(writer, BsonType::Document, path_of(column, field.keys));
    int operators = begin_document(writer);
    switch (field.value.type) {
    case BsonType::Missing:
        write_key(writer, BsonType::Bool, key_of("$exists"));
        write_bytes(writer, "", 1);
        break;
    case BsonType::Null:
    case BsonType::Undefined:
        append_type(writer, field.value.type);
        append_no_array(writer);
        break;
    default:
        write_value(writer, key_of("$eq"), field.value);
        append_no_array(writer);
        break;
    }
    end_document(writer, operators);
    append_no_array_before(writer, column, field.keys);
}

bool is_comparable(const ColumnOptions &column) {
    return column.role == Role::Doc || (column.path.plain && !is_id(column));
}

void append_condition(BsonWriter *writer, const ColumnOptions &column, const StoredField &field) {
    if (column.role == Role::Doc)
        append_whole(writer, "$$ROOT", field.value);
    else if (field.keys < column.path.count)
        append_behind_array(writer, column, field);
    else if (field.value.type == BsonType::Array)
        append_whole(writer, psprintf("$%s", path_of(column, field.keys).text), field.value);
    else
        append_field(writer, column, field);
}

Bitmapset *compared_columns(const Target *target, const RowId &row) {
    Bitmapset *compared = nullptr;
    uint32_t size = 0;
    for (int i = 0; i < row.field_count && !target->table->transactional; i++) {
        const StoredField &field = row.fields[i];
        if (!is_comparable(target->table->columns[field.column - 1]) || field.value.size > kMostCompared - size)
            continue;
        size += field.value.size;
        compared = bms_add_member(compared, field.column);
    }
    return compared;
}

} // namespace

const Bitmapset *write_row_filter(const Target *target, BsonWriter *writer, const RowId &row) {
    const TableOptions *table = target->table;
    int start = begin_document(writer), list = -1;
    uint32_t count = 0;
    append_id_condition(writer, row.id);
    const Bitmapset *compared = compared_columns(target, row);
    for (int i = 0; i < row.field_count; i++) {
        const ColumnOptions &column = table->columns[row.fields[i].column - 1];
        if (!bms_is_member(column.number, compared))
            continue;
        if (list < 0) {
            write_key(writer, BsonType::Array, key_of("$and"));
            list = begin_document(writer);
        }
        write_key(writer, BsonType::Document, IndexKey(count++).key);
        int condition = begin_document(writer);
        append_condition(writer, column, row.fields[i]);
        end_document(writer, condition);
    }
    if (list >= 0)
        end_document(writer, list);
    end_document(writer, start);
    return compared;
}

} // namespace mongo_fdw
