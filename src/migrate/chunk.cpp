// Cutting a collection into ranges of keys, and reading the documents of one, for loads. Zone B.
#include "catalog/relation.hpp"
#include "connect/documents.hpp"
#include "convert/key_datum.hpp"
#include "convert/key_range.hpp"
#include "convert/writer.hpp"
#include "exec/collation.hpp"
#include "options/options.hpp"
#include "pg/arguments.hpp"

#include <type_traits>

extern "C" {
#include "funcapi.h"
#include "utils/array.h"
PG_FUNCTION_INFO_V1(mongo_next_key);
PG_FUNCTION_INFO_V1(mongo_read_documents);
PG_FUNCTION_INFO_V1(mongo_read_documents_of_keys);
}

namespace mongo_fdw {
namespace {

// An element of a pipeline: {$name: value}.
void write_stage(BsonWriter *writer, const char *index, const char *name, int64 value) {
    int stage = begin_field(writer, BsonType::Document, key_of(index));
    write_key(writer, BsonType::Int64, key_of(name));
    write_le(writer, value);
    end_document(writer, stage);
}

// name: {_id: order}
void write_by_id(BsonWriter *writer, const char *name, int32 order = 1) {
    int keys = begin_field(writer, BsonType::Document, key_of(name));
    write_int32(writer, key_of("_id"), order);
    end_document(writer, keys);
}

void write_id_stage(BsonWriter *writer, const char *index, const char *name, int32 order = 1) {
    int stage = begin_field(writer, BsonType::Document, key_of(index));
    write_by_id(writer, name, order);
    end_document(writer, stage);
}

// Keys of documents.
struct KeyList {
    KeyBytes *keys;
    uint32_t count;
};

// A range, as it was at a time of the cluster (a BSON timestamp; 0: as it is), of which one condition is read after
// another.
struct RangeAt {
    KeyRange range;
    int64 cluster_time;
    uint32 condition;
};

// Views and time series have no index on _id; they are read whole.
bool has_bound(const RangeAt &at) { return at.range.lower || at.range.upper; }
bool has_bound(const KeyList &) { return true; }

void write_filter(BsonWriter *writer, const RangeAt &at) {
    write_key(writer, BsonType::Document, key_of("$match"));
    if (!has_bound(at)) {
        uint64_t size = range_filter_size(at.range);
        write_range_filter(at.range, reinterpret_cast<uint8_t *>(append_room(writer, size)));
        return;
    }
    uint64_t size = range_condition_size(at.range, at.condition);
    write_range_condition(at.range, at.condition, reinterpret_cast<uint8_t *>(append_room(writer, size)));
}

void write_filter(BsonWriter *writer, const KeyList &list) {
    write_key(writer, BsonType::Document, key_of("$match"));
    uint64_t size = list_filter_size(list.keys, list.count);
    write_list_filter(list.keys, list.count, reinterpret_cast<uint8_t *>(append_room(writer, size)));
}

// Bounds are compared by bytes, whatever collation the collection has.
void write_collation(BsonWriter *writer, const TableOptions *table) {
    Collation collation = source_collation(table, GetUserId());
    if (collation == Collation::Simple)
        return;
    if (table->pipeline || collation == Collation::OtherOnView)
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                 errmsg("ranges of keys of %s cannot be read", table->name_space),
                 errdetail("The collection has a collation of its own, by which the table's pipeline compares.")));
    int document = begin_field(writer, BsonType::Document, key_of("collation"));
    write_key(writer, BsonType::String, key_of("locale"));
    write_text(writer, "simple", strlen("simple"));
    end_document(writer, document);
}

// cluster_time: 0 for none.
void write_level(BsonWriter *writer, const char *level, int64 cluster_time) {
    int document = begin_field(writer, BsonType::Document, key_of("readConcern"));
    write_key(writer, BsonType::String, key_of("level"));
    write_text(writer, level, static_cast<uint32_t>(strlen(level)));
    if (cluster_time != 0) {
        write_key(writer, BsonType::Timestamp, key_of("atClusterTime"));
        write_le(writer, cluster_time);
    }
    end_document(writer, document);
}

