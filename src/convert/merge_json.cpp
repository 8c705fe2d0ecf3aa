// JSON merged with the stored BSON. Zone B.
//
// A new value of JSON shows neither ObjectIds nor the types of numbers. What its column read of the stored value (the
// image) is compared with it, part by part: where they are the same the stored bytes are.
#include "convert/merge_json.hpp"

#include "convert/match.hpp"

namespace mongo_fdw {
namespace {

using Kind = JsonValue::Kind;

bool same_key(const FieldKey &a, const FieldKey &b) {
    return a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

bool same_json(const JsonValue *a, const JsonValue *b) {
    check_stack_depth();
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case Kind::String:
        return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
    case Kind::Number:
        return strcmp(a->text, b->text) == 0;
    case Kind::Object:
    case Kind::Array: {
        if (a->count != b->count)
            return false;
        const JsonValue *other = b->first;
        for (const JsonValue *member = a->first; member; member = member->next, other = other->next)
            if ((a->kind == Kind::Object && !same_key(member->key, other->key)) || !same_json(member, other))
                return false;
        return true;
    }
    default:
        return true;
    }
}

uint64 hash_bytes_of(const char *text, uint32_t length, uint64 seed) {
    return DatumGetUInt64(
        hash_bytes_extended(reinterpret_cast<const unsigned char *>(text), static_cast<int>(length), seed));
}

uint64 hash_json(const JsonValue *value) {
    check_stack_depth();
    uint64 hash = static_cast<uint64>(value->kind) + 1;
    if (value->kind == Kind::String)
        return hash_bytes_of(value->text, value->length, hash);
    if (value->kind == Kind::Number)
        return hash_bytes_of(value->text, static_cast<uint32_t>(strlen(value->text)), hash);
    for (const JsonValue *member = value->first; member; member = member->next) {
        uint64 inner = hash_json(member);
        if (value->kind == Kind::Object)
            inner = hash_bytes_of(member->key.text, member->key.length, inner);
        hash = hash_bytes_of(reinterpret_cast<const char *>(&inner), sizeof inner, hash);
    }
    return hash;
}

// Members of an object in the order of their keys, to be found.
struct Members {
    const JsonValue **items;
    int count;
};

int compare_keys(const FieldKey &a, const FieldKey &b) {
    if (a.length != b.length)
        return a.length < b.length ? -1 : 1;
    return memcmp(a.text, b.text, a.length);
}

int compare_members(const void *a, const void *b) {
    return compare_keys((*static_cast<const JsonValue *const *>(a))->key,
                        (*static_cast<const JsonValue *const *>(b))->key);
}

Members members_of(const JsonValue *object) {
    Members members{static_cast<const JsonValue **>(palloc(sizeof(JsonValue *) * Max(object->count, 1))), 0};
    for (const JsonValue *member = object->first; member; member = member->next)
        members.items[members.count++] = member;
    qsort(members.items, members.count, sizeof(JsonValue *), compare_members);
    return members;
}

const JsonValue *find_member(const Members &members, FieldKey key) {
    int low = 0, high = members.count;
    while (low < high) {
        int middle = (low + high) / 2;
        int order = compare_keys(members.items[middle]->key, key);
        if (order == 0)
            return members.items[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return nullptr;
}

bool has_repeated_keys(const Members &members) {
    for (int i = 1; i < members.count; i++)
        if (same_key(members.items[i - 1]->key, members.items[i]->key))
            return true;
    return false;
}

// A stored document beside its image and the new object.
struct Objects {
    const JsonValue *value;
    BsonValue stored;
    Members added; // of the new object
    Members image;
};

// The last field of a key: of repeated ones jsonb shows that.
BsonValue stored_field(const Objects &objects, FieldKey key) {
    BsonValue found = kMissing;
    BsonReader fields(objects.stored.data, objects.stored.size);
    while (fields.next())
        if (same_key({fields.key(), fields.key_length()}, key))
            found = fields.value();
    return found;
}

// The keys that both have stand in the same order in both.
bool keeps_order(const Objects &objects) {
    const JsonValue *next = objects.value->first;
    BsonReader fields(objects.stored.data, objects.stored.size);
    while (fields.next()) {
        FieldKey key{fields.key(), fields.key_length()};
        if (!find_member(objects.added, key))
            continue;
        while (next && !find_member(objects.image, next->key))
            next = next->next;
        if (!next || !same_key(next->key, key))
            return false;
        next = next->next;
    }
    return true;
}

// Members in the order of the new object, each merged with the stored field of its key.
void write_in_new_order(const JsonMerge &merge, const Objects &objects) {
    bool ambiguous = has_repeated_keys(objects.image);
    for (const JsonValue *member = objects.value->first; member; member = member->next) {
        const JsonValue *image = ambiguous ? nullptr : find_member(objects.image, member->key);
        merge_json(merge, member->key, member, image, image ? stored_field(objects, member->key) : kMissing);
    }
}

// Stored fields in their order, then new ones.
void write_in_stored_order(const JsonMerge &merge, const Objects &objects, bool keeps_id) {
    BsonReader fields(objects.stored.data, objects.stored.size);
    while (fields.next()) {
        FieldKey key{fields.key(), fields.key_length()};
        if (const JsonValue *member = find_member(objects.added, key))
            merge_json(merge, key, member, find_member(objects.image, key), fields.value());
        else if (keeps_id && strcmp(fields.key(), "_id") == 0)
            write_value(merge.writer, key, fields.value());
    }
    for (const JsonValue *member = objects.value->first; member; member = member->next)
        if (!find_member(objects.image, member->key))
            write_json(merge.writer, member->key, member, merge.legacy, merge.place);
}

bool stores_repeated_keys(const BsonValue &stored, const Members &image) {
    int count = 0;
    BsonReader fields(stored.data, stored.size);
    while (fields.next())
        count++;
    return count != image.count || has_repeated_keys(image);
}

void write_members(const JsonMerge &merge, const JsonValue *value, const JsonValue *image, const BsonValue &stored,
                   bool keeps_id) {
    Objects objects{value, stored, members_of(value), members_of(image)};
    bool repeated = stores_repeated_keys(stored, objects.image) || has_repeated_keys(objects.added);
    if (repeated || (merge.ordered && !keeps_order(objects)))
        write_in_new_order(merge, objects);
    else
        write_in_stored_order(merge, objects, keeps_id);
}

// The elements of arrays, by index.
struct JsonElements {
    int count;
    int stored_count;
    const JsonValue **values;
    const JsonValue **images;
    BsonValue *stored;
    bool equal(int i, int j) const { return same_json(values[i], images[j]); }
    uint64 hash(int i) const { return hash_json(values[i]); }
    uint64 stored_hash(int j) const { return hash_json(images[j]); }
};

const JsonValue **list_of(const JsonValue *array) {
    const JsonValue **list = static_cast<const JsonValue **>(palloc(sizeof(JsonValue *) * Max(array->count, 1)));
    int count = 0;
    for (const JsonValue *member = array->first; member; member = member->next)
        list[count++] = member;
    return list;
}

void write_elements(const JsonMerge &merge, const JsonValue *value, const JsonValue *image, const BsonValue &stored) {
    JsonElements elements{static_cast<int>(value->count), static_cast<int>(image->count), list_of(value),
                          list_of(image), static_cast<BsonValue *>(palloc(sizeof(BsonValue) * Max(image->count, 1)))};
    BsonReader reader(stored.data, stored.size);
    int read = 0;
    while (read < elements.stored_count && reader.next())
        elements.stored[read++] = reader.value();
    elements.stored_count = read;
    Origin *origins = match_elements(elements);
    for (int i = 0; i < elements.count; i++) {
        IndexKey index(static_cast<uint32_t>(i));
        int from = origins[i].index;
        merge_json(merge, index.key, elements.values[i], from < 0 ? nullptr : elements.images[from],
                   from < 0 ? kMissing : elements.stored[from]);
    }
}

} // namespace

void merge_json(const JsonMerge &merge, FieldKey key, const JsonValue *value, const JsonValue *image,
                const BsonValue &stored) {
    check_stack_depth();
    bool plain = image && value->kind == image->kind && !is_extended(value, merge.legacy);
    if (image && same_json(value, image)) {
        write_value(merge.writer, key, stored);
    } else if (plain && value->kind == Kind::Object && stored.type == BsonType::Document) {
        write_key(merge.writer, BsonType::Document, key);
        int start = begin_document(merge.writer);
        write_members(merge, value, image, stored, false);
        end_document(merge.writer, start);
    } else if (plain && value->kind == Kind::Array && stored.type == BsonType::Array) {
        write_key(merge.writer, BsonType::Array, key);
        int start = begin_document(merge.writer);
        write_elements(merge, value, image, stored);
        end_document(merge.writer, start);
    } else if (!(plain && value->kind == Kind::Number &&
                 write_number_as(merge.writer, key, value->text, stored.type))) {
        write_json(merge.writer, key, value, merge.legacy, merge.place);
    }
}

void merge_json_document(const JsonMerge &merge, const JsonValue *value, const JsonValue *image,
                         const BsonValue &stored) {
    if (same_json(value, image))
        write_bytes(merge.writer, stored.data + 4, stored.size - 5);
    else
        write_members(merge, value, image, stored, true);
}

} // namespace mongo_fdw
