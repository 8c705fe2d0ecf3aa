// The rule table and what decides about types and collations. Zone B.
#include "plan/rules.hpp"

#include "convert/objectid.hpp"

#include "pg/hash.hpp"

extern "C" {
#include "catalog/pg_database.h"
#include "commands/extension.h"
}

namespace mongo_fdw {
namespace {

using mql::Family;
using mql::NodeKind;
using mql::Op;

// Sorted by function OID. A row of a comparison stands for both argument orders; the verdict of a family is in
// mql/nulls.cpp.
constexpr Rule kRules[] = {
    {F_BOOLLT, Op::Lt, Family::Bool},
    {F_BOOLGT, Op::Gt, Family::Bool},
    {F_BOOLEQ, Op::Eq, Family::Bool},
    {F_NAMEEQ, Op::Eq, Family::Text},
    {F_INT2EQ, Op::Eq, Family::Int},
    {F_INT2LT, Op::Lt, Family::Int},
    {F_INT4EQ, Op::Eq, Family::Int},
    {F_INT4LT, Op::Lt, Family::Int},
    {F_TEXTEQ, Op::Eq, Family::Text},
    {F_NAMEREGEXEQ, Op::Gt, Family::Text, NodeKind::Like},
    {F_BOOLNE, Op::Ne, Family::Bool},
    {F_INT4NE, Op::Ne, Family::Int},
    {F_INT2NE, Op::Ne, Family::Int},
    {F_INT2GT, Op::Gt, Family::Int},
    {F_INT4GT, Op::Gt, Family::Int},
    {F_INT2LE, Op::Le, Family::Int},
    {F_INT4LE, Op::Le, Family::Int},
    {F_INT4GE, Op::Ge, Family::Int},
    {F_INT2GE, Op::Ge, Family::Int},
    {F_TEXTNE, Op::Ne, Family::Text},
    {F_INT24EQ, Op::Eq, Family::Int},
    {F_INT42EQ, Op::Eq, Family::Int},
    {F_INT24LT, Op::Lt, Family::Int},
    {F_INT42LT, Op::Lt, Family::Int},
    {F_INT24GT, Op::Gt, Family::Int},
    {F_INT42GT, Op::Gt, Family::Int},
    {F_INT24NE, Op::Ne, Family::Int},
    {F_INT42NE, Op::Ne, Family::Int},
    {F_INT24LE, Op::Le, Family::Int},
    {F_INT42LE, Op::Le, Family::Int},
    {F_INT24GE, Op::Ge, Family::Int},
    {F_INT42GE, Op::Ge, Family::Int},
    {F_NAMEEQTEXT, Op::Eq, Family::Text},
    {F_NAMELTTEXT, Op::Lt, Family::Text},
    {F_NAMELETEXT, Op::Le, Family::Text},
    {F_NAMEGETEXT, Op::Ge, Family::Text},
    {F_NAMEGTTEXT, Op::Gt, Family::Text},
    {F_NAMENETEXT, Op::Ne, Family::Text},
    {F_TEXTEQNAME, Op::Eq, Family::Text},
    {F_TEXTLTNAME, Op::Lt, Family::Text},
    {F_TEXTLENAME, Op::Le, Family::Text},
    {F_TEXTGENAME, Op::Ge, Family::Text},
    {F_TEXTGTNAME, Op::Gt, Family::Text},
    {F_TEXTNENAME, Op::Ne, Family::Text},
    {F_FLOAT4EQ, Op::Eq, Family::Float},
    {F_FLOAT4NE, Op::Ne, Family::Float},
    {F_FLOAT4LT, Op::Lt, Family::Float},
    {F_FLOAT4LE, Op::Le, Family::Float},
    {F_FLOAT4GT, Op::Gt, Family::Float},
    {F_FLOAT4GE, Op::Ge, Family::Float},
    {F_FLOAT8EQ, Op::Eq, Family::Float},
    {F_FLOAT8NE, Op::Ne, Family::Float},
    {F_FLOAT8LT, Op::Lt, Family::Float},
    {F_FLOAT8LE, Op::Le, Family::Float},
    {F_FLOAT8GT, Op::Gt, Family::Float},
    {F_FLOAT8GE, Op::Ge, Family::Float},
    {F_FLOAT48EQ, Op::Eq, Family::Float},
    {F_FLOAT48NE, Op::Ne, Family::Float},
    {F_FLOAT48LT, Op::Lt, Family::Float},
    {F_FLOAT48LE, Op::Le, Family::Float},
    {F_FLOAT48GT, Op::Gt, Family::Float},
    {F_FLOAT48GE, Op::Ge, Family::Float},
    {F_FLOAT84EQ, Op::Eq, Family::Float},
    {F_FLOAT84NE, Op::Ne, Family::Float},
    {F_FLOAT84LT, Op::Lt, Family::Float},
    {F_FLOAT84LE, Op::Le, Family::Float},
    {F_FLOAT84GT, Op::Gt, Family::Float},
    {F_FLOAT84GE, Op::Ge, Family::Float},
    {F_INT8EQ, Op::Eq, Family::Int},
    {F_INT8NE, Op::Ne, Family::Int},
    {F_INT8LT, Op::Lt, Family::Int},
    {F_INT8GT, Op::Gt, Family::Int},
    {F_INT8LE, Op::Le, Family::Int},
    {F_INT8GE, Op::Ge, Family::Int},
    {F_INT84EQ, Op::Eq, Family::Int},
    {F_INT84NE, Op::Ne, Family::Int},
    {F_INT84LT, Op::Lt, Family::Int},
    {F_INT84GT, Op::Gt, Family::Int},
    {F_INT84LE, Op::Le, Family::Int},
    {F_INT84GE, Op::Ge, Family::Int},
    {F_NAMELT, Op::Lt, Family::Text},
    {F_NAMELE, Op::Le, Family::Text},
    {F_NAMEGT, Op::Gt, Family::Text},
    {F_NAMEGE, Op::Ge, Family::Text},
    {F_NAMENE, Op::Ne, Family::Text},
    {F_TEXT_LT, Op::Lt, Family::Text},
    {F_TEXT_LE, Op::Le, Family::Text},
    {F_TEXT_GT, Op::Gt, Family::Text},
    {F_TEXT_GE, Op::Ge, Family::Text},
    {F_TEXTLIKE, Op::Eq, Family::Text, NodeKind::Like},
    {F_TEXTNLIKE, Op::Eq, Family::Text, NodeKind::Like, true},
    {F_INT48EQ, Op::Eq, Family::Int},
    {F_INT48NE, Op::Ne, Family::Int},
    {F_INT48LT, Op::Lt, Family::Int},
    {F_INT48GT, Op::Gt, Family::Int},
    {F_INT48LE, Op::Le, Family::Int},
    {F_INT48GE, Op::Ge, Family::Int},
    {F_NAMELIKE, Op::Eq, Family::Text, NodeKind::Like},
    {F_NAMENLIKE, Op::Eq, Family::Text, NodeKind::Like, true},
    {F_DATE_EQ, Op::Eq, Family::Date},
    {F_DATE_LT, Op::Lt, Family::Date},
    {F_DATE_LE, Op::Le, Family::Date},
    {F_DATE_GT, Op::Gt, Family::Date},
    {F_DATE_GE, Op::Ge, Family::Date},
    {F_DATE_NE, Op::Ne, Family::Date},
    {F_TIMESTAMPTZ_EQ, Op::Eq, Family::Timestamp},
    {F_TIMESTAMPTZ_NE, Op::Ne, Family::Timestamp},
    {F_TIMESTAMPTZ_LT, Op::Lt, Family::Timestamp},
    {F_TIMESTAMPTZ_LE, Op::Le, Family::Timestamp},
    {F_TIMESTAMPTZ_GE, Op::Ge, Family::Timestamp},
    {F_TIMESTAMPTZ_GT, Op::Gt, Family::Timestamp},
    {F_INTERVAL_EQ, Op::Eq, Family::Interval},
    {F_INTERVAL_NE, Op::Ne, Family::Interval},
    {F_INTERVAL_LT, Op::Lt, Family::Interval},
    {F_INTERVAL_LE, Op::Le, Family::Interval},
    {F_INTERVAL_GE, Op::Ge, Family::Interval},
    {F_INTERVAL_GT, Op::Gt, Family::Interval},
    {F_TEXTICREGEXEQ, Op::Lt, Family::Text, NodeKind::Like},
    {F_NAMEICREGEXEQ, Op::Lt, Family::Text, NodeKind::Like},
    {F_TEXTREGEXEQ, Op::Gt, Family::Text, NodeKind::Like},
    {F_TEXTICLIKE, Op::Le, Family::Text, NodeKind::Like},
    {F_NAMEICLIKE, Op::Le, Family::Text, NodeKind::Like},
    {F_BOOLLE, Op::Le, Family::Bool},
    {F_BOOLGE, Op::Ge, Family::Bool},
    {F_NUMERIC_EQ, Op::Eq, Family::Numeric},
    {F_NUMERIC_NE, Op::Ne, Family::Numeric},
    {F_NUMERIC_GT, Op::Gt, Family::Numeric},
    {F_NUMERIC_GE, Op::Ge, Family::Numeric},
    {F_NUMERIC_LT, Op::Lt, Family::Numeric},
    {F_NUMERIC_LE, Op::Le, Family::Numeric},
    {F_INT28EQ, Op::Eq, Family::Int},
    {F_INT28NE, Op::Ne, Family::Int},
    {F_INT28LT, Op::Lt, Family::Int},
    {F_INT28GT, Op::Gt, Family::Int},
    {F_INT28LE, Op::Le, Family::Int},
    {F_INT28GE, Op::Ge, Family::Int},
    {F_INT82EQ, Op::Eq, Family::Int},
    {F_INT82NE, Op::Ne, Family::Int},
    {F_INT82LT, Op::Lt, Family::Int},
    {F_INT82GT, Op::Gt, Family::Int},
    {F_INT82LE, Op::Le, Family::Int},
    {F_INT82GE, Op::Ge, Family::Int},
    {F_BYTEAEQ, Op::Eq, Family::Binary},
    {F_BYTEALT, Op::Lt, Family::Key},
    {F_BYTEALE, Op::Le, Family::Key},
    {F_BYTEAGT, Op::Gt, Family::Key},
    {F_BYTEAGE, Op::Ge, Family::Key},
    {F_BYTEANE, Op::Ne, Family::Binary},
    {F_TIMESTAMP_EQ, Op::Eq, Family::Timestamp},
    {F_TIMESTAMP_NE, Op::Ne, Family::Timestamp},
    {F_TIMESTAMP_LT, Op::Lt, Family::Timestamp},
    {F_TIMESTAMP_LE, Op::Le, Family::Timestamp},
    {F_TIMESTAMP_GE, Op::Ge, Family::Timestamp},
    {F_TIMESTAMP_GT, Op::Gt, Family::Timestamp},
    {F_DATE_LT_TIMESTAMP, Op::Lt, Family::Timestamp, NodeKind::Compare, false, true},
    {F_DATE_LE_TIMESTAMP, Op::Le, Family::Timestamp, NodeKind::Compare, false, true},
    {F_DATE_EQ_TIMESTAMP, Op::Eq, Family::Timestamp, NodeKind::Compare, false, true},
    {F_DATE_GT_TIMESTAMP, Op::Gt, Family::Timestamp, NodeKind::Compare, false, true},
    {F_DATE_GE_TIMESTAMP, Op::Ge, Family::Timestamp, NodeKind::Compare, false, true},
    {F_DATE_NE_TIMESTAMP, Op::Ne, Family::Timestamp, NodeKind::Compare, false, true},
    {F_DATE_LT_TIMESTAMPTZ, Op::Lt, Family::Timestamp, NodeKind::Compare, false, true},
    {F_DATE_LE_TIMESTAMPTZ, Op::Le, Family::Timestamp, NodeKind::Compare, false, true},
    {F_DATE_EQ_TIMESTAMPTZ, Op::Eq, Family::Timestamp, NodeKind::Compare, false, true},
    {F_DATE_GT_TIMESTAMPTZ, Op::Gt, Family::Timestamp, NodeKind::Compare, false, true},
    {F_DATE_GE_TIMESTAMPTZ, Op::Ge, Family::Timestamp, NodeKind::Compare, false, true},
    {F_DATE_NE_TIMESTAMPTZ, Op::Ne, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMP_LT_DATE, Op::Lt, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMP_LE_DATE, Op::Le, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMP_EQ_DATE, Op::Eq, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMP_GT_DATE, Op::Gt, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMP_GE_DATE, Op::Ge, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMP_NE_DATE, Op::Ne, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMPTZ_LT_DATE, Op::Lt, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMPTZ_LE_DATE, Op::Le, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMPTZ_EQ_DATE, Op::Eq, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMPTZ_GT_DATE, Op::Gt, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMPTZ_GE_DATE, Op::Ge, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMPTZ_NE_DATE, Op::Ne, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMP_LT_TIMESTAMPTZ, Op::Lt, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMP_LE_TIMESTAMPTZ, Op::Le, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMP_EQ_TIMESTAMPTZ, Op::Eq, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMP_GT_TIMESTAMPTZ, Op::Gt, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMP_GE_TIMESTAMPTZ, Op::Ge, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMP_NE_TIMESTAMPTZ, Op::Ne, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMPTZ_LT_TIMESTAMP, Op::Lt, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMPTZ_LE_TIMESTAMP, Op::Le, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMPTZ_EQ_TIMESTAMP, Op::Eq, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMPTZ_GT_TIMESTAMP, Op::Gt, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMPTZ_GE_TIMESTAMP, Op::Ge, Family::Timestamp, NodeKind::Compare, false, true},
    {F_TIMESTAMPTZ_NE_TIMESTAMP, Op::Ne, Family::Timestamp, NodeKind::Compare, false, true},
    {F_UUID_LT, Op::Lt, Family::Uuid},
    {F_UUID_LE, Op::Le, Family::Uuid},
    {F_UUID_EQ, Op::Eq, Family::Uuid},
    {F_UUID_GE, Op::Ge, Family::Uuid},
    {F_UUID_GT, Op::Gt, Family::Uuid},
    {F_UUID_NE, Op::Ne, Family::Uuid},
    {F_STARTS_WITH, Op::Ge, Family::Text, NodeKind::Like},
};

static_assert(sorted_by_function(kRules));

struct FamilyRow {
    Oid type;
    Family family;
};
constexpr FamilyRow kFamilies[] = {
    {INT2OID, Family::Int},
    {INT4OID, Family::Int},
    {INT8OID, Family::Int},
    {FLOAT4OID, Family::Float},
    {FLOAT8OID, Family::Float},
    {NUMERICOID, Family::Numeric},
    {TEXTOID, Family::Text},
    {VARCHAROID, Family::Text},
    {NAMEOID, Family::Text},
    {BOOLOID, Family::Bool},
    {UUIDOID, Family::Uuid},
    {BYTEAOID, Family::Binary},
    {TIMESTAMPTZOID, Family::Timestamp},
    {TIMESTAMPOID, Family::Timestamp},
    {DATEOID, Family::Date},
};

struct ObjectIdRow {
    const char *name; // of the C function in this library
    Op op;
};
constexpr ObjectIdRow kObjectIdFunctions[] = {{"mongo_objectid_eq", Op::Eq}, {"mongo_objectid_ne", Op::Ne},
                                              {"mongo_objectid_lt", Op::Lt}, {"mongo_objectid_le", Op::Le},
                                              {"mongo_objectid_gt", Op::Gt}, {"mongo_objectid_ge", Op::Ge}};

// The C name of a function of ObjectIds alone; null for others.
char *objectid_function(Oid function, int arguments) {
    Oid type = objectid_type();
    HeapTuple tuple = OidIsValid(type) ? SearchSysCache1(PROCOID, ObjectIdGetDatum(function)) : nullptr;
    if (!HeapTupleIsValid(tuple))
        return nullptr;
    Form_pg_proc form = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
    bool ours = form->prolang == ClanguageId && form->pronargs == arguments;
    for (int i = 0; ours && i < arguments; i++)
        ours = form->proargtypes.values[i] == type;
    char *name = nullptr;
    if (ours) {
        bool null;
        Datum source = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &null);
        name = null ? nullptr : TextDatumGetCString(source);
    }
    ReleaseSysCache(tuple);
    return name;
}

std::optional<Rule> objectid_rule(Oid function) {
    char *name = objectid_function(function, 2);
    for (const ObjectIdRow &row : kObjectIdFunctions)
        if (name && strcmp(name, row.name) == 0)
            return Rule{function, row.op, Family::ObjectId, NodeKind::Compare};
    return std::nullopt;
}

bool is_byte_order_locale(const char *name) {
    return strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0 || pg_strcasecmp(name, "C.UTF-8") == 0 ||
           pg_strcasecmp(name, "C.UTF8") == 0;
}

bool database_is_byte_order() {
    HeapTuple tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(MyDatabaseId));
    if (!HeapTupleIsValid(tuple))
        return false;
    bool null, result = false;
    char provider = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple))->datlocprovider;
    if (provider == 'b') { // builtin (17 and later): code point order
        result = true;
    } else if (provider == COLLPROVIDER_LIBC) {
        Datum collate = SysCacheGetAttr(DATABASEOID, tuple, Anum_pg_database_datcollate, &null);
        result = !null && is_byte_order_locale(TextDatumGetCString(collate));
    }
    ReleaseSysCache(tuple);
    return result;
}

} // namespace

