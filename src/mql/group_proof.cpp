// Groups that the server leaves out, by HAVING or by ORDER BY with LIMIT. Zone P.
//
// What proves a group here (exec/group_results.cpp) is asked there first: a group in doubt stays, before all others, so
// that whoever reads the groups knows.
#include "mql/arms.hpp"
#include "mql/group_internal.hpp"
#include "mql/render_internal.hpp"

#include <bson/bson.h>

namespace mongo_fdw::mql {
namespace {

constexpr char kOrder[] = "order"; // the field with the keys of ORDER BY

std::string dollar(const std::string &path) { return "$" + path; }

// The field of a group's key.
std::string key_path(const GroupCommand &group, uint32_t number) {
    return group.key_count > 1 ? "_id." + numbered("k", number) : "_id";
}

// The field of an accumulator's result.
std::string result_path(const GroupCommand &group, uint32_t number) {
    const Accumulator &accumulator = group.accumulators[number];
    if (!group.stored)
        return numbered("s", number);
    if (counts_rows(accumulator) && accumulator.filter == kNone)
        return "n";
    const char *letter = accumulator.aggregate == Aggregate::CountValues  ? "c"
                         : accumulator.aggregate == Aggregate::IntegerSum ? "s"
                         : accumulator.aggregate == Aggregate::Least      ? "a"
                                                                          : "b";
    return numbered(letter, stored_number(*group.scan.filters, accumulator));
}

bool counts(const Accumulator &accumulator) {
    return accumulator.aggregate == Aggregate::Count || accumulator.aggregate == Aggregate::CountValues;
}

// An accumulator's result as SQL has it: null where there is no value.
Value result_of(const GroupCommand &group, uint32_t number) {
    const Accumulator &accumulator = group.accumulators[number];
    Value result = dollar(result_path(group, number)).c_str();
    if (accumulator.aggregate != Aggregate::IntegerSum && accumulator.aggregate != Aggregate::NumericSum)
        return result;
    if (group.stored)
        return cond(is_null(dollar(numbered("a", stored_number(*group.scan.filters, accumulator))).c_str()),
                    Value::null(), result);
    return cond(op("$eq", {dollar(numbered("c", number)).c_str(), 0}), Value::null(), result);
}

// Values as they are stored: whether the least and the greatest are of the column's type, and the sum an integer's.
void add_stored_doubts(const GroupCommand &group, std::vector<Value> *doubts) {
    auto doubt = [&](const std::string &path, uint32_t value) {
        const FitColumn &column = *group.scan.columns[column_node(group, value)->column].fit;
        Value fits = group.scan.folded ? op("$fitting", path.c_str()) : fits_as_stored(path.c_str(), column);
        doubts->push_back(negation(fits));
    };
    for (uint32_t i = 0; i < group.key_count; i++)
        doubt(dollar(key_path(group, i)), group.keys[i]);
    for (uint32_t i = 0; i < group.accumulator_count; i++) {
        const Node *node = column_node(group, group.accumulators[i].argument);
        if (!node)
            continue;
        uint32_t number = stored_number(*group.scan.filters, group.accumulators[i]);
        for (const char *letter : {"a", "b"})
            doubt(dollar(numbered(letter, number)), group.accumulators[i].argument);
        if (node->family == Family::Int)
            doubts->push_back(negation(is_one(type_of(dollar(numbered("s", number)).c_str()), {"int", "long"})));
    }
}

// What an accumulator over values that fit leaves to doubt.
void add_result_doubts(const Accumulator &accumulator, uint32_t number, std::vector<Value> *doubts) {
    auto field = [number](const char *letter) { return dollar(numbered(letter, number)); };
    std::string sum = field("s"), finer = field("f"), magnitude = field("m"), values = field("c"), odd = field("x"),
                zeros = field("z"), length = field("s") + ".l", least_length = field("l") + ".l";
    Value result = sum.c_str(), size = magnitude.c_str();
    switch (accumulator.aggregate) {
    case Aggregate::IntegerSum:
        doubts->push_back(negation(is_one(type_of(result), {"int", "long"})));
        break;
    case Aggregate::NumericSum: {
        std::string limit = "1E+" + std::to_string(kDecimalDigits - 1 - accumulator.scale);
        Value most = op("$multiply", {op("$toDecimal", size), values.c_str()}); // null where there is no value
        doubts->push_back(is(type_of(result), "double"));
        doubts->push_back(op("$gt", {finer.c_str(), 0}));
        doubts->push_back(is_nan(size));
        doubts->push_back(op("$gte", {most, Value::decimal(limit.c_str())}));
        break;
    }
    case Aggregate::FloatSum:
        doubts->push_back(both(op("$eq", {result, 0}), op("$gt", {zeros.c_str(), 0})));
        [[fallthrough]];
    case Aggregate::DeviationOfAll:
    case Aggregate::DeviationOfSample: // NaN shows in the result alone
        doubts->push_back(either(is_nan(result), op("$gte", {size, most_magnitude(accumulator)})));
        break;
    case Aggregate::LeastFloat:
    case Aggregate::GreatestFloat:
        doubts->push_back(both(op("$eq", {result, 0}), op("$gt", {zeros.c_str(), 0})));
        break;
    case Aggregate::LeastNumeric:
    case Aggregate::GreatestNumeric:
        doubts->push_back(both(op("$gt", {values.c_str(), odd.c_str()}),
                               op("$ne", {length.c_str(), op("$multiply", {least_length.c_str(), -1})})));
        break;
    default:
        break;
    }
}

Value doubt_of(const GroupCommand &group, bool counts_doubts) {
    std::vector<Value> doubts;
    if (counts_doubts)
        doubts.push_back(op("$gt", {"$bad", 0}));
    if (group.stored)
        add_stored_doubts(group, &doubts);
    for (uint32_t i = 0; !group.stored && i < group.accumulator_count; i++)
        add_result_doubts(group.accumulators[i], i, &doubts);
    return doubts.empty() ? literal(false) : doubts.size() == 1 ? doubts[0] : op("$or", list(doubts));
}

bool is_nan_constant(const Value &value) {
    constexpr uint8_t kNaN = 0x7c; // in the highest byte
    return value.type() == BSON_TYPE_DECIMAL128 && (static_cast<uint8_t>(value.bytes().back()) & kNaN) == kNaN;
}

// Whether a result stands in a relation to a constant that is no NaN. NaN itself is PostgreSQL's greatest number.
Value compares(const Value &result, Op operation, const Value &with, bool numeric) {
    bool greater = operation == Op::Gt || operation == Op::Ge || operation == Op::Ne;
    Value compared = op(name_of(operation), {"$$r", with});
    if (numeric)
        compared = cond(is_nan("$$r"), literal(greater), compared);
    return let("r", result, both(op("$gt", {"$$r", Value::null()}), compared));
}

// Groups for which a comparison is not true are left out.
bool add_having(const GroupCommand &group, const ExpressionContext &context, const Value &doubt,
                std::vector<Value> *stages) {
    std::vector<Value> wanted;
    for (uint32_t i = 0; i < group.having_count; i++) {
        const Having &having = group.having[i];
        Value with = Value::null();
        if (!render_value(context, having.value, &with))
            return false;
        if (is_nan_constant(with))
            return false;
        bool numeric = group.accumulators[having.accumulator].aggregate == Aggregate::NumericSum;
        Value compared = compares(result_of(group, having.accumulator), having.op, with, numeric);
        if (counts(group.accumulators[having.accumulator])) // never null
            compared = op(name_of(having.op), {dollar(result_path(group, having.accumulator)).c_str(), with});
        bool null = with.type() == BSON_TYPE_NULL;
        wanted.push_back(null ? literal(false) : compared);
    }
    Value all = wanted.size() == 1 ? wanted[0] : op("$and", list(wanted));
    stages->push_back(op("$match", op("$expr", op("$or", {doubt, all}))));
    return true;
}

// Groups in doubt, then the first ones of the others.
void add_first_groups(const GroupCommand &group, const Value &doubt, std::vector<Value> *stages) {
    std::vector<Field> computed, order = {{kDoubtField, -1}};
    for (uint32_t i = 0; i < group.sort_count; i++) {
        const GroupSortKey &key = group.sort[i];
        if (!key.of_key && counts(group.accumulators[key.number])) {
            order.push_back({result_path(group, key.number), key.descending ? -1 : 1});
            continue;
        }
        Value value = key.of_key ? Value(dollar(key_path(group, key.number)).c_str()) : result_of(group, key.number);
        bool numeric = !key.of_key && group.accumulators[key.number].aggregate == Aggregate::NumericSum;
        std::vector<Branch> places = {{is_null("$$v"), null_place(key.nulls_first)}};
        if (numeric)
            places.push_back({is_nan("$$v"), nan_place(key.descending)});
        add_computed_key(kOrder, i, value, places, key.descending, &computed, &order);
    }
    std::vector<Field> fields = {{kDoubtField, doubt}};
    if (!computed.empty())
        fields.push_back({kOrder, doc(computed)});
    stages->push_back(op("$addFields", doc(fields)));
    stages->push_back(op("$sort", doc(order)));
    if (group.scan.limit > 0)
        stages->push_back(op("$limit", count_value(group.scan.limit)));
    if (!computed.empty())
        stages->push_back(op("$project", doc({{kOrder, 0}})));
}

} // namespace

bool leaves_out(const GroupCommand &group) { return group.having_count > 0 || group.first; }

bool add_proved_stages(const GroupCommand &group, bool counts_doubts, std::vector<Value> *stages) {
    if (!leaves_out(group))
        return true;
    ExpressionContext context{group.scan.filters, group.scan.columns, group.scan.operands, group.scan.zone_offset_ms,
                              group.scan.folded};
    Value doubt = doubt_of(group, counts_doubts);
    if (group.having_count > 0 && !add_having(group, context, doubt, stages))
        return false;
    if (group.first)
        add_first_groups(group, doubt, stages);
    return true;
}

bool can_prove_stored(const GroupCommand &group) noexcept {
    for (uint32_t i = 0; leaves_out(group) && i < group.accumulator_count; i++)
        switch (group.accumulators[i].aggregate) {
        case Aggregate::Count:
        case Aggregate::CountValues:
        case Aggregate::IntegerSum:
            break;
        case Aggregate::Least:
        case Aggregate::Greatest: { // times of a day do not tie in ORDER BY as their date does
            const Node *node = column_node(group, group.accumulators[i].argument);
            if (!node || (group.first && node->family == Family::Date))
                return false;
            break;
        }
        default:
            return false;
        }
    return true;
}

} // namespace mongo_fdw::mql
