// The table of aggregates. Zone B.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

// Calls visit for each aggregate that the server may compute. of_floats: the last digits may differ.
void for_each_aggregate(void (*visit)(void *argument, Oid function, bool of_floats), void *argument);

} // namespace mongo_fdw
