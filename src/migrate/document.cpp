// mongo_internal.document: the document that a row of a target stands for, put together again. Zone B.
//
// A tree of the columns' paths holds the values of the row; what a rest column kept is laid under it. Strings of a rest
// have backslashes and NULs escaped (convert/rest.cpp), which is undone here.
#include "convert/encode.hpp"
#include "convert/json.hpp"
#include "convert/key.hpp"
#include "convert/from_json.hpp"
#include "options/path.hpp"
#include "pg/arguments.hpp"

extern "C" {
#include "utils/builtins.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(mongo_document);
PG_FUNCTION_INFO_V1(mongo_element);
PG_FUNCTION_INFO_V1(mongo_field);
PG_FUNCTION_INFO_V1(mongo_bson_to_json);
PG_FUNCTION_INFO_V1(mongo_id_of_key);
}

namespace mongo_fdw {
namespace {

// A field of the document, or the document itself.
struct Part {
    FieldKey key;
    int column; // whose value it is, -1: none
    Part *first;
    Part *last;
    Part *next;
    bool set; // a column at or below it has a value, in this row
};

struct ColumnForm {
    Encoder *encoder;
    BsonType number; // the type that most numbers have here; Missing: that of the column's type
    BsonType made;   // Array, Document: a bytea[] of documents of one field, an element or a field of it each
};

// What a call site repeats for every row.
struct Shape {
    MemoryContext context;
    Oid row_type;
    int32 row_typmod;
    Datum paths, types; // the arguments that it was made of
    Part root;
    ColumnForm *columns;
    int count;
};

Part *part_below(Part *upper, const char *key) {
    for (Part *part = upper->first; part; part = part->next)
        if (strcmp(part->key.text, key) == 0)
            return part;
    Part *part = static_cast<Part *>(palloc0(sizeof(Part)));
    part->key = key_of(key);
    part->column = -1;
    (upper->last ? upper->last->next : upper->first) = part;
    upper->last = part;
    return part;
}

BsonType number_type(const char *name) {
    return strcmp(name, "int") == 0       ? BsonType::Int32
           : strcmp(name, "long") == 0    ? BsonType::Int64
           : strcmp(name, "double") == 0  ? BsonType::Double
           : strcmp(name, "decimal") == 0 ? BsonType::Decimal128
                                          : BsonType::Missing;
}

bool is_number(Oid type) {
    return type == INT2OID || type == INT4OID || type == INT8OID || type == NUMERICOID || type == FLOAT8OID;
}

ColumnForm column_form(const char *path, const char *type, Form_pg_attribute attribute) {
    ColumnForm form{nullptr, BsonType::Missing, BsonType::Missing};
    form.made = strcmp(type, "elements") == 0 ? BsonType::Array
                : strcmp(type, "fields") == 0 ? BsonType::Document
                                              : BsonType::Missing;
    if (form.made != BsonType::Missing && attribute->atttypid != BYTEAARRAYOID)
        ereport(ERROR,
                (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("the %s of \"%s\" must be of type bytea[]", type, path)));
    if (form.made != BsonType::Missing)
        return form;
    Oid base = getBaseType(attribute->atttypid);
    if (is_number(base))
        form.number = number_type(type);
    bool hex = base == TEXTOID && strcmp(type, "objectId") == 0;
    ReadRules read{JsonForm::Canonical, UuidLegacy::Off, false, false, -1};
    WriteRules write{hex ? "objectid" : nullptr, false, true, false, false};
    form.encoder = make_encoder(path, attribute->atttypid, attribute->atttypmod, read, write);
    return form;
}

Shape *make_shape(MemoryContext context, Datum paths, Datum types, TupleDesc row) {
    MemoryContext own = AllocSetContextCreate(context, "mongo_internal.document", ALLOCSET_SMALL_SIZES);
    MemoryContext old = MemoryContextSwitchTo(own);
    Shape *shape = static_cast<Shape *>(palloc0(sizeof(Shape)));
    shape->context = own;
    shape->row_type = row->tdtypeid;
    shape->row_typmod = row->tdtypmod;
    shape->paths = PointerGetDatum(DatumGetArrayTypePCopy(paths));
    shape->types = PointerGetDatum(DatumGetArrayTypePCopy(types));
    shape->root.column = -1;
    shape->count = row->natts;
    shape->columns = static_cast<ColumnForm *>(palloc0(sizeof(ColumnForm) * Max(row->natts, 1)));
    Datum *path, *type;
    int path_count, type_count;
    deconstruct_array(DatumGetArrayTypeP(shape->paths), TEXTOID, -1, false, TYPALIGN_INT, &path, nullptr, &path_count);
    deconstruct_array(DatumGetArrayTypeP(shape->types), TEXTOID, -1, false, TYPALIGN_INT, &type, nullptr, &type_count);
    if (path_count != row->natts || type_count != row->natts)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("%d paths and %d types for %d values", path_count, type_count, row->natts)));
    for (int i = 0; i < row->natts; i++) {
        const char *given = TextDatumGetCString(path[i]);
        Part *part = &shape->root;
        if (*given) { // else the value is the element itself
            FieldPath parsed = parse_path(given);
            for (int k = 0; k < parsed.count; k++)
                part = part_below(part, parsed.keys[k]);
        }
        part->column = i;
        shape->columns[i] = column_form(given, TextDatumGetCString(type[i]), TupleDescAttr(row, i));
    }
    MemoryContextSwitchTo(old);
    return shape;
}

