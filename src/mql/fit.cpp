// Fit guards and surveys. Zone P.
//
// Comparisons in aggregation expressions go by value across numeric types and by type first otherwise, so every guard
// asks for the type before it compares. Operators that fail for other types stand behind $cond or $switch, which
// evaluate only the branch that is taken.
#include "mql/fit.hpp"
#include "mql/expression.hpp"

#include <bson/bson.h>

namespace mongo_fdw::mql {
namespace {

constexpr double kLeastDouble = 1e-300;   // decimals nearer to zero are not made doubles
constexpr double kExactIntegers = 0x1p53; // integers up to here are doubles, one by one

Value state(FitState state) { return Value(static_cast<int32_t>(state)); }
Value fits(const Value &test) { return cond(test, state(FitState::Fit), state(FitState::Misfit)); }

Value number_types() { return list({"int", "long", "double", "decimal"}); }

Value binary(uint8_t subtype, size_t length = 16, char fill = '\0') {
    std::string bytes(5 + length, fill);
    bytes.replace(0, 4, std::string(4, '\0'));
    bytes[0] = static_cast<char>(length);
    bytes[4] = static_cast<char>(subtype);
    return Value::raw(0x05, bytes.data(), bytes.size());
}

// Has the double no fraction? DocumentDB's $trunc keeps 15 digits of doubles, its $floor all.
Value is_integral(const Value &v) { return op("$eq", {v, op("$floor", v)}); }

// One of the integers around which there is a double for each.
Value is_small_integer(const Value &v) {
    return cond(op("$lt", {op("$abs", v), Value(kExactIntegers)}), is_integral(v), false);
}

// Whether the server's $toString gives the shortest decimal of a double. From 2^53 on a shorter one may lie halfway
// between two doubles (1e23): PostgreSQL writes another one then, servers may not.
Value tells_shortest(const Value &v) {
    Value exact = both(op("$eq", {op("$toString", Value(0.1 + 0.2)), literal("0.30000000000000004")}),
                       op("$eq", {op("$toString", Value(5e-324)), literal("5e-324")}));
    return both(exact, op("$lt", {op("$abs", v), Value(kExactIntegers)}));
}

Value integer_guard(const Value &v, const FitColumn &column) {
    // Doubles near the end of int64 are compared with doubles: 2^63 itself is one, 2^63 - 1 is none.
    bool wide = column.maximum == INT64_MAX;
    Value least = wide ? Value(-9223372036854775808.0) : Value(column.minimum);
    Value in_range = wide ? both(op("$gte", {v, least}), op("$lt", {v, Value(9223372036854775808.0)}))
                          : both(op("$gte", {v, least}), op("$lte", {v, Value(column.maximum)}));
    Value integral = cond(is(type_of(v), "double"), is_integral(v), op("$eq", {v, op("$trunc", v)}));
    Value whole = cond(in_range, integral, false);
    Value exact = both(op("$gte", {v, Value(column.minimum)}), op("$lte", {v, Value(column.maximum)}));
    Value type = type_of(v);
    return choose({{is_one(type, {"int", "long"}), fits(exact)}, {is_one(type, {"double", "decimal"}), fits(whole)}},
                  state(FitState::Misfit));
}

// A Decimal128 becomes a double unless it is finite and beyond its range: greater than the greatest double by half a
// step or more (2^1024 - 2^970), or not zero and at most half the least one (2^-1075). Both bounds are cut to 34
// digits.
Value decimal_fits_double(const Value &v) {
    Value magnitude = op("$abs", v);
    Value in_range = both(op("$gt", {magnitude, Value::decimal("2.470328229206232720882843964341106E-324")}),
                          op("$lte", {magnitude, Value::decimal("1.797693134862315807937289714053034E+308")}));
    return op("$or", {op("$eq", {v, Value::decimal("NaN")}), op("$eq", {magnitude, Value::decimal("Infinity")}),
                      op("$eq", {v, Value(0)}), in_range});
}

Value float_guard(const Value &v, const FitColumn &column) {
    Value type = type_of(v);
    Value as_double = cond(is(type, "decimal"), decimal_fits_double(v), true);
    Value test = as_double;
    if (column.kind == FitKind::Float4) {
        // The same for float: 2^128 - 2^103 and 2^-150.
        Value d = "$$d", magnitude = op("$abs", d);
        Value narrow =
            op("$or", {op("$eq", {d, Value(__builtin_nan(""))}), op("$eq", {magnitude, Value(__builtin_inf())}),
                       op("$eq", {d, Value(0)}),
                       both(op("$gt", {magnitude, Value(0x1p-150)}), op("$lt", {magnitude, Value(0x1.ffffffp127)}))});
        // What a float cannot hold by far is not made a double: $toDouble may fail for subnormal results.
        Value size = op("$abs", v); // NaN is less than any number
        Value tiny = both(op("$gt", {size, Value(0)}), op("$lt", {size, Value::decimal("1E-300")}));
        Value convertible = cond(is(type, "decimal"), op("$not", {tiny}), true);
        test = cond(as_double, cond(convertible, let("d", op("$toDouble", v), narrow), false), false);
    }
    return cond(op("$in", {type, number_types()}), fits(test), state(FitState::Misfit));
}

double power_of_ten(int exponent) {
    double power = 1;
    for (int i = 0; i < exponent; i++)
        power *= 10;
    return power;
}

// A double fits numeric(p,s) with at most 15 digits if it is the one nearest to some k / 10^s: the shortest decimal of
// that one is k / 10^s, since every decimal of so many digits survives a double.
Value scaled_double_guard(const Value &v, const FitColumn &column) {
    Value power = power_of_ten(column.scale);
    Value nearest = op("$eq", {op("$divide", {"$$k", power}), v});
    Value in_range = op("$lt", {op("$abs", "$$k"), Value(power_of_ten(column.precision))});
    Value count = op("$round", {op("$multiply", {v, power}), 0});
    return cond(op("$lt", {op("$abs", v), Value(power_of_ten(column.precision - column.scale))}),
                let("k", count, fits(both(nearest, in_range))), state(FitState::Misfit));
}

// numeric(p,s): no digit behind scale, not more than precision in all. Doubles count by their shortest decimal, which
// not every server's $toString gives: the expression asks it for one, and is unsure of fractions and large doubles
// otherwise.
Value numeric_guard(const Value &v, const FitColumn &column) {
    Value type = type_of(v);
    if (column.precision == 0)
        return fits(op("$in", {type, number_types()}));
    std::string limit = "1E+" + std::to_string(column.precision - column.scale);
    Value in_range = op("$lt", {op("$abs", "$$n"), Value::decimal(limit.c_str())});
    Value exact = op("$eq", {"$$n", op("$round", {"$$n", Value(static_cast<int32_t>(column.scale))})});
    auto finite = [&](const Value &decimal) { return fits(let("n", decimal, cond(in_range, exact, false))); };
    Value fraction = cond(tells_shortest(v), finite(op("$toDecimal", op("$toString", v))), state(FitState::Unsure));
    if (column.precision <= kExactDigits)
        fraction = scaled_double_guard(v, column);
    Value as_double = cond(is_small_integer(v), finite(op("$toDecimal", op("$toLong", v))), fraction);
    // $abs fails for the least int64.
    Value infinite = op("$in", {v, list({Value(__builtin_inf()), Value(-__builtin_inf())})});
    return choose({{op("$not", {op("$in", {type, number_types()})}), state(FitState::Misfit)},
                   {op("$eq", {v, Value(__builtin_nan(""))}), state(FitState::Fit)},
                   {infinite, state(FitState::Misfit)},
                   {is(type, "double"), as_double}},
                  finite(op("$toDecimal", v)));
}

Value text_guard(const Value &v, const FitColumn &column) {
    Value without_nul = column.nul == FitNul::Misfit ? has_no_nul(v) : literal(true), test = without_nul;
    if (column.max_length) {
        Value length = op(column.length_in_bytes ? "$strLenBytes" : "$strLenCP", v);
        test = both(without_nul, op("$lte", {length, Value(static_cast<int64_t>(column.max_length))}));
    }
    constexpr uint32_t kHexDigits = 24;
    bool takes_id = column.max_length == 0 || column.max_length >= kHexDigits;
    Value type = type_of(v);
    return choose({{is(type, "string"), fits(test)},
                   {is(type, "objectId"), state(takes_id ? FitState::Fit : FitState::Misfit)},
                   {is(type, "symbol"), state(column.symbols_fit ? FitState::Fit : FitState::Unsure)}},
                  state(FitState::Misfit));
}

// Not every server takes dates at the ends of PostgreSQL's range as constants.
Value date_guard(const Value &v, const FitColumn &column) {
    Value ms = op("$toLong", v);
    Value test = both(op("$gte", {ms, Value(column.minimum)}), op("$lte", {ms, Value(column.maximum)}));
    return cond(is(type_of(v), "date"), fits(test), state(FitState::Misfit));
}

// Binaries compare by length, then subtype, then bytes: the values of one subtype and 16 bytes are one range. A server
// that orders the expression's own constants otherwise is unsure.
Value uuid_guard(const Value &v, const FitColumn &column) {
    Value least = binary(column.legacy_uuid ? 3 : 4), end = binary(5);
    Value test = both(op("$gte", {v, least}), op("$lt", {v, end}));
    Value ordered =
        op("$and", {op("$lt", {binary(3, 16, '\x7f'), binary(4)}), op("$lt", {binary(4, 16, '\xff'), end}),
                    op("$lt", {binary(5, 15, '\x7f'), binary(3)}), op("$lt", {binary(128), binary(0, 17)})});
    return cond(is(type_of(v), "binData"), cond(ordered, fits(test), state(FitState::Unsure)), state(FitState::Misfit));
}

// The state of a value that is not null.
Value guard(const Value &v, const FitColumn &column) {
    switch (column.kind) {
    case FitKind::Integer:
        return integer_guard(v, column);
    case FitKind::Float8:
    case FitKind::Float4:
        return float_guard(v, column);
    case FitKind::Numeric:
        return numeric_guard(v, column);
    case FitKind::Bool:
        return fits(is(type_of(v), "bool"));
    case FitKind::Text:
        return text_guard(v, column);
    case FitKind::ObjectId:
        return fits(is(type_of(v), "objectId"));
    case FitKind::Date:
        return date_guard(v, column);
    case FitKind::Uuid:
        return uuid_guard(v, column);
    case FitKind::Bytea:
        return fits(is_one(type_of(v), {"binData", "objectId"}));
    case FitKind::Nothing:
    case FitKind::Ordinal:
    case FitKind::Unwound:
        break;
    }
    return state(FitState::Misfit);
}

Value null_types() { return list({"null", "undefined", "missing"}); }

// States of the elements of an array.
Value element_states(const Value &array, const FitColumn &column) {
    Value type = type_of("$$e");
    Value element =
        choose({{op("$in", {type, null_types()}), state(FitState::Fit)}, {is(type, "array"), state(FitState::Unsure)}},
               guard("$$e", column));
    return op("$map", doc({{"input", array}, {"as", "e"}, {"in", element}}));
}

Value array_guard(const Value &v, const FitColumn &column) {
    Value states = "$$states";
    Value whole = choose({{op("$in", {state(FitState::Unsure), states}), state(FitState::Unsure)},
                          {op("$in", {state(FitState::Misfit), states}), state(FitState::Misfit)}},
                         state(FitState::Fit));
    Value single = column.array_from_scalar ? guard(v, column) : state(FitState::Misfit);
    return cond(op("$isArray", v), let("states", element_states(v, column), whole), single);
}

std::string path_to(const FitColumn &column, int keys) {
    std::string path = "$";
    for (int i = 0; i < keys; i++)
        path += (i ? "." : "") + std::string(column.keys[i]);
    return path;
}

Value column_state(const FitColumn &column) {
    if (column.kind == FitKind::Unwound)
        return cond(is_no_element(), state(FitState::Misfit), state(FitState::Fit));
    Value v = path_to(column, column.key_count).c_str();
    std::vector<Branch> branches;
    if (column.element)
        branches.push_back({is_no_element(), state(FitState::Missing)});
    for (int keys = 1; keys < column.key_count; keys++) // MongoDB would look into an array on the way
        branches.push_back({op("$isArray", Value(path_to(column, keys).c_str())),
                            state(column.array ? FitState::Unsure : FitState::Misfit)});
    branches.push_back({is(type_of(v), "missing"), state(FitState::Missing)});
    branches.push_back({op("$in", {type_of(v), null_types()}), state(FitState::Null)});
    return choose(branches, column.array ? array_guard(v, column) : guard(v, column));
}

// A double that fits numeric, as Decimal128: its shortest decimal. Of numeric(p,s) with at most 15 digits it is k /
// 10^s, see scaled_double_guard; of others only a server whose $toString gives the shortest decimal can tell.
Value double_as_decimal(const Value &v, const FitColumn &column) {
    Value whole = op("$toDecimal", op("$toLong", v)), special = op("$toDecimal", v);
    Value fraction = cond(tells_shortest(v), op("$toDecimal", op("$toString", v)), unsure_value());
    if (column.precision > 0 && column.precision <= kExactDigits) {
        Value count = op("$round", {op("$multiply", {v, Value(power_of_ten(column.scale))}), 0});
        Value power = Value::decimal(("1E+" + std::to_string(column.scale)).c_str());
        fraction = op("$divide", {op("$toDecimal", op("$toLong", count)), power});
    }
    Value infinite = op("$in", {v, list({Value(__builtin_inf()), Value(-__builtin_inf())})});
    return choose(
        {{op("$eq", {v, Value(__builtin_nan(""))}), special}, {infinite, special}, {is_small_integer(v), whole}},
        fraction);
}

// The value as the column reads it.
Value converted(const Value &v, const FitColumn &column, ValueForm form) {
    Value type = type_of(v);
    if (form == ValueForm::Stored)
        return v;
    if (form == ValueForm::Size) // a scalar is an array of one
        return cond(op("$isArray", v), op("$size", v), 1);
    switch (column.kind) {
    case FitKind::Integer:
        return cond(is_one(type, {"double", "decimal"}), op("$toLong", v), v);
    case FitKind::Float8:
    case FitKind::Float4: {
        // $toDouble fails for decimals near zero. For a comparison with a larger number the nearest one that it
        // takes will do.
        Value least = Value::decimal("1E-300");
        Value tiny = both(op("$lt", {op("$abs", v), least}), op("$ne", {v, 0}));
        Value near = cond(op("$gt", {v, 0}), Value(kLeastDouble), Value(-kLeastDouble));
        Value nan = op("$eq", {v, Value(__builtin_nan(""))});
        Value finite = cond(tiny, form == ValueForm::Near ? near : unsure_value(), op("$toDouble", v));
        return choose({{is(type, "double"), v}, {is(type, "decimal"), cond(nan, Value(__builtin_nan("")), finite)}},
                      op("$toDouble", v));
    }
    case FitKind::Numeric:
        return cond(is(type, "double"), double_as_decimal(v, column), v);
    case FitKind::Text: // symbols compare like strings, but no function takes them
        return choose({{is(type, "string"), v}, {is(type, "objectId"), op("$toString", v)}},
                      form == ValueForm::Near ? v : unsure_value());
    case FitKind::Date:
        if (column.whole_days) {
            Value ms = op("$toLong", v);
            Value rest =
                op("$mod", {op("$add", {op("$mod", {ms, Value(kMsPerDay)}), Value(kMsPerDay)}), Value(kMsPerDay)});
            return op("$toDate", op("$subtract", {ms, rest}));
        }
        return v;
    default:
        return v;
    }
}

// The BSON type of what does not fit: an array on the way, the first bad element, or the value.
Value misfit_type(const FitColumn &column) {
    Value v = path_to(column, column.key_count).c_str();
    std::vector<Branch> branches;
    for (int keys = 1; keys < column.key_count; keys++)
        branches.push_back({op("$isArray", Value(path_to(column, keys).c_str())), literal("array")});
    if (column.array) {
        Value first = op("$indexOfArray", {element_states(v, column), state(FitState::Misfit)});
        branches.push_back({op("$isArray", v), type_of(op("$arrayElemAt", {v, first}))});
    }
    return branches.empty() ? type_of(v) : choose(branches, type_of(v));
}

std::vector<Value> stages_before(const SurveySource &source) {
    std::vector<Value> stages = stages_of(source.base_pipeline);
    if (source.unwind)
        add_unwind(source.unwind, &stages);
    return stages;
}

} // namespace

void add_unwind(const char *key, std::vector<Value> *stages) {
    std::string path = std::string("$") + key;
    // Servers differ in what they do to undefined.
    stages->push_back(op("$match", op("$expr", op("$ne", {type_of(path.c_str()), "undefined"}))));
    stages->push_back(op("$unwind", doc({{"path", path.c_str()}, {"includeArrayIndex", kOrdinal}})));
}

Value is_no_element() { return op("$eq", {op("$ifNull", {std::string("$").append(kOrdinal).c_str(), -1}), -1}); }

Value nul_text() {
    std::string nul("\2\0\0\0\0\0", 6); // a string of one NUL character
    return op("$literal", Value::raw(0x02, nul.data(), nul.size()));
}

Value has_no_nul(const Value &text) { return op("$lt", {op("$indexOfBytes", {text, nul_text()}), 0}); }

Value stored_value(const FitColumn &column) { return path_to(column, column.key_count).c_str(); }

Value unsure_value() { return Value::raw(BSON_TYPE_MINKEY, "", 0); }

// The BSON type whose values all fit and are read as they are; null: there is none.
const char *natural_type(const FitColumn &column) {
    if (column.array)
        return nullptr;
    switch (column.kind) {
    case FitKind::Integer:
        return column.minimum <= INT32_MIN && column.maximum >= INT32_MAX ? "int" : nullptr;
    case FitKind::Float8:
        return "double";
    case FitKind::Bool:
        return "bool";
    case FitKind::ObjectId:
        return "objectId";
    default:
        return nullptr;
    }
}

Value fits_as_stored(const Value &v, const FitColumn &column) {
    Value type = type_of(v), plain = literal(false);
    switch (column.kind) {
    case FitKind::Integer:
        plain = is_one(type, {"int", "long"});
        break;
    case FitKind::Text:
        plain = is(type, "string");
        break;
    case FitKind::Bool:
        plain = is(type, "bool");
        break;
    case FitKind::ObjectId:
        plain = is(type, "objectId");
        break;
    case FitKind::Date:
        plain = is(type, "date");
        break;
    default:
        break;
    }
    return choose({{op("$in", {type, null_types()}), literal(true)},
                   {plain, op("$eq", {guard(v, column), state(FitState::Fit)})}},
                  literal(false));
}

Value fitting_value(const FitColumn &column, ValueForm form, bool misfit_is_null) {
    if (column.kind == FitKind::Ordinal)
        return cond(is_no_element(), Value::null(),
                    op("$add", {op("$toInt", std::string("$").append(kOrdinal).c_str()), 1}));
    Value v = path_to(column, column.key_count).c_str();
    Value fit = converted(v, column, form), null = Value::null();
    Value misfit = misfit_is_null ? null : unsure_value();
    Value any = let("s", column_state(column),
                    choose({{op("$eq", {"$$s", state(FitState::Fit)}), fit},
                            {op("$in", {"$$s", list({state(FitState::Missing), state(FitState::Null)})}), null},
                            {op("$eq", {"$$s", state(FitState::Unsure)}), unsure_value()}},
                           misfit));
    const char *natural = natural_type(column);
    Value own = column.element ? cond(is_no_element(), null, v) : v;
    return natural ? cond(is(type_of(v), natural), own, any) : any;
}

Document survey_command(const SurveySource &source, const FitColumn *columns, int count, Memory memory) noexcept {
    try {
        std::vector<Value> entries;
        for (int i = 0; i < count; i++) {
            Value type = cond(op("$eq", {"$$s", state(FitState::Misfit)}), misfit_type(columns[i]), literal(""));
            Value entry = doc({{"c", Value(static_cast<int32_t>(i))}, {"s", "$$s"}, {"t", type}});
            entries.push_back(let("s", column_state(columns[i]), entry));
        }
        Value odd =
            op("$filter",
               doc({{"input", list(entries)}, {"as", "x"}, {"cond", op("$ne", {"$$x.s", state(FitState::Fit)})}}));
        Value document = doc({{"c", -1}, {"s", 0}, {"t", literal("")}});
        Value all = op("$concatArrays", {list({document}), odd});
        std::vector<Value> stages = stages_before(source);
        stages.push_back(op("$project", doc({{"_id", 0}, {"r", all}})));
        stages.push_back(op("$unwind", "$r"));
        Value key = doc({{"c", "$r.c"}, {"s", "$r.s"}, {"t", "$r.t"}});
        stages.push_back(op("$group", doc({{"_id", key}, {"n", op("$sum", 1)}})));
        return keep(memory, aggregate(source.collection, stages));
    } catch (...) {
        return {};
    }
}

Document misfits_command(const SurveySource &source, const FitColumn &column, int limit, Memory memory) noexcept {
    try {
        std::vector<Value> stages = stages_before(source);
        Value test = op("$eq", {column_state(column), state(FitState::Misfit)});
        stages.push_back(op("$match", op("$expr", test)));
        if (source.unwind) { // several rows of one document
            stages.push_back(op("$group", doc({{"_id", "$_id"}})));
            stages.push_back(op("$sort", doc({{"_id", 1}})));
        }
        stages.push_back(op("$limit", Value(static_cast<int32_t>(limit))));
        stages.push_back(op("$project", doc({{"_id", 1}})));
        return keep(memory, aggregate(source.collection, stages));
    } catch (...) {
        return {};
    }
}

namespace {

// [{l, k, t}] of one level.
Value unknown_at(const SurveySource &source, const KnownLevel &level, int number) {
    std::string path = level.path ? level.path : source.unwind ? source.unwind : "";
    Value at = path.empty() ? Value("$$ROOT") : Value(("$" + path).c_str());
    std::vector<Value> known;
    for (int i = 0; i < level.key_count; i++)
        known.push_back(level.keys[i]);
    auto entry = [number](const Value &key, const Value &type) {
        return doc({{"l", Value(static_cast<int32_t>(number))}, {"k", key}, {"t", type}});
    };
    Value others = op("$filter", doc({{"input", op("$objectToArray", at)},
                                      {"as", "f"},
                                      {"cond", negation(op("$in", {"$$f.k", literal(list(known))}))}}));
    Value keys = op("$map", doc({{"input", others}, {"as", "f"}, {"in", entry("$$f.k", type_of("$$f.v"))}}));
    Value no_document = list({entry(Value::null(), "$$t")});
    std::vector<Branch> branches;
    if (source.unwind) // what is no array is no element
        branches.push_back({is_no_element(), list({})});
    branches.push_back({is("$$t", "object"), keys});
    branches.push_back({is_one("$$t", {"missing", "null", "undefined"}), list({})});
    return let("t", type_of(at), choose(branches, no_document));
}

} // namespace

Document unknown_paths_command(const SurveySource &source, const KnownLevel *levels, int count, int limit,
                               Memory memory) noexcept {
    try {
        std::vector<Value> found = {list({doc({{"l", -1}, {"k", literal("")}, {"t", literal("")}})})};
        for (int i = 0; i < count; i++)
            found.push_back(unknown_at(source, levels[i], i));
        std::vector<Value> stages = stages_before(source);
        stages.push_back(op("$project", doc({{"r", op("$concatArrays", list(found))}})));
        stages.push_back(op("$unwind", "$r"));
        Value key = doc({{"l", "$r.l"}, {"k", "$r.k"}, {"t", "$r.t"}});
        stages.push_back(op("$group", doc({{"_id", key}, {"n", op("$sum", 1)}, {"id", op("$min", "$_id")}})));
        stages.push_back(op("$sort", doc({{"n", -1}, {"_id", 1}})));
        stages.push_back(op("$limit", Value(static_cast<int32_t>(limit))));
        return keep(memory, aggregate(source.collection, stages));
    } catch (...) {
        return {};
    }
}

} // namespace mongo_fdw::mql
