// What the renderers of scans and groups share. Zone P.
#pragma once

#include "mql/build.hpp"
#include "mql/match.hpp"

namespace mongo_fdw::mql {

constexpr uint32_t kMostCommandBytes = 14 * 1024 * 1024; // of a filter or pipeline; a BSON document holds 16 MB

// Clauses of a scan as one filter.
Truth clauses_of(const ScanCommand &scan, const Column *columns, const uint32_t *roots, uint32_t count, Value *filter,
                 bool *sayable);

// The stages in which a scan finds its documents, joined: the table's own pipeline, conditions, joins and the
// conditions behind them. Truth::Never where no document can match.
// *filter, where given, becomes the conditions before joins.
Truth add_source(const ScanCommand &scan, std::vector<Value> *stages, bool *sayable, Value *filter = nullptr);

// The stages of a join. False where a value cannot be said.
bool add_join(const ScanCommand &scan, const Join &join, std::vector<Value> *stages);

// Of $skip and $limit.
inline Value count_value(int64_t count) {
    return count <= INT32_MAX ? Value(static_cast<int32_t>(count)) : Value(count);
}

// A key of $sort that is computed in a field: its place (0 for ordinary values, see choose), then its value.
void add_computed_key(const std::string &field, uint32_t number, const Value &value, const std::vector<Branch> &places,
                      bool descending, std::vector<Field> *computed, std::vector<Field> *order);

// Before or behind ordinary values, where NULLS FIRST or LAST wants null; NaN is PostgreSQL's greatest number.
inline int null_place(bool nulls_first) { return nulls_first ? -2 : 2; }
inline int nan_place(bool descending) { return descending ? -1 : 1; }

// An inclusion projection. with_doubts: also of the mark of documents in doubt, see mql::SortKey.
Value projection_of(const char *const *paths, uint32_t count, bool with_doubts = false);

// aggregate with the scan's settings. single: its only batch is read as a command's reply.
Value command_of(const ScanCommand &scan, const std::vector<Value> &stages, bool single = false);

} // namespace mongo_fdw::mql
