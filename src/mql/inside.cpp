// What a column of JSON holds at a path: all documents in which a value there could give the text that is asked for, by
// the types that json_format 'simple' writes so. Arrays on the path are looked into: more is kept. Zone P.
#include "mql/arms.hpp"

#include <string>

namespace mongo_fdw::mql {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// As JSON writes numbers.
bool is_number(const std::string &text) {
    size_t at = text[0] == '-';
    size_t digits = at;
    while (is_digit(text[at]))
        at++;
    if (at == digits)
        return false;
    if (text[at] == '.') {
        digits = ++at;
        while (is_digit(text[at]))
            at++;
        if (at == digits)
            return false;
    }
    if (text[at] == 'e' || text[at] == 'E') {
        at++;
        at += text[at] == '+' || text[at] == '-';
        digits = at;
        while (is_digit(text[at]))
            at++;
        if (at == digits)
            return false;
    }
    return at == text.size();
}

// ISO 8601 of any year: digits, then a month.
bool may_be_date(const std::string &text) {
    size_t at = text[0] == '-' || text[0] == '+';
    size_t digits = at;
    while (is_digit(text[at]))
        at++;
    return at - digits >= 4 && text[at] == '-' && is_digit(text[at + 1]);
}

bool may_be_uuid(const std::string &text) { return text.size() == 36 && text[8] == '-' && text[13] == '-'; }

void add_exists(Arms *arms) {
    bson_append_bool(arms->begin(), "$exists", -1, true);
    arms->end();
}

bool is_plain(const Operand &key) {
    return key.length > 0 && key.text[0] != '$' && !std::memchr(key.text, '.', key.length);
}

// The values whose text is this one.
void add_text(const Column &column, const Operand &operand, Arms *arms) {
    std::string text(operand.text, operand.length);
    bson_append_utf8(arms->begin(), "$eq", -1, text.c_str(), static_cast<int>(text.size()));
    arms->end();
    if (text == "true" || text == "false") {
        bson_append_bool(arms->begin(), "$eq", -1, text == "true");
        arms->end();
    }
    if (is_number(text)) {
        Column numbers = column;
        numbers.family = Family::Numeric;
        Operand number = operand;
        number.kind = OperandKind::Numeric;
        number.text = text.c_str();
        compare_arm(numbers, Op::Eq, number, arms);
    }
    bson_oid_t oid;
    if (is_hex_object_id(operand, &oid)) {
        bson_append_oid(arms->begin(), "$eq", -1, &oid);
        arms->end();
    }
    if (may_be_date(text))
        arms->types({kTypeDate});
    if (may_be_uuid(text))
        arms->types({kTypeBinary});
    if (text[0] == '{' || text[0] == '[') // documents, arrays, and what JSON has no type for
        add_exists(arms);
}

} // namespace

Truth render_inside(const Node &node, const Column &column, const Operand &operand, bson_t *out) {
    Column place = column;
    place.element = true; // no guards: arrays are looked into
    if (operand.kind == OperandKind::Unknown)
        return unknown(place, node.op == Op::Eq || node.op == Op::Lt ? "$eq" : "$exists", operand, out);
    if (operand.kind != OperandKind::List || operand.count == 0 || operand.items[0].kind != OperandKind::Text)
        return Truth::Never; // NULL
    uint32_t keys = static_cast<uint32_t>(std::strtoul(operand.items[0].text, nullptr, 10));
    std::string path = column.path;
    for (uint32_t i = 1; i <= keys; i++)
        path.append(".").append(operand.items[i].text, operand.items[i].length);
    const Operand *values = operand.items + keys + 1;
    uint32_t count = operand.count - keys - 1;
    std::vector<Value> parts;
    bool sayable = true;
    auto any_of = [&](const std::string &at, auto add) {
        bson_t part = BSON_INITIALIZER;
        place.path = at.c_str();
        {
            Arms arms(place, &part);
            add(&arms);
            arms.finish();
        }
        if (!bson_empty(&part))
            parts.push_back(Value::document({bson_get_data(&part), part.len}));
        bson_destroy(&part);
    };
    // Where an array stands on the column's own path it reads the array of the values found, were there none.
    bool found_list = node.op == Op::Gt, null = node.op == Op::Lt;
    for (uint32_t i = 0; i < count; i++)
        found_list = found_list || (values[i].kind == OperandKind::Text && values[i].text[0] == '[');
    // For a key of an array there is nothing, whatever its elements hold.
    for (size_t dot = path.find('.'); ((found_list && keys == 0) || null) && dot != std::string::npos;
         dot = path.find('.', dot + 1))
        any_of(path.substr(0, dot), [](Arms *arms) { arms->types({kTypeArray}); });
    if (node.op == Op::Gt)
        any_of(path, add_exists);
    if (null)
        any_of(path, [](Arms *arms) {
            bson_append_null(arms->begin(), "$eq", -1);
            arms->end();
        });
    for (uint32_t i = 0; i < count; i++) {
        const Operand &value = values[i];
        if (value.kind != OperandKind::Text)
            continue; // NULL
        any_of(path, [&](Arms *arms) { add_text(place, value, arms); });
        if (node.op == Op::Ge) {
            sayable = sayable && is_plain(value);
            any_of(path + "." + std::string(value.text, value.length), add_exists);
        }
    }
    if (!sayable)
        return Truth::Always;
    if (parts.empty())
        return Truth::Never;
    Value whole = parts.size() == 1 ? parts[0] : op("$or", list(parts));
    bson_t view;
    bson_init_static(&view, reinterpret_cast<const uint8_t *>(whole.bytes().data()), whole.bytes().size());
    bson_concat(out, &view);
    return Truth::Depends;
}

} // namespace mongo_fdw::mql
