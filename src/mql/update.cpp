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

// Whether a value is made by adding doubles: of two negative zeros a server makes a positive one.
bool adds_floats(const Tree &tree, uint32_t root) {
    const Node &node = tree.nodes[root];
    if ((node.function == Function::Add || node.function == Function::Subtract) && node.family == Family::Float)
        return true;
    for (uint32_t at = node.first_child; at != kNone; at = tree.nodes[at].next)
        if (adds_floats(tree, at))
            return true;
    return false;
}

// Whether the server may be unsure of a new value that is not null.
Value is_unsure(const Tree &tree, const Assignment &assignment) {
    Value unsure = op("$eq", {"$$v", unsure_value()});
    bool zero = assignment.stored == StoredAs::Double && adds_floats(tree, assignment.value);
    return zero ? either(unsure, op("$eq", {"$$v", 0})) : unsure;
}

// Whether the old value does not fit its column.
Value is_misfit(const Assignment &assignment) {
    return op("$eq", {fitting_value(*assignment.fit, ValueForm::Near, false), unsure_value()});
}

Value doubt(const Tree &tree, const Assignment &assignment, const Value &value) {
    Value is_null = op("$eq", {"$$v", Value::null()});
    return let("v", value, either(is_unsure(tree, assignment), both(is_null, is_misfit(assignment))));
}

Value new_value(const Tree &tree, const Assignment &assignment, const Value &value) {
    Value null = assignment.null_is_value ? Value::null() : Value("$$REMOVE");
    return let("v", value,
               choose({{is_unsure(tree, assignment), failure()},
                       {op("$eq", {"$$v", Value::null()}), cond(is_misfit(assignment), failure(), null)}},
                      stored_value(assignment, "$$v")));
}

} // namespace

UpdateRendering render_update(const UpdateCommand &update, Memory memory) noexcept {
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
            doubts.push_back(doubt(*scan.filters, assignment, value));
            fields.push_back({assignment.path, new_value(*scan.filters, assignment, value)});
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
        result.proof = keep(memory, command_of(scan, stages, true));
        result.pipeline = keep(memory, pipeline);
    } catch (...) {
        result = {};
    }
    return result;
}

} // namespace mongo_fdw::mql
