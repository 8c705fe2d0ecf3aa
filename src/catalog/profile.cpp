// The profile of a collection. Zone B.
//
// Nodes form the tree of paths. A container's keys are expected in the order in which they were first seen, so that
// documents of one shape cost a comparison a field. Sub-documents whose keys are data become maps: while they grow
// (checked at every doubling, so that memory stays bounded) and at the end.
#include "catalog/profile_internal.hpp"

#include "convert/text.hpp"

namespace mongo_fdw {
namespace {

constexpr uint32_t kIndexed = 16;         // children from which on they are found by hash
constexpr uint32_t kMapCheck = 256;       // children at which a growing sub-document is first tested for a map
constexpr uint32_t kSetBudget = 4u << 20; // slots of 8 bytes for all sets of seen values

constexpr BsonType kTypes[kBsonTypes] = {
    BsonType::Double,    BsonType::String,    BsonType::Document, BsonType::Array,      BsonType::Binary,
    BsonType::Undefined, BsonType::ObjectId,  BsonType::Bool,     BsonType::Date,       BsonType::Null,
    BsonType::Regex,     BsonType::DbPointer, BsonType::Code,     BsonType::Symbol,     BsonType::CodeWithScope,
    BsonType::Int32,     BsonType::Timestamp, BsonType::Int64,    BsonType::Decimal128, BsonType::MinKey,
    BsonType::MaxKey,
};

ProfileNode *make_node(Profile *profile, ProfileNode *parent, ProfileNode::Kind kind) {
    ProfileNode *node = static_cast<ProfileNode *>(MemoryContextAllocZero(profile->context, sizeof(ProfileNode)));
    node->kind = kind;
    node->parent = parent;
    node->depth = parent ? parent->depth + (kind == ProfileNode::Kind::Field || kind == ProfileNode::Kind::Entry) : 0;
    if (parent)
        profile->paths++;
    return node;
}

uint32_t hash_of_key(const char *key, uint32_t length) {
    return hash_bytes(reinterpret_cast<const unsigned char *>(key), static_cast<int>(length));
}

void index_child(ProfileNode *node, ProfileNode *child) {
    uint32_t slot = hash_of_key(child->key, child->key_length) & (node->index_capacity - 1);
    while (node->index[slot])
        slot = (slot + 1) & (node->index_capacity - 1);
    node->index[slot] = child;
}

void grow_index(Profile *profile, ProfileNode *node) {
    if (node->index)
        pfree(node->index);
    node->index_capacity = Max(node->index_capacity * 2, 4 * kIndexed);
    node->index = static_cast<ProfileNode **>(
        MemoryContextAllocZero(profile->context, sizeof(ProfileNode *) * node->index_capacity));
    for (ProfileNode *child = node->first; child; child = child->next)
        index_child(node, child);
}

ProfileNode *find_child(ProfileNode *node, const char *key, uint32_t length) {
    auto same = [&](const ProfileNode *child) {
        return child->key_length == length && memcmp(child->key, key, length) == 0;
    };
    if (node->index) {
        uint32_t slot = hash_of_key(key, length) & (node->index_capacity - 1);
        for (; node->index[slot]; slot = (slot + 1) & (node->index_capacity - 1))
            if (same(node->index[slot]))
                return node->index[slot];
        return nullptr;
    }
    for (ProfileNode *child = node->first; child; child = child->next)
        if (same(child))
            return child;
    return nullptr;
}

void add_value(Profile *profile, ProfileNode *node, const BsonValue &value);

void walk_document(Profile *profile, ProfileNode *node, const BsonValue &document) {
    uint64_t serial = ++profile->serial;
    ProfileNode *expected = node->first;
    BsonReader reader(document.data, document.size);
    while (reader.next()) {
        ProfileNode *child = nullptr;
        if (node->is_map) {
            child = profile_entry(profile, node);
        } else if (expected && expected->key_length == reader.key_length() &&
                   memcmp(expected->key, reader.key(), reader.key_length()) == 0) {
            child = expected;
        } else {
            uint32_t before = node->children;
            child = profile_child(profile, node, reader.key(), reader.key_length());
            bool doubled =
                node->children != before && node->children >= kMapCheck && (node->children & (node->children - 1)) == 0;
            if (doubled && looks_like_map(profile, node)) {
                make_map(profile, node); // the new child, still without values, is gone with the others
                child = profile_entry(profile, node);
            }
        }
        if (!node->is_map) {
            expected = child->next;
            if (child->serial == serial) { // the same key again: the first counts
                profile->duplicate_keys = true;
                continue;
            }
            child->serial = serial;
        }
        add_value(profile, child, reader.value());
    }
    if (reader.malformed())
        ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION), errmsg("the server sent a malformed document")));
}

void add_array(Profile *profile, ProfileNode *node, const BsonValue &array) {
    int64_t length = 0;
    BsonReader reader(array.data, array.size);
    while (reader.next()) {
        length++;
        add_value(profile, profile_element(profile, node), reader.value());
    }
    if (reader.malformed())
        ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION), errmsg("the server sent a malformed document")));
    node->array_elements += static_cast<uint64_t>(length);
    bool first = node->types[type_index(BsonType::Array)] == 1;
    node->array_min = first ? length : Min(node->array_min, length);
    node->array_max = Max(node->array_max, length);
}

void add_value(Profile *profile, ProfileNode *node, const BsonValue &value) {
    check_stack_depth();
    node->present++;
    node->types[type_index(value.type)]++;
    switch (value.type) {
    case BsonType::Document:
        if (node->depth < profile->settings.max_depth)
            walk_document(profile, node, value);
        else
            note_hidden_text(value, &node->hidden_nul, &node->hidden_unreadable);
        break;
    case BsonType::Array:
        add_array(profile, node, value);
        break;
    case BsonType::Null:
    case BsonType::Undefined:
        break;
    default:
        add_scalar(profile, node, value);
        break;
    }
}

} // namespace

