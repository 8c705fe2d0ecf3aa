// Differences of BSON values as paths. Zone B.
#include "convert/changes.hpp"

#include "options/path.hpp"

namespace mongo_fdw {
namespace {

struct NamedValue {
    const char *key;
    BsonValue value;
    int place;
};

struct NamedValues {
    NamedValue *items;
    int count;
};

int compare_names(const void *a, const void *b) {
    return strcmp(static_cast<const NamedValue *>(a)->key, static_cast<const NamedValue *>(b)->key);
}

// The fields of a document by name; false where update operators cannot name one, or two have one name.
bool read_names(const BsonValue &document, NamedValues *names) {
    int capacity = 16;
    *names = {static_cast<NamedValue *>(palloc(sizeof(NamedValue) * capacity)), 0};
    for (BsonReader reader(document.data, document.size); reader.next(); names->count++) {
        if (!is_plain_key(reader.key()))
            return false;
        if (names->count == capacity)
            names->items = static_cast<NamedValue *>(repalloc_huge(names->items, sizeof(NamedValue) * (capacity *= 2)));
        names->items[names->count] = {reader.key(), reader.value(), names->count};
    }
    qsort(names->items, names->count, sizeof(NamedValue), compare_names);
    for (int i = 1; i < names->count; i++)
        if (strcmp(names->items[i - 1].key, names->items[i].key) == 0)
            return false;
    return true;
}

const NamedValue *find_name(const NamedValues &names, const char *key) {
    NamedValue wanted{key, {}, 0};
    return static_cast<const NamedValue *>(
        bsearch(&wanted, names.items, names.count, sizeof(NamedValue), compare_names));
}

const char *path_below(const char *path, const char *key) { return *path ? psprintf("%s.%s", path, key) : key; }

// Fields that are new stand behind the others, which stand in one order in both, and in the order of their bytes, in
// which $set adds them whatever their order in the command is (MongoDB 5.0 and later).
bool keeps_places(const NamedValues &stored, const BsonValue &value) {
    int last = -1;
    const char *added = nullptr;
    for (BsonReader fields(value.data, value.size); fields.next();) {
        const NamedValue *old = find_name(stored, fields.key());
        if (old ? (added || old->place < last) : (added && strcmp(added, fields.key()) > 0))
            return false;
        if (old)
            last = old->place;
        else
            added = fields.key();
    }
    return true;
}

bool differences_of_documents(PathChanges *changes, const char *path, const BsonValue &stored, const BsonValue &value,
                              bool top) {
    NamedValues before, after;
    if (!read_names(stored, &before) || !read_names(value, &after) || !keeps_places(before, value))
        return false;
    auto left_alone = [top](const char *key) { return top && strcmp(key, "_id") == 0; };
    for (BsonReader fields(value.data, value.size); fields.next();) {
        const NamedValue *old = find_name(before, fields.key());
        if (!left_alone(fields.key()))
            add_differences(changes, path_below(path, fields.key()), old ? old->value : kMissing, fields.value());
    }
    for (int i = 0; i < before.count; i++)
        if (!left_alone(before.items[i].key) && !find_name(after, before.items[i].key))
            add_path_change(changes, path_below(path, before.items[i].key), kMissing);
    return true;
}

// Elements in their places, and new ones behind them.
bool differences_of_arrays(PathChanges *changes, const char *path, const BsonValue &stored, const BsonValue &value) {
    BsonReader before(stored.data, stored.size), after(value.data, value.size);
    uint32_t index = 0;
    bool old = true;
    for (; after.next(); index++) {
        old = old && before.next();
        add_differences(changes, psprintf("%s.%u", path, index), old ? before.value() : kMissing, after.value());
    }
    return !old || !before.next(); // else it shrank
}

} // namespace

void add_path_change(PathChanges *changes, const char *path, const BsonValue &value) {
    constexpr Size kOverhead = 8;
    if (changes->count == changes->capacity) {
        changes->capacity = Max(changes->capacity * 2, 8);
        Size size = sizeof(PathChange) * changes->capacity;
        changes->items = static_cast<PathChange *>(changes->items ? repalloc_huge(changes->items, size) : palloc(size));
    }
    changes->items[changes->count++] = {path, value};
    changes->bytes += strlen(path) + value.size + kOverhead;
}

void add_differences(PathChanges *changes, const char *path, const BsonValue &stored, const BsonValue &value) {
    check_stack_depth();
    if (same_value(stored, value))
        return;
    int count = changes->count;
    Size bytes = changes->bytes;
    bool said = false;
    if (stored.type == value.type && value.type == BsonType::Document)
        said = differences_of_documents(changes, path, stored, value, false);
    else if (stored.type == value.type && value.type == BsonType::Array && !changes->whole_arrays)
        said = differences_of_arrays(changes, path, stored, value);
    constexpr Size kWorthIt = 64; // a few bytes more, where others' changes beside stay apart
    if (said && changes->bytes - bytes <= value.size + kWorthIt)
        return;
    changes->count = count;
    changes->bytes = bytes;
    add_path_change(changes, path, value);
}

bool add_document_differences(PathChanges *changes, const BsonValue &stored, const BsonValue &value) {
    int count = changes->count;
    Size bytes = changes->bytes;
    if (differences_of_documents(changes, "", stored, value, true))
        return true;
    changes->count = count;
    changes->bytes = bytes;
    return false;
}

} // namespace mongo_fdw
