// Bounds of numbers, exact patterns, and values as expressions, without a server.
#include "mql/expression.hpp"
#include "mql/like.hpp"
#include "mql/number.hpp"
#include "mql/render.hpp"

#include "owned.hpp"

#include <cmath>
#include <cstdlib>
#include <gtest/gtest.h>
#include <string>
#include <vector>

using namespace mongo_fdw::mql;

namespace {

std::string bound(const char *text) {
    DecimalBound result = decimal_bound(text);
    return std::string(result.text) + (result.side < 0 ? " below" : result.side > 0 ? " above" : "");
}

TEST(Numbers, DecimalsOf34DigitsAreExactLongerOnesAreCutTowardsZero) {
    EXPECT_EQ(bound("5.00"), "5E0");
    EXPECT_EQ(bound("-0.001"), "-1E-3");
    EXPECT_EQ(bound("0"), "0");
    EXPECT_EQ(bound("1234567890123456789012345678901234"), "1234567890123456789012345678901234E0");
    EXPECT_EQ(bound("12345678901234567890123456789012345"), "1234567890123456789012345678901234E1 below");
    EXPECT_EQ(bound("-12345678901234567890123456789012345"), "-1234567890123456789012345678901234E1 above");
    EXPECT_EQ(bound("Infinity"), "Infinity");
    EXPECT_EQ(bound("-Infinity"), "-Infinity");
    EXPECT_EQ(bound((std::string("0.") + std::string(6200, '0') + "1").c_str()), "0E-6176 below");
    EXPECT_EQ(bound((std::string("1") + std::string(6200, '0')).c_str()), std::string(34, '9') + "E6111 below");
    EXPECT_EQ(bound((std::string("1") + std::string(6120, '0')).c_str()), "1000000000E6111");
}

TEST(Numbers, ADoubleComparesByItsShortestDecimal) {
    EXPECT_EQ(double_bound("0.1").value, 0.1);
    EXPECT_EQ(double_bound("0.1").side, 0);
    EXPECT_EQ(double_bound("0.10000000000000000555").side, -1); // reads as 0.1, whose shortest decimal is less
    EXPECT_EQ(double_bound("0.09999999999999999999").side, 1);
    EXPECT_EQ(double_bound("9007199254740993").side, -1);
    // Halfway between two doubles, and where doubles get denser: as PostgreSQL writes them.
    EXPECT_EQ(double_bound("100000000000000000000000").side, -1); // reads as 9.999999999999999e+22
    EXPECT_EQ(double_bound("99999999999999990000000").side, 0);
    EXPECT_EQ(double_bound("18014398509481992").side, 0);
    EXPECT_EQ(double_bound("18014398509481990").side, 1);
    EXPECT_EQ(double_bound("0.00000000000005684341886080802").side, 0);
    EXPECT_EQ(double_bound("-0.00000000000005684341886080802").side, 0);
    EXPECT_EQ(double_bound("0.5").side, 0);
    EXPECT_EQ(double_bound("9007199254740992").side, 0);
    EXPECT_EQ(double_bound("5e-324").side, 0);
    EXPECT_EQ(double_bound("1.7976931348623157e308").side, 0);
    EXPECT_EQ(double_bound("-0.10000000000000000555").side, 1);
    EXPECT_EQ(double_bound("Infinity").side, 0);
    EXPECT_TRUE(std::isinf(double_bound((std::string("1") + std::string(400, '0')).c_str()).value));
    EXPECT_EQ(double_bound((std::string("1") + std::string(400, '0')).c_str()).side, 1);
}

TEST(Numbers, TheLeastDoubleThatRoundsToAFloat) {
    for (double number : {5.0, 0.1, -3.5, 0.0, 1e30, 16777217.0, -1e-40}) {
        for (bool or_equal : {true, false}) {
            double least = least_rounding_to(number, or_equal);
            float rounded = static_cast<float>(least), before = static_cast<float>(std::nextafter(least, -INFINITY));
            EXPECT_TRUE(or_equal ? rounded >= number : rounded > number) << number;
            EXPECT_FALSE(or_equal ? before >= number : before > number) << number;
        }
    }
    EXPECT_TRUE(std::isnan(least_rounding_to(INFINITY, false)));
}

TEST(Patterns, AnExactPatternIsAnchoredAndEscaped) {
    std::string regex;
    ASSERT_TRUE(exact_like_regex("a.c%_", 5, false, &regex));
    EXPECT_EQ(regex, "^a\\.c.*.\\z");
    ASSERT_TRUE(exact_like_regex("5\\%%", 4, false, &regex));
    EXPECT_EQ(regex, "^5%.*\\z");
    ASSERT_TRUE(exact_like_regex("a%", 2, true, &regex));
    EXPECT_EQ(regex, "^a%");
    EXPECT_FALSE(exact_like_regex("a\\", 2, false, &regex));
    EXPECT_FALSE(exact_like_regex(std::string(3000, 'x').c_str(), 3000, false, &regex));
}

TEST(Patterns, OnlyWhatBothSidesReadAlikeIsCommon) {
    std::string regex;
    ASSERT_TRUE(common_regex("^a.c$", 5, false, false, &regex));
    EXPECT_EQ(regex, "^a.c\\z");
    ASSERT_TRUE(common_regex("a-b", 3, false, false, &regex));
    EXPECT_EQ(regex, "a\\-b");
    for (const char *odd : {"a*", "a|b", "(a)", "[a]", "a^b", "a$b", "\\d", "a{2}", "a?"})
        EXPECT_FALSE(common_regex(odd, static_cast<uint32_t>(std::string(odd).size()), false, false, &regex)) << odd;
    EXPECT_TRUE(common_regex("ab", 2, false, true, &regex));
    for (const char *folds : {"Kb", "si", "\xc3\xa9"})
        EXPECT_FALSE(common_regex(folds, 2, false, true, &regex)) << folds;
    ASSERT_TRUE(common_regex("a%", 2, true, true, &regex));
    EXPECT_EQ(regex, "^a.*\\z");
}

// A column a of type integer compared with parameters.
class Expressions : public ::testing::Test {
  protected:
    const char *keys[1] = {"a"};
    FitColumn fit{};
    Column column{};
    std::vector<Node> nodes{32};
    Tree tree{nodes.data(), 0, 32};
    Operand operand{};

