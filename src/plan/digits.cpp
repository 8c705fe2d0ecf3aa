// Digits of numerics. Zone B.
#include "plan/digits.hpp"

#include "mql/fit.hpp"
#include "plan/functions.hpp"

namespace mongo_fdw {

mql::Digits digits_of_constant(const Expr *expression) {
    const Const *constant = reinterpret_cast<const Const *>(expression);
    if (!IsA(expression, Const) || constant->consttype != NUMERICOID || constant->constisnull)
        return {};
    const char *text = DatumGetCString(DirectFunctionCall1(numeric_out, constant->constvalue));
    text += *text == '-';
    size_t whole = strspn(text, "0123456789"), scale = text[whole] == '.' ? strlen(text + whole + 1) : 0;
    if (whole == 0 || whole + scale > mql::kDecimalDigits) // NaN, infinities
        return {};
    return {true, static_cast<uint8_t>(whole), static_cast<uint8_t>(scale)};
}

mql::Digits digits_of_any(const Lowering *lowering, const mql::Node &node) {
    const mql::Node *nodes = lowering->sql.nodes;
    mql::Digits result = nodes[node.first_child].digits;
    for (uint32_t at = node.first_child; at != mql::kNone; at = nodes[at].next) {
        result.known = result.known && nodes[at].digits.known && nodes[at].digits.scale == result.scale;
        result.whole = Max(result.whole, nodes[at].digits.whole);
    }
    return result.known ? result : mql::Digits{};
}

mql::Digits digits_of_function(const Lowering *lowering, const mql::Node &node) {
    const mql::Node *nodes = lowering->sql.nodes;
    const mql::Node &first = nodes[node.first_child];
    const mql::Node *second = first.next == mql::kNone ? nullptr : &nodes[first.next];
    int whole = first.digits.whole, scale = first.digits.scale;
    bool known = first.digits.known;
    switch (node.function) {
    case mql::Function::ToNumeric:
        whole = first.width == 2 ? 5 : first.width == 4 ? 10 : 19;
        scale = 0;
        known = true;
        break;
    case mql::Function::Extract:
    case mql::Function::ExtractSpan:
        whole = 14; // of microseconds in a minute, and of years in seconds
        scale = scale_of_part(node.unit, first.family == mql::Family::Date);
        known = true;
        break;
    case mql::Function::Add:
    case mql::Function::Subtract:
        known = known && second->digits.known;
        whole = Max(whole, second->digits.whole) + 1;
        scale = Max(scale, second->digits.scale);
        break;
    case mql::Function::Multiply:
        known = known && second->digits.known;
        whole += second->digits.whole;
        scale += second->digits.scale;
        break;
    case mql::Function::Negate:
    case mql::Function::Abs:
        break;
    case mql::Function::Sign:
        whole = 1;
        scale = 0;
        break;
    case mql::Function::RoundInto: {
        const Const *modifier = static_cast<const Const *>(list_nth(lowering->parameters, second->parameter));
        if (!IsA(modifier, Const) || modifier->constisnull || second->kind != mql::NodeKind::ParameterValue)
            return {};
        // The bits of numeric's type modifier; a negative scale is left.
        int bits = DatumGetInt32(modifier->constvalue) - VARHDRSZ, precision = (bits >> 16) & 0xffff,
            places = ((bits & 0x7ff) ^ 1024) - 1024;
        if (bits < 0 || places < 0 || places > precision || first.digits.whole + 1 + places > mql::kDecimalDigits)
            return {};
        whole = precision - places;
        scale = places;
        break;
    }
    case mql::Function::Ceil:
    case mql::Function::Floor:
    case mql::Function::Round:
    case mql::Function::Truncate: {
        int wanted = 0; // digits that round and trunc keep
        if (second && second->kind == mql::NodeKind::ParameterValue) {
            const Const *places = static_cast<const Const *>(list_nth(lowering->parameters, second->parameter));
            wanted = IsA(places, Const) && !places->constisnull ? DatumGetInt32(places->constvalue) : -1;
        } else if (second) {
            wanted = -1;
        }
        known = known && wanted >= 0 && wanted <= mql::kExactDigits;
        whole++;
        scale = Max(wanted, 0);
        break;
    }
    default:
        known = false;
    }
    if (!known || whole + Max(scale, first.digits.scale) > mql::kDecimalDigits)
        return {};
    return {true, static_cast<uint8_t>(whole), static_cast<uint8_t>(scale)};
}

} // namespace mongo_fdw
