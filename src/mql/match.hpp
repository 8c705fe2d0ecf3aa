// The match renderer's own interface, for render.cpp and the unit tests. Zone P.
#pragma once

#include "mql/expression.hpp"

#include <bson/bson.h>

namespace mongo_fdw::mql {

enum class Truth : uint8_t { Never, Depends, Always };

// Appends the condition to out when the result is Depends. Sets *sayable to false where a parameter's value cannot be
// said there; the condition is then worth nothing.
Truth render_filter(const ExpressionContext &context, uint32_t root, bson_t *out, bool *sayable);

} // namespace mongo_fdw::mql
