// Keys of documents against an order of ids that is written here a second time, from MongoDB's documentation.
#include "convert/key_range.hpp"

#include <bson/bson.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace mongo_fdw;

namespace {

// A document {v: value}, and the value in it.
struct Sample {
    std::string bytes;
    BsonValue value() const {
        return field_of(reinterpret_cast<const uint8_t *>(bytes.data()), static_cast<uint32_t>(bytes.size()), "v");
    }
};

template <class Append> Sample sample(Append append) {
    bson_t document = BSON_INITIALIZER;
    append(&document);
    Sample result{std::string(reinterpret_cast<const char *>(bson_get_data(&document)), document.len)};
    bson_destroy(&document);
    return result;
}

Sample of_double(double v) {
    return sample([&](bson_t *d) { BSON_APPEND_DOUBLE(d, "v", v); });
}
Sample of_int32(int32_t v) {
    return sample([&](bson_t *d) { BSON_APPEND_INT32(d, "v", v); });
}
Sample of_int64(int64_t v) {
    return sample([&](bson_t *d) { BSON_APPEND_INT64(d, "v", v); });
}
Sample of_decimal(const std::string &text) {
    return sample([&](bson_t *d) {
        bson_decimal128_t v;
        EXPECT_TRUE(bson_decimal128_from_string(text.c_str(), &v)) << text;
        BSON_APPEND_DECIMAL128(d, "v", &v);
    });
}
Sample of_text(const std::string &v) {
    return sample([&](bson_t *d) { bson_append_utf8(d, "v", -1, v.data(), static_cast<int>(v.size())); });
}
Sample of_symbol(const std::string &v) {
    return sample([&](bson_t *d) { bson_append_symbol(d, "v", -1, v.data(), static_cast<int>(v.size())); });
}
Sample of_binary(bson_subtype_t subtype, const std::string &v) {
    return sample([&](bson_t *d) {
        bson_append_binary(d, "v", -1, subtype, reinterpret_cast<const uint8_t *>(v.data()),
                           static_cast<uint32_t>(v.size()));
    });
}
Sample of_object_id(const char *hex) {
    return sample([&](bson_t *d) {
        bson_oid_t id;
        bson_oid_init_from_string(&id, hex);
        BSON_APPEND_OID(d, "v", &id);
    });
}
Sample of_json(const std::string &json) {
    bson_error_t error;
    bson_t *document =
        bson_new_from_json(reinterpret_cast<const uint8_t *>(json.data()), static_cast<ssize_t>(json.size()), &error);
    EXPECT_NE(document, nullptr) << json << ": " << error.message;
    Sample result{std::string(reinterpret_cast<const char *>(bson_get_data(document)), document->len)};
    bson_destroy(document);
    return result;
}

std::string key_of(const BsonValue &value) {
    std::string key(id_key_size(value), '\0');
    write_id_key(value, reinterpret_cast<uint8_t *>(key.data()));
    return key;
}
std::string key_of(const Sample &sample) { return key_of(sample.value()); }

int sign(int64_t v) { return v < 0 ? -1 : v > 0; }

// --- the order, told once more ---

int rank(BsonType type) {
    static const std::vector<std::vector<BsonType>> kOrder = {
        {BsonType::MinKey},
        {BsonType::Undefined},
        {BsonType::Null},
        {BsonType::Int32, BsonType::Int64, BsonType::Double, BsonType::Decimal128},
        {BsonType::String, BsonType::Symbol},
        {BsonType::Document},
        {BsonType::Array},
        {BsonType::Binary},
        {BsonType::ObjectId},
        {BsonType::Bool},
        {BsonType::Date},
        {BsonType::Timestamp},
        {BsonType::Regex},
        {BsonType::DbPointer},
        {BsonType::Code},
        {BsonType::CodeWithScope},
        {BsonType::MaxKey}};
    for (size_t i = 0; i < kOrder.size(); i++)
        if (std::find(kOrder[i].begin(), kOrder[i].end(), type) != kOrder[i].end())
            return static_cast<int>(i);
    return -1;
}

// A finite number in fixed point: its sign, and digits that can be compared as text.
struct Fixed {
    int sign;
    std::string digits;
};
constexpr int kBefore = 400, kBehind = 1200;

Fixed fixed_of(bool negative, std::string digits, int64_t exponent) {
    std::string text(kBefore + kBehind, '0');
    int64_t last = kBefore - 1 - exponent; // where the last digit stands
    bool any = false;
    for (size_t i = 0; i < digits.size(); i++) {
        char digit = digits[digits.size() - 1 - i];
        any = any || digit != '0';
        if (digit != '0')
            text.at(static_cast<size_t>(last - static_cast<int64_t>(i))) = digit;
    }
    return {!any ? 0 : negative ? -1 : 1, text};
}

Fixed fixed_of(const BsonValue &value) {
    char text[2000];
    if (value.type == BsonType::Double) {
        std::snprintf(text, sizeof text, "%.*f", kBehind, std::fabs(read_le<double>(value.data)));
        std::string all(text);
        size_t point = all.find('.');
        return fixed_of(std::signbit(read_le<double>(value.data)), all.erase(point, 1), -kBehind);
    }
    if (value.type == BsonType::Decimal128) {
        bson_decimal128_t decimal{read_le<uint64_t>(value.data), read_le<uint64_t>(value.data + 8)};
        bson_decimal128_to_string(&decimal, text);
        std::string all(text), digits;
        int64_t exponent = 0;
        bool behind = false;
        size_t at = all[0] == '-' ? 1 : 0;
        for (; at < all.size() && all[at] != 'E'; at++)
            if (all[at] == '.')
                behind = true;
            else
                digits += all[at], exponent -= behind;
        if (at < all.size())
            exponent += std::stoll(all.substr(at + 1));
        return fixed_of(all[0] == '-', digits, exponent);
    }
    int64_t integer = 0;
    integer_of(value, &integer);
    std::string digits = std::to_string(integer);
    return fixed_of(integer < 0, digits[0] == '-' ? digits.substr(1) : digits, 0);
}

// NaN 0, -Infinity 1, finite 2, Infinity 3
int kind_of(const BsonValue &value) {
    double v = 0;
    if (value.type == BsonType::Double) {
        v = read_le<double>(value.data);
    } else if (value.type == BsonType::Decimal128) {
        bson_decimal128_t decimal{read_le<uint64_t>(value.data), read_le<uint64_t>(value.data + 8)};
        char text[BSON_DECIMAL128_STRING];
        bson_decimal128_to_string(&decimal, text);
        std::string all(text);
        v = all == "NaN" ? std::nan("") : all == "Infinity" ? INFINITY : all == "-Infinity" ? -INFINITY : 0;
    }
    return std::isnan(v) ? 0 : std::isinf(v) ? (v < 0 ? 1 : 3) : 2;
}

int compare_numbers(const BsonValue &a, const BsonValue &b) {
    if (kind_of(a) != kind_of(b) || kind_of(a) != 2)
        return sign(kind_of(a) - kind_of(b));
    Fixed x = fixed_of(a), y = fixed_of(b);
    if (x.sign != y.sign)
        return sign(x.sign - y.sign);
    return x.sign * sign(x.digits.compare(y.digits));
}

int compare(const BsonValue &a, const BsonValue &b);

int compare_fields(const BsonValue &a, const BsonValue &b) {
    BsonReader left(a.data, a.size), right(b.data, b.size);
    for (;;) {
        bool more = left.next(), other = right.next();
        if (!more || !other)
            return sign(more - other);
        if (int order = sign(rank(left.value().type) - rank(right.value().type)))
            return order;
        if (int order = sign(std::strcmp(left.key(), right.key())))
            return order;
        if (int order = compare(left.value(), right.value()))
            return order;
    }
}

int compare_bytes(const uint8_t *a, uint32_t m, const uint8_t *b, uint32_t n) {
    int order = std::memcmp(a, b, std::min(m, n));
    return order ? sign(order) : sign(static_cast<int64_t>(m) - n);
}

int compare(const BsonValue &a, const BsonValue &b) {
    if (int order = sign(rank(a.type) - rank(b.type)))
        return order;
    switch (a.type) {
    case BsonType::Int32:
    case BsonType::Int64:
    case BsonType::Double:
    case BsonType::Decimal128:
        return compare_numbers(a, b);
    case BsonType::String:
    case BsonType::Symbol:
    case BsonType::Code: {
        uint32_t m, n;
        const char *x = text_of(a, &m), *y = text_of(b, &n);
        return compare_bytes(reinterpret_cast<const uint8_t *>(x), m, reinterpret_cast<const uint8_t *>(y), n);
    }
    case BsonType::Document:
    case BsonType::Array:
        return compare_fields(a, b);
    case BsonType::Date:
        return read_le<int64_t>(a.data) < read_le<int64_t>(b.data)
                   ? -1
                   : read_le<int64_t>(a.data) > read_le<int64_t>(b.data);
    case BsonType::Timestamp:
        return read_le<uint64_t>(a.data) < read_le<uint64_t>(b.data)
                   ? -1
                   : read_le<uint64_t>(a.data) > read_le<uint64_t>(b.data);
    case BsonType::Binary:
        if (int order = sign(int64_t{read_le<uint32_t>(a.data)} - read_le<uint32_t>(b.data)))
            return order;
        return sign(std::memcmp(a.data + 4, b.data + 4, a.size - 4));
    default:
        return compare_bytes(a.data, a.size, b.data, b.size);
    }
}

void check_pair(const BsonValue &a, const BsonValue &b) {
    int keys = sign(key_of(a).compare(key_of(b)));
    ASSERT_EQ(keys, compare(a, b)) << type_name(a.type) << " and " << type_name(b.type) << ": "
                                   << testing::PrintToString(key_of(a)) << " " << testing::PrintToString(key_of(b));
}

std::vector<Sample> traps() {
    std::vector<Sample> all;
    for (double v : {0.0,
                     -0.0,
                     1.0,
                     5.0,
                     0.1,
                     -0.1,
                     5.5,
                     1e16,
                     1e300,
                     -1e300,
                     4.9e-324,
                     2.2250738585072014e-308,
                     9007199254740993.0,
                     9.2233720368547758e18,
                     -9.2233720368547758e18,
                     123456789.125,
                     std::numeric_limits<double>::max(),
                     std::nan(""),
                     double{INFINITY},
                     -double{INFINITY}})
        all.push_back(of_double(v));
    for (int32_t v : {0, 1, 5, 10, 99, 100, 101, -1, -5, -100, INT32_MAX, INT32_MIN})
        all.push_back(of_int32(v));
    for (int64_t v : {int64_t{0}, int64_t{5}, int64_t{9007199254740993}, INT64_MAX, INT64_MIN, int64_t{1000000000000}})
        all.push_back(of_int64(v));
    for (const char *v : {"0",
                          "-0",
                          "0E+10",
                          "5",
                          "5.0",
                          "5.00",
                          "0.1",
                          "-0.1",
                          "0.10",
                          "5.05",
                          "9007199254740993",
                          "9223372036854775807.5",
                          "1E+300",
                          "1E-300",
                          "1E-1000",
                          "NaN",
                          "Infinity",
                          "-Infinity",
                          "1234567890123456789012345678901234",
                          "-1234567890123456789012345678901234"})
        all.push_back(of_decimal(v));
    for (const std::string &v :
         {std::string(), std::string("a"), std::string("a\0", 2), std::string("a\0b", 3), std::string("a\1"),
          std::string("ab"), std::string("b"), std::string("é"), std::string("😀"), std::string("\0", 1)}) {
        all.push_back(of_text(v));
        all.push_back(of_symbol(v));
    }
    for (const std::string &v :
         {std::string(), std::string("a"), std::string("ab"), std::string("\xff"), std::string(16, 'x')}) {
        all.push_back(of_binary(BSON_SUBTYPE_BINARY, v));
        all.push_back(of_binary(BSON_SUBTYPE_UUID, v));
    }
    for (const char *v : {"000000000000000000000000", "507f1f77bcf86cd799439011", "ffffffffffffffffffffffff"})
        all.push_back(of_object_id(v));
    for (const char *v : {R"({"v": {}})",
                          R"({"v": {"a": 1}})",
                          R"({"v": {"a": 1.0}})",
                          R"({"v": {"a": 2}})",
                          R"({"v": {"b": 1}})",
                          R"({"v": {"a": "1"}})",
                          R"({"v": {"a": 1, "b": 2}})",
                          R"({"v": {"b": 2, "a": 1}})",
                          R"({"v": {"a": {"b": {}}}})",
                          R"({"v": {"a": {"b": null}}})",
                          R"({"v": {"aa": 1}})",
                          R"({"v": {"": 1}})",
                          R"({"v": []})",
                          R"({"v": [1]})",
                          R"({"v": [1, 2]})",
                          R"({"v": [[1]]})",
                          R"({"v": ["1"]})",
                          R"({"v": true})",
                          R"({"v": false})",
                          R"({"v": null})",
                          R"({"v": {"$minKey": 1}})",
                          R"({"v": {"$maxKey": 1}})",
                          R"({"v": {"$undefined": true}})",
                          R"({"v": {"$date": {"$numberLong": "0"}}})",
                          R"({"v": {"$date": {"$numberLong": "-1"}}})",
                          R"({"v": {"$date": {"$numberLong": "1700000000000"}}})",
                          R"({"v": {"$timestamp": {"t": 1, "i": 2}}})",
                          R"({"v": {"$timestamp": {"t": 4294967295, "i": 1}}})",
                          R"({"v": {"$regularExpression": {"pattern": "a", "options": ""}}})",
                          R"({"v": {"$regularExpression": {"pattern": "a", "options": "i"}}})",
                          R"({"v": {"$regularExpression": {"pattern": "ab", "options": ""}}})",
                          R"({"v": {"$code": "a"}})",
                          R"({"v": {"$code": "b"}})",
                          R"({"v": {"$code": "a", "$scope": {}}})",
                          R"({"v": {"$code": "a", "$scope": {"x": 1}}})",
                          R"({"v": {"$dbPointer": {"$ref": "a.b", "$id": {"$oid": "507f1f77bcf86cd799439011"}}}})",
                          R"({"v": {"$dbPointer": {"$ref": "a.bc", "$id": {"$oid": "007f1f77bcf86cd799439011"}}}})"})
        all.push_back(of_json(v));
    return all;
}

} // namespace

