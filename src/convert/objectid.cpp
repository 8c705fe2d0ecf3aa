// mongo.objectid: input and output, comparison, hashing, casts. Zone B.
#include "mongo/write.hpp"

#include "convert/objectid.hpp"

extern "C" {
#include "utils/catcache.h"
PG_FUNCTION_INFO_V1(mongo_objectid_in);
PG_FUNCTION_INFO_V1(mongo_objectid_out);
PG_FUNCTION_INFO_V1(mongo_objectid_recv);
PG_FUNCTION_INFO_V1(mongo_objectid_send);
PG_FUNCTION_INFO_V1(mongo_objectid_eq);
PG_FUNCTION_INFO_V1(mongo_objectid_ne);
PG_FUNCTION_INFO_V1(mongo_objectid_lt);
PG_FUNCTION_INFO_V1(mongo_objectid_le);
PG_FUNCTION_INFO_V1(mongo_objectid_gt);
PG_FUNCTION_INFO_V1(mongo_objectid_ge);
PG_FUNCTION_INFO_V1(mongo_objectid_cmp);
PG_FUNCTION_INFO_V1(mongo_objectid_hash);
PG_FUNCTION_INFO_V1(mongo_objectid_hash_extended);
PG_FUNCTION_INFO_V1(mongo_objectid_to_text);
PG_FUNCTION_INFO_V1(mongo_objectid_from_text);
PG_FUNCTION_INFO_V1(mongo_objectid_to_bytea);
PG_FUNCTION_INFO_V1(mongo_objectid_from_bytea);
PG_FUNCTION_INFO_V1(mongo_objectid_to_timestamptz);
PG_FUNCTION_INFO_V1(mongo_objectid_smaller);
PG_FUNCTION_INFO_V1(mongo_objectid_larger);
PG_FUNCTION_INFO_V1(mongo_new_objectid);
PG_FUNCTION_INFO_V1(mongo_objectid_to_uuid);
PG_FUNCTION_INFO_V1(mongo_uuid_to_objectid);
}

namespace mongo_fdw {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

Datum parse(const char *text, size_t length) {
    unsigned char *id = static_cast<unsigned char *>(palloc(kObjectIdSize));
    if (length != 2 * kObjectIdSize || !objectid_of_hex(text, id))
        ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
                        errmsg("invalid input syntax for type %s: \"%s\"", "objectid", pnstrdup(text, Min(length, 64))),
                        errhint("An ObjectId is written as 24 hexadecimal digits.")));
    return PointerGetDatum(id);
}

const unsigned char *id_argument(FunctionCallInfo fcinfo, int index) {
    return reinterpret_cast<const unsigned char *>(PG_GETARG_POINTER(index));
}

int compare_arguments(FunctionCallInfo fcinfo) {
    return memcmp(id_argument(fcinfo, 0), id_argument(fcinfo, 1), kObjectIdSize);
}

} // namespace

void hex_of_objectid(const unsigned char *id, char *out) {
    static const char kHex[] = "0123456789abcdef";
    for (int i = 0; i < kObjectIdSize; i++) {
        out[2 * i] = kHex[id[i] >> 4];
        out[2 * i + 1] = kHex[id[i] & 15];
    }
}

bool objectid_of_hex(const char *text, unsigned char *id) {
    for (int i = 0; i < kObjectIdSize; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        id[i] = static_cast<unsigned char>(high << 4 | low);
    }
    return true;
}

// Where this extension is installed: found by the symbol of its input function, for a schema may be renamed.
struct InstalledType {
    Oid type, schema;
};

static InstalledType objectid_installation() {
    InstalledType found{};
    CatCList *list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum("objectid_in"));
    for (int i = 0; i < list->n_members; i++) {
        HeapTuple tuple = &list->members[i]->tuple;
        Form_pg_proc form = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
        bool null;
        Datum source = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &null);
        if (form->prolang == ClanguageId && !null && strcmp(TextDatumGetCString(source), "mongo_objectid_in") == 0)
            found = {form->prorettype, form->pronamespace};
    }
    ReleaseSysCacheList(list);
    return found;
}

Oid objectid_type() { return objectid_installation().type; }

const char *extension_schema() {
    Oid schema = objectid_installation().schema;
    char *name = OidIsValid(schema) ? get_namespace_name(schema) : nullptr;
    return name ? quote_identifier(name) : "mongo";
}

} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" {

Datum mongo_objectid_in(PG_FUNCTION_ARGS) {
    const char *text = PG_GETARG_CSTRING(0);
    return parse(text, strlen(text));
}

Datum mongo_objectid_out(PG_FUNCTION_ARGS) {
    char *text = static_cast<char *>(palloc(2 * kObjectIdSize + 1));
    hex_of_objectid(id_argument(fcinfo, 0), text);
    text[2 * kObjectIdSize] = '\0';
    PG_RETURN_CSTRING(text);
}

Datum mongo_objectid_recv(PG_FUNCTION_ARGS) {
    StringInfo message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
    char *id = static_cast<char *>(palloc(kObjectIdSize));
    memcpy(id, pq_getmsgbytes(message, kObjectIdSize), kObjectIdSize);
    PG_RETURN_POINTER(id);
}

Datum mongo_objectid_send(PG_FUNCTION_ARGS) {
    StringInfoData message;
    pq_begintypsend(&message);
    pq_sendbytes(&message, reinterpret_cast<const char *>(id_argument(fcinfo, 0)), kObjectIdSize);
    PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum mongo_objectid_eq(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare_arguments(fcinfo) == 0); }