    void SetUp() override {
        fit.keys = keys;
        fit.key_count = 1;
        fit.kind = FitKind::Integer;
        fit.minimum = column.minimum = INT32_MIN;
        fit.maximum = column.maximum = INT32_MAX;
        column.path = "a";
        column.components = 1;
        column.family = Family::Int;
        column.misfit_is_null = true;
        column.fit = &fit;
        operand.kind = OperandKind::Int;
        operand.integer = 5;
    }
    uint32_t leaf(NodeKind kind, uint32_t next = kNone) {
        Node node{kind, Op::Eq, 0, 0, kNone, next};
        node.family = column.family;
        return add_node(&tree, node);
    }
    uint32_t apply(Function function, uint32_t first, Op op = Op::Eq) {
        Node node{NodeKind::Apply, op, 0, 0, first, kNone};
        node.function = function;
        node.family = column.family;
        node.width = 4;
        return add_node(&tree, node);
    }
    // The expression with the column's guards folded.
    std::string show(uint32_t root) {
        ExpressionContext context{&tree, &column, &operand, kNoZone, true};
        Value value = Value::null();
        if (!render_value(context, root, &value))
            return "unsayable";
        Owned owned;
        Value whole = doc({{"e", value}});
        std::string json = to_json(
            {reinterpret_cast<const uint8_t *>(whole.bytes().data()), static_cast<uint32_t>(whole.bytes().size())},
            false, owned.memory());
        std::string compact;
        for (char c : json)
            if (c != ' ')
                compact += c;
        return compact;
    }
};

TEST_F(Expressions, NullAndDoubtPassThroughAComparison) {
    uint32_t right = leaf(NodeKind::ParameterValue);
    uint32_t root = apply(Function::Compare, leaf(NodeKind::ColumnValue, right), Op::Gt);
    EXPECT_EQ(
        show(root),
        R"({"e":{"$let":{"vars":{"a":{"$fitting":"$a"}},"in":{"$cond":[{"$lte":["$$a",null]},"$$a",{"$gt":["$$a",5]}]}}}})");
    operand.kind = OperandKind::Null;
    EXPECT_EQ(show(root), R"({"e":null})");
}

TEST_F(Expressions, AnInstantOffTheGridMovesTheBound) {
    column.family = Family::Timestamp;
    fit.kind = FitKind::Date;
    operand.kind = OperandKind::Micros;
    operand.integer = 1500 - 946684800000000; // 1.5 ms after 1970
    uint32_t right = leaf(NodeKind::ParameterValue);
    uint32_t root = apply(Function::Compare, leaf(NodeKind::ColumnValue, right), Op::Ge);
    EXPECT_NE(show(root).find(R"({"$gt":["$$a",{"$date":"1970-01-01T00:00:00.001Z"}]})"), std::string::npos)
        << show(root);
    operand.integer = INT64_MAX; // infinity
    EXPECT_NE(show(root).find(R"({"$literal":false})"), std::string::npos) << show(root);
}

TEST_F(Expressions, AStringIsNeverAPathOrAnOperator) {
    column.family = Family::Text;
    fit.kind = FitKind::Text;
    operand.kind = OperandKind::Text;
    operand.text = "$a";
    operand.length = 2;
    uint32_t right = leaf(NodeKind::ParameterValue);
    uint32_t root = apply(Function::Compare, leaf(NodeKind::ColumnValue, right), Op::Eq);
    EXPECT_NE(show(root).find(R"({"$eq":["$$a",{"$literal":"$a"}]})"), std::string::npos) << show(root);
}

TEST_F(Expressions, DivisionByZeroIsDoubtNotAnError) {
    uint32_t right = leaf(NodeKind::ParameterValue);
    operand.integer = 0;
    uint32_t root = apply(Function::Divide, leaf(NodeKind::ColumnValue, right));
    EXPECT_NE(show(root).find(R"({"case":{"$eq":[0,0]},"then":{"$minKey":1}})"), std::string::npos) << show(root);
}

TEST_F(Expressions, OffTheGridElsewhereCannotBeSaid) {
    column.family = Family::Timestamp;
    fit.kind = FitKind::Date;
    operand.kind = OperandKind::Micros;
    operand.integer = 1500 - 946684800000000;
    uint32_t right = leaf(NodeKind::ParameterValue);
    EXPECT_EQ(show(apply(Function::Coalesce, leaf(NodeKind::ColumnValue, right))), "unsayable");
}

TEST_F(Expressions, NumericsRoundHalfAwayFromZero) {
    column.family = Family::Numeric;
    fit.kind = FitKind::Numeric;
    fit.precision = 10;
    fit.scale = 2;
    uint32_t root = apply(Function::Round, leaf(NodeKind::ColumnValue));
    nodes[root].digits = {true, 9, 1};
    std::string shown = show(root);
    EXPECT_NE(shown.find(R"({"$numberDecimal":"1E+1"})"), std::string::npos) << shown;
    EXPECT_NE(shown.find(R"({"$cond":[{"$lt":["$$a",0]},{"$numberDecimal":"-0.5"},{"$numberDecimal":"0.5"}]})"),
              std::string::npos)
        << shown;
}

TEST_F(Expressions, TheSizeOfAnArrayAsksWhetherItFits) {
    fit.array = true;
    uint32_t size = apply(Function::Cardinality, leaf(NodeKind::ColumnValue));
    EXPECT_EQ(show(size), R"({"e":{"$size":{"$fitting":"$a"}}})");
    uint32_t length = apply(Function::Cardinality, leaf(NodeKind::ColumnValue), Op::Gt);
    EXPECT_NE(show(length).find(R"({"$cond":[{"$eq":["$$n",0]},null,"$$n"]})"), std::string::npos) << show(length);
}

TEST_F(Expressions, OnlyTextsThatBothSidesReadAlikeAreParsed) {
    column.family = Family::Text;
    fit.kind = FitKind::Text;
    uint32_t root = apply(Function::Parse, leaf(NodeKind::ColumnValue));
    nodes[root].family = Family::Int;
    EXPECT_NE(show(root).find(R"({"$regexMatch":{"input":"$$a","regex":"^(0|-?[1-9][0-9]{0,17})\\z"}})"),
              std::string::npos)
        << show(root);
}

} // namespace
