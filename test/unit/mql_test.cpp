// The null pass and the match renderer, without a server.
#include "mql/build.hpp"
#include "mql/commands.hpp"
#include "mql/like.hpp"
#include "mql/match.hpp"
#include "mql/pipeline.hpp"
#include "mql/render.hpp"

#include "owned.hpp"

#include <bson/bson.h>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <string>
#include <vector>

using namespace mongo_fdw::mql;

namespace {

Column column(const char *path, Family family) {
    Column result{};
    result.path = path;
    result.components = 1;
    result.family = family;
    result.minimum = INT32_MIN;
    result.maximum = INT32_MAX;
    return result;
}

Operand integer(int64_t value) {
    Operand operand{};
    operand.kind = OperandKind::Int;
    operand.integer = value;
    return operand;
}

Operand number(double value) {
    Operand operand{};
    operand.kind = OperandKind::Double;
    operand.number = value;
    return operand;
}

Operand text(const char *value) {
    Operand operand{};
    operand.kind = OperandKind::Text;
    operand.text = value;
    operand.length = static_cast<uint32_t>(std::strlen(value));
    return operand;
}

Operand micros(int64_t value) {
    Operand operand{};
    operand.kind = OperandKind::Micros;
    constexpr int64_t kYear2000 = 946684800000000;
    operand.integer = value == INT64_MAX || value == INT64_MIN ? value : value - kYear2000; // given since 1970
    return operand;
}

// Builds SQL trees and gives the filter with its verdict as text.
class Trees : public ::testing::Test {
  protected:
    std::vector<Node> sql_nodes{64}, filter_nodes{256};
    Tree sql{sql_nodes.data(), 0, 64}, filter{filter_nodes.data(), 0, 256};
    std::vector<Column> columns;
    std::vector<Operand> operands;

