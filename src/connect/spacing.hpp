// Values between two others, for ranges of _id that are evenly spaced. Zone B, free of PostgreSQL.
#pragma once

#include "convert/bson.hpp"

namespace mongo_fdw {

constexpr uint32_t kSpacedSize = 512; // bytes that an interpolated value needs at most

// Writes the value that lies part/parts of the way from low to high into scratch. False where the values have no
// measure (documents, bool, Decimal128) or differ in their bracket.
bool interpolate(const BsonValue &low, const BsonValue &high, uint32_t part, uint32_t parts, uint8_t *scratch,
                 BsonValue *result);

bool is_nan(const BsonValue &value);

} // namespace mongo_fdw
