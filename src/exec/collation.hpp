// Whether text compares by bytes in a collection. Zone B.
#pragma once

#include "options/options.hpp"

namespace mongo_fdw {

enum class Collation : uint8_t {
    Simple,      // the server compares bytes
    Other,       // a command must ask for the simple collation
    OtherOnView, // a view with its own collation, which no command can change
};

// Asks the server once in a while (listCollections), since a collection may have a default collation.
Collation source_collation(const TableOptions *table, Oid user);

} // namespace mongo_fdw
