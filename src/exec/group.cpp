// Groups: the server's results, their proof, and what is made of them. Zone B.
//
// The server sums and compares whatever it finds. A result is believed when no value was in doubt (MinKey, see
// mql/expression.hpp) and nothing was rounded: sums of numerics stay below 34 digits at the scale that was proved. One
// group in doubt makes the node run its outer plan, so that rows and errors are PostgreSQL's.
//
// First values are taken as they are stored, which is cheapest for the server: the types of the results, and the least
// and greatest value, show whether all fit. Where they do not, the next query over the table looks at each value, and
// where that is in doubt as well PostgreSQL groups at once, for a while.
#include "exec/group.hpp"

#include "connect/documents.hpp"
#include "convert/converter.hpp"
#include "convert/number.hpp"
#include "exec/collation.hpp"
#include "exec/operands.hpp"
#include "mql/fit.hpp"
#include "pg/error.hpp"
#include "pg/hash.hpp"

#include <cmath>

namespace mongo_fdw {

// How a table's groups are tried.
enum class Level : uint8_t { Stored, Guarded, Local };

struct GroupState {
    uint32_t *keys;
    uint32_t key_count;
    mql::Accumulator *accumulators;
    uint32_t *doubts;
    uint32_t doubt_count;
    uint32_t accumulator_count;
    mql::Having *having;
    uint32_t having_count;
    mql::GroupSortKey *sort;
    uint32_t sort_count;
    TupleDesc descriptor;       // of the scan tuple
    TupleTableSlot *stored;     // for rows of the store
    Converter **converters;     // of its columns, for keys and extremes
    Converter **key_converters; // of keys that are columns, as these read their values; else null
    Converter *numeric;         // of any numeric
    Tuplestorestate *rows;
    bool ready;
    bool null_seen; // a group whose lone key is NULL
    Level level; // of the last execution
};

namespace {

constexpr int kDecimalDigits = 34;

// A group's document and what is made of it.
struct Group {
    ScanState *state;
    BsonValue document;
    Arena *arena;
    const char *doubt; // null: the proof holds
};

bool is_stored(const Group *group) { return group->state->group->level == Level::Stored; }

// Whether LIMIT is part of the node.
bool is_first(const ScanState *state) { return state->plan.limit >= 0 || state->plan.offset >= 0; }

mql::GroupCommand group_command(ScanState *state, const mql::ScanCommand &scan) {
    mql::GroupCommand command{};
    command.scan = scan;
    if (state->table->unwind_levels > 0) {
        command.scan.unwind = state->table->unwind[0].keys[0];
        command.scan.unwind_raises = state->table->on_error == OnError::Error;
    }
    command.keys = state->group->keys;
    command.key_count = state->group->key_count;
    command.accumulators = state->group->accumulators;
    command.doubts = state->group->doubts;
    command.doubt_count = state->group->doubt_count;
    command.accumulator_count = state->group->accumulator_count;
    command.having = state->group->having;
    command.having_count = state->group->having_count;
    command.first = is_first(state);
    command.sort = state->group->sort;
    command.sort_count = state->group->sort_count;
    if (command.first) // what OFFSET leaves out is proved as well
        command.scan.limit =
            state->limit > 0 && state->limit <= PG_INT64_MAX - state->skip ? state->limit + state->skip : 0;
    command.stored = state->group->level == Level::Stored;
    return command;
}

// A field of an accumulator.
BsonValue part(const Group *group, const char *letter, int number) {
    if (is_stored(group))
        number =
            static_cast<int>(mql::stored_number(group->state->plan.filter, group->state->group->accumulators[number]));
    return field_of(group->document, psprintf("%s%d", letter, number));
}

int64 count_field(Group *group, const char *letter, int number) { return count_of(part(group, letter, number), 0); }

bool is_nothing(const BsonValue &value) {
    return value.type == BsonType::Missing || value.type == BsonType::Null || value.type == BsonType::Undefined;
}

// Whether a group has values that are not null.
bool has_values(Group *group, int number) {
    return is_stored(group) ? !is_nothing(part(group, "a", number)) : count_field(group, "c", number) != 0;
}

bool read_double(const BsonValue &value, double *out) {
    switch (value.type) {
    case BsonType::Double:
        *out = read_le<double>(value.data);
        return true;
    case BsonType::Int32:
        *out = read_le<int32_t>(value.data);
        return true;
    case BsonType::Int64:
        *out = static_cast<double>(read_le<int64_t>(value.data));
        return true;
    case BsonType::Decimal128: {
        Decimal decimal;
        decimal_of_decimal128(value.data, &decimal);
        *out = decimal.special == Special::NaN                ? NAN
               : decimal.special == Special::PositiveInfinity ? INFINITY
               : decimal.special == Special::NegativeInfinity ? -INFINITY
               : decimal.digit_count == 0                     ? 0.0
                                          : strtod(psprintf("%s%.*se%d", decimal.negative ? "-" : "",
                                                            decimal.digit_count, decimal.digits, decimal.exponent),
                                                   nullptr);
        return true;
    }
    default:
        return false;
    }
}

bool read_int(const BsonValue &value, int64 *out) {
    if (value.type == BsonType::Int32)
        *out = read_le<int32_t>(value.data);
    else if (value.type == BsonType::Int64)
        *out = read_le<int64_t>(value.data);
    else
        return false;
    return true;
}

Datum doubt(Group *group, const char *why, bool *null) {
    if (!group->doubt)
        group->doubt = why;
    *null = true;
    return 0;
}

Datum convert(Group *group, const Converter *converter, const BsonValue &value, bool *null) {
    Datum result = 0;
    Misfit misfit;
    *null = true;
    switch (convert_value(converter, value, group->arena, &result, &misfit)) {
    case Fit::Value:
        *null = false;
        return result;
    case Fit::Null:
        return 0;
    case Fit::Misfit:
        break;
    }
    return doubt(group, "a result does not fit its type", null);
}

// --- proof of values taken as they are stored ---

const mql::Column *column_of(const ScanState *state, uint32_t root) {
    const mql::Node *nodes = state->plan.filter.nodes;
    return root != mql::kNone && nodes[root].kind == mql::NodeKind::ColumnValue ? &state->columns[nodes[root].column]
                                                                                : nullptr;
}

// Whether the values between the least and the greatest all are of the column's type; integers show by their sum.
bool within_type(Group *group, const mql::Column &column, int number, const BsonValue &least, const BsonValue &most) {
    double low = 0, high = 0;
    int64 sum;
    auto both = [&](BsonType type) { return least.type == type && most.type == type; };
    bool numbers = read_double(least, &low) && read_double(most, &high);
    switch (column.family) {
    case mql::Family::Int:
        return numbers && read_int(part(group, "s", number), &sum) && low >= static_cast<double>(column.minimum) &&
               high <= static_cast<double>(column.maximum);
    case mql::Family::Float:
        return numbers && part(group, "s", number).type != BsonType::Decimal128 && count_field(group, "d", number) == 0;
    case mql::Family::Numeric: {
        const mql::FitColumn *fit = column.fit;
        double limit = fit->precision > 0 ? pow(10.0, fit->precision - fit->scale) : INFINITY;
        return numbers && count_field(group, "d", number) == 0 && std::isfinite(low) && std::isfinite(high) &&
               low > -limit && high < limit;
    }
    case mql::Family::Timestamp:
    case mql::Family::Date:
        return both(BsonType::Date) && read_le<int64_t>(least.data) >= column.fit->minimum &&
               read_le<int64_t>(most.data) <= column.fit->maximum;
    case mql::Family::Bool:
        return both(BsonType::Bool);
    case mql::Family::ObjectId:
        return both(BsonType::ObjectId);
    default:
        return false;
    }
}

void prove_stored(Group *group) {
    const GroupState *state = group->state->group;
    for (uint32_t i = 0; i < state->accumulator_count && !group->doubt; i++) {
        const mql::Column *column = column_of(group->state, state->accumulators[i].argument);
        if (!column) // of rows, not of values
            continue;
        BsonValue least = part(group, "a", static_cast<int>(i));
        bool hidden = least.type == BsonType::Undefined; // by a server that counts it among the values
        if (hidden || (!is_nothing(least) &&
                       !within_type(group, *column, static_cast<int>(i), least, part(group, "b", static_cast<int>(i)))))
            group->doubt = "not all values are of the column's own type";
    }
}

// Whether equal keys were one group there, and others were not.
bool key_is_plain(const mql::Column &column, const BsonValue &key) {
    switch (column.family) {
    case mql::Family::Text:
        return key.type == BsonType::String;
    case mql::Family::Float:
        return key.type == BsonType::Double || key.type == BsonType::Int32;
    default:
        return true;
    }
}

Datum key_value(Group *group, int column, int number, bool *null) {
    const GroupState *state = group->state->group;
    BsonValue key = field_of(group->document, "_id"); // of several keys a document, see mql/group.hpp
    if (state->key_count > 1)
        key = field_of(key, psprintf("k%d", number));
    if (is_stored(group) && is_nothing(key) && state->key_count == 1) {
        if (state->null_seen)
            return doubt(group, "null and missing are two groups there", null);
        group->state->group->null_seen = true;
    }
    if (is_stored(group) && !is_nothing(key) && !key_is_plain(*column_of(group->state, state->keys[number]), key))
        return doubt(group, "a key is not of the column's own type", null);
    const Converter *own = state->key_converters[number]; // a cast may have dropped the column's typmod
    return convert(group, own ? own : state->converters[column], key, null);
}

// --- the finals ---

// The sum of integers; false for none.
bool integer_sum(Group *group, int number, int64 *sum) {
    BsonValue value = part(group, "s", number);
    if (!has_values(group, number))
        return false;
    if (read_int(value, sum))
        return true;
    bool null;
    doubt(group, "a sum is beyond 64 bits", &null);
    return false;
}

Datum shown_numeric(Datum value, int shown) {
    return shown < 0 ? value : DirectFunctionCall2(numeric_round, value, Int32GetDatum(shown));
}

// Digits behind the point of a decimal's representation.
int scale_of(const BsonValue &value) {
    if (value.type != BsonType::Decimal128)
        return 0;
    Decimal decimal;
    decimal_of_decimal128(value.data, &decimal);
    return natural_scale(decimal);
}

Datum numeric_sum(Group *group, int number, int shown, bool *null) {
    const mql::Accumulator &accumulator = group->state->group->accumulators[number];
    int64 count = is_stored(group) ? count_of(field_of(group->document, "n"), 0) : count_field(group, "c", number);
    BsonValue value = part(group, "s", number);
    *null = true;
    if (!has_values(group, number))
        return 0;
    double magnitude, least, most;
    if (value.type == BsonType::Double) // of integers beyond 64 bits
        return doubt(group, "a sum was rounded", null);
    // A sum of decimals has the digits behind the point of the finest of them, unless it was rounded to 34 digits.
    if (is_stored(group) ? scale_of(value) > accumulator.scale : count_field(group, "f", number) != 0)
        return doubt(group, "values have more digits behind the point than a sum can prove", null);
    bool measured;
    if (is_stored(group)) {
        measured = read_double(part(group, "a", number), &least) && read_double(part(group, "b", number), &most);
        magnitude = measured ? Max(fabs(least), fabs(most)) : 0;
    } else {
        measured = read_double(part(group, "m", number), &magnitude);
    }
    if (!measured || !(magnitude * static_cast<double>(count) < pow(10.0, kDecimalDigits - 1 - accumulator.scale)))
        return doubt(group, "a sum may need more than 34 digits", null);
    Datum sum = convert(group, group->state->group->numeric, value, null);
    return *null ? 0 : shown_numeric(sum, shown);
}

Datum quotient(Datum sum, int64 count) {
    return DirectFunctionCall2(numeric_div, sum, DirectFunctionCall1(int8_numeric, Int64GetDatum(count)));
}

bool float_sum(Group *group, int number, double *sum, bool *null) {
    *null = true;
    if (!has_values(group, number) || !read_double(part(group, "s", number), sum))
        return false;
    if (!std::isfinite(*sum) && (is_stored(group) || count_field(group, "x", number) == 0)) {
        doubt(group, "a sum is beyond double precision", null);
        return false;
    }
    *null = false;
    return true;
}

// Whether a sum of zero may be negative here: it is where all values are.
bool negative_zeros(Group *group, int number) {
    double least;
    if (!is_stored(group))
        return count_field(group, "z", number) > 0;
    return read_double(part(group, "a", number), &least) && least == 0 && std::signbit(least);
}

bool is_least(Group *group, int number) {
    mql::Aggregate aggregate = group->state->group->accumulators[number].aggregate;
    return aggregate == mql::Aggregate::LeastFloat || aggregate == mql::Aggregate::LeastNumeric;
}

// Whether NaN, PostgreSQL's greatest number, is the extreme.
bool nan_decides(Group *group, int number) {
    int64 nans = count_field(group, "x", number);
    return nans > 0 && (!is_least(group, number) || nans == count_field(group, "c", number));
}

// Where the extreme itself stands.
BsonValue extreme_field(Group *group, int number) {
    if (!is_stored(group))
        return part(group, "s", number);
    mql::Aggregate aggregate = group->state->group->accumulators[number].aggregate;
    bool least = aggregate == mql::Aggregate::Least || aggregate == mql::Aggregate::LeastFloat;
    return part(group, least ? "a" : "b", number);
}

Datum float_extreme(Group *group, int number, bool *null) {
    double value = 0;
    *null = false;
    if (!is_stored(group) && nan_decides(group, number))
        return Float8GetDatum(get_float8_nan());
    if (!has_values(group, number) || !read_double(extreme_field(group, number), &value)) {
        *null = true;
        return 0;
    }
    double least;
    if (is_stored(group) && (!read_double(part(group, "a", number), &least) || std::isnan(least)))
        return doubt(group, "NaN is among the values", null); // the least number there, the greatest here
    if (value == 0 && count_field(group, "z", number) > 0)
        return doubt(group, "zeros of both signs are among the values", null);
    return Float8GetDatum(value);
}

Datum numeric_extreme(Group *group, int number, int shown, bool *null) {
    *null = count_field(group, "c", number) == 0;
    if (*null)
        return 0;
    if (nan_decides(group, number))
        return DirectFunctionCall3(numeric_in, CStringGetDatum("NaN"), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
    BsonValue most = part(group, "s", number), least = part(group, "l", number);
    if (shown < 0 && count_of(field_of(most, "l"), 0) != -count_of(field_of(least, "l"), 0))
        return doubt(group, "equal numbers have different digits behind the point", null);
    Datum value = convert(group, group->state->group->numeric, field_of(most, "v"), null);
    return *null ? 0 : shown_numeric(value, shown);
}

Datum deviation(Group *group, int number, bool square, bool *null) {
    double value;
    *null = !read_double(part(group, "s", number), &value);
    return *null ? 0 : Float8GetDatum(square ? value * value : value);
}

Datum output(Group *group, int column, Final final, int number, int shown, bool *null) {
    GroupState *state = group->state->group;
    int64 integer = 0;
    double real = 0;
    *null = false;
    switch (final) {
    case Final::Key:
        return key_value(group, column, number, null);
    case Final::Count: {
        if (is_stored(group) && state->accumulators[number].argument != mql::kNone)
            return Int64GetDatum(count_field(group, "c", number));
        BsonValue rows = is_stored(group) ? field_of(group->document, "n") : part(group, "s", number);
        if (!read_int(rows, &integer))
            return doubt(group, "the result is no group", null);
        return Int64GetDatum(integer);
    }
    case Final::IntegerSum:
        *null = !integer_sum(group, number, &integer);
        return Int64GetDatum(integer);
    case Final::WideSum:
        *null = !integer_sum(group, number, &integer);
        return *null ? 0 : DirectFunctionCall1(int8_numeric, Int64GetDatum(integer));
    case Final::IntegerAverage:
        *null = !integer_sum(group, number, &integer);
        return *null ? 0
                     : quotient(DirectFunctionCall1(int8_numeric, Int64GetDatum(integer)),
                                count_field(group, "c", number));
    case Final::NumericSum:
        return numeric_sum(group, number, shown, null);
    case Final::NumericAverage: {
        Datum sum = numeric_sum(group, number, shown, null);
        return *null ? 0 : quotient(sum, count_field(group, "c", number));
    }
    case Final::FloatSum:
        if (!float_sum(group, number, &real, null))
            return 0;
        if (real == 0 && negative_zeros(group, number))
            return doubt(group, "zeros of both signs are among the values", null);
        return Float8GetDatum(real);
    case Final::FloatAverage:
        return float_sum(group, number, &real, null)
                   ? Float8GetDatum(real / static_cast<double>(count_field(group, "c", number)))
                   : 0;
    case Final::Extreme:
        return convert(group, state->converters[column], extreme_field(group, number), null);
    case Final::FloatExtreme:
        return float_extreme(group, number, null);
    case Final::NumericExtreme:
        return numeric_extreme(group, number, shown, null);
    case Final::Deviation:
    case Final::Variance:
        return deviation(group, number, final == Final::Variance, null);
    }
    return 0;
}

// Puts a group's row into the store; false, with the reason, where it is in doubt.
bool keep_group(Group *group) {
    GroupState *state = group->state->group;
    if (field_of(group->document, "_id").type == BsonType::Missing)
        group->doubt = "the result is no group";
    if (count_of(field_of(group->document, "bad"), 0) != 0)
        group->doubt = "the server is not sure of a value, or it does not fit its column";
    BsonValue doubted = field_of(group->document, mql::kDoubtField);
    if (doubted.type == BsonType::Bool && *doubted.data)
        group->doubt = "the server cannot prove a group that ORDER BY and LIMIT would leave out";
    if (is_stored(group))
        prove_stored(group);
    int columns = state->descriptor->natts;
    Datum *values = static_cast<Datum *>(palloc0(sizeof(Datum) * columns));
    bool *nulls = static_cast<bool *>(palloc0(columns));
    for (int i = 0; i < columns && !group->doubt; i++) {
        int at = i * kOutputFields;
        List *outputs = group->state->plan.outputs;
        values[i] = output(group, i, static_cast<Final>(list_nth_int(outputs, at)), list_nth_int(outputs, at + 1),
                           list_nth_int(outputs, at + 2), &nulls[i]);
    }
    if (!group->doubt && group->state->seen++ >= group->state->skip)
        tuplestore_putvalues(state->rows, state->descriptor, values, nulls);
    return !group->doubt;
}

// --- what was learned of a table ---

constexpr int64 kRememberedUs = 10 * 60 * USECS_PER_SEC;

struct LevelKey {
    uint64 columns; // that the groups read, as bits of a hash
    Oid relation;
    uint32 unused; // no padding: keys are compared as bytes
};

struct TableLevel {
    LevelKey key;
    Level level;
    TimestampTz at;
};

HTAB *levels = nullptr;

void forget_level(Datum, Oid relation) {
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, levels);
    while (TableLevel *entry = static_cast<TableLevel *>(hash_seq_search(&status)))
        if (!OidIsValid(relation) || entry->key.relation == relation)
            entry->level = Level::Stored;
}

TableLevel *level_of(const ScanState *state) {
    if (!levels) {
        levels = make_hash_table<TableLevel>("mongo_fdw_cpp levels", sizeof(LevelKey));
        CacheRegisterRelcacheCallback(forget_level, 0);
    }
    LevelKey key{0, state->table->relation, 0};
    for (uint32_t i = 0; i < state->plan.filter.count; i++)
        if (state->plan.filter.nodes[i].kind == mql::NodeKind::ColumnValue)
            key.columns |= UINT64CONST(1) << (state->plan.filter.nodes[i].column % 64);
    bool found;
    TableLevel *entry = static_cast<TableLevel *>(hash_search(levels, &key, HASH_ENTER, &found));
    if (!found || GetCurrentTimestamp() - entry->at > kRememberedUs)
        *entry = {key, Level::Stored, GetCurrentTimestamp()};
    return entry;
}

void learn(ScanState *state) {
    TableLevel *entry = level_of(state);
    entry->level = Max(entry->level, static_cast<Level>(static_cast<int>(state->group->level) + 1));
    entry->at = GetCurrentTimestamp();
}

void note_fallback(ScanState *state, const char *reason) {
    state->fallback = MemoryContextStrdup(state->parameters, reason);
    tuplestore_end(state->group->rows);
    state->group->rows = nullptr;
}

// Reads all groups. Any doubt, and a server that refuses the pipeline, leave the groups to the outer plan.
void read_groups(ScanState *state, mql::Document command) {
    GroupState *groups = state->group;
    DocumentSource source = source_of(state->table, state->user);
    source.in_transaction = state->in_transaction;
    source.pipeline = pipeline_text(state);
    mongo::Error failure;
    failure.kind = mongo::ErrorKind::None;
    DocumentStream *stream = open_documents(source, command, &failure);
    if (!stream) {
        if (failure.kind != mongo::ErrorKind::Server)
            raise_mongo_error(failure, state->table->server_name, state->table->name_space, pipeline_text(state));
        learn(state);
        note_fallback(state, psprintf("the server refused the pipeline: %s", failure.message));
        return;
    }
    Arena arena{AllocSetContextCreate(CurrentMemoryContext, "mongo_fdw_cpp group", ALLOCSET_DEFAULT_SIZES), nullptr,
                nullptr};
    BsonValue document;
    int64 count = 0;
    const char *doubt = nullptr;
    while (!doubt && next_document(stream, &document)) {
        MemoryContext old = MemoryContextSwitchTo(arena.context);
        Group group{state, document, &arena, nullptr};
        keep_group(&group);
        doubt = group.doubt;
        MemoryContextSwitchTo(old);
        arena_reset(&arena);
        if (++count > 1 && groups->key_count == 0)
            doubt = "the server gave several groups for one";
    }
    add_stream_counts(stream, &state->counts);
    close_documents(stream);
    MemoryContextDelete(arena.context);
    if (doubt) {
        learn(state);
        note_fallback(state, doubt);
    } else if (count == 0 && groups->key_count == 0) {
        groups->ready = false; // nothing to group: one row is made here
    }
}

// The row of aggregates over no rows.
void keep_empty_group(ScanState *state) {
    GroupState *groups = state->group;
    int columns = groups->descriptor->natts;
    Datum *values = static_cast<Datum *>(palloc0(sizeof(Datum) * columns));
    bool *nulls = static_cast<bool *>(palloc0(columns));
    for (int i = 0; i < columns; i++)
        nulls[i] = static_cast<Final>(list_nth_int(state->plan.outputs, i * kOutputFields)) != Final::Count;
    tuplestore_putvalues(groups->rows, groups->descriptor, values, nulls);
}

void start_groups(ForeignScanState *node, ScanState *state) {
    GroupState *groups = state->group;
    join_transaction(state);
    evaluate_parameters(node, false);
    evaluate_limit(node, false);
    state->started = true;
    state->executions++;
    state->fallback = nullptr;
    groups->ready = true;
    groups->null_seen = false;
    MemoryContext old = MemoryContextSwitchTo(state->context);
    groups->rows = tuplestore_begin_heap(false, false, work_mem);
    MemoryContextSwitchTo(old);
    Collation collation = needed_collation(state);
    state->started = false; // the level is chosen anew
    mql::ScanRendering rendering = render_groups(state, scan_command(state, true, collation == Collation::Other));
    state->started = true;
    state->never = rendering.never;
    if (groups->level == Level::Local) {
        note_fallback(state, "the server was in doubt a short while ago");
    } else if (collation == Collation::OtherOnView) {
        note_fallback(state, "the view has a collation of its own");
    } else if (!rendering.command.data) {
        note_fallback(state, "the value of a parameter cannot be said there");
    } else if (rendering.never || state->limit == 0) {
        groups->ready = groups->key_count > 0;
    } else {
        old = MemoryContextSwitchTo(state->parameters);
        // The command lives in the renderer's scratch until its next call.
        uint8_t *copy = static_cast<uint8_t *>(palloc(rendering.command.size));
        memcpy(copy, rendering.command.data, rendering.command.size);
        keep_pipeline(state, true, rendering.pipeline);
        read_groups(state, {copy, rendering.command.size});
        MemoryContextSwitchTo(old);
    }
    if (!groups->ready && !state->fallback)
        keep_empty_group(state);
}

} // namespace

GroupState *make_group_state(ForeignScanState *node, ScanState *state) {
    GroupState *groups = static_cast<GroupState *>(palloc0(sizeof(GroupState)));
    groups->keys = numbers_of(state->plan.keys);
    groups->key_count = list_length(state->plan.keys);
    groups->accumulators = accumulators_of(state->plan);
    groups->doubts = numbers_of(state->plan.doubts);
    groups->doubt_count = list_length(state->plan.doubts);
    groups->having = having_of(state->plan);
    groups->having_count = list_length(state->plan.having) / kHavingFields;
    groups->sort = group_sort_of(state->plan);
    groups->sort_count = list_length(state->plan.group_sort) / kGroupSortFields;
    groups->accumulator_count = list_length(state->plan.accumulators) / kAccumulatorFields;
    groups->descriptor = node->ss.ss_ScanTupleSlot->tts_tupleDescriptor;
    groups->stored = MakeSingleTupleTableSlot(groups->descriptor, &TTSOpsMinimalTuple);
    groups->converters = static_cast<Converter **>(palloc0(sizeof(Converter *) * Max(groups->descriptor->natts, 1)));
    ReadRules rules{};
    rules.binary_subtype = -1;
    for (int i = 0; i < groups->descriptor->natts; i++) {
        Form_pg_attribute attribute = attribute_of(groups->descriptor, i);
        groups->converters[i] = make_converter(attribute->atttypid, attribute->atttypmod, rules);
    }
    groups->numeric = make_converter(NUMERICOID, -1, rules);
    groups->key_converters = static_cast<Converter **>(palloc0(sizeof(Converter *) * (groups->key_count + 1)));
    for (uint32_t i = 0; i < groups->key_count; i++)
        if (const mql::Column *column = column_of(state, groups->keys[i])) {
            const ColumnOptions &own = state->table->columns[column - state->columns];
            groups->key_converters[i] = make_converter(own.type, own.typmod, own.rules);
        }
    return groups;
}

mql::ScanRendering render_groups(ScanState *state, const mql::ScanCommand &scan) {
    GroupState *groups = state->group;
    if (!state->started) { // EXPLAIN alone: as it would be tried
        groups->level = level_of(state)->level;
        if (groups->level == Level::Stored && !mql::can_take_stored(group_command(state, scan)))
            groups->level = Level::Guarded;
    }
    return mql::render_group(group_command(state, scan));
}

TupleTableSlot *next_group(ForeignScanState *node, ScanState *state) {
    TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
    ExecClearTuple(slot);
    if (!state->started)
        start_groups(node, state);
    GroupState *groups = state->group;
    if (state->fallback)
        return next_fallback_row(node);
    // A slot keeps what it was given: not in the memory of a row.
    MemoryContext old = MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);
    bool found = tuplestore_gettupleslot(groups->rows, true, false, groups->stored);
    MemoryContextSwitchTo(old);
    return found ? show_row(slot, groups->stored) : slot;
}

void rescan_groups(ForeignScanState *node, ScanState *state) {
    if (!state->started)
        return;
    GroupState *groups = state->group;
    if (node->ss.ps.chgParam == nullptr && groups->rows) {
        tuplestore_rescan(groups->rows);
        return;
    }
    if (node->ss.ps.chgParam == nullptr && state->fallback)
        return; // the executor has started the outer plan again
    if (groups->rows)
        tuplestore_end(groups->rows);
    groups->rows = nullptr;
    state->started = false;
}

void end_groups(ScanState *state) {
    if (state->group && state->group->rows)
        tuplestore_end(state->group->rows);
}

} // namespace mongo_fdw
