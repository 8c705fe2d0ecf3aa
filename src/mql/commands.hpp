// Small commands that are no scans. Zone P behind plain declarations; safe to include from zone B.
#pragma once

#include "mql/render.hpp"

namespace mongo_fdw::mql {

// Each result is valid until the next call of any of these.
Document count_command(const char *collection) noexcept;
Document list_collection_command(const char *collection) noexcept;

} // namespace mongo_fdw::mql
