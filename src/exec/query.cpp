// mongo.query: a pipeline of the user's own, as rows of JSON. Zone B.
#include "connect/documents.hpp"
#include "connect/write.hpp"
#include "convert/json.hpp"
#include "convert/query_json.hpp"
#include "pg/arguments.hpp"
#include "pg/memory.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(mongo_query);
}

namespace mongo_fdw {
namespace {

JsonForm form_argument(const char *name) {
    JsonForm form;
    if (json_form_of_name(name, &form))
        return form;
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid JSON format: \"%s\"", name),
                    errhint("Valid values are \"simple\", \"relaxed\", \"canonical\", \"legacy\".")));
}

} // namespace
} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" Datum mongo_query(PG_FUNCTION_ARGS) {
    char *server_name = text_argument(fcinfo, 0, "server");
    char *database = text_argument(fcinfo, 1, "database");
    char *collection = text_argument(fcinfo, 2, "collection");
    char *pipeline = text_argument(fcinfo, 3, "pipeline"); // json has the layout of text
    JsonForm form = form_argument(text_argument(fcinfo, 4, "json_format"));
    ForeignServer *server = usable_server(server_name);

    mql::ScanCommand scan{};
    scan.collection = utf8_of(collection);
    scan.base_pipeline = read_pipeline(pipeline, "invalid pipeline", ERRCODE_INVALID_PARAMETER_VALUE);
    char *name_space = psprintf("%s.%s", database, collection);
    const TableOptions *options = read_transaction_options(server, name_space);
    bool transacts = enter_transaction(options, GetUserId(), reads_snapshot(options));
    scan.read_concern = transacts ? nullptr : options->read_concern;
    mql::ScanRendering rendering = mql::render_scan(scan, current_memory());
    if (!rendering.command.data)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("the pipeline is too large")));
    InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
    ReturnSetInfo *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    DocumentSource source{server->serverid, GetUserId(), utf8_of(database), scan.collection, name_space, pipeline};
    source.in_transaction = transacts;
    DocumentStream *stream = open_documents(source, rendering.command);
    Arena arena{AllocSetContextCreate(CurrentMemoryContext, "mongo.query rows", ALLOCSET_DEFAULT_SIZES), nullptr,
                nullptr};
    BsonValue document;
    while (next_document(stream, &document)) {
        MemoryContext old = MemoryContextSwitchTo(arena.context);
        StringInfoData text;
        JsonNode node;
        initStringInfo(&text);
        json_node_of(document, form, &arena, &node);
        JsonFault fault = append_json(&text, node, form, &arena);
        if (fault != JsonFault::None)
            ereport(ERROR, (errcode(fault == JsonFault::Malformed ? ERRCODE_PROTOCOL_VIOLATION
                                                                  : ERRCODE_UNTRANSLATABLE_CHARACTER),
                            errmsg("a document of \"%s\" cannot be shown as json", name_space)));
        Datum value = PointerGetDatum(cstring_to_text_with_len(text.data, text.len));
        bool null = false;
        tuplestore_putvalues(result->setResult, result->setDesc, &value, &null);
        MemoryContextSwitchTo(old);
        arena_reset(&arena);
    }
    close_documents(stream);
    MemoryContextDelete(arena.context);
    PG_RETURN_VOID();
}
