// What groups cost the server. Zone B.
#include "plan/grouping.hpp"

#include "exec/lessons.hpp"

namespace mongo_fdw {

using mql::Aggregate;
using mql::Family;
using mql::kNone;
using mql::NodeKind;

namespace {

// What the renderer would be given, as far as it is known.
mql::GroupCommand command_of(const Grouping *grouping, bool ordered) {
    mql::GroupCommand command{};
    command.scan.filters = &grouping->lowering->filter;
    command.scan.columns = grouping->lowering->columns;
    command.keys = numbers_of(grouping->plan->keys);
    command.key_count = list_length(grouping->plan->keys);
    command.accumulators = accumulators_of(*grouping->plan);
    command.accumulator_count = list_length(grouping->plan->accumulators) / kAccumulatorFields;
    command.having_count = list_length(grouping->plan->having) / kHavingFields;
    command.first = ordered;
    command.doubts = numbers_of(grouping->plan->doubts);
    command.doubt_count = list_length(grouping->plan->doubts);
    return command;
}

// In units of a row that is fetched from a server nearby: what the server does with a row of a group, more for decimals
// and for values that it has to look at, and with a group. A server groups about as fast as it sends: the gain is in
// what does not travel.
constexpr double kUnit = 6; // times cpu_tuple_cost
constexpr double kCountCost = 0.1, kRowCost = 0.9, kDecimalCost = 1, kGroupCost = 11, kProofCost = 20;

// What it costs to look at a value through its guard, and to apply a function.
double guard_cost(Family family) {
    constexpr double kPlain = 1, kFloat = 2, kText = 3, kNumeric = 5;
    return family == Family::Numeric ? kNumeric
           : family == Family::Text  ? kText
           : family == Family::Float ? kFloat
                                     : kPlain;
}
constexpr double kApplyCost = 0.5;

double cost_of_value(const mql::Tree &tree, uint32_t root) {
    const mql::Node &node = tree.nodes[root];
    double cost = node.kind == NodeKind::ColumnValue ? guard_cost(node.family)
                  : node.kind == NodeKind::Apply     ? kApplyCost
                                                     : 0;
    for (uint32_t at = node.first_child; at != kNone; at = tree.nodes[at].next)
        cost += cost_of_value(tree, at);
    return cost;
}

// The expressions that make a condition exact. One that is an expression as a whole is so without groups, too.
double cost_of_exactness(const mql::Tree &tree, uint32_t root) {
    return tree.nodes[root].kind == NodeKind::Expression ? 0 : cost_of_value(tree, root);
}

} // namespace

Cost cost_of_row(const Grouping *grouping, bool ordered) {
    mql::GroupCommand command = command_of(grouping, ordered);
    const mql::Tree &tree = grouping->lowering->filter;
    double cost = command.key_count ? kRowCost : kCountCost;
    for (uint32_t i = 0; i < command.accumulator_count; i++)
        if (command.accumulators[i].argument != kNone)
            cost = kRowCost;
    ListCell *cell;
    foreach (cell, grouping->plan->roots)
        cost += cost_of_exactness(tree, static_cast<uint32_t>(lfirst_int(cell)));
    for (uint32_t i = 0; i < command.doubt_count; i++)
        cost += cost_of_value(tree, command.doubts[i]);
    for (uint32_t i = 0; i < command.accumulator_count; i++)
        if (command.accumulators[i].aggregate == Aggregate::NumericSum)
            cost += kDecimalCost;
    bool stored =
        mql::can_take_stored(command) && group_level(grouping->info->table->relation, tree) == GroupLevel::Stored;
    for (uint32_t i = 0; !stored && i < command.key_count; i++)
        cost += cost_of_value(tree, command.keys[i]);
    for (uint32_t i = 0; i < command.accumulator_count; i++) {
        const mql::Accumulator &accumulator = command.accumulators[i];
        if (!stored && accumulator.argument != kNone)
            cost += cost_of_value(tree, accumulator.argument);
        if (accumulator.filter != kNone)
            cost += cost_of_value(tree, accumulator.filter);
    }
    if (list_length(grouping->distinct) > 1) // the documents are multiplied
        cost += kRowCost * list_length(grouping->distinct);
    return cost * kUnit * cpu_tuple_cost;
}

void drop_dear_having(Grouping *grouping, Cost *row, double rows, Cost proof, Cost saved) {
    List *having = grouping->plan->having;
    if (having == NIL)
        return;
    Cost with = *row;
    grouping->plan->having = NIL;
    *row = cost_of_row(grouping, false);
    if ((with - *row) * rows + proof < saved) {
        grouping->plan->having = having;
        *row = with;
    } else {
        grouping->info->having_whole = false;
    }
}

Cost cost_of_groups(double groups) { return groups * kGroupCost * kUnit * cpu_tuple_cost; }

Cost cost_of_proof(double groups) { return groups * kProofCost * kUnit * cpu_tuple_cost; }

} // namespace mongo_fdw
