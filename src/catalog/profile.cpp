// The profile of a collection. Zone B.
//
// Nodes form the tree of paths. A container's keys are expected in the order in which they were first seen, so that
// documents of one shape cost a comparison a field. Sub-documents whose keys are data become maps: while they grow
// (checked at every doubling, so that memory stays bounded) and at the end.
#include "catalog/profile.hpp"

#include "convert/json.hpp"
#include "convert/number.hpp"
#include "convert/text.hpp"

#include <cmath>
#include <initializer_list>

namespace mongo_fdw {
namespace {

constexpr uint32_t kIndexed = 16;         // children from which on they are found by hash
constexpr uint32_t kMapCheck = 256;       // children at which a growing sub-document is first tested for a map
constexpr uint32_t kSetBudget = 4u << 20; // slots of 8 bytes for all sets of seen values
constexpr uint8_t kHllBits = 11;          // 2048 registers: a standard error of 2.3 %
constexpr double kRarePresence = 0.25;    // share of containers that a key of a map stands in, on average, at most
constexpr double kOneClass = 0.95;        // share of a map's values that are of one class, at least
constexpr double kDataLikeKeys = 0.9;

constexpr BsonType kTypes[kBsonTypes] = {
    BsonType::Double,     BsonType::String,    BsonType::Document, BsonType::Array,         BsonType::Binary,
    BsonType::Undefined,  BsonType::ObjectId,  BsonType::Bool,     BsonType::Date,          BsonType::Null,
    BsonType::Regex,      BsonType::DbPointer, BsonType::Code,     BsonType::Symbol,        BsonType::CodeWithScope,
    BsonType::Int32,      BsonType::Timestamp, BsonType::Int64,    BsonType::Decimal128,    BsonType::MinKey,
    BsonType::MaxKey,
};

ProfileNode *make_node(Profile *profile, ProfileNode *parent, ProfileNode::Kind kind) {
    ProfileNode *node = static_cast<ProfileNode *>(MemoryContextAllocZero(profile->context, sizeof(ProfileNode)));
    node->kind = kind;
    node->parent = parent;
    node->depth = parent ? parent->depth + (kind == ProfileNode::Kind::Field || kind == ProfileNode::Kind::Entry) : 0;
    if (parent)
        profile->paths++;
    return node;
}

uint32_t hash_of_key(const char *key, uint32_t length) {
    return hash_bytes(reinterpret_cast<const unsigned char *>(key), static_cast<int>(length));
}

void index_child(ProfileNode *node, ProfileNode *child) {
    uint32_t slot = hash_of_key(child->key, child->key_length) & (node->index_capacity - 1);
    while (node->index[slot])
        slot = (slot + 1) & (node->index_capacity - 1);
    node->index[slot] = child;
}

void grow_index(Profile *profile, ProfileNode *node) {
    if (node->index)
        pfree(node->index);
    node->index_capacity = Max(node->index_capacity * 2, 4 * kIndexed);
    node->index = static_cast<ProfileNode **>(
        MemoryContextAllocZero(profile->context, sizeof(ProfileNode *) * node->index_capacity));
    for (ProfileNode *child = node->first; child; child = child->next)
        index_child(node, child);
}

ProfileNode *find_child(ProfileNode *node, const char *key, uint32_t length) {
    auto same = [&](const ProfileNode *child) {
        return child->key_length == length && memcmp(child->key, key, length) == 0;
    };
    if (node->index) {
        uint32_t slot = hash_of_key(key, length) & (node->index_capacity - 1);
        for (; node->index[slot]; slot = (slot + 1) & (node->index_capacity - 1))
            if (same(node->index[slot]))
                return node->index[slot];
        return nullptr;
    }
    for (ProfileNode *child = node->first; child; child = child->next)
        if (same(child))
            return child;
    return nullptr;
}

// --- scalars ---

// A hash that is equal for numbers of equal value, whatever their type.
uint64_t hash_of_integer(int64_t number) { return hash_bytes_extended(reinterpret_cast<unsigned char *>(&number), 8, 1); }

uint64_t hash_of_value(const BsonValue &value, const Decimal *decimal, int64_t integer, bool integral) {
    if (integral)
        return hash_of_integer(integer);
    if (decimal && decimal->special == Special::Finite) {
        int digits = decimal->digit_count, exponent = decimal->exponent;
        while (digits > 1 && decimal->digits[digits - 1] == '0')
            digits--, exponent++;
        return hash_bytes_extended(reinterpret_cast<const unsigned char *>(decimal->digits), digits,
                                   static_cast<uint64_t>(exponent) * 2 + decimal->negative);
    }
    BsonType type = value.type == BsonType::Symbol ? BsonType::String : value.type;
    return hash_bytes_extended(value.data, static_cast<int>(value.size), static_cast<uint64_t>(type));
}

// Adds to the set; false when it was there already.
bool add_to_set(Profile *profile, HashSet *set, uint64_t hash) {
    hash |= hash == 0;
    if (set->count * 2 >= set->capacity) {
        HashSet grown{nullptr, 0, Max(set->capacity * 2, 32u)};
        grown.slots =
            static_cast<uint64_t *>(MemoryContextAllocZero(profile->context, sizeof(uint64_t) * grown.capacity));
        for (uint32_t i = 0; i < set->capacity; i++)
            if (set->slots[i])
                add_to_set(profile, &grown, set->slots[i]);
        if (set->slots)
            pfree(set->slots);
        *set = grown;
    }
    uint32_t slot = static_cast<uint32_t>(hash) & (set->capacity - 1);
    for (; set->slots[slot]; slot = (slot + 1) & (set->capacity - 1))
        if (set->slots[slot] == hash)
            return false;
    set->slots[slot] = hash;
    set->count++;
    return true;
}

void drop_set(Profile *profile, ScalarFacts *facts, ScalarFacts::Unique verdict) {
    profile->set_budget += facts->seen.capacity;
    if (facts->seen.slots)
        pfree(facts->seen.slots);
    facts->seen = {nullptr, 0, 0};
    facts->unique = verdict;
}

void note_unique(Profile *profile, ScalarFacts *facts, uint64_t hash) {
    if (facts->unique != ScalarFacts::Unique::Yes)
        return;
    uint32_t before = facts->seen.capacity;
    if (facts->seen.count * 2 >= before && profile->set_budget < Max(before * 2, 32u)) {
        drop_set(profile, facts, ScalarFacts::Unique::Unknown);
        return;
    }
    bool added = add_to_set(profile, &facts->seen, hash);
    profile->set_budget -= facts->seen.capacity - before;
    if (!added)
        drop_set(profile, facts, ScalarFacts::Unique::No);
}

void note_distinct(Profile *profile, ScalarFacts *facts, uint64_t hash) {
    if (!profile->settings.distinct)
        return;
    if (!facts->distinct) {
        MemoryContext old = MemoryContextSwitchTo(profile->context);
        facts->distinct = static_cast<hyperLogLogState *>(palloc(sizeof(hyperLogLogState)));
        initHyperLogLog(facts->distinct, kHllBits);
        MemoryContextSwitchTo(old);
    }
    addHyperLogLog(facts->distinct, static_cast<uint32_t>(hash ^ hash >> 32));
    note_unique(profile, facts, hash);
}

void keep_value(const BsonValue &value, KeptValue *out) {
    constexpr uint32_t kMost = sizeof out->bytes;
    out->type = value.type;
    out->cut = value.size > kMost;
    out->size = static_cast<uint8_t>(Min(value.size, kMost));
    memcpy(out->bytes, value.data, out->size);
    if (!out->cut)
        return;
    // Cut strings and binaries stay well-formed; other large scalars are shown as cut.
    if (value.type == BsonType::String || value.type == BsonType::Symbol || value.type == BsonType::Code) {
        uint32_t length = kMost - 5;
        while (length > 0 && (value.data[4 + length] & 0xc0) == 0x80)
            length--;
        uint32_t size = length + 1;
        memcpy(out->bytes, &size, 4);
        out->bytes[4 + length] = 0;
        out->size = static_cast<uint8_t>(5 + length);
    } else if (value.type == BsonType::Binary) {
        uint32_t size = kMost - 5;
        memcpy(out->bytes, &size, 4);
    } else {
        out->type = BsonType::Missing;
    }
}

constexpr int kNumberRank = 1, kTextRank = 2, kObjectIdRank = 3, kBoolRank = 4, kDateRank = 5, kTimestampRank = 6;

// Rank of a type in MongoDB's comparison order; negative for what has no place among minima and maxima.
int rank_of(BsonType type) {
    switch (type) {
    case BsonType::Int32:
    case BsonType::Int64:
    case BsonType::Double:
    case BsonType::Decimal128:
        return kNumberRank;
    case BsonType::String:
    case BsonType::Symbol:
        return kTextRank;
    case BsonType::ObjectId:
        return kObjectIdRank;
    case BsonType::Bool:
        return kBoolRank;
    case BsonType::Date:
        return kDateRank;
    case BsonType::Timestamp:
        return kTimestampRank;
    default:
        return -1;
    }
}

double approximate(const BsonValue &value) {
    if (value.type != BsonType::Decimal128)
        return number_of(value, 0);
    Decimal decimal;
    decimal_of_decimal128(value.data, &decimal);
    if (decimal.special == Special::NaN)
        return NAN;
    if (decimal.special != Special::Finite)
        return decimal.special == Special::PositiveInfinity ? INFINITY : -INFINITY;
    char text[64];
    snprintf(text, sizeof text, "%s%.*se%d", decimal.negative ? "-" : "", decimal.digit_count, decimal.digits,
             decimal.exponent);
    return strtod(text, nullptr);
}

int sign(int64_t a, int64_t b) { return a < b ? -1 : a > b; }

bool integer_value(const BsonValue &value, int64_t *out) {
    if (value.type != BsonType::Int32 && value.type != BsonType::Int64)
        return false;
    *out = value.type == BsonType::Int32 ? read_le<int32_t>(value.data) : read_le<int64_t>(value.data);
    return true;
}

// NaN is the least number, as in MongoDB's sort.
int compare_numbers(const BsonValue &a, const BsonValue &b) {
    int64_t first, second;
    if (integer_value(a, &first) && integer_value(b, &second))
        return sign(first, second);
    double x = approximate(a), y = approximate(b);
    if (std::isnan(x) || std::isnan(y))
        return std::isnan(y) - std::isnan(x);
    return x < y ? -1 : x > y;
}

int compare_scalars(const BsonValue &a, const BsonValue &b) {
    int rank = rank_of(a.type);
    if (rank != rank_of(b.type))
        return rank - rank_of(b.type);
    switch (rank) {
    case kNumberRank:
        return compare_numbers(a, b);
    case kTextRank: {
        uint32_t length_a, length_b;
        const char *first = text_of(a, &length_a), *second = text_of(b, &length_b);
        int order = memcmp(first, second, Min(length_a, length_b));
        return order ? order : sign(length_a, length_b);
    }
    case kDateRank:
        return sign(read_le<int64_t>(a.data), read_le<int64_t>(b.data));
    case kTimestampRank: {
        uint64_t first = read_le<uint64_t>(a.data), second = read_le<uint64_t>(b.data);
        return first < second ? -1 : first > second;
    }
    default: // ObjectIds and bools by their bytes
        return memcmp(a.data, b.data, a.size);
    }
}

void note_extremes(ScalarFacts *facts, const BsonValue &value) {
    if (rank_of(value.type) < 0)
        return;
    if (facts->least.type == BsonType::Missing || compare_scalars(value, facts->least.value()) < 0)
        keep_value(value, &facts->least);
    if (facts->greatest.type == BsonType::Missing || compare_scalars(value, facts->greatest.value()) > 0)
        keep_value(value, &facts->greatest);
}

void note_example(ScalarFacts *facts, const BsonValue &value, uint64_t hash) {
    if (facts->example_count == kExamples)
        return;
    for (int i = 0; i < facts->example_count; i++)
        if (facts->example_hashes[i] == hash)
            return;
    KeptValue *kept = &facts->examples[facts->example_count];
    keep_value(value, kept);
    if (kept->type != BsonType::Missing)
        facts->example_hashes[facts->example_count++] = hash;
}

void note_kept(Profile *profile, ScalarFacts *facts, const BsonValue &value, uint64_t hash) {
    uint32_t most = profile->settings.kept_values;
    if (facts->value_count == most || rank_of(value.type) < 0 || value.size > 1024)
        return;
    if (!facts->values) {
        facts->values = static_cast<BsonValue *>(MemoryContextAlloc(profile->context, sizeof(BsonValue) * most));
        facts->value_hashes = static_cast<uint64_t *>(MemoryContextAlloc(profile->context, sizeof(uint64_t) * most));
    }
    for (uint32_t i = 0; i < facts->value_count; i++)
        if (facts->value_hashes[i] == hash)
            return;
    uint8_t *copy = static_cast<uint8_t *>(MemoryContextAlloc(profile->context, Max(value.size, 1)));
    memcpy(copy, value.data, value.size);
    facts->values[facts->value_count] = {value.type, copy, value.size};
    facts->value_hashes[facts->value_count++] = hash;
}

void note_integral(ScalarFacts *facts, int64_t number) {
    facts->int_min = facts->has_integral ? Min(facts->int_min, number) : number;
    facts->int_max = facts->has_integral ? Max(facts->int_max, number) : number;
    facts->has_integral = true;
}

// Notes a number; *integral when it is an integer of int64's range, *decimal filled where its digits were taken.
bool note_number(ScalarFacts *facts, const BsonValue &value, Decimal *decimal, int64_t *integer, bool *integral) {
    constexpr int64_t kExactDouble = INT64CONST(1) << 53;
    *integral = integer_value(value, integer);
    if (value.type == BsonType::Double) {
        double number = read_le<double>(value.data);
        // Most doubles that look like integers are small ones.
        if (std::fabs(number) < 1e15 && std::nearbyint(number) == number) {
            *integer = static_cast<int64_t>(number);
            *integral = true;
        }
    }
    if (*integral) {
        note_integral(facts, *integer);
        if (value.type != BsonType::Double && (*integer > kExactDouble || *integer < -kExactDouble))
            facts->inexact = facts->inexact || static_cast<int64_t>(static_cast<double>(*integer)) != *integer ||
                             *integer == PG_INT64_MAX;
        int digits = 1;
        for (uint64_t rest = *integer < 0 ? 0 - static_cast<uint64_t>(*integer) : *integer; rest >= 10; rest /= 10)
            digits++;
        facts->int_digits = Max(facts->int_digits, digits);
        return false;
    }
    if (value.type == BsonType::Double)
        decimal_of_double(read_le<double>(value.data), decimal);
    else
        decimal_of_decimal128(value.data, decimal);
    if (decimal->special != Special::Finite) {
        facts->special = true;
        facts->infinite = facts->infinite || decimal->special != Special::NaN;
        return true;
    }
    bool in_range;
    *integral = int64_of_decimal(*decimal, integer, &in_range);
    if (*integral)
        note_integral(facts, *integer);
    else if (in_range)
        facts->fraction = true;
    else
        facts->beyond_int64 = true;
    facts->int_digits = Max(facts->int_digits, decimal->digit_count + decimal->exponent);
    // Decimal128 5.00 has a scale of 2: its zeros are kept by numeric.
    facts->scale = Max(facts->scale, natural_scale(*decimal));
    if (value.type == BsonType::Decimal128 && !facts->inexact) {
        Decimal through;
        double nearest = approximate(value);
        decimal_of_double(nearest, &through);
        int digits = decimal->digit_count, exponent = decimal->exponent;
        while (digits > 1 && decimal->digits[digits - 1] == '0')
            digits--, exponent++;
        int other = through.digit_count, other_exponent = through.exponent;
        while (other > 1 && through.digits[other - 1] == '0')
            other--, other_exponent++;
        facts->inexact = through.special != Special::Finite || digits != other ||
                         memcmp(decimal->digits, through.digits, digits) != 0 ||
                         (exponent != other_exponent && decimal->digits[0] != '0');
    }
    return true;
}

void note_text(ScalarFacts *facts, const BsonValue &value) {
    uint32_t length;
    const char *text = text_of(value, &length);
    int64_t characters = length;
    if (!is_plain_ascii(text, length)) {
        const char *converted = text;
        uint32_t converted_length = length;
        if (memchr(text, 0, length))
            facts->has_nul = true;
        switch (to_server_text(&converted, &converted_length)) {
        case TextFault::Nul:
        case TextFault::None:
            break;
        case TextFault::Encoding:
            facts->unreadable = true;
            break;
        }
        if (converted != text)
            pfree(const_cast<char *>(converted));
        characters = 0;
        for (uint32_t i = 0; i < length; i++)
            characters += (text[i] & 0xc0) != 0x80;
    }
    facts->longest = Max(facts->longest, characters);
    facts->text_classes[static_cast<int>(classify_text(text, length))]++;
}

// Text hidden in code, regexes and the like, which only json and jsonb show: asks their writer.
void note_hidden_text(ScalarFacts *facts, const BsonValue &value) {
    MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mongo_fdw_cpp text", ALLOCSET_SMALL_SIZES);
    MemoryContext old = MemoryContextSwitchTo(context);
    Arena scratch{context, nullptr, nullptr};
    JsonNode node;
    Datum ignored;
    json_node_of(value, JsonForm::Simple, &scratch, &node);
    switch (make_jsonb(node, JsonForm::Simple, &scratch, &ignored)) {
    case JsonFault::None:
        break;
    case JsonFault::Nul:
        facts->has_nul = true;
        break;
    default:
        facts->unreadable = true;
        break;
    }
    MemoryContextSwitchTo(old);
    MemoryContextDelete(context);
}

void note_date(ScalarFacts *facts, const BsonValue &value) {
    constexpr int64_t kDay = INT64CONST(86400000);
    constexpr int64_t kFirst = INT64CONST(-210866803200000), kEnd = INT64CONST(9224318016000000); // of timestamptz
    int64_t ms = read_le<int64_t>(value.data);
    facts->has_time = facts->has_time || ms % kDay != 0;
    facts->beyond_timestamp = facts->beyond_timestamp || ms < kFirst || ms >= kEnd;
}

void note_binary(ScalarFacts *facts, const BsonValue &value) {
    if (value.size != 21)
        return;
    facts->uuids += value.data[4] == 4;
    facts->legacy_uuids += value.data[4] == 3;
}

void add_scalar(Profile *profile, ProfileNode *node, const BsonValue &value) {
    if (!node->scalars)
        node->scalars = static_cast<ScalarFacts *>(MemoryContextAllocZero(profile->context, sizeof(ScalarFacts)));
    ScalarFacts *facts = node->scalars;
    Decimal decimal;
    int64_t integer = 0;
    bool integral = false, has_decimal = false;
    facts->count++;
    switch (value.type) {
    case BsonType::Int32:
    case BsonType::Int64:
    case BsonType::Double:
    case BsonType::Decimal128:
        has_decimal = note_number(facts, value, &decimal, &integer, &integral);
        break;
    case BsonType::String:
    case BsonType::Symbol:
        note_text(facts, value);
        break;
    case BsonType::Code:
    case BsonType::CodeWithScope:
    case BsonType::Regex:
    case BsonType::DbPointer:
        note_hidden_text(facts, value);
        break;
    case BsonType::Date:
        note_date(facts, value);
        break;
    case BsonType::Binary:
        note_binary(facts, value);
        break;
    default:
        break;
    }
    uint64_t hash = hash_of_value(value, has_decimal ? &decimal : nullptr, integer, integral);
    note_distinct(profile, facts, hash);
    note_extremes(facts, value);
    note_example(facts, value, hash);
    if (profile->settings.kept_values)
        note_kept(profile, facts, value, hash);
}

// --- maps ---

bool looks_like_data(const ProfileNode *child) {
    const char *key = child->key;
    uint32_t digits = 0, others = 0;
    for (uint32_t i = 0; i < child->key_length; i++) {
        digits += key[i] >= '0' && key[i] <= '9';
        others += key[i] == '@' || key[i] == ' ' || key[i] == '.' || key[i] == '/' || key[i] == ':';
    }
    TextClass text_class = classify_text(key, child->key_length);
    return text_class != TextClass::Plain || others > 0 || (child->key_length >= 16 && digits >= 4);
}

// Class of value for the rule "of one value type": numbers are one, strings and symbols one.
int value_class(BsonType type) {
    int rank = rank_of(type);
    return rank > 0 ? rank : 10 + type_index(type);
}

bool looks_like_map(const Profile *profile, const ProfileNode *node) {
    uint32_t threshold = static_cast<uint32_t>(profile->settings.map_threshold);
    if (node->kind == ProfileNode::Kind::Root || node->is_map || node->children < Max(threshold / 8, 4u))
        return false;
    uint64_t present = 0, classes[64] = {}, valued = 0, data_like = 0;
    for (const ProfileNode *child = node->first; child; child = child->next) {
        present += child->present;
        data_like += looks_like_data(child);
        for (int i = 0; i < kBsonTypes; i++)
            if (!reads_as_null(type_at(i))) {
                classes[value_class(type_at(i))] += child->types[i];
                valued += child->types[i];
            }
    }
    uint64_t most = 0;
    for (uint64_t count : classes)
        most = Max(most, count);
    if (static_cast<double>(most) < kOneClass * static_cast<double>(valued))
        return false;
    if (static_cast<double>(data_like) >= kDataLikeKeys * node->children)
        return true;
    double containers = static_cast<double>(node->types[type_index(BsonType::Document)]);
    return node->children >= threshold &&
           static_cast<double>(present) <= kRarePresence * containers * static_cast<double>(node->children);
}

void free_node(Profile *profile, ProfileNode *node) {
    for (ProfileNode *child = node->first; child;) {
        ProfileNode *next = child->next;
        free_node(profile, child);
        child = next;
    }
    if (node->element)
        free_node(profile, node->element);
    if (node->entry)
        free_node(profile, node->entry);
    if (ScalarFacts *facts = node->scalars) {
        drop_set(profile, facts, facts->unique);
        if (facts->distinct) {
            freeHyperLogLog(facts->distinct);
            pfree(facts->distinct);
        }
        pfree(facts);
    }
    if (node->index)
        pfree(node->index);
    if (node->key)
        pfree(const_cast<char *>(node->key));
    pfree(node);
    profile->paths--;
}

void merge_scalars(Profile *profile, ScalarFacts **into, ScalarFacts *from) {
    if (!from)
        return;
    if (!*into) {
        *into = static_cast<ScalarFacts *>(MemoryContextAlloc(profile->context, sizeof(ScalarFacts)));
        **into = *from;
        from->distinct = nullptr; // moved
        from->seen = {nullptr, 0, 0};
        return;
    }
    ScalarFacts *to = *into;
    to->count += from->count;
    if (to->distinct && from->distinct)
        for (Size i = 0; i < to->distinct->nRegisters; i++)
            to->distinct->hashesArr[i] = Max(to->distinct->hashesArr[i], from->distinct->hashesArr[i]);
    if (from->unique == ScalarFacts::Unique::No)
        drop_set(profile, to, ScalarFacts::Unique::No);
    else if (from->unique == ScalarFacts::Unique::Unknown && to->unique == ScalarFacts::Unique::Yes)
        drop_set(profile, to, ScalarFacts::Unique::Unknown);
    else
        for (uint32_t i = 0; i < from->seen.capacity; i++)
            if (from->seen.slots[i])
                note_unique(profile, to, from->seen.slots[i]);
    for (const KeptValue *kept : {&from->least, &from->greatest})
        if (kept->type != BsonType::Missing)
            note_extremes(to, kept->value());
    for (int i = 0; i < from->example_count; i++)
        note_example(to, from->examples[i].value(), from->example_hashes[i]);
    for (uint32_t i = 0; i < from->value_count; i++)
        note_kept(profile, to, from->values[i], from->value_hashes[i]);
    if (from->has_integral) {
        note_integral(to, from->int_min);
        note_integral(to, from->int_max);
    }
    to->fraction |= from->fraction;
    to->beyond_int64 |= from->beyond_int64;
    to->special |= from->special;
    to->infinite |= from->infinite;
    to->inexact |= from->inexact;
    to->int_digits = Max(to->int_digits, from->int_digits);
    to->scale = Max(to->scale, from->scale);
    to->longest = Max(to->longest, from->longest);
    for (int i = 0; i < static_cast<int>(TextClass::Count); i++)
        to->text_classes[i] += from->text_classes[i];
    to->has_nul |= from->has_nul;
    to->unreadable |= from->unreadable;
    to->has_time |= from->has_time;
    to->beyond_timestamp |= from->beyond_timestamp;
    to->uuids += from->uuids;
    to->legacy_uuids += from->legacy_uuids;
}

ProfileNode *entry_of(Profile *profile, ProfileNode *node) {
    if (!node->entry)
        node->entry = make_node(profile, node, ProfileNode::Kind::Entry);
    return node->entry;
}

void make_map(Profile *profile, ProfileNode *node);

void merge_node(Profile *profile, ProfileNode *into, ProfileNode *from) {
    check_stack_depth();
    uint64_t arrays = into->types[type_index(BsonType::Array)], more = from->types[type_index(BsonType::Array)];
    into->present += from->present;
    into->unreadable_key |= from->unreadable_key;
    into->array_elements += from->array_elements;
    if (more) {
        into->array_min = arrays ? Min(into->array_min, from->array_min) : from->array_min;
        into->array_max = Max(into->array_max, from->array_max);
    }
    for (int i = 0; i < kBsonTypes; i++)
        into->types[i] += from->types[i];
    merge_scalars(profile, &into->scalars, from->scalars);
    if (from->element)
        merge_node(profile, profile_element(profile, into), from->element);
    if (from->is_map && !into->is_map)
        make_map(profile, into);
    if (from->entry)
        merge_node(profile, entry_of(profile, into), from->entry);
    for (ProfileNode *child = from->first; child; child = child->next)
        merge_node(profile,
                   into->is_map ? entry_of(profile, into)
                                : profile_child(profile, into, child->key, child->key_length),
                   child);
}

// Turns the children of a node into entries of a map.
void make_map(Profile *profile, ProfileNode *node) {
    node->is_map = true;
    ProfileNode *entry = entry_of(profile, node);
    for (ProfileNode *child = node->first; child;) {
        ProfileNode *next = child->next;
        merge_node(profile, entry, child);
        free_node(profile, child);
        child = next;
    }
    node->first = node->last = nullptr;
    node->children = 0;
    if (node->index)
        pfree(node->index);
    node->index = nullptr;
    node->index_capacity = 0;
}

void find_maps(Profile *profile, ProfileNode *node) {
    check_stack_depth();
    if (looks_like_map(profile, node))
        make_map(profile, node);
    for (ProfileNode *child = node->first; child; child = child->next)
        find_maps(profile, child);
    if (node->element)
        find_maps(profile, node->element);
    if (node->entry)
        find_maps(profile, node->entry);
}

// --- walking ---

void add_value(Profile *profile, ProfileNode *node, const BsonValue &value);

void walk_document(Profile *profile, ProfileNode *node, const BsonValue &document) {
    uint64_t serial = ++profile->serial;
    ProfileNode *expected = node->first;
    BsonReader reader(document.data, document.size);
    while (reader.next()) {
        ProfileNode *child = nullptr;
        if (node->is_map) {
            child = entry_of(profile, node);
            child->serial = 0; // every key of a map is an entry
        } else if (expected && expected->key_length == reader.key_length() &&
                   memcmp(expected->key, reader.key(), reader.key_length()) == 0) {
            child = expected;
        } else {
            uint32_t before = node->children;
            child = profile_child(profile, node, reader.key(), reader.key_length());
            bool doubled = node->children != before && node->children >= kMapCheck &&
                           (node->children & (node->children - 1)) == 0;
            if (doubled && looks_like_map(profile, node)) {
                make_map(profile, node); // the new child, still without values, is gone with the others
                child = entry_of(profile, node);
            }
        }
        if (!node->is_map) {
            expected = child->next;
            if (child->serial == serial) { // the same key again: the first counts
                profile->duplicate_keys = true;
                continue;
            }
            child->serial = serial;
        }
        add_value(profile, child, reader.value());
    }
    if (reader.malformed())
        ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION), errmsg("the server sent a malformed document")));
}

