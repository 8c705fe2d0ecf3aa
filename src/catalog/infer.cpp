// Type inference. Zone B.
#include "catalog/infer.hpp"

#include "convert/objectid.hpp"

namespace mongo_fdw {
namespace {

constexpr double kNearlyAll = 0.95; // share of strings that make a semantic guess

constexpr uint64_t kIntegers = type_bit(BsonType::Int32) | type_bit(BsonType::Int64);
constexpr uint64_t kNumbers = kIntegers | type_bit(BsonType::Double) | type_bit(BsonType::Decimal128);
constexpr uint64_t kTexts = type_bit(BsonType::String) | type_bit(BsonType::Symbol) | type_bit(BsonType::ObjectId);
constexpr uint64_t kNulls = type_bit(BsonType::Null) | type_bit(BsonType::Undefined);

bool only(uint64_t types, uint64_t allowed) { return types != 0 && (types & ~allowed) == 0; }

const ScalarFacts kNoScalars{};

const ScalarFacts &scalars_of(const ProfileNode *node) { return node->scalars ? *node->scalars : kNoScalars; }

TypeChoice column(const char *type, const char *why) { return {Shape::Column, type, why}; }

TypeChoice as_json(const ProfileNode *node, const char *why) {
    TextTrouble trouble = text_trouble(node);
    if (trouble.unreadable)
        return {Shape::Nothing, nullptr, "it holds text that the database encoding cannot say"};
    if (trouble.nul)
        return column("json", psprintf("%s; json because jsonb holds no NUL character", why));
    return column("jsonb", why);
}

// Integers where all values are integral, unless they are all doubles: a double says that fractions are to come.
TypeChoice choose_number(const ProfileNode *node, uint64_t types) {
    const ScalarFacts &facts = scalars_of(node);
    if (types & type_bit(BsonType::Decimal128))
        return column("numeric", "Decimal128 keeps its digits in numeric alone");
    // A double that only the validator allows may be any.
    bool announced = (node->declared & ~seen_types(node) & type_bit(BsonType::Double)) != 0;
    bool integral = !facts.fraction && !facts.special && !facts.beyond_int64 && !announced;
    if ((types & kIntegers) && integral) {
        bool small = !facts.has_integral || (facts.int_min >= PG_INT32_MIN && facts.int_max <= PG_INT32_MAX);
        const char *mixed = types & type_bit(BsonType::Double) ? "integers, and doubles that are integral" : "integers";
        return column(small && !(types & type_bit(BsonType::Int64)) ? "integer" : "bigint", mixed);
    }
    if (facts.inexact)
        return column("numeric", "fractions, and integers beyond what a double holds");
    return column("double precision", types & kIntegers ? "integers and fractions" : "doubles");
}

const char *objectid_type_name() { return psprintf("%s.objectid", extension_schema()); }

TypeChoice choose_scalar(const ProfileNode *node, uint64_t types, const ImportRules &rules) {
    const ScalarFacts &facts = scalars_of(node);
    if (only(types, kNumbers))
        return choose_number(node, types);
    if (only(types, type_bit(BsonType::ObjectId)))
        return rules.id_as_text ? column("text", "ObjectIds, wanted as text")
                                : column(objectid_type_name(), "ObjectIds");
    if (only(types, kTexts)) {
        if (facts.has_nul || facts.unreadable)
            return as_json(node, "text");
        return column("text", types & type_bit(BsonType::ObjectId) ? "strings and ObjectIds" : "strings");
    }
    if (only(types, type_bit(BsonType::Bool)))
        return column("boolean", "bools");
    if (only(types, type_bit(BsonType::Date)))
        return facts.beyond_timestamp ? as_json(node, "dates out of PostgreSQL's range")
                                      : column("timestamp with time zone", "dates");
    if (only(types, type_bit(BsonType::Binary))) {
        uint64_t binaries = node->types[type_index(BsonType::Binary)];
        return facts.uuids == binaries && binaries > 0 ? column("uuid", "binaries of subtype 4")
                                                       : column("bytea", "binaries");
    }
    return as_json(node, types & (types - 1) ? "values of types that have no common one" : "no other type holds it");
}

TypeChoice choose_array(const ProfileNode *node, const ImportRules &rules) {
    const ProfileNode *element = node->element;
    if (rules.arrays == ArrayMode::Jsonb)
        return as_json(node, "an array, wanted as jsonb");
    uint64_t others = 0, types = element ? main_types(element, rules, &others) : 0;
    if (types == 0)
        return as_json(node, "arrays without a value");
    bool wanted = node->wanted == ProfileNode::Wanted::Table;
    if (types == type_bit(BsonType::Document)) {
        if (element->is_map)
            return as_json(node, "an array of maps");
        if (!element->first)
            return as_json(node, "an array of empty documents");
        if (node->depth >= rules.max_depth && !wanted)
            return as_json(node, "deeper than max_depth");
        return {Shape::ChildTable, nullptr, "an array of documents"};
    }
    if (types & (type_bit(BsonType::Document) | type_bit(BsonType::Array)))
        return as_json(node, types & type_bit(BsonType::Document) ? "an array that mixes documents with other values"
                                                                  : "nested arrays");
    TypeChoice choice = choose_scalar(element, types, rules);
    if (choice.shape != Shape::Column || strncmp(choice.type, "json", 4) == 0)
        return as_json(node, "an array of values that have no common type");
    if (rules.arrays == ArrayMode::Table || wanted)
        return {Shape::ChildTable, nullptr, "an array of scalars, wanted as a table"};
    return column(psprintf("%s[]", choice.type), psprintf("an array of %s", choice.why));
}

TypeChoice choose_document(const ProfileNode *node, const ImportRules &rules) {
    if (node->wanted == ProfileNode::Wanted::Flatten && node->first && !node->is_map)
        return {Shape::Flatten, nullptr, "a sub-document"};
    if (node->is_map && node->wanted == ProfileNode::Wanted::Table && node->entry)
        return {Shape::ChildTable, nullptr, "a map, wanted as a table"};
    if (node->is_map)
        return as_json(node, "a map: its keys are data");
    // The plan makes a table of these columns.
    if (node->wanted == ProfileNode::Wanted::Table && node->first)
        return {Shape::Flatten, nullptr, "a sub-document"};
    if (!rules.flatten)
        return as_json(node, "a sub-document, wanted as jsonb");
    if (!node->first)
        return as_json(node, "empty documents");
    if (node->depth >= rules.max_depth)
        return as_json(node, "deeper than max_depth");
    return {Shape::Flatten, nullptr, "a sub-document"};
}

} // namespace

namespace {

bool lies_in_id(const ProfileNode *node) {
    for (; node->parent; node = node->parent)
        if (!node->parent->parent && node->kind == ProfileNode::Kind::Field && strcmp(node->key, "_id") == 0)
            return true;
    return false;
}

} // namespace

uint64_t evident_types(const ProfileNode *node) { return (seen_types(node) | node->declared) & ~kNulls; }

uint64_t main_types(const ProfileNode *node, const ImportRules &rules, uint64_t *misfits) {
    // Types that one column, or one child table, takes together.
    constexpr uint64_t kShapes[] = {kNumbers,
                                    kTexts,
                                    type_bit(BsonType::Bool),
                                    type_bit(BsonType::Date),
                                    type_bit(BsonType::Binary),
                                    type_bit(BsonType::Document),
                                    type_bit(BsonType::Array)};
    uint64_t types = evident_types(node), total = 0, most = 0, main = 0;
    *misfits = 0;
    if (rules.tolerance <= 0 || lies_in_id(node))
        return types;
    for (int i = 0; i < kBsonTypes; i++)
        if (types & (UINT64_C(1) << i))
            total += node->types[i];
    for (uint64_t shape : kShapes) {
        uint64_t count = 0;
        for (int i = 0; i < kBsonTypes; i++)
            if (shape & types & (UINT64_C(1) << i))
                count += node->types[i];
        if (count > most) {
            most = count;
            main = shape;
        }
    }
    bool declared = (node->declared & ~kNulls & ~main) != 0;
    if (declared || most == total || static_cast<double>(total - most) > rules.tolerance * static_cast<double>(total))
        return types;
    *misfits = total - most;
    return types & main;
}

TextTrouble text_trouble(const ProfileNode *node) {
    check_stack_depth();
    TextTrouble trouble{node->hidden_nul || (node->scalars && node->scalars->has_nul),
                        node->hidden_unreadable || node->unreadable_key ||
                            (node->scalars && node->scalars->unreadable)};
    auto add = [&trouble](const ProfileNode *below) {
        if (!below)
            return;
        TextTrouble more = text_trouble(below);
        trouble.nul |= more.nul;
        trouble.unreadable |= more.unreadable;
    };
    for (const ProfileNode *child = node->first; child; child = child->next)
        add(child);
    add(node->element);
    add(node->entry);
    return trouble;
}

namespace {

TypeChoice choose_shape(const ProfileNode *node, uint64_t types, const ImportRules &rules) {
    if (types == type_bit(BsonType::Document))
        return choose_document(node, rules);
    if (types == type_bit(BsonType::Array))
        return choose_array(node, rules);
    return choose_scalar(node, types, rules);
}

} // namespace

TypeChoice choose_type(const ProfileNode *node, const ImportRules &rules) {
    uint64_t misfits, types = main_types(node, rules, &misfits);
    if (node->unreadable_key)
        return {Shape::Nothing, nullptr, "the database encoding cannot say its key"};
    if (types == 0 && node->present == 0 && node->kind == ProfileNode::Kind::Field && node->depth == 1 &&
        strcmp(node->key, "_id") == 0)
        return column(rules.id_as_text ? "text" : objectid_type_name(), "what MongoDB makes by itself");
    if (types == 0)
        return as_json(node, node->present ? "nothing but null was seen" : "no value was seen");
    if (node->json_why)
        return as_json(node, node->json_why);
    TypeChoice choice = choose_shape(node, types, rules);
    bool takes_all = choice.shape == Shape::Column && strncmp(choice.type, "json", 4) == 0;
    choice.misfits = takes_all ? 0 : misfits;
    return choice;
}

List *fitting_types(const ProfileNode *node) {
    List *list = NIL;
    uint64_t types = seen_types(node) & ~kNulls;
    if (types == 0)
        return NIL;
    const ScalarFacts &facts = scalars_of(node);
    auto add = [&list](const char *type) { list = lappend(list, const_cast<char *>(type)); };
    if (only(types, kNumbers)) {
        bool integral = !facts.fraction && !facts.special && !facts.beyond_int64;
        if (integral && facts.int_min >= PG_INT32_MIN && facts.int_max <= PG_INT32_MAX)
            add("integer");
        if (integral)
            add("bigint");
        if (!facts.inexact)
            add("double precision");
        if (!facts.special || !facts.infinite) {
            int precision = Max(facts.int_digits, 0) + facts.scale;
            if (precision >= 1 && precision <= NUMERIC_MAX_PRECISION)
                add(psprintf("numeric(%d,%d)", precision, facts.scale));
        }
        add("numeric");
    }
    if (only(types, type_bit(BsonType::Bool)))
        add("boolean");
    if (only(types, type_bit(BsonType::ObjectId)))
        add(objectid_type_name());
    if (only(types, type_bit(BsonType::Date)) && !facts.beyond_timestamp) {
        if (!facts.has_time)
            add("date");
        add("timestamp with time zone");
    }
    if (only(types, type_bit(BsonType::Binary))) {
        if (facts.uuids == node->types[type_index(BsonType::Binary)])
            add("uuid");
        add("bytea");
    }
    constexpr uint64_t kContainers = type_bit(BsonType::Document) | type_bit(BsonType::Array);
    if (only(types, type_bit(BsonType::Array)) && node->element && !(seen_types(node->element) & kContainers)) {
        ListCell *cell;
        foreach (cell, fitting_types(node->element))
            if (strncmp(static_cast<char *>(lfirst(cell)), "json", 4) != 0)
                add(psprintf("%s[]", static_cast<char *>(lfirst(cell))));
    }
    TextTrouble trouble = text_trouble(node);
    if (only(types, kTexts) && !trouble.nul && !trouble.unreadable)
        add("text");
    if (!trouble.nul && !trouble.unreadable)
        add("jsonb");
    if (!trouble.unreadable)
        add("json");
    return list;
}

const char *semantic_guess(const ProfileNode *node) {
    static const char *const kNames[] = {nullptr,          "email",          "url",          "date in text",
                                         "number in text", "digits in text", "uuid in text", "objectid in text"};
    static_assert(lengthof(kNames) == static_cast<int>(TextClass::Count), "a name for each class");
    uint64_t strings = node->types[type_index(BsonType::String)] + node->types[type_index(BsonType::Symbol)];
    if (!node->scalars || strings == 0)
        return nullptr;
    for (int i = 1; i < static_cast<int>(TextClass::Count); i++)
        if (static_cast<double>(node->scalars->text_classes[i]) >= kNearlyAll * static_cast<double>(strings))
            return kNames[i];
    return nullptr;
}

} // namespace mongo_fdw
