// Pipelines, filters and write concerns that users write as JSON, in the server encoding. Zone B.
//
// Extended JSON v2 is read, and the older spellings that no operator of MongoDB has ({"$date": 0}, {"$binary": "...",
// "$type": "00"}); every other object is what it says: {"$type": "date"} is a condition.
#pragma once

#include "mql/pipeline.hpp"

#include "pg/pg.hpp"

namespace mongo_fdw {

// A pipeline as a BSON array in the current memory context. Raises sqlstate with the message what ("invalid pipeline")
// for text that is no JSON array of stages or a pipeline that does not only read; 22P02 and 22003 for values that have
// no BSON form.
mql::Document read_pipeline(const char *json, const char *what, int sqlstate);

// The same for a filter, a JSON object.
mql::Document read_filter(const char *json, const char *what, int sqlstate);

// The write concern that an option's value means, see mql/pipeline.hpp: a word, or a JSON object. Without data: it is
// none, see refusal.
mql::Document read_write_concern(const char *text, mql::Refusal *refusal);

} // namespace mongo_fdw
