// Which expressions may raise errors. Zone B.
#include "plan/raising.hpp"

namespace mongo_fdw {
namespace {

bool is_raising_function(Oid function, void *) {
    if (get_func_leakproof(function))
        return false;
    Oid *types;
    int count;
    get_func_signature(function, &types, &count);
    return count > 0 || function >= FirstNormalObjectId;
}

bool find_raising(Node *node, void *) {
    if (!node)
        return false;
    switch (nodeTag(node)) {
    case T_Const:
    case T_Param:
    case T_Var:
    case T_List:
    case T_RelabelType:
    case T_CollateExpr:
    case T_SQLValueFunction:
    case T_CaseTestExpr:
    case T_BoolExpr:
    case T_NullTest:
    case T_BooleanTest:
    case T_CoalesceExpr:
    case T_CaseExpr:
    case T_CaseWhen:
        break;
    case T_ArrayExpr:
        if (reinterpret_cast<ArrayExpr *>(node)->multidims) // of one shape, or an error
            return true;
        break;
    case T_FuncExpr:
    case T_OpExpr:
    case T_DistinctExpr:
    case T_NullIfExpr:
    case T_ScalarArrayOpExpr:
        if (check_functions_in_node(node, is_raising_function, nullptr))
            return true;
        break;
    default:
        return true;
    }
    return walk_expression(node, find_raising, nullptr);
}

} // namespace

bool may_raise(Expr *expression) { return find_raising(reinterpret_cast<Node *>(expression), nullptr); }

} // namespace mongo_fdw
