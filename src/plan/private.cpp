// Encoding and decoding of fdw_private, which PostgreSQL copies as nodes. Zone B.
#include "plan/private.hpp"

namespace mongo_fdw {

List *encode_scan_plan(const ScanPlan &plan) {
    Size size = sizeof(mql::Node) * plan.filter.count;
    bytea *nodes = static_cast<bytea *>(palloc(VARHDRSZ + size));
    SET_VARSIZE(nodes, VARHDRSZ + size);
    if (size)
        memcpy(VARDATA(nodes), plan.filter.nodes, size);
    List *slots = NIL;
    slots = lappend(slots, plan.relations);
    slots = lappend(slots, plan.as);
    slots = lappend(slots, plan.targets);
    slots = lappend(slots, makeConst(BYTEAOID, -1, InvalidOid, -1, PointerGetDatum(nodes), false, false));
    slots = lappend(slots, plan.roots);
    slots = lappend(slots, plan.joins);
    slots = lappend(slots, plan.late_roots);
    slots = lappend(slots, plan.needed);
    slots = lappend(slots, plan.needed_recheck);
    slots = lappend(slots, makeInteger(plan.limit));
    slots = lappend(slots, makeInteger(plan.offset));
    slots = lappend(slots, makeInteger(plan.given_keys));
    slots = lappend(slots, makeBoolean(plan.drained));
    slots = lappend(slots, makeBoolean(plan.identified));
    slots = lappend(slots, plan.kept);
    slots = lappend(slots, makeBoolean(plan.transacts));
    slots = lappend(slots, plan.columns);
    slots = lappend(slots, makeInteger(plan.values_from));
    slots = lappend(slots, plan.assigned);
    slots = lappend(slots, makeBoolean(plan.counts));
    slots = lappend(slots, makeInteger(plan.parameter_count));
    slots = lappend(slots, plan.sort);
    slots = lappend(slots, makeInteger(plan.first_keys));
    slots = lappend(slots, plan.presence);
    slots = lappend(slots, plan.keys);
    slots = lappend(slots, plan.doubts);
    slots = lappend(slots, plan.accumulators);
    slots = lappend(slots, plan.having);
    slots = lappend(slots, plan.group_sort);
    slots = lappend(slots, plan.outputs);
    slots = lappend(slots, plan.notes);
    slots = lappend(slots, plan.reasons);
    Assert(list_length(slots) == static_cast<int>(ScanSlot::Count));
    return slots;
}

ScanPlan decode_scan_plan(List *encoded) {
    auto slot = [encoded](ScanSlot index) { return list_nth(encoded, static_cast<int>(index)); };
    ScanPlan plan{};
    plan.relations = static_cast<List *>(slot(ScanSlot::Relations));
    plan.as = static_cast<List *>(slot(ScanSlot::As));
    plan.targets = static_cast<List *>(slot(ScanSlot::Targets));
    Const *nodes = static_cast<Const *>(slot(ScanSlot::FilterNodes));
    bytea *data = DatumGetByteaPP(nodes->constvalue);
    plan.filter.count = plan.filter.capacity = VARSIZE_ANY_EXHDR(data) / sizeof(mql::Node);
    plan.filter.nodes = static_cast<mql::Node *>(palloc(VARSIZE_ANY_EXHDR(data) + 1)); // aligned copy
    memcpy(plan.filter.nodes, VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data));
    plan.roots = static_cast<List *>(slot(ScanSlot::Roots));
    plan.joins = static_cast<List *>(slot(ScanSlot::Joins));
    plan.late_roots = static_cast<List *>(slot(ScanSlot::LateRoots));
    plan.needed = static_cast<List *>(slot(ScanSlot::Needed));
    plan.needed_recheck = static_cast<List *>(slot(ScanSlot::NeededRecheck));
    plan.limit = intVal(slot(ScanSlot::Limit));
    plan.offset = intVal(slot(ScanSlot::Offset));
    plan.given_keys = intVal(slot(ScanSlot::GivenKeys));
    plan.drained = boolVal(slot(ScanSlot::Drained));
    plan.identified = boolVal(slot(ScanSlot::Identified));
    plan.kept = static_cast<List *>(slot(ScanSlot::Kept));
    plan.transacts = boolVal(slot(ScanSlot::Transacts));
    plan.columns = static_cast<List *>(slot(ScanSlot::Columns));
    plan.values_from = intVal(slot(ScanSlot::ValuesFrom));
    plan.assigned = static_cast<List *>(slot(ScanSlot::Assigned));
    plan.counts = boolVal(slot(ScanSlot::Counts));
    plan.parameter_count = intVal(slot(ScanSlot::ParameterCount));
    plan.sort = static_cast<List *>(slot(ScanSlot::Sort));
    plan.first_keys = intVal(slot(ScanSlot::FirstKeys));
    plan.presence = static_cast<List *>(slot(ScanSlot::Presence));
    plan.keys = static_cast<List *>(slot(ScanSlot::Keys));
    plan.doubts = static_cast<List *>(slot(ScanSlot::Doubts));
    plan.accumulators = static_cast<List *>(slot(ScanSlot::Accumulators));
    plan.having = static_cast<List *>(slot(ScanSlot::Having));
    plan.group_sort = static_cast<List *>(slot(ScanSlot::GroupSort));
    plan.outputs = static_cast<List *>(slot(ScanSlot::Outputs));
    plan.notes = static_cast<List *>(slot(ScanSlot::Notes));
    plan.reasons = static_cast<List *>(slot(ScanSlot::Reasons));
    return plan;
}

