// Samples. Zone B.
//
// Evenly spaced: the span of _id is cut into ranges by interpolation, each gives its share of documents from its start,
// in the order of _id. What ranges with few documents leave over is shared out again among the others, whose rests are
// cut anew, so that dense parts are not read from one place alone. Costs a few look-ups in the index of _id for each
// range, whatever the size of the collection.
#include "connect/sample.hpp"

#include "connect/spacing.hpp"
#include "connect/stats.hpp" // is_unsupported
#include "mql/commands.hpp"
#include "pg/error.hpp"
#include "pg/memory.hpp"

namespace mongo_fdw {

namespace {

constexpr int kRanges = 20;

struct Range {
    BsonValue from;
    bool from_excluded;
    BsonValue before; // Missing: up to the end of the type's bracket
    BsonValue last;   // where the range ends, for cutting it again
};

} // namespace

struct Sample {
    SampleRequest request;
    MemoryContext context;
    SampleMethod method;
    DocumentStream *stream; // of the current part, null: none
    int64 left;             // documents still wanted
    List *ranges;           // of Range, those of this pass
    List *rests;            // of Range, what the next pass reads
    int current;            // range that the stream reads, -1: none yet
    int64 quota;            // of the current range
    int64 got;              // from it
    BsonValue last_id;      // of the document last read
};

namespace {

BsonValue copied(Sample *sample, const BsonValue &value) {
    uint8_t *data = static_cast<uint8_t *>(MemoryContextAlloc(sample->context, Max(value.size, 1)));
    memcpy(data, value.data, value.size);
    return {value.type, data, value.size};
}

mql::RawValue raw(const BsonValue &value) { return {static_cast<uint8_t>(value.type), value.data, value.size}; }

mql::PartCommand part_of(const Sample *sample) {
    mql::PartCommand part{};
    part.collection = sample->request.source.collection;
    part.base_pipeline = sample->request.base_pipeline;
    part.filter = sample->request.filter;
    part.project = sample->request.project;
    part.project_count = sample->request.project_count;
    return part;
}

DocumentStream *open_part(Sample *sample, const mql::PartCommand &part, mongo::Error *failure = nullptr) {
    MemoryContext old = MemoryContextSwitchTo(sample->context);
    DocumentStream *stream = open_documents(sample->request.source, mql::part_command(part, current_memory()), failure);
    MemoryContextSwitchTo(old);
    return stream;
}

// The lowest or highest _id, of all or of one type, from a value on. False where there is none.
bool extreme_id(Sample *sample, const char *type, bool highest, BsonValue *id, const BsonValue *from = nullptr) {
    static const char *const kOnlyId[] = {"_id"};
    mql::PartCommand part = part_of(sample);
    part.project = kOnlyId;
    part.project_count = 1;
    part.id_type = type;
    if (from)
        part.from = raw(*from);
    part.descending = highest;
    part.limit = 1;
    DocumentStream *stream = open_part(sample, part);
    BsonValue document;
    bool found = next_document(stream, &document);
    if (found) {
        BsonValue value = field_of(document, "_id");
        *id = value.type == BsonType::Missing ? value : copied(sample, value);
    }
    close_documents(stream);
    return found;
}

void add_range(Sample *sample, List **list, const Range &range) {
    Range *copy = static_cast<Range *>(MemoryContextAlloc(sample->context, sizeof(Range)));
    *copy = range;
    MemoryContext old = MemoryContextSwitchTo(sample->context);
    *list = lappend(*list, copy);
    MemoryContextSwitchTo(old);
}

// Adds a range in pieces.
void add_cut(Sample *sample, List **list, const Range &range, int pieces) {
    Range piece = range;
    uint8_t scratch[kSpacedSize];
    BsonValue bound;
    for (int i = 1; i < pieces; i++) {
        if (!interpolate(range.from, range.last, i, pieces, scratch, &bound))
            break;
        if (same_value(bound, piece.from))
            continue;
        piece.before = piece.last = copied(sample, bound);
        add_range(sample, list, piece);
        piece.from = piece.before;
        piece.from_excluded = false;
    }
    piece.before = range.before;
    piece.last = range.last;
    add_range(sample, list, piece);
}

BsonValue minus_infinity(Sample *sample) {
    double value = -get_float8_infinity();
    return copied(sample, {BsonType::Double, reinterpret_cast<const uint8_t *>(&value), sizeof value});
}

void make_ranges(Sample *sample) {
    BsonValue lowest, highest;
    if (!extreme_id(sample, nullptr, false, &lowest))
        return;
    if (lowest.type == BsonType::Missing) {
        sample->method = SampleMethod::First;
        return;
    }
    extreme_id(sample, nullptr, true, &highest);
    if (is_nan(lowest)) { // the least number, which $gte does not reach from and $lt not to
        add_range(sample, &sample->ranges, {lowest, false, kMissing, lowest});
        BsonValue infinity = minus_infinity(sample);
        if (!extreme_id(sample, nullptr, false, &lowest, &infinity))
            return;
    }
    Range whole{lowest, false, kMissing, highest};
    if (type_bracket(lowest.type) == type_bracket(highest.type)) {
        add_cut(sample, &sample->ranges, whole, kRanges);
        return;
    }
    for (int bracket = 0; bracket < kBrackets; bracket++)
        if (bracket >= type_bracket(lowest.type) &&
            extreme_id(sample, bracket_name(bracket), false, &whole.from,
                       bracket == type_bracket(lowest.type) ? &lowest : nullptr)) {
            extreme_id(sample, bracket_name(bracket), true, &whole.last);
            add_cut(sample, &sample->ranges, whole, kRanges / 2);
        }
}

// Ends the current range and keeps what it has left for the next pass.
void leave_range(Sample *sample) {
    close_documents(sample->stream);
    sample->stream = nullptr;
    if (sample->got < sample->quota)
        return; // it had no more
    Range rest = *static_cast<Range *>(list_nth(sample->ranges, sample->current));
    rest.from = copied(sample, sample->last_id);
    rest.from_excluded = true;
    add_range(sample, &sample->rests, rest);
}

// Opens the next range; false when there is none or enough was read.
bool enter_range(Sample *sample) {
    if (sample->left <= 0)
        return false;
    if (++sample->current >= list_length(sample->ranges)) {
        List *rests = sample->rests;
        int pieces = rests ? kRanges / list_length(rests) : 0;
        sample->ranges = sample->rests = NIL;
        ListCell *cell;
        foreach (cell, rests)
            add_cut(sample, &sample->ranges, *static_cast<Range *>(lfirst(cell)), pieces);
        sample->current = 0;
        if (!sample->ranges)
            return false;
    }
    int ranges_left = list_length(sample->ranges) - sample->current;
    const Range *range = static_cast<Range *>(list_nth(sample->ranges, sample->current));
    mql::PartCommand part = part_of(sample);
    part.from = raw(range->from);
    part.from_excluded = range->from_excluded;
    part.before = raw(range->before);
    part.limit = sample->quota = (sample->left + ranges_left - 1) / ranges_left;
    sample->got = 0;
    sample->stream = open_part(sample, part);
    return true;
}

// Whether there are no more documents than are wanted: counts one more at most. Metadata would not do: they are wrong
// after an unclean stop, and views have none. False with failure->kind set where the server refuses.
bool holds_no_more(Sample *sample, mongo::Error *failure) {
    const SampleRequest &request = sample->request;
    DocumentStream *stream =
        open_documents(request.source,
                       mql::count_documents_command(request.source.collection, request.base_pipeline, request.filter,
                                                    request.size + 1, current_memory()),
                       failure);
    if (!stream)
        return false;
    BsonValue document;
    int64 count = next_document(stream, &document) ? count_of(field_of(document, "n"), 0) : 0;
    close_documents(stream);
    return count <= request.size;
}

} // namespace

const char *method_name(SampleMethod method) {
    switch (method) {
    case SampleMethod::All:
        return "all documents";
    case SampleMethod::Random:
        return "$sample";
    case SampleMethod::Spaced:
        return "ranges of _id";
    case SampleMethod::Lowest:
        return "first by _id";
    case SampleMethod::First:
        return "first documents";
    }
    return "";
}

Sample *open_sample(const SampleRequest &request, mongo::Error *failure) {
    MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mongo_fdw_cpp sample", ALLOCSET_SMALL_SIZES);
    Sample *sample = static_cast<Sample *>(MemoryContextAllocZero(context, sizeof(Sample)));
    sample->request = request;
    sample->context = context;
    sample->left = request.size;
    sample->current = -1;
    bool whole = request.size == 0;
    if (!whole && !request.strict) {
        if (failure)
            failure->kind = mongo::ErrorKind::None;
        whole = holds_no_more(sample, failure);
        if (failure && failure->kind != mongo::ErrorKind::None) {
            MemoryContextDelete(context);
            return nullptr;
        }
    }
    mql::PartCommand part = part_of(sample);
    if (whole) {
        sample->method = SampleMethod::All;
        part.natural = request.random; // else in the order of _id: the same documents give the same result again
        sample->stream = open_part(sample, part, failure);
        if (sample->stream)
            return sample;
        MemoryContextDelete(context);
        return nullptr;
    }
    part.limit = request.size;
    if (request.random) {
        mongo::Error refused;
        sample->method = SampleMethod::Random;
        part.random = true;
        sample->stream = open_part(sample, part, &refused);
        if (sample->stream)
            return sample;
        if (!is_unsupported(refused))
            raise_mongo_error(refused, GetForeignServer(request.source.server)->servername, request.source.name_space,
                              "[{\"$sample\": ...}]");
        part.random = false;
    }
    sample->method = SampleMethod::Spaced;
    make_ranges(sample);
    if (sample->method == SampleMethod::Spaced) {
        if (list_length(sample->ranges) == 1)
            sample->method = SampleMethod::Lowest;
        return sample;
    }
    part.natural = true;
    sample->stream = open_part(sample, part);
    return sample;
}

bool next_sampled(Sample *sample, BsonValue *document) {
    if (sample->method != SampleMethod::Spaced && sample->method != SampleMethod::Lowest)
        return next_document(sample->stream, document);
    for (;;) {
        if (!sample->stream && !enter_range(sample))
            return false;
        if (next_document(sample->stream, document)) {
            sample->last_id = field_of(*document, "_id");
            sample->got++;
            sample->left--;
            // Its bytes are needed beyond this document when the range's share is full.
            if (sample->got == sample->quota)
                sample->last_id = copied(sample, sample->last_id);
            return true;
        }
        leave_range(sample);
    }
}

SampleMethod sample_method(const Sample *sample) { return sample->method; }

void close_sample(Sample *sample) {
    if (sample->stream)
        close_documents(sample->stream);
    MemoryContextDelete(sample->context);
}

} // namespace mongo_fdw