void add_array(Profile *profile, ProfileNode *node, const BsonValue &array) {
    int64_t length = 0;
    BsonReader reader(array.data, array.size);
    while (reader.next()) {
        length++;
        add_value(profile, profile_element(profile, node), reader.value());
    }
    if (reader.malformed())
        ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION), errmsg("the server sent a malformed document")));
    node->array_elements += static_cast<uint64_t>(length);
    bool first = node->types[type_index(BsonType::Array)] == 1;
    node->array_min = first ? length : Min(node->array_min, length);
    node->array_max = Max(node->array_max, length);
}

void add_value(Profile *profile, ProfileNode *node, const BsonValue &value) {
    check_stack_depth();
    node->present++;
    node->types[type_index(value.type)]++;
    switch (value.type) {
    case BsonType::Document:
        if (node->depth < profile->settings.max_depth)
            walk_document(profile, node, value);
        break;
    case BsonType::Array:
        add_array(profile, node, value);
        break;
    case BsonType::Null:
    case BsonType::Undefined:
        break;
    default:
        add_scalar(profile, node, value);
        break;
    }
}

} // namespace

BsonType type_at(int index) { return kTypes[index]; }

Profile *make_profile(const ProfileSettings &settings) {
    MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mongo_fdw_cpp profile", ALLOCSET_DEFAULT_SIZES);
    Profile *profile = static_cast<Profile *>(MemoryContextAllocZero(context, sizeof(Profile)));
    profile->settings = settings;
    profile->context = context;
    profile->set_budget = kSetBudget;
    profile->root = make_node(profile, nullptr, ProfileNode::Kind::Root);
    return profile;
}

