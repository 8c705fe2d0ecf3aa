// The table of forms. Zone B.
#include "plan/forms.hpp"

namespace mongo_fdw {
namespace {

using mql::Function;
using mql::Node;
using mql::NodeKind;

template <NodeKind... kKinds> bool is_kind(const Node &node) { return ((node.kind == kKinds) || ...); }
template <Function... kFunctions> bool applies(const Node &node) {
    return node.kind == NodeKind::Apply && ((node.function == kFunctions) || ...);
}

// Whether the table behind the first is joined by a field of its own, which $lookup fills.
template <bool kByLookup> bool joins(const ScanPlan &plan) {
    for (int i = 1; i < list_length(plan.relations); i++)
        if ((list_nth(plan.as, i) != nullptr) == kByLookup)
            return true;
    return false;
}

constexpr FormRow kForms[] = {
    {"AND, OR, NOT", "as its parts", "a part of an AND that cannot be sent leaves a superset", mql::Feature::None,
     [](const Node &node) {
         return is_kind<NodeKind::And, NodeKind::Or, NodeKind::Nor>(node) ||
                applies<Function::And, Function::Or, Function::Not>(node);
     }},
    {"IS [NOT] NULL", "exact", "of columns and expressions", mql::Feature::None,
     [](const Node &node) {
         return is_kind<NodeKind::IsNull, NodeKind::NotNull>(node) || applies<Function::IsNull>(node);
     }},
    {"IS [NOT] TRUE, FALSE, UNKNOWN", "as its condition", ""},
    {"IN, = ANY, NOT IN, <> ALL", "as =", "the list does not depend on the row", mql::Feature::None,
     [](const Node &node) { return is_kind<NodeKind::In, NodeKind::NotIn>(node) || applies<Function::AnyOf>(node); }},
    {"IS [NOT] DISTINCT FROM", "as =", "", mql::Feature::None, applies<Function::Distinct>},
    {"BETWEEN", "as its comparisons", ""},
    {"CASE, COALESCE", "exact", "superset where a branch not taken could hide a misfit that raises",
     mql::Feature::Expressions, applies<Function::Case, Function::Coalesce>},
    {"NULLIF", "as =", ""},
    {"GREATEST, LEAST", "exact", "all types that are compared there", mql::Feature::Expressions,
     applies<Function::Greatest, Function::Least>},
    {"value = ANY (array column), @>, <@, &&", "superset", "elements are found there, the array is checked here",
     mql::Feature::None, is_kind<NodeKind::ArrayHas>},
    {"->, ->>, #>, #>>, ?, ?|, ?&, @> of JSON", "superset",
     "constant keys, json_format simple; of other strict conditions over a path that it exists", mql::Feature::None,
     is_kind<NodeKind::Inside>},
    {"text::integer, bigint, float8, numeric", "superset", "texts as 7 or -1.5; others are read here",
     mql::Feature::Regex, applies<Function::Parse>},
    {"integer::text", "exact", "", mql::Feature::Expressions, applies<Function::ToText>},
    {"(a, b) < (c, d)", "as its comparisons", ""},
    {"objectid::timestamptz compared", "exact", "a range of ObjectIds", mql::Feature::None,
     [](const Node &node) { return node.by_time; }},
    {"JOIN by _id of one collection", "exact", "", mql::Feature::None, nullptr, joins<false>},
    {"JOIN by batches of keys", "exact", "an $in of up to 1,000 keys", mql::Feature::None, nullptr,
     [](const ScanPlan &plan) { return plan.given_keys >= 0; }},
    {"JOIN by $lookup", "exact", "key with an index, or a small collection", mql::Feature::Lookup, nullptr,
     joins<true>},
    {"ORDER BY", "exact",
     "integers, floats, numeric(p,s), Booleans, object ids, timestamps, dates; text under a byte-order collation",
     mql::Feature::Expressions, nullptr,
     [](const ScanPlan &plan) { return plan.sort != NIL || plan.group_sort != NIL; }},
    {"LIMIT, OFFSET", "exact", "over exact conditions, ORDER BY included", mql::Feature::None, nullptr,
     [](const ScanPlan &plan) { return plan.limit >= 0 || plan.offset >= 0; }},
    {"GROUP BY, DISTINCT", "proved", "keys whose equality is the type's own", mql::Feature::Expressions, nullptr,
     [](const ScanPlan &plan) { return plan.keys != NIL; }},
    {"HAVING", "superset",
     "comparisons of counts, sums of integers and numerics, extremes of integers; checked again here",
     mql::Feature::Expressions, nullptr, [](const ScanPlan &plan) { return plan.having != NIL; }},
};

int64 uses[lengthof(kForms)];

bool is_applied(const FormRow &row, const ScanPlan &plan) {
    for (uint32_t i = 0; row.in_node && i < plan.filter.count; i++)
        if (row.in_node(plan.filter.nodes[i]))
            return true;
    return row.in_plan && row.in_plan(plan);
}

} // namespace

const FormRow *form_rules(int *count) {
    *count = lengthof(kForms);
    return kForms;
}

void count_forms(const ScanPlan &plan) {
    for (size_t i = 0; i < lengthof(kForms); i++)
        uses[i] += is_applied(kForms[i], plan);
}

int64 uses_of_form(int number) {
    const FormRow &row = kForms[number];
    return row.in_node || row.in_plan ? uses[number] : -1;
}

} // namespace mongo_fdw
