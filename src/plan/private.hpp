// What a scan's plan hands to its execution: fdw_private, slot by slot. Zone B.
#pragma once

#include "plan/lower.hpp"

namespace mongo_fdw {

enum class ScanSlot : int {
    Relation,      // Integer-like oid Const: the foreign table, for plans without a scan relation
    Targets,       // IntList: attribute of each column of the scan tuple; NIL: the relation's own row type
    FilterNodes,   // bytea Const: the nodes of the filter tree
    Roots,         // IntList: root of each pushed clause
    Needed,        // IntList: attributes that the query reads
    NeededRecheck, // IntList: further attributes that the pushed clauses read, for when they cannot be pushed after all
    Limit,         // Integer: index in fdw_exprs of the LIMIT expression, -1: none
    Offset,        // Integer: index in fdw_exprs of the OFFSET expression, -1: none
    ParameterCount, // Integer: how many of fdw_exprs are parameters of filters
    Reasons,        // List of String: why each local clause stays local, in the order of the plan's qual
    Count,
};

struct ScanPlan {
    Oid relation;
    List *targets;
    mql::Tree filter;
    List *roots;
    List *needed;
    List *needed_recheck;
    int limit;
    int offset;
    int parameter_count;
    List *reasons;
};

List *encode_scan_plan(const ScanPlan &plan);
ScanPlan decode_scan_plan(List *encoded);

} // namespace mongo_fdw
