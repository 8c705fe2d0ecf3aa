// What a scan's plan hands to its execution: fdw_private, slot by slot. Zone B.
#pragma once

#include "mql/group.hpp"
#include "plan/lower.hpp"

namespace mongo_fdw {

enum class ScanSlot : int {
    Relations,     // OidList: the foreign tables, in the order of their joins
    As,            // List of String: the field that holds the documents of each, null: none
    Targets,       // IntList: attribute of each column of the scan tuple; NIL: the relation's own row type
    FilterNodes,   // bytea Const: the nodes of the filter tree
    Roots,         // IntList: root of each pushed clause
    Joins,         // List, for each table but the first: IntList of mql::JoinKind, local and
                   // foreign column; IntLists of the roots of filters and of conditions
    LateRoots,     // IntList: roots of clauses over what was joined
    Needed,        // IntList: attributes that the query reads
    NeededRecheck, // IntList: further attributes that the pushed clauses read, for when they cannot be pushed after all
    Limit,         // Integer: index in fdw_exprs of the LIMIT expression, -1: none
    Offset,        // Integer: index in fdw_exprs of the OFFSET expression, -1: none
    GivenKeys,     // Integer: index in fdw_exprs of the keys that a key join gives, -1: none
    Drained,       // Boolean: the statement writes what is scanned, see exec/drain.hpp
    Identified,    // Boolean: rows are targets, their documents' _ids are kept
    Kept,          // IntList: attributes of targets whose stored values rows keep, see plan/targets.hpp
    Transacts,     // Boolean: the statement writes to the server: reading belongs to its transaction
    Columns,       // IntList: attributes that a direct UPDATE sets
    ValuesFrom,    // Integer: index in fdw_exprs of the first of their values
    Assigned,      // IntList: value tree of each, which the server computes; -1: the same value for all rows
    Counts,        // Boolean: what a direct modification writes counts as rows of the statement
    ParameterCount, // Integer: how many of fdw_exprs are parameters of filters
    Sort,           // IntList: value tree, descending, nulls first, SortAs of each key (see mql::SortKey)
    FirstKeys,    // Integer: leading keys of Sort; of rows that are equal in them the first one is wanted. 0: all rows
    Presence,     // IntList: roots of filters that leave documents without a key out, see exec/ordered.hpp
    Keys,         // IntList: value trees of the group keys
    Doubts,       // IntList: value trees of conditions of which the server may be unsure, see mql::GroupCommand
    Accumulators, // IntList: aggregate, distinct, counted, argument, filter, scale of each (see mql::Accumulator)
    Having,       // IntList: accumulator, mql::Op, value tree of each comparison of HAVING that is sent
    GroupSort,    // IntList: whether it is a key of the groups, its number or that of the accumulator, descending,
                  // nulls first of each key of ORDER BY over groups
    Outputs,      // IntList: of each column of a grouped scan: Final, number of the key or accumulator, digits shown
                  // behind the point (-1: as computed)
    Notes,        // List of String: what above the scan stays here, and why
    Reasons,      // List of String: why each local clause stays local, in the order of the plan's qual
    Count,
};

constexpr int64 kMostProvedRows = 10000; // whose order is proved, OFFSET included

// How a key of ORDER BY is compared.
enum class SortAs : int {
    Computed,
    Stored,  // the conditions leave only values that fit and are not null
    Proved,  // as stored, where LIMIT leaves few rows that prove themselves; else PostgreSQL's own plan runs
    Doubted, // computed; a document of which the server is unsure comes first, and PostgreSQL's own plan runs
};

// How a column of a grouped scan is made of a result document.
enum class Final : int {
    Key,
    Count,          // int8
    IntegerSum,     // int8
    WideSum,        // numeric, of int8
    IntegerAverage, // numeric
    NumericSum,
    NumericAverage,
    FloatSum,
    FloatAverage,
    Extreme,
    FloatExtreme,
    NumericExtreme,
    Deviation,
    Variance,
};

struct ScanPlan {
    List *relations;
    List *as;
    List *targets;
    mql::Tree filter;
    List *roots;
    List *joins;
    List *late_roots;
    List *needed;
    List *needed_recheck;
    int limit;
    int offset;
    int given_keys;
    bool drained;
    bool identified;
    List *kept;
    bool transacts;
    List *columns;
    int values_from;
    List *assigned;
    bool counts;
    int parameter_count;
    List *sort;
    int first_keys;
    List *presence;
    List *keys;
    List *doubts;
    List *accumulators;
    List *having;
    List *group_sort;
    List *outputs; // NIL: not grouped
    List *notes;
    List *reasons;
};

List *encode_scan_plan(const ScanPlan &plan);
ScanPlan decode_scan_plan(List *encoded);

// The sort keys and accumulators of a plan as arrays in the current memory context. allowed: keys that are planned as
// more than that are computed.
mql::SortKey *sort_keys(const ScanPlan &plan, SortAs allowed);
mql::Accumulator *accumulators_of(const ScanPlan &plan);
mql::Having *having_of(const ScanPlan &plan);
mql::GroupSortKey *group_sort_of(const ScanPlan &plan);
uint32_t *numbers_of(List *numbers);

constexpr int kSortFields = 4, kAccumulatorFields = 6, kHavingFields = 3, kGroupSortFields = 4,
              kOutputFields = 3; // of the flat lists

// How a key is compared; whether any key is compared so; whether the rows have to show that their order is right.
inline SortAs sort_as(const List *sort, int key) {
    return static_cast<SortAs>(list_nth_int(sort, key * kSortFields + 3));
}

inline bool has_key(const List *sort, SortAs as) {
    for (int key = 0; key < list_length(sort) / kSortFields; key++)
        if (sort_as(sort, key) == as)
            return true;
    return false;
}

inline bool needs_proof(const List *sort) { return has_key(sort, SortAs::Proved) || has_key(sort, SortAs::Doubted); }

} // namespace mongo_fdw
