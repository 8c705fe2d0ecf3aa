// The bare driver as a yardstick: drains one find through libmongoc's own cursor and says how long it took.
// usage: drain URI DATABASE COLLECTION BATCH_SIZE [FIELD...]     prints: documents bytes seconds
// PIPELINE in the environment is a JSON array of stages: an aggregation in place of the find. POINTS is a number of
// documents to find one by one, by _id: random numbers below DOCUMENTS. INSERT is a number of documents of the
// collection to insert into it once more, BATCH_SIZE at a time; UPDATE a number of _ids from 1 on whose field i0 is
// set, DELETE one of _ids that are removed. With JSON=1 in the environment each document is also written as relaxed
// Extended JSON, with DECIMAL=1 each Decimal128 as text: what a wrapper pays that goes through text.
#include <mongoc/mongoc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

int report(int count, Clock::time_point begin, bool done, const bson_error_t &error) {
    if (!done)
        std::fprintf(stderr, "%s\n", error.message);
    std::printf("%d 0 %.6f\n", count, std::chrono::duration<double>(Clock::now() - begin).count());
    return done ? 0 : 1;
}

int insert_again(mongoc_collection_t *collection, int count, int batch) {
    bson_t filter = BSON_INITIALIZER;
    std::vector<const bson_t *> documents;
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(collection, &filter, nullptr, nullptr);
    const bson_t *document;
    while (static_cast<int>(documents.size()) < count && mongoc_cursor_next(cursor, &document))
        documents.push_back(bson_copy(document));
    mongoc_cursor_destroy(cursor);
    bson_t *options = BCON_NEW("validate", BCON_BOOL(false));
    bson_error_t error{};
    bool done = true;
    auto begin = Clock::now();
    for (size_t at = 0; done && at < documents.size(); at += static_cast<size_t>(batch))
        done = mongoc_collection_insert_many(collection, &documents[at],
                                             std::min(documents.size() - at, static_cast<size_t>(batch)), options,
                                             nullptr, &error);
    return report(static_cast<int>(documents.size()), begin, done, error);
}

// Sets a field of documents by their _id, or removes them.
int write_by_id(mongoc_collection_t *collection, int count, int batch, bool remove) {
    bson_t *options = BCON_NEW("validate", BCON_BOOL(false));
    bson_error_t error{};
    bool done = true;
    auto begin = Clock::now();
    for (int at = 1; done && at <= count; at += batch) {
        mongoc_bulk_operation_t *bulk = mongoc_collection_create_bulk_operation_with_opts(collection, nullptr);
        for (int i = at; i < at + batch && i <= count; i++) {
            bson_t *filter = BCON_NEW("_id", BCON_INT32(i)), *update = BCON_NEW("$set", "{", "i0", BCON_INT32(i), "}");
            if (remove)
                mongoc_bulk_operation_remove_one_with_opts(bulk, filter, nullptr, nullptr);
            else
                mongoc_bulk_operation_update_one_with_opts(bulk, filter, update, options, nullptr);
            bson_destroy(filter);
            bson_destroy(update);
        }
        done = mongoc_bulk_operation_execute(bulk, nullptr, &error) != 0;
        mongoc_bulk_operation_destroy(bulk);
    }
    return report(count, begin, done, error);
}

} // namespace

int main(int argc, char **argv) {
    if (argc < 5)
        return 2;
    mongoc_init();
    mongoc_client_t *client = mongoc_client_new(argv[1]);
    mongoc_collection_t *collection = mongoc_client_get_collection(client, argv[2], argv[3]);
    bson_t filter = BSON_INITIALIZER, options = BSON_INITIALIZER, projection;
    bson_append_int32(&options, "batchSize", -1, std::atoi(argv[4]));
    if (argc > 5) {
        bson_append_document_begin(&options, "projection", -1, &projection);
        for (int i = 5; i < argc; i++)
            bson_append_int32(&projection, argv[i], -1, 1);
        bson_append_document_end(&options, &projection);
    }
    if (const char *points = std::getenv("POINTS")) {
        int documents = std::atoi(std::getenv("DOCUMENTS")), found = 0;
        auto begin = std::chrono::steady_clock::now();
        unsigned random = 7;
        for (int i = 0; i < std::atoi(points); i++) {
            random = random * 1664525u + 1013904223u;
            bson_t *one = BCON_NEW("_id", BCON_INT32(static_cast<int>(random % static_cast<unsigned>(documents))));
            mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(collection, one, &options, nullptr);
            const bson_t *document;
            while (mongoc_cursor_next(cursor, &document))
                found++;
            mongoc_cursor_destroy(cursor);
            bson_destroy(one);
        }
        std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        std::printf("%d 0 %.6f\n", found, took.count());
        return 0;
    }
    if (const char *inserts = std::getenv("INSERT"))
        return insert_again(collection, std::atoi(inserts), std::atoi(argv[4]));
    if (const char *updates = std::getenv("UPDATE"))
        return write_by_id(collection, std::atoi(updates), std::atoi(argv[4]), false);
    if (const char *removals = std::getenv("DELETE"))
        return write_by_id(collection, std::atoi(removals), std::atoi(argv[4]), true);
    bool json = std::getenv("JSON") != nullptr, decimal = std::getenv("DECIMAL") != nullptr;
    auto start = std::chrono::steady_clock::now();
    mongoc_cursor_t *cursor;
    if (const char *text = std::getenv("PIPELINE")) {
        bson_error_t invalid;
        std::string wrapped = std::string("{\"pipeline\": ") + text + "}";
        bson_t *pipeline = bson_new_from_json(reinterpret_cast<const uint8_t *>(wrapped.c_str()), -1, &invalid);
        if (!pipeline) {
            std::fprintf(stderr, "%s\n", invalid.message);
            return 2;
        }
        cursor = mongoc_collection_aggregate(collection, MONGOC_QUERY_NONE, pipeline, &options, nullptr);
        bson_destroy(pipeline);
    } else {
        cursor = mongoc_collection_find_with_opts(collection, &filter, &options, nullptr);
    }
    const bson_t *document;
    unsigned long long documents = 0, bytes = 0;
    while (mongoc_cursor_next(cursor, &document)) {
        documents++;
        bytes += document->len;
        if (json)
            bson_free(bson_as_relaxed_extended_json(document, nullptr));
        if (decimal) {
            bson_iter_t at;
            bson_iter_init(&at, document);
            while (bson_iter_next(&at)) {
                bson_decimal128_t value;
                char text[BSON_DECIMAL128_STRING];
                if (BSON_ITER_HOLDS_DECIMAL128(&at) && bson_iter_decimal128(&at, &value))
                    bson_decimal128_to_string(&value, text);
            }
        }
    }
    bson_error_t error;
    if (mongoc_cursor_error(cursor, &error)) {
        std::fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::printf("%llu %llu %.6f\n", documents, bytes, seconds);
    mongoc_cursor_destroy(cursor);
    mongoc_collection_destroy(collection);
    mongoc_client_destroy(client);
    return 0;
}
