// Shared by the renderers of groups. Zone P.
#pragma once

#include "mql/expression.hpp"
#include "mql/group.hpp"

namespace mongo_fdw::mql {

inline std::string numbered(const char *name, uint32_t number) { return name + std::to_string(number); }

// The node of a key or argument that is a column of the documents; null for others.
const Node *column_node(const GroupCommand &group, uint32_t root);

// Whether groups are left out by HAVING or LIMIT.
bool leaves_out(const GroupCommand &group);

// The stages behind $group that leave groups out: HAVING, and ORDER BY with LIMIT. counts_doubts: the field "bad" is
// there. False: a parameter's value cannot be said.
bool add_proved_stages(const GroupCommand &group, bool counts_doubts, std::vector<Value> *stages);

} // namespace mongo_fdw::mql