TEST(Key, SortsAsMongoSortsIds) {
    std::vector<Sample> all = traps();
    for (const Sample &a : all)
        for (const Sample &b : all) {
            if (a.value().type == BsonType::CodeWithScope && b.value().type == BsonType::CodeWithScope)
                continue; // their own test
            check_pair(a.value(), b.value());
            if (HasFatalFailure())
                return;
        }
}

TEST(Key, SortsRandomNumbersAndTexts) {
    std::mt19937_64 random(20261130);
    auto number = [&]() -> Sample {
        int64_t small = static_cast<int64_t>(random() % 2001) - 1000;
        switch (random() % 5) {
        case 0:
            return of_int32(static_cast<int32_t>(small));
        case 1:
            return of_int64(static_cast<int64_t>(random()) >> (random() % 64));
        case 2:
            return of_double(std::ldexp(static_cast<double>(static_cast<int64_t>(random())),
                                        static_cast<int>(random() % 400) - 250));
        case 3:
            return of_double(static_cast<double>(small) / 10);
        default:
            return of_decimal(std::to_string(static_cast<int64_t>(random()) >> (random() % 64)) + "E" +
                              std::to_string(static_cast<int>(random() % 60) - 40));
        }
    };
    auto text = [&]() -> Sample {
        std::string v;
        for (uint64_t n = random() % 5; n > 0; n--)
            v += std::string("\0\1ab", 4)[random() % 4];
        return of_text(v);
    };
    for (int i = 0; i < 100000; i++) {
        Sample a = random() % 2 ? number() : text(), b = random() % 2 ? number() : text();
        check_pair(a.value(), b.value());
        if (HasFatalFailure())
            return;
    }
}

