// Which operators a server has. Zone B.
#pragma once

#include "mql/features.hpp"
#include "options/options.hpp"

namespace mongo_fdw {

// The features of a set of bits that a server lacks, asked of a collection, which need not be there. Asked once a
// session and server, in one command; a server that cannot be asked is taken to have them all. Never raises because of
// the server.
uint32_t lacking_features(Oid server, Oid user, const char *database, const char *collection, uint32_t features);

inline uint32_t lacking_features(const TableOptions *table, Oid user, uint32_t features) {
    return lacking_features(table->server, user, table->database, table->collection, features);
}

} // namespace mongo_fdw
