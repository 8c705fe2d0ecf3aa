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
    if (accumulator.filter != kNone && accumulator.distinct)
        return false;
    if (counts_rows(accumulator))
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
    auto add_field = [&](const std::string &field, const char *combine, const Value &of) {
        for (const Part &part : *parts)
            if (part.name == field)
                return;
        parts->push_back({field, combine, of});
    };
    auto add = [&](const char *name, const char *combine, const Value &of) {
        add_field(numbered(name, stored_number(*group.scan.filters, accumulator)), combine, of);
    };
    if (counts_rows(accumulator) && accumulator.filter == kNone)
        return add_field("n", "$sum", 1);
    if (counts_rows(accumulator))
        return add("c", "$sum", v);
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

bool is_same_value(const Tree &tree, uint32_t one, uint32_t other) {
    for (; one != kNone && other != kNone; one = tree.nodes[one].next, other = tree.nodes[other].next) {
        const Node &a = tree.nodes[one], &b = tree.nodes[other];
        bool same = a.kind == b.kind && a.op == b.op && a.column == b.column && a.parameter == b.parameter &&
                    a.function == b.function && a.family == b.family && a.width == b.width && a.unit == b.unit &&
                    a.zoned == b.zoned && a.digits.known == b.digits.known && a.digits.whole == b.digits.whole &&
                    a.digits.scale == b.digits.scale;
        if (!same || !is_same_value(tree, a.first_child, b.first_child))
            return false;
    }
    return one == other;
}

// Whether the scan's own conditions leave what this one leaves, doubts included.
bool is_matched(const ScanCommand &scan, uint32_t doubt) {
    for (uint32_t i = 0; i < scan.root_count; i++) {
        const Node &root = scan.filters->nodes[scan.roots[i]];
        if (root.kind == NodeKind::Expression && root.op == Op::Eq && root.unsure &&
            is_same_value(*scan.filters, root.first_child, doubt))
            return true;
    }
    return false;
}

// A value where the filter is true, null elsewhere, MinKey where the server is unsure of the filter.
Value filtered(const Value &filter, const Value &value) {
    return let("f", filter,
               choose({{op("$eq", {"$$f", true}), value}, {op("$eq", {"$$f", unsure_value()}), unsure_value()}},
                      Value::null()));
}

Value grouped(const std::vector<Field> &keys, const std::vector<Part> &parts) {
    Value key = keys.empty() ? Value::null() : keys.size() == 1 ? keys[0].value : doc(keys);
    std::vector<Field> fields = {{"_id", key}};
    for (const Part &part : parts)
        fields.push_back({part.name, op(part.combine, part.of)});
    return op("$group", doc(fields));
}

// The stages behind $match.
class GroupStages {
  public:
    GroupStages(const GroupCommand &group, std::vector<Value> *stages)
        : group_(group), stages_(stages), context_{group.scan.filters, group.scan.columns, group.scan.operands,
                                                   group.scan.zone_offset_ms, group.scan.folded} {
        for (uint32_t i = 0; i < group.accumulator_count; i++)
            most_distinct_ = std::max(most_distinct_, group.accumulators[i].distinct);
    }

    // False: a parameter's value cannot be said.
    bool add() {
        for (uint32_t i = 0; i < group_.key_count; i++)
            if (!add_key(i))
                return false;
        for (uint32_t i = 0; i < group_.doubt_count; i++)
            if (!add_doubt(i))
                return false;
        for (uint32_t i = 0; i < group_.accumulator_count; i++)
            if (!(group_.stored ? add_stored(group_.accumulators[i]) : add_guarded(i)))
                return false;
        bool counts_doubts = add_bad();
        if (group_.stored)
            add_row_count();
        if (fields_.size() > 1)
            stages_->push_back(op("$project", doc(fields_)));
        if (several())
            multiply();
        if (most_distinct_)
            key_fields_.push_back(
                {"d", op("$ifNull", {several() ? Value("$d.v") : distinct_paths_[0], Value::null()})});
        stages_->push_back(grouped(key_fields_, parts_));
        if (most_distinct_)
            add_second_group();
        return add_proved_stages(group_, counts_doubts, stages_);
    }

  private:
    bool several() const { return most_distinct_ > 1; } // arguments of DISTINCT

