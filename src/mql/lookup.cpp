// Joins as $lookup. Zone P.
//
// The server finds candidates by localField and foreignField, which an index serves; it takes null for missing and
// looks into arrays there, so the conditions themselves stand as expressions in the sub-pipeline. $unwind follows at
// once: the candidates of a document must never add up to a document of more than 16 MB.
#include "mql/render_internal.hpp"

namespace mongo_fdw::mql {

bool add_join(const ScanCommand &scan, const Join &join, std::vector<Value> *stages) {
    bool sayable = true;
    bool tests = join.kind == JoinKind::Semi || join.kind == JoinKind::Anti;
    std::vector<Value> inner;
    Value filter = doc({});
    Truth truth = clauses_of(scan, join.columns, join.filters, join.filter_count, &filter, &sayable);
    if (truth != Truth::Always)
        inner.push_back(op("$match", truth == Truth::Never ? op("$alwaysFalse", 1) : filter));
    ExpressionContext context{scan.filters, join.columns, scan.operands, scan.zone_offset_ms, scan.folded};
    std::vector<Value> conditions;
    for (uint32_t i = 0; i < join.condition_count; i++) {
        Value condition = Value::null();
        sayable = render_value(context, join.conditions[i], &condition) && sayable;
        conditions.push_back(op("$eq", {condition, true}));
    }
    inner.push_back(op("$match", op("$expr", conditions.size() == 1 ? conditions[0] : op("$and", list(conditions)))));
    if (tests)
        inner.push_back(op("$limit", 1));
    if (tests || join.project)
        inner.push_back(
            op("$project", tests ? projection_of(nullptr, 0) : projection_of(join.project, join.project_count)));
    stages->push_back(op("$lookup", doc({{"from", join.collection},
                                         {"localField", join.local},
                                         {"foreignField", join.foreign},
                                         {"let", op("o", "$$ROOT")},
                                         {"pipeline", list(inner)},
                                         {"as", join.as}})));
    if (tests) {
        stages->push_back(op("$match", op(join.as, op(join.kind == JoinKind::Semi ? "$ne" : "$eq", list({})))));
        stages->push_back(op("$project", doc({{join.as, 0}}))); // columns of the other side are NULL: nothing is there
    } else
        stages->push_back(op("$unwind", doc({{"path", (std::string("$") + join.as).c_str()},
                                             {"preserveNullAndEmptyArrays", join.kind == JoinKind::Left}})));
    return sayable;
}

} // namespace mongo_fdw::mql