ProfileNode *profile_child(Profile *profile, ProfileNode *node, const char *key, uint32_t length) {
    if (ProfileNode *found = find_child(node, key, length))
        return found;
    ProfileNode *child = make_node(profile, node, ProfileNode::Kind::Field);
    char *copy = static_cast<char *>(MemoryContextAlloc(profile->context, length + 1));
    memcpy(copy, key, length);
    copy[length] = '\0';
    child->key = copy;
    child->key_length = length;
    const char *converted = copy;
    uint32_t converted_length = length;
    child->unreadable_key = to_server_text(&converted, &converted_length) != TextFault::None;
    if (node->last)
        node->last->next = child;
    else
        node->first = child;
    node->last = child;
    node->children++;
    if (node->index ? node->children * 2 > node->index_capacity : node->children > kIndexed)
        grow_index(profile, node);
    else if (node->index)
        index_child(node, child);
    return child;
}

void add_document(Profile *profile, const BsonValue &document, const char *name_space) {
    add_value(profile, profile->root, document);
    if (profile->paths <= profile->settings.max_paths)
        return;
    find_maps(profile, profile->root);
    if (profile->paths > profile->settings.max_paths)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("collection \"%s\" has more than %d paths", name_space, profile->settings.max_paths),
                        errhint("Raise \"max_paths\", or lower \"max_depth\". Keys that are data make many paths.")));
}