// As the table says; a snapshot without a time is for transactions.
void write_read_concern(BsonWriter *writer, const TableOptions *table, const RangeAt &at) {
    if (at.cluster_time != 0)
        write_level(writer, "snapshot", at.cluster_time);
    else if (table->read_concern && pg_strcasecmp(table->read_concern, "snapshot") != 0)
        write_level(writer, table->read_concern, 0);
}

// What is deleted because it is gone must be gone for a majority.
void write_read_concern(BsonWriter *writer, const TableOptions *, const KeyList &) {
    write_level(writer, "majority", 0);
}

// aggregate over the documents of a range or a list of keys, whatever stages the caller adds, through the index on _id:
// without the hint one server looks at all documents.
template <class Keys, class Stages>
mql::Document keys_command(const TableOptions *table, const Keys &keys, bool hinted, Stages stages) {
    BsonWriter writer;
    begin_writer(&writer);
    int command = begin_document(&writer);
    write_key(&writer, BsonType::String, key_of("aggregate"));
    write_text(&writer, table->collection, static_cast<uint32_t>(strlen(table->collection)));
    int pipeline = begin_field(&writer, BsonType::Array, key_of("pipeline"));
    int match = begin_field(&writer, BsonType::Document, key_of("0"));
    write_filter(&writer, keys);
    end_document(&writer, match);
    stages(&writer);
    end_document(&writer, pipeline);
    end_document(&writer, begin_field(&writer, BsonType::Document, key_of("cursor")));
    if (hinted)
        write_by_id(&writer, "hint");
    if (has_bound(keys))
        write_collation(&writer, table);
    write_read_concern(&writer, table, keys);
    end_document(&writer, command);
    mongo::Bytes bytes = document_at(&writer, command);
    return {bytes.data, bytes.size};
}

// The _id of the document that stands so many places behind the first of a condition.
mql::Document next_id_command(const TableOptions *table, const RangeAt &at, int64 places) {
    return keys_command(table, at, true, [&](BsonWriter *writer) {
        write_id_stage(writer, "1", "$sort");
        write_stage(writer, "2", "$skip", places);
        write_stage(writer, "3", "$limit", 1);
        write_id_stage(writer, "4", "$project");
    });
}

// The first or last _id of all.
mql::Document end_command(const TableOptions *table, int64 cluster_time, int32 order) {
    return keys_command(table, RangeAt{{}, cluster_time, 0}, true, [&](BsonWriter *writer) {
        write_id_stage(writer, "1", "$sort", order);
        write_stage(writer, "2", "$limit", 1);
        write_id_stage(writer, "3", "$project");
    });
}

// How many documents a condition has, as "n".
mql::Document count_command(const TableOptions *table, const RangeAt &at) {
    return keys_command(table, at, true, [&](BsonWriter *writer) {
        int stage = begin_field(writer, BsonType::Document, key_of("1"));
        write_key(writer, BsonType::String, key_of("$count"));
        write_text(writer, "n", 1);
        end_document(writer, stage);
    });
}

// Whole documents, of those that the table's own pipeline leaves.
template <class Keys> mql::Document documents_command(const TableOptions *table, const Keys &keys) {
    mql::Document base = base_pipeline_of(table);
    return keys_command(table, keys, has_bound(keys), [&](BsonWriter *writer) {
        if (!base.data)
            return;
        BsonReader stages(base.data, base.size);
        for (uint32_t i = 1; stages.next(); i++)
            write_value(writer, IndexKey(i).key, stages.value());
    });
}

Datum key_of_document(const BsonValue &id, const TableOptions *table) {
    if (id_key_size(id) == 0)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("an _id of %s has no key", table->name_space)));
    return key_datum(id);
}

// A bound of the keys; NULL is open. Raises 22023 where it is no key.
void bound_argument(FunctionCallInfo fcinfo, int index, const char *name, const uint8_t **bound, uint64_t *size) {
    if (PG_ARGISNULL(index))
        return;
    bytea *key = PG_GETARG_BYTEA_PP(index);
    *bound = reinterpret_cast<const uint8_t *>(VARDATA_ANY(key));
    *size = VARSIZE_ANY_EXHDR(key);
    if (range_filter_size({*bound, *size, nullptr, 0}) == 0)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("argument \"%s\" is no key of a document", name)));
}

