// Values of a scan's parameters as operands of filters. Zone B.
#pragma once

#include "mql/ir.hpp"

#include "pg/pg.hpp"

namespace mongo_fdw {

// Converts a Datum of a type that the rule table takes; an array becomes a list. Allocates in the current context.
mql::Operand operand_of(Datum value, bool null, Oid type);

// An operand without a value, as EXPLAIN shows it.
mql::Operand unknown_operand(const char *name);

// A date as the time of its midnight: for a timestamptz in the session's time zone. Dates beyond all times are
// infinities.
void set_midnight(mql::Operand *operand, Oid type);

} // namespace mongo_fdw
