// Updates by a pipeline. Zone P.
#include "mql/update.hpp"
#include "mql/expression.hpp"
#include "mql/render_internal.hpp"

namespace mongo_fdw::mql {
namespace {

// Fails when it is evaluated, and not before: no server can work it out without a document.
Value failure() {
    return op("$toInt", op("$concat", {"a value that only PostgreSQL computes, in a document whose _id is of type ",
                                       op("$type", "$_id")}));
}

Value stored_value(const Assignment &assignment, const Value &v) {
    switch (assignment.stored) {
    case StoredAs::Int32:
        return op("$toInt", v);
    case StoredAs::Int64:
        return op("$toLong", v);
    case StoredAs::Double:
        return op("$toDouble", v);
    default:
        return v;
    }
}

// Whether the old value does not fit its column.
Value is_misfit(const Assignment &assignment) {
    return op("$eq", {fitting_value(*assignment.fit, ValueForm::Near, false), unsure_value()});
}

Value doubt(const Assignment &assignment, const Value &value) {
    Value is_null = op("$eq", {"$$v", Value::null()});
    return let("v", value, either(op("$eq", {"$$v", unsure_value()}), both(is_null, is_misfit(assignment))));
}

Value new_value(const Assignment &assignment, const Value &value) {
    Value null = assignment.null_is_value ? Value::null() : Value("$$REMOVE");
    return let("v", value,
               choose({{op("$eq", {"$$v", unsure_value()}), failure()},
                       {op("$eq", {"$$v", Value::null()}), cond(is_misfit(assignment), failure(), null)}},
                      stored_value(assignment, "$$v")));
}

} // namespace

UpdateRendering render_update(const UpdateCommand &update) noexcept {
    static std::string *kept_proof = nullptr, *kept_pipeline = nullptr;
    UpdateRendering result{};
    try {
        const ScanCommand &scan = update.scan;
        ExpressionContext context{scan.filters, scan.columns, scan.operands, scan.zone_offset_ms, scan.folded};
        std::vector<Value> stages, doubts;
        std::vector<Field> fields;
        bool sayable = true;
        add_source(scan, &stages, &sayable);
        for (uint32_t i = 0; i < update.count; i++) {
            const Assignment &assignment = update.assignments[i];
            Value value = Value::null();
            sayable = render_value(context, assignment.value, &value) && sayable;
            doubts.push_back(doubt(assignment, value));
            fields.push_back({assignment.path, new_value(assignment, value)});
        }
        for (uint32_t i = 0; i < update.constant_count; i++) {
            const Constant &constant = update.constants[i];
            fields.push_back({constant.path, literal(Value::raw(constant.type, constant.data, constant.size))});
        }
        stages.push_back(op("$match", op("$expr", op("$or", list(doubts)))));
        stages.push_back(op("$limit", 1));
        stages.push_back(op("$project", doc({{"_id", 1}})));
        Value pipeline = list({op("$set", doc(fields))});
        if (!sayable || pipeline.bytes().size() > kMostCommandBytes)
            return result;
        result.proof = keep(&kept_proof, command_of(scan, stages, true));
        result.pipeline = keep(&kept_pipeline, pipeline);
    } catch (...) {
        result = {};
    }
    return result;
}

} // namespace mongo_fdw::mql
