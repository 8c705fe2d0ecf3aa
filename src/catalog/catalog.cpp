// mongo.catalog: databases and collections of a server. Zone B.
#include "catalog/collections.hpp"

#include "connect/stats.hpp"
#include "convert/json.hpp"
#include "mql/commands.hpp"
#include "pg/arguments.hpp"
#include "pg/memory.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(mongo_catalog);
}

namespace mongo_fdw {
namespace {

enum Column : int {
    kDatabase,
    kCollection,
    kKind,
    kDocuments,
    kBytes,
    kAverageBytes,
    kIndexes,
    kValidator,
    kNote,
    kColumns
};

struct Row {
    Datum values[kColumns];
    bool nulls[kColumns];
    Row() { memset(nulls, true, sizeof nulls); }
    void set(Column column, Datum value) {
        values[column] = value;
        nulls[column] = false;
    }
    void text(Column column, const char *value) { set(column, CStringGetTextDatum(value)); }
    void write(ReturnSetInfo *result) { tuplestore_putvalues(result->setResult, result->setDesc, values, nulls); }
};

// What a server counts, as bigint.
int64 whole(double count) { return count < 9e18 ? static_cast<int64>(count) : PG_INT64_MAX; }

const char *note_of(const mongo::Error &failure) {
    int length = static_cast<int>(strlen(failure.message));
    // The message may have been cut in the middle of a character.
    length = pg_encoding_mbcliplen(PG_UTF8, failure.message, length, length);
    const char *message = readable_text(failure.message, static_cast<uint32_t>(length));
    return failure.code ? psprintf("code %d: %s", failure.code, message) : message;
}

// A value as jsonb in relaxed Extended JSON; false where jsonb cannot hold it.
bool jsonb_of(const BsonValue &value, Datum *out) {
    Arena arena{CurrentMemoryContext, nullptr, nullptr};
    JsonNode node;
    json_node_of(value, JsonForm::Relaxed, &arena, &node);
    return make_jsonb(node, JsonForm::Relaxed, &arena, out) == JsonFault::None;
}

// Documents as json, which keeps the order of their keys: that of a compound index. False where it cannot say them.
bool json_of_list(List *list, Datum *out) {
    JsonNode node{};
    node.kind = JsonNode::Kind::List;
    node.length = list_length(list);
    BsonValue *values = static_cast<BsonValue *>(palloc(sizeof(BsonValue) * Max(node.length, 1)));
    ListCell *cell;
    int at = 0;
    foreach (cell, list)
        values[at++] = *static_cast<BsonValue *>(lfirst(cell));
    node.values = values;
    Arena arena{CurrentMemoryContext, nullptr, nullptr};
    StringInfoData text;
    initStringInfo(&text);
    if (append_json(&text, node, JsonForm::Relaxed, &arena) != JsonFault::None)
        return false;
    *out = PointerGetDatum(cstring_to_text_with_len(text.data, text.len));
    return true;
}

bool is_named(List *collections, const char *name) {
    ListCell *cell;
    foreach (cell, collections)
        if (strcmp(static_cast<CollectionInfo *>(lfirst(cell))->name, name) == 0)
            return true;
    return false;
}

// The bucket of a GridFS collection: BUCKET.files beside BUCKET.chunks; null for another collection.
const char *bucket_of(List *collections, const char *name) {
    static const char *const kEndings[2] = {".files", ".chunks"};
    for (int i = 0; i < 2; i++) {
        size_t length = strlen(name), ending = strlen(kEndings[i]);
        if (length <= ending || strcmp(name + length - ending, kEndings[i]) != 0)
            continue;
        const char *bucket = pnstrdup(name, length - ending);
        if (is_named(collections, psprintf("%s%s", bucket, kEndings[1 - i])))
            return bucket;
    }
    return nullptr;
}

const char *kind_of(const CollectionInfo *info, const char *bucket) {
    if (info->view)
        return "view";
    if (info->timeseries)
        return "time series";
    if (is_true(field_of(info->options, "capped")))
        return "capped";
    return bucket ? "gridfs" : "collection";
}

void describe_collection(Row *row, const DocumentSource &source, const CollectionInfo *info, List *collections) {
    const char *bucket = bucket_of(collections, info->name), *note = nullptr;
    row->text(kCollection, info->shown);
    row->text(kKind, kind_of(info, bucket));
    if (bucket)
        note = psprintf("GridFS bucket \"%s\"", readable_text(bucket, strlen(bucket)));
    Datum value;
    if (info->validator.type == BsonType::Document && jsonb_of(info->validator, &value))
        row->set(kValidator, value);
    if (info->view) {
        BsonValue origin = field_of(info->options, "viewOn");
        uint32_t length;
        if (origin.type == BsonType::String) {
            const char *name = text_of(origin, &length);
            note = psprintf("view on \"%s\"", readable_text(name, length));
        }
    } else {
        mongo::Error failure;
        CollectionStats stats;
        if (!read_collection_stats(source, &stats, &failure)) {
            raise_unless_refused(failure, source);
            note = note_of(failure);
        }
        if (stats.documents >= 0)
            row->set(kDocuments, Int64GetDatum(whole(stats.documents)));
        if (stats.bytes > 0 || (stats.bytes == 0 && stats.documents == 0)) {
            row->set(kBytes, Int64GetDatum(whole(stats.bytes)));
            if (stats.documents > 0)
                row->set(kAverageBytes, Int64GetDatum(whole(rint(stats.bytes / stats.documents))));
        }
        failure.kind = mongo::ErrorKind::None;
        List *indexes = list_indexes(source, &failure);
        if (failure.kind != mongo::ErrorKind::None)
            note = note_of(failure);
        else if (json_of_list(indexes, &value))
            row->set(kIndexes, value);
    }
    if (note)
        row->text(kNote, note);
}

void describe_database(ReturnSetInfo *result, Oid server, const char *database) {
    mongo::Error failure;
    failure.kind = mongo::ErrorKind::None;
    const char *shown = readable_text(database, strlen(database));
    List *collections = list_collections(server, GetUserId(), database, &failure);
    if (failure.kind != mongo::ErrorKind::None) {
        Row row;
        row.text(kDatabase, shown);
        row.text(kKind, "database");
        row.text(kNote, note_of(failure));
        row.write(result);
        return;
    }
    ListCell *cell;
    foreach (cell, collections) {
        const CollectionInfo *info = static_cast<CollectionInfo *>(lfirst(cell));
        CHECK_FOR_INTERRUPTS();
        Row row;
        row.text(kDatabase, shown);
        describe_collection(&row,
                            {server, GetUserId(), database, info->name, psprintf("%s.%s", shown, info->shown), nullptr},
                            info, collections);
        row.write(result);
    }
}

bool is_system_database(const char *name) {
    return strcmp(name, "admin") == 0 || strcmp(name, "config") == 0 || strcmp(name, "local") == 0;
}

// Names of all databases but the system's, in UTF-8.
List *users_databases(Oid server) {
    List *names = NIL;
    ListCell *cell;
    foreach (cell, list_databases(server, nullptr))
        if (!is_system_database(static_cast<char *>(lfirst(cell))))
            names = lappend(names, lfirst(cell));
    return names;
}

} // namespace
} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" Datum mongo_catalog(PG_FUNCTION_ARGS) {
    ForeignServer *server = usable_server(text_argument(fcinfo, 0, "server"));
    List *databases =
        PG_ARGISNULL(1) ? users_databases(server->serverid) : list_make1(utf8_of(text_argument(fcinfo, 1, "database")));
    InitMaterializedSRF(fcinfo, 0);
    ListCell *cell;
    foreach (cell, databases)
        describe_database(reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo), server->serverid,
                          static_cast<char *>(lfirst(cell)));
    PG_RETURN_VOID();
}
