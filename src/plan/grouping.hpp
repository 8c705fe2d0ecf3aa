// Groups while they are planned, for plan/aggregates.cpp and plan/group_costs.cpp. Zone B.
#pragma once

#include "plan/relation.hpp"

namespace mongo_fdw {

// What is being put together.
struct Grouping {
    RelationInfo *info;
    Lowering *lowering;
    ScanPlan *plan;
    PathTarget *target;
    List *distinct; // lists of argument and filter of DISTINCT aggregates
    bool deviates;  // a standard deviation is among them
};

// What the server does with each row. ordered: groups are left out by their order.
Cost cost_of_row(const Grouping *grouping, bool ordered);

// What it does with each group, and with the proof of each.
Cost cost_of_groups(double groups);
Cost cost_of_proof(double groups);

// The server proves each group that it made before it leaves any out, which costs it more than a group on its way from
// nearby; for that it may have to look at each value, too. Drops HAVING where that does not pay; *row becomes the cost
// of a row without it.
void drop_dear_having(Grouping *grouping, Cost *row, double rows, Cost proof, Cost saved);

} // namespace mongo_fdw
