// The SQL type mongo.objectid: 12 bytes, ordered as bytes. Zone B.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

constexpr int kObjectIdSize = 12;

// OID of the extension's type mongo.objectid, whatever its schema is called; InvalidOid while it does not exist.
Oid objectid_type();

// The quoted name of the schema that the extension's functions and types stand in: mongo, unless it was renamed.
const char *extension_schema();

// 24 hexadecimal digits to an ObjectId and back, without a NUL. False for other characters.
bool objectid_of_hex(const char *text, unsigned char *id);
void hex_of_objectid(const unsigned char *id, char *text);

} // namespace mongo_fdw
