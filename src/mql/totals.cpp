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

Value replaced(const Value &text, const Value &part, const char *by) {
    return op("$replaceAll", doc({{"input", text}, {"find", part}, {"replacement", by}}));
}

// Text as a column shows it that takes NUL out, or writes it and backslashes as the column does.
Value changed_text(const Value &text, FitNul nul) {
    return nul == FitNul::Strip ? replaced(text, nul_text(), "")
                                : replaced(replaced(text, literal("\\"), "\\\\"), nul_text(), "\\u0000");
}

Value shown_value(const FitColumn &column) {
    Value v = fitting_value(column, column.array ? ValueForm::Stored : ValueForm::Converted, true);
    if (column.kind == FitKind::Text && column.nul != FitNul::Misfit)
        return let("d", v, cond(is(type_of("$$d"), "string"), changed_text("$$d", column.nul), "$$d"));
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

// What stands where a value is of a type that no end tells of.
Value count_plain(const Value &v, const char *type_name) {
    Value type = type_of(v);
    Value none = is_one(type, {"null", "undefined", "missing"});
    return op("$sum", cond(is(type, type_name), Value(1), cond(none, Value(0), Value(kStranger))));
}

// Bytes of strings; one with a NUL is none that a column takes.
Value plain_bytes(const Value &v) {
    Value bytes = cond(has_no_nul(v), op("$strLenBytes", v), Value(kStranger));
    return sum_where(is(type_of(v), "string"), bytes);
}

void add_plain_totals(const FitColumn &column, const std::string &number, std::vector<Field> *group) {
    auto add = [&](const char *name, const Value &accumulator) { group->push_back({name + number, accumulator}); };
    Value v =
        column.kind == FitKind::Ordinal ? fitting_value(column, ValueForm::Converted, true) : stored_value(column);
    switch (column.kind) {
    case FitKind::Bool:
        add("p", count_plain(v, "bool"));
        add("t", sum_where(op("$eq", {v, Value(true)}), Value(1)));
        return;
    case FitKind::Bytea:
        add("p", count_plain(v, "binData"));
        add("b", sum_where(is(type_of(v), "binData"), op("$binarySize", v)));
        return;
    default:
        break;
    }
    // Types sort one after another: where both ends are of one, all values are.
    add("p", sum_where(op("$gt", {v, Value::null()}), Value(1)));
    add("l", op("$min", v));
    add("g", op("$max", v));
    switch (column.kind) {
    case FitKind::Integer:
    case FitKind::Numeric:
    case FitKind::Ordinal:
        add("s", op("$sum", v));
        break;
    case FitKind::Float8:
        add("s", op("$sum", v));
        add("m", sum_where(is(type_of(v), "double"), op("$abs", v)));
        break;
    case FitKind::Date:
        add("s", sum_where(is(type_of(v), "date"), op("$toDecimal", op("$toLong", v))));
        break;
    case FitKind::Text:
        add("b", plain_bytes(v));
        break;
    default:
        break;
    }
}

} // namespace

const char *plain_kind(const FitColumn &column) {
    if (column.array)
        return nullptr;
    switch (column.kind) {
    case FitKind::Integer:
        return column.maximum == INT64_MAX ? "int8" : column.maximum == INT32_MAX ? "int4" : nullptr;
    case FitKind::Numeric:
        return column.precision == 0 ? "numeric" : nullptr;
    case FitKind::Float8:
        return "float8";
    case FitKind::Text:
        return column.max_length == 0 && column.nul != FitNul::Escape ? "text" : nullptr; // a NUL is none of plain's
    case FitKind::Date:
        return column.whole_days ? nullptr : "date";
    case FitKind::Bool:
        return "bool";
    case FitKind::Bytea:
        return "bytes";
    case FitKind::ObjectId:
        return "id";
    case FitKind::Ordinal:
        return "ord";
    default:
        return nullptr;
    }
}

Document totals_stages(const char *unwind, const FitColumn *columns, int count, bool plain, bool barrier,
                       Memory memory) noexcept {
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
            if (plain) {
                add_plain_totals(columns[i], number, &group);
                continue;
            }
            values.push_back({"v" + number, shown_value(columns[i])});
            add_totals(columns[i], number, &group);
        }
        if (count > 0 && !plain) {
            stages.push_back(op("$project", doc(values)));
            // One server makes all values anew for each of the sums otherwise.
            if (barrier)
                stages.push_back(op("$limit", Value(INT64_MAX)));
        }
        stages.push_back(op("$group", doc(group)));
        return keep(memory, doc({{"stages", list(stages)}}));
    } catch (...) {
        return {};
    }
}

} // namespace mongo_fdw::mql
