// mongo.references: candidate foreign keys. Zone B.
//
// Distinct values of every key-like path are looked up in the _id and in unique fields of all collections: by DBRef,
// because the names fit, or (where there is an index) because nearly all values are found there (the idea of value
// inclusion is that of inclusion-dependency discovery). One command asks for the values of all paths that may refer to
// a field.
#include "catalog/collections.hpp"
#include "catalog/import.hpp"
#include "catalog/reference_names.hpp"
#include "catalog/reference_values.hpp"
#include "connect/sample.hpp"
#include "connect/spacing.hpp"
#include "mql/commands.hpp"
#include "pg/arguments.hpp"
#include "pg/hash.hpp"
#include "pg/memory.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(mongo_references);
}

namespace mongo_fdw {
namespace {

constexpr int kSample = 1000;           // documents of each collection
constexpr uint32_t kKeptValues = 200;   // distinct values of each path
constexpr uint32_t kChunk = 2000;       // values in one command
constexpr int kFewestUnique = 20;       // values of a field that is a target because the sample shows no value twice
constexpr int64_t kSmallInteger = 1000; // integers up to here are found in any dense key: no evidence by themselves

struct Source {
    const CollectionInfo *collection;
    const ProfileNode *node;
    bool dbref; // the $id of a DBRef
    bool array; // lies in an array
    ReferenceValues values;
    // What every target is compared with.
    int brackets;
    bool tells;       // values_tell
    const char *key;  // that names the path
    const char *stem; // of it; null: it names no collection
};

struct Target {
    const CollectionInfo *collection;
    const ProfileNode *node; // null: no source has it
    const char *key;
    const char *dotted; // UTF-8
    const char *path;   // as mongo.profile shows it
    bool unique_index;
    int brackets;
    bool is_id;
    List *words; // that name the collection
};

enum class Via : uint8_t { None, DbRef, Name, Value };

struct Survey {
    Oid server;
    const char *database; // UTF-8
    List *sources;        // of Source
    List *targets;        // of Target
    MemoryContext context;
    HTAB *words; // that name a collection; null: not asked for
    ReturnSetInfo *result;
    double min_hit;
    bool only_ids; // no other field is a target
};

// --- the sides ---

constexpr uint64_t kKeyTypes = type_bit(BsonType::ObjectId) | type_bit(BsonType::String) | type_bit(BsonType::Int32) |
                               type_bit(BsonType::Int64) | type_bit(BsonType::Double) | type_bit(BsonType::Binary) |
                               type_bit(BsonType::Null) | type_bit(BsonType::Undefined);
// Beside ids: DBRefs, copies of what is referred to, lists of ids. What they hold are paths of their own.
constexpr uint64_t kBesideKeys = type_bit(BsonType::Document) | type_bit(BsonType::Array);

bool is_key_like(const ProfileNode *node) {
    const ScalarFacts *facts = node->scalars;
    return facts && facts->value_count > 0 && (seen_types(node) & ~(kKeyTypes | kBesideKeys)) == 0 &&
           !facts->fraction && !facts->special && !facts->has_nul;
}

bool is_in_array(const ProfileNode *node) {
    for (; node->parent; node = node->parent)
        if (node->kind != ProfileNode::Kind::Field)
            return true;
    return false;
}

const ProfileNode *child_named(const ProfileNode *node, const char *key) {
    for (const ProfileNode *child = node->first; child; child = child->next)
        if (key_is(child, key))
            return child;
    return nullptr;
}

// A path that the query language can name.
bool is_plain(const ProfileNode *node) {
    for (; node->parent; node = node->parent)
        if (node->kind != ProfileNode::Kind::Field || node->key_length == 0 || strpbrk(node->key, ".$") ||
            strspn(node->key, "0123456789") == node->key_length)
            return false;
    return true;
}

// Dotted, UTF-8; of a plain path.
char *dotted(const ProfileNode *node) {
    if (node->parent->kind == ProfileNode::Kind::Root)
        return pstrdup(node->key);
    return psprintf("%s.%s", dotted(node->parent), node->key);
}

int brackets_of(const ProfileNode *node) {
    int brackets = 0;
    for (int i = 0; i < kBsonTypes; i++)
        if (node->types[i] && !reads_as_null(type_at(i)))
            brackets |= 1 << type_bracket(type_at(i));
    return brackets;
}

int brackets_of(const ReferenceValues &values) {
    int brackets = 0;
    for (uint32_t i = 0; i < values.count; i++)
        brackets |= 1 << type_bracket(values.values[i].type);
    return brackets;
}

// Whether finding the values in a key says anything.
bool values_tell(const ProfileNode *node) {
    const ScalarFacts *facts = node->scalars;
    constexpr uint64_t kNumbers = type_bit(BsonType::Int32) | type_bit(BsonType::Int64) | type_bit(BsonType::Double);
    uint64_t types = seen_types(node);
    bool own_id = key_is(node, "_id") && node->depth == 1;
    if (types & kNumbers)
        return !own_id && facts->value_count >= 10 && facts->int_max > kSmallInteger;
    if (types & type_bit(BsonType::String))
        return facts->value_count >= 3;
    return true;
}

// A source without its values.
Source describe_source(const CollectionInfo *collection, const ProfileNode *node) {
    bool dbref = key_is(node, "$id") && child_named(node->parent, "$ref");
    const ProfileNode *name = naming_node(node);
    bool own_id = key_is(node, "_id") && node->depth == 1;
    bool key = name->parent && node->kind == ProfileNode::Kind::Field;
    return {collection,
            node,
            dbref,
            is_in_array(node),
            {},
            0,
            values_tell(node),
            key ? node->key : nullptr,
            name->parent && !own_id ? name_stem(name->key) : nullptr};
}

// Whether a source may be a candidate for any target. Of a wide collection most paths are none, and keeping the values
// of all takes gigabytes.
bool may_refer(const Survey *survey, const Source &source) {
    return !survey->only_ids || source.dbref || source.tells ||
           (source.stem && hash_search(survey->words, source.stem, HASH_FIND, nullptr));
}

void add_source(Survey *survey, const Source &described, const ReferenceValues &values) {
    Source *source = static_cast<Source *>(palloc(sizeof(Source)));
    *source = described;
    source->values = values;
    source->brackets = brackets_of(values);
    survey->sources = lappend(survey->sources, source);
}

void add_readings(Survey *survey, const Source &source) {
    const ScalarFacts *facts = source.node->scalars;
    add_source(survey, source, plain_values(facts));
    for (int i = 0; i < reference_readings(); i++) {
        ReferenceValues read = values_read(facts, i);
        if (read.count > 0)
            add_source(survey, source, read);
    }
}

void add_sources(Survey *survey, const CollectionInfo *collection, const ProfileNode *node) {
    check_stack_depth();
    if (node->parent && is_key_like(node) && !key_is(node, "$ref") && !key_is(node, "$db")) {
        Source source = describe_source(collection, node);
        if (may_refer(survey, source))
            add_readings(survey, source);
    }
    for (const ProfileNode *child = node->first; child; child = child->next)
        add_sources(survey, collection, child);
    if (node->element)
        add_sources(survey, collection, node->element);
    if (node->entry)
        add_sources(survey, collection, node->entry);
}

// No value stands in the sample twice, and the values are of types that keys are made of.
bool is_unique_in_sample(const ProfileNode *node) {
    constexpr uint64_t kWordsAndIds = type_bit(BsonType::ObjectId) | type_bit(BsonType::String) |
                                      type_bit(BsonType::Binary) | type_bit(BsonType::Int32) |
                                      type_bit(BsonType::Int64);
    const ScalarFacts *facts = node->scalars;
    return facts->unique == ScalarFacts::Unique::Yes && facts->count >= kFewestUnique &&
           facts->count == profile_base(node) && (seen_types(node) & ~kWordsAndIds) == 0;
}

void add_target(Survey *survey, const CollectionInfo *collection, const ProfileNode *node, bool indexed) {
    MemoryContext caller = MemoryContextSwitchTo(survey->context);
    Target *target = static_cast<Target *>(palloc(sizeof(Target)));
    *target = {collection,
               node,
               pstrdup(node->key),
               dotted(node),
               pstrdup(profile_path(node)),
               indexed,
               brackets_of(node),
               key_is(node, "_id"),
               words_like(name_stem(collection->name))};
    survey->targets = lappend(survey->targets, target);
    MemoryContextSwitchTo(caller);
}

void add_targets(Survey *survey, const CollectionInfo *collection, const ProfileNode *node, List *unique_paths) {
    for (const ProfileNode *child = node->first; child; child = child->next) {
        if (is_plain(child) && is_key_like(child)) {
            const char *path = dotted(child);
            bool is_id = strcmp(path, "_id") == 0, indexed = is_id;
            ListCell *cell;
            foreach (cell, unique_paths)
                indexed = indexed || strcmp(path, static_cast<char *>(lfirst(cell))) == 0;
            if (survey->only_ids ? is_id : indexed || is_unique_in_sample(child))
                add_target(survey, collection, child, indexed);
        }
        if (!survey->only_ids)
            add_targets(survey, collection, child, unique_paths);
    }
}

// Paths that alone are the key of a unique index over all documents.
List *unique_paths_of(const DocumentSource &source) {
    mongo::Error failure;
    List *paths = NIL;
    ListCell *cell;
    foreach (cell, list_indexes(source, &failure)) {
        const BsonValue &index = *static_cast<BsonValue *>(lfirst(cell));
        BsonValue key = field_of(index, "key");
        if (key.type != BsonType::Document || !is_true(field_of(index, "unique")) ||
            field_of(index, "partialFilterExpression").type != BsonType::Missing)
            continue;
        BsonReader reader(key.data, key.size);
        const char *path = nullptr;
        int keys = 0;
        while (reader.next()) {
            path = pstrdup(reader.key());
            keys++;
        }
        if (keys == 1)
            paths = lappend(paths, const_cast<char *>(path));
    }
    return paths;
}

void read_collection(Survey *survey, const CollectionInfo *info, bool as_source) {
    SampleRequest request{};
    request.source = {survey->server, GetUserId(), survey->database, info->name,
                      psprintf("%s.%s", server_text_of(survey->database), info->shown)};
    request.size = kSample;
    request.random = !survey->only_ids; // a plan is the same for the same documents
    SampleMethod method;
    int sources = list_length(survey->sources);
    MemoryContext context = AllocSetContextCreate(survey->context, "mongo_fdw_cpp references", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    Profile *profile = profile_sample(
        request, {kFullDepth, kManyPaths, import_rules(NIL, NIL).map_threshold, true, kKeptValues}, &method);
    if (as_source)
        add_sources(survey, info, profile->root);
    if (!info->view)
        add_targets(survey, info, profile->root, survey->only_ids ? NIL : unique_paths_of(request.source));
    MemoryContextSwitchTo(caller);
    if (list_length(survey->sources) > sources)
        return; // they look into the profile
    ListCell *cell;
    foreach (cell, survey->targets) {
        Target *target = static_cast<Target *>(lfirst(cell));
        if (target->collection == info)
            target->node = nullptr;
    }
    MemoryContextDelete(context);
}

// The words that name one of the collections, as the stem of a path does.
HTAB *collection_words(List *infos) {
    struct Word {
        char text[256]; // the key; longer ones are compared so far
    };
    HTAB *words =
        make_hash_table<Word>("mongo_fdw_cpp collection words", sizeof(Word::text), CurrentMemoryContext, HASH_STRINGS);
    ListCell *cell, *like;
    foreach (cell, infos)
        foreach (like, words_like(name_stem(static_cast<CollectionInfo *>(lfirst(cell))->name)))
            hash_search(words, lfirst(like), HASH_ENTER, nullptr);
    return words;
}

// --- which may refer to which ---

bool name_fits(const Source *source, const Target *target) {
    if (!target->is_id)
        return source->key && strcmp(source->key, target->key) == 0;
    ListCell *cell;
    foreach (cell, source->stem ? target->words : NIL)
        if (strcmp(source->stem, static_cast<char *>(lfirst(cell))) == 0)
            return true;
    return false;
}

bool holds_text(const ProfileNode *node, const char *text) {
    for (uint32_t i = 0; node->scalars && i < node->scalars->value_count; i++)
        if (is_text(node->scalars->values[i], text))
            return true;
    return false;
}

bool refers_by_dbref(const Survey *survey, const Source *source, const Target *target) {
    if (!source->dbref || !target->is_id)
        return false;
    const ProfileNode *database = child_named(source->node->parent, "$db");
    return holds_text(child_named(source->node->parent, "$ref"), target->collection->name) &&
           (!database || holds_text(database, survey->database));
}

Via candidate(const Survey *survey, const Source *source, const Target *target) {
    if (source->node == target->node || !(source->brackets & target->brackets))
        return Via::None;
    if (source->dbref)
        return refers_by_dbref(survey, source, target) ? Via::DbRef : Via::None;
    if (name_fits(source, target))
        return Via::Name;
    // Other fields would cost a scan of their collection for every path that might refer to them.
    return target->unique_index && source->tells ? Via::Value : Via::None;
}

// --- looking up ---

struct Lookup {
    uint64 hash; // key
    BsonValue value;
    bool found;
    bool repeated;
};

HTAB *make_lookups(Survey *survey, const Target *target) {
    HTAB *lookups = make_hash_table<Lookup>("mongo_fdw_cpp lookups", sizeof(uint64), CurrentMemoryContext);
    ListCell *cell;
    foreach (cell, survey->sources) {
        const Source *source = static_cast<Source *>(lfirst(cell));
        if (candidate(survey, source, target) == Via::None)
            continue;
        const ReferenceValues &values = source->values;
        for (uint32_t i = 0; i < values.count; i++) {
            bool known;
            Lookup *lookup = static_cast<Lookup *>(hash_search(lookups, &values.hashes[i], HASH_ENTER, &known));
            if (!known) {
                lookup->value = values.values[i];
                lookup->found = lookup->repeated = false;
            }
        }
    }
    return lookups;
}

DocumentSource source_of_target(const Survey *survey, const Target *target) {
    return {survey->server, GetUserId(), survey->database, target->collection->name,
            psprintf("%s.%s", server_text_of(survey->database), target->collection->shown)};
}

void look_up_chunk(const Survey *survey, const Target *target, HTAB *lookups, StringInfo array) {
    appendStringInfoChar(array, '\0');
    uint32_t size = array->len;
    memcpy(array->data, &size, 4);
    mql::Document values{reinterpret_cast<uint8_t *>(array->data), size};
    DocumentStream *stream =
        open_documents(source_of_target(survey, target),
                       mql::present_values_command(target->collection->name, target->dotted, values, current_memory()));
    BsonValue group;
    while (next_document(stream, &group)) {
        BsonValue value = field_of(group, "_id");
        if (value.type == BsonType::Missing)
            continue;
        uint64 hash = hash_of_scalar(value);
        Lookup *lookup = static_cast<Lookup *>(hash_search(lookups, &hash, HASH_FIND, nullptr));
        if (!lookup)
            continue;
        lookup->found = true;
        lookup->repeated = number_of(field_of(group, "n"), 1) > 1;
    }
    close_documents(stream);
}

void look_up(const Survey *survey, const Target *target, HTAB *lookups) {
    constexpr int kMostBytes = 8 * 1024 * 1024;
    StringInfoData array;
    initStringInfo(&array);
    uint32_t count = 0;
    auto start = [&] {
        resetStringInfo(&array);
        appendStringInfoSpaces(&array, 4); // the length comes when it is known
        count = 0;
    };
    start();
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, lookups);
    List *all = NIL;
    while (Lookup *lookup = static_cast<Lookup *>(hash_seq_search(&status)))
        all = lappend(all, lookup);
    ListCell *cell;
    foreach (cell, all) {
        const Lookup *lookup = static_cast<Lookup *>(lfirst(cell));
        appendStringInfoChar(&array, static_cast<char>(lookup->value.type));
        appendStringInfo(&array, "%u", count);
        appendStringInfoChar(&array, '\0');
        appendBinaryStringInfo(&array, reinterpret_cast<const char *>(lookup->value.data),
                               static_cast<int>(lookup->value.size));
        if (++count == kChunk || array.len > kMostBytes) {
            look_up_chunk(survey, target, lookups, &array);
            start();
        }
    }
    if (count > 0)
        look_up_chunk(survey, target, lookups, &array);
}

// --- rows ---

const char *cardinality_of(const Source *source) {
    bool unique = source->node->scalars->unique == ScalarFacts::Unique::Yes;
    if (source->array)
        return unique ? "one to many" : "many to many";
    return unique ? "one to one" : "many to one";
}

bool holds_repeated(const Survey *survey, const Target *target) {
    DocumentStream *stream =
        open_documents(source_of_target(survey, target),
                       mql::repeated_value_command(target->collection->name, target->dotted, current_memory()));
    BsonValue group;
    bool found = next_document(stream, &group);
    close_documents(stream);
    return found;
}

// What the look-ups say of one source; `repeated` where a value stands in the target more than once.
int64 count_hits(const Source *source, HTAB *lookups, bool *repeated) {
    int64 hits = 0;
    for (uint32_t i = 0; i < source->values.count; i++) {
        const Lookup *lookup =
            static_cast<const Lookup *>(hash_search(lookups, &source->values.hashes[i], HASH_FIND, nullptr));
        hits += lookup && lookup->found;
        *repeated |= lookup && lookup->repeated;
    }
    return hits;
}

void put_reference(Survey *survey, const Source *source, const Target *target, Via via, int64 hits, bool is_unique) {
    static const char *const kVia[] = {"", "dbref", "name", "value"};
    const char *how = kVia[static_cast<int>(via)];
    int64 checked = source->values.count;
    Datum values[10] = {
        CStringGetTextDatum(source->collection->shown),
        CStringGetTextDatum(profile_path(source->node)),
        CStringGetTextDatum(target->collection->shown),
        CStringGetTextDatum(target->path),
        CStringGetTextDatum(source->values.reading ? psprintf("%s (%s)", how, source->values.reading) : how),
        Int64GetDatum(checked),
        Int64GetDatum(hits),
        Float8GetDatum(static_cast<double>(hits) / static_cast<double>(checked)),
        CStringGetTextDatum(cardinality_of(source)),
        BoolGetDatum(is_unique)};
    bool nulls[10] = {};
    tuplestore_putvalues(survey->result->setResult, survey->result->setDesc, values, nulls);
}

// The readings of a path follow its plain values: only one that finds more than what came before is told of.
void write_target(Survey *survey, const Target *target) {
    HTAB *lookups = make_lookups(survey, target);
    if (hash_get_num_entries(lookups) == 0)
        return;
    look_up(survey, target, lookups);
    enum class Known : uint8_t { No, Unique, Repeated } uniqueness = target->unique_index ? Known::Unique : Known::No;
    const ProfileNode *node = nullptr;
    int64 found_already = 0;
    ListCell *cell;
    foreach (cell, survey->sources) {
        const Source *source = static_cast<Source *>(lfirst(cell));
        if (source->node != node)
            found_already = 0;
        node = source->node;
        Via via = candidate(survey, source, target);
        if (via == Via::None)
            continue;
        bool repeated = false;
        int64 hits = count_hits(source, lookups, &repeated);
        if (source->values.reading && hits <= found_already)
            continue;
        found_already = hits;
        if (repeated)
            uniqueness = Known::Repeated;
        // A DBRef names its target: it is told of even where the values are gone.
        if (via != Via::DbRef && (hits == 0 || static_cast<double>(hits) / source->values.count < survey->min_hit))
            continue;
        if (uniqueness == Known::No)
            uniqueness = holds_repeated(survey, target) ? Known::Repeated : Known::Unique;
        put_reference(survey, source, target, via, hits, uniqueness == Known::Unique);
    }
    hash_destroy(lookups);
}

bool is_listed(ArrayType *names, const char *name) {
    Datum *values;
    bool *nulls;
    int count;
    deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
    for (int i = 0; i < count; i++)
        if (!nulls[i] && strcmp(TextDatumGetCString(values[i]), name) == 0)
            return true;
    return false;
}

// Tells of names that are no collections.
void note_unknown(ArrayType *names, List *infos, const Survey *survey) {
    Datum *values;
    bool *nulls;
    int count;
    if (!names)
        return;
    deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
    for (int i = 0; i < count; i++) {
        bool found = nulls[i];
        ListCell *cell;
        foreach (cell, infos)
            found = found ||
                    strcmp(static_cast<CollectionInfo *>(lfirst(cell))->shown, TextDatumGetCString(values[i])) == 0;
        if (!found)
            ereport(NOTICE, (errmsg("database \"%s\" has no collection \"%s\", skipping",
                                    server_text_of(survey->database), TextDatumGetCString(values[i]))));
    }
}

} // namespace
} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" Datum mongo_references(PG_FUNCTION_ARGS) {
    ForeignServer *server = usable_server(text_argument(fcinfo, 0, "server"));
    Survey survey{};
    survey.server = server->serverid;
    survey.database = utf8_of(text_argument(fcinfo, 1, "database"));
    ArrayType *collections = PG_ARGISNULL(2) ? nullptr : PG_GETARG_ARRAYTYPE_P(2);
    survey.min_hit = PG_ARGISNULL(3) ? 0.9 : PG_GETARG_FLOAT8(3);
    if (!(survey.min_hit >= 0 && survey.min_hit <= 1))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("argument \"min_hit\" must be from 0 to 1")));
    survey.only_ids = PG_NARGS() > 4 && !PG_ARGISNULL(4) && PG_GETARG_BOOL(4);
    InitMaterializedSRF(fcinfo, 0);
    survey.result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    survey.context = CurrentMemoryContext;
    ListCell *cell;
    List *infos = list_collections(survey.server, GetUserId(), survey.database, nullptr);
    if (survey.only_ids)
        survey.words = collection_words(infos);
    note_unknown(collections, infos, &survey);
    foreach (cell, infos) {
        const CollectionInfo *info = static_cast<CollectionInfo *>(lfirst(cell));
        bool named = collections && is_listed(collections, info->shown);
        if (!info->view || named)
            read_collection(&survey, info, named || !collections);
    }
    foreach (cell, survey.targets) {
        CHECK_FOR_INTERRUPTS();
        write_target(&survey, static_cast<Target *>(lfirst(cell)));
    }
    PG_RETURN_VOID();
}
