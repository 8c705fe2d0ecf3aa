// Look-ups of unique keys. Zone B.
#include "dml/conflicts.hpp"

#include "connect/connect.hpp"
#include "convert/number.hpp"
#include "dml/lookup.hpp"
#include "mql/commands.hpp"
#include "pg/error.hpp"
#include "pg/memory.hpp"

namespace mongo_fdw {

struct UniqueIndex {
    BsonValue keys;
    bool sparse;
    bool collated; // strings that differ may be the same key
};

struct UniqueIndexes {
    UniqueIndex *items;
    int count;
};

namespace {

// --- the keys of a document ---

// The values that an index has of a document at one path: one, or one for each element of an array.
struct PathValues {
    BsonValue *items;
    int count;
    bool through_array;
    bool known; // false: what the server makes of arrays like these is not ours to guess
};

void add_value(PathValues *values, const BsonValue &value) {
    Size size = sizeof(BsonValue) * (values->count + 1);
    values->items = static_cast<BsonValue *>(values->items ? repalloc(values->items, size) : palloc(size));
    values->items[values->count++] = value;
}

void collect_values(PathValues *values, const BsonValue &value, const char *path) {
    if (value.type == BsonType::Array) {
        values->known = values->known && !values->through_array; // arrays in arrays
        values->through_array = true;
        int before = values->count;
        BsonReader elements(value.data, value.size);
        while (elements.next())
            collect_values(values, elements.value(), path);
        values->known = values->known && values->count > before;
        return;
    }
    if (!*path) {
        add_value(values, value);
        return;
    }
    const char *dot = strchr(path, '.');
    const char *key = dot ? pnstrdup(path, dot - path) : path;
    collect_values(values, value.type == BsonType::Document ? field_of(value, key) : kMissing, dot ? dot + 1 : "");
}

PathValues values_at(mongo::Bytes document, const char *path) {
    PathValues values{nullptr, 0, false, true};
    collect_values(&values, {BsonType::Document, document.data, document.size}, path);
    for (int i = 0; i < values.count; i++) // in a list it would be a pattern
        values.known = values.known && !(values.through_array && values.items[i].type == BsonType::Regex);
    return values;
}

// What a document has at the paths of an index.
struct DocumentKeys {
    PathValues *paths;
    int count;
    int elements; // the path through an array; negative: none
    bool sayable; // false: the index says nothing about the document, or nothing that is certain
};

DocumentKeys keys_of(const UniqueIndex &index, mongo::Bytes document) {
    DocumentKeys result{nullptr, 0, -1, true};
    int arrays = 0;
    bool any = false;
    for (BsonReader keys(index.keys.data, index.keys.size); keys.next(); result.count++) {
        Size size = sizeof(PathValues) * (result.count + 1);
        result.paths = static_cast<PathValues *>(result.paths ? repalloc(result.paths, size) : palloc(size));
        PathValues values = values_at(document, keys.key());
        result.paths[result.count] = values;
        result.sayable = result.sayable && values.known;
        for (int i = 0; i < values.count; i++)
            any = any || values.items[i].type != BsonType::Missing;
        if (values.through_array) {
            result.elements = result.count;
            arrays++;
        }
    }
    // Two paths through one array are paired element by element, which a condition for each does not say.
    result.sayable = result.sayable && arrays <= 1 && (any || !index.sparse);
    return result;
}

// Appends the condition that a path has one of the values.
void append_values(BsonWriter *writer, const char *path, const PathValues &values) {
    write_key(writer, BsonType::Document, key_of(path));
    int start = begin_document(writer), list = -1;
    if (values.through_array) {
        write_key(writer, BsonType::Array, key_of("$in"));
        list = begin_document(writer);
    }
    for (int i = 0; i < values.count; i++) {
        IndexKey index(static_cast<uint32_t>(i));
        FieldKey key = list >= 0 ? index.key : key_of("$eq");
        if (values.items[i].type == BsonType::Missing)
            write_null(writer, key);
        else
            write_value(writer, key, values.items[i]);
    }
    if (list >= 0)
        end_document(writer, list);
    end_document(writer, start);
}

// Appends the condition that one of the fields of an index is there.
void append_existence(BsonWriter *writer, const BsonValue &keys) {
    write_key(writer, BsonType::Array, key_of("$or"));
    int list = begin_document(writer);
    uint32 number = 0;
    for (BsonReader fields(keys.data, keys.size); fields.next();) {
        write_key(writer, BsonType::Document, IndexKey(number++).key);
        int field = begin_document(writer);
        write_key(writer, BsonType::Document, key_of(fields.key()));
        int exists = begin_document(writer);
        write_key(writer, BsonType::Bool, key_of("$exists"));
        write_bytes(writer, "\1", 1);
        end_document(writer, exists);
        end_document(writer, field);
    }
    end_document(writer, list);
}

// Appends {path: {$eq: value}, ...} for an index; false, and nothing, where it says nothing about the document. Who is
// found has the same key, beyond doubt: a row is left out because of it.
bool append_key(BsonWriter *writer, FieldKey number, const UniqueIndex &index, mongo::Bytes document) {
    DocumentKeys values = keys_of(index, document);
    if (!values.sayable)
        return false;
    write_key(writer, BsonType::Document, number);
    int start = begin_document(writer), place = 0;
    for (BsonReader keys(index.keys.data, index.keys.size); keys.next(); place++)
        append_values(writer, keys.key(), values.paths[place]);
    if (index.sparse) // the index has only documents with one of its fields
        append_existence(writer, index.keys);
    end_document(writer, start);
    return true;
}

// --- keys that repeat ---

constexpr uint64 kSeed = 0x9E3779B97F4A7C15;

uint64 hash_of(const void *data, Size size, uint64 seed) {
    return DatumGetUInt64(hash_bytes_extended(static_cast<const unsigned char *>(data), static_cast<int>(size), seed));
}

// A number as a double; one of NaN, and one of zero.
double nearest_double(const BsonValue &value) {
    double number = number_of(value, 0);
    if (value.type == BsonType::Decimal128) {
        Decimal decimal;
        decimal_of_decimal128(value.data, &decimal);
        number = decimal.special == Special::Finite
                     ? strtod(psprintf("%s%.*se%d", decimal.negative ? "-" : "", decimal.digit_count, decimal.digits,
                                       decimal.exponent),
                              nullptr)
                 : decimal.special == Special::NaN              ? get_float8_nan()
                 : decimal.special == Special::PositiveInfinity ? get_float8_infinity()
                                                                : -get_float8_infinity();
    }
    return isnan(number) ? get_float8_nan() : number == 0 ? 0 : number;
}

// The same for all values that any index holds equal: numbers by value, NULLs and missing fields alike.
uint64 coarse_hash(const BsonValue &value, bool collated) {
    check_stack_depth();
    switch (value.type) {
    case BsonType::Missing:
    case BsonType::Null:
    case BsonType::Undefined:
        return kSeed;
    case BsonType::Double:
    case BsonType::Int32:
    case BsonType::Int64:
    case BsonType::Decimal128: {
        double number = nearest_double(value);
        return hash_of(&number, sizeof number, 1);
    }
    case BsonType::String:
    case BsonType::Symbol:
        return collated ? 2 : hash_of(value.data, value.size, 2);
    case BsonType::Document:
    case BsonType::Array: {
        uint64 hash = value.type == BsonType::Document ? 3 : 4;
        BsonReader reader(value.data, value.size);
        while (reader.next())
            hash = hash_of(reader.key(), reader.key_length(), hash) * 31 + coarse_hash(reader.value(), collated);
        return hash;
    }
    default:
        return hash_of(value.data, value.size, static_cast<uint64>(value.type));
    }
}

// A key of a document, by its hash.
struct KeyHash {
    uint64 hash;
    uint32 document;
};

struct KeyHashes {
    KeyHash *items;
    Size count;
    Size capacity;
};

void add_hash(KeyHashes *hashes, uint64 hash, uint32 document) {
    if (hashes->count == hashes->capacity) {
        hashes->capacity *= 2;
        hashes->items = static_cast<KeyHash *>(repalloc_huge(hashes->items, sizeof(KeyHash) * hashes->capacity));
    }
    hashes->items[hashes->count++] = {hash, document};
}

int compare_hashes(const void *a, const void *b) {
    const KeyHash *left = static_cast<const KeyHash *>(a), *right = static_cast<const KeyHash *>(b);
    if (left->hash != right->hash)
        return left->hash < right->hash ? -1 : 1;
    return left->document < right->document ? -1 : left->document > right->document;
}

// What the value at a place of the key adds to the key's hash.
uint64 part_of_hash(int place, const UniqueIndex &index, const BsonValue &value) {
    uint64 hash = coarse_hash(value, index.collated);
    return hash_of(&hash, sizeof hash, static_cast<uint64>(place));
}

// Adds the keys that an index has of a document.
void add_hashes(KeyHashes *hashes, const UniqueIndex &index, mongo::Bytes document, uint32 number) {
    DocumentKeys values = keys_of(index, document);
    if (!values.sayable)
        return;
    uint64 scalars = 0;
    for (int place = 0; place < values.count; place++)
        if (place != values.elements)
            scalars ^= part_of_hash(place, index, values.paths[place].items[0]);
    if (values.elements < 0)
        return add_hash(hashes, scalars, number);
    const PathValues &elements = values.paths[values.elements];
    for (int i = 0; i < elements.count; i++)
        add_hash(hashes, scalars ^ part_of_hash(values.elements, index, elements.items[i]), number);
}

bool repeats_in(const UniqueIndex &index, const mongo::Bytes *documents, uint32 count) {
    KeyHashes hashes{static_cast<KeyHash *>(palloc(sizeof(KeyHash) * Max(count, 16))), 0, Max(count, 16)};
    for (uint32 i = 0; i < count; i++)
        add_hashes(&hashes, index, documents[i], i);
    qsort(hashes.items, hashes.count, sizeof(KeyHash), compare_hashes);
    bool repeats = false;
    for (Size i = 1; i < hashes.count && !repeats; i++)
        repeats = hashes.items[i].hash == hashes.items[i - 1].hash &&
                  hashes.items[i].document != hashes.items[i - 1].document;
    pfree(hashes.items);
    return repeats;
}

// Two paths of a key that may lead through one array: its elements are paired, which a condition for each does not say.
bool shares_arrays(const BsonValue &keys) {
    for (BsonReader first(keys.data, keys.size); first.next();) {
        Size length = strcspn(first.key(), ".");
        int same = 0;
        for (BsonReader other(keys.data, keys.size); other.next();)
            same += strcspn(other.key(), ".") == length && strncmp(first.key(), other.key(), length) == 0;
        if (same > 1)
            return true;
    }
    return false;
}

void add_index(UniqueIndexes *indexes, const BsonValue &keys, bool sparse, bool collated) {
    Size size = sizeof(UniqueIndex) * (indexes->count + 1);
    indexes->items = static_cast<UniqueIndex *>(indexes->items ? repalloc(indexes->items, size) : palloc(size));
    uint8_t *copy = static_cast<uint8_t *>(palloc(keys.size));
    memcpy(copy, keys.data, keys.size);
    indexes->items[indexes->count++] = {{BsonType::Document, copy, keys.size}, sparse, collated};
}

bool is_id_index(const BsonValue &index) {
    BsonValue keys = field_of(index, "key");
    return keys.type == BsonType::Document && field_of(keys, "_id").type != BsonType::Missing &&
           is_text(field_of(index, "name"), "_id_");
}

} // namespace

UniqueIndexes *read_unique_indexes(const TableOptions *table, Oid user) {
    mongo::Bytes reply{};
    mongo::Error failure{};
    mql::Document command = mql::list_indexes_command(table->collection, current_memory());
    constexpr int32_t kNamespaceNotFound = 26;
    UniqueIndexes *indexes = static_cast<UniqueIndexes *>(palloc0(sizeof(UniqueIndexes)));
    bool told = run_command(table->server, user, table->database, {command.data, command.size}, &reply, &failure);
    if (!told && !(failure.kind == mongo::ErrorKind::Server && failure.code == kNamespaceNotFound))
        raise_mongo_error(failure, table->server_name, table->name_space, nullptr);
    BsonValue list = told ? field_of(field_of(reply.data, reply.size, "cursor"), "firstBatch") : kMissing;
    constexpr uint8_t kNothing[] = {5, 0, 0, 0, 0};
    if (list.type != BsonType::Array)
        list = {BsonType::Array, kNothing, sizeof kNothing};
    // Look-ups compare by the collection's own collation, which is that of the index of _id.
    BsonValue collation = kMissing;
    for (BsonReader reader(list.data, list.size); reader.next();)
        if (is_id_index(reader.value()))
            collation = field_of(reader.value(), "collation");
    bool collated = collation.type != BsonType::Missing;
    // A collection that is still to be made has this one, too.
    constexpr uint8_t kIdKey[] = {14, 0, 0, 0, 0x10, '_', 'i', 'd', 0, 1, 0, 0, 0, 0};
    add_index(indexes, {BsonType::Document, kIdKey, sizeof kIdKey}, false, collated);
    for (BsonReader reader(list.data, list.size); reader.next();) {
        const BsonValue &index = reader.value();
        BsonValue keys = field_of(index, "key");
        if (!is_id_index(index) && keys.type == BsonType::Document && is_true(field_of(index, "unique")) &&
            field_of(index, "partialFilterExpression").type == BsonType::Missing && !shares_arrays(keys) &&
            same_value(field_of(index, "collation"), collation))
            add_index(indexes, keys, is_true(field_of(index, "sparse")), collated);
    }
    return indexes;
}

bool any_exists(const TableOptions *table, Oid user, const UniqueIndexes *indexes, const mongo::Bytes *documents,
                uint32 count) {
    Lookup lookup;
    begin_lookup(&lookup, table);
    write_key(&lookup.writer, BsonType::Array, key_of("$or"));
    int list = begin_document(&lookup.writer);
    uint32 alternatives = 0;
    for (uint32 i = 0; i < count; i++)
        for (int j = 0; j < indexes->count; j++)
            alternatives += append_key(&lookup.writer, IndexKey(alternatives).key, indexes->items[j], documents[i]);
    end_document(&lookup.writer, list);
    if (alternatives == 0)
        return false;
    BsonValue found = run_lookup(&lookup, table, user, 1, true);
    constexpr uint32_t kEmpty = 5;
    return found.type == BsonType::Array && found.size > kEmpty;
}

bool may_repeat(const UniqueIndexes *indexes, const mongo::Bytes *documents, uint32 count) {
    for (int i = 0; i < indexes->count; i++)
        if (repeats_in(indexes->items[i], documents, count))
            return true;
    return false;
}

} // namespace mongo_fdw