bool same_array(Datum a, Datum b) {
    const ArrayType *x = DatumGetArrayTypeP(a), *y = DatumGetArrayTypeP(b);
    return VARSIZE(x) == VARSIZE(y) && memcmp(x, y, VARSIZE(x)) == 0;
}

bool mark_set(Part *part, const bool *nulls) {
    part->set = part->column >= 0 && !nulls[part->column];
    for (Part *below = part->first; below; below = below->next)
        part->set = mark_set(below, nulls) || part->set;
    return part->set;
}

// --- the rest ---

void unescape(JsonValue *value) {
    char *out = static_cast<char *>(palloc(value->length + 1));
    uint32_t size = 0;
    for (uint32_t i = 0; i < value->length; i++) {
        const char *at = value->text + i;
        uint32_t left = value->length - i;
        if (left >= 2 && memcmp(at, "\\\\", 2) == 0) {
            out[size++] = '\\';
            i += 1;
        } else if (left >= 6 && memcmp(at, "\\u0000", 6) == 0) {
            out[size++] = '\0';
            i += 5;
        } else {
            out[size++] = *at;
        }
    }
    out[size] = '\0';
    value->text = out;
    value->length = size;
}

// Texts are escaped where they are values, symbols or code; not in the other objects of Extended JSON.
void unescape_all(JsonValue *value) {
    check_stack_depth();
    if (value->kind == JsonValue::Kind::String)
        return unescape(value);
    if (value->kind == JsonValue::Kind::Object && is_extended(value, false)) {
        bool text = value->count == 1 && value->first->kind == JsonValue::Kind::String &&
                    (strncmp(value->first->key.text, "$symbol", value->first->key.length) == 0 ||
                     strncmp(value->first->key.text, "$code", value->first->key.length) == 0);
        if (text)
            unescape(value->first);
        return;
    }
    for (JsonValue *member = value->first; member; member = member->next)
        unescape_all(member);
}

bool is_plain_object(const JsonValue *value) {
    return value && value->kind == JsonValue::Kind::Object && !is_extended(value, false);
}

// The member of that key; the last one, as jsonb keeps it.
const JsonValue *member_of(const JsonValue *object, FieldKey key) {
    if (!is_plain_object(object))
        return nullptr;
    for (const JsonValue *member = object->first; member; member = member->next)
        if (member->key.length == key.length && memcmp(member->key.text, key.text, key.length) == 0)
            return member;
    return nullptr;
}

// --- writing ---

const char *number_text(Oid type, Datum value) {
    Oid output;
    bool varlena;
    getTypeOutputInfo(type, &output, &varlena);
    return OidOutputFunctionCall(output, value);
}

