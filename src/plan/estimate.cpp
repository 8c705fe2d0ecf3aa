// The server's explain. Zone B.
#include "plan/estimate.hpp"

#include "connect/documents.hpp"
#include "exec/key_conditions.hpp"
#include "exec/operands.hpp"
#include "mql/commands.hpp"
#include "pg/memory.hpp"
#include "plan/facts.hpp"
#include "plan/paths.hpp"

namespace mongo_fdw {
namespace {

// The values of parameters that are known while planning; null where one is not.
mql::Operand *known_operands(PlannerInfo *root, const Lowering *lowering) {
    mql::Operand *operands =
        static_cast<mql::Operand *>(palloc0(sizeof(mql::Operand) * Max(list_length(lowering->parameters), 1)));
    ListCell *cell;
    foreach (cell, lowering->parameters) {
        Node *value = estimate_expression_value(root, static_cast<Node *>(lfirst(cell)));
        Oid type = exprType(value);
        while (IsA(value, RelabelType))
            value = reinterpret_cast<Node *>(reinterpret_cast<RelabelType *>(value)->arg);
        if (!IsA(value, Const))
            return nullptr;
        const Const *constant = reinterpret_cast<const Const *>(value);
        operands[foreach_current_index(cell)] = operand_of(constant->constvalue, constant->constisnull, type);
    }
    set_instants(operands, lowering->filter, lowering->table);
    set_key_conditions(operands, lowering->filter, lowering->columns, nullptr, 0);
    return operands;
}

} // namespace

bool explain_conditions(PlannerInfo *root, const RelationInfo *info, Explained *explained) {
    const TableOptions *table = info->table;
    if (!table->use_remote_estimate || info->remote_clauses == NIL || table->pipeline || table->unwind_levels > 0)
        return false;
    Lowering *lowering = lowering_for(info);
    List *roots = NIL;
    ListCell *cell;
    foreach (cell, info->remote_clauses) {
        mql::Verdict verdict;
        uint32_t at = lower_clause(lowering, lfirst_node(RestrictInfo, cell)->clause, &verdict);
        if (at != mql::kNone)
            roots = lappend_int(roots, static_cast<int>(at));
    }
    mql::ScanCommand command{};
    command.collection = table->collection;
    command.filters = &lowering->filter;
    command.roots = numbers_of(roots);
    command.root_count = list_length(roots);
    command.columns = lowering->columns;
    command.operands = known_operands(root, lowering);
    command.zone_offset_ms = zone_offset_ms();
    if (!command.operands)
        return false;
    mql::ScanRendering rendering = mql::render_scan(command, current_memory());
    if (!rendering.command.data || rendering.aggregate)
        return false;
    *explained = {0, 0};
    if (rendering.never)
        return true;
    mql::Document ask = mql::explain_command(rendering.command, current_memory());
    mongo::Bytes reply;
    if (!ask_for_facts(info->user, table, ask, &reply))
        return false;
    BsonValue stats = field_of(reply.data, reply.size, "executionStats");
    explained->documents = number_of(field_of(stats, "nReturned"), -1);
    explained->examined = number_of(field_of(stats, "totalDocsExamined"), -1);
    return is_true(field_of(stats, "executionSuccess")) && explained->documents >= 0 && explained->examined >= 0;
}

} // namespace mongo_fdw
