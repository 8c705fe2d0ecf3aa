// The null pass: SQL's three-valued conditions become filters that are TRUE or not. Zone P.
//
// A condition has two translations, "is TRUE" and "is FALSE"; NOT swaps them, AND and OR follow De Morgan. MongoDB's
// own $not is never put around a translation, for it would turn NULL into TRUE. The verdict of an atom is a row of
// kAtoms; the reasons are in the notes beside it.
#include "mql/fit.hpp"

namespace mongo_fdw::mql {
namespace {

struct AtomRow {
    Family family;
    Verdict equal;    // =, = ANY
    Verdict unequal;  // <>, <> ALL
    Verdict range;    // < <= > >=
    Verdict not_null; // IS NOT NULL, and IS NULL where a misfit reads as NULL
};

constexpr Verdict L = Verdict::Local, S = Verdict::Superset, E = Verdict::Exact;
constexpr AtomRow kAtoms[] = {
    {Family::None, L, L, L, L},      {Family::Int, E, S, S, S}, // ranges keep 5.5, a misfit: checked here
    {Family::Float, S, S, S, S},     // int64 and Decimal128 are rounded here, not there: bounds are widened
    {Family::Numeric, S, S, S, S},   // doubles compare by their shortest decimal here
    {Family::Text, E, S, S, S},      // strings with NUL or too long are misfits
    {Family::Bool, E, E, L, E},      //
    {Family::ObjectId, E, E, E, E},  //
    {Family::Uuid, E, S, S, S},      // other subtypes of binary are misfits
    {Family::Binary, E, S, L, S},    //
    {Family::Timestamp, E, S, S, S}, // ranges keep dates outside PostgreSQL's range; not every server takes such bounds
    {Family::Date, E, S, S, S},      //
    {Family::Key, E, L, E, L},       // bytes that sort as _id does
};

const AtomRow &row_of(Family family) {
    for (const AtomRow &row : kAtoms)
        if (row.family == family)
            return row;
    return kAtoms[0];
}

Verdict weaker(Verdict a, Verdict b) { return a < b ? a : b; }

Verdict atom_verdict(NodeKind kind, Op op, const Column &column) {
    const AtomRow &row = row_of(column.family);
    bool positive = false;
    Verdict verdict = Verdict::Local;
    switch (kind) {
    case NodeKind::Compare:
        verdict = op == Op::Eq ? row.equal : op == Op::Ne ? row.unequal : row.range;
        positive = op != Op::Ne;
        break;
    case NodeKind::In:
        verdict = row.equal;
        positive = true;
        break;
    case NodeKind::NotIn:
        verdict = row.unequal;
        break;
    case NodeKind::Truth:
        verdict = row.equal;
        positive = true;
        break;
    case NodeKind::Like: // the regular expression keeps more, see mql/like.cpp
        verdict = column.family == Family::Text ? Verdict::Superset : Verdict::Local;
        positive = true;
        break;
    case NodeKind::Inside:
    case NodeKind::ArrayHas: // whether all elements fit is not asked
        verdict = Verdict::Superset;
        positive = true;
        break;
    case NodeKind::NotNull:
        verdict = row.not_null;
        break;
    case NodeKind::IsNull:
        // Under "error" a misfit may vanish with the row that would have raised; else it must be seen as NULL.
        verdict = !column.misfit_is_null ? E : row.not_null == E ? E : L;
        break;
    default:
        break;
    }
    bool null_by_misfit = kind == NodeKind::IsNull && column.misfit_is_null;
    if (verdict == Verdict::Exact && column.uncertain)
        verdict = null_by_misfit ? Verdict::Local : Verdict::Superset;
    if (verdict == Verdict::Exact && column.bool_as_number && kind != NodeKind::IsNull)
        verdict = Verdict::Superset;
    if (column.bool_as_number && null_by_misfit)
        verdict = Verdict::Local;
    if (column.element) // the query language asks for any element; the others are told apart here
        verdict = positive ? weaker(verdict, Verdict::Superset) : Verdict::Local;
    return verdict;
}

uint8_t column_width(const Column &column) {
    return column.maximum == INT16_MAX ? 2 : column.maximum == INT32_MAX ? 4 : 8;
}

struct Pass {
    const Tree *in;
    const Column *columns;
    bool plain;
    bool guarded;
    Tree *out;