// A bytea[] of documents {"": element}, or {name: value} where a document is to be made.
void write_made(BsonWriter *writer, FieldKey key, BsonType made, Datum array) {
    Datum *elements;
    bool *nulls;
    int count;
    deconstruct_array(DatumGetArrayTypeP(array), BYTEAOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
    write_key(writer, made, key);
    int start = begin_document(writer);
    for (int i = 0; i < count; i++) {
        if (nulls[i])
            continue;
        IndexKey index(static_cast<uint32_t>(i));
        const bytea *bytes = DatumGetByteaPP(elements[i]);
        BsonReader reader(reinterpret_cast<const uint8_t *>(VARDATA_ANY(bytes)),
                          static_cast<uint32_t>(VARSIZE_ANY_EXHDR(bytes)));
        if (reader.next())
            write_value(writer, made == BsonType::Array ? index.key : FieldKey{reader.key(), reader.key_length()},
                        reader.value());
    }
    end_document(writer, start);
}

struct Row {
    const Shape *shape;
    TupleDesc descriptor;
    const Datum *values;
    const bool *nulls;
};

void write_column(const Row &row, int column, BsonWriter *writer, FieldKey key) {
    const ColumnForm &form = row.shape->columns[column];
    Datum value = row.values[column];
    if (form.made != BsonType::Missing)
        return write_made(writer, key, form.made, value);
    if (form.number != BsonType::Missing) {
        const char *text = number_text(TupleDescAttr(row.descriptor, column)->atttypid, value);
        if (write_number_as(writer, key, text, form.number))
            return;
    }
    encode_value(form.encoder, writer, key, value);
}

void write_part(const Row &row, const Part *part, const JsonValue *rest, BsonWriter *writer, FieldKey key);

void write_fields(const Row &row, const Part *part, const JsonValue *rest, BsonWriter *writer) {
    for (const Part *below = part->first; below; below = below->next) {
        const JsonValue *left = member_of(rest, below->key);
        if (below->set && (!left || (below->column < 0 && is_plain_object(left))))
            write_part(row, below, left, writer, below->key);
    }
    if (!is_plain_object(rest))
        return;
    // What the rest holds is whole: a column shows it in another form, if at all.
    for (const JsonValue *member = rest->first; member; member = member->next) {
        bool merged = false;
        for (const Part *below = part->first; below && !merged; below = below->next)
            merged = below->set && below->column < 0 && is_plain_object(member) &&
                     below->key.length == member->key.length &&
                     memcmp(below->key.text, member->key.text, below->key.length) == 0;
        if (!merged)
            write_json(writer, member->key, member, false, "a rest column");
    }
}

void write_part(const Row &row, const Part *part, const JsonValue *rest, BsonWriter *writer, FieldKey key) {
    check_stack_depth();
    if (part->column >= 0 && !row.nulls[part->column])
        return write_column(row, part->column, writer, key);
    write_key(writer, BsonType::Document, key);
    int start = begin_document(writer);
    write_fields(row, part, rest, writer);
    end_document(writer, start);
}

// The element itself: its value, its fields, or what the rest has of it. One that leaves nothing is an empty document,
// or null where the table has a column for the element.
void write_element(const Row &row, const JsonValue *rest, BsonWriter *writer, FieldKey key) {
    const Part *root = &row.shape->root;
    bool fields = root->column < 0 && (!rest || is_plain_object(rest));
    if (rest && !fields)
        write_json(writer, key, rest, false, "a rest column");
    else if (root->column >= 0 && !root->set && !rest)
        write_null(writer, key);
    else
        write_part(row, root, rest, writer, key);
}

Datum bytes_of(const BsonWriter &writer) {
    return PointerGetDatum(cstring_to_text_with_len(writer.buffer.data, writer.buffer.len));
}

// Arguments from `first` on: rest, paths, types, fields. element: the key of the value, null: the document itself.
Datum make_document(FunctionCallInfo fcinfo, int first, const char *element) {
    for (int i = first + 1; i < first + 4; i++)
        if (PG_ARGISNULL(i))
            ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                            errmsg("the paths, types and values of a document must not be null")));
    HeapTupleHeader header = PG_GETARG_HEAPTUPLEHEADER(first + 3);
    TupleDesc descriptor = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
    Shape *shape = static_cast<Shape *>(fcinfo->flinfo->fn_extra);
    if (!shape || shape->row_type != descriptor->tdtypeid || shape->row_typmod != descriptor->tdtypmod ||
        !same_array(shape->paths, PG_GETARG_DATUM(first + 1)) ||
        !same_array(shape->types, PG_GETARG_DATUM(first + 2))) {
        fcinfo->flinfo->fn_extra = nullptr;
        if (shape)
            MemoryContextDelete(shape->context);
        shape = make_shape(fcinfo->flinfo->fn_mcxt, PG_GETARG_DATUM(first + 1), PG_GETARG_DATUM(first + 2), descriptor);
        fcinfo->flinfo->fn_extra = shape;
    }
    HeapTupleData tuple;
    tuple.t_len = HeapTupleHeaderGetDatumLength(header);
    ItemPointerSetInvalid(&tuple.t_self);
    tuple.t_tableOid = InvalidOid;
    tuple.t_data = header;
    Datum *values = static_cast<Datum *>(palloc(sizeof(Datum) * Max(shape->count, 1)));
    bool *nulls = static_cast<bool *>(palloc(Max(shape->count, 1)));
    heap_deform_tuple(&tuple, descriptor, values, nulls);
    mark_set(&shape->root, nulls);
    JsonValue *rest = nullptr;
    if (!PG_ARGISNULL(first)) {
        rest = const_cast<JsonValue *>(read_jsonb(PG_GETARG_DATUM(first)));
        unescape_all(rest);
    }
    Row row{shape, descriptor, values, nulls};
    BsonWriter writer;
    begin_writer(&writer);
    int start = begin_document(&writer);
    if (element)
        write_element(row, rest, &writer, key_of(element));
    else
        write_fields(row, &shape->root, rest, &writer);
    end_document(&writer, start);
    ReleaseTupleDesc(descriptor);
    return bytes_of(writer);
}

} // namespace
} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" Datum mongo_document(PG_FUNCTION_ARGS) { return make_document(fcinfo, 0, nullptr); }

