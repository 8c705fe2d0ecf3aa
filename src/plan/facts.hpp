// What the planner knows about a collection. Zone B.
#pragma once

#include "connect/documents.hpp"
#include "options/options.hpp"

namespace mongo_fdw {

// Rows of a foreign table: from ANALYZE, from the server where use_remote_estimate asks for it (kept for a while), or a
// guess. Never raises because of the server.
double estimated_documents(PlannerInfo *root, RelOptInfo *rel, const TableOptions *table);

// The average size of a collection's documents in bytes, where the server has told it with their number; else 0.
double average_size(const TableOptions *table, Oid user);

// Asks a server that could be reached lately. False where it refuses. Never raises because of the server.
bool ask_for_facts(Oid user, const TableOptions *table, mql::Document command, mongo::Bytes *reply);

// Whether the server finds documents by the values of a path without reading the collection. Asked once in a session
// (with use_remote_estimate once a minute), when a plan may need it; No where the server does not say. Never raises
// because of the server.
enum class Indexed { No, Yes, Unique };
Indexed indexed_by(const TableOptions *table, Oid user, const char *path);

} // namespace mongo_fdw