    // Of a DISTINCT argument behind the first group; a lone key is the group's _id itself.
    Value distinct_value(int number) const {
        Value lone = group_.key_count ? "$_id.d" : "$_id";
        return several() ? cond(op("$eq", {"$_id.n", number}), "$_id.d", Value::null()) : lone;
    }

    bool add_key(uint32_t i) {
        // A missing key is null as a group's _id, but no field of a document. Where a server makes other groups of
        // missing, undefined and null all are seen, and none is believed.
        bool bare = group_.key_count == 1 && !leaves_out(group_) && !most_distinct_;
        std::string name = numbered("k", i), path = "$" + name;
        if (group_.stored) {
            Value stored = stored_path(group_, group_.keys[i]).c_str();
            key_fields_.push_back({name, bare ? stored : op("$ifNull", {stored, Value::null()})});
            return true;
        }
        Value key = Value::null();
        if (!render_value(context_, group_.keys[i], &key))
            return false;
        fields_.push_back({name, computed(key)});
        key_fields_.push_back({name, path.c_str()});
        if (may_be_unsure(group_, group_.keys[i]))
            unsure_.push_back(path.c_str());
        return true;
    }

    bool add_doubt(uint32_t i) {
        Value condition = Value::null();
        if (!render_value(context_, group_.doubts[i], &condition))
            return false;
        if (!is_matched(group_.scan, group_.doubts[i]))
            stages_->push_back(op("$match", op("$expr", op("$in", {condition, list({true, unsure_value()})}))));
        if (!may_be_unsure(group_, group_.doubts[i]))
            return true;
        std::string name = numbered("q", i), path = "$" + name;
        fields_.push_back({name, computed(condition)});
        unsure_.push_back(path.c_str());
        return true;
    }

    bool add_stored(const Accumulator &accumulator) {
        Value value = 1, filter = Value::null();
        if (accumulator.argument != kNone)
            value = stored_path(group_, accumulator.argument).c_str();
        if (accumulator.distinct) {
            distinct_paths_ = {value};
            add_stored_parts(group_, accumulator, distinct_value(accumulator.distinct), &distinct_parts_);
            return true;
        }
        if (accumulator.filter != kNone && !render_value(context_, accumulator.filter, &filter))
            return false;
        if (accumulator.filter != kNone && may_be_unsure(group_, accumulator.filter)) {
            value = filtered(filter, value);
            unsure_.push_back(filter);
        } else if (accumulator.filter != kNone) {
            value = cond(op("$eq", {filter, true}), value, Value::null());
        }
        add_stored_parts(group_, accumulator, value, &parts_);
        return true;
    }

    bool add_guarded(uint32_t i) {
        const Accumulator &accumulator = group_.accumulators[i];
        std::string name = numbered("v", i), path = "$" + name;
        Value argument = 1, filter = Value::null();
        if (accumulator.argument != kNone && !render_value(context_, accumulator.argument, &argument))
            return false;
        bool doubtful = may_be_unsure(group_, accumulator.argument);
        if (accumulator.filter != kNone) {
            if (!render_value(context_, accumulator.filter, &filter))
                return false;
            doubtful = doubtful || may_be_unsure(group_, accumulator.filter);
            argument = filtered(filter, argument);
        }
        bool plain_count = accumulator.aggregate == Aggregate::Count && accumulator.filter == kNone;
        bool repeated = accumulator.distinct && accumulator.distinct <= static_cast<int>(distinct_paths_.size());
        if (!plain_count && !repeated)
            fields_.push_back({name, computed(argument)});
        if (doubtful && !repeated)
            unsure_.push_back(path.c_str());
        if (accumulator.distinct) {
            if (!repeated)
                distinct_paths_.push_back(path.c_str());
            add_parts(accumulator, i, distinct_value(accumulator.distinct), &distinct_parts_);
        } else {
            add_parts(accumulator, i, path.c_str(), &parts_);
        }
        return true;
    }

