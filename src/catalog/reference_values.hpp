// What the values of a referring path are looked up as: themselves, or the ids that texts look like. Zone B.
#pragma once

#include "catalog/profile.hpp"

namespace mongo_fdw {

// Distinct values to look up, with their hash_of_scalar; in the current memory context.
struct ReferenceValues {
    const char *reading; // how values were read that are no ids themselves, for people; null: as they are
    BsonValue *values;
    uint64_t *hashes;
    uint32_t count;
};

// The values as they stand.
ReferenceValues plain_values(const ScalarFacts *facts);

// The ways to read values as ids of another type; each takes the values that look so and leaves the others as they are.
int reference_readings();

// One of these ways, by index; count is 0 where no value looks so.
ReferenceValues values_read(const ScalarFacts *facts, int reading);

} // namespace mongo_fdw