Datum mongo_objectid_ne(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare_arguments(fcinfo) != 0); }
Datum mongo_objectid_lt(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare_arguments(fcinfo) < 0); }
Datum mongo_objectid_le(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare_arguments(fcinfo) <= 0); }
Datum mongo_objectid_gt(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare_arguments(fcinfo) > 0); }
Datum mongo_objectid_ge(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare_arguments(fcinfo) >= 0); }

Datum mongo_objectid_cmp(PG_FUNCTION_ARGS) {
    int order = compare_arguments(fcinfo);
    PG_RETURN_INT32(order < 0 ? -1 : order > 0 ? 1 : 0);
}

Datum mongo_objectid_hash(PG_FUNCTION_ARGS) { return hash_any(id_argument(fcinfo, 0), kObjectIdSize); }

Datum mongo_objectid_hash_extended(PG_FUNCTION_ARGS) {
    return hash_any_extended(id_argument(fcinfo, 0), kObjectIdSize, PG_GETARG_INT64(1));
}

Datum mongo_objectid_to_text(PG_FUNCTION_ARGS) {
    char text[2 * kObjectIdSize];
    hex_of_objectid(id_argument(fcinfo, 0), text);
    PG_RETURN_TEXT_P(cstring_to_text_with_len(text, sizeof text));
}

Datum mongo_objectid_from_text(PG_FUNCTION_ARGS) {
    text *value = PG_GETARG_TEXT_PP(0);
    return parse(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

Datum mongo_objectid_to_bytea(PG_FUNCTION_ARGS) {
    bytea *result = static_cast<bytea *>(palloc(VARHDRSZ + kObjectIdSize));
    SET_VARSIZE(result, VARHDRSZ + kObjectIdSize);
    memcpy(VARDATA(result), id_argument(fcinfo, 0), kObjectIdSize);
    PG_RETURN_BYTEA_P(result);
}

Datum mongo_objectid_from_bytea(PG_FUNCTION_ARGS) {
    bytea *value = PG_GETARG_BYTEA_PP(0);
    if (VARSIZE_ANY_EXHDR(value) != kObjectIdSize)
        ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
                        errmsg("an ObjectId has %d bytes, not %d", kObjectIdSize,
                               static_cast<int>(VARSIZE_ANY_EXHDR(value)))));
    char *id = static_cast<char *>(palloc(kObjectIdSize));
    memcpy(id, VARDATA_ANY(value), kObjectIdSize);
    PG_RETURN_POINTER(id);
}

Datum mongo_objectid_smaller(PG_FUNCTION_ARGS) { return PG_GETARG_DATUM(compare_arguments(fcinfo) <= 0 ? 0 : 1); }
Datum mongo_objectid_larger(PG_FUNCTION_ARGS) { return PG_GETARG_DATUM(compare_arguments(fcinfo) >= 0 ? 0 : 1); }

Datum mongo_new_objectid(PG_FUNCTION_ARGS) {
    uint8_t *id = static_cast<uint8_t *>(palloc(kObjectIdSize));
    mongo::make_object_id(id);
    PG_RETURN_POINTER(id);
}

// The first four bytes are the seconds since 1970 at which the ObjectId was made, unsigned.
Datum mongo_objectid_to_timestamptz(PG_FUNCTION_ARGS) {
    const unsigned char *id = id_argument(fcinfo, 0);
    int64 seconds = static_cast<int64>(id[0]) << 24 | id[1] << 16 | id[2] << 8 | id[3];
    seconds -= (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * INT64CONST(86400);
    PG_RETURN_TIMESTAMPTZ(seconds * USECS_PER_SEC);
}
}

// RFC 9562, version 8: the id's bits 0-47, the version, bits 48-59, the variant, bits 60-95, zeros. So uuids sort as
// the ids do, which begin with their second.
extern "C" Datum mongo_objectid_to_uuid(PG_FUNCTION_ARGS) {
    const uint8_t *id = reinterpret_cast<const uint8_t *>(PG_GETARG_POINTER(0));
    pg_uuid_t *uuid = static_cast<pg_uuid_t *>(palloc0(sizeof(pg_uuid_t)));
    unsigned char *out = uuid->data;
    memcpy(out, id, 6);
    out[6] = static_cast<unsigned char>(0x80 | id[6] >> 4);
    out[7] = static_cast<unsigned char>(id[6] << 4 | id[7] >> 4);
    uint64 rest = id[7] & 15; // 36 bits
    for (int i = 8; i < 12; i++)
        rest = rest << 8 | id[i];
    out[8] = static_cast<unsigned char>(0x80 | rest >> 30);
    rest = (rest & 0x3fffffff) << 2; // 30 bits, and two zeros of those that follow
    for (int i = 12; i >= 9; i--, rest >>= 8)
        out[i] = static_cast<unsigned char>(rest);
    PG_RETURN_UUID_P(uuid);
}

extern "C" Datum mongo_uuid_to_objectid(PG_FUNCTION_ARGS) {
    const unsigned char *in = PG_GETARG_UUID_P(0)->data;
    bool ours = in[6] >> 4 == 8 && in[8] >> 6 == 2 && (in[12] & 3) == 0 && in[13] == 0 && in[14] == 0 && in[15] == 0;
    if (!ours)
        PG_RETURN_NULL();
    uint8_t *id = static_cast<uint8_t *>(palloc(mongo_fdw::kObjectIdSize));
    memcpy(id, in, 6);
    id[6] = static_cast<uint8_t>(in[6] << 4 | in[7] >> 4);
    uint64 rest = in[8] & 0x3f;
    for (int i = 9; i <= 12; i++)
        rest = rest << 8 | in[i];
    rest >>= 2;
    id[7] = static_cast<uint8_t>(in[7] << 4 | rest >> 32);
    for (int i = 11; i >= 8; i--, rest >>= 8)
        id[i] = static_cast<uint8_t>(rest);
    PG_RETURN_POINTER(id);
}
