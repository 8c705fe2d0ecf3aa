// Small commands that are no scans. Zone P behind plain declarations; safe to include from zone B. No function throws;
// a result without data means that memory ran out.
#pragma once

#include "mql/render.hpp"

namespace mongo_fdw::mql {

Document count_command(const char *collection, Memory memory) noexcept;
// aggregate: {n: number of documents} behind the base pipeline (a BSON array) and filter, both without data where there
// is none; no document for none. most: counts no further, 0: all.
Document count_documents_command(const char *collection, Document base_pipeline, Document filter, int64_t most,
                                 Memory memory) noexcept;
Document list_databases_command(Memory memory) noexcept;
// All collections of a database, or the one of that name. names_only: their names and types, of those alone that the
// user may read, which needs no right to list them.
Document list_collections_command(const char *collection, bool names_only, Memory memory) noexcept;
// explain with executionStats of a find, which may run for a second.
Document explain_command(Document find, Memory memory) noexcept;

// aggregate: the document with the least or greatest value of a path, its _id and path alone.
Document end_value_command(const char *collection, const char *path, bool greatest, Memory memory) noexcept;

Document list_indexes_command(const char *collection, Memory memory) noexcept;
// aggregate with $collStats: count and sizes.
Document collection_stats_command(const char *collection, Memory memory) noexcept;

// A value on the wire; type 0: none.
struct RawValue {
    uint8_t type;
    const uint8_t *data;
    uint32_t size;
};

// A part of a collection: at random, or a range along _id.
struct PartCommand {
    const char *collection;
    Document base_pipeline;     // BSON array, data null: none
    Document filter;            // data null: none
    bool random;                // $sample; else sorted by _id
    bool natural;               // neither: as the collection comes
    bool descending;            //
    RawValue from;              // lowest _id, type 0: none
    bool from_excluded;         //
    RawValue before;            // upper bound of _id, excluded; type 0: none
    const char *id_type;        // only _ids of this type, as $type names it; null: any
    int64_t limit;              // 0: all
    const char *const *project; // dotted paths; null: whole documents
    uint32_t project_count;     // 0 with project set: only _id
};
Document part_command(const PartCommand &part, Memory memory) noexcept;

// [{$match: {path: {$in: values}}}, {$group: {_id: path, n: {$sum: 1}}}]: which of the values a field holds. values is
// a BSON array.
Document present_values_command(const char *collection, const char *path, Document values, Memory memory) noexcept;

// The first value that a field holds in more than one document.
Document repeated_value_command(const char *collection, const char *path, Memory memory) noexcept;

// findAndModify of the document that filter finds: update (operators, or a whole document) is made and the new document
// returned, or, without data, the document is removed and returned. write_concern without data: the connection's.
struct FindAndModify {
    bool upsert;
    bool simple_collation; // whatever the collection's own is
};
Document find_and_modify_command(const char *collection, Document filter, Document update, FindAndModify how,
                                 Document write_concern, Memory memory) noexcept;

} // namespace mongo_fdw::mql
