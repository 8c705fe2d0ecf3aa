// The match renderer: atoms of a filter tree in MongoDB's query language, which is type-bracketed and uses indexes.
// Zone P.
#include "mql/match.hpp"
#include "mql/arms.hpp"
#include "mql/like.hpp"

#include <cstring>
#include <string>

namespace mongo_fdw::mql {
namespace {

Truth not_null(const Column &column, bson_t *out) {
    Arms arms(column, out);
    switch (column.family) {
    case Family::Int:
    case Family::Float:
    case Family::Numeric:
        Arms::append_number_type(arms.begin());
        arms.end();
        if (column.family != Family::Int)
            arms.not_a_number();
        if (column.bool_as_number)
            arms.types({kTypeBool});
        break;
    case Family::Text:
        arms.types({kTypeString, kTypeObjectId, kTypeSymbol});
        break;
    case Family::Bool:
        arms.types({kTypeBool});
        if (column.bool_as_number) {
            Arms::append_number_type(arms.begin());
            arms.end();
        }
        break;
    case Family::ObjectId:
        arms.types({kTypeObjectId});
        break;
    case Family::Uuid:
    case Family::Binary:
        arms.types({kTypeBinary});
        break;
    case Family::Timestamp:
    case Family::Date:
        arms.types({kTypeDate});
        break;
    case Family::Interval:
    case Family::Key:
    case Family::None:
        break;
    }
    return arms.finish();
}

Truth is_null(const Column &column, bson_t *out) {
    if (column.misfit_is_null) { // every value that does not fit reads as NULL
        bson_t fits = BSON_INITIALIZER, list = BSON_INITIALIZER;
        not_null(column, &fits);
        bson_append_document(&list, "0", -1, &fits);
        bson_append_array(out, "$nor", -1, &list);
        bson_destroy(&list);
        bson_destroy(&fits);
        return Truth::Depends;
    }
    Arms arms(column, out);
    bson_append_null(arms.begin(), "$eq", -1);
    arms.end();
    arms.types({kTypeUndefined}); // {a: null} matched it before MongoDB 8, not since
    return arms.finish();
}

} // namespace

// EXPLAIN without values: the parameter stands by its name.
Truth unknown(const Column &column, const char *operator_name, const Operand &operand, bson_t *out) {
    Arms arms(column, out);
    bson_t parameter;
    bson_t *arm = arms.begin();
    bson_append_document_begin(arm, operator_name, -1, &parameter);
    bson_append_utf8(&parameter, "$parameter", -1, operand.text, static_cast<int>(operand.length));
    bson_append_document_end(arm, &parameter);
    arms.end();
    return arms.finish();
}

namespace {

// A condition that is given whole; {} holds for all documents.
Truth given(const Operand &operand, bson_t *out) {
    bson_t view;
    if (!bson_init_static(&view, reinterpret_cast<const uint8_t *>(operand.text), operand.length) || bson_empty(&view))
        return Truth::Always;
    bson_concat(out, &view);
    return Truth::Depends;
}

struct Renderer {
    const ExpressionContext &context;
    const Tree *tree;
    const Column *columns;
    const Operand *operands;
    bool *sayable;

    Truth expression(const Node &node, bson_t *out) {
        Value condition = Value::null();
        if (!render_expression(context, node, &condition)) {
            *sayable = false;
            return Truth::Always;
        }
        Value whole = op("$expr", condition);
        bson_t view;
        if (bson_init_static(&view, reinterpret_cast<const uint8_t *>(whole.bytes().data()), whole.bytes().size()))
            bson_concat(out, &view);
        return Truth::Depends;
    }

    Truth in_list(const Node &node, bson_t *out) {
        const Column &column = columns[node.column];
        const Operand &list = operands[node.parameter];
        if (list.kind == OperandKind::Unknown)
            return unknown(column, node.kind == NodeKind::In ? "$in" : "$nin", list, out);
        if (list.kind == OperandKind::Null)
            return Truth::Never;
        if (list.kind == OperandKind::Filter)
            return given(list, out);
        if (node.kind == NodeKind::NotIn)
            return not_in_list(column, list, out);
        Arms arms(column, out);
        if (!plain_list(column, list, &arms))
            for (uint32_t i = 0; i < list.count; i++)
                if (list.items[i].kind != OperandKind::Null)
                    compare_arm(column, Op::Eq, list.items[i], &arms);
        return arms.finish();
    }

