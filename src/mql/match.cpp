// The match renderer: atoms of a filter tree in MongoDB's query language, which is type-bracketed and uses indexes.
// Zone P.
//
// Each rule is total: whatever the operand, the result is a condition, TRUE or FALSE. Values are BSON values under an
// operator ($eq, $in, ...), so that a string can never become one.
#include "mql/match.hpp"
#include "mql/render_internal.hpp"
#include "mql/like.hpp"

#include <cfloat>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>

namespace mongo_fdw::mql {
namespace {

constexpr int kTypeString = 2, kTypeArray = 4, kTypeBinary = 5, kTypeUndefined = 6, kTypeObjectId = 7, kTypeBool = 8,
              kTypeDate = 9, kTypeSymbol = 14;
constexpr int64_t kMsPerDay = 86400000;
constexpr uint32_t kMaxBytes = kMostCommandBytes;

const char *name_of(Op op) {
    constexpr const char *kNames[] = {"$eq", "$ne", "$lt", "$lte", "$gt", "$gte"};
    return kNames[static_cast<int>(op)];
}

// Whether "value op c" holds, given the sign of value - c.
bool holds(Op op, int sign) {
    switch (op) {
    case Op::Eq:
        return sign == 0;
    case Op::Ne:
        return sign != 0;
    case Op::Lt:
        return sign < 0;
    case Op::Le:
        return sign <= 0;
    case Op::Gt:
        return sign > 0;
    default:
        return sign >= 0;
    }
}

void append_int(bson_t *into, const char *key, int64_t value) {
    if (value >= INT32_MIN && value <= INT32_MAX)
        bson_append_int32(into, key, -1, static_cast<int32_t>(value));
    else
        bson_append_int64(into, key, -1, value);
}

// A list of conditions on one column, joined by OR; each is a document of operators.
class Arms {
  public:
    Arms(const Column &column, bson_t *out) : column_(column), out_(out) {}

    // Starts an arm; operators are appended to the result, then end() is called.
    bson_t *begin() {
        bson_init(&arm_);
        return &arm_;
    }
    void end() {
        bson_t document = BSON_INITIALIZER;
        if (!column_.element)
            append_not_array(&arm_);
        bson_append_document(&document, column_.path, -1, &arm_);
        if (!column_.element)
            append_prefix_guards(&document);
        char key[16];
        const char *index;
        bson_uint32_to_string(count_++, &index, key, sizeof key);
        if (count_ == 1)
            bson_copy_to(&document, &first_);
        bson_append_document(&list_, index, -1, &document);
        bson_destroy(&document);
        bson_destroy(&arm_);
    }
    void types(std::initializer_list<int> types) {
        bson_t *arm = begin();
        append_types(arm, types);
        end();
    }
    static void append_types(bson_t *arm, std::initializer_list<int> types) {
        bson_t list = BSON_INITIALIZER;
        uint32_t i = 0;
        for (int type : types) {
            char key[16];
            const char *index;
            bson_uint32_to_string(i++, &index, key, sizeof key);
            bson_append_int32(&list, index, -1, type);
        }
        bson_append_array(arm, "$type", -1, &list);
        bson_destroy(&list);
    }
    static void append_number_type(bson_t *arm) { bson_append_utf8(arm, "$type", -1, "number", -1); }

    Truth finish() {
        if (count_ == 1)
            bson_concat(out_, &first_);
        else if (count_ > 1)
            bson_append_array(out_, "$or", -1, &list_);
        return count_ ? Truth::Depends : Truth::Never;
    }
    ~Arms() {
        bson_destroy(&list_);
        if (count_)
            bson_destroy(&first_);
    }
    Arms(const Arms &) = delete;
    Arms &operator=(const Arms &) = delete;

  private:
    static void append_not_array(bson_t *arm) {
        bson_t inner;
        bson_append_document_begin(arm, "$not", -1, &inner);
        bson_append_int32(&inner, "$type", -1, kTypeArray);
        bson_append_document_end(arm, &inner);
    }
    // An array at a proper prefix of the path would let MongoDB look into its elements.
    void append_prefix_guards(bson_t *document) {
        const char *dot = std::strchr(column_.path, '.');
        while (dot) {
            bson_t guard;
            bson_append_document_begin(document, column_.path, static_cast<int>(dot - column_.path), &guard);
            append_not_array(&guard);
            bson_append_document_end(document, &guard);
            dot = std::strchr(dot + 1, '.');
        }
    }