// The foreign table of the first argument, which the user may read.
const TableOptions *table_argument(FunctionCallInfo fcinfo) {
    if (PG_ARGISNULL(0))
        ereport(ERROR,
                (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("argument \"foreign_table\" must not be null")));
    check_readable(PG_GETARG_OID(0));
    return read_table_options(PG_GETARG_OID(0));
}

// Whether a key stands behind the lower bound: cutting would never end.
bool is_behind(const bytea *key, const KeyRange &range) {
    uint64_t size = VARSIZE_ANY_EXHDR(key);
    int order = memcmp(VARDATA_ANY(key), range.lower, Min(size, range.lower_size));
    return order > 0 || (order == 0 && size > range.lower_size);
}

// Closes the open ends of a range at the brackets of the first and the last document, so that no server looks for
// others (some look at all documents). Within its bracket the first one is first by the collation of the collection.
// False where there is none.
bool close_ends(const TableOptions *table, RangeAt *at) {
    auto find_end = [&](int32 order, int *bracket) {
        return first_document(
            source_of(table, GetUserId()), end_command(table, at->cluster_time, order), [&](const BsonValue &document) {
                bytea *key = DatumGetByteaPP(key_of_document(field_of(document, "_id"), table));
                *bracket = bracket_of_key(reinterpret_cast<uint8_t *>(VARDATA_ANY(key)), VARSIZE_ANY_EXHDR(key));
            });
    };
    return (at->range.upper || find_end(-1, &at->range.last_bracket)) &&
           (at->range.lower || find_end(1, &at->range.first_bracket));
}

// How many commands read it.
uint32 begin_commands(const TableOptions *table, RangeAt *at) {
    return !has_bound(*at) ? 1 : close_ends(table, at) ? range_condition_count(at->range) : 0;
}
uint32 begin_commands(const TableOptions *, KeyList *) { return 1; }

// What a call of read_documents remembers between its pieces.
template <class Keys> struct Reading {
    const TableOptions *table;
    DocumentSource source;
    Keys keys;
    uint32 commands; // that are to come
    DocumentStream *stream;
    int64 piece_bytes;
};

void next_command(RangeAt *at) { at->condition++; }
void next_command(KeyList *) {}

template <class Keys> bool next_of_reading(Reading<Keys> *reading, MemoryContext context, BsonValue *document) {
    for (;;) {
        if (reading->stream) {
            if (next_document(reading->stream, document))
                return true;
            close_documents(reading->stream);
            reading->stream = nullptr;
            next_command(&reading->keys);
        }
        if (reading->commands == 0)
            return false;
        MemoryContext caller = MemoryContextSwitchTo(context);
        reading->stream = open_documents(reading->source, documents_command(reading->table, reading->keys));
        MemoryContextSwitchTo(caller);
        reading->commands--;
    }
}

// Documents up to the size of a piece, at least one; false at the end.
template <class Keys> bool next_piece(Reading<Keys> *reading, MemoryContext context, Datum *piece) {
    ArrayBuildState *documents = initArrayResult(BYTEAOID, CurrentMemoryContext, false);
    BsonValue document;
    int64 bytes = 0;
    bool any = false;
    while (bytes < reading->piece_bytes && next_of_reading(reading, context, &document)) {
        bytea *copy = make_bytea(document.size);
        memcpy(VARDATA(copy), document.data, document.size);
        accumArrayResult(documents, PointerGetDatum(copy), false, BYTEAOID, CurrentMemoryContext);
        pfree(copy);
        bytes += document.size;
        any = true;
    }
    if (any)
        *piece = makeArrayResult(documents, CurrentMemoryContext);
    return any;
}

