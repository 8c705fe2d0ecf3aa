// Keys as values of SQL. Zone B.
#pragma once

#include "convert/key.hpp"

#include "pg/pg.hpp"

namespace mongo_fdw {

// A bytea of so many bytes, for the caller to fill.
inline bytea *make_bytea(Size size) {
    bytea *bytes = static_cast<bytea *>(palloc(VARHDRSZ + size));
    SET_VARSIZE(bytes, VARHDRSZ + size);
    return bytes;
}

// The key of an id, a BsonValue or KeyNumber that has one.
template <class Id> Datum key_datum(const Id &id) {
    bytea *key = make_bytea(id_key_size(id));
    write_id_key(id, reinterpret_cast<uint8_t *>(VARDATA(key)));
    return PointerGetDatum(key);
}

} // namespace mongo_fdw
