// What differs between PostgreSQL 15 and 18. Zone S; included by pg.hpp.
#pragma once

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "mongo_fdw_cpp builds with PostgreSQL 15 to 18"
#endif

extern "C" {
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
}

namespace mongo_fdw {

// ForeignPath constructor: 17 added fdw_restrictinfo, 18 disabled_nodes.
inline ForeignPath *make_foreignscan_path(PlannerInfo *root, RelOptInfo *rel, double rows, Cost startup_cost,
                                          Cost total_cost, List *pathkeys, Relids required_outer, Path *outer_path,
                                          List *private_list) {
#if PG_VERSION_NUM >= 180000
    return create_foreignscan_path(root, rel, nullptr, rows, 0, startup_cost, total_cost, pathkeys, required_outer,
                                   outer_path, NIL, private_list);
#elif PG_VERSION_NUM >= 170000
    return create_foreignscan_path(root, rel, nullptr, rows, startup_cost, total_cost, pathkeys, required_outer,
                                   outer_path, NIL, private_list);
#else
    return create_foreignscan_path(root, rel, nullptr, rows, startup_cost, total_cost, pathkeys, required_outer,
                                   outer_path, private_list);
#endif
}

// CompactAttribute came with 18; the fields used here are in both.
inline Form_pg_attribute attribute_of(TupleDesc descriptor, int index) { return TupleDescAttr(descriptor, index); }

} // namespace mongo_fdw
