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

int compare_keys(const FieldKey &a, const FieldKey &b) {
    if (a.length != b.length)
        return a.length < b.length ? -1 : 1;
    return memcmp(a.text, b.text, a.length);
}

// Named things in the order of their keys, those of one key in the order in which they stand.
template <class Item> struct Named {
    FieldKey key;
    int place;
    Item item;
};
template <class Item> struct NamedList {
    Named<Item> *items;
    int count;
};
using Members = NamedList<const JsonValue *>;
using Fields = NamedList<BsonValue>;

template <class Item> int compare_named(const void *a, const void *b) {
    const Named<Item> *left = static_cast<const Named<Item> *>(a), *right = static_cast<const Named<Item> *>(b);
    int order = compare_keys(left->key, right->key);
    return order ? order : left->place - right->place;
}

template <class Item> void sort_named(NamedList<Item> *list) {
    qsort(list->items, list->count, sizeof(Named<Item>), compare_named<Item>);
}

Members members_of(const JsonValue *object) {
    Members members{static_cast<Named<const JsonValue *> *>(
                        palloc_extended(sizeof(Named<const JsonValue *>) * Max(object->count, 1), MCXT_ALLOC_HUGE)),
                    0};
    for (const JsonValue *member = object->first; member; member = member->next, members.count++)
        members.items[members.count] = {member->key, members.count, member};
    sort_named(&members);
    return members;
}

Fields fields_of(const BsonValue &document) {
    int capacity = 16;
    Fields fields{static_cast<Named<BsonValue> *>(palloc(sizeof(Named<BsonValue>) * capacity)), 0};
    for (BsonReader reader(document.data, document.size); reader.next(); fields.count++) {
        if (fields.count == capacity)
            fields.items = static_cast<Named<BsonValue> *>(
                repalloc_huge(fields.items, sizeof(Named<BsonValue>) * (capacity *= 2)));
        fields.items[fields.count] = {{reader.key(), reader.key_length()}, fields.count, reader.value()};
    }
    sort_named(&fields);
    return fields;
}

// The things of one key.
template <class Item> NamedList<Item> find_named(const NamedList<Item> &list, FieldKey key) {
    int low = 0, high = list.count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (compare_keys(list.items[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    int end = low;
    while (end < list.count && same_key(list.items[end].key, key))
        end++;
    return {list.items + low, end - low};
}

const JsonValue *find_member(const Members &members, FieldKey key) {
    Members found = find_named(members, key);
    return found.count ? found.items[0].item : nullptr;
}

template <class Item> bool has_repeated_keys(const NamedList<Item> &list) {
    for (int i = 1; i < list.count; i++)
        if (same_key(list.items[i - 1].key, list.items[i].key))
            return true;
    return false;
}

// A stored document beside its image and the new object.
struct Objects {
    const JsonValue *value;
    BsonValue stored;
    Members added; // of the new object
    Members image;
    Fields fields; // of the stored document
};

// The keys that both have stand in the same order in both, new ones behind them.
bool keeps_order(const Objects &objects) {
    const JsonValue *next = objects.value->first;
    BsonReader fields(objects.stored.data, objects.stored.size);
    while (fields.next()) {
        FieldKey key{fields.key(), fields.key_length()};
        if (!find_member(objects.added, key))
            continue;
        if (!next || !same_key(next->key, key))
            return false;
        next = next->next;
    }
    return true;
}

// What a member of the new object was: of a key that repeats, the one that stands as far behind its first; the image
// may show the last of them alone.
bool find_origin(const Objects &objects, FieldKey key, int occurrence, const JsonValue **image, BsonValue *stored) {
    Members images = find_named(objects.image, key);
    Fields fields = find_named(objects.fields, key);
    bool each = images.count == fields.count;
    if (images.count == 0 || fields.count == 0 || occurrence >= images.count || (!each && images.count > 1))
        return false;
    *image = images.items[occurrence].item;
    *stored = fields.items[each ? occurrence : fields.count - 1].item;
    return true;
}

// Members in the order of the new object, each merged with what it was.
void write_in_new_order(const JsonMerge &merge, const Objects &objects) {
    int *occurrences =
        static_cast<int *>(palloc_extended(sizeof(int) * Max(objects.added.count, 1), MCXT_ALLOC_HUGE)); // by place
    for (int i = 0; i < objects.added.count; i++) {
        const auto *items = objects.added.items;
        bool repeats = i > 0 && same_key(items[i - 1].key, items[i].key);
        occurrences[items[i].place] = repeats ? occurrences[items[i - 1].place] + 1 : 0;
    }
    int place = 0;
    for (const JsonValue *member = objects.value->first; member; member = member->next, place++) {
        CHECK_FOR_INTERRUPTS();
        const JsonValue *image = nullptr;
        BsonValue stored = kMissing;
        find_origin(objects, member->key, occurrences[place], &image, &stored);
        merge_json(merge, member->key, member, image, stored);
    }
}

// Stored fields in their order, then new ones.
void write_in_stored_order(const JsonMerge &merge, const Objects &objects, bool keeps_id) {
    BsonReader fields(objects.stored.data, objects.stored.size);
    while (fields.next()) {
        CHECK_FOR_INTERRUPTS();
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

void write_members(const JsonMerge &merge, const JsonValue *value, const JsonValue *image, const BsonValue &stored,
                   bool keeps_id) {
    Objects objects{value, stored, members_of(value), members_of(image), fields_of(stored)};
    bool repeated = objects.fields.count != objects.image.count || has_repeated_keys(objects.image) ||
                    has_repeated_keys(objects.added);
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
