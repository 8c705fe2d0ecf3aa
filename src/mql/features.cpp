// Features. Zone P.
#include "mql/features.hpp"
#include "mql/build.hpp"

namespace mongo_fdw::mql {
namespace {

constexpr FeatureRow kFeatures[] = {
    {Feature::None, "", "3.6"},
    {Feature::Expressions, "$expr, $switch, $toLong, $toDecimal, $toDouble, $toString, $round, $trunc", "4.2"},
    {Feature::Regex, "$regexMatch", "4.2"},
    {Feature::Trim, "$trim, $ltrim, $rtrim", "4.0"},
    {Feature::Replace, "$replaceAll", "4.4"},
    {Feature::Characters, "$strLenCP, $substrCP, $indexOfCP, $toLower, $toUpper", "3.4"},
    {Feature::DateParts, "$dateFromParts, $isoWeek, $isoWeekYear, $isoDayOfWeek, $dayOfYear", "3.6"},
    {Feature::Lookup, "$lookup with localField and pipeline, $unwind", "5.0"},
    {Feature::Update, "updates by a pipeline", "4.2"},
};

// Expressions that have the operators of a feature, over a field, so that no server works them out beforehand.
void add_expressions(Feature feature, std::vector<Value> *expressions) {
    Value v = "$a";
    auto add = [&](const Value &value) { expressions->push_back(value); };
    switch (feature) {
    case Feature::Expressions:
        add(choose({{is(type_of(v), "int"), op("$toLong", v)}}, op("$toDecimal", v)));
        add(op("$toDouble", v));
        add(op("$toString", v));
        add(op("$toDate", v));
        add(op("$round", {v, 2}));
        add(op("$trunc", {v, 2}));
        add(op("$indexOfBytes", {v, "x"}));
        add(let("b", v, op("$in", {"$$b", list({v})})));
        break;
    case Feature::Regex:
        add(op("$regexMatch", doc({{"input", v}, {"regex", "^x"}, {"options", "s"}})));
        break;
    case Feature::Trim:
        for (const char *name : {"$trim", "$ltrim", "$rtrim"})
            add(op(name, doc({{"input", v}, {"chars", " "}})));
        break;
    case Feature::Replace:
        add(op("$replaceAll", doc({{"input", v}, {"find", "x"}, {"replacement", "y"}})));
        break;
    case Feature::Characters:
        add(op("$strLenCP", v));
        add(op("$strLenBytes", v));
        add(op("$substrCP", {v, 0, 1}));
        add(op("$indexOfCP", {v, "x"}));
        add(op("$toLower", v));
        add(op("$toUpper", v));
        break;
    case Feature::DateParts:
        add(op("$dateFromParts", doc({{"year", v}, {"month", v}})));
        for (const char *name : {"$isoWeek", "$isoWeekYear", "$isoDayOfWeek", "$dayOfYear", "$dayOfWeek", "$month",
                                 "$year", "$hour", "$second", "$millisecond"})
            add(op(name, v));
        break;
    default:
        break;
    }
}

} // namespace

const FeatureRow &feature_row(Feature feature) { return kFeatures[static_cast<int>(feature)]; }

Feature feature_of(Function function) {
    switch (function) {
    case Function::Like:
    case Function::Parse:
        return Feature::Regex;
    case Function::Trim:
        return Feature::Trim;
    case Function::Replace:
        return Feature::Replace;
    case Function::Length:
    case Function::LengthInBytes:
    case Function::Lower:
    case Function::Upper:
    case Function::Position:
    case Function::Substring:
        return Feature::Characters;
    case Function::DateTruncate:
    case Function::Extract:
        return Feature::DateParts;
    default:
        return Feature::None;
    }
}

uint32_t features_of(const Tree *tree, uint32_t from) {
    uint32_t features = 0;
    for (uint32_t i = from; i < tree->count; i++) {
        const Node &node = tree->nodes[i];
        if (node.kind == NodeKind::ColumnValue || node.kind == NodeKind::Expression)
            features |= 1u << static_cast<int>(Feature::Expressions);
        if (node.kind == NodeKind::Apply)
            features |= 1u << static_cast<int>(feature_of(node.function));
    }
    return features & ~(1u << static_cast<int>(Feature::None));
}

Document feature_probe_command(const char *collection, uint32_t features, Memory memory) noexcept {
    try {
        std::vector<Value> expressions;
        for (int i = 0; i < static_cast<int>(Feature::Count); i++)
            if (features & (1u << i))
                add_expressions(static_cast<Feature>(i), &expressions);
        Value nothing = op("$match", doc({{"_id", op("$in", list({}))}}));
        std::vector<Value> stages = {nothing, op("$match", op("$expr", op("$in", {"$b", list(expressions)})))};
        if (features & (1u << static_cast<int>(Feature::Lookup))) {
            stages.push_back(op("$lookup", doc({{"from", collection},
                                                {"localField", "a"},
                                                {"foreignField", "a"},
                                                {"let", op("o", "$$ROOT")},
                                                {"pipeline", list({op("$limit", 1)})},
                                                {"as", "a"}})));
            stages.push_back(op("$unwind", doc({{"path", "$a"}, {"preserveNullAndEmptyArrays", true}})));
        }
        if (features & (1u << static_cast<int>(Feature::Update)))
            stages.push_back(op("$set", doc({{"a", "$$REMOVE"}})));
        return keep(memory, doc({{"aggregate", collection}, {"pipeline", list(stages)}, {"cursor", doc({})}}));
    } catch (...) {
        return {};
    }
}

} // namespace mongo_fdw::mql
