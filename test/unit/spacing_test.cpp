// Interpolation between _ids, and values of commands put together.
#include "connect/spacing.hpp"
#include "mql/build.hpp"
#include "mql/commands.hpp"
#include "mql/fit.hpp"

#include "owned.hpp"

#include <bson/bson.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace mongo_fdw;

namespace {

struct Held {
    std::string bytes;
    BsonType type;
    BsonValue value() const {
        return {type, reinterpret_cast<const uint8_t *>(bytes.data()), static_cast<uint32_t>(bytes.size())};
    }
};

Held held(const mql::Value &value) { return {value.bytes(), static_cast<BsonType>(value.type())}; }

std::string id(const char *hex) {
    bson_oid_t oid;
    bson_oid_init_from_string(&oid, hex);
    return std::string(reinterpret_cast<const char *>(oid.bytes), 12);
}

// The point between two values as the bytes of its value, and its type.
std::string between(const Held &low, const Held &high, uint32_t part, uint32_t parts, BsonType *type = nullptr) {
    uint8_t scratch[kSpacedSize];
    BsonValue result{BsonType::Missing, nullptr, 0};
    if (!interpolate(low.value(), high.value(), part, parts, scratch, &result))
        return "none";
    EXPECT_LE(result.size, kSpacedSize);
    if (type)
        *type = result.type;
    return std::string(reinterpret_cast<const char *>(result.data), result.size);
}

int64_t integer(const std::string &bytes) { return read_le<int64_t>(reinterpret_cast<const uint8_t *>(bytes.data())); }

std::string as_json(mql::Document document) {
    bson_t view;
    EXPECT_TRUE(document.data && bson_init_static(&view, document.data, document.size));
    EXPECT_TRUE(bson_validate(&view, BSON_VALIDATE_NONE, nullptr));
    char *text = bson_as_relaxed_extended_json(&view, nullptr);
    std::string result = text;
    bson_free(text);
    return result;
}

} // namespace

TEST(Spacing, Integers) {
    BsonType type;
    EXPECT_EQ(integer(between(held(0), held(1000), 1, 4, &type)), 250);
    EXPECT_EQ(type, BsonType::Int64);
    EXPECT_EQ(
        integer(between(held(std::numeric_limits<int64_t>::min()), held(std::numeric_limits<int64_t>::max()), 1, 2)),
        -1);
    EXPECT_EQ(integer(between(held(5), held(5), 1, 2)), 5);
}

TEST(Spacing, DoublesAndMixtures) {
    BsonType type;
    std::string middle = between(held(1), held(2.0), 1, 2, &type);
    EXPECT_EQ(type, BsonType::Double);
    EXPECT_EQ(read_le<double>(reinterpret_cast<const uint8_t *>(middle.data())), 1.5);
    EXPECT_EQ(between(held(std::nan("")), held(5.0), 1, 2), "none");
    EXPECT_EQ(between(held(-1.7e308), held(1.7e308), 1, 2).size(), 8u);
    EXPECT_EQ(between(held(1), held("x"), 1, 2), "none");
    middle = between(held(mql::Value::decimal("1")), held(mql::Value::decimal("9.00")), 1, 2, &type);
    EXPECT_EQ(type, BsonType::Double);
    EXPECT_EQ(read_le<double>(reinterpret_cast<const uint8_t *>(middle.data())), 5.0);
    EXPECT_EQ(between(held(mql::Value::decimal("NaN")), held(mql::Value::decimal("9")), 1, 2), "none");
    EXPECT_TRUE(is_nan(held(mql::Value::decimal("NaN")).value()));
    EXPECT_TRUE(is_nan(held(std::nan("")).value()));
    EXPECT_FALSE(is_nan(held(1.5).value()));
    EXPECT_FALSE(is_nan(held("NaN").value()));
}

TEST(Spacing, ObjectIdsFromTheFirstByteThatDiffers) {
    Held low{id("600000000000000000000000"), BsonType::ObjectId},
        high{id("600000000000000000000100"), BsonType::ObjectId};
    EXPECT_EQ(between(low, high, 1, 2), id("600000000000000000000080"));
    Held early{id("500000000000000000000000"), BsonType::ObjectId},
        late{id("700000000000000000000000"), BsonType::ObjectId};
    EXPECT_EQ(between(early, late, 1, 2), id("600000000000000000000000"));
}