mql::SortKey *sort_keys(const ScanPlan &plan, SortAs allowed) {
    int count = list_length(plan.sort) / kSortFields;
    mql::SortKey *keys = static_cast<mql::SortKey *>(palloc0(sizeof(mql::SortKey) * Max(count, 1)));
    for (int i = 0; i < count; i++) {
        int at = i * kSortFields;
        keys[i].value = static_cast<uint32_t>(list_nth_int(plan.sort, at));
        keys[i].descending = list_nth_int(plan.sort, at + 1);
        keys[i].nulls_first = list_nth_int(plan.sort, at + 2);
        SortAs as = sort_as(plan.sort, i);
        keys[i].stored = as == SortAs::Stored ? allowed != SortAs::Computed : as == SortAs::Proved && as == allowed;
        keys[i].doubted = as == SortAs::Doubted;
    }
    return keys;
}

mql::Accumulator *accumulators_of(const ScanPlan &plan) {
    int count = list_length(plan.accumulators) / kAccumulatorFields;
    mql::Accumulator *accumulators = static_cast<mql::Accumulator *>(palloc0(sizeof(mql::Accumulator) * Max(count, 1)));
    for (int i = 0; i < count; i++) {
        int at = i * kAccumulatorFields;
        accumulators[i] = {static_cast<mql::Aggregate>(list_nth_int(plan.accumulators, at)),
                           list_nth_int(plan.accumulators, at + 1),
                           list_nth_int(plan.accumulators, at + 2) != 0,
                           static_cast<uint32_t>(list_nth_int(plan.accumulators, at + 3)),
                           static_cast<uint32_t>(list_nth_int(plan.accumulators, at + 4)),
                           list_nth_int(plan.accumulators, at + 5)};
    }
    return accumulators;
}

mql::GroupSortKey *group_sort_of(const ScanPlan &plan) {
    int count = list_length(plan.group_sort) / kGroupSortFields;
    mql::GroupSortKey *keys = static_cast<mql::GroupSortKey *>(palloc0(sizeof(mql::GroupSortKey) * Max(count, 1)));
    for (int i = 0; i < count; i++) {
        int at = i * kGroupSortFields;
        keys[i] = {list_nth_int(plan.group_sort, at) != 0, static_cast<uint32_t>(list_nth_int(plan.group_sort, at + 1)),
                   list_nth_int(plan.group_sort, at + 2) != 0, list_nth_int(plan.group_sort, at + 3) != 0};
    }
    return keys;
}

mql::Having *having_of(const ScanPlan &plan) {
    int count = list_length(plan.having) / kHavingFields;
    mql::Having *having = static_cast<mql::Having *>(palloc0(sizeof(mql::Having) * Max(count, 1)));
    for (int i = 0; i < count; i++) {
        int at = i * kHavingFields;
        having[i] = {static_cast<uint32_t>(list_nth_int(plan.having, at)),
                     static_cast<mql::Op>(list_nth_int(plan.having, at + 1)),
                     static_cast<uint32_t>(list_nth_int(plan.having, at + 2))};
    }
    return having;
}

uint32_t *numbers_of(List *numbers) {
    uint32_t *result = static_cast<uint32_t *>(palloc(sizeof(uint32_t) * Max(list_length(numbers), 1)));
    ListCell *cell;
    int i = 0;
    foreach (cell, numbers)
        result[i++] = static_cast<uint32_t>(lfirst_int(cell));
    return result;
}

} // namespace mongo_fdw
