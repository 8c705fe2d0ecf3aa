// Foreign tables given to functions. Zone B.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

// Raises where a relation is no foreign table of this wrapper (42809), or the user may not read it (42501).
void check_readable(Oid relation);

} // namespace mongo_fdw