const Rule *rule_table(int *count) {
    *count = lengthof(kRules);
    return kRules;
}

std::optional<Rule> find_rule(Oid function) {
    if (const Rule *rule = row_of_function(kRules, function))
        return *rule;
    return function >= FirstNormalObjectId ? objectid_rule(function) : std::nullopt;
}

static bool is_objectid_function(Oid function, const char *symbol) {
    char *name = function >= FirstNormalObjectId ? objectid_function(function, 1) : nullptr;
    return name && strcmp(name, symbol) == 0;
}

bool is_time_of_objectid(Oid function) { return is_objectid_function(function, "mongo_objectid_to_timestamptz"); }
bool is_text_of_objectid(Oid function) { return is_objectid_function(function, "mongo_objectid_to_text"); }

namespace {

struct Uses {
    Oid function;
    int64 count;
};

HTAB *uses = nullptr;

} // namespace

void count_uses(List *functions) {
    if (!uses) {
        uses = make_hash_table<Uses>("mongo_fdw_cpp uses", sizeof(Oid));
    }
    ListCell *cell;
    foreach (cell, functions) {
        Oid function = lfirst_oid(cell);
        bool found;
        Uses *entry = static_cast<Uses *>(hash_search(uses, &function, HASH_ENTER, &found));
        entry->count = found ? entry->count + 1 : 1;
    }
}

