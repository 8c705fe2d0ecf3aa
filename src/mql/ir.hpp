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
    // An array column has one (op Eq) or all (op Ge) of a list or of the one value of a parameter, or nothing else
    // (Le).
    ArrayHas,
    // A column of JSON: the value at a path has one of these texts (op Eq), has one of them as a key, element or text
    // (Ge), is not null (Gt), or is null (Lt). The parameter is a list of texts: how many keys the path has, the keys,
    // the texts.
    Inside,
    Expression, // first_child, a value of type Boolean, is TRUE (op Eq) or FALSE (op Ne)
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
    // values, in the trees below Expression
    ColumnValue,
    ParameterValue,
    Apply, // a function of its children
};

enum class Op : uint8_t { Eq, Ne, Lt, Le, Gt, Ge };
Op negated(Op op) noexcept;
Op commuted(Op op) noexcept;
const char *name_of(Op op) noexcept; // $eq, $ne, ...: of the query language and of expressions

// How the values of a column compare, here and there.
// Interval: what lies between two times, of which no column is made. Key: the key of a document, see convert/key.hpp;
// conditions on it are given as operands of kind Filter.
enum class Family : uint8_t {
    None,
    Int,
    Float,
    Numeric,
    Text,
    Bool,
    ObjectId,
    Uuid,
    Binary,
    Timestamp,
    Date,
    Interval,
    Key
};

// What a value tree computes, in the terms of SQL; its rows are in mql/expression.cpp.
enum class Function : uint8_t {
    None,
    And,
    Or,
    Not,
    IsNull,
    IsTrue,
    IsFalse,
    Compare,  // op
    Distinct, // IS DISTINCT FROM
    AnyOf,    // first = ANY (second, a parameter)
    Like,     // second: a parameter; op as of NodeKind::Like
    Case,     // condition, value, ..., value otherwise
    Coalesce,
    Greatest,
    Least,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Negate,
    Abs,
    Ceil,
    Floor,
    Round,
    RoundInto, // numeric(p,s): second is the type modifier
    Truncate,
    SquareRoot,
    Sign,
    ToInt, // width
    ToFloat,
    ToNumeric,
    ToText,       // of an integer
    NumericToInt, // width
    NumericToFloat,
    BoolToInt,
    IntToBool,
    BoolToText,
    IdToText,
    Parse, // a text as a number: integer, float or numeric
    Length,
    LengthInBytes,
    Lower,
    Upper,
    Concat,
    Position, // of the second in the first, from 1
    Substring,
    Trim, // op Eq: both sides, Lt: left, Gt: right; second: the characters, default blanks
    Replace,
    Cardinality,  // of the array column that is its child; op Gt: null for an empty array
    DateTruncate, // unit
    Extract,      // unit
    AddInterval,  // second: an interval, a parameter
    SubtractInterval,
    AddDays, // second: an integer
    SubtractDays,
    DaysBetween,  // two dates
    TimesBetween, // two times: microseconds
    ExtractSpan,  // unit of what lies between two times
    ShiftZone,    // op Lt: from local time to the instant; Gt: the other way; a date that has no zone stays as it is
};

// Parts of a date.
enum class Unit : uint8_t {
    None,
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    DayOfWeek,
    IsoDayOfWeek,
    DayOfYear,
    IsoYear,
    Decade,
    Century,
    Millennium,
    Epoch,
};

enum class Verdict : uint8_t {
    Local,    // cannot be said
    Superset, // keeps every row that is TRUE, perhaps more: sent and checked again here
    Exact,    // TRUE exactly where it is TRUE here
};

constexpr uint32_t kNone = UINT32_MAX;

// The most digits before and behind the point that values of a numeric have, where they are known. The scale is the one
// that PostgreSQL shows.
struct Digits {
    bool known = false;
    uint8_t whole = 0;
    uint8_t scale = 0;
};
constexpr int kDecimalDigits = 34; // of a Decimal128

