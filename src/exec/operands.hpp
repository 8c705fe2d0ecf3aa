// Values of a scan's parameters as operands of filters. Zone B.
#pragma once

#include "mql/ir.hpp"
#include "options/options.hpp"

#include "pg/pg.hpp"

namespace mongo_fdw {

// Converts a Datum of a type that the rule table takes; an array becomes a list. Allocates in the current context.
mql::Operand operand_of(Datum value, bool null, Oid type);

// An operand without a value, as EXPLAIN shows it.
mql::Operand unknown_operand(const char *name);

// The operand of what has no value that can be sent.
mql::Operand unsayable_operand();

// A date or a time without zone as the instant that a column of a type of times is compared with: the midnight of a
// date, for timestamptz in the session's time zone. zoned: one with a time zone as the local time that other columns
// are compared with; Unknown without a text where the session's zone has no fixed offset. Those beyond all times are
// infinities.
void set_instant(mql::Operand *operand, Oid type, bool zoned);

// The same for all parameters of a filter tree.
void set_instants(mql::Operand *operands, const mql::Tree &filter, const TableOptions *table);

// Milliseconds of the session's time zone east of UTC, where they are the same all year; else INT64_MIN.
int64 zone_offset_ms();

} // namespace mongo_fdw
