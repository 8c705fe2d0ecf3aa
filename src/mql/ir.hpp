// The intermediate form between SQL clauses and MongoDB filters. Zone P.
//
// Two trees of the same node type: the SQL tree (three-valued logic, made by the backend's lowering) and the filter
// tree (two-valued, made from it by the null pass). Nodes are plain data that refer to each other by index, so that a
// tree is one block of bytes: it may be interrupted, copied and kept in a plan.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mongo_fdw::mql {

enum class NodeKind : uint8_t {
    // in both trees
    And,
    Or,
    Compare, // column op parameter
    In,      // column = ANY (parameter)
    IsNull,
    Like, // column LIKE parameter (op Eq), starts_with (column, parameter) (op Ge)
    // in SQL trees only
    Not,
    BoolColumn, // a boolean column as a condition
    IsTrue,
    IsFalse,
    IsUnknown,
    // in filter trees only
    Nor,
    NotIn, // column <> ALL (parameter)
    NotNull,
    Truth, // a boolean column that is true (op Eq) or false (op Ne)
};

enum class Op : uint8_t { Eq, Ne, Lt, Le, Gt, Ge };
Op negated(Op op) noexcept;
Op commuted(Op op) noexcept;

// How the values of a column compare, here and there.
enum class Family : uint8_t { None, Int, Float, Numeric, Text, Bool, ObjectId, Uuid, Timestamp, Date };

enum class Verdict : uint8_t {
    Local,    // cannot be said
    Superset, // keeps every row that is TRUE, perhaps more: sent and checked again here
    Exact,    // TRUE exactly where it is TRUE here
};

constexpr uint32_t kNone = UINT32_MAX;

struct Node {
    NodeKind kind;
    Op op;
    uint16_t column;    // index of the column facts
    uint16_t parameter; // index of the operand
    uint32_t first_child;
    uint32_t next;
};

struct Tree {
    Node *nodes; // owned by the caller
    uint32_t count;
    uint32_t capacity;
};

// Appends a node; kNone when the tree is full.
uint32_t add_node(Tree *tree, const Node &node) noexcept;

// What decides a verdict and a rendering, per column.
struct Column {
    const char *path;    // dotted; every component is an ordinary key
    uint16_t components; // of the path
    Family family;
    bool misfit_is_null;  // on_conversion_error null or collect
    bool element;         // inside the array that a child table unwinds
    bool bool_as_number;  // EDB's reading: numbers accept bool, bool accepts numbers
    bool uncertain;       // whether a value fits depends on more than the family knows: domains
    bool single;          // real: values are rounded to it
    int64_t minimum;      // of an integer type
    int64_t maximum;      //
    uint32_t max_length;  // characters a text type holds, 0: no limit
    bool length_in_bytes; // type name
};

enum class OperandKind : uint8_t {
    Null,
    Bool,
    Int,
    Double,
    Text,
    ObjectId,
    Uuid,
    Micros,
    Days,
    Numeric,
    List,
    Unknown
};

// A parameter's value at execution. Micros and days count from 1970-01-01; INT64_MIN and INT64_MAX are infinities.
struct Operand {
    OperandKind kind;
    bool boolean;
    int64_t integer;
    double number;
    const char *text; // Text: UTF-8; Numeric: PostgreSQL's output; Unknown: how EXPLAIN names it
    uint32_t length;
    uint8_t bytes[16];
    const Operand *items; // List
    uint32_t count;
};

// The null pass: makes the filter "node is TRUE". Returns its root in out, kNone with Verdict::Local if it cannot be
// said. out needs room for four times the nodes of in.
uint32_t truth_filter(const Tree *in, uint32_t node, const Column *columns, Tree *out, Verdict *verdict) noexcept;

} // namespace mongo_fdw::mql