struct Node {
    NodeKind kind;
    Op op;
    uint16_t column;    // index of the column facts
    uint16_t parameter; // index of the operand
    uint32_t first_child;
    uint32_t next;
    // of values
    Function function = Function::None;
    Family family = Family::None; // of the result; of the operands where it compares
    uint8_t width = 0;            // bytes of an integer
    Unit unit = Unit::None;
    bool unsure = false; // the server may be unsure of some values, or the function may raise: see mql/expression.hpp
    // Compare of an ObjectId: its second with a time, see time_arm in mql/compare.cpp.
    bool by_time = false;
    // Compare of a time or date with a parameter of another such type: its instant in the session's time zone, or the
    // local time of one that has a zone (zoned), is given at execution.
    bool by_day = false;
    bool zoned = false; // of a date function: in the session's time zone
    Digits digits{};    // of a numeric
};

struct Tree {
    Node *nodes; // owned by the caller
    uint32_t count;
    uint32_t capacity;
};

// Appends a node; kNone when the tree is full.
uint32_t add_node(Tree *tree, const Node &node) noexcept;

struct FitColumn;

// What decides a verdict and a rendering, per column.
struct Column {
    const char *path;    // dotted; every component is an ordinary key
    uint16_t components; // of the path
    Family family;
    bool misfit_is_null;   // on_conversion_error null or collect
    bool element;          // inside the array that a child table unwinds
    bool bool_as_number;   // EDB's reading: numbers accept bool, bool accepts numbers
    double slack;          // EDB's reading: how far what a number reads as may be from it
    bool only_object_ids;  // EDB's reading of type name
    bool uncertain;        // whether a value fits depends on more than the family knows: domains
    bool single;           // real: values are rounded to it
    int64_t minimum;       // of an integer type
    int64_t maximum;       //
    uint32_t max_length;   // characters a text type holds, 0: no limit
    bool length_in_bytes;  // type name
    uint8_t subtype;       // of Family::Binary: the one that fits
    Family element_family; // of an array column: of its elements; else None
    const FitColumn *fit;  // which values fit, where the server can tell; else null
};

enum class OperandKind : uint8_t {
    Null,
    Bool,
    Int,
    Double,
    Text,
    ObjectId,
    Uuid,
    Binary, // bytes in text
    Micros,
    Days,
    Numeric,
    List,
    Interval,
    Filter, // a whole condition, as BSON in text
    Unknown
};

// A parameter's value at execution. Micros count from 2000-01-01, as PostgreSQL does, because later times do not fit
// from 1970 on; days from 1970-01-01. INT64_MIN and INT64_MAX are infinities. An interval has its microseconds in
// integer, as PostgreSQL compares intervals: a month has 30 days. What that cannot hold is Unknown without a text.
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
    bool has_months; // of an interval
    bool has_days;
};

// The value of such a parameter cannot be sent.
inline bool is_unsayable(const Operand &operand) { return operand.kind == OperandKind::Unknown && !operand.text; }

// The last millisecond since 1970 that is not behind a time, and whether the time lies between it and the next.
struct Instant {
    int64_t ms;
    bool between;
};
constexpr int64_t kYear2000Ms = 946684800000; // since 1970
constexpr int64_t kMsPerDay = 86400000;
inline Instant instant_of_micros(int64_t micros) {
    int64_t ms = micros / 1000, rest = micros % 1000;
    return {kYear2000Ms + ms - (rest < 0), rest != 0};
}

// The null pass: makes the filter "node is TRUE". Returns its root in out, kNone with Verdict::Local if it cannot be
// said. plain: the query language alone. guarded: where the query language alone keeps values that do not fit,
// expressions are added that leave them out. out needs room for eight times the nodes of in.
uint32_t truth_filter(const Tree *in, uint32_t node, const Column *columns, bool plain, bool guarded, Tree *out,
                      Verdict *verdict) noexcept;

// Words for EXPLAIN: why a filter of Verdict::Superset keeps more than the condition.
const char *superset_reason(const Tree *tree, uint32_t root, const Column *columns) noexcept;

// Copies a value tree. kNone when out is full.
uint32_t copy_value_tree(const Tree *in, uint32_t node, Tree *out) noexcept;

} // namespace mongo_fdw::mql
