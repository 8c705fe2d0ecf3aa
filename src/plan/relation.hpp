// What planning knows about a relation whose scan MongoDB answers. Zone B.
#pragma once

#include "plan/lower.hpp"
#include "plan/private.hpp"

namespace mongo_fdw {

// Costs of the first groups of an order: before the first one, and of each on its way.
struct GroupCost {
    double groups;
    Cost startup;
    Cost per_group;
};

// In fdw_private of base relations, and of the relations above them that may be answered as well.
struct RelationInfo {
    TableOptions *table; // of all tables that the scan joins
    Oid user;            // whose mapping the scan uses
    ScanMember *members; // the tables, in the order of the joins
    int member_count;
    List *tables;          // their TableOptions
    List *as;              // and the fields that hold their documents, see join_tables
    List *joins;           // JoinedTables, of all but the first
    bool written;          // by the same statement: it is read once, see exec/drain.hpp
    Bitmapset *subqueries; // see Lowering
    bool lookups;          // some of them are made by $lookup
    List *clauses;         // RestrictInfos of the scan's rows
    List *notes;           // Strings: what above the scan stays here, and why
    Cost joining;          // what the server does for joins
    Cost total;            // of a join's path
    // The scan alone, or PostgreSQL's own path of a join, with the columns of the relation: for when the server refuses
    // lookups and sorts.
    Path *local;
    const Lowering *lowering; // tells the scan's columns; makes no trees
    double documents;
    bool guessed;    // without statistics selectivities are guesses
    bool explained;  // the server told how many documents it sends and examines
    double examined; // documents that the server looks at for the clauses that are sent
    Selectivity remote_selectivity;
    List *remote_clauses; // RestrictInfos that are sent, for estimates
    RelOptInfo *base;     // the foreign table, or the join of several
    // of a relation above
    bool sorted;              // ORDER BY is part of it: the base relation's sort
    List *sort_list;          //
    bool sort_indexed;        // its first key, which is compared as it is stored
    ScanPlan *group;          // its clauses, keys and accumulators; null: not grouped
    Lowering *values;         // that the group's trees and parameters belong to
    PathTarget *group_target; // keys and aggregates
    List *having;             // checked here
    bool having_whole;        // and all of it there
    bool first_groups;        // LIMIT is part of it
    GroupCost group_cost;
    Path *group_fallback; // PostgreSQL's own groups
};

// A copy, for a relation above.
inline RelationInfo *copied(const RelationInfo *below) {
    RelationInfo *info = static_cast<RelationInfo *>(palloc(sizeof(RelationInfo)));
    *info = *below;
    return info;
}

bool filters_allowed();

// Whether a table may take part in joins that the server makes or gives keys for.
bool joins_allowed(const TableOptions *table);

// The OIDs of the tables, for the plan.
List *relations_of(const RelationInfo *info);

// Documents that the server sends for the clauses of the scan.
inline double sent_documents(const RelationInfo *info) {
    return clamp_row_est(info->documents * info->remote_selectivity);
}

// The same, to be on the safe side: without statistics a condition may leave a tenth, unless it asks for one value of
// a unique index.
double most_sent_documents(const RelationInfo *info);

// Documents of a collection that have one value of a column.
double documents_with_one(PlannerInfo *root, const RelationInfo *info, Expr *column, bool unique);

// A new lowering for the scan.
Lowering *lowering_for(const RelationInfo *info);

// A lowering whose trees nobody keeps: for a question about one clause.
Lowering *trial_lowering(const RelationInfo *info);

// Whether a list has clauses that a node of its own evaluates once.
bool has_gates(List *clauses);

// A copy of the cheapest of PostgreSQL's own paths of a join or groups, for when the server refuses after all; null for
// none. add_path frees paths that lose, so it must be a copy.
Path *copied_local_path(RelOptInfo *rel, PathTarget *target);

// Whether EnterpriseDB's setting of that name is on, where its library has defined it.
bool edb_allows(const char *setting);

// Notes for EXPLAIN that a part of the query above the scan stays here.
void note_local(RelationInfo *info, const char *part, const char *reason);

// Whether every clause of the scan can be left to the server.
bool all_exact(const RelationInfo *info);

// Costs of a scan: what the server does before the first row, and each row on its way here.
struct ScanCost {
    Cost startup;
    Cost per_row;
};
ScanCost scan_cost(const RelationInfo *info, RelOptInfo *rel);

// What it costs the server to look at so many documents of the collection.
Cost look_cost(const RelationInfo *info, double examined);

// The same for conditions that leave so many documents; nothing where they leave all.
inline Cost filter_cost(const RelationInfo *info, double left, double examined) {
    return left < info->documents ? look_cost(info, examined) : 0;
}

// The sort that gives pathkeys, as the plan keeps it, for a scan; of the first of them where the others cannot be said,
// and *reason says why. NIL for none. whole: no key follows these. limited: LIMIT is sent as well. lowering takes the
// values.
List *lower_pathkeys(RelOptInfo *rel, const RelationInfo *info, Lowering *lowering, List *pathkeys, bool whole,
                     bool limited, const char **reason);

// Whether the first key of such a sort is compared as it is stored.
inline bool sorts_by_index(List *sort) { return sort_as(sort, 0) == SortAs::Stored; }

// What a row costs the server that it sorts: little where keys are compared as they are stored; computing a key costs
// more than fetching the row.
inline Cost sort_cost(List *sort) {
    constexpr double kKey = 12; // times cpu_tuple_cost
    return sorts_by_index(sort) ? cpu_operator_cost : kKey * cpu_tuple_cost * (list_length(sort) / kSortFields);
}

// Adds LIMIT and OFFSET to the expressions of a plan.
List *add_limit(const Query *query, List *expressions, ScanPlan *plan);

// Lowers clauses of a scan; exact ones go to *exact, the others to *local with their reasons.
void lower_clauses(Lowering *lowering, List *clauses, bool gating, ScanPlan *plan, List **exact, List **local);

// Plans the conditions of a table's scan so that the server applies them exactly, with the guards that this needs.
// values: those of an UPDATE; what depends on the row becomes plan->assigned. Null, or why something stays here; the
// plan is of no use then.
const char *lower_exactly(const RelationInfo *info, ScanPlan *plan, List *values, List **parameters, List **rechecked);

// The same for all clauses of a scan, and its joins.
void lower_scan(Lowering *lowering, const RelationInfo *info, ScanPlan *plan, List **exact, List **local);

} // namespace mongo_fdw
