// Evaluation ahead of the rows. Zone B.
//
// What a condition compares with is sent before any row is read. PostgreSQL evaluates it when a row gets there: over no
// rows, or behind an AND, OR or CASE that decides before, it never raises. So an error is caught here, and its
// condition is left to the rows.
#include "exec/evaluate.hpp"

#include "pg/guard.hpp"
#include "plan/raising.hpp"

extern "C" {
#include "executor/nodeSubplan.h"
}

namespace mongo_fdw {
namespace {

// A subquery of the plan that was not run yet.
bool is_unrun(const EState *estate, const Param *param) {
    return param->paramkind == PARAM_EXEC && estate->es_param_exec_vals[param->paramid].execPlan;
}

struct Subqueries {
    EState *estate;
    ExprContext *run; // in this context; null: none is run
};

// Whether an expression has a subquery that was not run; runs those it finds where that is asked for.
bool find_unrun(Node *node, void *argument) {
    const Subqueries *subqueries = static_cast<Subqueries *>(argument);
    if (!node)
        return false;
    if (IsA(node, Param) && is_unrun(subqueries->estate, reinterpret_cast<Param *>(node))) {
        if (!subqueries->run)
            return true;
        ParamExecData *data = &subqueries->estate->es_param_exec_vals[reinterpret_cast<Param *>(node)->paramid];
        ExecSetParamPlan(static_cast<SubPlanState *>(data->execPlan), subqueries->run);
    }
    return walk_expression(node, find_unrun, argument);
}

bool has_parameter(Node *node, void *) {
    return node && (IsA(node, Param) || walk_expression(node, has_parameter, nullptr));
}

// The parameters below a CASE or COALESCE.
Bitmapset *spared_parameters(const mql::Tree &tree, uint32_t at, bool spared, Bitmapset *found) {
    const mql::Node &node = tree.nodes[at];
    if (node.kind == mql::NodeKind::ParameterValue)
        return spared ? bms_add_member(found, node.parameter) : found;
    spared = spared || (node.kind == mql::NodeKind::Apply &&
                        (node.function == mql::Function::Case || node.function == mql::Function::Coalesce));
    for (uint32_t child = node.first_child; child != mql::kNone; child = tree.nodes[child].next)
        found = spared_parameters(tree, child, spared, found);
    return found;
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

} // namespace

void prepare_evaluation(ForeignScanState *node, ScanState *state) {
    List *expressions = reinterpret_cast<ForeignScan *>(node->ss.ps.plan)->fdw_exprs;
    ListCell *cell;
    foreach (cell, expressions)
        if (may_raise(static_cast<Expr *>(lfirst(cell))))
            state->raising = bms_add_member(state->raising, foreach_current_index(cell));
    for (uint32_t at = 0; at < state->plan.filter.count; at++)
        if (state->plan.filter.nodes[at].kind == mql::NodeKind::Apply)
            state->spared = spared_parameters(state->plan.filter, at, false, state->spared);
}

bool evaluate_ahead(ForeignScanState *node, int index, Datum *value, bool *null) {
    ScanState *state = scan_state(node);
    Expr *expression =
        static_cast<Expr *>(list_nth(reinterpret_cast<ForeignScan *>(node->ss.ps.plan)->fdw_exprs, index));
    ListCell *cell = list_nth_cell(state->parameter_states, index);
    Evaluation evaluation{static_cast<ExprState *>(lfirst(cell)), node->ss.ps.ps_ExprContext, 0, true};
    Subqueries subqueries{node->ss.ps.state, nullptr};
    if (bms_is_member(index, state->spared) && find_unrun(reinterpret_cast<Node *>(expression), &subqueries)) {
        state->unsaid = "a subquery may not be reached";
        return false;
    }
    if (!bms_is_member(index, state->raising)) {
        evaluate(&evaluation);
    } else {
        // What a subquery opens must not end with the subtransaction.
        subqueries.run = evaluation.context;
        find_unrun(reinterpret_cast<Node *>(expression), &subqueries);
        if (!may_catch_errors()) {
            // What does not depend on parameters was looked at by the planner as well.
            if (has_parameter(reinterpret_cast<Node *>(expression), nullptr)) {
                state->unsaid = "a parameter may raise an error, which is not caught beside a parallel plan";
                return false;
            }
            evaluate(&evaluation);
        } else if (ErrorData *error = catch_error(evaluate, &evaluation, is_about_statement)) {
            FreeErrorData(error);
            // A function may have left something unfinished in the old one.
            MemoryContext old = MemoryContextSwitchTo(state->context);
            lfirst(cell) = ExecInitExpr(expression, &node->ss.ps);
            MemoryContextSwitchTo(old);
            state->unsaid = "a parameter raises an error";
            return false;
        }
    }
    *value = evaluation.value;
    *null = evaluation.null;
    return true;
}

} // namespace mongo_fdw
