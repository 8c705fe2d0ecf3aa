// BSON values composed from the inside out, for commands and aggregation expressions that the code itself words.
// Zone P. Functions throw std::bad_alloc alone.
#pragma once

#include "mql/render.hpp"

#include <initializer_list>
#include <string>
#include <vector>

namespace mongo_fdw::mql {

// A BSON value: its type byte and its bytes behind the key.
class Value {
  public:
    Value(const char *text);
    Value(int32_t number);
    Value(int64_t number);
    Value(double number);
    Value(bool truth);
    // A value as it stands on the wire.
    static Value raw(uint8_t type, const void *data, size_t size);
    static Value document(Document document) { return raw(0x03, document.data, document.size); }
    static Value array(Document array) { return raw(0x04, array.data, array.size); }
    static Value date(int64_t ms);
    static Value null();
    // A Decimal128 from its text, which must be one.
    static Value decimal(const char *text);

    uint8_t type() const { return type_; }
    const std::string &bytes() const { return bytes_; }

  private:
    Value(uint8_t type, std::string bytes) : type_(type), bytes_(std::move(bytes)) {}
    uint8_t type_;
    std::string bytes_;
};

struct Field {
    std::string key;
    Value value;
};

Value doc(const std::vector<Field> &fields);
Value list(const std::vector<Value> &values);

// {"$name": argument} and {"$name": [arguments]}.
Value op(const char *name, const Value &argument);
Value op(const char *name, std::initializer_list<Value> arguments);

// Aggregation expressions that occur everywhere.
Value cond(const Value &test, const Value &then, const Value &otherwise);
Value literal(const Value &value);
Value type_of(const Value &value);
Value is(const Value &type, const char *name);
Value is_one(const Value &type, std::initializer_list<Value> names);
Value both(const Value &a, const Value &b);
Value either(const Value &a, const Value &b);
Value negation(const Value &a);
Value is_nan(const Value &v);  // of any numeric type
Value is_null(const Value &v); // or missing; of values that are not MinKey
// An int32 where it fits.
Value integer_value(int64_t value);
Value let(const char *name, const Value &value, const Value &in);

struct Branch {
    Value test;
    Value then;
};
// The first branch whose test is true.
Value choose(const std::vector<Branch> &branches, const Value &otherwise);

// The stages of a pipeline given as a BSON array; none for an empty Document.
std::vector<Value> stages_of(Document pipeline);

// The command that runs a pipeline.
Value aggregate(const char *collection, const std::vector<Value> &stages);

// Copies a document's bytes into memory; throws where that runs out.
Document keep(Memory memory, const Value &value);

} // namespace mongo_fdw::mql
