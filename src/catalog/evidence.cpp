// Validators and indexes as evidence. Zone B.
#include "catalog/evidence.hpp"

#include <initializer_list>

namespace mongo_fdw {
namespace {

// Types that a name of bsonType or type allows.
uint64_t types_of_name(const BsonValue &name) {
    // "number" may be any of four: numeric holds them all.
    if (is_text(name, "number"))
        return type_bit(BsonType::Decimal128);
    if (is_text(name, "boolean"))
        return type_bit(BsonType::Bool);
    if (is_text(name, "integer"))
        return type_bit(BsonType::Int64);
    BsonType type = type_of_name(name);
    return type == BsonType::Missing ? 0 : type_bit(type);
}

uint64_t declared_types(const BsonValue &schema) {
    uint64_t types = 0;
    for (const char *keyword : {"bsonType", "type"}) {
        BsonValue value = field_of(schema, keyword);
        types |= types_of_name(value);
        if (value.type != BsonType::Array)
            continue;
        BsonReader names(value.data, value.size);
        while (names.next())
            types |= types_of_name(names.value());
    }
    return types;
}

void apply_schema(Profile *profile, ProfileNode *node, const BsonValue &schema);

// Applies each schema of a list to the same node: what any of them allows may come.
void apply_schemas(Profile *profile, ProfileNode *node, const BsonValue &schemas) {
    if (schemas.type != BsonType::Array)
        return;
    BsonReader reader(schemas.data, schemas.size);
    while (reader.next())
        apply_schema(profile, node, reader.value());
}

uint64_t types_of_values(const BsonValue &values) {
    uint64_t types = 0;
    if (values.type != BsonType::Array)
        return types;
    BsonReader reader(values.data, values.size);
    while (reader.next())
        types |= type_bit(reader.value().type);
    return types;
}

void apply_schema(Profile *profile, ProfileNode *node, const BsonValue &schema) {
    check_stack_depth();
    if (schema.type != BsonType::Document || node->is_map)
        return;
    if (node->parent)
        node->declared |= declared_types(schema) | types_of_values(field_of(schema, "enum"));
    for (const char *keyword : {"allOf", "anyOf", "oneOf"})
        apply_schemas(profile, node, field_of(schema, keyword));
    BsonValue properties = field_of(schema, "properties");
    if (properties.type == BsonType::Document) {
        BsonReader reader(properties.data, properties.size);
        while (reader.next())
            apply_schema(profile, profile_child(profile, node, reader.key(), reader.key_length()), reader.value());
    }
    BsonValue items = field_of(schema, "items");
    if (items.type == BsonType::Document)
        apply_schema(profile, profile_element(profile, node), items);
    else if (items.type == BsonType::Array)
        apply_schemas(profile, profile_element(profile, node), items);
}

} // namespace

void apply_validator(Profile *profile, const BsonValue &validator) {
    apply_schema(profile, profile->root, field_of(validator, "$jsonSchema"));
    BsonValue parts = field_of(validator, "$and");
    if (parts.type != BsonType::Array)
        return;
    BsonReader reader(parts.data, parts.size);
    while (reader.next())
        apply_schema(profile, profile->root, field_of(reader.value(), "$jsonSchema"));
}

void apply_index(Profile *profile, const BsonValue &index) {
    constexpr uint64_t kNulls = type_bit(BsonType::Null) | type_bit(BsonType::Undefined);
    BsonValue key = field_of(index, "key");
    if (key.type != BsonType::Document)
        return;
    int count = 0;
    BsonReader counted(key.data, key.size);
    while (counted.next())
        count++;
    BsonReader reader(key.data, key.size);
    while (reader.next()) {
        if (strchr(reader.key(), '$') || strncmp(reader.key(), "_fts", 4) == 0)
            continue; // wildcards, text indexes
        ProfileNode *node = profile->root;
        for (const char *at = reader.key(); node;) {
            size_t length = strcspn(at, ".");
            uint64_t types = (seen_types(node) | node->declared) & ~kNulls;
            if (types == type_bit(BsonType::Array))
                node = node->element;
            types = node ? (seen_types(node) | node->declared) & ~kNulls : 0;
            // A path through something else than documents, or a position, says nothing new.
            if (!node || node->is_map || length == 0 || strspn(at, "0123456789") == length ||
                (types != 0 && types != type_bit(BsonType::Document))) {
                node = nullptr;
                break;
            }
            node = profile_child(profile, node, at, static_cast<uint32_t>(length));
            if (at[length] == '\0')
                break;
            if (node->present == 0)
                node->declared |= type_bit(BsonType::Document);
            at += length + 1;
        }
        if (!node)
            continue;
        node->indexed = true;
        node->unique_index = node->unique_index || (count == 1 && is_true(field_of(index, "unique")));
    }
}

} // namespace mongo_fdw