    uint32_t compare(Op op, Column of, Operand with) {
        columns.push_back(of);
        operands.push_back(with);
        return add_node(&sql, Node{NodeKind::Compare, op, uint16_t(columns.size() - 1), uint16_t(operands.size() - 1),
                                   kNone, kNone});
    }
    uint32_t leaf(NodeKind kind, Column of) {
        columns.push_back(of);
        return add_node(&sql, Node{kind, Op::Eq, uint16_t(columns.size() - 1), 0, kNone, kNone});
    }
    uint32_t group(NodeKind kind, std::vector<uint32_t> children) {
        for (size_t i = 0; i + 1 < children.size(); i++)
            sql.nodes[children[i]].next = children[i + 1];
        return add_node(&sql, Node{kind, Op::Eq, 0, 0, children[0], kNone});
    }
    std::string show(uint32_t node) {
        Verdict verdict;
        filter.count = 0;
        uint32_t root = truth_filter(&sql, node, columns.data(), false, false, &filter, &verdict);
        const char *names[] = {"local", "superset", "exact"};
        std::string result = names[static_cast<int>(verdict)];
        if (root == kNone)
            return result;
        bson_t out = BSON_INITIALIZER;
        ExpressionContext context{&filter, columns.data(), operands.data(), kNoZone};
        bool sayable = true;
        Truth truth = render_filter(context, root, &out, &sayable);
        if (!sayable)
            result += " unsayable";
        if (truth == Truth::Depends) {
            char *json = bson_as_relaxed_extended_json(&out, nullptr);
            std::string compact;
            for (const char *at = json; *at; at++)
                if (*at != ' ')
                    compact += *at;
            result += " " + compact;
            bson_free(json);
        } else {
            result += truth == Truth::Never ? " never" : " always";
        }
        bson_destroy(&out);
        return result;
    }
};

constexpr const char *kNotArray = "\"$not\":{\"$type\":4}";

TEST_F(Trees, EqualityOfIntegersIsExactAndExcludesArrays) {
    EXPECT_EQ(show(compare(Op::Eq, column("a", Family::Int), integer(5))),
              std::string("exact {\"a\":{\"$eq\":5,") + kNotArray + "}}");
}

TEST_F(Trees, ConstantsBeyondTheTypeDecideByThemselves) {
    EXPECT_EQ(show(compare(Op::Eq, column("a", Family::Int), integer(int64_t(1) << 40))), "exact never");
    EXPECT_EQ(show(compare(Op::Gt, column("a", Family::Int), integer(int64_t(1) << 40))), "superset never");
    EXPECT_EQ(show(compare(Op::Lt, column("a", Family::Int), integer(int64_t(1) << 40))),
              std::string("superset {\"a\":{\"$type\":\"number\",") + kNotArray + "}}");
}

TEST_F(Trees, NotSwapsAndNeverWrapsNot) {
    uint32_t equal = compare(Op::Eq, column("a", Family::Int), integer(5));
    EXPECT_EQ(show(group(NodeKind::Not, {equal})),
              std::string("superset {\"a\":{\"$ne\":5,\"$type\":\"number\",") + kNotArray + "}}");
}

TEST_F(Trees, DeMorgan) {
    uint32_t a = compare(Op::Lt, column("a", Family::Int), integer(1));
    uint32_t b = compare(Op::Eq, column("b", Family::Text), text("x"));
    std::string shown = show(group(NodeKind::Not, {group(NodeKind::And, {a, b})}));
    EXPECT_NE(shown.find("\"$or\":[{\"a\":{\"$gte\":1"), std::string::npos) << shown;
    EXPECT_NE(shown.find("{\"b\":{\"$type\":[2,7,14],\"$ne\":\"x\""), std::string::npos) << shown;
}

TEST_F(Trees, AConjunctThatCannotGoLeavesASuperset) {
    Column none = column("x", Family::None);
    uint32_t a = compare(Op::Eq, column("a", Family::Int), integer(1));
    uint32_t b = compare(Op::Eq, none, integer(1));
    EXPECT_EQ(show(group(NodeKind::And, {a, b})).substr(0, 8), "superset");
    sql.nodes[a].next = kNone;
    EXPECT_EQ(show(group(NodeKind::Or, {a, b})), "local");
}

TEST_F(Trees, NullConstantsAreNeverTrueNorFalse) {
    Operand null{};
    null.kind = OperandKind::Null;
    uint32_t equal = compare(Op::Eq, column("a", Family::Int), null);
    EXPECT_EQ(show(equal), "exact never");
    EXPECT_EQ(show(group(NodeKind::Not, {equal})), "superset never");
}

TEST_F(Trees, NullTestsSeeMisfitsOnlyWhereTheyCan) {
    Column strict = column("a", Family::Int), lax = strict;
    lax.misfit_is_null = true;
    EXPECT_EQ(show(leaf(NodeKind::IsNull, strict)).substr(0, 5), "exact");
    EXPECT_EQ(show(leaf(NodeKind::IsNull, lax)), "local");
    Column id = column("a", Family::ObjectId);
    id.misfit_is_null = true;
    EXPECT_NE(show(leaf(NodeKind::IsNull, id)).find("exact {\"$nor\":"), std::string::npos);
}

TEST_F(Trees, ComplementsNeedExactFilters) {
    uint32_t range = compare(Op::Lt, column("a", Family::Int), integer(1));
    EXPECT_EQ(show(group(NodeKind::Not, {group(NodeKind::IsTrue, {range})})), "local");
    uint32_t equal = compare(Op::Eq, column("a", Family::Int), integer(1));
    EXPECT_NE(show(group(NodeKind::Not, {group(NodeKind::IsTrue, {equal})})).find("superset {\"$nor\":"),
              std::string::npos);
}

TEST_F(Trees, ElementsOfUnwoundArraysTakePositiveConditionsOnly) {
    Column element = column("items.qty", Family::Int);
    element.element = true;
    EXPECT_EQ(show(compare(Op::Eq, element, integer(1))), "superset {\"items.qty\":{\"$eq\":1}}");
    EXPECT_EQ(show(compare(Op::Ne, element, integer(1))), "local");
    EXPECT_EQ(show(leaf(NodeKind::IsNull, element)), "local");
}

TEST_F(Trees, PrefixesOfAPathAreNoArrays) {
    std::string shown = show(compare(Op::Eq, column("a.b.c", Family::Int), integer(1)));
    EXPECT_NE(shown.find("\"a\":{\"$not\":{\"$type\":4}}"), std::string::npos) << shown;
    EXPECT_NE(shown.find("\"a.b\":{\"$not\":{\"$type\":4}}"), std::string::npos) << shown;
}

TEST_F(Trees, NanIsTheGreatestNumber) {
    Column a = column("a", Family::Float);
    EXPECT_EQ(show(compare(Op::Gt, a, number(NAN))), "superset never");
    EXPECT_NE(show(compare(Op::Gt, a, number(1))).find("NaN"), std::string::npos);
    EXPECT_EQ(show(compare(Op::Lt, a, number(1))).find("NaN"), std::string::npos);
    EXPECT_NE(show(compare(Op::Le, a, number(NAN))).find("\"$type\":\"number\""), std::string::npos);
    // An index of DocumentDB finds no NaN by the type of numbers.
    EXPECT_NE(show(compare(Op::Le, a, number(NAN))).find("NaN"), std::string::npos);
    EXPECT_NE(show(compare(Op::Ne, a, number(1))).find("NaN"), std::string::npos);
    EXPECT_EQ(show(compare(Op::Lt, a, number(NAN))).find("NaN"), std::string::npos);
    for (Family family : {Family::Float, Family::Numeric}) {
        uint32_t present = group(NodeKind::Not, {leaf(NodeKind::IsNull, column("a", family))});
        EXPECT_NE(show(present).find("NaN"), std::string::npos);
    }
}

TEST_F(Trees, WhatCannotBeSaidIsNotSent) {
    Operand unsayable{};
    unsayable.kind = OperandKind::Unknown;
    Column texts = column("a", Family::Text);
    texts.element_family = Family::Text;
    for (NodeKind kind : {NodeKind::Compare, NodeKind::In, NodeKind::Like, NodeKind::ArrayHas, NodeKind::Inside}) {
        uint32_t node = compare(Op::Eq, texts, unsayable);
        sql.nodes[node].kind = kind;
        EXPECT_NE(show(node).find("unsayable"), std::string::npos) << static_cast<int>(kind);
    }
    uint32_t no_such = compare(Op::Eq, texts, unsayable);
    sql.nodes[no_such].kind = NodeKind::In;
    EXPECT_NE(show(group(NodeKind::Not, {no_such})).find("unsayable"), std::string::npos);
}

TEST_F(Trees, RealBoundsAreWidenedByAFloatStep) {
    Column a = column("a", Family::Float);
    a.single = true;
    columns.clear();
    uint32_t node = compare(Op::Le, a, number(1.0));
    std::string shown = show(node);
    EXPECT_NE(shown.find("1.0000001"), std::string::npos) << shown;
}

TEST_F(Trees, TextThatLooksLikeAnObjectIdIsSentAsBoth) {
    std::string shown = show(compare(Op::Eq, column("_id", Family::Text), text("5f0000000000000000000001")));
    EXPECT_NE(shown.find("\"$in\":[\"5f0000000000000000000001\",{\"$oid\":\"5f0000000000000000000001\"}]"),
              std::string::npos)
        << shown;
    shown = show(compare(Op::Eq, column("_id", Family::Text), text("5F0000000000000000000001")));
    EXPECT_EQ(shown.find("$oid"), std::string::npos) << shown;
}

TEST_F(Trees, TextLongerThanTheTypeEqualsNothing) {
    Column a = column("a", Family::Text);
    a.max_length = 2;
    EXPECT_EQ(show(compare(Op::Eq, a, text("abc"))), "exact never");
    EXPECT_NE(show(compare(Op::Eq, a, text("\xc3\xa9\xc3\xa9"))), "exact never"); // two characters, four bytes
}

TEST_F(Trees, InstantsOffTheMillisecondGrid) {
    Column a = column("a", Family::Timestamp);
    EXPECT_EQ(show(compare(Op::Eq, a, micros(1500))), "exact never");
    EXPECT_NE(show(compare(Op::Lt, a, micros(1500))).find("1970-01-01T00:00:00.002Z"), std::string::npos);
    EXPECT_NE(show(compare(Op::Ge, a, micros(-1500))).find("-1"), std::string::npos);
    Operand last = micros(0);
    last.integer = 9223371331199999000; // 294276-12-31 23:59:59.999, beyond what fits from 1970 on
    EXPECT_NE(show(compare(Op::Eq, a, last)).find("294276-12-31T23:59:59.999Z"), std::string::npos);
    EXPECT_EQ(show(compare(Op::Gt, a, micros(INT64_MAX))), "superset never");
    EXPECT_NE(show(compare(Op::Lt, a, micros(INT64_MAX))).find("\"$type\":[9]"), std::string::npos);
}

TEST_F(Trees, FullTreesSayLocalInsteadOfOverflowing) {
    filter.capacity = 1;
    uint32_t a = compare(Op::Eq, column("a", Family::Int), integer(1));
    uint32_t b = compare(Op::Eq, column("b", Family::Int), integer(1));
    EXPECT_EQ(show(group(NodeKind::Or, {a, b})).substr(0, 5) == "exact", false);
}

// A pipeline of these stages.
Document pipeline_of(const std::vector<Value> &stages, Owned *owned) { return keep(owned->memory(), list(stages)); }

TEST(Pipelines, ReadingStagesAreTaken) {
    Owned owned;
    Refusal refusal;
    EXPECT_TRUE(may_read_by(pipeline_of({}, &owned), &refusal));
    EXPECT_TRUE(may_read_by(pipeline_of({op("$match", doc({{"a", "$out"}})), op("$limit", 1)}, &owned), &refusal));
}

TEST(Pipelines, WritingStagesAreRefusedAtAnyDepth) {
    Owned owned;
    Refusal refusal;
    Value merge = list({op("$merge", doc({}))});
    for (const Value &stage : {op("$out", "x"), op("$facet", doc({{"a", merge}})),
                               op("$unionWith", doc({{"coll", "c"}, {"pipeline", merge}}))}) {
        EXPECT_FALSE(may_read_by(pipeline_of({stage}, &owned), &refusal));
        EXPECT_NE(std::string(refusal.reason).find("writes"), std::string::npos) << refusal.reason;
        EXPECT_EQ(refusal.hint, nullptr);
    }
}

TEST(Pipelines, StagesThatWaitForEverAreRefusedWithAHint) {
    Owned owned;
    Refusal refusal;
    EXPECT_FALSE(may_read_by(pipeline_of({op("$changeStream", doc({}))}, &owned), &refusal));
    EXPECT_NE(std::string(refusal.reason).find("$changeStream"), std::string::npos) << refusal.reason;
    EXPECT_NE(refusal.hint, nullptr);
}

TEST(Pipelines, StagesAreDocuments) {
    Owned owned;
    Refusal refusal;
    EXPECT_FALSE(may_read_by(pipeline_of({Value(1)}, &owned), &refusal));
}

TEST(WriteConcerns, AskForAnAcknowledgement) {
    Owned owned;
    Refusal refusal;
    for (const char *word : {"1", "50", "majority", "tag"})
        EXPECT_NE(write_concern_of_word(word, owned.memory(), &refusal).data, nullptr) << word;
    for (const char *word : {"0", "51", "-1", ""})
        EXPECT_EQ(write_concern_of_word(word, owned.memory(), &refusal).data, nullptr) << word;
    auto taken = [&](const Value &concern) { return is_write_concern(keep(owned.memory(), concern), &refusal); };
    EXPECT_TRUE(taken(doc({{"w", 2}, {"j", true}, {"wtimeout", 100}})));
    EXPECT_FALSE(taken(doc({{"w", 0}})));
    EXPECT_FALSE(taken(doc({{"x", 1}})));
    EXPECT_FALSE(taken(doc({{"j", 1}})));
}

// A result belongs to whoever asked for it: another call changes nothing of it.
TEST(Results, OutliveOtherCalls) {
    Owned owned;
    ScanCommand scan{};
    scan.collection = "first";
    ScanRendering first = render_scan(scan, owned.memory());
    Document count = count_command("first", owned.memory());
    std::string command(reinterpret_cast<const char *>(first.command.data), first.command.size);
    const char *json = to_json(first.command, false, owned.memory());
    std::string text = json;
    scan.collection = "another collection";
    render_scan(scan, owned.memory());
    count_command("another collection", owned.memory());
    to_json(count, false, owned.memory());
    EXPECT_EQ(std::string(reinterpret_cast<const char *>(first.command.data), first.command.size), command);
    EXPECT_EQ(json, text);
    EXPECT_NE(text.find("first"), std::string::npos);
    EXPECT_NE(std::string(to_json(count, false, owned.memory())).find("first"), std::string::npos);
}

TEST(Results, AreEmptyWhereMemoryRunsOut) {
    mongo_fdw::Memory none{[](void *, std::size_t) noexcept -> void * { return nullptr; }, nullptr};
    Owned owned;
    ScanCommand scan{};
    scan.collection = "c";
    EXPECT_EQ(render_scan(scan, none).command.data, nullptr);
    EXPECT_EQ(count_command("c", none).data, nullptr);
    EXPECT_STREQ(to_json(count_command("c", owned.memory()), false, none), "");
}

TEST(Scans, FindWithoutAndAggregateWithABasePipeline) {
    Owned owned;
    ScanCommand scan{};
    const char *paths[] = {"a", "b.c"};
    scan.collection = "c";
    scan.project = paths;
    scan.project_count = 2;
    scan.limit = 7;
    ScanRendering rendering = render_scan(scan, owned.memory());
    EXPECT_FALSE(rendering.aggregate);
    std::string json = to_json(rendering.command, false, owned.memory());
    EXPECT_NE(json.find("\"find\" : \"c\""), std::string::npos) << json;
    EXPECT_NE(json.find("\"b.c\" : 1"), std::string::npos) << json;
    scan.base_pipeline = pipeline_of({op("$unwind", "$x")}, &owned);
    rendering = render_scan(scan, owned.memory());
    EXPECT_TRUE(rendering.aggregate);
    json = to_json(rendering.pipeline, true, owned.memory());
    EXPECT_LT(json.find("$unwind"), json.find("$project"));
    EXPECT_LT(json.find("$project"), json.find("$limit"));
}

TEST(Scans, AFilterBeyondTheSizeOfADocumentCannotBeSaid) {
    Owned owned;
    std::vector<std::string> texts(200000, std::string(100, 'x'));
    std::vector<Operand> items;
    for (size_t i = 0; i < texts.size(); i++) {
        texts[i] += std::to_string(i);
        items.push_back(text(texts[i].c_str()));
    }
    Operand list{};
    list.kind = OperandKind::List;
    list.items = items.data();
    list.count = static_cast<uint32_t>(items.size());
    Column a = column("a", Family::Text);
    Node node{NodeKind::In, Op::Eq, 0, 0, kNone, kNone};
    Tree tree{&node, 1, 1};
    uint32_t root = 0;
    ScanCommand scan{};
    scan.collection = "c";
    scan.filters = &tree;
    scan.roots = &root;
    scan.root_count = 1;
    scan.columns = &a;
    scan.operands = &list;
    EXPECT_EQ(render_scan(scan, owned.memory()).command.data, nullptr);
    list.count = 10;
    EXPECT_NE(render_scan(scan, owned.memory()).command.data, nullptr);
}

} // namespace