ProfileNode *profile_element(Profile *profile, ProfileNode *node) {
    if (!node->element)
        node->element = make_node(profile, node, ProfileNode::Kind::Element);
    return node->element;
}

uint64_t seen_types(const ProfileNode *node) {
    uint64_t types = 0;
    for (int i = 0; i < kBsonTypes; i++)
        if (node->types[i])
            types |= UINT64_C(1) << i;
    return types;
}

void finish_profile(Profile *profile) { find_maps(profile, profile->root); }

uint64_t profile_base(const ProfileNode *node) {
    const ProfileNode *scope = node->parent;
    while (scope->kind == ProfileNode::Kind::Field)
        scope = scope->parent;
    if (node->kind == ProfileNode::Kind::Field)
        return scope->present;
    return node->present; // elements and entries are never missing
}

uint64_t null_count(const ProfileNode *node) {
    return node->types[type_index(BsonType::Null)] + node->types[type_index(BsonType::Undefined)];
}

uint64_t hash_of_scalar(const BsonValue &value) {
    ScalarFacts ignored{};
    Decimal decimal;
    int64_t integer = 0;
    bool integral = false, has_decimal = false;
    if (rank_of(value.type) == kNumberRank)
        has_decimal = note_number(&ignored, value, &decimal, &integer, &integral);
    return hash_of_value(value, has_decimal ? &decimal : nullptr, integer, integral);
}

