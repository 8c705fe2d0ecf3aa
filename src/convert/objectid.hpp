// The SQL type mongo.objectid: 12 bytes, ordered as bytes. Zone B.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

constexpr int kObjectIdSize = 12;

// OID of the extension's type mongo.objectid; InvalidOid while it does not exist.
Oid objectid_type();

// 24 hexadecimal digits to an ObjectId and back, without a NUL. False for other characters.
bool objectid_of_hex(const char *text, unsigned char *id);
void hex_of_objectid(const unsigned char *id, char *text);

} // namespace mongo_fdw
