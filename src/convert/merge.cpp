// Datums merged with the stored BSON. Zone B.
#include "convert/merge.hpp"

#include "convert/encode_internal.hpp"
#include "convert/match.hpp"
#include "convert/merge_json.hpp"

namespace mongo_fdw {
namespace {

bool is_json(Kind kind) { return kind == Kind::Json || kind == Kind::Jsonb; }

const JsonValue *json_of(Kind kind, Datum value) { return kind == Kind::Jsonb ? read_jsonb(value) : read_json(value); }

// What a column's type reads of a stored value.
struct Reading {
    Fit fit;
    Datum value;
};

Reading read_stored(const Encoder *encoder, const BsonValue &stored) {
    Arena arena{CurrentMemoryContext, nullptr, nullptr};
    Misfit misfit;
    Reading reading{Fit::Null, 0};
    reading.fit = convert_value(encoder->converter, stored, &arena, &reading.value, &misfit);
    return reading;
}

bool is_same_datum(const Converter *converter, Datum a, Datum b) {
    int16 length;
    bool by_value;
    get_typlenbyval(converter->type, &length, &by_value);
    return datum_image_eq(a, b, by_value, length);
}

void merge_json_value(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value, const BsonValue &stored) {
    Kind kind = encoder->converter->kind;
    Reading old = read_stored(encoder, stored);
    JsonMerge merge{writer, kind == Kind::Json, encoder->converter->rules.json_form == JsonForm::Legacy,
                    encoder->place};
    int at = writer->buffer.len;
    merge_json(merge, key, json_of(kind, value), old.fit == Fit::Value ? json_of(kind, old.value) : nullptr, stored);
    check_json_type(encoder, writer, at);
}

// A number inside a composite or an array keeps the type of the stored one where that says it; one that is equal keeps
// its bytes.
void merge_part(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value, const BsonValue &stored) {
    Reading old = encoder->write && !encoder->rules.bson_type ? read_stored(encoder, stored) : Reading{Fit::Misfit, 0};
    bool differs = old.fit == Fit::Value && !is_same_datum(encoder->converter, old.value, value);
    if (!differs || !put_number_as(encoder, writer, key, value, stored.type))
        merge_value(encoder, writer, key, value, stored);
}

// An attribute of a composite: null leaves its field out, or is written, unless it reads as null already.
void merge_attribute(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value, bool null,
                     bool null_is_value, const BsonValue &stored) {
    if (!null)
        merge_part(encoder, writer, key, value, stored);
    else if (reads_as_null(stored.type) && stored.type != BsonType::Missing)
        write_value(writer, key, stored);
    else if (null_is_value && stored.type != BsonType::Missing)
        write_null(writer, key);
}

// The number of the attribute of that name; negative where there is none.
int attribute_named(const Converter *converter, const char *key) {
    for (uint32_t i = 0; i < converter->field_count; i++)
        if (converter->field_names[i] && strcmp(converter->field_names[i], key) == 0)
            return static_cast<int>(i);
    return -1;
}

void merge_composite(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value, const BsonValue &stored) {
    const Converter *converter = encoder->converter;
    bool null_is_value = encoder->rules.null_is_value;
    Attributes now = attributes_of(converter, value);
    bool *written = static_cast<bool *>(palloc0(Max(converter->field_count, 1)));
    write_key(writer, BsonType::Document, key);
    int start = begin_document(writer);
    BsonReader fields(stored.data, stored.size);
    while (fields.next()) {
        FieldKey field{fields.key(), fields.key_length()};
        int attribute = attribute_named(converter, fields.key());
        if (attribute < 0 || written[attribute]) {
            write_value(writer, field, fields.value());
            continue;
        }
        written[attribute] = true;
        merge_attribute(encoder->fields[attribute], writer, field, now.values[attribute], now.nulls[attribute],
                        null_is_value, fields.value());
    }
    for (uint32_t i = 0; i < converter->field_count; i++) {
        if (written[i] || !converter->field_names[i])
            continue;
        if (!now.nulls[i])
            encode_value(encoder->fields[i], writer, key_of(converter->field_names[i]), now.values[i]);
    }
    end_document(writer, start);
}

// The elements of an array of one dimension beside those of a stored one.
struct DatumElements {
    int count;
    int stored_count;
    Datum *values;
    bool *nulls;
    BsonValue *stored;
    Reading *readings;
    int16 length;
    bool by_value;
    bool equal(int i, int j) const {
        if (nulls[i] || readings[j].fit != Fit::Value)
            return nulls[i] && readings[j].fit == Fit::Null;
        return datum_image_eq(values[i], readings[j].value, by_value, length);
    }
    uint64 hash(int i) const { return nulls[i] ? 0 : datum_image_hash(values[i], by_value, length); }
    uint64 stored_hash(int j) const {
        return readings[j].fit == Fit::Value ? datum_image_hash(readings[j].value, by_value, length)
                                             : static_cast<uint64>(readings[j].fit);
    }
};

bool keeps_double(const Encoder *encoder) {
    return encoder->converter->kind == Kind::Numeric && encoder->rules.keep_double && !encoder->rules.bson_type;
}

DatumElements elements_of(const Encoder *encoder, ArrayType *array, const BsonValue &stored) {
    const Converter *converter = encoder->converter;
    DatumElements elements{};
    elements.length = converter->element_length;
    elements.by_value = converter->element_by_value;
    deconstruct_array(array, converter->element->type, elements.length, elements.by_value, converter->element_align,
                      &elements.values, &elements.nulls, &elements.count);
    int capacity = 0;
    for (BsonReader count(stored.data, stored.size); count.next();)
        capacity++;
    elements.stored = static_cast<BsonValue *>(palloc(sizeof(BsonValue) * Max(capacity, 1)));
    elements.readings = static_cast<Reading *>(palloc(sizeof(Reading) * Max(capacity, 1)));
    for (BsonReader reader(stored.data, stored.size); reader.next(); elements.stored_count++) {
        elements.stored[elements.stored_count] = reader.value();
        elements.readings[elements.stored_count] = read_stored(encoder->element, reader.value());
    }
    return elements;
}

void merge_array(const Encoder *encoder, BsonWriter *writer, FieldKey key, ArrayType *array, const BsonValue &stored) {
    DatumElements elements = elements_of(encoder, array, stored);
    Origin *origins = match_elements(elements);
    write_key(writer, BsonType::Array, key);
    int start = begin_document(writer);
    for (int i = 0; i < elements.count; i++) {
        IndexKey index(static_cast<uint32_t>(i));
        if (origins[i].same)
            write_value(writer, index.key, elements.stored[origins[i].index]);
        else if (elements.nulls[i])
            write_null(writer, index.key);
        else
            merge_part(encoder->element, writer, index.key, elements.values[i],
                       origins[i].index < 0 ? kMissing : elements.stored[origins[i].index]);
    }
    end_document(writer, start);
}

} // namespace

bool is_type_with_parts(Oid type) {
    Oid base = getBaseType(type);
    return base == JSONOID || base == JSONBOID || get_typtype(base) == TYPTYPE_COMPOSITE ||
           OidIsValid(get_element_type(base));
}

bool is_json_encoder(const Encoder *encoder) { return is_json(encoder->converter->kind); }

bool keeps_stored(Oid type, const WriteRules &rules) {
    return is_type_with_parts(type) || (rules.keep_double && !rules.bson_type && getBaseType(type) == NUMERICOID);
}

bool keeps_stored(const Encoder *encoder) {
    while (encoder->converter->kind == Kind::Domain)
        encoder = encoder->element;
    Kind kind = encoder->converter->kind;
    return is_json(kind) || kind == Kind::Composite || kind == Kind::Array || keeps_double(encoder);
}

void merge_value(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value, const BsonValue &stored) {
    check_stack_depth();
    while (encoder->converter->kind == Kind::Domain)
        encoder = encoder->element;
    Kind kind = encoder->converter->kind;
    if (encoder->write && is_json(kind)) {
        merge_json_value(encoder, writer, key, value, stored);
        return;
    }
    Reading old = encoder->write ? read_stored(encoder, stored) : Reading{Fit::Misfit, 0};
    if (old.fit == Fit::Value && is_same_datum(encoder->converter, old.value, value)) {
        write_value(writer, key, stored);
        return;
    }
    bool merges = old.fit == Fit::Value && ((kind == Kind::Composite && stored.type == BsonType::Document) ||
                                            (kind == Kind::Array && stored.type == BsonType::Array));
    if (stored.type == BsonType::Double && keeps_double(encoder) &&
        put_number_as(encoder, writer, key, value, BsonType::Double))
        return;
    if (!merges) {
        encode_value(encoder, writer, key, value);
        return;
    }
    if (kind == Kind::Composite) {
        merge_composite(encoder, writer, key, value, stored);
        return;
    }
    ArrayType *array = DatumGetArrayTypeP(value);
    check_bounds(encoder, value, array);
    if (ARR_NDIM(array) == 1)
        merge_array(encoder, writer, key, array, stored);
    else
        encode_value(encoder, writer, key, value);
}

void merge_document(const Encoder *encoder, BsonWriter *writer, Datum value, const BsonValue &stored, bool *has_id) {
    Kind kind = encoder->converter->kind;
    Arena arena{CurrentMemoryContext, nullptr, nullptr};
    Misfit misfit;
    Datum old;
    bool readable = is_json(kind) && stored.type == BsonType::Document &&
                    convert_whole(encoder->converter, stored, &arena, &old, &misfit) == Fit::Value;
    if (!readable) {
        encode_document(encoder, writer, value, has_id);
        return;
    }
    const JsonValue *json = json_of_document(encoder, value);
    JsonMerge merge{writer, kind == Kind::Json, encoder->converter->rules.json_form == JsonForm::Legacy,
                    encoder->place};
    merge_json_document(merge, json, json_of(kind, old), stored);
    *has_id = false;
    for (const JsonValue *member = json->first; member; member = member->next)
        *has_id = *has_id || (member->key.length == 3 && memcmp(member->key.text, "_id", 3) == 0);
}

} // namespace mongo_fdw
