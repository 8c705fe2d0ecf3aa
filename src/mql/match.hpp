// The match renderer's own interface, for render.cpp and the unit tests. Zone P.
#pragma once

#include "mql/ir.hpp"

#include <bson/bson.h>

namespace mongo_fdw::mql {

enum class Truth : uint8_t { Never, Depends, Always };

// Appends the condition to out when the result is Depends.
Truth render_filter(const Tree *tree, uint32_t root, const Column *columns, const Operand *operands, bson_t *out);

bool filter_is_too_large(const bson_t *filter);

} // namespace mongo_fdw::mql
