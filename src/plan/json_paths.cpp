// Conditions on what a column of JSON holds at a path. Zone B.
//
// The server keeps all documents whose value could give the text; the condition is checked here as well. It goes only
// where the JSON is written in format "simple": the others wrap numbers, dates and ids in documents.
#include "options/path.hpp"
#include "plan/lower.hpp"
#include "plan/rules.hpp"

namespace mongo_fdw {
namespace {

using mql::kNone;
using mql::Op;

// Functions that go into a document, by one key or by an array of them.
struct StepRow {
    Oid function;
    bool text;  // the result is text
    bool array; // of keys
};
constexpr StepRow kSteps[] = {
    {F_JSONB_OBJECT_FIELD_TEXT, true, false}, {F_JSONB_EXTRACT_PATH, false, true},
    {F_JSONB_OBJECT_FIELD, false, false},     {F_JSONB_EXTRACT_PATH_TEXT, true, true},
    {F_JSON_OBJECT_FIELD, false, false},      {F_JSON_OBJECT_FIELD_TEXT, true, false},
    {F_JSON_EXTRACT_PATH, false, true},       {F_JSON_EXTRACT_PATH_TEXT, true, true},
};

struct Place {
    Var *column;
    List *keys; // of char *
    bool text;
};

bool add_key(Place *place, const char *key) {
    place->keys = lappend(place->keys, const_cast<char *>(key));
    return *key && *key != '$' && !strchr(key, '.');
}

// Whether #> finds an element of an array by a key that MongoDB does not take for a number: '-1', '01'.
bool is_odd_number(const char *key) {
    const char *at = key;
    while (isspace(static_cast<unsigned char>(*at)))
        at++;
    at += *at == '-' || *at == '+';
    size_t digits = strspn(at, "0123456789");
    bool number = digits > 0 && at[digits] == '\0';
    return number && (at != key || (*at == '0' && digits > 1));
}

bool is_known(Expr *expression) {
    return IsA(expression, Const) && !reinterpret_cast<Const *>(expression)->constisnull;
}

// The texts of a constant array; null for NULL.
List *texts_of(Expr *array) {
    Datum *items;
    bool *nulls;
    int count;
    deconstruct_array(DatumGetArrayTypeP(reinterpret_cast<Const *>(array)->constvalue), TEXTOID, -1, false,
                      TYPALIGN_INT, &items, &nulls, &count);
    List *texts = NIL;
    for (int i = 0; i < count; i++)
        texts = lappend(texts, nulls[i] ? nullptr : TextDatumGetCString(items[i]));
    return texts;
}

bool is_number(const char *key) { return *key && key[strspn(key, "0123456789")] == '\0'; }

bool add_keys(Lowering *lowering, Place *place, const StepRow &step, Expr *argument) {
    if (!is_known(argument))
        return false;
    if (!step.array)
        return add_key(place, TextDatumGetCString(reinterpret_cast<Const *>(argument)->constvalue));
    // Where an array stands on the column's own path the column reads a list that MongoDB has not.
    bool may_be_list = lowering->table->columns[column_of(lowering, place->column)].path.count > 1;
    ListCell *cell;
    foreach (cell, texts_of(argument)) {
        char *key = static_cast<char *>(lfirst(cell));
        if (!key || is_odd_number(key) || (may_be_list && place->keys == NIL && is_number(key)) || !add_key(place, key))
            return false;
    }
    return true;
}

// A column of JSON and the path into it; false for other expressions.
bool place_of(Lowering *lowering, Expr *expression, Place *place) {
    if (Var *var = own_column(lowering, expression)) {
        if (!usable_column(lowering, var, false))
            return false;
        const ColumnOptions &column = lowering->table->columns[column_of(lowering, var)];
        place->column = var;
        return (column.type == JSONBOID || column.type == JSONOID) && column.rules.json_form == JsonForm::Simple;
    }
    Oid function = IsA(expression, OpExpr)     ? get_opcode(reinterpret_cast<OpExpr *>(expression)->opno)
                   : IsA(expression, FuncExpr) ? reinterpret_cast<FuncExpr *>(expression)->funcid
                                               : InvalidOid;
    List *arguments = IsA(expression, OpExpr)     ? reinterpret_cast<OpExpr *>(expression)->args
                      : IsA(expression, FuncExpr) ? reinterpret_cast<FuncExpr *>(expression)->args
                                                  : NIL;
    for (const StepRow &step : kSteps)
        if (step.function == function) {
            bool found = list_length(arguments) == 2 &&
                         place_of(lowering, static_cast<Expr *>(linitial(arguments)), place) &&
                         add_keys(lowering, place, step, static_cast<Expr *>(lsecond(arguments)));
            place->text = step.text; // the outermost step decides
            return found;
        }
    return false;
}

Expr *text_constant(const char *text) {
    return reinterpret_cast<Expr *>(
        makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1, CStringGetTextDatum(text), false, false));
}

// Whether what is asked for may lie in an array that is itself an element of the unwound array: MongoDB looks into one
// array at the end of a path, not into those within it.
bool is_within_element(Lowering *lowering, const Place &place, Op op) {
    const TableOptions *table = lowering->table;
    const FieldPath &path = table->columns[column_of(lowering, place.column)].path;
    for (int level = 0; level < table->unwind_levels; level++)
        if (path.count == table->unwind[level].count && starts_with(path, table->unwind[level]))
            return place.keys == NIL ? op != Op::Gt
                                     : strspn(static_cast<char *>(linitial(place.keys)), "0123456789") > 0;
    return false;
}

// The node's list: number of keys, keys, and the texts behind them, an expression of type text or text[].
uint32_t add_inside(Lowering *lowering, const Place &place, Op op, Expr *texts, bool array) {
    // Behind a position that ends a path MongoDB looks into no array.
    bool elements = !place.text && (op == Op::Eq || op == Op::Ge);
    if (elements && place.keys != NIL && is_number(static_cast<char *>(llast(place.keys))))
        return kNone;
    if (is_within_element(lowering, place, op))
        return kNone;
    ArrayExpr *list = makeNode(ArrayExpr);
    list->array_typeid = TEXTARRAYOID;
    list->array_collid = DEFAULT_COLLATION_OID;
    list->element_typeid = TEXTOID;
    list->location = -1;
    list->elements = list_make1(text_constant(psprintf("%d", list_length(place.keys))));
    ListCell *cell;
    foreach (cell, place.keys)
        list->elements = lappend(list->elements, text_constant(static_cast<char *>(lfirst(cell))));
    Expr *all = reinterpret_cast<Expr *>(list);
    if (texts && array)
        all =
            reinterpret_cast<Expr *>(makeFuncExpr(F_ARRAY_CAT, TEXTARRAYOID, list_make2(list, texts),
                                                  DEFAULT_COLLATION_OID, DEFAULT_COLLATION_OID, COERCE_EXPLICIT_CALL));
    else if (texts)
        list->elements = lappend(list->elements, texts);
    all = reinterpret_cast<Expr *>(eval_const_expressions(nullptr, reinterpret_cast<Node *>(all)));
    return add_sql_node(lowering,
                        mql::Node{mql::NodeKind::Inside, op, static_cast<uint16_t>(column_of(lowering, place.column)),
                                  parameter_of(lowering, all), kNone, kNone});
}

bool is_text_equality(Lowering *lowering, Oid function, Oid collation) {
    std::optional<Rule> rule = find_rule(function);
    return rule && rule->family == mql::Family::Text && rule->op == Op::Eq && rule->kind == mql::NodeKind::Compare &&
           collation_allows(lowering, *rule, collation);
}

// text at a path = text, = ANY (texts)
uint32_t lower_equality(Lowering *lowering, Oid function, List *arguments, Oid collation, bool array) {
    Place place{};
    Expr *left = static_cast<Expr *>(linitial(arguments)), *right = static_cast<Expr *>(lsecond(arguments));
    if (!array && !depends_on_row(lowering, left))
        std::swap(left, right);
    Oid type = exprType(reinterpret_cast<Node *>(right));
    if (type != (array ? TEXTARRAYOID : TEXTOID) || !place_of(lowering, left, &place) || !place.text ||
        !is_text_equality(lowering, function, collation) || !fixed_for_scan(lowering, right))
        return kNone;
    return add_inside(lowering, place, Op::Eq, right, array);
}

// JSON at a path has a key, or one of several.
uint32_t lower_exists(Lowering *lowering, Oid function, List *arguments) {
    Place place{};
    Expr *keys = static_cast<Expr *>(lsecond(arguments));
    bool array = function != F_JSONB_EXISTS;
    if (!place_of(lowering, static_cast<Expr *>(linitial(arguments)), &place) || place.text ||
        !fixed_for_scan(lowering, keys))
        return kNone;
    if (function != F_JSONB_EXISTS_ALL)
        return add_inside(lowering, place, Op::Ge, keys, array);
    // Of all keys one that is known will do: the others are checked here.
    if (!is_known(keys))
        return kNone;
    ListCell *cell;
    foreach (cell, texts_of(keys))
        if (lfirst(cell))
            return add_inside(lowering, place, Op::Ge, text_constant(static_cast<char *>(lfirst(cell))), false);
    return kNone;
}

// The scalars of a constant document, each at its path: all must be there. Elements of arrays stand at the array's
// path.
uint32_t lower_contained(Lowering *lowering, const Place &from, Datum document, uint32_t *last) {
    uint32_t first = kNone;
    Place place = from;
    place.keys = list_copy(from.keys);
    List *depths = NIL; // keys of the place at each open level
    JsonbIterator *iterator = JsonbIteratorInit(&DatumGetJsonbP(document)->root);
    JsonbValue value;
    JsonbIteratorToken token;
    bool sayable = true; // the key of the current value
    while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE) {
        if (token == WJB_BEGIN_OBJECT || token == WJB_BEGIN_ARRAY) {
            // What lies below has no path, or is in an array of an array, where MongoDB does not look: what was found
            // so far will do.
            if (!sayable || (token == WJB_BEGIN_ARRAY && depths != NIL))
                return first;
            depths = lappend_int(depths, list_length(place.keys));
            continue;
        }
        if (token == WJB_END_OBJECT || token == WJB_END_ARRAY) {
            depths = list_delete_last(depths);
            continue;
        }
        place.keys = list_truncate(place.keys, llast_int(depths));
        if (token == WJB_KEY) {
            sayable = add_key(&place, pnstrdup(value.val.string.val, value.val.string.len));
            // The levels below this key begin behind it.
            token = JsonbIteratorNext(&iterator, &value, false);
            if (token == WJB_BEGIN_OBJECT || token == WJB_BEGIN_ARRAY) {
                if (!sayable)
                    return first;
                depths = lappend_int(depths, list_length(place.keys));
                continue;
            }
        }
        const char *text = value.type == jbvString ? pnstrdup(value.val.string.val, value.val.string.len)
                           : value.type == jbvBool ? (value.val.boolean ? "true" : "false")
                           : value.type == jbvNumeric
                               ? DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value.val.numeric)))
                               : nullptr;
        if (!text || !sayable)
            continue;
        uint32_t node = add_inside(lowering, place, Op::Eq, text_constant(text), false);
        if (node == kNone)
            return kNone;
        if (first == kNone)
            first = node;
        else
            lowering->sql.nodes[*last].next = node;
        *last = node;
    }
    return first;
}