TEST(Key, EqualIdsHaveEqualKeys) {
    EXPECT_EQ(key_of(of_int32(5)), key_of(of_double(5)));
    EXPECT_EQ(key_of(of_int32(5)), key_of(of_decimal("5.00")));
    EXPECT_EQ(key_of(of_double(-0.0)), key_of(of_decimal("0E+10")));
    EXPECT_NE(key_of(of_double(0.1)), key_of(of_decimal("0.1")));
    EXPECT_EQ(key_of(of_text("a")), key_of(of_symbol("a")));
    EXPECT_EQ(key_of(of_double(std::nan(""))), key_of(of_decimal("NaN")));
    KeyNumber number = key_number(false, "0500", 4, 2); // 05.00
    std::string key(id_key_size(number), '\0');
    write_id_key(number, reinterpret_cast<uint8_t *>(key.data()));
    EXPECT_EQ(key, key_of(of_int32(5)));
}

TEST(Key, CodeWithScopeByCodeThenScope) {
    Sample a = of_json(R"({"v": {"$code": "a", "$scope": {"x": 1}}})"),
           b = of_json(R"({"v": {"$code": "a", "$scope": {"x": 2}}})"),
           c = of_json(R"({"v": {"$code": "b", "$scope": {}}})");
    EXPECT_LT(key_of(a), key_of(b));
    EXPECT_LT(key_of(b), key_of(c));
}

