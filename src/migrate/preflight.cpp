// What mongo.preflight asks that SQL cannot: a server about itself, and the disk. Zone B.
#include "connect/connect.hpp"
#include "convert/json.hpp"
#include "convert/writer.hpp"
#include "pg/arguments.hpp"
#include "pg/error.hpp"

extern "C" {
#include "catalog/pg_authid.h"
#include "utils/acl.h"

PG_FUNCTION_INFO_V1(mongo_server_reply);
PG_FUNCTION_INFO_V1(mongo_free_disk);
}

#include <sys/statvfs.h>

namespace mongo_fdw {
namespace {

// The commands that may be asked: they read, and tell of the server and of who asks, not of documents.
constexpr const char *kCommands[] = {"hello", "isMaster", "buildInfo", "connectionStatus"};

void write_flag(BsonWriter *writer, const char *key, bool value) {
    write_key(writer, BsonType::Bool, key_of(key));
    write_bytes(writer, value ? "\1" : "", 1);
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
    bool known = false;
    for (const char *name : kCommands)
        known = known || strcmp(name, command) == 0;
    if (!known)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("command \"%s\" is none of those asked", command)));
    BsonWriter writer;
    begin_writer(&writer);
    int start = begin_document(&writer);
    write_key(&writer, BsonType::Int32, key_of(command));
    write_le<int32_t>(&writer, 1);
    if (strcmp(command, "connectionStatus") == 0)
        write_flag(&writer, "showPrivileges", true);
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

// Bytes that the file system of the data directory has left for the server; NULL for users who may not know.
extern "C" Datum mongo_free_disk(PG_FUNCTION_ARGS) {
    struct statvfs disk;
    if (!has_privs_of_role(GetUserId(), ROLE_PG_MONITOR) || statvfs(DataDir, &disk) != 0)
        PG_RETURN_NULL();
    PG_RETURN_INT64(static_cast<int64>(disk.f_bavail) * static_cast<int64>(disk.f_frsize));
}
