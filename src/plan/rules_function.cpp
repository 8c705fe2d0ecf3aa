// mongo.pushdown_rules: the tables of rules, as rows. Zone B.
#include "plan/aggregates.hpp"
#include "plan/forms.hpp"
#include "plan/functions.hpp"
#include "plan/rules.hpp"

#include "convert/objectid.hpp"

extern "C" {
#include "catalog/pg_cast.h"
#include "parser/parse_coerce.h"

PG_FUNCTION_INFO_V1(mongo_list_pushdown_rules);
}

namespace mongo_fdw {
namespace {

const char *note_of(const Rule &rule) {
    if (rule.kind == mql::NodeKind::Like && (rule.op == mql::Op::Gt || rule.op == mql::Op::Lt))
        return "only literals, '.', '^' and '$'; without regard to case no letters i, k, s and none beyond ASCII";
    if (rule.kind == mql::NodeKind::Like && rule.op == mql::Op::Le)
        return "patterns without the letters i, k, s and those beyond ASCII";
    if (rule.kind == mql::NodeKind::Like)
        return "a regular expression; its literal beginning uses an index";
    if (rule.day)
        return "columns of times; the other side is an instant in the session's time zone";
    switch (rule.family) {
    case mql::Family::Interval:
        return "what lies between two times";
    case mql::Family::Text:
        return rule.op == mql::Op::Eq || rule.op == mql::Op::Ne ? "deterministic collations" : "byte-order collations";
    case mql::Family::Uuid:
        return "subtype 4; = is exact";
    case mql::Family::Binary:
        return "columns with bson_type 'binary:N'";
    case mql::Family::Key:
        return "columns of role key, as ranges of _id";
    case mql::Family::Float:
    case mql::Family::Numeric:
        return "sent as a range for the index, exact where LIMIT, groups or sorts need it";
    default:
        return "";
    }
}

const char *least_version(mql::Feature feature) { return mql::feature_row(feature).since; }

const char *note_of(const FunctionRule &rule) {
    if (rule.zoned)
        return "time zones of a fixed offset";
    switch (rule.demand) {
    case Demand::CType:
        return "collation \"C\"";
    case Demand::Zone:
        return "constant time zones of a fixed offset from UTC";
    case Demand::Unit:
        return "years 1 to 9999, epoch from 1827 to 2112";
    default:
        return rule.raises ? "rows for which it would raise are kept and checked here" : "";
    }
}

// Symbols, which no function of text takes, and decimals near zero leave functions of text and floats unsure.
bool has_unsure_argument(Oid function) {
    Oid *types;
    int count;
    get_func_signature(function, &types, &count);
    for (int i = 0; i < count; i++)
        if (types[i] == TEXTOID || types[i] == FLOAT8OID || types[i] == NUMERICOID)
            return true;
    return false;
}

// "name(types)" parted into both.
void split(Oid function, char **name, char **arguments) {
    char *whole = format_procedure(function);
    char *bracket = strchr(whole, '(');
    *arguments = pstrdup(bracket ? bracket + 1 : "");
    if (bracket)
        *bracket = '\0';
    size_t length = strlen(*arguments);
    if (length && (*arguments)[length - 1] == ')')
        (*arguments)[length - 1] = '\0';
    *name = whole;
}

struct Sink {
    Tuplestorestate *store;
    TupleDesc descriptor;

    // uses -1: not counted.
    void put(const char *name, const char *kind, const char *arguments, const char *verdict, const char *since,
             const char *note, int64 uses = -1) {
        const char *texts[] = {name, kind, arguments, verdict, since, note};
        constexpr size_t kTexts = lengthof(texts);
        Datum values[kTexts + 1];
        bool nulls[kTexts + 1] = {};
        for (size_t i = 0; i < kTexts; i++)
            values[i] = CStringGetTextDatum(texts[i]);
        values[kTexts] = Int64GetDatum(uses);
        nulls[kTexts] = uses < 0;
        tuplestore_putvalues(store, descriptor, values, nulls);
    }
    void put(Oid function, const char *kind, const char *verdict, const char *since, const char *note) {
        char *name, *arguments;
        split(function, &name, &arguments);
        put(name, kind, arguments, verdict, since, note, uses_of(function));
    }
};

void put_rule(Sink *sink, const Rule &rule) {
    bool interval = rule.family == mql::Family::Interval;
    bool superset =
        rule.kind == mql::NodeKind::Like || interval || (rule.family == mql::Family::Uuid && rule.op != mql::Op::Eq);
    sink->put(rule.function, "comparison", superset ? "superset" : "exact",
              least_version(interval ? mql::Feature::Expressions : mql::Feature::None), note_of(rule));
}

void put_rule(Sink *sink, Oid function, const FunctionRule &rule) {
    const char *least = least_version(mql::Feature::Expressions), *own = least_version(mql::feature_of(rule.meaning));
    sink->put(function, "function", rule.raises || has_unsure_argument(function) ? "superset" : "exact",
              strcmp(own, least) > 0 ? own : least, note_of(rule));
}

// The operators and the cast of mongo.objectid, whose OIDs an installation decides.
void put_objectid_rules(Sink *sink) {
    Oid type = objectid_type();
    if (!OidIsValid(type))
        return;
    const TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY | TYPECACHE_EQ_OPR);
    auto put = [&](Oid comparison) {
        std::optional<Rule> rule = OidIsValid(comparison) ? find_rule(get_opcode(comparison)) : std::nullopt;
        if (rule)
            put_rule(sink, *rule);
    };
    for (int16 strategy = BTLessStrategyNumber; strategy <= BTMaxStrategyNumber; strategy++)
        put(get_opfamily_member(entry->btree_opf, type, type, strategy));
    put(get_negator(entry->eq_opr));
    Oid cast;
    if (find_coercion_pathway(TEXTOID, type, COERCION_EXPLICIT, &cast) == COERCION_PATH_FUNC)
        if (const FunctionRule *rule = find_function_rule(cast))
            put_rule(sink, cast, *rule);
}

} // namespace
} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" Datum mongo_list_pushdown_rules(PG_FUNCTION_ARGS) {
    InitMaterializedSRF(fcinfo, 0);
    ReturnSetInfo *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    Sink sink{result->setResult, result->setDesc};
    int count;
    const Rule *rules = rule_table(&count);
    for (int i = 0; i < count; i++)
        put_rule(&sink, rules[i]);
    put_objectid_rules(&sink);
    const FunctionRule *functions = function_rules(&count);
    for (int i = 0; i < count; i++)
        put_rule(&sink, functions[i].function, functions[i]);
    const FormRow *forms = form_rules(&count);
    for (int i = 0; i < count; i++)
        sink.put(forms[i].name, "form", "", forms[i].verdict, least_version(forms[i].needs), forms[i].note,
                 uses_of_form(i));
    for_each_aggregate(
        [](void *argument, Oid function, bool of_floats) {
            static_cast<Sink *>(argument)->put(
                function, "aggregate", "proved", least_version(mql::Feature::Expressions),
                of_floats ? "last digits may differ; mongo_fdw_cpp.enable_float_aggregates" : "");
        },
        &sink);
    PG_RETURN_VOID();
}
