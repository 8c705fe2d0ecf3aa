// Groups: the server's results, their proof, and what is made of them. Zone B.
//
// The server sums and compares whatever it finds. A result is believed when no value was in doubt (MinKey, see
// mql/expression.hpp) and nothing was rounded: sums of numerics stay below 34 digits at the scale that was proved. One
// group in doubt makes the node run its outer plan, so that rows and errors are PostgreSQL's.
#include "exec/group.hpp"

#include "connect/documents.hpp"
#include "convert/converter.hpp"
#include "convert/number.hpp"
#include "exec/collation.hpp"
#include "exec/operands.hpp"
#include "pg/error.hpp"

#include <cmath>

namespace mongo_fdw {

struct GroupState {
    uint32_t *keys;
    uint32_t key_count;
    mql::Accumulator *accumulators;
    uint32_t accumulator_count;
    TupleDesc descriptor;   // of the scan tuple
    TupleTableSlot *stored; // for rows of the store
    Converter **converters; // of its columns, for keys and extremes
    Converter *numeric;     // of any numeric
    Tuplestorestate *rows;
    bool ready;
    const char *fallback; // why the outer plan runs; null: it does not
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

BsonValue numbered_field(const BsonValue &document, const char *letter, int number) {
    return field_of(document, psprintf("%s%d", letter, number));
}

int64 count_field(Group *group, const char *letter, int number) {
    return count_of(numbered_field(group->document, letter, number), 0);
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

// --- the finals ---

// The sum of integers; false for none.
bool integer_sum(Group *group, int number, int64 *sum) {
    BsonValue value = numbered_field(group->document, "s", number);
    if (count_field(group, "c", number) == 0)
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

Datum numeric_sum(Group *group, int number, int shown, bool *null) {
    const mql::Accumulator &accumulator = group->state->group->accumulators[number];
    int64 count = count_field(group, "c", number);
    *null = true;
    if (count == 0)
        return 0;
    double magnitude;
    if (count_field(group, "f", number) != 0)
        return doubt(group, "values have more digits behind the point than a sum can prove", null);
    if (!read_double(numbered_field(group->document, "m", number), &magnitude) ||
        !(magnitude * static_cast<double>(count) < pow(10.0, kDecimalDigits - 1 - accumulator.scale)))
        return doubt(group, "a sum may need more than 34 digits", null);
    Datum sum =
        convert(group, group->state->group->numeric, numbered_field(group->document, "s", number), null);
    return *null ? 0 : shown_numeric(sum, shown);
}

Datum quotient(Datum sum, int64 count) {
    return DirectFunctionCall2(numeric_div, sum, DirectFunctionCall1(int8_numeric, Int64GetDatum(count)));
}

bool float_sum(Group *group, int number, double *sum, bool *null) {
    *null = true;
    if (count_field(group, "c", number) == 0 || !read_double(numbered_field(group->document, "s", number), sum))
        return false;
    if (!std::isfinite(*sum) && count_field(group, "x", number) == 0) {
        doubt(group, "a sum is beyond double precision", null);
        return false;
    }
    *null = false;
    return true;
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

Datum float_extreme(Group *group, int number, bool *null) {
    double value = 0;
    *null = false;
    if (nan_decides(group, number))
        return Float8GetDatum(get_float8_nan());
    if (count_field(group, "c", number) == 0 || !read_double(numbered_field(group->document, "s", number), &value)) {
        *null = true;
        return 0;
    }
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
    BsonValue most = numbered_field(group->document, "s", number), least = numbered_field(group->document, "l", number);
    if (shown < 0 && count_of(field_of(most, "l"), 0) != -count_of(field_of(least, "l"), 0))
        return doubt(group, "equal numbers have different digits behind the point", null);
    Datum value = convert(group, group->state->group->numeric, field_of(most, "v"), null);
    return *null ? 0 : shown_numeric(value, shown);
}

Datum deviation(Group *group, int number, bool square, bool *null) {
    double value;
    *null = !read_double(numbered_field(group->document, "s", number), &value);
    return *null ? 0 : Float8GetDatum(square ? value * value : value);
}

Datum output(Group *group, int column, Final final, int number, int shown, bool *null) {
    GroupState *state = group->state->group;
    int64 integer = 0;
    double real = 0;
    *null = false;
    switch (final) {
    case Final::Key:
        return convert(group, state->converters[column], numbered_field(field_of(group->document, "_id"), "k", number),
                       null);
    case Final::Count:
        if (!read_int(numbered_field(group->document, "s", number), &integer))
            return doubt(group, "the result is no group", null);
        return Int64GetDatum(integer);
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
        if (real == 0 && count_field(group, "z", number) > 0)
            return doubt(group, "zeros of both signs are among the values", null);
        return Float8GetDatum(real);
    case Final::FloatAverage:
        return float_sum(group, number, &real, null)
                   ? Float8GetDatum(real / static_cast<double>(count_field(group, "c", number)))
                   : 0;
    case Final::Extreme:
        return convert(group, state->converters[column], numbered_field(group->document, "s", number), null);
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
    int columns = state->descriptor->natts;
    Datum *values = static_cast<Datum *>(palloc0(sizeof(Datum) * columns));
    bool *nulls = static_cast<bool *>(palloc0(columns));
    for (int i = 0; i < columns && !group->doubt; i++) {
        int at = i * kOutputFields;
        List *outputs = group->state->plan.outputs;
        values[i] = output(group, i, static_cast<Final>(list_nth_int(outputs, at)), list_nth_int(outputs, at + 1),
                           list_nth_int(outputs, at + 2), &nulls[i]);
    }
    if (!group->doubt)
        tuplestore_putvalues(state->rows, state->descriptor, values, nulls);
    return !group->doubt;
}

void note_fallback(ScanState *state, const char *reason) {
    state->group->fallback = MemoryContextStrdup(state->parameters, reason);
    tuplestore_end(state->group->rows);
    state->group->rows = nullptr;
}

// Reads all groups. Any doubt, and a server that refuses the pipeline, leave the groups to the outer plan.
void read_groups(ScanState *state, mql::Document command) {
    GroupState *groups = state->group;
    DocumentSource source = source_of(state->table, state->user);
    source.pipeline = state->pipeline_text;
    mongo::Error failure;
    failure.kind = mongo::ErrorKind::None;
    DocumentStream *stream = open_documents(source, command, &failure);
    if (!stream) {
        if (failure.kind != mongo::ErrorKind::Server)
            raise_mongo_error(failure, state->table->server_name, state->table->name_space, state->pipeline_text);
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
    if (doubt)
        note_fallback(state, doubt);
    else if (count == 0 && groups->key_count == 0)
        groups->ready = false; // nothing to group: one row is made here
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
    evaluate_parameters(node, false);
    state->started = true;
    state->executions++;
    groups->fallback = nullptr;
    groups->ready = true;
    MemoryContext old = MemoryContextSwitchTo(state->context);
    groups->rows = tuplestore_begin_heap(false, false, work_mem);
    MemoryContextSwitchTo(old);
    Collation collation = needed_collation(state);
    mql::ScanRendering rendering = render_groups(state, scan_command(state, true, collation == Collation::Other));
    state->never = rendering.never;
    if (collation == Collation::OtherOnView) {
        note_fallback(state, "the view has a collation of its own");
    } else if (!rendering.command.data) {
        note_fallback(state, "the value of a parameter cannot be said there");
    } else if (rendering.never) {
        groups->ready = groups->key_count > 0;
    } else {
        old = MemoryContextSwitchTo(state->parameters);
        // The command lives in the renderer's scratch until its next call.
        uint8_t *copy = static_cast<uint8_t *>(palloc(rendering.command.size));
        memcpy(copy, rendering.command.data, rendering.command.size);
        keep_pipeline_text(state, true, rendering.pipeline);
        read_groups(state, {copy, rendering.command.size});
        MemoryContextSwitchTo(old);
    }
    if (!groups->ready && !groups->fallback)
        keep_empty_group(state);
}

} // namespace

GroupState *make_group_state(ForeignScanState *node, ScanState *state) {
    GroupState *groups = static_cast<GroupState *>(palloc0(sizeof(GroupState)));
    groups->keys = numbers_of(state->plan.keys);
    groups->key_count = list_length(state->plan.keys);
    groups->accumulators = accumulators_of(state->plan);
    groups->accumulator_count = list_length(state->plan.accumulators) / kAccumulatorFields;
    groups->descriptor = node->ss.ss_ScanTupleSlot->tts_tupleDescriptor;
    groups->stored = MakeSingleTupleTableSlot(groups->descriptor, &TTSOpsMinimalTuple);
    groups->converters =
        static_cast<Converter **>(palloc0(sizeof(Converter *) * Max(groups->descriptor->natts, 1)));
    ReadRules rules{};
    rules.binary_subtype = -1;
    for (int i = 0; i < groups->descriptor->natts; i++) {
        Form_pg_attribute attribute = attribute_of(groups->descriptor, i);
        groups->converters[i] = make_converter(attribute->atttypid, attribute->atttypmod, rules);
    }
    groups->numeric = make_converter(NUMERICOID, -1, rules);
    return groups;
}

mql::ScanRendering render_groups(ScanState *state, const mql::ScanCommand &scan) {
    mql::GroupCommand command{};
    command.scan = scan;
    command.keys = state->group->keys;
    command.key_count = state->group->key_count;
    command.accumulators = state->group->accumulators;
    command.accumulator_count = state->group->accumulator_count;
    return mql::render_group(command);
}

TupleTableSlot *next_group(ForeignScanState *node, ScanState *state) {
    TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
    ExecClearTuple(slot);
    if (!state->started)
        start_groups(node, state);
    GroupState *groups = state->group;
    TupleTableSlot *row = groups->stored;
    if (groups->fallback) { // a node expects to run in the query's memory, not in that of a row
        MemoryContext old = MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);
        row = ExecProcNode(outerPlanState(&node->ss.ps));
        MemoryContextSwitchTo(old);
    } else {
        tuplestore_gettupleslot(groups->rows, true, false, row);
    }
    if (TupIsNull(row))
        return slot;
    slot_getallattrs(row);
    for (int i = 0; i < groups->descriptor->natts; i++) {
        slot->tts_values[i] = row->tts_values[i];
        slot->tts_isnull[i] = row->tts_isnull[i];
    }
    return ExecStoreVirtualTuple(slot);
}

void rescan_groups(ForeignScanState *node, ScanState *state) {
    if (!state->started)
        return;
    GroupState *groups = state->group;
    if (node->ss.ps.chgParam == nullptr && groups->rows) {
        tuplestore_rescan(groups->rows);
        return;
    }
    if (node->ss.ps.chgParam == nullptr && groups->fallback)
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

const char *fallback_reason(const ScanState *state) { return state->group ? state->group->fallback : nullptr; }

} // namespace mongo_fdw