extern "C" Datum mongo_element(PG_FUNCTION_ARGS) { return make_document(fcinfo, 0, ""); }

extern "C" Datum mongo_field(PG_FUNCTION_ARGS) {
    return make_document(fcinfo, 1, utf8_of(text_argument(fcinfo, 0, "name")));
}

extern "C" Datum mongo_bson_to_json(PG_FUNCTION_ARGS) {
    bytea *bytes = PG_GETARG_BYTEA_PP(0);
    const uint8_t *data = reinterpret_cast<const uint8_t *>(VARDATA_ANY(bytes));
    uint32_t size = static_cast<uint32_t>(VARSIZE_ANY_EXHDR(bytes));
    char *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
    JsonForm form;
    if (!json_form_of_name(name, &form))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid JSON format: \"%s\"", name),
                        errhint("Valid values are \"simple\", \"relaxed\", \"canonical\", \"legacy\".")));
    StringInfoData text;
    initStringInfo(&text);
    Arena arena{CurrentMemoryContext, nullptr, nullptr};
    JsonNode node;
    bool whole = size >= 5 && value_size(BsonType::Document, data, data + size) == size;
    if (whole)
        json_node_of({BsonType::Document, data, size}, form, &arena, &node);
    JsonFault fault = whole ? append_json(&text, node, form, &arena) : JsonFault::Malformed;
    if (fault != JsonFault::None)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
                 errmsg(fault == JsonFault::Malformed ? "malformed BSON" : "a document cannot be shown as json")));
    PG_RETURN_TEXT_P(cstring_to_text_with_len(text.data, text.len));
}

extern "C" Datum mongo_id_of_key(PG_FUNCTION_ARGS) {
    bytea *key = PG_GETARG_BYTEA_PP(0);
    const uint8_t *bytes = reinterpret_cast<const uint8_t *>(VARDATA_ANY(key));
    uint64_t size = VARSIZE_ANY_EXHDR(key), room = id_value_size(bytes, size);
    if (room == 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("argument \"key\" is no key of a document"),
                        errhint("Keys are what mongo.id_key and columns __key give.")));
    Arena arena{CurrentMemoryContext, nullptr, nullptr};
    JsonNode node;
    json_node_of(id_value(bytes, size, static_cast<uint8_t *>(palloc(room))), JsonForm::Canonical, &arena, &node);
    StringInfoData text;
    initStringInfo(&text);
    if (append_json(&text, node, JsonForm::Canonical, &arena) != JsonFault::None) { // a NUL in a string
        resetStringInfo(&text);
        appendStringInfoString(&text, "null");
    }
    PG_RETURN_TEXT_P(cstring_to_text_with_len(text.data, text.len));
}
