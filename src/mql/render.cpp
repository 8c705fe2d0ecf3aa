// Scans as find or aggregate commands, pipelines to and from JSON. Zone P.
#include "mql/render.hpp"
#include "mql/match.hpp"

#include <cstdio>
#include <cstring>

namespace mongo_fdw::mql {
namespace {

// Results live in these until the next call: the backend may leave by longjmp, so it never owns a bson_t.
bson_t *command_result = nullptr;
bson_t *pipeline_result = nullptr;
bson_t *parsed_result = nullptr;
bson_t *parsed_filter = nullptr;
char *json_result = nullptr;

bson_t *renewed(bson_t **result) {
    if (*result)
        bson_destroy(*result);
    return *result = bson_new();
}

Document document_of(const bson_t *document) { return {bson_get_data(document), document->len}; }

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

// Nothing for 0.
void append_count(bson_t *into, const char *name, int64_t count) {
    if (count <= 0)
        return;
    if (count <= INT32_MAX)
        bson_append_int32(into, name, -1, static_cast<int32_t>(count));
    else
        bson_append_int64(into, name, -1, count);
}

class StageList {
  public:
    explicit StageList(bson_t *array) : array_(array) {}
    void add(const bson_t *stage) {
        char key[16];
        const char *index;
        bson_uint32_to_string(count_++, &index, key, sizeof key);
        bson_append_document(array_, index, -1, stage);
    }
    void add_count(const char *name, int64_t count) {
        if (count <= 0)
            return;
        bson_t stage = BSON_INITIALIZER;
        append_count(&stage, name, count);
        add(&stage);
        bson_destroy(&stage);
    }
    void add(const char *name, const bson_t *argument) {
        bson_t stage = BSON_INITIALIZER;
        bson_append_document(&stage, name, -1, argument);
        add(&stage);
        bson_destroy(&stage);
    }

