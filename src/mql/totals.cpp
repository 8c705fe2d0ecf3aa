// Totals of columns. Zone P.
//
// One stage makes each value as its column reads it (null for what does not fit, MinKey where the server is not sure),
// the next one adds them up.
#include "mql/totals.hpp"
#include "mql/expression.hpp"

namespace mongo_fdw::mql {

TotalKind total_kind(const FitColumn &column) {
    if (column.array)
        return TotalKind::Count;
    switch (column.kind) {
    case FitKind::Integer:
    case FitKind::Numeric:
    case FitKind::Ordinal:
        return TotalKind::Number;
    case FitKind::Float8:
    case FitKind::Float4:
        return TotalKind::Float;
    case FitKind::Bool:
        return TotalKind::Bool;
    case FitKind::Text:
        return TotalKind::Text;
    case FitKind::Date:
        return TotalKind::Date;
    case FitKind::Bytea:
        return TotalKind::Bytes;
    case FitKind::ObjectId:
        return TotalKind::Id;
    case FitKind::Uuid: // one of subtype 3 has its bytes in another order
        return column.legacy_uuid ? TotalKind::Count : TotalKind::Id;
    case FitKind::Nothing:
    case FitKind::Unwound:
        break;
    }
    return TotalKind::Count;
}

namespace {

// A double is read as the nearest float.
Value shown_value(const FitColumn &column) {
    Value v = fitting_value(column, column.array ? ValueForm::Stored : ValueForm::Converted, true);
    if (total_kind(column) == TotalKind::Date)
        return let("d", v, cond(is(type_of("$$d"), "date"), op("$toLong", "$$d"), "$$d"));
    return v;
}

// Adds up what stands behind a test of the value.
Value sum_where(const Value &test, const Value &addend) { return op("$sum", cond(test, addend, Value(0))); }

void add_totals(const FitColumn &column, const std::string &number, std::vector<Field> *group) {
    Value v = ("$v" + number).c_str();
    Value fits = op("$gt", {v, Value::null()}); // MinKey is less
    auto add = [&](const char *name, const Value &accumulator) { group->push_back({name + number, accumulator}); };
    add("p", sum_where(fits, Value(1)));
    add("u", sum_where(op("$eq", {v, unsure_value()}), Value(1)));
    TotalKind kind = total_kind(column);
    bool numbers = kind == TotalKind::Number || kind == TotalKind::Float;
    Value counted = numbers ? both(fits, negation(op("$eq", {v, Value(__builtin_nan(""))}))) : fits;
    Value end = cond(counted, v, Value::null());
    if (kind != TotalKind::Count && kind != TotalKind::Bool && kind != TotalKind::Bytes) {
        add("l", op("$min", end));
        add("g", op("$max", end));
    }
    switch (kind) {
    case TotalKind::Number:
    case TotalKind::Date:
        add("s", sum_where(counted, op("$toDecimal", v)));
        break;
    case TotalKind::Float:
        add("s", sum_where(counted, v));
        add("m", sum_where(counted, op("$abs", v)));
        break;
    case TotalKind::Text:
        add("b", sum_where(fits, op("$strLenBytes", v)));
        break;
    case TotalKind::Bytes:
        add("b", sum_where(fits, cond(is(type_of(v), "objectId"), Value(12), op("$binarySize", v))));
        break;
    case TotalKind::Bool:
        add("t", sum_where(op("$eq", {v, Value(true)}), Value(1)));
        break;
    case TotalKind::Id:
    case TotalKind::Count:
        break;
    }
}

} // namespace

Document totals_stages(const char *unwind, const FitColumn *columns, int count, Memory memory) noexcept {
    try {
        std::vector<Value> stages;
        std::vector<Field> values = {{"_id", Value(0)}};
        std::vector<Field> group = {{"_id", Value::null()}, {"n", op("$sum", Value(1))}};
        if (unwind) {
            add_unwind(unwind, &stages);
            stages.push_back(op("$match", op("$expr", negation(is_no_element()))));
        }
        for (int i = 0; i < count; i++) {
            std::string number = std::to_string(i);
            values.push_back({"v" + number, shown_value(columns[i])});
            add_totals(columns[i], number, &group);
        }
        if (count > 0)
            stages.push_back(op("$project", doc(values)));
        stages.push_back(op("$group", doc(group)));
        return keep(memory, doc({{"stages", list(stages)}}));
    } catch (...) {
        return {};
    }
}

} // namespace mongo_fdw::mql
