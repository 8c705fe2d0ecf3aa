// Ids that stand as text where their targets are ObjectIds or UUIDs, and ObjectIds whose targets are text. Zone B.
#include "catalog/reference_values.hpp"

#include "convert/objectid.hpp"

extern "C" {
#include "utils/uuid.h"
}

namespace mongo_fdw {
namespace {

constexpr uint32_t kHexDigits = 2 * kObjectIdSize, kUuidSubtype = 4;

BsonValue make_value(BsonType type, const void *head, uint32_t head_size, const void *body, uint32_t body_size) {
    uint8_t *data = static_cast<uint8_t *>(palloc(head_size + body_size + 1));
    if (head_size)
        memcpy(data, head, head_size);
    memcpy(data + head_size, body, body_size);
    return {type, data, head_size + body_size};
}

bool objectid_of_text(const BsonValue &value, BsonValue *out) {
    uint32_t length;
    unsigned char id[kObjectIdSize];
    const char *text = text_of(value, &length);
    if (length != kHexDigits || !objectid_of_hex(text, id))
        return false;
    *out = make_value(BsonType::ObjectId, nullptr, 0, id, sizeof id);
    return true;
}

bool uuid_of_text(const BsonValue &value, BsonValue *out) {
    uint32_t length;
    const char *text = text_of(value, &length);
    if (classify_text(text, length) != TextClass::Uuid)
        return false;
    const pg_uuid_t *uuid = DatumGetUUIDP(DirectFunctionCall1(uuid_in, CStringGetDatum(pnstrdup(text, length))));
    const uint8_t head[5] = {UUID_LEN, 0, 0, 0, kUuidSubtype};
    *out = make_value(BsonType::Binary, head, sizeof head, uuid->data, UUID_LEN);
    return true;
}

bool text_of_objectid(const BsonValue &value, BsonValue *out) {
    char text[kHexDigits + 1] = {};
    hex_of_objectid(value.data, text);
    const uint8_t head[4] = {sizeof text, 0, 0, 0};
    *out = make_value(BsonType::String, head, sizeof head, text, sizeof text);
    return true;
}

struct ReadingRow {
    const char *name;
    BsonType of;
    bool (*read)(const BsonValue &value, BsonValue *out);
};
constexpr ReadingRow kReadings[] = {{"objectid in text", BsonType::String, objectid_of_text},
                                    {"uuid in text", BsonType::String, uuid_of_text},
                                    {"text of objectid", BsonType::ObjectId, text_of_objectid}};

} // namespace

int reference_readings() { return lengthof(kReadings); }

ReferenceValues plain_values(const ScalarFacts *facts) {
    return {nullptr, facts->values, facts->value_hashes, facts->value_count};
}

ReferenceValues values_read(const ScalarFacts *facts, int reading) {
    const ReadingRow &row = kReadings[reading];
    uint32_t count = facts->value_count;
    ReferenceValues result{row.name, nullptr, nullptr, 0};
    for (uint32_t i = 0; i < count; i++) {
        BsonValue read;
        if (facts->values[i].type != row.of || !row.read(facts->values[i], &read))
            continue;
        if (result.count == 0) { // most paths hold nothing of the kind, and need no room
            result.count = count;
            result.values = static_cast<BsonValue *>(palloc(sizeof(BsonValue) * count));
            result.hashes = static_cast<uint64_t *>(palloc(sizeof(uint64_t) * count));
            memcpy(result.values, facts->values, sizeof(BsonValue) * count);
            memcpy(result.hashes, facts->value_hashes, sizeof(uint64_t) * count);
        }
        result.values[i] = read;
        result.hashes[i] = hash_of_scalar(read);
    }
    return result;
}

} // namespace mongo_fdw
