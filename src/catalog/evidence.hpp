// Evidence about a collection beside its documents: validator and indexes. Zone B.
#pragma once

#include "catalog/profile.hpp"

namespace mongo_fdw {

// Adds the paths and types that a validator's $jsonSchema names.
void apply_validator(Profile *profile, const BsonValue &validator);

// Adds the paths that the key of an index names; index is a document of listIndexes.
void apply_index(Profile *profile, const BsonValue &index);

} // namespace mongo_fdw
