// Composed BSON values. Zone P.
#include "mql/build.hpp"

#include <bson/bson.h>

#include <cstring>

namespace mongo_fdw::mql {
namespace {

template <class T> std::string little_endian(T value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

std::string framed(const std::string &elements) {
    std::string bytes = little_endian(static_cast<int32_t>(elements.size() + 5));
    bytes += elements;
    bytes += '\0';
    return bytes;
}

void add_element(std::string *elements, const std::string &key, const Value &value) {
    *elements += static_cast<char>(value.type());
    *elements += key;
    *elements += '\0';
    *elements += value.bytes();
}

} // namespace

Value::Value(const char *text) : type_(BSON_TYPE_UTF8) {
    size_t length = std::strlen(text) + 1;
    bytes_ = little_endian(static_cast<int32_t>(length));
    bytes_.append(text, length);
}
Value::Value(int32_t number) : type_(BSON_TYPE_INT32), bytes_(little_endian(number)) {}
Value::Value(int64_t number) : type_(BSON_TYPE_INT64), bytes_(little_endian(number)) {}
Value::Value(double number) : type_(BSON_TYPE_DOUBLE), bytes_(little_endian(number)) {}
Value::Value(bool truth) : type_(BSON_TYPE_BOOL), bytes_(1, truth ? '\1' : '\0') {}

Value Value::raw(uint8_t type, const void *data, size_t size) {
    return Value(type, std::string(static_cast<const char *>(data), size));
}
Value Value::date(int64_t ms) { return Value(BSON_TYPE_DATE_TIME, little_endian(ms)); }
Value Value::null() { return Value(BSON_TYPE_NULL, std::string()); }
Value Value::decimal(const char *text) {
    bson_decimal128_t decimal{};
    bson_decimal128_from_string(text, &decimal);
    return Value(BSON_TYPE_DECIMAL128, little_endian(decimal.low) + little_endian(decimal.high));
}

Value doc(const std::vector<Field> &fields) {
    std::string elements;
    for (const Field &field : fields)
        add_element(&elements, field.key, field.value);
    std::string bytes = framed(elements);
    return Value::raw(BSON_TYPE_DOCUMENT, bytes.data(), bytes.size());
}

Value list(const std::vector<Value> &values) {
    std::string elements;
    size_t index = 0;
    for (const Value &value : values)
        add_element(&elements, std::to_string(index++), value);
    std::string bytes = framed(elements);
    return Value::raw(BSON_TYPE_ARRAY, bytes.data(), bytes.size());
}

Value op(const char *name, const Value &argument) { return doc({{name, argument}}); }

Value op(const char *name, std::initializer_list<Value> arguments) {
    return doc({{name, list(std::vector<Value>(arguments))}});
}

Value cond(const Value &test, const Value &then, const Value &otherwise) {
    return op("$cond", {test, then, otherwise});
}
Value literal(const Value &value) { return op("$literal", value); }
Value type_of(const Value &value) { return op("$type", value); }
Value is(const Value &type, const char *name) { return op("$eq", {type, name}); }
Value is_one(const Value &type, std::initializer_list<Value> names) {
    return op("$in", {type, list(std::vector<Value>(names))});
}
Value both(const Value &a, const Value &b) { return op("$and", {a, b}); }
Value either(const Value &a, const Value &b) { return op("$or", {a, b}); }
Value negation(const Value &a) { return op("$not", {a}); }
Value is_null(const Value &v) { return op("$lte", {v, Value::null()}); }
Value is_nan(const Value &v) { return op("$eq", {v, Value(__builtin_nan(""))}); }
Value integer_value(int64_t value) {
    return value >= INT32_MIN && value <= INT32_MAX ? Value(static_cast<int32_t>(value)) : Value(value);
}
Value let(const char *name, const Value &value, const Value &in) {
    return op("$let", doc({{"vars", doc({{name, value}})}, {"in", in}}));
}

Value choose(const std::vector<Branch> &branches, const Value &otherwise) {
    std::vector<Value> list_of;
    for (const Branch &branch : branches)
        list_of.push_back(doc({{"case", branch.test}, {"then", branch.then}}));
    return op("$switch", doc({{"branches", list(list_of)}, {"default", otherwise}}));
}

std::vector<Value> stages_of(Document pipeline) {
    std::vector<Value> stages;
    bson_t view;
    bson_iter_t iterator;
    if (pipeline.data && bson_init_static(&view, pipeline.data, pipeline.size) && bson_iter_init(&iterator, &view))
        while (bson_iter_next(&iterator)) {
            const uint8_t *data;
            uint32_t size;
            bson_iter_document(&iterator, &size, &data);
            stages.push_back(Value::document({data, size}));
        }
    return stages;
}

Value aggregate(const char *collection, const std::vector<Value> &stages) {
    return doc({{"aggregate", collection}, {"pipeline", list(stages)}, {"allowDiskUse", true}});
}

Document keep(Memory memory, const Value &value) {
    const std::string &bytes = value.bytes();
    uint8_t *copy = static_cast<uint8_t *>(memory.allocate(memory.place, bytes.size()));
    if (!copy)
        throw std::bad_alloc();
    std::memcpy(copy, bytes.data(), bytes.size());
    return {copy, static_cast<uint32_t>(bytes.size())};
}

} // namespace mongo_fdw::mql
