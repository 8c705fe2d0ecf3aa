// Groups as pipelines, without a server.
#include "mql/expression.hpp"
#include "mql/group.hpp"

#include "owned.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

using namespace mongo_fdw::mql;

namespace {

// Columns k and v of type integer.
class Groups : public ::testing::Test {
  protected:
    const char *keys[2] = {"k", "v"};
    FitColumn fits[2]{};
    Column columns[2]{};
    std::vector<Node> nodes{16};
    Tree tree{nodes.data(), 0, 16};
    Operand operand{};
    uint32_t k, v, with;
    std::vector<Accumulator> accumulators;
    std::vector<Having> having;
    GroupCommand group{};

    void SetUp() override {
        for (int i = 0; i < 2; i++) {
            fits[i].keys = &keys[i];
            fits[i].key_count = 1;
            fits[i].kind = FitKind::Integer;
            fits[i].minimum = columns[i].minimum = INT32_MIN;
            fits[i].maximum = columns[i].maximum = INT32_MAX;
            columns[i].path = keys[i];
            columns[i].components = 1;
            columns[i].family = Family::Int;
            columns[i].misfit_is_null = true;
            columns[i].fit = &fits[i];
        }
        k = column(0);
        v = column(1);
        Node parameter{NodeKind::ParameterValue, Op::Eq, 0, 0, kNone, kNone};
        parameter.family = Family::Int;
        with = add_node(&tree, parameter);
        operand.kind = OperandKind::Int;
        operand.integer = 5;
    }
    uint32_t column(uint16_t number) {
        Node node{NodeKind::ColumnValue, Op::Eq, number, 0, kNone, kNone};
        node.family = Family::Int;
        return add_node(&tree, node);
    }
    std::string show(bool stored) {
        group.scan.collection = "c";
        group.scan.filters = &tree;
        group.scan.columns = columns;
        group.scan.operands = &operand;
        group.scan.folded = true;
        group.scan.zone_offset_ms = kNoZone;
        group.keys = &k;
        group.key_count = 1;
        group.accumulators = accumulators.data();
        group.accumulator_count = static_cast<uint32_t>(accumulators.size());
        group.having = having.data();
        group.having_count = static_cast<uint32_t>(having.size());
        group.stored = stored;
        std::string compact;
        Owned owned;
        for (char c : std::string(to_json(render_group(group, owned.memory()).pipeline, true, owned.memory())))
            if (c != ' ')
                compact += c;
        return compact;
    }
};

TEST_F(Groups, ValuesAsStoredCarryTheirEnds) {
    accumulators = {{Aggregate::IntegerSum, 0, false, v, kNone, 0}};
    EXPECT_TRUE(can_take_stored(group));
    EXPECT_EQ(show(true), R"([{"$group":{"_id":"$k","a1":{"$min":"$v"},"b1":{"$max":"$v"},"s1":{"$sum":"$v"}}}])");
    group.first = true; // what is left out could be another group of NULL
    EXPECT_NE(show(true).find(R"({"_id":{"$ifNull":["$k",null]})"), std::string::npos) << show(true);
}

TEST_F(Groups, SeveralDistinctArgumentsMultiplyTheDocuments) {
    accumulators = {{Aggregate::CountValues, 1, true, k, kNone, 0},
                    {Aggregate::CountValues, 2, true, v, kNone, 0},
                    {Aggregate::Count, 0, true, kNone, kNone, 0}};
    show(false);
    EXPECT_FALSE(can_take_stored(group));
    std::string pipeline = show(false);
    EXPECT_NE(pipeline.find(R"({"$addFields":{"d":[{"n":1,"v":"$v0"},{"n":2,"v":"$v1"}]}},{"$unwind":"$d"})"),
              std::string::npos)
        << pipeline;
    // What is of rows counts the first alone.
    EXPECT_NE(pipeline.find(R"("s2":{"$sum":{"$cond":[{"$eq":["$d.n",1]},1,null]}})"), std::string::npos) << pipeline;
    EXPECT_NE(pipeline.find(R"({"$eq":["$_id.n",2]},"$_id.d",null)"), std::string::npos) << pipeline;
}

TEST_F(Groups, HavingKeepsGroupsInDoubt) {
    accumulators = {{Aggregate::Count, 0, true, kNone, kNone, 0}, {Aggregate::IntegerSum, 0, false, v, kNone, 0}};
    having = {{0, Op::Gt, with}, {1, Op::Le, with}};
    std::string pipeline = show(true);
    EXPECT_TRUE(can_prove_stored(group));
    EXPECT_NE(
        pipeline.find(
            R"({"$match":{"$expr":{"$or":[{"$or":[{"$not":[{"$fitting":"$_id"}]},{"$not":[{"$fitting":"$a1"}]},{"$not":[{"$fitting":"$b1"}]},{"$not":[{"$in":[{"$type":"$s1"},["int","long"]]}]}]},{"$and":[{"$gt":["$n",5]},)"),
        std::string::npos)
        << pipeline;
    // No value has no sum.
    EXPECT_NE(
        pipeline.find(
            R"({"$let":{"vars":{"r":{"$cond":[{"$lte":["$a1",null]},null,"$s1"]}},"in":{"$and":[{"$gt":["$$r",null]},{"$lte":["$$r",5]}]}}})"),
        std::string::npos)
        << pipeline;
    operand.kind = OperandKind::Null; // nothing compares with NULL
    EXPECT_NE(show(true).find(R"({"$and":[{"$literal":false},{"$literal":false}]})"), std::string::npos) << show(true);
}

TEST_F(Groups, WhatIsLeftOutThereIsProvedThere) {
    accumulators = {{Aggregate::NumericSum, 0, false, v, kNone, 2}};
    show(false);
    EXPECT_TRUE(can_prove_stored(group)); // here, where every group arrives
    having = {{0, Op::Gt, with}};
    std::string pipeline = show(false);
    EXPECT_FALSE(can_prove_stored(group));
    EXPECT_FALSE(can_take_stored(group));
    EXPECT_NE(pipeline.find(R"({"$gt":["$f0",0]})"), std::string::npos) << pipeline;
    EXPECT_NE(
        pipeline.find(R"({"$cond":[{"$eq":["$$r",{"$numberDouble":"NaN"}]},{"$literal":true},{"$gt":["$$r",5]}]})"),
        std::string::npos)
        << pipeline;
    EXPECT_NE(pipeline.find(R"({"$gte":[{"$multiply":[{"$toDecimal":"$m0"},"$c0"]},{"$numberDecimal":"1E+31"}]})"),
              std::string::npos)
        << pipeline;
}

TEST_F(Groups, TheFirstGroupsComeBehindThoseInDoubt) {
    accumulators = {{Aggregate::Count, 0, true, kNone, kNone, 0}, {Aggregate::IntegerSum, 0, false, v, kNone, 0}};
    GroupSortKey sort[] = {{false, 0, true, false}, {true, 0, false, true}};
    group.first = true;
    group.sort = sort;
    group.sort_count = 2;
    group.scan.limit = 7;
    std::string pipeline = show(true);
    EXPECT_NE(pipeline.find(R"({"$sort":{"doubt":-1,"n":-1,"order.p1":1,"order.v1":1}},{"$limit":7})"),
              std::string::npos)
        << pipeline;
    EXPECT_NE(pipeline.find(R"({"case":{"$lte":["$$v",null]},"then":-2})"), std::string::npos) << pipeline;
    group.scan.limit = 0; // LIMIT NULL
    EXPECT_EQ(show(true).find("$limit"), std::string::npos);
}

TEST_F(Groups, ElementsOfAnArrayKnowTheirPosition) {
    accumulators = {{Aggregate::Count, 0, true, kNone, kNone, 0}};
    group.scan.unwind = "items";
    std::string pipeline = show(true);
    EXPECT_NE(pipeline.find(R"({"$unwind":{"path":"$items","includeArrayIndex":"__mongo_fdw_cpp_ord"}})"),
              std::string::npos)
        << pipeline;
    EXPECT_NE(pipeline.find(R"("bad":{"$sum":)"), std::string::npos) << pipeline; // what is no array
    EXPECT_EQ(show(false).find(R"("bad":)"), std::string::npos);                  // the guards know it
    group.scan.unwind_raises = true;
    EXPECT_NE(show(false).find(R"("bad":)"), std::string::npos);
}

} // namespace
