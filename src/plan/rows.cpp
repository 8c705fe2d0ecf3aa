// Row comparison in terms of columns. Zone B.
#include "plan/lower.hpp"

namespace mongo_fdw {

// SQL's order of rows: the first columns that differ decide. A NULL that is met before gives NULL, as OR and AND do.
Expr *expand_row_comparison(RowCompareExpr *comparison) {
    int strategy = strategy_of(comparison), last = list_length(comparison->opnos) - 1;
    int strict = strategy == BTLessStrategyNumber || strategy == BTLessEqualStrategyNumber ? BTLessStrategyNumber
                                                                                           : BTGreaterStrategyNumber;
    Expr *result = nullptr;
    for (int i = last; i >= 0; i--) {
        Expr *left = static_cast<Expr *>(list_nth(comparison->largs, i)),
             *right = static_cast<Expr *>(list_nth(comparison->rargs, i));
        Oid family = list_nth_oid(comparison->opfamilies, i), collation = list_nth_oid(comparison->inputcollids, i);
        Oid left_type, right_type;
        op_input_types(list_nth_oid(comparison->opnos, i), &left_type, &right_type);
        auto compare = [&](int by) {
            Oid op = get_opfamily_member(family, left_type, right_type, static_cast<int16>(by));
            return make_opclause(op, BOOLOID, false, left, right, InvalidOid, collation);
        };
        if (i == last)
            result = compare(strategy);
        else
            result = make_orclause(
                list_make2(compare(strict), make_andclause(list_make2(compare(BTEqualStrategyNumber), result))));
    }
    return result;
}

} // namespace mongo_fdw
