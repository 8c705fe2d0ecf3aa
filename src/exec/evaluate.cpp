// Evaluation ahead of the rows. Zone B.
//
// What a condition compares with is sent before any row is read. PostgreSQL evaluates it when a row gets there: over no
// rows, or behind an AND, OR or CASE that decides before, it never raises. So an error is caught here, and its
// condition is left to the rows.
#include "exec/evaluate.hpp"

#include "pg/guard.hpp"
#include "plan/raising.hpp"
#include "plan/targets.hpp"

extern "C" {
#include "executor/nodeSubplan.h"
}

namespace mongo_fdw {
namespace {

// Runs the subqueries of an expression that were not run yet. What they open must not end with a subtransaction.
bool run_subqueries(Node *node, void *argument) {
    if (!node)
        return false;
    ExprContext *context = static_cast<ExprContext *>(argument);
    const Param *param = reinterpret_cast<const Param *>(node);
    if (IsA(node, Param) && param->paramkind == PARAM_EXEC) {
        void *plan = context->ecxt_param_exec_vals[param->paramid].execPlan;
        if (plan)
            ExecSetParamPlan(static_cast<SubPlanState *>(plan), context);
        return false;
    }
    return walk_expression(node, run_subqueries, argument);
}

// A function whose result may be another one while a plan lives, though no parameter says so.
bool reads_state(Oid function, void *) {
    return function == F_CURRENT_SETTING_TEXT || function == F_CURRENT_SETTING_TEXT_BOOL ||
           function >= FirstNormalObjectId;
}

// Whether the value of an expression depends on more than constants and the time.
bool may_change(Node *node, void *) {
    return node && (IsA(node, Param) || check_functions_in_node(node, reads_state, nullptr) ||
                    walk_expression(node, may_change, nullptr));
}

struct Evaluation {
    ExprState *expression;
    ExprContext *context;
    Datum value;
    bool null;
};

void evaluate(void *argument) {
    Evaluation *evaluation = static_cast<Evaluation *>(argument);
    evaluation->value = ExecEvalExpr(evaluation->expression, evaluation->context, &evaluation->null);
}

Evaluation evaluation_of(ForeignScanState *node, int index) {
    ExprState *expression = static_cast<ExprState *>(list_nth(scan_state(node)->parameter_states, index));
    return {expression, node->ss.ps.ps_ExprContext, 0, true};
}

Expr *expression_at(const ForeignScanState *node, int index) {
    return static_cast<Expr *>(list_nth(reinterpret_cast<ForeignScan *>(node->ss.ps.plan)->fdw_exprs, index));
}

// A function may have left something unfinished in the state of an expression that raised: it gets another one, which
// is not compiled (its parent is null), because that takes longer than it may ever save.
void renew(ForeignScanState *node, int index) {
    ScanState *state = scan_state(node);
    MemoryContext context = AllocSetContextCreate(state->context, "mongo_fdw_cpp expression", ALLOCSET_SMALL_SIZES);
    MemoryContext old = MemoryContextSwitchTo(context);
    lfirst(list_nth_cell(state->parameter_states, index)) = ExecInitExpr(expression_at(node, index), nullptr);
    MemoryContextSwitchTo(old);
    if (state->renewed[index])
        MemoryContextDelete(state->renewed[index]);
    state->renewed[index] = context;
}

} // namespace

void prepare_evaluation(ForeignScanState *node, ScanState *state) {
    List *expressions = reinterpret_cast<ForeignScan *>(node->ss.ps.plan)->fdw_exprs;
    const ParamListInfo parameters = node->ss.ps.state->es_param_list_info;
    // PL/pgSQL reads its variables by such hooks, and a field of a record may be missing.
    bool hooked = parameters && (parameters->paramFetch || parameters->paramCompile);
    ListCell *cell;
    foreach (cell, expressions) {
        Node *expression = static_cast<Node *>(lfirst(cell));
        bool raises = may_raise(static_cast<Expr *>(lfirst(cell)));
        int index = foreach_current_index(cell);
        if (raises || (hooked && has_parameters(expression, PARAM_EXTERN)))
            state->raising = bms_add_member(state->raising, index);
        if (raises && may_change(expression, nullptr))
            state->changing = bms_add_member(state->changing, index);
    }
    if (state->raising)
        state->renewed = static_cast<MemoryContext *>(palloc0(sizeof(MemoryContext) * list_length(expressions)));
}

bool evaluate_ahead(ForeignScanState *node, int index, Datum *value, bool *null) {
    ScanState *state = scan_state(node);
    Evaluation evaluation = evaluation_of(node, index);
    if (!bms_is_member(index, state->raising)) {
        evaluate(&evaluation);
    } else if (!may_catch_errors()) {
        if (bms_is_member(index, state->changing)) {
            state->unsaid = "a parameter may raise an error, which is not caught beside a parallel plan";
            return false;
        }
        evaluate(&evaluation);
    } else {
        run_subqueries(reinterpret_cast<Node *>(expression_at(node, index)), evaluation.context);
        if (ErrorData *error = catch_error(evaluate, &evaluation, is_about_statement)) {
            FreeErrorData(error);
            renew(node, index);
            state->unsaid = "a parameter raises an error";
            return false;
        }
    }
    *value = evaluation.value;
    *null = evaluation.null;
    return true;
}

void raise_evaluation_error(ForeignScanState *node) {
    ScanState *state = scan_state(node);
    for (int index = 0; index < state->plan.parameter_count; index++) {
        Evaluation evaluation = evaluation_of(node, index);
        if (index != state->plan.given_keys)
            evaluate(&evaluation);
    }
}

} // namespace mongo_fdw
