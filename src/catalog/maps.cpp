// Sub-documents whose keys are data. Zone B.
#include "catalog/profile_internal.hpp"

namespace mongo_fdw {
namespace {

constexpr double kRarePresence = 0.25; // share of containers that a key of a map stands in, on average, at most
constexpr double kCommonKey = 0.5;     // a key that stands in more of them is a field
constexpr double kDataLikeKeys = 0.9;  // share of keys that look like data and so make a map by themselves

// Dates, numbers, ids and the like. A blank or a dot is no sign: "Street Name" is a field.
bool looks_like_data(const ProfileNode *child) {
    uint32_t digits = 0;
    for (uint32_t i = 0; i < child->key_length; i++)
        digits += child->key[i] >= '0' && child->key[i] <= '9';
    return classify_text(child->key, child->key_length) != TextClass::Plain || (child->key_length >= 16 && digits >= 4);
}

void free_node(Profile *profile, ProfileNode *node) {
    for (ProfileNode *child = node->first; child;) {
        ProfileNode *next = child->next;
        free_node(profile, child);
        child = next;
    }
    if (node->element)
        free_node(profile, node->element);
    if (node->entry)
        free_node(profile, node->entry);
    if (node->scalars)
        free_scalars(profile, node->scalars);
    if (node->index)
        pfree(node->index);
    if (node->key)
        pfree(const_cast<char *>(node->key));
    pfree(node);
    profile->paths--;
}

void merge_node(Profile *profile, ProfileNode *into, ProfileNode *from) {
    check_stack_depth();
    uint64_t arrays = into->types[type_index(BsonType::Array)], more = from->types[type_index(BsonType::Array)];
    into->present += from->present;
    into->unreadable_key |= from->unreadable_key;
    into->hidden_nul |= from->hidden_nul;
    into->hidden_unreadable |= from->hidden_unreadable;
    into->array_elements += from->array_elements;
    if (more) {
        into->array_min = arrays ? Min(into->array_min, from->array_min) : from->array_min;
        into->array_max = Max(into->array_max, from->array_max);
    }
    for (int i = 0; i < kBsonTypes; i++)
        into->types[i] += from->types[i];
    merge_scalars(profile, &into->scalars, from->scalars);
    if (from->element)
        merge_node(profile, profile_element(profile, into), from->element);
    if (from->is_map && !into->is_map)
        make_map(profile, into);
    if (from->entry)
        merge_node(profile, profile_entry(profile, into), from->entry);
    for (ProfileNode *child = from->first; child; child = child->next)
        merge_node(profile,
                   into->is_map ? profile_entry(profile, into)
                                : profile_child(profile, into, child->key, child->key_length),
                   child);
}

} // namespace

bool looks_like_map(const Profile *profile, const ProfileNode *node) {
    uint32_t threshold = static_cast<uint32_t>(profile->settings.map_threshold);
    if (node->kind == ProfileNode::Kind::Root || node->is_map || node->children < Max(threshold / 8, 4u))
        return false;
    uint64_t present = 0, data_like = 0, most_present = 0;
    for (const ProfileNode *child = node->first; child; child = child->next) {
        present += child->present;
        most_present = Max(most_present, child->present);
        data_like += looks_like_data(child);
    }
    if (static_cast<double>(data_like) >= kDataLikeKeys * node->children)
        return true;
    double containers = static_cast<double>(node->types[type_index(BsonType::Document)]);
    return node->children >= threshold && static_cast<double>(most_present) <= kCommonKey * containers &&
           static_cast<double>(present) <= kRarePresence * containers * static_cast<double>(node->children);
}

void make_map(Profile *profile, ProfileNode *node) {
    node->is_map = true;
    ProfileNode *entry = profile_entry(profile, node);
    for (ProfileNode *child = node->first; child;) {
        ProfileNode *next = child->next;
        merge_node(profile, entry, child);
        free_node(profile, child);
        child = next;
    }
    node->first = node->last = nullptr;
    node->children = 0;
    if (node->index)
        pfree(node->index);
    node->index = nullptr;
    node->index_capacity = 0;
}

void find_maps(Profile *profile, ProfileNode *node) {
    check_stack_depth();
    if (looks_like_map(profile, node))
        make_map(profile, node);
    for (ProfileNode *child = node->first; child; child = child->next)
        find_maps(profile, child);
    if (node->element)
        find_maps(profile, node->element);
    if (node->entry)
        find_maps(profile, node->entry);
}

} // namespace mongo_fdw
