// The type matrix in the words of fit guards. Zone B.
#pragma once

#include "mql/fit.hpp"
#include "options/options.hpp"

namespace mongo_fdw {

// Which values fit a column, as a server can tell. False where it cannot: domains, enums, composites, json, other
// encodings than UTF8, paths that MongoDB cannot name.
bool fit_of_column(const ColumnOptions &column, mql::FitColumn *fit);

// Whether the rows of a table are documents, or what $unwind makes of them: it drops documents where an array stands on
// the way to the array.
bool server_unwinds(const TableOptions *table);

} // namespace mongo_fdw
