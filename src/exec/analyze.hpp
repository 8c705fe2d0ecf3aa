// ANALYZE of foreign tables. Zone B.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

extern "C" bool mongoAnalyzeForeignTable(Relation relation, AcquireSampleRowsFunc *function, BlockNumber *pages);

} // namespace mongo_fdw