TEST(Spacing, TextStaysValidAndOrdered) {
    for (auto [low, high] :
         {std::pair{"user/a", "user/z"}, {"", "zzz"}, {"\u00e9a", "\u00e9z"}, {"\u00e9", "\u4e2d"}}) {
        std::string last = low;
        for (uint32_t part = 1; part < 5; part++) {
            std::string bytes = between(held(low), held(high), part, 5);
            if (bytes == "none")
                continue;
            std::string text(bytes.data() + 4, bytes.size() - 5);
            EXPECT_TRUE(bson_utf8_validate(text.data(), text.size(), false)) << low;
            EXPECT_LE(last, text);
            last = text;
        }
    }
    EXPECT_EQ(between(held("same"), held("same"), 1, 2), "none");
    std::string prefix(100, 'p'), longer(600, 'p');
    EXPECT_EQ(between(held((prefix + "a").c_str()), held((prefix + "b").c_str()), 1, 2).substr(4, 100), prefix);
    EXPECT_EQ(between(held((longer + "a").c_str()), held((longer + "b").c_str()), 1, 2), "none");
}

TEST(Spacing, DocumentsByTheFirstFieldThatDiffers) {
    using mql::doc;
    Held low = held(doc({{"r", 1}, {"n", 10}})), high = held(doc({{"r", 1}, {"n", 20}})), other = held(doc({{"x", 1}}));
    BsonType type;
    EXPECT_EQ(between(low, high, 1, 2, &type), held(doc({{"r", 1}, {"n", int64_t{15}}})).bytes);
    EXPECT_EQ(type, BsonType::Document);
    EXPECT_EQ(between(held(doc({{"r", 0}, {"n", 9}})), held(doc({{"r", 8}, {"n", 1}})), 1, 4),
              held(doc({{"r", int64_t{2}}})).bytes);
    EXPECT_EQ(between(low, other, 1, 2), "none");
    EXPECT_EQ(between(low, low, 1, 2), "none");
    EXPECT_EQ(between(held(doc({{"r", doc({{"n", 1}})}})), held(doc({{"r", doc({{"n", 2}})}})), 1, 2), "none");
}

TEST(Spacing, Brackets) {
    EXPECT_EQ(type_bracket(BsonType::Int32), type_bracket(BsonType::Decimal128));
    EXPECT_LT(type_bracket(BsonType::Double), type_bracket(BsonType::String));
    EXPECT_LT(type_bracket(BsonType::String), type_bracket(BsonType::ObjectId));
    EXPECT_EQ(type_bracket(BsonType::Missing), -1);
    EXPECT_STREQ(bracket_name(type_bracket(BsonType::Int64)), "number");
}

TEST(Commands, SampleThenProject) {
    Owned owned;
    const char *paths[] = {"a", "b.c"};
    mql::PartCommand part{};
    part.collection = "c";
    part.random = true;
    part.limit = 10;
    part.project = paths;
    part.project_count = 2;
    EXPECT_EQ(
        as_json(mql::part_command(part, owned.memory())),
        R"({ "aggregate" : "c", "pipeline" : [ { "$sample" : { "size" : 10 } }, { "$project" : { "a" : 1, "b.c" : 1 } } ], "allowDiskUse" : true })");
}

TEST(Commands, RangeOfOneBracket) {
    Owned owned;
    int64_t bound = 7;
    mql::PartCommand part{};
    part.collection = "c";
    part.from = {0x12, reinterpret_cast<const uint8_t *>(&bound), 8};
    part.from_excluded = true;
    part.id_type = "number";
    part.limit = 3;
    EXPECT_EQ(
        as_json(mql::part_command(part, owned.memory())),
        R"({ "aggregate" : "c", "pipeline" : [ { "$match" : { "$and" : [ { "_id" : { "$gt" : 7 } }, { "_id" : { "$type" : "number" } } ] } }, { "$sort" : { "_id" : 1 } }, { "$limit" : 3 } ], "allowDiskUse" : true })");
}

TEST(Commands, NamesAreData) {
    Owned owned;
    // A field name or a value that looks like an operator stays where data stand.
    std::string values;
    bson_t array = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&array, "0", "$where");
    std::string command =
        as_json(mql::present_values_command("$c", "a", {bson_get_data(&array), array.len}, owned.memory()));
    EXPECT_NE(command.find(R"("$in" : [ "$where" ])"), std::string::npos) << command;
    bson_destroy(&array);
}

TEST(Fit, SurveyIsOneGroupAfterUnwind) {
    Owned owned;
    const char *keys[] = {"items", "qty"};
    mql::FitColumn column{};
    column.keys = keys;
    column.key_count = 2;
    column.kind = mql::FitKind::Integer;
    column.maximum = 10;
    column.element = true;
    std::string text = as_json(mql::survey_command({"c", {}, "items"}, &column, 1, owned.memory()));
    EXPECT_LT(text.find("\"$unwind\" : { \"path\" : \"$items\""), text.find("\"$project\""));
    EXPECT_LT(text.find("\"$project\""), text.find("\"$group\""));
    EXPECT_EQ(text.find("\"$group\"", text.find("\"$group\"") + 1), std::string::npos);
}