TEST(Like, BecomesARegexOfALiteralPrefix) {
    struct Case {
        const char *pattern;
        bool prefix;
        const char *regex;
        bool hex;
    };
    for (const Case &c : {Case{"abc%", false, "^abc", true},
                          {"a.b%", false, "^a\\.b", false},
                          {"%abc", false, "abc", true},
                          {"a%b_c", false, "^a.*b.c", true},
                          {"x%", false, "^x", false},
                          {"5\\%%", false, "^5%", false},
                          {"a%", true, "^a%", false},
                          {"(a", true, "^\\(a", false},
                          {"$where%", false, "^\\$where", false},
                          {"\u00e9_", false, "^\u00e9.", false}}) {
        LikeRegex result = like_regex(c.pattern, std::strlen(c.pattern), c.prefix);
        EXPECT_TRUE(result.sayable);
        EXPECT_EQ(result.regex, c.regex) << c.pattern;
        EXPECT_EQ(result.may_be_hex, c.hex) << c.pattern;
        EXPECT_FALSE(result.anything);
    }
    for (const char *pattern : {"", "%", "%%"})
        EXPECT_TRUE(like_regex(pattern, std::strlen(pattern), false).anything);
    EXPECT_FALSE(like_regex("a\\", 2, false).sayable);
    std::string wide;
    for (int i = 0; i < 3000; i++)
        wide += "\u4e2d";
    LikeRegex cut = like_regex(wide.data(), wide.size(), false);
    EXPECT_LT(cut.regex.size(), 2010u);
    EXPECT_EQ((cut.regex.size() - 1) % 3, 0u);
    EXPECT_FALSE(like_regex((wide + "\\").c_str(), wide.size() + 1, false).sayable);
}
