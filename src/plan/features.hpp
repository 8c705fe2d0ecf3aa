// Which operators a server has. Zone B.
#pragma once

#include "mql/features.hpp"
#include "options/options.hpp"

namespace mongo_fdw {

// The features of a set of bits that the table's server lacks. Asked once a session and server, in one command; a
// server that cannot be asked is taken to have them all. Never raises because of the server.
uint32_t lacking_features(const TableOptions *table, Oid user, uint32_t features);

} // namespace mongo_fdw
