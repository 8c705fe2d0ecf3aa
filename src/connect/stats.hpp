// What a server says about a collection without reading it. Zone B.
#pragma once

#include "connect/documents.hpp"

namespace mongo_fdw {

struct CollectionStats {
    double documents; // from metadata; negative: unknown
    double bytes;     // of the documents, uncompressed; negative: unknown, 0 where the server does not say
};

// Asks $collStats, or count where the server lacks it; views have neither. False with *failure set where the server
// refuses. Raises only for a cancel.
bool read_collection_stats(const DocumentSource &source, CollectionStats *stats, mongo::Error *failure);

// True for the errors of a server that does not know a command or stage.
bool is_unsupported(const mongo::Error &error);

} // namespace mongo_fdw
