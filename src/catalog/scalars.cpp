// What the scalars of a path have in common. Zone B.
#include "catalog/profile_internal.hpp"

#include "convert/json.hpp"
#include "convert/number.hpp"
#include "convert/text.hpp"

#include <cmath>
#include <initializer_list>

namespace mongo_fdw {
namespace {

constexpr uint8_t kHllBits = 11; // 2048 registers: a standard error of 2.3 %

// A hash that is equal for numbers of equal value, whatever their type.
uint64_t hash_of_integer(int64_t number) {
    return hash_bytes_extended(reinterpret_cast<unsigned char *>(&number), 8, 1);
}

uint64_t hash_of_value(const BsonValue &value, const Decimal *decimal, int64_t integer, bool integral) {
    if (integral)
        return hash_of_integer(integer);
    if (decimal && decimal->special != Special::Finite)
        return hash_of_integer(PG_INT64_MIN + 1 + static_cast<int>(decimal->special)); // as double and as Decimal128
    if (decimal) {
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

void digits_of(const BsonValue &value, Decimal *out) {
    int64_t integer;
    if (integer_value(value, &integer))
        decimal_of_int64(integer, out);
    else if (value.type == BsonType::Double)
        decimal_of_double(read_le<double>(value.data), out);
    else
        decimal_of_decimal128(value.data, out);
}

// Digit by digit, of finite numbers.
int compare_digits(const BsonValue &a, const BsonValue &b) {
    Decimal x, y;
    digits_of(a, &x);
    digits_of(b, &y);
    bool x_zero = x.digits[0] == '0', y_zero = y.digits[0] == '0';
    int x_sign = x_zero ? 0 : x.negative ? -1 : 1, y_sign = y_zero ? 0 : y.negative ? -1 : 1;
    if (x_sign != y_sign || x_sign == 0)
        return x_sign - y_sign;
    int order = sign(x.digit_count + x.exponent, y.digit_count + y.exponent);
    for (int i = 0; order == 0 && i < Max(x.digit_count, y.digit_count); i++)
        order = (i < x.digit_count ? x.digits[i] : '0') - (i < y.digit_count ? y.digits[i] : '0');
    return order * x_sign;
}

// NaN is the least number, as in MongoDB's sort. Doubles decide where they can: rounding keeps the order.
int compare_numbers(const BsonValue &a, const BsonValue &b) {
    int64_t first, second;
    if (integer_value(a, &first) && integer_value(b, &second))
        return sign(first, second);
    double x = approximate(a), y = approximate(b);
    if (std::isnan(x) || std::isnan(y))
        return std::isnan(y) - std::isnan(x);
    if (x != y)
        return x < y ? -1 : 1;
    bool same_type = a.type == BsonType::Double && b.type == BsonType::Double;
    return same_type || std::isinf(x) ? 0 : compare_digits(a, b);
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
    bool is_key = rank_of(value.type) >= 0 || value.type == BsonType::Binary;
    if (facts->value_count == most || !is_key || value.size > 256)
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

} // namespace

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

void note_hidden_text(const BsonValue &value, bool *nul, bool *unreadable) {
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
        *nul = true;
        break;
    default:
        *unreadable = true;
        break;
    }
    MemoryContextSwitchTo(old);
    MemoryContextDelete(context);
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
        note_hidden_text(value, &facts->has_nul, &facts->unreadable);
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

void free_scalars(Profile *profile, ScalarFacts *facts) {
    drop_set(profile, facts, facts->unique);
    if (facts->distinct) {
        freeHyperLogLog(facts->distinct);
        pfree(facts->distinct);
    }
    pfree(facts);
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
    // An estimate: where a value was seen twice it must not say that all differ.
    double most = static_cast<double>(facts->count) - (facts->unique == ScalarFacts::Unique::No ? 1 : 0);
    return Min(rint(estimateHyperLogLog(facts->distinct)), most);
}

char *kept_text(const KeptValue &kept) {
    StringInfoData text;
    initStringInfo(&text);
    Arena scratch{CurrentMemoryContext, nullptr, nullptr};
    JsonNode node;
    double number = rank_of(kept.type) == kNumberRank ? approximate(kept.value()) : 0;
    if (std::isnan(number) || (std::isinf(number) && kept.type == BsonType::Double))
        return pstrdup(std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
    BsonValue value = kept.value();
    if (value.type == BsonType::Symbol) // reads as text
        value.type = BsonType::String;
    json_node_of(value, JsonForm::Simple, &scratch, &node);
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