// A place in an expression that is NULL where the place is; false for none.
bool strict_place_of(Lowering *lowering, Expr *expression, Place *place) {
    check_stack_depth();
    if (place_of(lowering, expression, place) && place->keys != NIL)
        return true;
    *place = {};
    List *arguments = NIL;
    Oid function = InvalidOid;
    switch (nodeTag(expression)) {
    case T_OpExpr:
        function = get_opcode(reinterpret_cast<OpExpr *>(expression)->opno);
        arguments = reinterpret_cast<OpExpr *>(expression)->args;
        break;
    case T_FuncExpr:
        function = reinterpret_cast<FuncExpr *>(expression)->funcid;
        arguments = reinterpret_cast<FuncExpr *>(expression)->args;
        break;
    case T_ScalarArrayOpExpr: // over no values <> ALL is true for NULL as well
        if (reinterpret_cast<ScalarArrayOpExpr *>(expression)->useOr)
            function = get_opcode(reinterpret_cast<ScalarArrayOpExpr *>(expression)->opno);
        arguments = list_make1(linitial(reinterpret_cast<ScalarArrayOpExpr *>(expression)->args));
        break;
    case T_CoerceViaIO:
        return strict_place_of(lowering, reinterpret_cast<CoerceViaIO *>(expression)->arg, place);
    case T_RelabelType:
        return strict_place_of(lowering, reinterpret_cast<RelabelType *>(expression)->arg, place);
    default:
        return false;
    }
    if (!OidIsValid(function) || !func_strict(function))
        return false;
    ListCell *cell;
    foreach (cell, arguments)
        if (strict_place_of(lowering, static_cast<Expr *>(lfirst(cell)), place))
            return true;
    return false;
}

