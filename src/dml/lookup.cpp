// Look-ups of single documents. Zone B.
#include "dml/lookup.hpp"

#include "connect/write.hpp"
#include "pg/error.hpp"

namespace mongo_fdw {
void begin_lookup(Lookup *lookup, const TableOptions *table) {
    BsonWriter *writer = &lookup->writer;
    begin_writer(writer);
    lookup->command = begin_document(writer);
    write_key(writer, BsonType::String, key_of("find"));
    write_text(writer, table->collection, strlen(table->collection));
    lookup->filter = begin_field(writer, BsonType::Document, key_of("filter"));
}

BsonValue run_lookup(Lookup *lookup, const TableOptions *table, Oid user, int limit, bool id_only) {
    BsonWriter *writer = &lookup->writer;
    end_document(writer, lookup->filter);
    if (id_only) {
        int projection = begin_field(writer, BsonType::Document, key_of("projection"));
        write_int32(writer, key_of("_id"), 1);
        end_document(writer, projection);
    }
    write_int32(writer, key_of("limit"), limit);
    write_int32(writer, key_of("batchSize"), limit);
    write_key(writer, BsonType::Bool, key_of("singleBatch"));
    write_bytes(writer, "\1", 1);
    end_document(writer, lookup->command);
    mongo::Bytes reply{};
    mongo::Error failure{};
    if (!read_written(table, user, document_at(writer, lookup->command), &reply, &failure))
        raise_mongo_error(failure, table->server_name, table->name_space, nullptr);
    pfree(writer->buffer.data);
    BsonValue batch = field_of(field_of(reply.data, reply.size, "cursor"), "firstBatch");
    return batch.type == BsonType::Array ? batch : kMissing;
}

BsonValue stored_document(const TableOptions *table, Oid user, const BsonValue &id) {
    Lookup lookup;
    begin_lookup(&lookup, table);
    write_key(&lookup.writer, BsonType::Document, key_of("_id"));
    int inner = begin_document(&lookup.writer);
    write_value(&lookup.writer, key_of("$eq"), id);
    end_document(&lookup.writer, inner);
    BsonValue batch = run_lookup(&lookup, table, user, 1, false);
    return batch.type == BsonType::Array ? field_of(batch, "0") : kMissing;
}

} // namespace mongo_fdw