int64 uses_of(Oid function) {
    const Uses *entry = uses ? static_cast<Uses *>(hash_search(uses, &function, HASH_FIND, nullptr)) : nullptr;
    return entry ? entry->count : 0;
}

mql::Family family_of_type(Oid base_type) {
    for (const FamilyRow &row : kFamilies)
        if (row.type == base_type)
            return row.family;
    return base_type == objectid_type() ? Family::ObjectId : Family::None;
}

static bool is_byte_order(Oid collation) {
    if (GetDatabaseEncoding() != PG_UTF8)
        return false;
    if (collation == C_COLLATION_OID)
        return true;
    if (collation == DEFAULT_COLLATION_OID)
        return database_is_byte_order();
    HeapTuple tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
    if (!HeapTupleIsValid(tuple))
        return false;
    bool null, result = false;
    char provider = reinterpret_cast<Form_pg_collation>(GETSTRUCT(tuple))->collprovider;
    if (provider == 'b') {
        result = true;
    } else if (provider == COLLPROVIDER_LIBC) {
        Datum collate = SysCacheGetAttr(COLLOID, tuple, Anum_pg_collation_collcollate, &null);
        result = !null && is_byte_order_locale(TextDatumGetCString(collate));
    }
    ReleaseSysCache(tuple);
    return result;
}

