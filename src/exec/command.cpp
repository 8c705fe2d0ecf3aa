// What a scan sends: its parameters, LIMIT, and the command; how it is shown to people. Zone B.
#include "exec/scan.hpp"
#include "pg/error.hpp"

#include "connect/documents.hpp"
#include "connect/write.hpp"
#include "exec/collation.hpp"
#include "exec/evaluate.hpp"
#include "exec/group.hpp"
#include "exec/key_conditions.hpp"
#include "exec/operands.hpp"
#include "pg/memory.hpp"

namespace mongo_fdw {
namespace {

bool uses_text(const ScanState *state) {
    for (uint32_t i = 0; i < state->plan.filter.count; i++) {
        const mql::Node &node = state->plan.filter.nodes[i];
        bool compares = node.kind == mql::NodeKind::Compare || node.kind == mql::NodeKind::In ||
                        node.kind == mql::NodeKind::NotIn || node.kind == mql::NodeKind::ColumnValue;
        mql::Family family = compares ? state->columns[node.column].family : mql::Family::None;
        if (family == mql::Family::Text || family == mql::Family::Key)
            return true;
        bool computed = node.kind == mql::NodeKind::ParameterValue || node.kind == mql::NodeKind::Apply;
        if (computed && node.family == mql::Family::Text) // whatever a text is made of
            return true;
        if (node.kind == mql::NodeKind::Inside)
            return true;
        if (node.kind == mql::NodeKind::ArrayHas && state->columns[node.column].element_family == mql::Family::Text)
            return true;
    }
    return false;
}

const char *parameter_name(Expr *expression, int index) {
    if (IsA(expression, Param)) {
        Param *param = reinterpret_cast<Param *>(expression);
        if (param->paramkind == PARAM_EXTERN)
            return psprintf("$%d", param->paramid);
    }
    return psprintf("parameter %d", index + 1);
}

} // namespace

void evaluate_parameters(ForeignScanState *node, bool explain_only) {
    ScanState *state = scan_state(node);
    ForeignScan *plan = reinterpret_cast<ForeignScan *>(node->ss.ps.plan);
    MemoryContextReset(state->parameters);
    state->pipeline = {};
    state->pipeline_text = nullptr;
    MemoryContext old = MemoryContextSwitchTo(state->parameters);
    state->operands = static_cast<mql::Operand *>(palloc0(sizeof(mql::Operand) * Max(state->plan.parameter_count, 1)));
    state->unsaid = nullptr;
    for (int index = 0; index < state->plan.parameter_count; index++) {
        Expr *expression = static_cast<Expr *>(list_nth(plan->fdw_exprs, index));
        if (index == state->plan.given_keys) {
            state->operands[index] =
                state->every_key ? unsayable_operand()
                : explain_only   ? unknown_operand("keys of the outer side")
                                 : operand_of(state->keys, false, exprType(reinterpret_cast<Node *>(expression)));
        } else if (explain_only && !IsA(strip_implicit_coercions(reinterpret_cast<Node *>(expression)), Const)) {
            state->operands[index] = unknown_operand(parameter_name(expression, index));
        } else {
            Datum value;
            bool null, evaluated = evaluate_ahead(node, index, &value, &null);
            state->operands[index] = evaluated ? operand_of(value, null, exprType(reinterpret_cast<Node *>(expression)))
                                               : unsayable_operand();
        }
    }
    set_instants(state->operands, state->plan.filter, state->table);
    set_key_conditions(state->operands, state->plan.filter, state->columns, state->roots, state->root_count);
    MemoryContextSwitchTo(old);
}

const char *unsayable_reason(const ScanState *state) {
    return state->unsaid ? state->unsaid : "the value of a parameter cannot be said there";
}

namespace {

// Value of LIMIT or OFFSET; otherwise when there is none, it is NULL, or EXPLAIN does not know it.
int64 count_value(ForeignScanState *node, int index, bool explain_only, int64 otherwise, int sqlstate,
                  const char *name) {
    ScanState *state = scan_state(node);
    ForeignScan *plan = reinterpret_cast<ForeignScan *>(node->ss.ps.plan);
    if (index < 0 || (explain_only && !IsA(list_nth(plan->fdw_exprs, index), Const)))
        return otherwise;
    bool null;
    Datum value = ExecEvalExpr(static_cast<ExprState *>(list_nth(state->parameter_states, index)),
                               node->ss.ps.ps_ExprContext, &null);
    int64 number = null ? otherwise : DatumGetInt64(value);
    if (!null && number < 0) // the words of PostgreSQL's own Limit node
        ereport(ERROR, (errcode(sqlstate), errmsg("%s must not be negative", name)));
    return number;
}

} // namespace

void evaluate_limit(ForeignScanState *node, bool explain_only) {
    ScanState *state = scan_state(node);
    state->skip = count_value(node, state->plan.offset, explain_only, 0,
                              ERRCODE_INVALID_ROW_COUNT_IN_RESULT_OFFSET_CLAUSE, "OFFSET");
    state->limit =
        count_value(node, state->plan.limit, explain_only, -1, ERRCODE_INVALID_ROW_COUNT_IN_LIMIT_CLAUSE, "LIMIT");
    state->seen = 0;
}

mql::ScanCommand scan_command(ScanState *state, Sent sent, bool simple_collation) {
    bool conditions = sent != Sent::Nothing, all = sent == Sent::All;
    mql::ScanCommand command{};
    command.collection = state->table->collection;
    command.filters = &state->plan.filter;
    command.roots = state->roots;
    uint32_t roots = state->root_count - (state->every_key ? 1 : 0); // the last one compares with the keys
    command.root_count = conditions ? roots + (state->proving ? state->presence_count : 0) : 0;
    command.joins = state->joins;
    command.join_count = state->join_count;
    command.late_roots = state->late_roots;
    command.late_root_count = conditions ? state->late_root_count : 0;
    command.sayable_only = sent == Sent::Sayable;
    command.columns = state->columns;
    command.operands = state->operands;
    command.project = state->reading->projection;
    command.project_count = state->reading->projection_count;
    command.skip = all ? state->skip : 0;
    command.limit = all && state->limit > 0 ? state->limit : 0;
    command.sort = !all ? state->computed_sort : state->proving ? state->proved_sort : state->sort;
    command.sort_count = list_length(state->plan.sort) / kSortFields;
    command.first_keys = all ? state->plan.first_keys : 0;
    // The first command of a transaction says it for all.
    command.read_concern = state->in_transaction ? nullptr : state->table->read_concern;
    command.simple_collation = simple_collation;
    command.zone_offset_ms = zone_offset_ms();
    command.base_pipeline = base_pipeline_of(state->table);
    return command;
}

Collation needed_collation(const ScanState *state) {
    Collation collation = uses_text(state) ? source_collation(state->table, state->user) : Collation::Simple;
    // Another collation for the whole command would change what the table's own pipeline finds.
    return collation == Collation::Other && state->table->pipeline ? Collation::OtherOnView : collation;
}

void raise_unless_refused(const ScanState *state, const mongo::Error &error, const char *pipeline) {
    if (error.kind != mongo::ErrorKind::Server || state->in_transaction)
        raise_mongo_error(error, state->table->server_name, state->table->name_space, pipeline);
}

void join_transaction(ScanState *state) {
    bool begins = state->plan.transacts || reads_snapshot(state->table);
    state->in_transaction = enter_transaction(state->table, state->user, begins);
}

bool has_guards(const ScanState *state) {
    for (uint32_t i = 0; i < state->plan.filter.count; i++)
        if (state->plan.filter.nodes[i].kind == mql::NodeKind::ColumnValue)
            return true;
    return false;
}

mql::ScanRendering render_folded(ScanState *state, Sent sent) {
    mql::ScanCommand command = scan_command(state, sent, false);
    command.folded = true;
    return state->group ? render_groups(state, command) : mql::render_scan(command, memory_of(state->parameters));
}

void keep_pipeline(ScanState *state, Sent sent, mql::Document pipeline) {
    state->pipeline = pipeline;
    state->pipeline_sent = sent;
    state->pipeline_text = nullptr;
    if (message_level_is_interesting(DEBUG2) && has_guards(state))
        elog(DEBUG2, "pipeline for \"%s\": %s", state->table->name_space,
             mql::to_json(pipeline, true, current_memory()));
}

const char *pipeline_text(ScanState *state) {
    constexpr int kShown = 4000;
    if (!state->pipeline.data || state->pipeline_text)
        return state->pipeline_text;
    MemoryContext old = MemoryContextSwitchTo(state->parameters);
    mql::Document shown = state->pipeline;
    if (has_guards(state))
        shown = render_folded(state, state->pipeline_sent).pipeline;
    const char *json = mql::to_json(shown, true, current_memory());
    if (strlen(json) > kShown)
        json = without_long_lists(json);
    int kept = pg_encoding_mbcliplen(PG_UTF8, json, strlen(json), kShown);
    char *text = pnstrdup(json, kept);
    state->pipeline_text = psprintf("%s%s", pg_any_to_server(text, strlen(text), PG_UTF8), json[kept] ? "..." : "");
    MemoryContextSwitchTo(old);
    return state->pipeline_text;
}

} // namespace mongo_fdw
