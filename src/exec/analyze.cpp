// ANALYZE: $sample first, then the projection, so that no more than the sample travels. Zone B.
//
// A value that does not fit its column counts as NULL, whatever the table's options say: statistics are no proof, and
// one odd document must not end an ANALYZE of the whole database.
#include "exec/analyze.hpp"

#include "connect/sample.hpp"
#include "connect/stats.hpp"
#include "convert/decode.hpp"
#include "mql/commands.hpp"

extern "C" {
#include "commands/vacuum.h"
#include "pg/memory.hpp"
#include "utils/sampling.h"
}

namespace mongo_fdw {
namespace {

constexpr double kGuessedWidth = 256; // bytes of a document where the server does not tell sizes

// Documents of the table: from metadata, else (views, base pipelines) counted by the server.
CollectionStats table_stats(const TableOptions *table, const DocumentSource &source, mql::Document pipeline) {
    CollectionStats stats{-1, -1};
    mongo::Error failure;
    if (!pipeline.data && read_collection_stats(source, &stats, &failure) && stats.documents >= 0)
        return stats;
    DocumentStream *stream =
        open_documents(source, mql::count_documents_command(table->collection, pipeline, {}, 0, current_memory()));
    BsonValue document;
    stats = {0, -1};
    if (next_document(stream, &document))
        stats.documents = number_of(field_of(document, "n"), 0);
    close_documents(stream);
    return stats;
}

// Rows kept so far; a row beyond the target replaces one at random (Vitter's algorithm R, as PostgreSQL's own ANALYZE
// uses for blocks): a child table gives more rows than documents were sampled.
struct Reservoir {
    HeapTuple *rows;
    int target;
    int kept;
    double seen;
    ReservoirStateData random;
};

void keep_row(Reservoir *reservoir, HeapTuple row) {
    reservoir->seen++;
    if (reservoir->kept < reservoir->target) {
        reservoir->rows[reservoir->kept++] = row;
        return;
    }
    int at = static_cast<int>(reservoir->seen * sampler_random_fract(&reservoir->random.randstate));
    if (at >= reservoir->target) {
        heap_freetuple(row);
        return;
    }
    heap_freetuple(reservoir->rows[at]);
    reservoir->rows[at] = row;
}

int acquire_rows(Relation relation, int elevel, HeapTuple *rows, int target, double *total, double *dead) {
    *dead = 0;
    TableOptions *table = read_table_options(RelationGetRelid(relation), OnError::Null);
    Oid user = relation->rd_rel->relowner;
    DocumentSource source = source_of(table, user);
    mql::Document pipeline = base_pipeline_of(table);
    CollectionStats stats = table_stats(table, source, pipeline);
    bool *needed = static_cast<bool *>(palloc0(Max(table->column_count, 1)));
    for (int i = 0; i < table->column_count; i++)
        needed[i] = !table->columns[i].dropped;
    const char **paths;
    SampleRequest request{};
    request.source = source;
    request.base_pipeline = pipeline;
    request.size = target;
    request.random = request.strict = true;
    if (projected_paths(table, needed, &paths, &request.project_count))
        request.project = paths;
    Sample *sample = open_sample(request);
    Decoder *decoder = make_decoder(table, needed);
    Datum *values = static_cast<Datum *>(palloc(sizeof(Datum) * Max(table->column_count, 1)));
    bool *nulls = static_cast<bool *>(palloc(Max(table->column_count, 1)));
    Reservoir reservoir{rows, target, 0, 0, {}};
    reservoir_init_selection_state(&reservoir.random, target);
    double documents = 0;
    BsonValue document;
    while (next_sampled(sample, &document)) {
        CHECK_FOR_INTERRUPTS();
        documents++;
        begin_document(decoder, document);
        while (decode_row(decoder, values, nulls))
            keep_row(&reservoir, heap_form_tuple(RelationGetDescr(relation), values, nulls));
    }
    const char *method = method_name(sample_method(sample));
    close_sample(sample);
    double all = Max(stats.documents, documents);
    *total = documents > 0 ? rint(all * (reservoir.seen / documents)) : 0;
    ereport(
        elevel,
        (errmsg("\"%s\": read %.0f of %.0f documents of \"%s\" (%s), %d rows in sample, %.0f estimated total "
                "rows",
                RelationGetRelationName(relation), documents, all, table->name_space, method, reservoir.kept, *total)));
    return reservoir.kept;
}

} // namespace

extern "C" bool mongoAnalyzeForeignTable(Relation relation, AcquireSampleRowsFunc *function, BlockNumber *pages) {
    TableOptions *table = read_table_options(RelationGetRelid(relation), OnError::Null);
    DocumentSource source = source_of(table, relation->rd_rel->relowner);
    CollectionStats stats;
    mongo::Error failure; // views have no sizes; acquire_rows raises for a server that cannot be reached
    read_collection_stats(source, &stats, &failure);
    double bytes = stats.bytes > 0 ? stats.bytes : stats.documents * kGuessedWidth;
    *pages = static_cast<BlockNumber>(Min(Max(ceil(bytes / BLCKSZ), 1), MaxBlockNumber));
    *function = acquire_rows;
    return true;
}

} // namespace mongo_fdw
