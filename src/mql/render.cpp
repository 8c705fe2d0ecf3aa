// Scans as find or aggregate commands, and their JSON. Zone P.
#include "mql/render.hpp"
#include "mql/render_internal.hpp"

#include <cstring>

namespace mongo_fdw::mql {
namespace {

// libbson 1.23 writes arrays only in its legacy form.
char *array_as_json(const bson_t *array, size_t *length) {
#if BSON_CHECK_VERSION(1, 24, 0)
    return bson_array_as_relaxed_extended_json(array, length);
#else
    bson_t document = BSON_INITIALIZER;
    bson_append_array(&document, "", -1, array);
    char *text = bson_as_relaxed_extended_json(&document, length);
    bson_destroy(&document);
    // "{ \"\" : [ ... ] }" without its frame
    constexpr size_t kHead = 7, kTail = 2;
    if (!text || *length < kHead + kTail)
        return text;
    *length -= kHead + kTail;
    std::memmove(text, text + kHead, *length);
    text[*length] = '\0';
    return text;
#endif
}

void add_count_stage(std::vector<Value> *stages, const char *name, int64_t count) {
    if (count > 0)
        stages->push_back(op(name, count_value(count)));
}

void add_read_settings(const ScanCommand &scan, std::vector<Field> *command) {
    if (scan.read_concern && *scan.read_concern)
        command->push_back({"readConcern", op("level", scan.read_concern)});
    if (scan.simple_collation)
        command->push_back({"collation", op("locale", "simple")});
}

bool has_doubts(const ScanCommand &scan) {
    for (uint32_t i = 0; i < scan.sort_count; i++)
        if (scan.sort[i].doubted)
            return true;
    return false;
}

// Before the sort: whether the server is unsure of a key.
Value doubt_stage(const ScanCommand &scan) {
    std::vector<Value> unsure;
    for (uint32_t i = 0; i < scan.sort_count; i++) {
        std::string key = std::string("$") + kSortKeys + ".v" + std::to_string(i);
        if (scan.sort[i].doubted)
            unsure.push_back(op("$eq", {key.c_str(), unsure_value()}));
    }
    return op("$addFields", op((std::string(kSortKeys) + ".doubt").c_str(), op("$or", list(unsure))));
}

// Behind the sort: the computed keys give way to a mark of the documents in doubt.
Value mark_stage() {
    std::string doubt = std::string("$") + kSortKeys + ".doubt";
    return op("$addFields", op(kSortKeys, op("$cond", {doubt.c_str(), true, "$$REMOVE"})));
}

// $sort and, where keys are computed, the stage before it. False: a parameter's value cannot be said.
bool add_sort(const ScanCommand &scan, std::vector<Value> *stages, Value *sort) {
    ExpressionContext context{scan.filters, scan.columns, scan.operands, scan.zone_offset_ms, scan.folded};
    std::vector<Field> computed, order;
    bool doubts = has_doubts(scan);
    if (doubts) // first, whatever the keys before say: an expression that raises here does so for any row
        order.push_back({std::string(kSortKeys) + ".doubt", -1});
    for (uint32_t i = 0; i < scan.sort_count; i++) {
        const SortKey &key = scan.sort[i];
        const Node &node = scan.filters->nodes[key.value];
        if (key.stored) { // no value is null, and all fit
            order.push_back({scan.columns[node.column].path, key.descending ? -1 : 1});
            continue;
        }
        Value value = Value::null();
        if (!(key.doubted ? render_value : render_sort_key)(context, key.value, &value))
            return false;
        // MinKey (an error is to come) before all.
        std::vector<Branch> places = {{op("$eq", {"$$v", unsure_value()}), -3},
                                      {op("$eq", {"$$v", Value::null()}), null_place(key.nulls_first)}};
        if (node.family == Family::Float || node.family == Family::Numeric)
            places.push_back({is_nan("$$v"), nan_place(key.descending)});
        add_computed_key(kSortKeys, i, value, places, key.descending, &computed, &order);
    }
    if (!computed.empty())
        stages->push_back(op("$addFields", doc({{kSortKeys, doc(computed)}})));
    if (doubts)
        stages->push_back(doubt_stage(scan));
    *sort = op("$sort", doc(order));
    stages->push_back(*sort);
    return true;
}

// Behind the sort: the first of the documents that are equal in the leading keys, and the sort again. Computed keys
// tell at least as many documents apart as SQL does; whoever reads the rows drops those that it does not.
void add_first_rows(const ScanCommand &scan, const Value &sort, std::vector<Value> *stages) {
    std::vector<Field> keys;
    std::string computed = std::string("$") + kSortKeys + ".";
    for (uint32_t i = 0; i < scan.first_keys; i++) {
        std::string number = std::to_string(i);
        if (scan.sort[i].stored) {
            std::string path = std::string("$") + scan.columns[scan.filters->nodes[scan.sort[i].value].column].path;
            keys.push_back({"v" + number, path.c_str()});
            continue;
        }
        for (const char *part : {"p", "v"})
            keys.push_back({part + number, (computed + part + number).c_str()});
    }
    stages->push_back(op("$group", doc({{"_id", doc(keys)}, {"d", op("$first", "$$ROOT")}})));
    stages->push_back(op("$replaceRoot", op("newRoot", "$d")));
    stages->push_back(sort);
}

} // namespace

void add_computed_key(const std::string &field, uint32_t number, const Value &value, const std::vector<Branch> &places,
                      bool descending, std::vector<Field> *computed, std::vector<Field> *order) {
    std::string place = "p" + std::to_string(number), key = "v" + std::to_string(number);
    computed->push_back({place, let("v", value, choose(places, 0))});
    computed->push_back({key, value});
    order->push_back({field + "." + place, 1});
    order->push_back({field + "." + key, descending ? -1 : 1});
}

Value projection_of(const char *const *paths, uint32_t count, bool with_doubts) {
    std::vector<Field> fields;
    if (with_doubts)
        fields.push_back({kSortKeys, 1});
    for (uint32_t i = 0; i < count; i++)
        fields.push_back({paths[i], 1});
    if (fields.empty())
        fields.push_back({"_id", 1});
    return doc(fields);
}

// Joins the clauses' conditions. A clause that is always true is left out.
Truth clauses_of(const ScanCommand &scan, const Column *columns, const uint32_t *roots, uint32_t count, Value *filter,
                 bool *sayable) {
    ExpressionContext context{scan.filters, columns, scan.operands, scan.zone_offset_ms, scan.folded};
    std::vector<Value> parts;
    for (uint32_t i = 0; i < count; i++) {
        bson_t part = BSON_INITIALIZER;
        bool said = true;
        Truth truth = render_filter(context, roots[i], &part, &said);
        if (!said && scan.sayable_only)
            truth = Truth::Always;
        *sayable = *sayable && (said || scan.sayable_only);
        if (truth == Truth::Depends)
            parts.push_back(Value::document({bson_get_data(&part), part.len}));
        bson_destroy(&part);
        if (truth == Truth::Never)
            return Truth::Never;
    }
    if (parts.empty())
        return Truth::Always;
    *filter = parts.size() == 1 ? parts[0] : op("$and", list(parts));
    return Truth::Depends;
}

Truth add_source(const ScanCommand &scan, std::vector<Value> *stages, bool *sayable, Value *filter) {
    *stages = stages_of(scan.base_pipeline);
    auto match = [&](const uint32_t *roots, uint32_t count, Value *kept) {
        Value conditions = doc({});
        Truth truth = clauses_of(scan, scan.columns, roots, count, &conditions, sayable);
        if (truth == Truth::Never)
            conditions = op("$alwaysFalse", 1);
        if (truth != Truth::Always)
            stages->push_back(op("$match", conditions));
        if (kept)
            *kept = conditions;
        return truth;
    };
    Truth truth = match(scan.roots, scan.root_count, filter);
    for (uint32_t i = 0; i < scan.join_count; i++)
        *sayable = add_join(scan, scan.joins[i], stages) && *sayable;
    if (match(scan.late_roots, scan.late_root_count, nullptr) == Truth::Never)
        truth = Truth::Never;
    return truth;
}

Value command_of(const ScanCommand &scan, const std::vector<Value> &stages, bool single) {
    std::vector<Field> command = {{"aggregate", scan.collection}, {"pipeline", list(stages)}, {"allowDiskUse", true}};
    if (single)
        command.push_back({"cursor", doc({})});
    add_read_settings(scan, &command);
    return doc(command);
}

ScanRendering render_scan(const ScanCommand &scan, Memory memory) noexcept {
    ScanRendering result{};
    result.aggregate = scan.base_pipeline.data != nullptr || scan.sort_count > 0 || scan.join_count > 0;
    try {
        std::vector<Value> stages;
        bool sayable = true;
        Value filter = doc({});
        result.never = add_source(scan, &stages, &sayable, &filter) == Truth::Never;
        Value sort = Value::null();
        sayable = sayable && (scan.sort_count == 0 || add_sort(scan, &stages, &sort));
        if (scan.sort_count > 0) { // behind the sort, so that only what is wanted is projected
            add_count_stage(&stages, "$skip", scan.skip);
            add_count_stage(&stages, "$limit", scan.limit);
        }
        bool doubts = has_doubts(scan);
        if (doubts)
            stages.push_back(mark_stage());
        if (scan.first_keys > 0 && sayable) {
            if (scan.project)
                stages.push_back(op("$project", projection_of(scan.project, scan.project_count, true)));
            add_first_rows(scan, sort, &stages);
        }
        if (scan.project)
            stages.push_back(op("$project", projection_of(scan.project, scan.project_count, doubts)));
        else if (scan.sort_count > 0 && !doubts)
            stages.push_back(op("$project", doc({{kSortKeys, 0}})));
        if (scan.sort_count == 0) {
            add_count_stage(&stages, "$skip", scan.skip);
            add_count_stage(&stages, "$limit", scan.limit);
        }
        std::vector<Field> find = {{"find", scan.collection}, {"filter", filter}};
        if (scan.project)
            find.push_back({"projection", projection_of(scan.project, scan.project_count)});
        if (scan.skip > 0)
            find.push_back({"skip", count_value(scan.skip)});
        if (scan.limit > 0)
            find.push_back({"limit", count_value(scan.limit)});
        add_read_settings(scan, &find);
        result.pipeline = keep(memory, list(stages));
        if (sayable && result.pipeline.size < kMostCommandBytes)
            result.command = keep(memory, result.aggregate ? command_of(scan, stages) : doc(find));
    } catch (...) {
        result.command = {};
    }
    return result;
}

const char *to_json(Document document, bool array, Memory memory) noexcept {
    bson_t view;
    size_t length;
    if (!bson_init_static(&view, document.data, document.size))
        return "";
    if (array && bson_empty(&view))
        return "[ ]"; // versions differ in the blanks
    char *json = array ? array_as_json(&view, &length) : bson_as_relaxed_extended_json(&view, &length);
    char *copy = json ? static_cast<char *>(memory.allocate(memory.place, length + 1)) : nullptr;
    if (copy)
        std::memcpy(copy, json, length + 1);
    bson_free(json);
    return copy ? copy : "";
}

} // namespace mongo_fdw::mql
