// The rule table: which PostgreSQL functions have a translation. Zone B.
#pragma once

#include "mql/ir.hpp"

#include "pg/pg.hpp"

namespace mongo_fdw {

// One function of two operands: what it means and which operand type classes it takes.
struct Rule {
    Oid function;
    mql::Op op;
    mql::Family family; // of both sides
    mql::NodeKind kind = mql::NodeKind::Compare;
    bool negative = false; // it is the complement, NULL staying NULL
};

// The rule of a function; null when it has none. Functions of mongo.objectid are found by name.
const Rule *find_rule(Oid function);

// All rules with fixed OIDs, sorted by OID.
const Rule *rule_table(int *count);

// The family that a column of a type belongs to; None when its values are only compared here.
mql::Family family_of_type(Oid base_type);

// True when a collation orders text by its bytes in UTF-8.
bool is_byte_order(Oid collation);

// True when lower and upper change ASCII letters alone under a collation.
bool is_c_type(Oid collation);

} // namespace mongo_fdw