const char *byte_order_wanted(Oid collation) {
    if (is_byte_order(collation))
        return nullptr;
    if (collation != DEFAULT_COLLATION_OID) {
        char *name = get_collation_name(collation);
        return psprintf("text ordering needs a byte-order collation such as \"C\", this one is \"%s\"",
                        name ? name : "?");
    }
    HeapTuple tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(MyDatabaseId));
    if (!HeapTupleIsValid(tuple))
        return "text ordering needs a byte-order collation such as \"C\"";
    bool null;
    Datum collate = SysCacheGetAttr(DATABASEOID, tuple, Anum_pg_database_datcollate, &null);
    const char *name = null ? "?" : TextDatumGetCString(collate);
    ReleaseSysCache(tuple);
    return psprintf("text ordering needs a byte-order collation such as \"C\", the database's is \"%s\"", name);
}

bool is_c_type(Oid collation) {
    constexpr Oid kPosixCollation = 951;
    if (collation == C_COLLATION_OID || collation == kPosixCollation)
        return true;
    if (collation != DEFAULT_COLLATION_OID)
        return false;
    HeapTuple tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(MyDatabaseId));
    if (!HeapTupleIsValid(tuple))
        return false;
    bool null, result = false;
    if (reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple))->datlocprovider == COLLPROVIDER_LIBC) {
        Datum type = SysCacheGetAttr(DATABASEOID, tuple, Anum_pg_database_datctype, &null);
        char *name = null ? nullptr : TextDatumGetCString(type);
        result = name && (strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0);
    }
    ReleaseSysCache(tuple);
    return result;
}

} // namespace mongo_fdw