// The documents of the first argument's collection, whole, in arrays of about so many bytes. They come as they are
// read: memory holds a piece and a batch of the cursor, which is closed with the call (in FROM PostgreSQL collects them
// first).
template <class KeysArgument> Datum read_pieces(FunctionCallInfo fcinfo, int piece_argument, KeysArgument keys) {
    using Keys = decltype(keys(fcinfo));
    FuncCallContext *call;
    if (SRF_IS_FIRSTCALL()) {
        call = SRF_FIRSTCALL_INIT();
        MemoryContext caller = MemoryContextSwitchTo(call->multi_call_memory_ctx);
        Reading<Keys> *reading = static_cast<Reading<Keys> *>(palloc0(sizeof(Reading<Keys>)));
        reading->table = table_argument(fcinfo);
        reading->piece_bytes = integer_argument(fcinfo, piece_argument, "piece_bytes", 1, MaxAllocSize / 4);
        reading->keys = keys(fcinfo);
        reading->commands = begin_commands(reading->table, &reading->keys);
        reading->source = source_of(reading->table, GetUserId());
        if (std::is_same_v<Keys, KeyList>)
            reading->source.read_preference = "primary";
        call->user_fctx = reading;
        MemoryContextSwitchTo(caller);
    }
    call = SRF_PERCALL_SETUP();
    Reading<Keys> *reading = static_cast<Reading<Keys> *>(call->user_fctx);
    Datum piece;
    if (next_piece(reading, call->multi_call_memory_ctx, &piece))
        SRF_RETURN_NEXT(call, piece);
    SRF_RETURN_DONE(call);
}

int64 count_of(const TableOptions *table, const RangeAt &at) {
    int64 count = 0;
    first_document(source_of(table, GetUserId()), count_command(table, at), [&](const BsonValue &document) {
        if (!integer_of(field_of(document, "n"), &count))
            ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
                            errmsg("server \"%s\" sent an unexpected answer", table->server_name),
                            errdetail("It was asked to count documents of %s.", table->name_space)));
    });
    return count;
}

// The key of the document so many places behind the first of a range that is open upwards; false where there are fewer.
// From bracket to bracket of types.
bool find_key(const TableOptions *table, RangeAt at, int64 places, Datum *key) {
    auto walk = [&] {
        return first_document(
            source_of(table, GetUserId()), next_id_command(table, at, places),
            [&](const BsonValue &document) { *key = key_of_document(field_of(document, "_id"), table); });
    };
    if (walk())
        return true;
    if (!has_bound(at) || !close_ends(table, &at))
        return false;
    uint32 conditions = range_condition_count(at.range);
    while (at.condition + 1 < conditions) {
        places = Max(places - count_of(table, at), 0);
        at.condition++;
        if (walk())
            return true;
    }
    return false;
}

RangeAt range_argument(FunctionCallInfo fcinfo) {
    RangeAt at{};
    bound_argument(fcinfo, 1, "lower", &at.range.lower, &at.range.lower_size);
    bound_argument(fcinfo, 2, "upper", &at.range.upper, &at.range.upper_size);
    at.cluster_time = PG_ARGISNULL(4) ? 0 : PG_GETARG_INT64(4);
    return at;
}

KeyList list_argument(FunctionCallInfo fcinfo) {
    KeyList list{nullptr, 0};
    if (PG_ARGISNULL(1))
        return list;
    Datum *values;
    bool *nulls;
    int count;
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), BYTEAOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
    list.keys = static_cast<KeyBytes *>(palloc(sizeof(KeyBytes) * Max(count, 1)));
    for (int i = 0; i < count; i++) {
        if (nulls[i])
            continue;
        const bytea *key = DatumGetByteaPP(values[i]);
        list.keys[list.count++] = {reinterpret_cast<const uint8_t *>(VARDATA_ANY(key)), VARSIZE_ANY_EXHDR(key)};
    }
    return list;
}

} // namespace
} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" Datum mongo_next_key(PG_FUNCTION_ARGS) {
    const TableOptions *table = table_argument(fcinfo);
    KeyRange range{};
    bound_argument(fcinfo, 1, "lower", &range.lower, &range.lower_size);
    int64 places = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT64(2);
    if (places < 1)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("argument \"places\" must be at least 1")));
    Datum key;
    if (!find_key(table, RangeAt{range, 0, 0}, places, &key))
        PG_RETURN_NULL();
    if (range.lower && !is_behind(DatumGetByteaPP(key), range))
        ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
                        errmsg("server \"%s\" sent an unexpected answer", table->server_name),
                        errdetail("It was asked for a document of %s behind a key, and gave one that is not.",
                                  table->name_space)));
    PG_RETURN_DATUM(key);
}

extern "C" Datum mongo_read_documents(PG_FUNCTION_ARGS) { return read_pieces(fcinfo, 3, range_argument); }

extern "C" Datum mongo_read_documents_of_keys(PG_FUNCTION_ARGS) { return read_pieces(fcinfo, 2, list_argument); }
