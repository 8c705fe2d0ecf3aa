// Aggregates. Zone P.
//
// Each document becomes {k0, v0, ...}: keys and arguments as PostgreSQL reads them (mql/expression.cpp). What $group
// computes of them goes with its proof: MongoDB sums and compares whatever it finds, so the caller believes a result
// only when no value was in doubt. DISTINCT takes two groups: by the keys and the value, then by the keys; of several
// arguments each document gives a value with the argument's number.
#include "mql/arms.hpp"
#include "mql/group_internal.hpp"
#include "mql/render_internal.hpp"

#include <bson/bson.h>

#include <algorithm>

namespace mongo_fdw::mql {
namespace {

// One field of the result: how values of a group are combined, and what is combined of a value.
struct Part {
    std::string name;
    const char *combine;
    Value of;
};

constexpr int32_t kUnclear = 1000000; // longer than every text of a number

Value one_if(const Value &test) { return cond(test, 1, 0); }
Value unless_null(const Value &v, const Value &then) { return cond(is_null(v), Value::null(), then); }

void add_parts(const Accumulator &accumulator, uint32_t number, const Value &v, std::vector<Part> *parts) {
    auto add = [&](const char *name, const char *combine, const Value &of) {
        parts->push_back({numbered(name, number), combine, of});
    };
    Value not_nan = cond(is_null(v), Value::null(), cond(is_nan(v), Value::null(), v));
    auto add_count = [&] { add("c", "$sum", cond(is_null(v), 0, 1)); };
    Value negative_zero = both(op("$eq", {v, 0}), op("$eq", {op("$toString", v), literal("-0")}));
    Value magnitude = unless_null(v, op("$abs", v));
    // Of equal numbers the length tells how many digits stand behind the point, unless there is an exponent or a zero
    // has a sign: such a number comes before the others on both sides, where it disproves itself.
    auto length = [&](int sign) {
        Value text = op("$toString", v), digits = op("$strLenBytes", text);
        auto has = [&](const char *mark) { return op("$gte", {op("$indexOfBytes", {text, mark}), 0}); };
        Value unclear = either(has("E"), both(op("$eq", {v, 0}), has("-")));
        Value measured = cond(unclear, accumulator.aggregate == Aggregate::LeastNumeric ? -kUnclear : kUnclear,
                              sign > 0 ? digits : op("$multiply", {digits, -1}));
        Value pair = doc({{"v", v}, {"l", measured}});
        return cond(is_null(v), Value::null(), cond(is_nan(v), Value::null(), pair));
    };
    switch (accumulator.aggregate) {
    case Aggregate::Count:
        add("s", "$sum", 1);
        break;
    case Aggregate::CountValues:
        add("s", "$sum", cond(is_null(v), 0, 1));
        break;
    case Aggregate::IntegerSum:
        add("s", "$sum", v);
        add_count();
        break;
    case Aggregate::NumericSum: {
        Value fine = op("$ne", {v, op("$trunc", {v, Value(static_cast<int32_t>(accumulator.scale))})});
        // A server may add integers up in a double before it meets a decimal.
        add("s", "$sum", cond(is(type_of(v), "long"), op("$toDecimal", v), v));
        add_count();
        add("m", "$max", magnitude);
        add("f", "$sum", cond(is_null(v), 0, one_if(fine)));
        break;
    }
    case Aggregate::FloatSum:
        add("s", "$sum", v);
        add_count();
        add("z", "$sum", cond(is_null(v), 0, one_if(negative_zero)));
        add("m", "$max", magnitude);
        break;
    case Aggregate::Least:
        add("s", "$min", v);
        break;
    case Aggregate::Greatest:
        add("s", "$max", v);
        break;
    case Aggregate::LeastFloat:
    case Aggregate::GreatestFloat: {
        add("s", accumulator.aggregate == Aggregate::LeastFloat ? "$min" : "$max", not_nan);
        add("x", "$sum", one_if(is_nan(v)));
        add("z", "$sum", cond(is_null(v), 0, one_if(negative_zero)));
        add_count();
        break;
    }
    case Aggregate::LeastNumeric:
    case Aggregate::GreatestNumeric: {
        const char *combine = accumulator.aggregate == Aggregate::LeastNumeric ? "$min" : "$max";
        add("s", combine, length(1));
        add("l", combine, length(-1));
        add("x", "$sum", one_if(is_nan(v)));
        add_count();
        break;
    }
    case Aggregate::DeviationOfAll:
    case Aggregate::DeviationOfSample:
        add("s", accumulator.aggregate == Aggregate::DeviationOfAll ? "$stdDevPop" : "$stdDevSamp", v);
        add("m", "$max", magnitude);
        break;
    }
}

// A field of $project: a bare number or Boolean would ask for the document's own field.
Value computed(const Value &value) {
    bool expression = value.type() == BSON_TYPE_DOCUMENT || value.type() == BSON_TYPE_UTF8;
    return expression ? value : literal(value);
}

// Whether values of a column are equal exactly where the stored ones are. A group of numerics may hold doubles, which
// read otherwise than the number that stands for the group; a date has many milliseconds.
bool tells_apart(const Node *node) { return node && node->family != Family::Date && node->family != Family::Numeric; }

bool argument_as_stored(const GroupCommand &group, const Accumulator &accumulator) {
    if (accumulator.filter != kNone)
        return false;
    if (accumulator.aggregate == Aggregate::Count)
        return true;
    const Node *node = column_node(group, accumulator.argument);
    bool deviates =
        accumulator.aggregate == Aggregate::DeviationOfAll || accumulator.aggregate == Aggregate::DeviationOfSample;
    bool digits =
        accumulator.aggregate == Aggregate::LeastNumeric || accumulator.aggregate == Aggregate::GreatestNumeric;
    bool counts = accumulator.aggregate == Aggregate::CountValues;
    // Integers that are one double are several numbers.
    bool differing = !accumulator.distinct || (tells_apart(node) && node->family != Family::Float);
    return node && differing && !deviates && !digits && node->family != Family::Text &&
           !(counts && (node->family == Family::Numeric || node->family == Family::Float));
}

std::string stored_path(const GroupCommand &group, uint32_t root) {
    return std::string("$") + group.scan.columns[group.scan.filters->nodes[root].column].path;
}

// The parts over values as they are stored; aggregates of one argument share them.
void add_stored_parts(const GroupCommand &group, const Accumulator &accumulator, const Value &v,
                      std::vector<Part> *parts) {
    bool of_rows = accumulator.aggregate == Aggregate::Count;
    auto add = [&](const char *name, const char *combine, const Value &of) {
        std::string field = of_rows ? name : numbered(name, stored_number(*group.scan.filters, accumulator));
        for (const Part &part : *parts)
            if (part.name == field)
                return;
        parts->push_back({field, combine, of});
    };
    if (of_rows) {
        add("n", "$sum", 1);
        return;
    }
    Family family = group.scan.filters->nodes[accumulator.argument].family;
    add("a", "$min", v);
    add("b", "$max", v);
    bool sums = accumulator.aggregate == Aggregate::IntegerSum || accumulator.aggregate == Aggregate::NumericSum ||
                accumulator.aggregate == Aggregate::FloatSum;
    if (sums || family == Family::Int) // the sum of integers alone is one
        add("s", "$sum", v);
    if (accumulator.counted)
        add("c", "$sum", cond(is_null(v), 0, 1));
    if (family == Family::Numeric)
        add("d", "$sum", one_if(is(type_of(v), "double")));
    bool of_floats =
        accumulator.aggregate == Aggregate::LeastFloat || accumulator.aggregate == Aggregate::GreatestFloat;
    if (of_floats) // decimals near zero fit no float; the type of a sum shows them
        add("d", "$sum", one_if(is(type_of(v), "decimal")));
    if (of_floats)
        add("z", "$sum", cond(op("$eq", {v, 0}), one_if(op("$eq", {op("$toString", v), literal("-0")})), 0));
}

// Whether a value may be MinKey.
bool may_be_unsure(const GroupCommand &group, uint32_t root) {
    if (root == kNone)
        return false;
    const Node &node = group.scan.filters->nodes[root];
    if (node.unsure || (node.kind == NodeKind::ColumnValue && !group.scan.columns[node.column].misfit_is_null))
        return true;
    for (uint32_t at = node.first_child; at != kNone; at = group.scan.filters->nodes[at].next)
        if (may_be_unsure(group, at))
            return true;
    return false;
}

bool has_distinct(const GroupCommand &group) {
    for (uint32_t i = 0; i < group.accumulator_count; i++)
        if (group.accumulators[i].distinct)
            return true;
    return false;
}

// The stages behind $match. False: a parameter's value cannot be said.
bool add_stages(const GroupCommand &group, std::vector<Value> *stages) {
    ExpressionContext context{group.scan.filters, group.scan.columns, group.scan.operands, group.scan.zone_offset_ms,
                              group.scan.folded};
    std::vector<Field> fields = {{"_id", 0}}, key_fields;
    // A missing key is null as a group's _id, but no field of a document. Where a server makes other groups of missing,
    // undefined and null all are seen, and none is believed.
    bool bare_key = group.key_count == 1 && !leaves_out(group) && !has_distinct(group);
    std::vector<Value> unsure;
    std::vector<Part> parts, distinct_parts; // of all rows; of the values that differ
    for (uint32_t i = 0; i < group.key_count; i++) {
        Value key = Value::null();
        if (group.stored) {
            Value stored = stored_path(group, group.keys[i]).c_str();
            key_fields.push_back({numbered("k", i), bare_key ? stored : op("$ifNull", {stored, Value::null()})});
            continue;
        }
        if (!render_value(context, group.keys[i], &key))
            return false;
        std::string name = numbered("k", i), path = "$" + name;
        fields.push_back({name, computed(key)});
        key_fields.push_back({name, path.c_str()});
        if (may_be_unsure(group, group.keys[i]))
            unsure.push_back(path.c_str());
    }
    for (uint32_t i = 0; i < group.doubt_count; i++) {
        Value condition = Value::null();
        if (!render_value(context, group.doubts[i], &condition))
            return false;
        std::string name = numbered("q", i), path = "$" + name;
        stages->push_back(op("$match", op("$expr", op("$in", {condition, list({true, unsure_value()})}))));
        if (!may_be_unsure(group, group.doubts[i]))
            continue;
        fields.push_back({name, computed(condition)});
        unsure.push_back(path.c_str());
    }
    std::vector<Value> distinct_paths; // of each argument
    int most_distinct = 0;
    for (uint32_t i = 0; i < group.accumulator_count; i++)
        most_distinct = std::max(most_distinct, group.accumulators[i].distinct);
    bool several = most_distinct > 1;
    Value lone = group.key_count ? "$_id.d" : "$_id"; // a lone key is the group's _id itself
    auto distinct_value = [&](int number) {
        return several ? cond(op("$eq", {"$_id.n", number}), "$_id.d", Value::null()) : lone;
    };
    for (uint32_t i = 0; i < group.accumulator_count; i++) {
        const Accumulator &accumulator = group.accumulators[i];
        if (group.stored) {
            bool of_rows = accumulator.argument == kNone;
            std::string stored = of_rows ? "" : stored_path(group, accumulator.argument);
            if (accumulator.distinct)
                distinct_paths = {stored.c_str()};
            add_stored_parts(group, accumulator, accumulator.distinct ? lone : stored.c_str(),
                             accumulator.distinct ? &distinct_parts : &parts);
            continue;
        }
        std::string name = numbered("v", i), path = "$" + name;
        Value argument = 1, filter = Value::null();
        if (accumulator.argument != kNone && !render_value(context, accumulator.argument, &argument))
            return false;
        bool doubtful = may_be_unsure(group, accumulator.argument);
        if (accumulator.filter != kNone) {
            if (!render_value(context, accumulator.filter, &filter))
                return false;
            doubtful = doubtful || may_be_unsure(group, accumulator.filter);
            argument =
                let("f", filter,
                    choose({{op("$eq", {"$$f", true}), argument}, {op("$eq", {"$$f", unsure_value()}), unsure_value()}},
                           Value::null()));
        }
        bool plain_count = accumulator.aggregate == Aggregate::Count && accumulator.filter == kNone;
        bool repeated = accumulator.distinct && accumulator.distinct <= static_cast<int>(distinct_paths.size());
        if (!plain_count && !repeated)
            fields.push_back({name, computed(argument)});
        if (doubtful && !repeated)
            unsure.push_back(path.c_str());
        if (accumulator.distinct) {
            if (!repeated)
                distinct_paths.push_back(path.c_str());
            add_parts(accumulator, i, distinct_value(accumulator.distinct), &distinct_parts);
        } else {
            add_parts(accumulator, i, path.c_str(), &parts);
        }
    }
    // Of what is no array only the guards know that its row has no element.
    if (group.scan.unwind && (group.stored || group.scan.unwind_raises)) {
        if (group.stored) {
            parts.push_back({"bad", "$sum", one_if(is_no_element())});
        } else {
            fields.push_back({"u", cond(is_no_element(), unsure_value(), literal(0))});
            unsure.push_back("$u");
        }
    }
    if (!unsure.empty())
        parts.push_back({"bad", "$sum", one_if(op("$in", {unsure_value(), list(unsure)}))});
    bool counts_rows = false, sums_numerics = false;
    for (uint32_t i = 0; i < group.accumulator_count; i++) {
        counts_rows = counts_rows || group.accumulators[i].aggregate == Aggregate::Count;
        sums_numerics = sums_numerics || group.accumulators[i].aggregate == Aggregate::NumericSum;
    }
    if (group.stored && sums_numerics && !counts_rows)
        parts.push_back({"n", "$sum", 1});
    if (fields.size() > 1)
        stages->push_back(op("$project", doc(fields)));
    if (several) { // every document once for each argument; what is no DISTINCT counts the first alone
        std::vector<Value> numbered_values;
        for (const Value &path : distinct_paths)
            numbered_values.push_back(doc({{"n", static_cast<int32_t>(numbered_values.size() + 1)}, {"v", path}}));
        stages->push_back(op("$addFields", doc({{"d", list(numbered_values)}})));
        stages->push_back(op("$unwind", "$d"));
        for (Part &part : parts)
            part.of = cond(op("$eq", {"$d.n", 1}), part.of, Value::null());
        key_fields.push_back({"n", "$d.n"});
    }
    if (most_distinct)
        key_fields.push_back({"d", op("$ifNull", {several ? Value("$d.v") : distinct_paths[0], Value::null()})});
    auto grouped = [](const std::vector<Field> &keys, const std::vector<Part> &of) {
        Value key = keys.empty() ? Value::null() : keys.size() == 1 ? keys[0].value : doc(keys);
        std::vector<Field> group_fields = {{"_id", key}};
        for (const Part &part : of)
            group_fields.push_back({part.name, op(part.combine, part.of)});
        return op("$group", doc(group_fields));
    };
    stages->push_back(grouped(key_fields, parts));
    if (most_distinct) {
        key_fields.erase(key_fields.begin() + group.key_count, key_fields.end());
        for (Field &field : key_fields)
            field.value = ("$_id." + field.key).c_str();
        for (Part &part : parts)
            part.of = ("$" + part.name).c_str();
        parts.insert(parts.end(), distinct_parts.begin(), distinct_parts.end());
        stages->push_back(grouped(key_fields, parts));
    }
    bool counts_doubts = false;
    for (const Part &part : parts)
        counts_doubts = counts_doubts || part.name == "bad";
    return add_proved_stages(group, counts_doubts, stages);
}

} // namespace

const Node *column_node(const GroupCommand &group, uint32_t root) {
    const Node *node = root == kNone ? nullptr : &group.scan.filters->nodes[root];
    bool found = node && node->kind == NodeKind::ColumnValue;
    return found && group.scan.columns[node->column].fit->kind != FitKind::Ordinal ? node : nullptr;
}

uint32_t stored_number(const Tree &tree, const Accumulator &accumulator) noexcept {
    constexpr uint32_t kDistinct = 10000; // beyond every column
    return tree.nodes[accumulator.argument].column + (accumulator.distinct ? kDistinct : 0);
}

double most_magnitude(const Accumulator &accumulator) noexcept {
    constexpr double kSum = 1e280, kSquares = 1e100; // of 2^63 values, PostgreSQL's partial sums included
    return accumulator.aggregate == Aggregate::FloatSum && !accumulator.counted ? kSum : kSquares;
}

bool can_take_stored(const GroupCommand &group) noexcept {
    if (group.doubt_count > 0 || !can_prove_stored(group))
        return false;
    for (uint32_t i = 0; i < group.key_count; i++)
        if (!tells_apart(column_node(group, group.keys[i])))
            return false;
    for (uint32_t i = 0; i < group.accumulator_count; i++)
        if (group.accumulators[i].distinct > 1 || !argument_as_stored(group, group.accumulators[i]))
            return false;
    return true;
}

ScanRendering render_group(const GroupCommand &group) noexcept {
    static std::string *kept_pipeline = nullptr, *kept_command = nullptr;
    ScanRendering result{};
    result.aggregate = true;
    try {
        std::vector<Value> stages;
        bool sayable = true;
        result.never = add_source(group.scan, &stages, &sayable) == Truth::Never;
        if (group.scan.unwind)
            add_unwind(group.scan.unwind, &stages);
        sayable = sayable && add_stages(group, &stages);
        result.pipeline = keep(&kept_pipeline, list(stages));
        if (sayable && result.pipeline.size < kMostCommandBytes)
            result.command = keep(&kept_command, command_of(group.scan, stages));
    } catch (...) {
        result.command = {};
    }
    return result;
}

} // namespace mongo_fdw::mql
