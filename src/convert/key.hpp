// The key of a document: its _id as bytes that sort as MongoDB sorts ids, and that are equal where ids are. Zone B, but
// free of PostgreSQL.
//
// A byte for the bracket of the type, then the value:
// - numbers by their exact decimal value, whatever their type: a byte for NaN, -Infinity, negative, zero, positive,
//   Infinity; the decimal exponent; two digits a byte without zeros at the end. Of negative numbers all is inverted.
// - strings and code by their bytes, NUL as 00 FF, with 00 00 behind them
// - documents and arrays: of each field its bracket, its name and its value, then 00
// - binaries by length, subtype and bytes; all else as big-endian numbers or bytes
#pragma once

#include "convert/bson.hpp"
#include "convert/byte_sink.hpp"

namespace mongo_fdw {

// Bytes of the key of a value; 0 for Missing, and for what is malformed or nested too deeply for MongoDB to keep.
uint64_t id_key_size(const BsonValue &value);

// Writes the key; out has room for id_key_size() bytes.
void write_id_key(const BsonValue &value, uint8_t *out);

// The same for a number given as its decimal digits without a point, value = 0.digits * 10^exponent, as numeric has it.
struct KeyNumber {
    enum class Kind : uint8_t { NaN = 1, NegativeInfinity, Negative, Zero, Positive, PositiveInfinity };
    Kind kind;
    int exponent;
    const char *digits; // ASCII, of Negative and Positive: the first and the last are not zero
    uint32_t count;
};
uint64_t id_key_size(const KeyNumber &number);
void write_id_key(const KeyNumber &number, uint8_t *out);

// Digits as a KeyNumber: leading zeros and zeros at the end are left out. point: digits before the decimal point.
KeyNumber key_number(bool negative, const char *digits, uint32_t count, int point);

// The byte of a bracket, see type_bracket, and back: -1 where it is none.
constexpr uint8_t bracket_byte(int bracket) { return static_cast<uint8_t>(8 + 8 * bracket); }
constexpr int bracket_of_byte(uint8_t byte) {
    return byte % 8 == 0 && byte > 0 && byte <= bracket_byte(kBrackets - 1) ? byte / 8 - 1 : -1;
}

// The bracket of a key; -1 where it is none.
inline int bracket_of_key(const uint8_t *key, uint64_t size) { return size > 0 ? bracket_of_byte(key[0]) : -1; }

constexpr int kMostKeyDepth = 250; // MongoDB keeps 180 levels
constexpr int kKeyExponentBias = 0x8000;

// The other way: a value that has this key. A number is an int64 where that holds it, else a double that is exactly
// this number, else a Decimal128. id_value_size tells how much room the value needs; 0 where the bytes are no key.
uint64_t id_value_size(const uint8_t *key, uint64_t size);
BsonValue id_value(const uint8_t *key, uint64_t size, uint8_t *room);

// The same, behind what a sink holds; false where the bytes are no key.
bool put_id_value(ByteSink *sink, const uint8_t *key, uint64_t size, BsonType *type);

} // namespace mongo_fdw
