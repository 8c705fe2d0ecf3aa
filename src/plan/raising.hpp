// Which expressions may raise errors. Zone B.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

// Whether evaluating an expression may raise an error for some values of its parameters and columns. It may not where
// all of its functions are LEAKPROOF, which PostgreSQL keeps for those that raise for no argument, or built in and
// without arguments.
bool may_raise(Expr *expression);

} // namespace mongo_fdw
