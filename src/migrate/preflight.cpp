// What mongo.preflight asks that SQL cannot: a server about itself, and the disk. Zone B.
#include "catalog/collections.hpp"
#include "connect/documents.hpp"
#include "convert/json.hpp"
#include "convert/writer.hpp"
#include "pg/arguments.hpp"
#include "pg/error.hpp"
#include "plan/features.hpp"

extern "C" {
#include "catalog/pg_authid.h"
#include "utils/acl.h"

PG_FUNCTION_INFO_V1(mongo_server_reply);
PG_FUNCTION_INFO_V1(mongo_lacking_operators);
PG_FUNCTION_INFO_V1(mongo_collection_options);
PG_FUNCTION_INFO_V1(mongo_change_stream_refusal);
PG_FUNCTION_INFO_V1(mongo_free_disk);
}

#include <sys/statvfs.h>

namespace mongo_fdw {
namespace {

// The commands that may be asked: they read, and tell of the server and of who asks, not of documents.
struct Question {
    const char *command;
    const char *flag; // what it is given beside its name; null: nothing
};
constexpr Question kQuestions[] = {
    {"hello", nullptr},
    {"isMaster", nullptr},
    {"buildInfo", nullptr},
    {"connectionStatus", "showPrivileges"},
    {"getParameter", "minSnapshotHistoryWindowInSeconds"},
};

const Question *question_of(const char *command) {
    for (const Question &question : kQuestions)
        if (strcmp(question.command, command) == 0)
            return &question;
    return nullptr;
}

void write_flag(BsonWriter *writer, const char *key) {
    write_key(writer, BsonType::Bool, key_of(key));
    write_bytes(writer, "\1", 1);
}

// {aggregate: 1, pipeline: [{$changeStream: {}}], cursor: {}}: a change stream of a whole database.
mql::Document change_stream_command() {
    BsonWriter writer;
    begin_writer(&writer);
    int command = begin_document(&writer);
    write_int32(&writer, key_of("aggregate"), 1);
    int pipeline = begin_field(&writer, BsonType::Array, key_of("pipeline"));
    int stage = begin_field(&writer, BsonType::Document, key_of("0"));
    end_document(&writer, begin_field(&writer, BsonType::Document, key_of("$changeStream")));
    end_document(&writer, stage);
    end_document(&writer, pipeline);
    end_document(&writer, begin_field(&writer, BsonType::Document, key_of("cursor")));
    end_document(&writer, command);
    mongo::Bytes bytes = document_at(&writer, command);
    return {bytes.data, bytes.size};
}

char *refusal_json(const mongo::Error &failure) {
    StringInfoData text;
    initStringInfo(&text);
    appendStringInfo(&text, "{\"ok\": 0, \"code\": %d, \"errmsg\": ", failure.code);
    escape_json(&text, pg_any_to_server(failure.message, strlen(failure.message), PG_UTF8));
    appendStringInfoChar(&text, '}');
    return text.data;
}

} // namespace
} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" Datum mongo_server_reply(PG_FUNCTION_ARGS) {
    ForeignServer *server = usable_server(text_argument(fcinfo, 0, "server"));
    char *command = text_argument(fcinfo, 1, "command");
    const Question *question = question_of(command);
    if (!question)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("command \"%s\" is none of those asked", command)));
    BsonWriter writer;
    begin_writer(&writer);
    int start = begin_document(&writer);
    write_int32(&writer, key_of(command), 1);
    if (question->flag)
        write_flag(&writer, question->flag);
    end_document(&writer, start);
    mongo::Bytes reply{};
    mongo::Error failure{};
    if (!run_command(server->serverid, GetUserId(), "admin", document_at(&writer, start), &reply, &failure)) {
        if (failure.kind != mongo::ErrorKind::Server)
            raise_mongo_error(failure, server->servername, "admin", nullptr);
        PG_RETURN_TEXT_P(cstring_to_text(refusal_json(failure)));
    }
    PG_RETURN_TEXT_P(cstring_to_text(shown_json({BsonType::Document, reply.data, reply.size})));
}

// What a server lacks of the operators that are pushed down: their names, and the version of MongoDB that has them.
extern "C" Datum mongo_lacking_operators(PG_FUNCTION_ARGS) {
    ForeignServer *server = usable_server(text_argument(fcinfo, 0, "server"));
    const char *database = utf8_of(text_argument(fcinfo, 1, "database"));
    InitMaterializedSRF(fcinfo, 0);
    ReturnSetInfo *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    constexpr int kFeatures = static_cast<int>(mql::Feature::Count);
    uint32_t lacking = lacking_features(server->serverid, GetUserId(), database, "preflight", (1u << kFeatures) - 1);
    for (int i = 1; i < kFeatures; i++) {
        if (!(lacking >> i & 1))
            continue;
        const mql::FeatureRow &row = mql::feature_row(static_cast<mql::Feature>(i));
        Datum values[2] = {CStringGetTextDatum(row.operators), CStringGetTextDatum(row.since)};
        bool nulls[2] = {false, false};
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    }
    PG_RETURN_VOID();
}

// The options that listCollections tells of each collection of a database; no row where the server refuses to.
extern "C" Datum mongo_collection_options(PG_FUNCTION_ARGS) {
    ForeignServer *server = usable_server(text_argument(fcinfo, 0, "server"));
    const char *database = utf8_of(text_argument(fcinfo, 1, "database"));
    InitMaterializedSRF(fcinfo, 0);
    ReturnSetInfo *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    mongo::Error failure{};
    ListCell *cell;
    foreach (cell, list_collections(server->serverid, GetUserId(), database, &failure)) {
        const CollectionInfo *info = static_cast<CollectionInfo *>(lfirst(cell));
        bool known = info->options.type == BsonType::Document;
        Datum values[2] = {CStringGetTextDatum(info->shown),
                           known ? CStringGetTextDatum(shown_json(info->options)) : Datum{}};
        bool nulls[2] = {false, !known};
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    }
    PG_RETURN_VOID();
}

// Opens a change stream of a database and closes it: NULL where the server gives one, else what it says.
extern "C" Datum mongo_change_stream_refusal(PG_FUNCTION_ARGS) {
    ForeignServer *server = usable_server(text_argument(fcinfo, 0, "server"));
    char *database = text_argument(fcinfo, 1, "database");
    mongo::Error failure{};
    DocumentSource source{server->serverid, GetUserId(), utf8_of(database), "", database};
    DocumentStream *stream = open_documents(source, change_stream_command(), &failure);
    if (!stream) {
        if (failure.kind != mongo::ErrorKind::Server)
            raise_mongo_error(failure, server->servername, database, nullptr);
        PG_RETURN_TEXT_P(cstring_to_text(readable_text(failure.message, strlen(failure.message))));
    }
    close_documents(stream);
    PG_RETURN_NULL();
}

// Bytes that the file system of the data directory has left for the server; NULL for users who may not know.
extern "C" Datum mongo_free_disk(PG_FUNCTION_ARGS) {
    struct statvfs disk;
    if (!has_privs_of_role(GetUserId(), ROLE_PG_MONITOR) || statvfs(DataDir, &disk) != 0)
        PG_RETURN_NULL();
    PG_RETURN_INT64(static_cast<int64>(disk.f_bavail) * static_cast<int64>(disk.f_frsize));
}
