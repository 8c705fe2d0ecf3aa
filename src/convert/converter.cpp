// Converters: one per column, made once per scan. Zone B.
#include "convert/converter.hpp"

#include "convert/objectid.hpp"

namespace mongo_fdw {
namespace {

struct KindRow {
    Oid type;
    Kind kind;
};

constexpr KindRow kKinds[] = {
    {INT2OID, Kind::Int2},           {INT4OID, Kind::Int4},     {INT8OID, Kind::Int8},
    {FLOAT4OID, Kind::Float4},       {FLOAT8OID, Kind::Float8}, {NUMERICOID, Kind::Numeric},
    {BOOLOID, Kind::Bool},           {TEXTOID, Kind::Text},     {VARCHAROID, Kind::Text},
    {BPCHAROID, Kind::Bpchar},       {NAMEOID, Kind::Name},     {TIMESTAMPTZOID, Kind::Timestamptz},
    {TIMESTAMPOID, Kind::Timestamp}, {DATEOID, Kind::Date},     {UUIDOID, Kind::Uuid},
    {BYTEAOID, Kind::Bytea},         {JSONOID, Kind::Json},     {JSONBOID, Kind::Jsonb},
};

// citext has no fixed OID: an extension type that is binary-coercible to text and reads as text.
bool is_citext(Oid type) {
    char *name = format_type_be(type);
    const char *dot = strrchr(name, '.');
    return strcmp(dot ? dot + 1 : name, "citext") == 0 && IsBinaryCoercible(type, TEXTOID);
}

Kind kind_of(Oid type) {
    for (const KindRow &row : kKinds)
        if (row.type == type)
            return row.kind;
    if (type == objectid_type())
        return Kind::ObjectId;
    if (OidIsValid(get_element_type(type)))
        return Kind::Array;
    switch (get_typtype(type)) {
    case TYPTYPE_DOMAIN:
        return Kind::Domain;
    case TYPTYPE_ENUM:
        return Kind::Enum;
    case TYPTYPE_COMPOSITE:
        return Kind::Composite;
    }
    return is_citext(type) ? Kind::Text : Kind::None;
}

void set_up_composite(Converter *converter) {
    TupleDesc shared = lookup_rowtype_tupdesc(converter->type, converter->typmod);
    converter->descriptor = CreateTupleDescCopy(shared);
    ReleaseTupleDesc(shared);
    converter->field_count = converter->descriptor->natts;
    converter->fields = static_cast<Converter **>(palloc0(sizeof(Converter *) * Max(converter->field_count, 1)));
    converter->field_names = static_cast<const char **>(palloc0(sizeof(char *) * Max(converter->field_count, 1)));
    for (uint32_t i = 0; i < converter->field_count; i++) {
        Form_pg_attribute attribute = attribute_of(converter->descriptor, i);
        if (attribute->attisdropped)
            continue;
        char *name = NameStr(attribute->attname);
        converter->field_names[i] = pstrdup(pg_server_to_any(name, strlen(name), PG_UTF8));
        converter->fields[i] = make_converter(attribute->atttypid, attribute->atttypmod, converter->rules);
    }
}

} // namespace

Converter *make_converter(Oid type, int32 typmod, const ReadRules &rules) {
    check_stack_depth();
    Converter *converter = static_cast<Converter *>(palloc0(sizeof(Converter)));
    converter->kind = kind_of(type);
    converter->type = type;
    converter->typmod = typmod;
    converter->rules = rules;
    converter->context = CurrentMemoryContext;
    switch (converter->kind) {
    case Kind::Text:
    case Kind::Bpchar:
        if (typmod >= VARHDRSZ)
            converter->max_length = typmod - VARHDRSZ;
        break;
    case Kind::Numeric:
        if (typmod >= VARHDRSZ) {
            converter->precision = ((typmod - VARHDRSZ) >> 16) & 0xffff;
            converter->scale = numeric_scale(typmod);
        }
        break;
    case Kind::Array:
        converter->element = make_converter(get_element_type(type), typmod, rules);
        get_typlenbyvalalign(converter->element->type, &converter->element_length, &converter->element_by_value,
                             &converter->element_align);
        break;
    case Kind::Composite:
        set_up_composite(converter);
        break;
    case Kind::Domain: {
        int32 base_typmod = typmod;
        Oid base = getBaseTypeAndTypmod(type, &base_typmod);
        converter->element = make_converter(base, base_typmod, rules);
        break;
    }
    default:
        break;
    }
    return converter;
}

void swap_legacy_uuid(const unsigned char *from, UuidLegacy form, unsigned char *to) {
    static const uint8_t kOrder[][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                         {7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8},
                                         {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}};
    const uint8_t *order = kOrder[form == UuidLegacy::Java ? 1 : form == UuidLegacy::CSharp ? 2 : 0];
    for (int i = 0; i < 16; i++)
        to[i] = from[order[i]];
}

bool takes_list(const Converter *converter) {
    switch (converter->kind) {
    case Kind::Array:
    case Kind::Json:
    case Kind::Jsonb:
        return true;
    case Kind::Domain:
        return takes_list(converter->element);
    default:
        return false;
    }
}

} // namespace mongo_fdw