// A key says a value that has the same key, whatever type its number has.
void check_value(const BsonValue &value) {
    std::string key = key_of(value);
    const uint8_t *bytes = reinterpret_cast<const uint8_t *>(key.data());
    uint64_t size = id_value_size(bytes, key.size());
    ASSERT_GT(size, 0u) << type_name(value.type);
    std::string room(size, '\0');
    BsonValue again = id_value(bytes, key.size(), reinterpret_cast<uint8_t *>(room.data()));
    EXPECT_EQ(type_bracket(again.type), type_bracket(value.type));
    EXPECT_EQ(key_of(again), key) << type_name(value.type) << " as " << type_name(again.type);
    EXPECT_EQ(bracket_of_key(bytes, key.size()), type_bracket(value.type));
    for (size_t cut = 0; cut < key.size(); cut += 1 + cut / 16) // what is no whole key is none
        EXPECT_EQ(id_value_size(bytes, cut), 0u) << type_name(value.type) << " cut at " << cut;
}

TEST(Key, SaysItsValue) {
    for (const Sample &sample : traps())
        check_value(sample.value());
    std::mt19937_64 random(7);
    for (int i = 0; i < 1000; i++) {
        check_value(of_double(std::ldexp(static_cast<double>(static_cast<int64_t>(random())),
                                         static_cast<int>(random() % 2000) - 1060))
                        .value());
        check_value(of_decimal(std::to_string(static_cast<int64_t>(random())) + "E" +
                               std::to_string(static_cast<int>(random() % 12000) - 6100))
                        .value());
        check_value(of_int64(static_cast<int64_t>(random()) >> (random() % 64)).value());
    }
}

