// Collection statistics. Zone B.
#include "connect/stats.hpp"

#include "mql/commands.hpp"
#include "pg/error.hpp"
#include "pg/memory.hpp"

namespace mongo_fdw {

bool is_unsupported(const mongo::Error &error) {
    constexpr int kInvalidPipelineOperator = 168;
    return error.kind == mongo::ErrorKind::Server &&
           (sqlstate_of(error) == ERRCODE_FEATURE_NOT_SUPPORTED || error.code == kInvalidPipelineOperator);
}

namespace {

bool is_view_error(const mongo::Error &error) { return error.code == 166 || error.code == 167; }

bool ask(const DocumentSource &source, mql::Document command, mongo::Bytes *reply, mongo::Error *failure) {
    return run_command(source.server, source.user, source.database, {command.data, command.size}, reply, failure);
}

} // namespace

bool read_collection_stats(const DocumentSource &source, CollectionStats *stats, mongo::Error *failure) {
    *stats = {-1, -1};
    mongo::Bytes reply;
    if (ask(source, mql::collection_stats_command(source.collection, current_memory()), &reply, failure)) {
        BsonValue batch = field_of(field_of(reply.data, reply.size, "cursor"), "firstBatch");
        if (batch.type != BsonType::Array)
            return true;
        BsonReader shards(batch.data, batch.size); // one document a shard
        while (shards.next()) {
            double count = number_of(field_of(shards.value(), "count"), -1);
            double size = number_of(field_of(field_of(shards.value(), "storageStats"), "size"), -1);
            if (count >= 0)
                stats->documents = Max(stats->documents, 0) + count;
            if (size >= 0)
                stats->bytes = Max(stats->bytes, 0) + size;
        }
        return true;
    }
    if (!is_unsupported(*failure) || is_view_error(*failure))
        return false;
    if (!ask(source, mql::count_command(source.collection, current_memory()), &reply, failure))
        return false;
    stats->documents = number_of(field_of(reply.data, reply.size, "n"), -1);
    return true;
}

} // namespace mongo_fdw
