// Small commands. Zone P.
#include "mql/commands.hpp"
#include "mql/build.hpp"

namespace mongo_fdw::mql {
namespace {

Value empty() { return doc({}); }

// Runs a builder; memory that runs out is an empty result.
template <class Builder> Document guarded(Memory memory, Builder build) noexcept {
    try {
        return keep(memory, build());
    } catch (...) {
        return {};
    }
}

Value projection(const PartCommand &part) {
    std::vector<Field> fields;
    for (uint32_t i = 0; i < part.project_count; i++)
        fields.push_back({part.project[i], 1});
    if (fields.empty())
        fields.push_back({"_id", 1});
    return doc(fields);
}

Value raw(const RawValue &value) { return Value::raw(value.type, value.data, value.size); }

std::string dollar(const char *path) { return std::string("$") + path; }

} // namespace

Document count_command(const char *collection, Memory memory) noexcept {
    return guarded(memory, [&] { return doc({{"count", collection}}); });
}

Document count_documents_command(const char *collection, Document base_pipeline, Document filter, int64_t most,
                                 Memory memory) noexcept {
    return guarded(memory, [&] {
        std::vector<Value> stages = stages_of(base_pipeline);
        if (filter.data)
            stages.push_back(op("$match", Value::document(filter)));
        if (most > 0)
            stages.push_back(op("$limit", most));
        stages.push_back(op("$count", "n"));
        return aggregate(collection, stages);
    });
}

Document list_databases_command(Memory memory) noexcept {
    return guarded(memory, [&] { return doc({{"listDatabases", 1}, {"nameOnly", true}}); });
}

Document list_collections_command(const char *collection, bool names_only, Memory memory) noexcept {
    return guarded(memory, [&] {
        std::vector<Field> filter;
        if (collection)
            filter.push_back({"name", collection});
        std::vector<Field> command = {{"listCollections", 1}, {"filter", doc(filter)}, {"cursor", empty()}};
        if (names_only) {
            command.push_back({"nameOnly", true});
            command.push_back({"authorizedCollections", true});
        }
        return doc(command);
    });
}

Document explain_command(Document find, Memory memory) noexcept {
    return guarded(memory, [&] {
        return doc({{"explain", Value::document(find)}, {"verbosity", "executionStats"}, {"maxTimeMS", 1000}});
    });
}

Document end_value_command(const char *collection, const char *path, bool greatest, Memory memory) noexcept {
    return guarded(memory, [&] {
        Value direction = greatest ? -1 : 1;
        return aggregate(collection,
                         {op("$sort", doc({{path, direction}})), op("$limit", 1), op("$project", doc({{path, 1}}))});
    });
}

Document list_indexes_command(const char *collection, Memory memory) noexcept {
    return guarded(memory, [&] { return doc({{"listIndexes", collection}, {"cursor", empty()}}); });
}

Document collection_stats_command(const char *collection, Memory memory) noexcept {
    return guarded(memory, [&] {
        Value stage = op("$collStats", doc({{"count", empty()}, {"storageStats", empty()}}));
        return doc({{"aggregate", collection}, {"pipeline", list({stage})}, {"cursor", empty()}});
    });
}

Document part_command(const PartCommand &part, Memory memory) noexcept {
    return guarded(memory, [&] {
        std::vector<Value> stages = stages_of(part.base_pipeline);
        std::vector<Value> conditions;
        if (part.filter.data)
            conditions.push_back(Value::document(part.filter));
        if (part.from.type)
            conditions.push_back(doc({{"_id", op(part.from_excluded ? "$gt" : "$gte", raw(part.from))}}));
        if (part.before.type)
            conditions.push_back(doc({{"_id", op("$lt", raw(part.before))}}));
        if (part.id_type)
            conditions.push_back(doc({{"_id", op("$type", part.id_type)}}));
        if (conditions.size() == 1)
            stages.push_back(op("$match", conditions[0]));
        else if (!conditions.empty())
            stages.push_back(op("$match", op("$and", list(conditions))));
        if (part.random)
            stages.push_back(op("$sample", doc({{"size", part.limit}})));
        else if (!part.natural)
            stages.push_back(op("$sort", doc({{"_id", part.descending ? -1 : 1}})));
        if (!part.random && part.limit)
            stages.push_back(op("$limit", part.limit));
        if (part.project)
            stages.push_back(op("$project", projection(part)));
        return aggregate(part.collection, stages);
    });
}

Document present_values_command(const char *collection, const char *path, Document values, Memory memory) noexcept {
    return guarded(memory, [&] {
        Value match = doc({{path, op("$in", Value::array(values))}});
        Value group = doc({{"_id", dollar(path).c_str()}, {"n", op("$sum", 1)}});
        return aggregate(collection, {op("$match", match), op("$group", group)});
    });
}

Document repeated_value_command(const char *collection, const char *path, Memory memory) noexcept {
    return guarded(memory, [&] {
        Value group = doc({{"_id", dollar(path).c_str()}, {"n", op("$sum", 1)}});
        Value repeated = doc({{"n", op("$gt", 1)}, {"_id", op("$ne", Value::null())}});
        return aggregate(collection, {op("$group", group), op("$match", repeated), op("$limit", 1)});
    });
}

Document find_and_modify_command(const char *collection, Document filter, Document update, FindAndModify how,
                                 Document write_concern, Memory memory) noexcept {
    return guarded(memory, [&] {
        std::vector<Field> command = {{"findAndModify", collection}, {"query", Value::document(filter)}};
        if (update.data) {
            command.push_back({"update", Value::document(update)});
            command.push_back({"new", true});
            if (how.upsert)
                command.push_back({"upsert", true});
        } else {
            command.push_back({"remove", true});
        }
        if (how.simple_collation)
            command.push_back({"collation", doc({{"locale", "simple"}})});
        if (write_concern.data)
            command.push_back({"writeConcern", Value::document(write_concern)});
        return doc(command);
    });
}

} // namespace mongo_fdw::mql
