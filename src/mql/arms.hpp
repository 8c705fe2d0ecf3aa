// Conditions on one column in MongoDB's query language. Zone P.
#pragma once

#include "mql/render_internal.hpp"

#include <cstring>
#include <initializer_list>
#include <limits>

namespace mongo_fdw::mql {

constexpr int kTypeDouble = 1, kTypeString = 2, kTypeArray = 4, kTypeBinary = 5, kTypeUndefined = 6, kTypeObjectId = 7,
              kTypeBool = 8, kTypeDate = 9, kTypeSymbol = 14, kTypeDecimal = 19;
constexpr uint32_t kMaxBytes = kMostCommandBytes;

// A list of conditions on one column, joined by OR; each is a document of operators.
class Arms {
  public:
    Arms(const Column &column, bson_t *out) : column_(column), out_(out) {}

    // Starts an arm; operators are appended to the result, then end() is called.
    bson_t *begin() {
        bson_init(&arm_);
        return &arm_;
    }
    void end() {
        bson_t document = BSON_INITIALIZER;
        if (!column_.element)
            append_not_array(&arm_);
        bson_append_document(&document, column_.path, -1, &arm_);
        if (!column_.element)
            append_prefix_guards(&document);
        char key[16];
        const char *index;
        bson_uint32_to_string(count_++, &index, key, sizeof key);
        if (count_ == 1)
            bson_copy_to(&document, &first_);
        bson_append_document(&list_, index, -1, &document);
        bson_destroy(&document);
        bson_destroy(&arm_);
    }
    void types(std::initializer_list<int> types) {
        bson_t *arm = begin();
        append_types(arm, types);
        end();
    }
    static void append_types(bson_t *arm, std::initializer_list<int> types) {
        bson_t list = BSON_INITIALIZER;
        uint32_t i = 0;
        for (int type : types) {
            char key[16];
            const char *index;
            bson_uint32_to_string(i++, &index, key, sizeof key);
            bson_append_int32(&list, index, -1, type);
        }
        bson_append_array(arm, "$type", -1, &list);
        bson_destroy(&list);
    }
    // Beside the types of numbers as well: by an index DocumentDB finds no NaN by its type.
    void not_a_number() {
        bson_append_double(begin(), "$eq", -1, std::numeric_limits<double>::quiet_NaN());
        end();
    }
    static void append_number_type(bson_t *arm) { bson_append_utf8(arm, "$type", -1, "number", -1); }

    Truth finish() {
        if (count_ == 1)
            bson_concat(out_, &first_);
        else if (count_ > 1)
            bson_append_array(out_, "$or", -1, &list_);
        return count_ ? Truth::Depends : Truth::Never;
    }
    ~Arms() {
        bson_destroy(&list_);
        if (count_)
            bson_destroy(&first_);
    }
    Arms(const Arms &) = delete;
    Arms &operator=(const Arms &) = delete;

  private:
    static void append_not_array(bson_t *arm) {
        bson_t inner;
        bson_append_document_begin(arm, "$not", -1, &inner);
        bson_append_int32(&inner, "$type", -1, kTypeArray);
        bson_append_document_end(arm, &inner);
    }
    // An array at a proper prefix of the path would let MongoDB look into its elements.
    void append_prefix_guards(bson_t *document) {
        const char *dot = std::strchr(column_.path, '.');
        while (dot) {
            bson_t guard;
            bson_append_document_begin(document, column_.path, static_cast<int>(dot - column_.path), &guard);
            append_not_array(&guard);
            bson_append_document_end(document, &guard);
            dot = std::strchr(dot + 1, '.');
        }
    }

    const Column &column_;
    bson_t *out_;
    bson_t arm_ = BSON_INITIALIZER;
    bson_t first_;
    bson_t list_ = BSON_INITIALIZER;
    uint32_t count_ = 0;
};

// "column op operand" as arms; the operand is neither null nor unknown.
void compare_arm(const Column &column, Op op, const Operand &operand, Arms *arms);

// The same for the second in which an ObjectId was made.
void time_arm(Op op, const Operand &operand, Arms *arms);

// The values of a list, for families whose equality is one value (for text two, where it may be an ObjectId's); false
// for the others.
bool append_values(const Column &column, const Operand &list, bson_t *values);

// One $in for the families whose equality is one value; false for the others, which get an arm for each.
bool plain_list(const Column &column, const Operand &list, Arms *arms);

// One $nin for "column <> ALL (list)", whose items are not null: of whatever length, the guards stand once. False for
// families whose equality is no one value, which get an arm for each.
bool plain_not_list(const Column &column, const Operand &list, Arms *arms);

// A boolean column that is true or false.
void truth_arm(const Column &column, bool value, Arms *arms);

// Whether a text is an ObjectId's.
bool is_hex_object_id(const Operand &operand, bson_oid_t *oid);

// node.kind Inside: what a column of JSON holds at a path, or whether it holds a key.
Truth render_inside(const Node &node, const Column &column, const Operand &operand, bson_t *out);

// Where EXPLAIN has no value: the operator over the parameter's name.
Truth unknown(const Column &column, const char *operator_name, const Operand &operand, bson_t *out);

} // namespace mongo_fdw::mql