    const Column &column_;
    bson_t *out_;
    bson_t arm_ = BSON_INITIALIZER;
    bson_t first_;
    bson_t list_ = BSON_INITIALIZER;
    uint32_t count_ = 0;
};

bool is_hex_object_id(const Operand &operand, bson_oid_t *oid) {
    if (operand.length != 24)
        return false;
    for (uint32_t i = 0; i < 24; i++)
        if (!((operand.text[i] >= '0' && operand.text[i] <= '9') || (operand.text[i] >= 'a' && operand.text[i] <= 'f')))
            return false;
    char hex[25];
    std::memcpy(hex, operand.text, 24);
    hex[24] = '\0';
    bson_oid_init_from_string(oid, hex);
    return true;
}

uint32_t characters(const Operand &operand, bool bytes) {
    if (bytes)
        return operand.length;
    uint32_t count = 0;
    for (uint32_t i = 0; i < operand.length; i++)
        count += (operand.text[i] & 0xc0) != 0x80;
    return count;
}

// A BSON bool read as 0 or 1 (EDB's reading) where that satisfies the comparison.
void bool_arms(const Column &column, Op op, double bound, Arms *arms) {
    if (!column.bool_as_number)
        return;
    for (int value = 0; value <= 1; value++)
        if (std::isnan(bound) ? op == Op::Lt || op == Op::Le || op == Op::Ne
                              : holds(op, value < bound   ? -1
                                          : value > bound ? 1
                                                          : 0)) {
            bson_append_bool(arms->begin(), "$eq", -1, value == 1);
            arms->end();
        }
}

// Integers compare by value in both worlds; what the type cannot hold decides by itself.
void int_arm(const Column &column, Op op, const Operand &operand, Arms *arms) {
    int64_t value = operand.integer;
    bool below = value<column.minimum, above = value> column.maximum;
    if (below || above) {
        if (!holds(op, below ? 1 : -1))
            return;
        Arms::append_number_type(arms->begin());
    } else {
        bson_t *arm = arms->begin();
        append_int(arm, name_of(op), value);
        if (op == Op::Ne)
            Arms::append_number_type(arm);
    }
    arms->end();
    bool_arms(column, op, static_cast<double>(value), arms);
}

// The next number of the column's type in a direction.
double outward(const Column &column, double value, double direction) {
    return column.single ? std::nextafterf(static_cast<float>(value), static_cast<float>(direction))
                         : std::nextafter(value, direction);
}

// Doubles: int64 and Decimal128 round to the column's type here, so that bounds go one step outward. NaN is the
// greatest value and equal to itself.
void number_arm(const Column &column, Op op, double value, Arms *arms) {
    bool nan = std::isnan(value);
    if (op == Op::Ne || (nan && (op == Op::Le || op == Op::Lt))) {
        bson_t *arm = arms->begin();
        Arms::append_number_type(arm);
        if (op == Op::Ne && column.family == Family::Float && !column.single)
            bson_append_double(arm, "$ne", -1, value);
        arms->end();
        bool_arms(column, op, value, arms);
        return;
    }
    if (!nan) {
        bson_t *arm = arms->begin();
        if (op != Op::Lt && op != Op::Le)
            bson_append_double(arm, "$gte", -1, outward(column, value, -INFINITY));
        if (op != Op::Gt && op != Op::Ge)
            bson_append_double(arm, "$lte", -1, outward(column, value, INFINITY));
        arms->end();
    }
    if (nan ? op != Op::Gt : op == Op::Gt || op == Op::Ge) {
        bson_append_double(arms->begin(), "$eq", -1, NAN);
        arms->end();
    }
    bool_arms(column, op, value, arms);
}

double number_of(const Operand &operand) {
    return operand.kind == OperandKind::Numeric ? std::strtod(operand.text, nullptr) : operand.number;
}

void text_arm(const Column &column, Op op, const Operand &operand, Arms *arms) {
    bson_oid_t oid;
    bool has_oid = is_hex_object_id(operand, &oid);
    bool too_long = column.max_length && characters(operand, column.length_in_bytes) > column.max_length;
    int length = static_cast<int>(operand.length);
    if (op == Op::Eq) {
        if (too_long)
            return;
        bson_t *arm = arms->begin();
        if (has_oid) { // a text column reads ObjectIds too
            bson_t list = BSON_INITIALIZER;
            bson_append_utf8(&list, "0", -1, operand.text, length);
            bson_append_oid(&list, "1", -1, &oid);
            bson_append_array(arm, "$in", -1, &list);
            bson_destroy(&list);
        } else {
            bson_append_utf8(arm, "$eq", -1, operand.text, length);
        }
        arms->end();
        return;
    }
    if (op == Op::Ne) {
        bson_t *arm = arms->begin();
        Arms::append_types(arm, {kTypeString, kTypeObjectId, kTypeSymbol});
        bson_append_utf8(arm, "$ne", -1, operand.text, length);
        arms->end();
        return;
    }
    bson_append_utf8(arms->begin(), name_of(op), -1, operand.text, length);
    arms->end();
    arms->types({kTypeObjectId, kTypeSymbol});
}

void truth_arm(const Column &column, bool value, Arms *arms) {
    bson_append_bool(arms->begin(), "$eq", -1, value);
    arms->end();
    if (column.bool_as_number) {
        bson_t *arm = arms->begin();
        if (value)
            Arms::append_number_type(arm);
        bson_append_int32(arm, value ? "$ne" : "$eq", -1, 0);
        arms->end();
    }
}

void object_id_arm(Op op, const Operand &operand, Arms *arms) {
    bson_oid_t oid;
    bson_oid_init_from_data(&oid, operand.bytes);
    bson_t *arm = arms->begin();
    bson_append_oid(arm, name_of(op), -1, &oid);
    if (op == Op::Ne)
        Arms::append_types(arm, {kTypeObjectId});
    arms->end();
}

void uuid_arm(Op op, const Operand &operand, Arms *arms) {
    bson_t *arm = arms->begin();
    bson_append_binary(arm, name_of(op), -1, BSON_SUBTYPE_UUID, operand.bytes, 16);
    if (op == Op::Ne)
        Arms::append_types(arm, {kTypeBinary});
    arms->end();
}

// Dates that satisfy the comparison with the half-open interval [from, until) taken as one point; INT64_MIN and
// INT64_MAX are before and after every date.
void instant_arm(Op op, int64_t from, int64_t until, Arms *arms) {
    if (op == Op::Ne) {
        instant_arm(Op::Lt, from, until, arms);
        instant_arm(Op::Gt, from, until, arms);
        return;
    }
    bool below = op == Op::Lt || op == Op::Le, above = op == Op::Gt || op == Op::Ge;
    int64_t least = op == Op::Gt ? until : from, beyond = op == Op::Lt ? from : until;
    if (below ? beyond == INT64_MIN : above ? least == INT64_MAX : from >= until)
        return; // no date
    if (below ? beyond == INT64_MAX : above && least == INT64_MIN) {
        arms->types({kTypeDate});
        return;
    }
    bson_t *arm = arms->begin();
    if (!below && !above && until - from == 1) {
        bson_append_date_time(arm, "$eq", -1, from);
    } else {
        if (!below)
            bson_append_date_time(arm, "$gte", -1, least);
        if (!above)
            bson_append_date_time(arm, "$lt", -1, beyond);
    }
    arms->end();
}

void date_arm(const Column &column, Op op, const Operand &operand, Arms *arms) {
    int64_t from, until;
    if (operand.integer == INT64_MIN || operand.integer == INT64_MAX) {
        from = until = operand.integer;
    } else if (column.family == Family::Timestamp) {
        int64_t ms = operand.integer / 1000, rest = operand.integer % 1000;
        if (rest < 0)
            ms--, rest += 1000;
        // Off the millisecond grid the point lies between two dates: an empty interval before the next one.
        from = rest ? ms + 1 : ms;
        until = ms + 1;
    } else {
        from = operand.integer * kMsPerDay;
        until = from + kMsPerDay;
    }
    instant_arm(op, from, until, arms);
}

void compare_arm(const Column &column, Op op, const Operand &operand, Arms *arms) {
    switch (column.family) {
    case Family::Int:
        int_arm(column, op, operand, arms);
        break;
    case Family::Float:
    case Family::Numeric:
        number_arm(column, op, number_of(operand), arms);
        break;
    case Family::Text:
        text_arm(column, op, operand, arms);
        break;
    case Family::Bool:
        truth_arm(column, op == Op::Eq ? operand.boolean : !operand.boolean, arms);
        break;
    case Family::ObjectId:
        object_id_arm(op, operand, arms);
        break;
    case Family::Uuid:
        uuid_arm(op, operand, arms);
        break;
    case Family::Timestamp:
    case Family::Date:
        date_arm(column, op, operand, arms);
        break;
    case Family::None:
        break;
    }
}

void append_indexed(bson_t *list, uint32_t *count, void (*append)(bson_t *, const char *, const Operand &),
                    const Operand &operand) {
    char key[16];
    const char *index;
    bson_uint32_to_string((*count)++, &index, key, sizeof key);
    append(list, index, operand);
}

// One $in for the families whose equality is one value; the others get an arm for each.
bool plain_list(const Column &column, const Operand &list, Arms *arms) {
    if (column.bool_as_number || (column.family != Family::Int && column.family != Family::Text &&
                                  column.family != Family::ObjectId && column.family != Family::Uuid))
        return false;
    bson_t values = BSON_INITIALIZER;
    uint32_t count = 0;
    for (uint32_t i = 0; i < list.count; i++) {
        const Operand &item = list.items[i];
        bson_oid_t oid;
        if (item.kind == OperandKind::Null)
            continue;
        switch (column.family) {
        case Family::Int:
            if (item.integer >= column.minimum && item.integer <= column.maximum)
                append_indexed(
                    &values, &count,
                    [](bson_t *into, const char *key, const Operand &o) { append_int(into, key, o.integer); }, item);
            break;
        case Family::Text:
            if (column.max_length && characters(item, column.length_in_bytes) > column.max_length)
                break;
            append_indexed(
                &values, &count,
                [](bson_t *into, const char *key, const Operand &o) {
                    bson_append_utf8(into, key, -1, o.text, static_cast<int>(o.length));
                },
                item);
            if (is_hex_object_id(item, &oid))
                append_indexed(
                    &values, &count,
                    [](bson_t *into, const char *key, const Operand &o) {
                        bson_oid_t id;
                        if (is_hex_object_id(o, &id))
                            bson_append_oid(into, key, -1, &id);
                    },
                    item);
            break;
        case Family::ObjectId:
            append_indexed(
                &values, &count,
                [](bson_t *into, const char *key, const Operand &o) {
                    bson_oid_t id;
                    bson_oid_init_from_data(&id, o.bytes);
                    bson_append_oid(into, key, -1, &id);
                },
                item);
            break;
        default:
            append_indexed(
                &values, &count,
                [](bson_t *into, const char *key, const Operand &o) {
                    bson_append_binary(into, key, -1, BSON_SUBTYPE_UUID, o.bytes, 16);
                },
                item);
        }
        if (values.len > kMaxBytes)
            break; // too large anyway: the caller sees the size
    }
    if (count) {
        bson_append_array(arms->begin(), "$in", -1, &values);
        arms->end();
    }
    bson_destroy(&values);
    return true;
}

Truth not_null(const Column &column, bson_t *out) {
    Arms arms(column, out);
    switch (column.family) {
    case Family::Int:
    case Family::Float:
    case Family::Numeric:
        Arms::append_number_type(arms.begin());
        arms.end();
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
        arms.types({kTypeBinary});
        break;
    case Family::Timestamp:
    case Family::Date:
        arms.types({kTypeDate});
        break;
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
        Arms arms(column, out);
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

    // Elements are found where the query language looks into arrays. An array within the array is one more dimension
    // here: it is kept.
    Truth array_has(const Node &node, bson_t *out) {
        Column elements = columns[node.column];
        elements.family = elements.element_family;
        elements.element = true;
        const Operand &wanted = operands[node.parameter];
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
        for (uint32_t at = node.first_child; at != kNone && !decided; at = tree->nodes[at].next) {
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

    Truth render(uint32_t at, bson_t *out) {
        const Node &node = tree->nodes[at];
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