    // Counts the rows of which the server is not sure; whether there may be any.
    bool add_bad() {
        std::vector<Value> bad;
        // Of what is no array only the guards know that its row has no element.
        if (group_.scan.unwind && group_.stored) {
            bad.push_back(is_no_element());
        } else if (group_.scan.unwind && group_.scan.unwind_raises) {
            fields_.push_back({"u", cond(is_no_element(), unsure_value(), literal(0))});
            unsure_.push_back("$u");
        }
        if (!unsure_.empty())
            bad.push_back(op("$in", {unsure_value(), list(unsure_)}));
        if (!bad.empty())
            parts_.push_back({"bad", "$sum", one_if(bad.size() == 1 ? bad[0] : either(bad[0], bad[1]))});
        return !bad.empty();
    }

    // The proof of sums of numerics asks for it.
    void add_row_count() {
        bool wanted = false;
        for (uint32_t i = 0; i < group_.accumulator_count; i++)
            wanted = wanted || group_.accumulators[i].aggregate == Aggregate::NumericSum;
        for (const Part &part : parts_)
            wanted = wanted && part.name != "n";
        if (wanted)
            parts_.push_back({"n", "$sum", 1});
    }

    // Every document once for each argument of DISTINCT; what is no DISTINCT counts the first alone.
    void multiply() {
        std::vector<Value> values;
        for (const Value &path : distinct_paths_)
            values.push_back(doc({{"n", static_cast<int32_t>(values.size() + 1)}, {"v", path}}));
        stages_->push_back(op("$addFields", doc({{"d", list(values)}})));
        stages_->push_back(op("$unwind", "$d"));
        for (Part &part : parts_)
            part.of = cond(op("$eq", {"$d.n", 1}), part.of, Value::null());
        key_fields_.push_back({"n", "$d.n"});
    }

    // By the keys alone, behind that by the keys and the values.
    void add_second_group() {
        key_fields_.erase(key_fields_.begin() + group_.key_count, key_fields_.end());
        for (Field &field : key_fields_)
            field.value = ("$_id." + field.key).c_str();
        for (Part &part : parts_)
            part.of = ("$" + part.name).c_str();
        parts_.insert(parts_.end(), distinct_parts_.begin(), distinct_parts_.end());
        stages_->push_back(grouped(key_fields_, parts_));
    }

    const GroupCommand &group_;
    std::vector<Value> *stages_;
    ExpressionContext context_;
    int most_distinct_ = 0;
    std::vector<Field> fields_ = {{"_id", 0}}, key_fields_;
    std::vector<Value> unsure_;
    std::vector<Part> parts_, distinct_parts_; // of all rows; of the values that differ
    std::vector<Value> distinct_paths_;        // of each argument
};

} // namespace

const Node *column_node(const GroupCommand &group, uint32_t root) {
    const Node *node = root == kNone ? nullptr : &group.scan.filters->nodes[root];
    bool found = node && node->kind == NodeKind::ColumnValue;
    return found && group.scan.columns[node->column].fit->kind != FitKind::Ordinal ? node : nullptr;
}

uint32_t stored_number(const Tree &tree, const Accumulator &accumulator) noexcept {
    constexpr uint32_t kRows = 5000, kDistinct = 10000, kFilter = 20000; // beyond every column
    uint32_t column = accumulator.argument == kNone ? kRows : tree.nodes[accumulator.argument].column;
    return column + (accumulator.distinct ? kDistinct : 0) +
           (accumulator.filter == kNone ? 0 : kFilter * (accumulator.filter + 1));
}

bool counts_rows(const Accumulator &accumulator) noexcept {
    return accumulator.aggregate == Aggregate::Count ||
           (accumulator.aggregate == Aggregate::CountValues && accumulator.argument == kNone);
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

ScanRendering render_group(const GroupCommand &group, Memory memory) noexcept {
    ScanRendering result{};
    result.aggregate = true;
    try {
        std::vector<Value> stages;
        bool sayable = true;
        result.never = add_source(group.scan, &stages, &sayable) == Truth::Never;
        if (group.scan.unwind)
            add_unwind(group.scan.unwind, &stages);
        sayable = sayable && GroupStages(group, &stages).add();
        result.pipeline = keep(memory, list(stages));
        if (sayable && result.pipeline.size < kMostCommandBytes)
            result.command = keep(memory, command_of(group.scan, stages));
    } catch (...) {
        result.command = {};
    }
    return result;
}

} // namespace mongo_fdw::mql
