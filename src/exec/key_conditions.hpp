// Conditions on the keys of documents, for parameters that have values. Zone B.
#pragma once

#include "mql/ir.hpp"

#include "pg/pg.hpp"

namespace mongo_fdw {

// Makes conditions on _id (operands of kind Filter) of the keys that columns of family Key are compared with; Unknown
// without a text where a bound is no key. roots: conditions that all must hold: a lower and an upper bound among them
// become one range. Allocates in the current memory context.
void set_key_conditions(mql::Operand *operands, const mql::Tree &filter, const mql::Column *columns,
                        const uint32_t *roots, uint32_t root_count);

} // namespace mongo_fdw
