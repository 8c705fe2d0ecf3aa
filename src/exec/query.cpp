// mongo.query: a pipeline of the user's own, as rows of JSON. Zone B.
#include "connect/connect.hpp"
#include "convert/json.hpp"
#include "mql/render.hpp"
#include "options/options.hpp"
#include "pg/error.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(mongo_query);
}

namespace mongo_fdw {
namespace {

struct QueryState {
    mongo::Cursor *cursor;
};

void on_context_reset(void *argument) {
    QueryState *state = static_cast<QueryState *>(argument);
    if (state->cursor)
        mongo::close_cursor(state->cursor, false);
    state->cursor = nullptr;
}

JsonForm form_argument(const char *name) {
    JsonForm form;
    if (json_form_of_name(name, &form))
        return form;
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid JSON format: \"%s\"", name),
                    errhint("Valid values are \"simple\", \"relaxed\", \"canonical\", \"legacy\".")));
}

void check_usage(ForeignServer *server) {
#if PG_VERSION_NUM >= 160000
    AclResult result = object_aclcheck(ForeignServerRelationId, server->serverid, GetUserId(), ACL_USAGE);
#else
    AclResult result = pg_foreign_server_aclcheck(server->serverid, GetUserId(), ACL_USAGE);
#endif
    if (result != ACLCHECK_OK)
        aclcheck_error(result, OBJECT_FOREIGN_SERVER, server->servername);
}

char *text_argument(FunctionCallInfo fcinfo, int index, const char *name) {
    if (PG_ARGISNULL(index))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("argument \"%s\" must not be null", name)));
    return text_to_cstring(PG_GETARG_TEXT_PP(index));
}

char *utf8(const char *value) { return pstrdup(pg_server_to_any(value, strlen(value), PG_UTF8)); }

} // namespace
} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" Datum mongo_query(PG_FUNCTION_ARGS) {
    char *server_name = text_argument(fcinfo, 0, "server");
    char *database = text_argument(fcinfo, 1, "database");
    char *collection = text_argument(fcinfo, 2, "collection");
    char *pipeline = text_argument(fcinfo, 3, "pipeline"); // json has the layout of text
    JsonForm form = form_argument(text_argument(fcinfo, 4, "json_format"));
    ForeignServer *server = GetForeignServerByName(server_name, false);
    ForeignDataWrapper *wrapper = GetForeignDataWrapper(server->fdwid);
    if (strcmp(wrapper->fdwname, "mongo_fdw_cpp") != 0)
        ereport(ERROR,
                (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("server \"%s\" does not use mongo_fdw_cpp", server_name)));
    check_usage(server);

    char message[512];
    mql::ScanCommand scan{};
    scan.collection = utf8(collection);
    scan.base_pipeline = mql::parse_pipeline(utf8(pipeline), message, sizeof message);
    if (!scan.base_pipeline.data)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid pipeline"), errdetail("%s", message)));
    mql::ScanRendering rendering = mql::render_scan(scan);
    if (!rendering.command.data)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("the pipeline is too large")));
    uint8_t *command = static_cast<uint8_t *>(palloc(rendering.command.size));
    memcpy(command, rendering.command.data, rendering.command.size);

    InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
    ReturnSetInfo *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mongo.query", ALLOCSET_DEFAULT_SIZES);
    QueryState *state = static_cast<QueryState *>(MemoryContextAllocZero(context, sizeof(QueryState)));
    MemoryContextCallback *callback =
        static_cast<MemoryContextCallback *>(MemoryContextAllocZero(context, sizeof(MemoryContextCallback)));
    callback->func = on_context_reset;
    callback->arg = state;
    MemoryContextRegisterResetCallback(context, callback);

    mongo::CursorRequest request{};
    request.database = utf8(database);
    request.collection = scan.collection;
    request.command = {command, rendering.command.size};
    request.aggregate = true;
    request.fetch_bytes = 384 * 1024;
    char *name_space = psprintf("%s.%s", database, collection);
    state->cursor = open_cursor(server->serverid, GetUserId(), request, name_space, pipeline);

    Arena arena{AllocSetContextCreate(context, "mongo.query rows", ALLOCSET_DEFAULT_SIZES), nullptr, nullptr};
    for (;;) {
        mongo::Bytes batch = mongo::current_batch(state->cursor);
        BsonReader documents(batch.data, batch.size);
        uint32_t count = 0;
        while (documents.next()) {
            MemoryContext old = MemoryContextSwitchTo(arena.context);
            StringInfoData text;
            JsonNode node;
            initStringInfo(&text);
            json_node_of(documents.value(), form, &arena, &node);
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
            count++;
        }
        if (documents.malformed())
            ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
                            errmsg("server \"%s\" sent a malformed document", server_name)));
        CHECK_FOR_INTERRUPTS();
        mongo::Error error;
        if (mongo::next_batch(state->cursor, count, &error))
            continue;
        if (error.kind != mongo::ErrorKind::None)
            raise_mongo_error(error, server_name, name_space, pipeline);
        break;
    }
    mongo::Cursor *cursor = state->cursor;
    state->cursor = nullptr;
    mongo::close_cursor(cursor, true);
    MemoryContextDelete(context);
    PG_RETURN_VOID();
}