  private:
    bson_t *array_;
    uint32_t count_ = 0;
};

void append_projection(const ScanCommand &scan, bson_t *projection) {
    for (uint32_t i = 0; i < scan.project_count; i++)
        bson_append_int32(projection, scan.project[i], -1, 1);
    if (scan.project_count == 0)
        bson_append_int32(projection, "_id", -1, 1);
}

void append_read_settings(const ScanCommand &scan, bson_t *command) {
    bson_t inner;
    if (scan.read_concern && *scan.read_concern) {
        bson_append_document_begin(command, "readConcern", -1, &inner);
        bson_append_utf8(&inner, "level", -1, scan.read_concern, -1);
        bson_append_document_end(command, &inner);
    }
    if (scan.simple_collation) {
        bson_append_document_begin(command, "collation", -1, &inner);
        bson_append_utf8(&inner, "locale", -1, "simple", -1);
        bson_append_document_end(command, &inner);
    }
}

// Joins the clauses' conditions. A clause that is always true is left out.
Truth render_clauses(const ScanCommand &scan, bson_t *filter, bool *sayable) {
    ExpressionContext context{scan.filters, scan.columns, scan.operands, scan.zone_offset_ms};
    bson_t list = BSON_INITIALIZER, single = BSON_INITIALIZER;
    uint32_t count = 0;
    Truth result = Truth::Always;
    for (uint32_t i = 0; i < scan.root_count && result != Truth::Never; i++) {
        bson_t part = BSON_INITIALIZER;
        Truth truth = render_filter(context, scan.roots[i], &part, sayable);
        if (truth == Truth::Never) {
            result = Truth::Never;
        } else if (truth == Truth::Depends) {
            char key[16];
            const char *index;
            bson_uint32_to_string(count++, &index, key, sizeof key);
            bson_append_document(&list, index, -1, &part);
            if (count == 1)
                bson_concat(&single, &part);
        }
        bson_destroy(&part);
    }
    if (result != Truth::Never && count > 0) {
        result = Truth::Depends;
        if (count == 1)
            bson_concat(filter, &single);
        else
            bson_append_array(filter, "$and", -1, &list);
    }
    bson_destroy(&list);
    bson_destroy(&single);
    return result;
}

bool is_writing_stage(const char *key) { return std::strcmp(key, "$out") == 0 || std::strcmp(key, "$merge") == 0; }

const char *find_writing_stage(bson_iter_t *iterator, int depth) {
    while (bson_iter_next(iterator)) {
        const char *key = bson_iter_key(iterator);
        if (is_writing_stage(key))
            return key;
        bson_iter_t inner;
        if ((BSON_ITER_HOLDS_DOCUMENT(iterator) || BSON_ITER_HOLDS_ARRAY(iterator)) && depth < 200 &&
            bson_iter_recurse(iterator, &inner))
            if (const char *found = find_writing_stage(&inner, depth + 1))
                return found;
    }
    return nullptr;
}

} // namespace

ScanRendering render_scan(const ScanCommand &scan) noexcept {
    bson_t filter = BSON_INITIALIZER, projection = BSON_INITIALIZER, base = BSON_INITIALIZER;
    bson_t *command = renewed(&command_result), *pipeline = renewed(&pipeline_result);
    ScanRendering result{};
    result.aggregate = scan.base_pipeline.data != nullptr;
    bool sayable = true;
    Truth truth = render_clauses(scan, &filter, &sayable);
    result.never = truth == Truth::Never;
    bool too_large = !sayable || filter_is_too_large(&filter);
    if (scan.project)
        append_projection(scan, &projection);

    StageList stages(pipeline);
    if (result.aggregate && bson_init_static(&base, scan.base_pipeline.data, scan.base_pipeline.size)) {
        bson_iter_t iterator;
        if (bson_iter_init(&iterator, &base))
            while (bson_iter_next(&iterator)) {
                const uint8_t *data;
                uint32_t size;
                bson_t stage;
                bson_iter_document(&iterator, &size, &data);
                if (bson_init_static(&stage, data, size))
                    stages.add(&stage);
            }
    }
    if (result.never) {
        bson_reinit(&filter);
        bson_append_int32(&filter, "$alwaysFalse", -1, 1);
    }
    if (!bson_empty(&filter))
        stages.add("$match", &filter);
    if (scan.project)
        stages.add("$project", &projection);
    stages.add_count("$skip", scan.skip);
    stages.add_count("$limit", scan.limit);

    if (result.aggregate) {
        bson_append_utf8(command, "aggregate", -1, scan.collection, -1);
        bson_append_array(command, "pipeline", -1, pipeline);
        bson_append_bool(command, "allowDiskUse", -1, true);
    } else {
        bson_append_utf8(command, "find", -1, scan.collection, -1);
        bson_append_document(command, "filter", -1, &filter);
        if (scan.project)
            bson_append_document(command, "projection", -1, &projection);
        append_count(command, "skip", scan.skip);
        append_count(command, "limit", scan.limit);
    }
    append_read_settings(scan, command);
    result.pipeline = document_of(pipeline);
    if (!too_large)
        result.command = document_of(command);
    bson_destroy(&filter);
    bson_destroy(&projection);
    return result;
}

const char *to_json(Document document, bool array) noexcept {
    bson_t view;
    if (json_result)
        bson_free(json_result);
    json_result = nullptr;
    if (!bson_init_static(&view, document.data, document.size))
        return "";
    size_t length;
    if (array && bson_empty(&view))
        return "[ ]"; // versions differ in the blanks
    json_result = array ? array_as_json(&view, &length) : bson_as_relaxed_extended_json(&view, &length);
    return json_result ? json_result : "";
}

Document parse_pipeline(const char *json, char *message, size_t message_size) noexcept {
    bson_t *parsed = renewed(&parsed_result);
    bson_error_t error{};
    // libbson parses documents, not arrays: a wrapper makes one of the text.
    size_t length = std::strlen(json);
    char *wrapped = static_cast<char *>(bson_malloc(length + 16));
    std::snprintf(wrapped, length + 16, "{\"p\":%s}", json);
    bson_destroy(parsed);
    parsed_result = parsed = bson_new_from_json(reinterpret_cast<const uint8_t *>(wrapped), -1, &error);
    bson_free(wrapped);
    if (!parsed) {
        std::snprintf(message, message_size, "%s", error.message);
        return {};
    }
    bson_iter_t top, stage;
    if (!bson_iter_init_find(&top, parsed, "p") || !BSON_ITER_HOLDS_ARRAY(&top) || bson_count_keys(parsed) != 1) {
        std::snprintf(message, message_size, "a pipeline is a JSON array of stages");
        return {};
    }
    bson_iter_recurse(&top, &stage);
    while (bson_iter_next(&stage)) {
        bson_iter_t inner;
        if (!BSON_ITER_HOLDS_DOCUMENT(&stage)) {
            std::snprintf(message, message_size, "each stage of a pipeline is a JSON object");
            return {};
        }
        bson_iter_recurse(&stage, &inner);
        if (const char *writing = find_writing_stage(&inner, 0)) {
            std::snprintf(message, message_size, "stage \"%s\" writes, this pipeline may only read", writing);
            return {};
        }
    }
    Document result;
    bson_iter_array(&top, &result.size, &result.data);
    return result;
}

Document parse_filter(const char *json, char *message, size_t message_size) noexcept {
    bson_error_t error{};
    if (parsed_filter)
        bson_destroy(parsed_filter);
    parsed_filter = bson_new_from_json(reinterpret_cast<const uint8_t *>(json), -1, &error);
    if (parsed_filter && std::strspn(json, " \t\r\n") == std::strcspn(json, "{"))
        return document_of(parsed_filter);
    std::snprintf(message, message_size, "%s", parsed_filter ? "a filter is a JSON object" : error.message);
    return {};
}

} // namespace mongo_fdw::mql