    // x <> ALL (list): never TRUE with a NULL in the list; over an empty list TRUE even for NULL.
    Truth not_in_list(const Column &column, const Operand &list, bson_t *out) {
        if (list.count == 0)
            return Truth::Always;
        uint32_t count = 0;
        for (uint32_t i = 0; i < list.count; i++)
            if (list.items[i].kind == OperandKind::Null)
                return Truth::Never;
        {
            Arms arms(column, out);
            if (plain_not_list(column, list, &arms))
                return arms.finish();
        }
        bson_t all = BSON_INITIALIZER;
        for (uint32_t i = 0; i < list.count; i++) {
            bson_t part = BSON_INITIALIZER;
            {
                Arms arms(column, &part);
                compare_arm(column, Op::Ne, list.items[i], &arms);
                if (arms.finish() == Truth::Depends) {
                    char key[16];
                    const char *index;
                    bson_uint32_to_string(count++, &index, key, sizeof key);
                    bson_append_document(&all, index, -1, &part);
                }
            }
            bson_destroy(&part);
            if (all.len > kMaxBytes)
                break;
        }
        bson_append_array(out, "$and", -1, &all);
        bson_destroy(&all);
        return count ? Truth::Depends : Truth::Never;
    }

    Truth compare(const Node &node, bson_t *out) {
        const Column &column = columns[node.column];
        const Operand &operand = operands[node.parameter];
        if (operand.kind == OperandKind::Unknown)
            return unknown(column, name_of(node.op), operand, out);
        if (operand.kind == OperandKind::Null)
            return Truth::Never;
        if (operand.kind == OperandKind::Filter)
            return given(operand, out);
        Arms arms(column, out);
        if (node.by_time)
            time_arm(node.op, operand, &arms);
        else
            compare_arm(column, node.op, operand, &arms);
        return arms.finish();
    }

    Truth like(const Node &node, bson_t *out) {
        const Column &column = columns[node.column];
        const Operand &operand = operands[node.parameter];
        if (operand.kind == OperandKind::Unknown)
            return unknown(column, "$regex", operand, out);
        if (operand.kind == OperandKind::Null)
            return Truth::Never;
        if (operand.kind != OperandKind::Text)
            return Truth::Always;
        bool any_case = node.op == Op::Le || node.op == Op::Lt;
        LikeRegex pattern{true, false, true, ""};
        if (node.op == Op::Eq || node.op == Op::Ge)
            pattern = like_regex(operand.text, operand.length, node.op == Op::Ge);
        else
            pattern.sayable = common_regex(operand.text, operand.length, node.op == Op::Le, any_case, &pattern.regex);
        if (!pattern.sayable)
            return Truth::Always; // all are kept and checked here
        Arms arms(column, out);
        if (pattern.anything) {
            arms.types({kTypeString, kTypeObjectId, kTypeSymbol});
            return arms.finish();
        }
        bson_t *arm = arms.begin();
        bson_append_utf8(arm, "$regex", -1, pattern.regex.c_str(), static_cast<int>(pattern.regex.size()));
        bson_append_utf8(arm, "$options", -1, any_case ? "is" : "s", -1);
        arms.end();
        if (pattern.may_be_hex)
            arms.types({kTypeObjectId, kTypeSymbol});
        else
            arms.types({kTypeSymbol});
        return arms.finish();
    }

    // No element is another value, a null or (symbols and arrays in it are looked at here) of another type.
    Truth has_nothing_but(const Column &elements, const Operand &wanted, bson_t *out) {
        if (wanted.kind == OperandKind::Null)
            return Truth::Never;
        bson_t values = BSON_INITIALIZER, other = BSON_INITIALIZER, left = BSON_INITIALIZER, none = BSON_INITIALIZER;
        bool known = wanted.kind == OperandKind::List;
        if (known && append_values(elements, wanted, &values)) {
            bson_append_array(&other, "$nin", -1, &values);
        } else if (!known) {
            bson_append_utf8(&values, "$parameter", -1, wanted.text, static_cast<int>(wanted.length));
            bson_append_document(&other, "$nin", -1, &values);
        }
        Arms::append_types(&left, {kTypeArray, kTypeSymbol});
        bson_append_document(&other, "$not", -1, &left);
        bson_append_document(&none, "$elemMatch", -1, &other);
        Arms arms(elements, out);
        bson_t *arm = arms.begin();
        bson_append_document(arm, "$not", -1, &none);
        if (elements.components == 1) // below an array on the way there may be nothing, an array without elements
            bson_append_null(arm, "$ne", -1);
        arms.end();
        for (bson_t *each : {&values, &other, &left, &none})
            bson_destroy(each);
        return arms.finish();
    }

