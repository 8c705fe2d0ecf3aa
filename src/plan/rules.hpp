// The rule table: which PostgreSQL functions have a translation. Zone B.
#pragma once

#include "mql/ir.hpp"

#include <optional>

#include "pg/pg.hpp"

namespace mongo_fdw {

// One function of two operands: what it means and which operand type classes it takes.
struct Rule {
    Oid function;
    mql::Op op;
    mql::Family family; // of both sides
    mql::NodeKind kind = mql::NodeKind::Compare;
    bool negative = false; // it is the complement, NULL staying NULL
    bool day = false; // one side is a date or, beside a time with time zone, one without: its instant in the session's
};

// The row of a function in a table that is sorted by OID; null for none.
template <class Row, size_t kCount> constexpr const Row *row_of_function(const Row (&rows)[kCount], Oid function) {
    size_t low = 0, high = kCount;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (rows[middle].function == function)
            return &rows[middle];
        if (rows[middle].function < function)
            low = middle + 1;
        else
            high = middle;
    }
    return nullptr;
}

template <class Row, size_t kCount> constexpr bool sorted_by_function(const Row (&rows)[kCount]) {
    for (size_t i = 1; i < kCount; i++)
        if (rows[i - 1].function >= rows[i].function)
            return false;
    return true;
}

// The rule of a function; none where it has none. Functions of mongo.objectid are found by name.
std::optional<Rule> find_rule(Oid function);

// Whether a function gives the second in which an ObjectId was made.
bool is_time_of_objectid(Oid function);

// Whether a function gives the digits of an ObjectId.
bool is_text_of_objectid(Oid function);

// All rules with fixed OIDs, sorted by OID.
const Rule *rule_table(int *count);

// Counts the rules that a plan has applied, in this session, and how often one was.
void count_uses(List *functions);
int64 uses_of(Oid function);

// The family that a column of a type belongs to; None when its values are only compared here.
mql::Family family_of_type(Oid base_type);

// Null when a collation orders text by its bytes in UTF-8, else words for EXPLAIN.
const char *byte_order_wanted(Oid collation);

// True when lower and upper change ASCII letters alone under a collation.
bool is_c_type(Oid collation);

} // namespace mongo_fdw
