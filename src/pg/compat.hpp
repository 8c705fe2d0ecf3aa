// What differs between PostgreSQL 15 and 19. Zone S; included by pg.hpp.
#pragma once

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 200000
#error "mongo_fdw_cpp builds with PostgreSQL 15 to 19"
#endif

extern "C" {
#if PG_VERSION_NUM >= 190000
#include "catalog/partition.h"
#include "nodes/miscnodes.h"
#endif
#include "common/jsonapi.h"
#include "parser/parse_type.h"
#include "storage/buffile.h"
#include "tcop/pquery.h"
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
}

namespace mongo_fdw {

// A type as SQL says it: missing ones give InvalidOid, 16 takes an error context.
inline void parse_type_text(const char *text, Oid *type, int32 *typmod) {
#if PG_VERSION_NUM >= 160000
    parseTypeString(text, type, typmod, nullptr);
#else
    parseTypeString(text, type, typmod, true);
#endif
}

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

// The same for joins.
inline ForeignPath *make_foreign_join_path(PlannerInfo *root, RelOptInfo *rel, double rows, Cost startup_cost,
                                           Cost total_cost, Path *outer_path, List *private_list) {
#if PG_VERSION_NUM >= 180000
    return create_foreign_join_path(root, rel, nullptr, rows, 0, startup_cost, total_cost, NIL, nullptr, outer_path,
                                    NIL, private_list);
#elif PG_VERSION_NUM >= 170000
    return create_foreign_join_path(root, rel, nullptr, rows, startup_cost, total_cost, NIL, nullptr, outer_path, NIL,
                                    private_list);
#else
    return create_foreign_join_path(root, rel, nullptr, rows, startup_cost, total_cost, NIL, nullptr, outer_path,
                                    private_list);
#endif
}

// The same for relations above scans and joins.
inline ForeignPath *make_foreign_upper_path(PlannerInfo *root, RelOptInfo *rel, PathTarget *target, double rows,
                                            Cost startup_cost, Cost total_cost, List *pathkeys, Path *outer_path) {
#if PG_VERSION_NUM >= 180000
    return create_foreign_upper_path(root, rel, target, rows, 0, startup_cost, total_cost, pathkeys, outer_path, NIL,
                                     NIL);
#elif PG_VERSION_NUM >= 170000
    return create_foreign_upper_path(root, rel, target, rows, startup_cost, total_cost, pathkeys, outer_path, NIL, NIL);
#else
    return create_foreign_upper_path(root, rel, target, rows, startup_cost, total_cost, pathkeys, outer_path, NIL);
#endif
}

// 19 makes a relation of the rows of a semijoin's side made unique, and has one kind of unique path left.
#if PG_VERSION_NUM >= 190000
using UpperUniquePath = UniquePath;
constexpr NodeTag T_UpperUniquePath = T_UniquePath;
#endif

inline UpperUniquePath *make_upper_unique_path(PlannerInfo *root, RelOptInfo *rel, Path *path, int keys,
                                               double groups) {
#if PG_VERSION_NUM >= 190000
    return create_unique_path(root, rel, path, keys, groups);
#else
    return create_upper_unique_path(root, rel, path, keys, groups);
#endif
}

// The cheapest path of the side of a join of type JOIN_UNIQUE_OUTER; null for none.
inline Path *unique_outer_path(PlannerInfo *root, RelOptInfo *outer, SpecialJoinInfo *semijoin) {
#if PG_VERSION_NUM >= 190000
    return outer->cheapest_total_path;
#else
    return reinterpret_cast<Path *>(create_unique_path(root, outer, outer->cheapest_total_path, semijoin));
#endif
}

// Whether the rows of a relation are groups already, made below a join (eager aggregation, since 19): what is known of
// its tables' scans does not hold for them.
inline bool is_grouped_early(const RelOptInfo *rel) {
#if PG_VERSION_NUM >= 190000
    return IS_GROUPED_REL(rel);
#else
    (void)rel;
    return false;
#endif
}

// Whether an update may change columns that its target, or a part of it, is partitioned by.
inline bool may_move_rows(PlannerInfo *root, const ModifyTable *modify) {
#if PG_VERSION_NUM >= 190000
    int relation = -1;
    while (modify->operation == CMD_UPDATE && (relation = bms_next_member(root->all_result_relids, relation)) >= 0) {
        const RangeTblEntry *entry = planner_rt_fetch(relation, root);
        if (entry->relkind != RELKIND_PARTITIONED_TABLE)
            continue;
        Relation table = table_open(entry->relid, NoLock);
        bool moves = has_partition_attrs(table, get_rel_all_updated_cols(root, find_base_rel(root, relation)), nullptr);
        table_close(table, NoLock);
        if (moves)
            return true;
    }
    return false;
#else
    (void)root;
    return modify->partColsUpdated;
#endif
}

// The first member of an equivalence class, children of a relation included, that a test takes; null for none.
template <class Test> EquivalenceMember *member_of_class(EquivalenceClass *ec, const RelOptInfo *rel, Test takes) {
#if PG_VERSION_NUM >= 180000
    EquivalenceMemberIterator iterator;
    setup_eclass_member_iterator(&iterator, ec, rel->relids);
    while (EquivalenceMember *member = eclass_member_iterator_next(&iterator))
        if (takes(member))
            return member;
#else
    (void)rel;
    ListCell *cell;
    foreach (cell, ec->ec_members)
        if (takes(lfirst_node(EquivalenceMember, cell)))
            return lfirst_node(EquivalenceMember, cell);
#endif
    return nullptr;
}

// Strategies became compare types in 18.
inline bool is_descending(const PathKey *key) {
#if PG_VERSION_NUM >= 180000
    return key->pk_cmptype == COMPARE_GT;
#else
    return key->pk_strategy == BTGreaterStrategyNumber;
#endif
}

inline int strategy_of(const RowCompareExpr *comparison) {
#if PG_VERSION_NUM >= 180000
    return static_cast<int>(comparison->cmptype);
#else
    return static_cast<int>(comparison->rctype);
#endif
}

// Walkers and mutators had no parameters in their types before 16.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-function-type"
inline bool walk_expression(Node *node, bool (*walker)(Node *, void *), void *context) {
#if PG_VERSION_NUM >= 160000
    return expression_tree_walker(node, walker, context);
#else
    return expression_tree_walker(node, reinterpret_cast<bool (*)()>(walker), context);
#endif
}

inline bool walk_query(Query *query, bool (*walker)(Node *, void *), void *context, int flags) {
#if PG_VERSION_NUM >= 160000
    return query_tree_walker(query, walker, context, flags);
#else
    return query_tree_walker(query, reinterpret_cast<bool (*)()>(walker), context, flags);
#endif
}

inline Node *mutate_expression(Node *node, Node *(*mutator)(Node *, void *), void *context) {
#if PG_VERSION_NUM >= 160000
    return expression_tree_mutator(node, mutator, context);
#else
    return expression_tree_mutator(node, reinterpret_cast<Node *(*)()>(mutator), context);
#endif
}
#pragma GCC diagnostic pop

// Reads so many bytes of a temporary file, or raises.
inline void read_temporary_file(BufFile *file, void *bytes, size_t size) {
#if PG_VERSION_NUM >= 160000
    BufFileReadExact(file, bytes, size);
#else
    if (BufFileRead(file, bytes, size) != size)
        ereport(ERROR, (errcode_for_file_access(), errmsg("could not read from a temporary file")));
#endif
}

// Why a text is no JSON; null: it is.
inline const char *json_fault(const char *text) {
    int length = static_cast<int>(strlen(text));
#if PG_VERSION_NUM >= 170000
    JsonLexContext *lexer = makeJsonLexContextCstringLen(nullptr, text, length, GetDatabaseEncoding(), false);
#else
    JsonLexContext *lexer =
        makeJsonLexContextCstringLen(const_cast<char *>(text), length, GetDatabaseEncoding(), false);
#endif
    JsonParseErrorType fault = pg_parse_json(lexer, &nullSemAction);
    return fault == JSON_SUCCESS ? nullptr : json_errdetail(fault, lexer);
}

// The first parameter of a callback about a system cache but its argument.
#if PG_VERSION_NUM >= 190000
using SyscacheId = SysCacheIdentifier;
#else
using SyscacheId = int;
#endif

// Instants that a type cannot hold are infinite.
inline TimestampTz timestamptz_of_timestamp(Timestamp time) {
#if PG_VERSION_NUM >= 190000
    ErrorSaveContext beyond{};
    beyond.type = T_ErrorSaveContext;
    return timestamp2timestamptz_safe(time, reinterpret_cast<Node *>(&beyond));
#else
    int beyond;
    return timestamp2timestamptz_opt_overflow(time, &beyond);
#endif
}

inline TimestampTz timestamptz_of_date(DateADT date) {
#if PG_VERSION_NUM >= 190000
    ErrorSaveContext beyond{};
    beyond.type = T_ErrorSaveContext;
    return date2timestamptz_safe(date, reinterpret_cast<Node *>(&beyond));
#else
    int beyond;
    return date2timestamptz_opt_overflow(date, &beyond);
#endif
}

inline Timestamp timestamp_of_date(DateADT date) {
#if PG_VERSION_NUM >= 190000
    ErrorSaveContext beyond{};
    beyond.type = T_ErrorSaveContext;
    return date2timestamp_safe(date, reinterpret_cast<Node *>(&beyond));
#else
    int beyond;
    return date2timestamp_opt_overflow(date, &beyond);
#endif
}

// CompactAttribute came with 18; the fields used here are in both.
inline Form_pg_attribute attribute_of(TupleDesc descriptor, int index) { return TupleDescAttr(descriptor, index); }

// Runs a portal to its end; 18 runs each once.
inline void run_portal(Portal portal, DestReceiver *receiver, QueryCompletion *completion) {
#if PG_VERSION_NUM >= 180000
    PortalRun(portal, FETCH_ALL, true, receiver, receiver, completion);
#else
    PortalRun(portal, FETCH_ALL, true, true, receiver, receiver, completion);
#endif
}

} // namespace mongo_fdw
