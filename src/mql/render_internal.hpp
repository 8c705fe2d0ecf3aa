// What the renderers of scans and groups share. Zone P.
#pragma once

#include "mql/build.hpp"
#include "mql/match.hpp"

namespace mongo_fdw::mql {

constexpr uint32_t kMostCommandBytes = 14 * 1024 * 1024; // of a filter or pipeline; a BSON document holds 16 MB

// The conditions of a scan as one filter.
Truth clauses_of(const ScanCommand &scan, Value *filter, bool *sayable);

// aggregate with the scan's settings.
Value command_of(const ScanCommand &scan, const std::vector<Value> &stages);

} // namespace mongo_fdw::mql