    // Elements are found where the query language looks into arrays. An array within the array is one more dimension
    // here: it is kept.
    Truth array_has(const Node &node, bson_t *out) {
        Column elements = columns[node.column];
        elements.family = elements.element_family;
        elements.element = true;
        const Operand &wanted = operands[node.parameter];
        if (node.op == Op::Le)
            return has_nothing_but(elements, wanted, out);
        if (wanted.kind == OperandKind::Unknown)
            return unknown(elements, node.op == Op::Ge ? "$all" : "$in", wanted, out);
        if (wanted.kind == OperandKind::Null)
            return Truth::Never;
        bool all = node.op == Op::Ge, list = wanted.kind == OperandKind::List;
        const Operand *items = list ? wanted.items : &wanted;
        uint32_t count = list ? wanted.count : 1, asked = 0;
        Arms arms(elements, out);
        for (uint32_t i = 0; i < count; i++) {
            if (items[i].kind == OperandKind::Null && all)
                return Truth::Never; // NULL is in no array
            if (items[i].kind == OperandKind::Null || (all && asked > 0))
                continue; // of all one will do: the others are checked here
            compare_arm(elements, Op::Eq, items[i], &arms);
            asked++;
        }
        if (asked == 0)
            return all ? Truth::Always : Truth::Never;
        bson_t inner;
        bson_t *arm = arms.begin();
        bson_append_document_begin(arm, "$elemMatch", -1, &inner);
        bson_append_int32(&inner, "$type", -1, kTypeArray);
        bson_append_document_end(arm, &inner);
        arms.end();
        return arms.finish();
    }

    Truth group(const Node &node, bson_t *out) {
        const char *name = node.kind == NodeKind::And ? "$and" : node.kind == NodeKind::Or ? "$or" : "$nor";
        // The value of a child that decides the group, and what the group is without children that depend.
        Truth decisive = node.kind == NodeKind::And ? Truth::Never : Truth::Always;
        Truth otherwise = node.kind == NodeKind::Or ? Truth::Never : Truth::Always;
        bson_t list = BSON_INITIALIZER;
        uint32_t count = 0;
        bool decided = false;
        // What is never TRUE may be NULL, and then SQL evaluates the others: whether they can be said matters.
        bool to_the_end = node.kind == NodeKind::And;
        for (uint32_t at = node.first_child; at != kNone && (!decided || to_the_end); at = tree->nodes[at].next) {
            bson_t part = BSON_INITIALIZER;
            Truth truth = render(at, &part);
            if (truth == decisive) {
                decided = true;
            } else if (truth == Truth::Depends) {
                char key[16];
                const char *index;
                bson_uint32_to_string(count++, &index, key, sizeof key);
                bson_append_document(&list, index, -1, &part);
            }
            bson_destroy(&part);
        }
        if (!decided && count)
            bson_append_array(out, name, -1, &list);
        bson_destroy(&list);
        if (decided)
            return node.kind == NodeKind::Or ? Truth::Always : Truth::Never;
        return count ? Truth::Depends : otherwise;
    }

    static bool has_parameter(NodeKind kind) {
        return kind == NodeKind::Compare || kind == NodeKind::Like || kind == NodeKind::ArrayHas ||
               kind == NodeKind::Inside || kind == NodeKind::In || kind == NodeKind::NotIn;
    }

    Truth render(uint32_t at, bson_t *out) {
        const Node &node = tree->nodes[at];
        if (has_parameter(node.kind) && is_unsayable(operands[node.parameter])) {
            *sayable = false;
            return Truth::Always;
        }
        switch (node.kind) {
        case NodeKind::And:
        case NodeKind::Or:
        case NodeKind::Nor:
            return group(node, out);
        case NodeKind::Compare:
            return compare(node, out);
        case NodeKind::Like:
            return like(node, out);
        case NodeKind::ArrayHas:
            return array_has(node, out);
        case NodeKind::Inside:
            return render_inside(node, columns[node.column], operands[node.parameter], out);
        case NodeKind::Expression:
            return expression(node, out);
        case NodeKind::In:
        case NodeKind::NotIn:
            return in_list(node, out);
        case NodeKind::NotNull:
            return not_null(columns[node.column], out);
        case NodeKind::IsNull:
            return is_null(columns[node.column], out);
        case NodeKind::Truth: {
            Arms arms(columns[node.column], out);
            truth_arm(columns[node.column], node.op == Op::Eq, &arms);
            return arms.finish();
        }
        default:
            return Truth::Always;
        }
    }
};

} // namespace

Truth render_filter(const ExpressionContext &context, uint32_t root, bson_t *out, bool *sayable) {
    Renderer renderer{context, context.tree, context.columns, context.operands, sayable};
    return renderer.render(root, out);
}

} // namespace mongo_fdw::mql