    uint32_t atom(const Node &from, NodeKind kind, Op op, Verdict *verdict) {
        *verdict = atom_verdict(kind, op, columns[from.column]);
        uint32_t plain = kNone;
        if (*verdict != Verdict::Local) {
            Node node = from;
            node.kind = kind;
            node.op = op;
            node.first_child = node.next = kNone;
            plain = add_node(out, node);
        }
        // What the query language cannot say an expression can; where it keeps too much, only if that is asked for.
        // LIKE is never exact: no function takes the symbols that it matches.
        if (*verdict == Verdict::Exact || (*verdict == Verdict::Superset && !guarded) || kind == NodeKind::Like)
            return plain;
        uint32_t expression = exact_atom(from, kind, op);
        if (expression == kNone)
            return plain;
        *verdict = Verdict::Exact;
        if (plain == kNone)
            return expression;
        out->nodes[plain].next = expression;
        return group(NodeKind::And, plain);
    }

    uint32_t apply(Function function, Op op, uint32_t first_child, Family family = Family::Bool) {
        Node node{NodeKind::Apply, op, 0, 0, first_child, kNone};
        node.function = function;
        node.family = family;
        return first_child == kNone ? kNone : add_node(out, node);
    }

    // The atom as an expression that is TRUE exactly where it is TRUE; kNone where the server cannot tell which values
    // fit.
    uint32_t exact_atom(const Node &from, NodeKind kind, Op op) {
        const Column &column = columns[from.column];
        bool lengths_differ = column.family == Family::Text && column.max_length; // a symbol's is not known
        bool long_numeric = column.family == Family::Numeric && column.fit && column.fit->precision > kExactDigits;
        if (plain || from.by_time || from.by_day || !column.fit || column.uncertain || column.bool_as_number ||
            column.element || lengths_differ || long_numeric || column.family == Family::None ||
            column.family == Family::Uuid || column.family == Family::Binary)
            return kNone;
        Node value{NodeKind::ColumnValue, Op::Eq, from.column, 0, kNone, kNone};
        value.family = column.family;
        value.width = column_width(column);
        value.unsure = kind == NodeKind::Like;
        uint32_t left = add_node(out, value);
        uint32_t condition = kNone;
        if (kind == NodeKind::IsNull || kind == NodeKind::NotNull) {
            condition = apply(Function::IsNull, Op::Eq, left);
            if (kind == NodeKind::NotNull)
                condition = apply(Function::Not, Op::Eq, condition);
        } else if (kind == NodeKind::Compare || kind == NodeKind::In || kind == NodeKind::NotIn ||
                   kind == NodeKind::Like) {
            Node parameter{NodeKind::ParameterValue, Op::Eq, 0, from.parameter, kNone, kNone};
            parameter.family = column.family;
            uint32_t right = add_node(out, parameter);
            if (left == kNone || right == kNone)
                return kNone;
            out->nodes[left].next = right;
            condition = apply(kind == NodeKind::Compare ? Function::Compare
                              : kind == NodeKind::Like  ? Function::Like
                                                        : Function::AnyOf,
                              op, left, column.family);
            if (kind == NodeKind::NotIn)
                condition = apply(Function::Not, Op::Eq, condition);
        }
        return expression(condition, true, value.unsure);
    }

    uint32_t expression(uint32_t value, bool wanted, bool unsure) {
        Node node{NodeKind::Expression, wanted ? Op::Eq : Op::Ne, 0, 0, value, kNone};
        node.unsure = unsure;
        return value == kNone ? kNone : add_node(out, node);
    }

    uint32_t group(NodeKind kind, uint32_t first_child) {
        return add_node(out, Node{kind, Op::Eq, 0, 0, first_child, kNone});
    }

    // All (And) or any (Or) of the children, each in the given polarity.
    uint32_t combine(const Node &from, NodeKind kind, bool wanted, Verdict *verdict) {
        uint32_t first = kNone, last = kNone, count = 0;
        *verdict = Verdict::Exact;
        for (uint32_t at = from.first_child; at != kNone; at = in->nodes[at].next) {
            Verdict child_verdict;
            uint32_t child = filter(at, wanted, &child_verdict);
            *verdict = weaker(*verdict, child_verdict);
            if (child == kNone) {
                if (kind == NodeKind::Or) {
                    *verdict = Verdict::Local;
                    return kNone;
                }
                continue; // a conjunct less keeps more rows
            }
            if (first == kNone)
                first = child;
            else
                out->nodes[last].next = child;
            last = child;
            count++;
        }
        if (count == 0)
            return kNone;
        if (*verdict == Verdict::Local)
            *verdict = Verdict::Superset;
        return count == 1 ? first : group(kind, first);
    }

