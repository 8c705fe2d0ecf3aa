// EXPLAIN of foreign scans. Zone B.
#include "exec/group.hpp"

#include "pg/memory.hpp"

namespace mongo_fdw {

const char *without_long_lists(const char *json) {
    constexpr int kShown = 10;
    StringInfoData out;
    initStringInfo(&out);
    int depth = 0, list = 0, values = 0; // list: the depth inside the list that is being read, 0: none
    bool quoted = false;
    for (const char *at = json; *at; at++) {
        bool hidden = list && values >= kShown;
        if (quoted && *at == '\\' && at[1]) {
            if (!hidden)
                appendBinaryStringInfo(&out, at, 2);
            at++;
            continue;
        }
        if (*at == '"')
            quoted = !quoted;
        if (!quoted && (*at == '[' || *at == '{')) {
            bool named = out.len >= 7 && !list &&
                         (strcmp(out.data + out.len - 7, "$in\" : ") == 0 ||
                          (out.len >= 8 && strcmp(out.data + out.len - 8, "$nin\" : ") == 0));
            depth++;
            if (*at == '[' && named) {
                list = depth;
                values = 0;
            }
        } else if (!quoted && (*at == ']' || *at == '}')) {
            if (list == depth) {
                if (hidden)
                    appendStringInfoString(&out, ", ... ");
                list = 0;
                hidden = false;
            }
            depth--;
        } else if (!quoted && *at == ',' && list == depth) {
            hidden = ++values >= kShown;
        }
        if (!hidden)
            appendStringInfoChar(&out, *at);
    }
    return out.data;
}

namespace {

// After an execution what was sent last: its parameters may be gone. Before, parameters stand by their names.
const char *pipeline_shown(ForeignScanState *node, ScanState *state) {
    constexpr const char *kNever = "not sent: no document can match";
    if (state->fallback && !state->pipeline.data)
        return "not sent";
    if (state->executions > 0)
        return state->pipeline.data ? pipeline_text(state) : state->never ? kNever : "not sent: LIMIT 0";
    mql::ScanRendering rendering = render_unexecuted(node);
    if (rendering.never)
        return kNever;
    const char *json = mql::to_json(rendering.pipeline, true, current_memory());
    return pg_any_to_server(json, strlen(json), PG_UTF8);
}

} // namespace

extern "C" void mongoExplainForeignScan(ForeignScanState *node, ExplainState *es) {
    ScanState *state = scan_state(node);
    if (!state)
        return;
    StringInfoData names;
    initStringInfo(&names);
    appendStringInfoString(&names, state->table->name_space);
    ListCell *table, *as;
    forboth(table, state->tables, as, state->plan.as) if (lfirst(as))
        appendStringInfo(&names, ", %s", static_cast<TableOptions *>(lfirst(table))->name_space);
    ExplainPropertyText("Foreign Namespace", names.data, es);
    if (state->table->unwind_levels > 0)
        ExplainPropertyText("Unwind", state->table->unwind_text, es);
    const char *pipeline = pipeline_shown(node, state);
    ExplainPropertyText("Pipeline", es->verbose ? pipeline : without_long_lists(pipeline), es);
    if (es->verbose && state->plan.reasons != NIL) {
        Scan *scan = reinterpret_cast<Scan *>(node->ss.ps.plan);
        // With the plan: from PostgreSQL 17 on a subquery's value is looked for in it.
        List *context = set_deparse_context_plan(es->deparse_cxt, node->ss.ps.plan, NIL);
        List *lines = NIL;
        ListCell *clause_cell, *reason_cell;
        forboth(clause_cell, node->ss.ps.plan->qual, reason_cell, state->plan.reasons) {
            Node *clause = static_cast<Node *>(lfirst(clause_cell));
            const char *text = contain_subplans(clause)
                                   ? "a condition"
                                   : deparse_expression(clause, context, scan->scanrelid == 0, false);
            lines = lappend(lines, psprintf("%s: %s", text, strVal(lfirst(reason_cell))));
        }
        if (lines != NIL) // groups check theirs below
            ExplainPropertyList("Local Conditions", lines, es);
    }
    if (es->verbose && state->plan.notes != NIL) {
        List *lines = NIL;
        ListCell *note;
        foreach (note, state->plan.notes)
            lines = lappend(lines, strVal(lfirst(note)));
        ExplainPropertyList("Not Sent", lines, es);
    }
    if (es->analyze && state->ordered)
        ExplainPropertyText(
            "Order", has_key(state->plan.sort, SortAs::Proved) ? "of stored values, proved" : "computed, proved", es);
    if (state->fallback)
        ExplainPropertyText("Fallback", psprintf("PostgreSQL's own plan ran: %s", state->fallback), es);
    if (es->verbose && state->rechecks && state->recheck_reason)
        ExplainPropertyText("Recheck", state->recheck_reason, es);
    if (es->analyze) {
        mongo::CursorCounts counts = state->counts;
        if (state->cursor) {
            const mongo::CursorCounts *open = mongo::counts(state->cursor);
            counts.commands += open->commands;
            counts.batches += open->batches;
            counts.documents += open->documents + (state->finished ? 0 : documents_in_batch(state->reading->decoder));
            counts.bytes += open->bytes;
        }
        if (es->format == EXPLAIN_FORMAT_TEXT) {
            ExplainPropertyText("Remote",
                                psprintf("commands=" UINT64_FORMAT " batches=" UINT64_FORMAT " documents=" UINT64_FORMAT
                                         " bytes=" UINT64_FORMAT,
                                         static_cast<uint64>(counts.commands), static_cast<uint64>(counts.batches),
                                         static_cast<uint64>(counts.documents), static_cast<uint64>(counts.bytes)),
                                es);
        } else {
            ExplainPropertyInteger("Remote Commands", nullptr, counts.commands, es);
            ExplainPropertyInteger("Remote Batches", nullptr, counts.batches, es);
            ExplainPropertyInteger("Remote Documents", nullptr, counts.documents, es);
            ExplainPropertyInteger("Remote Bytes", nullptr, counts.bytes, es);
        }
    }
}

} // namespace mongo_fdw
