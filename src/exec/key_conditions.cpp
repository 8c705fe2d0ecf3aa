// Conditions on keys as conditions on _id. Zone B.
#include "exec/key_conditions.hpp"

#include "convert/key_range.hpp"
#include "exec/operands.hpp"

namespace mongo_fdw {
namespace {

using mql::NodeKind;
using mql::Op;
using mql::Operand;
using mql::OperandKind;

KeyBytes bytes_of(const Operand &operand) { return {reinterpret_cast<const uint8_t *>(operand.text), operand.length}; }

Operand filter_operand(const uint8_t *bson, uint64_t size) {
    Operand operand{};
    operand.kind = OperandKind::Filter;
    operand.text = reinterpret_cast<const char *>(bson);
    operand.length = static_cast<uint32_t>(size);
    return operand;
}

Operand range_operand(const KeyRange &range) {
    uint64_t size = range_filter_size(range);
    if (size == 0)
        return unsayable_operand();
    uint8_t *bson = static_cast<uint8_t *>(palloc(size));
    write_range_filter(range, bson);
    return filter_operand(bson, size);
}

Operand list_operand(const KeyBytes *keys, uint32_t count) {
    uint64_t size = list_filter_size(keys, count);
    uint8_t *bson = static_cast<uint8_t *>(palloc(size));
    write_list_filter(keys, count, bson);
    return filter_operand(bson, size);
}

// {name: [filter, filter]}
Operand both(const char *name, const Operand &first, const Operand &second) {
    if (first.kind != OperandKind::Filter || second.kind != OperandKind::Filter)
        return unsayable_operand();
    uint64_t room = first.length + second.length + strlen(name) + 32;
    uint8_t *bson = static_cast<uint8_t *>(palloc(room));
    ByteSink sink{bson};
    uint64_t start = open_document(&sink);
    const Operand *parts[] = {&first, &second};
    sink.le(static_cast<uint8_t>(BsonType::Array));
    sink.bytes(name, strlen(name) + 1);
    uint64_t list = open_document(&sink);
    for (int i = 0; i < 2; i++) {
        char index[] = {static_cast<char>(BsonType::Document), static_cast<char>('0' + i), '\0'};
        sink.bytes(index, sizeof index);
        sink.bytes(parts[i]->text, parts[i]->length);
    }
    close_document(&sink, list);
    close_document(&sink, start);
    return filter_operand(bson, sink.size);
}

// {$nor: [filter]}, twice, which is the same.
Operand none_of(const Operand &filter) { return both("$nor", filter, filter); }

Operand condition(Op op, const Operand &bound) {
    KeyBytes key = bytes_of(bound);
    switch (op) {
    case Op::Eq:
        return list_operand(&key, 1);
    case Op::Ge:
        return range_operand({key.bytes, key.size, nullptr, 0});
    case Op::Lt:
        return range_operand({nullptr, 0, key.bytes, key.size});
    case Op::Gt:
        return both("$and", range_operand({key.bytes, key.size, nullptr, 0}), none_of(list_operand(&key, 1)));
    case Op::Le:
        return both("$or", range_operand({nullptr, 0, key.bytes, key.size}), list_operand(&key, 1));
    default:
        return unsayable_operand();
    }
}

Operand any_of(const Operand &list) {
    KeyBytes *keys = static_cast<KeyBytes *>(palloc(sizeof(KeyBytes) * Max(list.count, 1)));
    uint32_t count = 0;
    for (uint32_t i = 0; i < list.count; i++)
        if (list.items[i].kind == OperandKind::Binary)
            keys[count++] = bytes_of(list.items[i]);
    return list_operand(keys, count);
}

bool is_bound(const mql::Node &node, const mql::Column *columns, const Operand *operands, Op op) {
    return node.kind == NodeKind::Compare && node.op == op && columns[node.column].family == mql::Family::Key &&
           operands[node.parameter].kind == OperandKind::Binary;
}

// The first bound of that side among conditions that all must hold; null for none.
const mql::Node *bound_of(const Operand *operands, const mql::Tree &filter, const mql::Column *columns,
                          const uint32_t *roots, uint32_t root_count, Op op) {
    for (uint32_t i = 0; i < root_count; i++)
        if (is_bound(filter.nodes[roots[i]], columns, operands, op))
            return &filter.nodes[roots[i]];
    return nullptr;
}

// One range within a bracket of types is one condition, where two bounds would be an $or of all brackets each.
void join_bounds(Operand *operands, const mql::Tree &filter, const mql::Column *columns, const uint32_t *roots,
                 uint32_t root_count) {
    const mql::Node *lower = bound_of(operands, filter, columns, roots, root_count, Op::Ge);
    const mql::Node *upper = bound_of(operands, filter, columns, roots, root_count, Op::Lt);
    if (!lower || !upper || lower->column != upper->column)
        return;
    KeyBytes from = bytes_of(operands[lower->parameter]), to = bytes_of(operands[upper->parameter]);
    Operand range = range_operand({from.bytes, from.size, to.bytes, to.size});
    if (range.kind != OperandKind::Filter)
        return;
    static constexpr uint8_t kAll[] = {5, 0, 0, 0, 0};
    operands[lower->parameter] = range;
    operands[upper->parameter] = filter_operand(kAll, sizeof kAll);
}

} // namespace

void set_key_conditions(Operand *operands, const mql::Tree &filter, const mql::Column *columns, const uint32_t *roots,
                        uint32_t root_count) {
    auto on_key = [&](const mql::Node &node) {
        return (node.kind == NodeKind::Compare || node.kind == NodeKind::In) &&
               columns[node.column].family == mql::Family::Key;
    };
    // A parameter has one operator, but where its comparison is asked for and negated as well.
    for (uint32_t i = 0; i < filter.count; i++)
        for (uint32_t k = 0; on_key(filter.nodes[i]) && k < i; k++)
            if (on_key(filter.nodes[k]) && filter.nodes[k].parameter == filter.nodes[i].parameter &&
                filter.nodes[k].op != filter.nodes[i].op)
                operands[filter.nodes[i].parameter] = unsayable_operand();
    join_bounds(operands, filter, columns, roots, root_count);
    for (uint32_t i = 0; i < filter.count; i++) {
        const mql::Node &node = filter.nodes[i];
        if (!on_key(node))
            continue;
        Operand *operand = &operands[node.parameter];
        if (operand->kind == OperandKind::Binary)
            *operand = condition(node.op, *operand);
        else if (operand->kind == OperandKind::List)
            *operand = any_of(*operand);
    }
}

} // namespace mongo_fdw