TEST(Key, AnyBytesAreReadWithinTheirEnd) {
    std::mt19937_64 random(11);
    for (int i = 0; i < 50000; i++) {
        std::string bytes;
        for (uint64_t n = random() % 40; n > 0; n--)
            bytes += static_cast<char>(random() % 3 ? 8 * (1 + random() % 17) : random());
        (void)id_value_size(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
    }
}

TEST(Key, MalformedAndTooDeepHaveNone) {
    EXPECT_EQ(id_key_size(kMissing), 0u);
    std::string deep = "1";
    for (int i = 0; i < 95; i++)
        deep = "{\"a\": " + deep + "}";
    Sample nested = of_json("{\"v\": " + deep + "}");
    EXPECT_GT(id_key_size(nested.value()), 0u);
    std::string bytes = nested.bytes;
    bytes[20] = '\x7e'; // no type
    EXPECT_EQ(id_key_size(BsonValue{BsonType::Document, reinterpret_cast<const uint8_t *>(bytes.data()),
                                    static_cast<uint32_t>(bytes.size())}),
              0u);
}

// --- ranges, as a server reads their filters ---

namespace {

bool is_nan_key(const std::string &key) { return key.size() > 1 && key[0] == 8 + 8 * 3 && key[1] == 1; }

// One operator of MongoDB: a comparison finds values of the bracket of its constant, and NaN is equal to itself alone.
bool holds(const char *name, const BsonValue &constant, const BsonValue &value, const std::string &left) {
    std::string operation = name;
    if (operation == "$in")
        return false; // of no values
    if (operation == "$type")
        return is_text(constant, bracket_name(type_bracket(value.type)));
    EXPECT_NE(constant.type, BsonType::Regex) << "is refused";
    std::string right = key_of(constant);
    if (operation == "$eq")
        return left == right;
    if (type_bracket(value.type) != type_bracket(constant.type) || is_nan_key(left) != is_nan_key(right))
        return false;
    if (is_nan_key(left))
        return operation == "$gte";
    EXPECT_TRUE(operation == "$gte" || operation == "$lt") << operation;
    return operation == "$gte" ? left >= right : left < right;
}

bool matches(const BsonValue &filter, const BsonValue &value, const std::string &key) {
    BsonReader fields(filter.data, filter.size);
    bool all = true;
    while (fields.next()) {
        bool found = false;
        if (std::string(fields.key()) == "$or") {
            BsonReader pieces(fields.value().data, fields.value().size);
            for (int i = 0; pieces.next(); i++) {
                EXPECT_EQ(pieces.key(), std::to_string(i));
                found = matches(pieces.value(), value, key) || found;
            }
            EXPECT_FALSE(pieces.malformed());
        } else {
            EXPECT_STREQ(fields.key(), "_id");
            BsonReader operators(fields.value().data, fields.value().size);
            for (found = true; operators.next();)
                found = holds(operators.key(), operators.value(), value, key) && found;
            EXPECT_FALSE(operators.malformed());
        }
        all = all && found;
    }
    EXPECT_FALSE(fields.malformed());
    return all;
}

KeyRange range_of(const std::string *lower, const std::string *upper) {
    KeyRange range{};
    if (lower) {
        range.lower = reinterpret_cast<const uint8_t *>(lower->data());
        range.lower_size = lower->size();
    }
    if (upper) {
        range.upper = reinterpret_cast<const uint8_t *>(upper->data());
        range.upper_size = upper->size();
    }
    return range;
}

// The filter of a range; empty where there is none.
std::string filter_of(const std::string *lower, const std::string *upper) {
    KeyRange range = range_of(lower, upper);
    std::string filter(range_filter_size(range), '\0');
    if (!filter.empty())
        write_range_filter(range, reinterpret_cast<uint8_t *>(filter.data()));
    return filter;
}

// The conditions of a range, one after another.
std::vector<std::string> conditions_of(const std::string *lower, const std::string *upper) {
    KeyRange range = range_of(lower, upper);
    std::vector<std::string> conditions(range_condition_count(range));
    for (uint32_t i = 0; i < conditions.size(); i++) {
        conditions[i].resize(range_condition_size(range, i));
        if (!conditions[i].empty())
            write_range_condition(range, i, reinterpret_cast<uint8_t *>(conditions[i].data()));
    }
    return conditions;
}

BsonValue as_document(const std::string &bytes) {
    return {BsonType::Document, reinterpret_cast<const uint8_t *>(bytes.data()), static_cast<uint32_t>(bytes.size())};
}

} // namespace

TEST(KeyRange, FindsWhatLiesBetweenItsBounds) {
    std::vector<Sample> samples = traps();
    std::vector<std::string> keys;
    for (const Sample &sample : samples)
        keys.push_back(key_of(sample));
    for (size_t i = 0; i <= samples.size(); i++)
        for (size_t j = 0; j <= samples.size(); j++) {
            const std::string *lower = i < samples.size() ? &keys[i] : nullptr;
            const std::string *upper = j < samples.size() ? &keys[j] : nullptr;
            std::string filter = filter_of(lower, upper);
            bool among_regexes = (lower && samples[i].value().type == BsonType::Regex) ||
                                 (upper && samples[j].value().type == BsonType::Regex);
            if (filter.empty()) {
                EXPECT_TRUE(among_regexes);
                continue;
            }
            EXPECT_EQ(
                value_size(BsonType::Document, as_document(filter).data, as_document(filter).data + filter.size()),
                static_cast<int64_t>(filter.size()));
            for (size_t k = (i + j) % 3; k < samples.size(); k += 3) // a third of them, others for the next range
                EXPECT_EQ(matches(as_document(filter), samples[k].value(), keys[k]),
                          (!lower || keys[k] >= *lower) && (!upper || keys[k] < *upper))
                    << i << " " << j << " " << k;
            // A document matches one condition of its range, and none of those before it holds greater keys.
            std::vector<std::string> conditions = conditions_of(lower, upper);
            for (size_t k = (i + j) % 3; k < samples.size(); k += 3) {
                int found = 0;
                for (const std::string &condition : conditions)
                    found += matches(as_document(condition), samples[k].value(), keys[k]);
                EXPECT_EQ(found, (!lower || keys[k] >= *lower) && (!upper || keys[k] < *upper))
                    << i << " " << j << " " << k;
            }
        }
}

TEST(KeyRange, GivesItsConditionsInTheOrderOfKeys) {
    std::vector<Sample> samples = traps();
    std::vector<std::string> conditions = conditions_of(nullptr, nullptr);
    std::string greatest;
    for (const std::string &condition : conditions) {
        std::string least_here, greatest_here;
        for (const Sample &sample : samples) {
            std::string key = key_of(sample);
            if (!matches(as_document(condition), sample.value(), key))
                continue;
            least_here = least_here.empty() ? key : std::min(least_here, key);
            greatest_here = std::max(greatest_here, key);
            EXPECT_EQ(field_of(as_document(condition), "_id").type, BsonType::Document);
        }
        EXPECT_TRUE(least_here.empty() || least_here > greatest);
        greatest = std::max(greatest, greatest_here);
    }
}

TEST(KeyRange, IsOneConditionWithinABracket) {
    std::string low = key_of(of_int32(5)), high = key_of(of_double(7.5)), text = key_of(of_text("a"));
    std::string within = filter_of(&low, &high), across = filter_of(&low, &text), all = filter_of(nullptr, nullptr);
    EXPECT_EQ(field_of(as_document(within), "_id").type, BsonType::Document);
    EXPECT_EQ(field_of(as_document(across), "$or").type, BsonType::Array);
    EXPECT_EQ(all.size(), 5u);
}

TEST(KeyRange, OtherBytesAreNoBounds) {
    std::string none, byte = "\x20", text = key_of(of_text("a")), longer = text + "x";
    EXPECT_EQ(filter_of(&none, nullptr), "");
    EXPECT_EQ(filter_of(nullptr, &byte), "");
    EXPECT_EQ(filter_of(&longer, &text), "");
}
