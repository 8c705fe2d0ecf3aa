// The SQL type mongo.objectid: 12 bytes, ordered as bytes. Zone B.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

constexpr int kObjectIdSize = 12;

// OID of the extension's type mongo.objectid; InvalidOid while it does not exist.
Oid objectid_type();

} // namespace mongo_fdw