    // Everything but the children; right only around exact filters. It keeps misfits: where they raise, it is checked
    // again.
    uint32_t none_of(uint32_t first, Verdict *verdict) {
        *verdict = misfits_are_null(first) ? Verdict::Exact : Verdict::Superset;
        return group(NodeKind::Nor, first);
    }

    bool misfits_are_null(uint32_t at) {
        for (; at != kNone; at = out->nodes[at].next) {
            const Node &node = out->nodes[at];
            bool of_column = node.kind != NodeKind::And && node.kind != NodeKind::Or && node.kind != NodeKind::Nor &&
                             node.kind != NodeKind::Expression && node.kind != NodeKind::Apply &&
                             node.kind != NodeKind::ParameterValue;
            if (of_column ? !columns[node.column].misfit_is_null || columns[node.column].uncertain
                          : !misfits_are_null(node.first_child))
                return false;
        }
        return true;
    }

    // The complement of a superset loses rows: NOT LIKE goes as an expression alone.
    uint32_t not_like(const Node &from, Verdict *verdict) {
        bool known = from.op == Op::Eq || from.op == Op::Ge; // ILIKE and ~ have no exact form
        uint32_t positive = known ? exact_atom(from, NodeKind::Like, from.op) : kNone;
        *verdict = positive == kNone ? Verdict::Local : Verdict::Superset;
        if (positive != kNone)
            out->nodes[positive].op = Op::Ne;
        return positive;
    }

    uint32_t is_value(const Node &from, bool value, bool wanted, Verdict *verdict) {
        bool asked = guarded;
        guarded = guarded || (!wanted && !plain); // the complement needs an exact filter
        uint32_t inner = filter(from.first_child, value, verdict);
        guarded = asked;
        if (wanted || inner == kNone)
            return inner;
        if (*verdict != Verdict::Exact) {
            *verdict = Verdict::Local;
            return kNone;
        }
        return none_of(inner, verdict);
    }

    uint32_t is_unknown(const Node &from, bool wanted, Verdict *verdict) {
        Verdict if_true, if_false;
        bool asked = guarded;
        guarded = guarded || (wanted && !plain);
        uint32_t is_true = filter(from.first_child, true, &if_true);
        uint32_t is_false = filter(from.first_child, false, &if_false);
        guarded = asked;
        *verdict = weaker(if_true, if_false);
        if (is_true == kNone || is_false == kNone || (wanted && *verdict != Verdict::Exact)) {
            *verdict = Verdict::Local;
            return kNone;
        }
        out->nodes[is_true].next = is_false;
        return wanted ? none_of(is_true, verdict) : group(NodeKind::Or, is_true);
    }