double distinct_values(const ScalarFacts *facts) {
    if (facts->unique == ScalarFacts::Unique::Yes)
        return static_cast<double>(facts->count);
    return Min(rint(estimateHyperLogLog(facts->distinct)), static_cast<double>(facts->count));
}

char *profile_path(const ProfileNode *node) {
    const ProfileNode *chain[512];
    int count = 0;
    bool plain = true;
    for (const ProfileNode *at = node; at->parent && count < 512; at = at->parent) {
        chain[count++] = at;
        if (at->kind == ProfileNode::Kind::Field)
            plain = plain && at->key_length > 0 && !at->unreadable_key && !strpbrk(at->key, ".[]{}\"");
    }
    StringInfoData text;
    initStringInfo(&text);
    for (int i = count - 1; i >= 0; i--) {
        const ProfileNode *at = chain[i];
        bool field = at->kind == ProfileNode::Kind::Field, first = i == count - 1;
        const char *mark = at->kind == ProfileNode::Kind::Element ? "[]" : "{}";
        if (!plain)
            appendStringInfoString(&text, first ? "[" : ", ");
        if (!field)
            appendStringInfoString(&text, mark);
        else if (at->unreadable_key)
            appendStringInfoString(&text, "\"(unreadable)\"");
        else if (plain)
            appendStringInfo(&text, "%s%s", first ? "" : ".", pg_any_to_server(at->key, at->key_length, PG_UTF8));
        else
            escape_json(&text, pg_any_to_server(at->key, at->key_length, PG_UTF8));
    }
    if (!plain)
        appendStringInfoChar(&text, ']');
    return text.data;
}

char *kept_text(const KeptValue &kept) {
    StringInfoData text;
    initStringInfo(&text);
    Arena scratch{CurrentMemoryContext, nullptr, nullptr};
    JsonNode node;
    double number = rank_of(kept.type) == kNumberRank ? approximate(kept.value()) : 0;
    if (std::isnan(number) || (std::isinf(number) && kept.type == BsonType::Double))
        return pstrdup(std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
    json_node_of(kept.value(), JsonForm::Simple, &scratch, &node);
    if (append_json(&text, node, JsonForm::Simple, &scratch) != JsonFault::None)
        return pstrdup("(unreadable)");
    // A string stands for itself unless it needs its escapes.
    if (text.len >= 2 && text.data[0] == '"' && !memchr(text.data, '\\', text.len)) {
        text.data[text.len - 1] = '\0';
        return psprintf("%s%s", text.data + 1, kept.cut ? "..." : "");
    }
    return kept.cut ? psprintf("%s...", text.data) : text.data;
}

} // namespace mongo_fdw
