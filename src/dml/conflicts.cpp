// Look-ups of unique keys. Zone B.
#include "dml/conflicts.hpp"

#include "connect/connect.hpp"
#include "connect/write.hpp"
#include "convert/writer.hpp"
#include "mql/commands.hpp"
#include "pg/error.hpp"

namespace mongo_fdw {

struct UniqueIndex {
    BsonValue keys;
    bool sparse;
};

struct UniqueIndexes {
    UniqueIndex *items;
    int count;
};

namespace {

constexpr BsonValue kMissing{BsonType::Missing, nullptr, 0};

// The value at a dotted path; *through_array: an array holds it or stands on the way, and has keys of its own.
BsonValue value_at(mongo::Bytes document, const char *path, bool *through_array) {
    BsonValue value{BsonType::Document, document.data, document.size};
    while (*path) {
        const char *dot = strchr(path, '.');
        const char *key = dot ? pnstrdup(path, dot - path) : path;
        if (value.type == BsonType::Array)
            *through_array = true;
        value = value.type == BsonType::Document ? field_of(value, key) : kMissing;
        path = dot ? dot + 1 : "";
    }
    *through_array = *through_array || value.type == BsonType::Array;
    return value;
}

// Appends {path: {$eq: value}, ...} for an index; false, and nothing, where it says nothing about the document.
bool append_key(BsonWriter *writer, FieldKey number, const UniqueIndex &index, mongo::Bytes document) {
    int at = writer->buffer.len;
    write_key(writer, BsonType::Document, number);
    int start = begin_document(writer);
    bool through_array = false, any = false;
    BsonReader keys(index.keys.data, index.keys.size);
    while (keys.next()) {
        BsonValue value = value_at(document, keys.key(), &through_array);
        any = any || value.type != BsonType::Missing;
        write_key(writer, BsonType::Document, key_of(keys.key()));
        int inner = begin_document(writer);
        if (value.type == BsonType::Missing)
            write_null(writer, key_of("$eq"));
        else
            write_value(writer, key_of("$eq"), value);
        end_document(writer, inner);
    }
    end_document(writer, start);
    if (!through_array && (any || !index.sparse))
        return true;
    writer->buffer.len = at;
    return false;
}

} // namespace

UniqueIndexes *read_unique_indexes(const TableOptions *table, Oid user) {
    mongo::Bytes reply{};
    mongo::Error failure{};
    mql::Document command = mql::list_indexes_command(table->collection);
    constexpr int32_t kNamespaceNotFound = 26;
    UniqueIndexes *indexes = static_cast<UniqueIndexes *>(palloc0(sizeof(UniqueIndexes)));
    bool told = run_command(table->server, user, table->database, {command.data, command.size}, &reply, &failure);
    if (!told && !(failure.kind == mongo::ErrorKind::Server && failure.code == kNamespaceNotFound))
        raise_mongo_error(failure, table->server_name, table->name_space, nullptr);
    BsonValue list = told ? field_of(field_of(reply.data, reply.size, "cursor"), "firstBatch") : kMissing;
    BsonReader reader(list.data, list.type == BsonType::Array ? list.size : 0);
    while (list.type == BsonType::Array && reader.next()) {
        BsonValue keys = field_of(reader.value(), "key");
        bool is_id = keys.type == BsonType::Document && field_of(keys, "_id").type != BsonType::Missing &&
                     is_text(field_of(reader.value(), "name"), "_id_");
        if (!is_id && !is_true(field_of(reader.value(), "unique")))
            continue;
        if (field_of(reader.value(), "partialFilterExpression").type != BsonType::Missing)
            continue;
        Size size = sizeof(UniqueIndex) * (indexes->count + 1);
        indexes->items = static_cast<UniqueIndex *>(indexes->items ? repalloc(indexes->items, size) : palloc(size));
        uint8_t *copy = static_cast<uint8_t *>(palloc(keys.size));
        memcpy(copy, keys.data, keys.size);
        indexes->items[indexes->count++] = {{BsonType::Document, copy, keys.size},
                                            is_true(field_of(reader.value(), "sparse"))};
    }
    return indexes;
}

bool any_exists(const TableOptions *table, Oid user, const UniqueIndexes *indexes, const mongo::Bytes *documents,
                uint32 count) {
    BsonWriter writer;
    begin_writer(&writer);
    int command = begin_document(&writer);
    write_key(&writer, BsonType::String, key_of("find"));
    write_text(&writer, table->collection, strlen(table->collection));
    write_key(&writer, BsonType::Document, key_of("filter"));
    int filter = begin_document(&writer);
    write_key(&writer, BsonType::Array, key_of("$or"));
    int list = begin_document(&writer);
    uint32 alternatives = 0;
    for (uint32 i = 0; i < count; i++)
        for (int j = 0; j < indexes->count; j++)
            alternatives += append_key(&writer, IndexKey(alternatives).key, indexes->items[j], documents[i]);
    end_document(&writer, list);
    end_document(&writer, filter);
    write_key(&writer, BsonType::Int32, key_of("limit"));
    write_le<int32_t>(&writer, 1);
    write_key(&writer, BsonType::Bool, key_of("singleBatch"));
    write_bytes(&writer, "\1", 1);
    end_document(&writer, command);
    if (alternatives == 0)
        return false;
    mongo::Bytes reply{};
    mongo::Error failure{};
    if (!modify_document(table, user, document_at(&writer, 0), &reply, &failure))
        raise_mongo_error(failure, table->server_name, table->name_space, nullptr);
    pfree(writer.buffer.data);
    BsonValue batch = field_of(field_of(reply.data, reply.size, "cursor"), "firstBatch");
    constexpr uint32_t kEmpty = 5;
    return batch.type == BsonType::Array && batch.size > kEmpty;
}

} // namespace mongo_fdw
