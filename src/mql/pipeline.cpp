// Pipelines and write concerns of users. Zone P.
#include "mql/pipeline.hpp"
#include "mql/build.hpp"

#include <bson/bson.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace mongo_fdw::mql {
namespace {

// Stages that no read may have.
struct RefusedStage {
    const char *name;
    const char *reason; // behind: stage "..."
    const char *hint;
};
constexpr const char *kPollHint =
    "Ask again by a field that grows, for example {\"$match\": {\"_id\": {\"$gt\": ...}}}.";
constexpr RefusedStage kRefusedStages[] = {
    {"$out", "writes, this pipeline may only read", nullptr},
    {"$merge", "writes, this pipeline may only read", nullptr},
    {"$changeStream", "waits for changes without an end, a query must end", kPollHint},
};

const RefusedStage *refused_stage(const char *key) {
    for (const RefusedStage &row : kRefusedStages)
        if (std::strcmp(row.name, key) == 0)
            return &row;
    return nullptr;
}

const RefusedStage *find_refused_stage(bson_iter_t *iterator, int depth) {
    constexpr int kDeepest = 200;
    while (bson_iter_next(iterator)) {
        if (const RefusedStage *row = refused_stage(bson_iter_key(iterator)))
            return row;
        bson_iter_t inner;
        if ((BSON_ITER_HOLDS_DOCUMENT(iterator) || BSON_ITER_HOLDS_ARRAY(iterator)) && depth < kDeepest &&
            bson_iter_recurse(iterator, &inner))
            if (const RefusedStage *row = find_refused_stage(&inner, depth + 1))
                return row;
    }
    return nullptr;
}

bool refuse(Refusal *refusal, const char *reason, const char *hint = nullptr) {
    std::snprintf(refusal->reason, sizeof refusal->reason, "%s", reason);
    refusal->hint = hint;
    return false;
}

} // namespace

bool may_read_by(Document pipeline, Refusal *refusal) noexcept {
    bson_t view;
    bson_iter_t stage, inner;
    if (!bson_init_static(&view, pipeline.data, pipeline.size) || !bson_iter_init(&stage, &view))
        return refuse(refusal, "it is no BSON array");
    while (bson_iter_next(&stage)) {
        if (!BSON_ITER_HOLDS_DOCUMENT(&stage) || !bson_iter_recurse(&stage, &inner))
            return refuse(refusal, "each stage of a pipeline is a JSON object");
        if (const RefusedStage *row = find_refused_stage(&inner, 0)) {
            std::snprintf(refusal->reason, sizeof refusal->reason, "stage \"%s\" %s", row->name, row->reason);
            refusal->hint = row->hint;
            return false;
        }
    }
    return true;
}

bool is_write_concern(Document concern, Refusal *refusal) noexcept {
    bson_t view;
    bson_iter_t field;
    if (!bson_init_static(&view, concern.data, concern.size) || !bson_iter_init(&field, &view))
        return refuse(refusal, "it is no BSON document");
    while (bson_iter_next(&field)) {
        const char *key = bson_iter_key(&field);
        bool number = BSON_ITER_HOLDS_NUMBER(&field);
        bool none = std::strcmp(key, "w") == 0 && number && bson_iter_as_int64(&field) < 1;
        bool known = std::strcmp(key, "w") == 0          ? number || BSON_ITER_HOLDS_UTF8(&field)
                     : std::strcmp(key, "j") == 0        ? BSON_ITER_HOLDS_BOOL(&field)
                     : std::strcmp(key, "wtimeout") == 0 ? number
                                                         : false;
        if (known && !none)
            continue;
        std::snprintf(refusal->reason, sizeof refusal->reason,
                      none ? "Without an acknowledgement nobody knows what was written: \"%s\" is at least 1."
                           : "\"%s\" is none of w, j and wtimeout, or of another type.",
                      key);
        refusal->hint = nullptr;
        return false;
    }
    return true;
}

Document write_concern_of_word(const char *word, Memory memory, Refusal *refusal) noexcept {
    constexpr long kMostMembers = 50;
    try {
        char *end;
        long members = std::strtol(word, &end, 10);
        bool number = end != word && *end == '\0';
        if (number && members >= 1 && members <= kMostMembers)
            return keep(memory, doc({{"w", static_cast<int32_t>(members)}}));
        if (!number && *word)
            return keep(memory, doc({{"w", word}}));
        refuse(refusal, number ? "A number of members is from 1 to 50."
                               : "It is a number of members, \"majority\", a tag, or a JSON object.");
    } catch (...) {
        refuse(refusal, "out of memory");
    }
    return {};
}

} // namespace mongo_fdw::mql