    uint32_t filter(uint32_t at, bool wanted, Verdict *verdict) {
        const Node &node = in->nodes[at];
        switch (node.kind) {
        case NodeKind::And:
            return combine(node, wanted ? NodeKind::And : NodeKind::Or, wanted, verdict);
        case NodeKind::Or:
            return combine(node, wanted ? NodeKind::Or : NodeKind::And, wanted, verdict);
        case NodeKind::Not:
            return filter(node.first_child, !wanted, verdict);
        case NodeKind::Compare:
            return atom(node, NodeKind::Compare, wanted ? node.op : negated(node.op), verdict);
        case NodeKind::In:
            return atom(node, wanted ? NodeKind::In : NodeKind::NotIn, node.op, verdict);
        case NodeKind::IsNull:
            return atom(node, wanted ? NodeKind::IsNull : NodeKind::NotNull, node.op, verdict);
        case NodeKind::Like:
            if (wanted)
                return atom(node, NodeKind::Like, node.op, verdict);
            return not_like(node, verdict);
        case NodeKind::Inside:
        case NodeKind::ArrayHas:
            if (wanted)
                return atom(node, node.kind, node.op, verdict);
            *verdict = Verdict::Local; // the complement of a superset loses rows
            return kNone;
        case NodeKind::Expression: {
            *verdict = node.unsure ? Verdict::Superset : Verdict::Exact;
            return expression(copy_value_tree(in, node.first_child, out), wanted, node.unsure);
        }
        case NodeKind::BoolColumn:
            return atom(node, NodeKind::Truth, wanted ? Op::Eq : Op::Ne, verdict);
        case NodeKind::IsTrue:
            return is_value(node, true, wanted, verdict);
        case NodeKind::IsFalse:
            return is_value(node, false, wanted, verdict);
        case NodeKind::IsUnknown:
            return is_unknown(node, wanted, verdict);
        default:
            *verdict = Verdict::Local;
            return kNone;
        }
    }
};

} // namespace

uint32_t copy_value_tree(const Tree *in, uint32_t at, Tree *out) noexcept {
    Node copy = in->nodes[at];
    uint32_t first = kNone, last = kNone;
    for (uint32_t child = copy.first_child; child != kNone; child = in->nodes[child].next) {
        uint32_t copied = copy_value_tree(in, child, out);
        if (copied == kNone)
            return kNone;
        if (first == kNone)
            first = copied;
        else
            out->nodes[last].next = copied;
        last = copied;
    }
    copy.first_child = first;
    copy.next = kNone;
    return add_node(out, copy);
}

Op negated(Op op) noexcept {
    constexpr Op kNegated[] = {Op::Ne, Op::Eq, Op::Ge, Op::Gt, Op::Le, Op::Lt};
    return kNegated[static_cast<int>(op)];
}

Op commuted(Op op) noexcept {
    constexpr Op kCommuted[] = {Op::Eq, Op::Ne, Op::Gt, Op::Ge, Op::Lt, Op::Le};
    return kCommuted[static_cast<int>(op)];
}

uint32_t add_node(Tree *tree, const Node &node) noexcept {
    if (tree->count >= tree->capacity)
        return kNone;
    tree->nodes[tree->count] = node;
    return tree->count++;
}

namespace {

const char *reason_of_atom(const Node &node, const Column *columns) {
    switch (node.kind) {
    case NodeKind::Expression:
        return node.unsure ? "the server keeps what it is unsure of" : nullptr;
    case NodeKind::Like:
        return "as a regular expression, which may find more";
    case NodeKind::ArrayHas:
        return "it finds every array that may be meant";
    case NodeKind::Inside:
        return "it finds every document that may be meant";
    case NodeKind::Compare:
    case NodeKind::In:
    case NodeKind::NotIn:
    case NodeKind::IsNull:
    case NodeKind::NotNull:
    case NodeKind::Truth: {
        const Column &column = columns[node.column];
        Verdict verdict = atom_verdict(node.kind, node.op, column);
        if (verdict == Verdict::Exact)
            return nullptr;
        if (column.element)
            return "it looks at all elements of the array";
        bool compares = node.kind == NodeKind::Compare || node.kind == NodeKind::In || node.kind == NodeKind::NotIn;
        bool rounds = compares && (column.family == Family::Float || column.family == Family::Numeric);
        return rounds ? "it finds neighbouring numbers as well" : "it finds values that do not fit the column as well";
    }
    default:
        return nullptr;
    }
}

} // namespace

const char *superset_reason(const Tree *tree, uint32_t root, const Column *columns) noexcept {
    const Node &node = tree->nodes[root];
    if (const char *reason = reason_of_atom(node, columns))
        return reason;
    bool group = node.kind == NodeKind::And || node.kind == NodeKind::Or || node.kind == NodeKind::Nor;
    for (uint32_t at = node.first_child; group && at != kNone; at = tree->nodes[at].next)
        if (const char *reason = superset_reason(tree, at, columns))
            return reason;
    return nullptr;
}

uint32_t truth_filter(const Tree *in, uint32_t node, const Column *columns, bool plain, bool guarded, Tree *out,
                      Verdict *verdict) noexcept {
    Pass pass{in, columns, plain, guarded, out};
    uint32_t root = pass.filter(node, true, verdict);
    if (root == kNone)
        *verdict = Verdict::Local;
    return root;
}

} // namespace mongo_fdw::mql
