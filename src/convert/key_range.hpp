// Ranges of keys as conditions on _id that an index on _id serves. Zone B, free of PostgreSQL.
#pragma once

#include "convert/key.hpp"

namespace mongo_fdw {

// The keys from lower on and below upper; a bound that is null is open. Keys of brackets before the first and behind
// the last one are known not to be there: no condition asks for them.
struct KeyRange {
    const uint8_t *lower;
    uint64_t lower_size;
    const uint8_t *upper;
    uint64_t upper_size;
    int first_bracket = 0; // where lower is open
    int last_bracket = kBrackets - 1;
};

// Bytes of the filter whose documents are those with a key of the range: {}, a condition on _id, or an $or of one a
// bracket of types. 0 where a bound is no key, or lies among ids that no condition can tell apart (regular
// expressions).
uint64_t range_filter_size(const KeyRange &range);

// Writes the filter; out has room for range_filter_size() bytes.
void write_range_filter(const KeyRange &range, uint8_t *out);

// The same one condition after another, in the order of keys: each is of one bracket, which every server reads through
// its index, while for an $or some look at all documents. None for a range without keys.
uint32_t range_condition_count(const KeyRange &range);
uint64_t range_condition_size(const KeyRange &range, uint32_t number);
void write_range_condition(const KeyRange &range, uint32_t number, uint8_t *out);

struct KeyBytes {
    const uint8_t *bytes;
    uint64_t size;
};

// The same for documents with one of these keys, {_id: {$in: [...]}}. What is no key, or that of a regular expression
// (which would be a pattern), is nobody's and is left out.
uint64_t list_filter_size(const KeyBytes *keys, uint32_t count);
void write_list_filter(const KeyBytes *keys, uint32_t count, uint8_t *out);

} // namespace mongo_fdw
