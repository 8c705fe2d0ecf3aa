// mongo.profile: the profile of a collection as rows. Zone B.
#include "catalog/import.hpp"
#include "catalog/layout.hpp"
#include "connect/sample.hpp"
#include "convert/query_json.hpp"
#include "pg/arguments.hpp"
#include "pg/hash.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(mongo_profile);
}

namespace mongo_fdw {
namespace {

enum Column : int {
    kPath,
    kDepth,
    kDocuments,
    kMissingShare,
    kNullShare,
    kTypes,
    kDistinct,
    kUnique,
    kLeast,
    kGreatest,
    kLongest,
    kArrayMin,
    kArrayAverage,
    kArrayMax,
    kFits,
    kSemantic,
    kIsMap,
    kExamplesColumn,
    kSuggestedName,
    kSuggestedType,
    kConfidence,
    kSampled,
    kColumns
};

// What the layout of an import made of a path.
struct Suggestion {
    const ProfileNode *node; // key
    const char *name;
    const char *type;
};

struct Writer {
    ReturnSetInfo *result;
    HTAB *suggestions;
    const char *sampled;
    bool whole; // every document was read
    MemoryContext row;
};

Suggestion *suggestion_of(HTAB *suggestions, const ProfileNode *node, HASHACTION action) {
    bool found;
    return static_cast<Suggestion *>(hash_search(suggestions, &node, action, &found));
}

void note_suggestions(HTAB *suggestions, LayoutTable *table) {
    ListCell *cell;
    foreach (cell, table->columns) {
        const LayoutColumn *column = static_cast<LayoutColumn *>(lfirst(cell));
        if (!column->node || (table->unwind && column->node->depth == 1 && column->node->parent->parent == nullptr))
            continue; // a child table repeats the parent's _id
        Suggestion *entry = suggestion_of(suggestions, column->node, HASH_ENTER);
        entry->name = column->name;
        entry->type = column->type;
    }
    if (table->unwind) {
        Suggestion *entry = suggestion_of(suggestions, table->scope->parent, HASH_ENTER);
        entry->name = table->name;
        entry->type = "table";
    }
    foreach (cell, table->children)
        note_suggestions(suggestions, static_cast<LayoutTable *>(lfirst(cell)));
}

HTAB *make_suggestions(Profile *profile, const char *collection) {
    HTAB *suggestions =
        make_hash_table<Suggestion>("mongo_fdw_cpp suggestions", sizeof(ProfileNode *), CurrentMemoryContext);
    ImportRules rules = import_rules(NIL, NIL);
    rules.max_depth = Min(rules.max_depth, profile->settings.max_depth);
    LayoutTable *table = lay_out(profile, collection, rules);
    name_tables(&collection, &table, 1, rules);
    note_suggestions(suggestions, table);
    return suggestions;
}

Datum text_array(List *texts) {
    int count = list_length(texts), at = 0;
    Datum *values = static_cast<Datum *>(palloc(sizeof(Datum) * Max(count, 1)));
    ListCell *cell;
    foreach (cell, texts)
        values[at++] = CStringGetTextDatum(static_cast<char *>(lfirst(cell)));
    return PointerGetDatum(construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT));
}

// With no misfit among n values at most 3/n of all are misfits, with a confidence of 95 % (the rule of three).
double confidence_of(uint64_t values, bool whole) {
    if (whole)
        return 1;
    return values > 3 ? 1 - 3 / static_cast<double>(values) : 0;
}

void write_scalars(const ProfileNode *node, Datum *values, bool *nulls) {
    const ScalarFacts *facts = node->scalars;
    auto set = [&](Column column, Datum value) {
        values[column] = value;
        nulls[column] = false;
    };
    if (facts->distinct)
        set(kDistinct, Int64GetDatum(static_cast<int64>(distinct_values(facts))));
    bool is_id = node->kind == ProfileNode::Kind::Field && node->depth == 1 && strcmp(node->key, "_id") == 0;
    if (facts->unique != ScalarFacts::Unique::Unknown || is_id) // every _id is another, whether the set had room or not
        set(kUnique, BoolGetDatum(facts->unique != ScalarFacts::Unique::No));
    if (facts->least.type != BsonType::Missing) {
        set(kLeast, CStringGetTextDatum(kept_text(facts->least)));
        set(kGreatest, CStringGetTextDatum(kept_text(facts->greatest)));
    }
    if (node->types[type_index(BsonType::String)] + node->types[type_index(BsonType::Symbol)])
        set(kLongest, Int64GetDatum(facts->longest));
    List *examples = NIL;
    for (int i = 0; i < facts->example_count; i++)
        examples = lappend(examples, kept_text(facts->examples[i]));
    set(kExamplesColumn, text_array(examples));
}

void write_row(const Writer &writer, const ProfileNode *node) {
    Datum values[kColumns];
    bool nulls[kColumns];
    memset(nulls, true, sizeof nulls);
    auto set = [&](Column column, Datum value) {
        values[column] = value;
        nulls[column] = false;
    };
    MemoryContext old = MemoryContextSwitchTo(writer.row);
    uint64_t base = profile_base(node), arrays = node->types[type_index(BsonType::Array)];
    set(kPath, CStringGetTextDatum(profile_path(node)));
    set(kDepth, Int32GetDatum(node->depth));
    set(kDocuments, Int64GetDatum(static_cast<int64>(base)));
    if (base > 0)
        set(kMissingShare, Float8GetDatum(static_cast<double>(base - node->present) / static_cast<double>(base)));
    if (base > 0)
        set(kNullShare, Float8GetDatum(static_cast<double>(null_count(node)) / static_cast<double>(base)));
    set(kTypes, type_counts(node->types));
    if (node->scalars)
        write_scalars(node, values, nulls);
    if (arrays) {
        set(kArrayMin, Int64GetDatum(node->array_min));
        set(kArrayAverage, Float8GetDatum(static_cast<double>(node->array_elements) / static_cast<double>(arrays)));
        set(kArrayMax, Int64GetDatum(node->array_max));
    }
    set(kFits, text_array(fitting_types(node)));
    if (const char *guess = semantic_guess(node))
        set(kSemantic, CStringGetTextDatum(guess));
    set(kIsMap, BoolGetDatum(node->is_map));
    if (const Suggestion *suggestion = suggestion_of(writer.suggestions, node, HASH_FIND)) {
        set(kSuggestedName, CStringGetTextDatum(suggestion->name));
        set(kSuggestedType, CStringGetTextDatum(suggestion->type));
        set(kConfidence, Float8GetDatum(confidence_of(node->present - null_count(node), writer.whole)));
    }
    set(kSampled, CStringGetTextDatum(writer.sampled));
    tuplestore_putvalues(writer.result->setResult, writer.result->setDesc, values, nulls);
    MemoryContextSwitchTo(old);
    MemoryContextReset(writer.row);
}

void write_node(const Writer &writer, const ProfileNode *node) {
    check_stack_depth();
    CHECK_FOR_INTERRUPTS();
    if (node->parent && node->present > 0)
        write_row(writer, node);
    for (const ProfileNode *child = node->first; child; child = child->next)
        write_node(writer, child);
    if (node->element)
        write_node(writer, node->element);
    if (node->entry)
        write_node(writer, node->entry);
}

} // namespace
} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" Datum mongo_profile(PG_FUNCTION_ARGS) {
    constexpr int kMost = 1000000000;
    ForeignServer *server = usable_server(text_argument(fcinfo, 0, "server"));
    char *database = text_argument(fcinfo, 1, "database");
    char *collection = text_argument(fcinfo, 2, "collection");
    SampleRequest request{};
    request.source = {
        server->serverid, GetUserId(), utf8_of(database), utf8_of(collection), psprintf("%s.%s", database, collection),
        nullptr};
    request.size = integer_argument(fcinfo, 3, "sample", 0, kMost);
    request.random = true;
    mql::Document filter =
        read_filter(text_argument(fcinfo, 4, "filter"), "invalid filter", ERRCODE_INVALID_PARAMETER_VALUE);
    constexpr uint32 kEmptyDocument = 5;
    if (filter.size > kEmptyDocument)
        request.filter = filter;
    ProfileSettings settings{integer_argument(fcinfo, 5, "max_depth", 1, 100),
                             integer_argument(fcinfo, 6, "max_paths", 1, kMost), import_rules(NIL, NIL).map_threshold,
                             true, 0};

    InitMaterializedSRF(fcinfo, 0);
    SampleMethod method;
    Profile *profile = profile_sample(request, settings, &method);
    if (profile->root->present == 0)
        ereport(NOTICE, (errmsg("collection \"%s\" holds no document%s", request.source.name_space,
                                request.filter.data ? " that passes the filter" : "")));
    Writer writer{reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo), make_suggestions(profile, collection),
                  method_name(method), method == SampleMethod::All,
                  AllocSetContextCreate(CurrentMemoryContext, "mongo.profile row", ALLOCSET_SMALL_SIZES)};
    write_node(writer, profile->root);
    PG_RETURN_VOID();
}