// Any other condition over a place that cannot be true for NULL: only documents that have something there.
uint32_t lower_presence(Lowering *lowering, Expr *condition) {
    Place place{};
    if (contain_volatile_functions(reinterpret_cast<Node *>(condition)) ||
        !strict_place_of(lowering, condition, &place))
        return kNone;
    return add_inside(lowering, place, Op::Gt, nullptr, false);
}

// JSON at a path @> a constant document.
uint32_t lower_contains(Lowering *lowering, Expr *whole, Expr *part) {
    Place place{};
    uint32_t last = kNone;
    if (!is_known(part) || !place_of(lowering, whole, &place) || place.text)
        return kNone;
    uint32_t first = lower_contained(lowering, place, reinterpret_cast<Const *>(part)->constvalue, &last);
    return first == kNone ? kNone : add_sql_node(lowering, mql::Node{mql::NodeKind::And, Op::Eq, 0, 0, first, kNone});
}

} // namespace

uint32_t lower_json(Lowering *lowering, Expr *condition) {
    if (IsA(condition, NullTest)) {
        NullTest *test = reinterpret_cast<NullTest *>(condition);
        Place place{};
        if (test->argisrow)
            return kNone;
        if (test->nulltesttype == IS_NULL) {
            // Where misfits read as NULL, a jsonb with a NUL somewhere is one.
            bool found = place_of(lowering, test->arg, &place) && place.keys != NIL;
            const mql::Column *column = found ? &lowering->columns[column_of(lowering, place.column)] : nullptr;
            return found && !column->misfit_is_null ? add_inside(lowering, place, Op::Lt, nullptr, false) : kNone;
        }
        Var *var = own_column(lowering, test->arg);
        if (var && usable_column(lowering, var, false) &&
            lowering->columns[column_of(lowering, var)].family == mql::Family::None)
            place.column = var; // an array, a composite, JSON: something is there
        else if (var || !place_of(lowering, test->arg, &place))
            return kNone;
        return add_inside(lowering, place, Op::Gt, nullptr, false);
    }
    if (IsA(condition, ScalarArrayOpExpr)) {
        ScalarArrayOpExpr *op = reinterpret_cast<ScalarArrayOpExpr *>(condition);
        uint32_t equal =
            op->useOr ? lower_equality(lowering, get_opcode(op->opno), op->args, op->inputcollid, true) : kNone;
        return equal != kNone ? equal : lower_presence(lowering, condition);
    }
    if (IsA(condition, FuncExpr))
        return lower_presence(lowering, condition);
    if (!IsA(condition, OpExpr) || list_length(reinterpret_cast<OpExpr *>(condition)->args) != 2)
        return kNone;
    OpExpr *op = reinterpret_cast<OpExpr *>(condition);
    Oid function = get_opcode(op->opno);
    Expr *left = static_cast<Expr *>(linitial(op->args)), *right = static_cast<Expr *>(lsecond(op->args));
    uint32_t root;
    switch (function) {
    case F_JSONB_EXISTS:
    case F_JSONB_EXISTS_ANY:
    case F_JSONB_EXISTS_ALL:
        root = lower_exists(lowering, function, op->args);
        break;
    case F_JSONB_CONTAINS:
        root = lower_contains(lowering, left, right);
        break;
    case F_JSONB_CONTAINED:
        root = lower_contains(lowering, right, left);
        break;
    default:
        root = lower_equality(lowering, function, op->args, op->inputcollid, false);
    }
    return root != kNone ? root : lower_presence(lowering, condition);
}

} // namespace mongo_fdw
