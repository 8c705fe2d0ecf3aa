// Filters that find a document only as it was read. Zone B.
//
// Compare and set: beside the raw _id the filter holds the stored values of the fields that the statement has read. The
// query language looks into arrays and takes null for missing: guards keep both apart. A column that reads no values
// from an array on its way is as it was while the array is one. What cannot be asked for is left out: fields whose
// names the language cannot say, and values that would make the filter larger than kMostCompared bytes: a filter and
// its update have to fit into one document. Each path has one condition and stands beside _id: in an $and it would
// keep a server from looking documents up by _id.
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

// {$eq: [reference, {$literal: value}]}: documents and arrays as wholes.
void append_equality(BsonWriter *writer, FieldKey key, const char *reference, const BsonValue &value) {
    write_key(writer, BsonType::Document, key);
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

// What a path has to be. A stored value says more than the guards, which it implies.
struct Condition {
    enum Kind { None, NoArray, IsArray, IsValue } kind;
    BsonValue value;
};

// The conditions on a document, before they are written.
struct Conditions {
    const Target *target;
    Condition *fields; // by number of the field
    PathField **order; // the fields that have a condition, in the order in which they got one
    int count;
    const char **wholes; // references to what is compared as a whole, with their values
    BsonValue *whole_values;
    int whole_count;
};

Conditions no_conditions(const Target *target, int row_fields) {
    Conditions made{};
    int fields = Max(target->field_count, 1);
    made.target = target;
    made.fields = static_cast<Condition *>(palloc0(sizeof(Condition) * fields));
    made.order = static_cast<PathField **>(palloc(sizeof(PathField *) * fields));
    made.wholes = static_cast<const char **>(palloc(sizeof(char *) * row_fields));
    made.whole_values = static_cast<BsonValue *>(palloc(sizeof(BsonValue) * row_fields));
    return made;
}

void add(Conditions *conditions, PathField *field, Condition::Kind kind, const BsonValue &value = kMissing) {
    Condition &condition = conditions->fields[field->number];
    if (condition.kind == Condition::None)
        conditions->order[conditions->count++] = field;
    if (kind > condition.kind)
        condition = {kind, value};
}

void add_whole(Conditions *conditions, const char *reference, const BsonValue &value) {
    for (int i = 0; i < conditions->whole_count; i++)
        if (strcmp(conditions->wholes[i], reference) == 0)
            return;
    conditions->wholes[conditions->whole_count] = reference;
    conditions->whole_values[conditions->whole_count++] = value;
}

void add_column(Conditions *conditions, const ColumnOptions &column, const StoredField &stored) {
    if (column.role == Role::Doc) {
        add_whole(conditions, "$$ROOT", stored.value);
        return;
    }
    PathField **way = conditions->target->ways[column.number - 1];
    PathField *field = way[stored.keys - 1];
    // Behind an array on the way a value with parts is collected from all of it, others are not read.
    bool behind = stored.keys < column.path.count;
    if (behind ? is_type_with_parts(column.type) : stored.value.type == BsonType::Array) {
        add_whole(conditions, psprintf("$%s", field->path), stored.value);
        return;
    }
    // Nothing on the way is an array, which would be looked into.
    for (int i = 0; i < stored.keys - 1; i++)
        add(conditions, way[i], Condition::NoArray);
    add(conditions, field, behind ? Condition::IsArray : Condition::IsValue, stored.value);
}

void write_condition(BsonWriter *writer, const PathField *field, const Condition &condition) {
    write_key(writer, BsonType::Document, key_of(field->path));
    int operators = begin_document(writer);
    BsonType type = condition.value.type;
    if (condition.kind == Condition::IsArray) {
        append_type(writer, BsonType::Array);
    } else if (condition.kind == Condition::NoArray) {
        append_no_array(writer);
    } else if (type == BsonType::Missing) {
        write_key(writer, BsonType::Bool, key_of("$exists"));
        write_bytes(writer, "", 1);
    } else {
        if (type == BsonType::Null || type == BsonType::Undefined)
            append_type(writer, type);
        else
            write_value(writer, key_of("$eq"), condition.value);
        append_no_array(writer);
    }
    end_document(writer, operators);
}

void write_wholes(BsonWriter *writer, const Conditions &conditions) {
    if (conditions.whole_count == 1)
        append_equality(writer, key_of("$expr"), conditions.wholes[0], conditions.whole_values[0]);
    if (conditions.whole_count < 2)
        return;
    write_key(writer, BsonType::Document, key_of("$expr"));
    int expression = begin_document(writer);
    write_key(writer, BsonType::Array, key_of("$and"));
    int list = begin_document(writer);
    for (int i = 0; i < conditions.whole_count; i++)
        append_equality(writer, IndexKey(static_cast<uint32_t>(i)).key, conditions.wholes[i],
                        conditions.whole_values[i]);
    end_document(writer, list);
    end_document(writer, expression);
}

bool is_comparable(const ColumnOptions &column) {
    return column.role == Role::Doc || (column.path.plain && !is_id(column));
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
    int start = begin_document(writer);
    append_id_condition(writer, row.id);
    const Bitmapset *compared = compared_columns(target, row);
    if (compared) {
        Conditions conditions = no_conditions(target, row.field_count);
        for (int i = 0; i < row.field_count; i++)
            if (bms_is_member(row.fields[i].column, compared))
                add_column(&conditions, table->columns[row.fields[i].column - 1], row.fields[i]);
        for (int i = 0; i < conditions.count; i++)
            write_condition(writer, conditions.order[i], conditions.fields[conditions.order[i]->number]);
        write_wholes(writer, conditions);
    }
    end_document(writer, start);
    return compared;
}

} // namespace mongo_fdw
