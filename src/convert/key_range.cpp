// Ranges of keys as filters. Zone B, free of PostgreSQL.
//
// A comparison of MongoDB's finds values of the bracket of its constant alone, so that a range over several brackets is
// one condition for each. NaN is equal to itself and neither less nor greater than a number; null is found by equality
// where a field is missing; $gt of MinKey finds all types.
#include "convert/key_range.hpp"

#include <cstdio>

namespace mongo_fdw {
namespace {

enum class Kind : uint8_t {
    One,     // there is one value: equality
    Typed,   // the values cannot be compared with a constant: $type
    Numbers, // ordered, NaN apart
    Dates,   // ordered, but not every server takes the least for a constant: before and from 1970 on
    Ordered,
};

// The least key of each bracket, without its first byte.
struct LeastRow {
    Kind kind;
    uint8_t size;
    uint8_t bytes[17];
};
constexpr uint8_t kNaN = static_cast<uint8_t>(KeyNumber::Kind::NaN);
constexpr LeastRow kLeastRows[kBrackets] = {
    {Kind::One, 0, {}},                 // MinKey
    {Kind::Typed, 0, {}},               // undefined
    {Kind::Typed, 0, {}},               // null
    {Kind::Numbers, 1, {kNaN}},         //
    {Kind::Ordered, 2, {}},             // the empty string
    {Kind::Ordered, 1, {}},             // the empty document
    {Kind::Ordered, 1, {}},             // the empty array
    {Kind::Ordered, 5, {}},             // no bytes of subtype 0
    {Kind::Ordered, 12, {}},            // ObjectId
    {Kind::Ordered, 1, {}},             // false
    {Kind::Dates, 8, {}},               // date
    {Kind::Ordered, 8, {}},             // timestamp
    {Kind::Typed, 2, {}},               // regular expression
    {Kind::Ordered, 17, {0, 0, 0, 17}}, // DBPointer: its size, an empty name, its id
    {Kind::Ordered, 2, {}},             // code
    {Kind::Ordered, 3, {}},             // code with scope
    {Kind::One, 0, {}},                 // MaxKey
};

struct Key {
    uint8_t own[18]; // bytes of one that is made here
    const uint8_t *bytes;
    uint64_t size;
};

void least_key(int bracket, Key *key) {
    const LeastRow &row = kLeastRows[bracket];
    key->own[0] = bracket_byte(bracket);
    std::memcpy(key->own + 1, row.bytes, row.size);
    key->bytes = key->own;
    key->size = row.size + 1u;
}

int compare(const Key &a, const Key &b) {
    int order = std::memcmp(a.bytes, b.bytes, a.size < b.size ? a.size : b.size);
    return order ? order : a.size < b.size ? -1 : a.size > b.size;
}

bool is_nan(const Key &key) { return key.size > 1 && key.bytes[1] == kNaN; }

constexpr int kAll = -1, kNone = -2;

struct Filter {
    ByteSink sink;
    int conditions = 0; // written or passed so far
    int only;           // the one to write; kAll, kNone
    bool listed;        // they are elements of $or
    bool failed = false;
};

void put_name(Filter *filter, BsonType type, const char *name) {
    uint8_t byte = static_cast<uint8_t>(type);
    filter->sink.bytes(&byte, 1);
    filter->sink.bytes(name, std::strlen(name) + 1);
}

void put_field(Filter *filter, const char *name, const Key &key) {
    uint64_t at = filter->sink.size;
    BsonType type = BsonType::Missing;
    put_name(filter, type, name);
    filter->failed = !put_id_value(&filter->sink, key.bytes, key.size, &type) || filter->failed;
    filter->sink.set(at, static_cast<uint8_t>(type));
}

// {_id: {...}}, as an element of $or or as the fields of the filter itself.
template <class Operators> void put_condition(Filter *filter, Operators operators) {
    if (filter->only != kAll && filter->only != filter->conditions) {
        filter->conditions++;
        return;
    }
    uint64_t element = 0;
    if (filter->listed) {
        char name[3] = {};
        int digits = 0;
        if (filter->conditions >= 10)
            name[digits++] = static_cast<char>('0' + filter->conditions / 10);
        name[digits] = static_cast<char>('0' + filter->conditions % 10);
        put_name(filter, BsonType::Document, name);
        element = open_document(&filter->sink);
    }
    put_name(filter, BsonType::Document, "_id");
    uint64_t start = open_document(&filter->sink);
    operators();
    close_document(&filter->sink, start);
    if (filter->listed)
        close_document(&filter->sink, element);
    filter->conditions++;
}

// The keys of one bracket from lower on, below upper if there is one.
void put_bracket(Filter *filter, int bracket, Key lower, const Key *upper) {
    Kind kind = kLeastRows[bracket].kind;
    Key least;
    least_key(bracket, &least);
    bool from_start = compare(lower, least) == 0;
    if (upper && compare(*upper, lower) <= 0)
        return;
    if (kind == Kind::Dates && from_start && !upper) {
        Key epoch = lower;
        epoch.bytes = epoch.own;
        std::memcpy(epoch.own, lower.bytes, lower.size);
        epoch.own[1] ^= 0x80; // the sign
        put_condition(filter, [&] { put_field(filter, "$lt", epoch); });
        put_condition(filter, [&] { put_field(filter, "$gte", epoch); });
        return;
    }
    if (kind == Kind::Typed) {
        filter->failed = filter->failed || upper || !from_start;
        const char *name = bracket_name(bracket);
        put_condition(filter, [&] {
            put_name(filter, BsonType::String, "$type");
            filter->sink.le(static_cast<int32_t>(std::strlen(name) + 1));
            filter->sink.bytes(name, std::strlen(name) + 1);
        });
        return;
    }
    if (kind == Kind::One || (kind == Kind::Numbers && is_nan(lower))) {
        put_condition(filter, [&] { put_field(filter, "$eq", lower); });
        if (kind == Kind::One)
            return;
        least_key(bracket, &lower);
        lower.own[1] = static_cast<uint8_t>(KeyNumber::Kind::NegativeInfinity);
        if (upper && compare(*upper, lower) <= 0)
            return;
    }
    put_condition(filter, [&] {
        if (!upper || !from_start) // $lt finds its bracket alone
            put_field(filter, "$gte", lower);
        if (upper)
            put_field(filter, "$lt", *upper);
    });
}

void put_brackets(Filter *filter, const KeyRange &range) {
    int first = range.lower ? bracket_of_key(range.lower, range.lower_size) : range.first_bracket;
    int last = range.upper ? bracket_of_key(range.upper, range.upper_size) : kBrackets - 1;
    filter->failed = filter->failed || first < 0 || last < 0;
    for (int bracket = first; !filter->failed && bracket <= last && bracket <= range.last_bracket; bracket++) {
        Key lower, upper{{}, range.upper, range.upper_size};
        if (range.lower && bracket == first) {
            lower.bytes = range.lower;
            lower.size = range.lower_size;
        } else {
            least_key(bracket, &lower);
        }
        put_bracket(filter, bracket, lower, range.upper && bracket == last ? &upper : nullptr);
    }
}

Filter count_conditions(const KeyRange &range) {
    Filter count{{nullptr}, 0, kNone, false};
    put_brackets(&count, range);
    return count;
}

bool put_filter(ByteSink *out, const KeyRange &range) {
    Filter count = count_conditions(range);
    Filter filter{*out, 0, kAll, count.conditions > 1};
    filter.failed = count.failed;
    uint64_t start = open_document(&filter.sink), list = 0;
    if (!range.lower && !range.upper) {
        // all documents
    } else if (count.conditions == 0) {
        put_condition(&filter, [&] {
            put_name(&filter, BsonType::Array, "$in");
            close_document(&filter.sink, open_document(&filter.sink));
        });
    } else {
        if (filter.listed) {
            put_name(&filter, BsonType::Array, "$or");
            list = open_document(&filter.sink);
        }
        put_brackets(&filter, range);
        if (filter.listed)
            close_document(&filter.sink, list);
    }
    close_document(&filter.sink, start);
    *out = filter.sink;
    return !filter.failed;
}

bool put_one_condition(ByteSink *out, const KeyRange &range, uint32_t number) {
    Filter filter{*out, 0, static_cast<int>(number), false};
    uint64_t start = open_document(&filter.sink);
    put_brackets(&filter, range);
    close_document(&filter.sink, start);
    *out = filter.sink;
    return !filter.failed;
}

void put_list_filter(ByteSink *sink, const KeyBytes *keys, uint32_t count) {
    Filter filter{*sink, 0, kAll, false};
    uint64_t start = open_document(&filter.sink);
    put_name(&filter, BsonType::Document, "_id");
    uint64_t condition = open_document(&filter.sink);
    put_name(&filter, BsonType::Array, "$in");
    uint64_t list = open_document(&filter.sink);
    for (uint32_t i = 0, written = 0; i < count; i++) {
        int bracket = bracket_of_key(keys[i].bytes, keys[i].size);
        if (id_value_size(keys[i].bytes, keys[i].size) == 0 || std::strcmp(bracket_name(bracket), "regex") == 0)
            continue;
        char name[12];
        std::snprintf(name, sizeof name, "%u", written++);
        put_field(&filter, name, {{}, keys[i].bytes, keys[i].size});
    }
    close_document(&filter.sink, list);
    close_document(&filter.sink, condition);
    close_document(&filter.sink, start);
    *sink = filter.sink;
}

// Bounds that are no keys are none where they lie in a bracket that is left out, either.
bool is_key(const uint8_t *key, uint64_t size) { return !key || id_value_size(key, size) > 0; }

} // namespace

uint64_t range_filter_size(const KeyRange &range) {
    ByteSink sink{nullptr};
    return is_key(range.lower, range.lower_size) && is_key(range.upper, range.upper_size) && put_filter(&sink, range)
               ? sink.size
               : 0;
}

void write_range_filter(const KeyRange &range, uint8_t *out) {
    ByteSink sink{out};
    (void)put_filter(&sink, range);
}

uint32_t range_condition_count(const KeyRange &range) {
    return static_cast<uint32_t>(count_conditions(range).conditions);
}

uint64_t range_condition_size(const KeyRange &range, uint32_t number) {
    ByteSink sink{nullptr};
    return put_one_condition(&sink, range, number) ? sink.size : 0;
}

void write_range_condition(const KeyRange &range, uint32_t number, uint8_t *out) {
    ByteSink sink{out};
    (void)put_one_condition(&sink, range, number);
}

uint64_t list_filter_size(const KeyBytes *keys, uint32_t count) {
    ByteSink sink{nullptr};
    put_list_filter(&sink, keys, count);
    return sink.size;
}

void write_list_filter(const KeyBytes *keys, uint32_t count, uint8_t *out) {
    ByteSink sink{out};
    put_list_filter(&sink, keys, count);
}

} // namespace mongo_fdw