BsonType type_at(int index) { return kTypes[index]; }

Profile *make_profile(const ProfileSettings &settings) {
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "mongo_fdw_cpp profile", ALLOCSET_DEFAULT_SIZES);
    Profile *profile = static_cast<Profile *>(MemoryContextAllocZero(context, sizeof(Profile)));
    profile->settings = settings;
    profile->context = context;
    profile->set_budget = kSetBudget;
    profile->root = make_node(profile, nullptr, ProfileNode::Kind::Root);
    return profile;
}

ProfileNode *profile_child(Profile *profile, ProfileNode *node, const char *key, uint32_t length) {
    if (ProfileNode *found = find_child(node, key, length))
        return found;
    ProfileNode *child = make_node(profile, node, ProfileNode::Kind::Field);
    char *copy = static_cast<char *>(MemoryContextAlloc(profile->context, length + 1));
    memcpy(copy, key, length);
    copy[length] = '\0';
    child->key = copy;
    child->key_length = length;
    const char *converted = copy;
    uint32_t converted_length = length;
    child->unreadable_key = to_server_text(&converted, &converted_length) != TextFault::None;
    if (node->last)
        node->last->next = child;
    else
        node->first = child;
    node->last = child;
    node->children++;
    if (node->index ? node->children * 2 > node->index_capacity : node->children > kIndexed)
        grow_index(profile, node);
    else if (node->index)
        index_child(node, child);
    return child;
}

void add_document(Profile *profile, const BsonValue &document, const char *name_space) {
    add_value(profile, profile->root, document);
    if (profile->paths <= profile->settings.max_paths)
        return;
    find_maps(profile, profile->root);
    profile->too_many = profile->paths > profile->settings.max_paths;
    if (profile->too_many && !profile->settings.gives_up)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("collection \"%s\" has more than %d paths", name_space, profile->settings.max_paths),
                        errhint("Raise \"max_paths\", or lower \"max_depth\". Keys that are data make many paths.")));
}

ProfileNode *profile_entry(Profile *profile, ProfileNode *node) {
    if (!node->entry)
        node->entry = make_node(profile, node, ProfileNode::Kind::Entry);
    return node->entry;
}

ProfileNode *profile_element(Profile *profile, ProfileNode *node) {
    if (!node->element)
        node->element = make_node(profile, node, ProfileNode::Kind::Element);
    return node->element;
}

uint64_t seen_types(const ProfileNode *node) {
    uint64_t types = 0;
    for (int i = 0; i < kBsonTypes; i++)
        if (node->types[i])
            types |= UINT64_C(1) << i;
    return types;
}

Profile *profile_sample(const SampleRequest &request, const ProfileSettings &settings, SampleMethod *method,
                        mongo::Error *failure) {
    Sample *sample = open_sample(request, failure);
    if (!sample)
        return nullptr;
    Profile *profile = make_profile(settings);
    BsonValue document;
    while (!profile->too_many && next_sampled(sample, &document))
        add_document(profile, document, request.source.name_space);
    *method = sample_method(sample);
    close_sample(sample);
    finish_profile(profile);
    return profile;
}

void finish_profile(Profile *profile) { find_maps(profile, profile->root); }

uint64_t profile_base(const ProfileNode *node) {
    const ProfileNode *scope = node->parent;
    while (scope->kind == ProfileNode::Kind::Field)
        scope = scope->parent;
    if (node->kind == ProfileNode::Kind::Field)
        return scope->present;
    return node->present; // elements and entries are never missing
}

Datum type_counts(const uint64_t *counts) {
    StringInfoData json;
    initStringInfo(&json);
    appendStringInfoChar(&json, '{');
    for (int i = 0; i < kBsonTypes; i++)
        if (counts[i])
            appendStringInfo(&json, "%s\"%s\": %llu", json.len > 1 ? ", " : "", type_name(type_at(i)),
                             static_cast<unsigned long long>(counts[i]));
    appendStringInfoChar(&json, '}');
    return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

uint64_t null_count(const ProfileNode *node) {
    return node->types[type_index(BsonType::Null)] + node->types[type_index(BsonType::Undefined)];
}

char *profile_path(const ProfileNode *node) {
    const ProfileNode *chain[512];
    int count = 0;
    bool plain = true;
    for (const ProfileNode *at = node; at->parent && count < 512; at = at->parent) {
        chain[count++] = at;
        if (at->kind == ProfileNode::Kind::Field)
            plain = plain && at->key_length > 0 && !at->unreadable_key && !strpbrk(at->key, ".[]{}\"");
    }
    StringInfoData text;
    initStringInfo(&text);
    for (int i = count - 1; i >= 0; i--) {
        const ProfileNode *at = chain[i];
        bool field = at->kind == ProfileNode::Kind::Field, first = i == count - 1;
        const char *mark = at->kind == ProfileNode::Kind::Element ? "[]" : "{}";
        if (!plain)
            appendStringInfoString(&text, first ? "[" : ", ");
        if (!field)
            appendStringInfoString(&text, mark);
        else if (at->unreadable_key)
            appendStringInfoString(&text, "\"(unreadable)\"");
        else if (plain)
            appendStringInfo(&text, "%s%s", first ? "" : ".", pg_any_to_server(at->key, at->key_length, PG_UTF8));
        else
            escape_json(&text, pg_any_to_server(at->key, at->key_length, PG_UTF8));
    }
    if (!plain)
        appendStringInfoChar(&text, ']');
    return text.data;
}

} // namespace mongo_fdw
