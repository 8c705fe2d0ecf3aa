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
    slots =
        lappend(slots, makeConst(OIDOID, -1, InvalidOid, sizeof(Oid), ObjectIdGetDatum(plan.relation), false, true));
    slots = lappend(slots, plan.targets);
    slots = lappend(slots, makeConst(BYTEAOID, -1, InvalidOid, -1, PointerGetDatum(nodes), false, false));
    slots = lappend(slots, plan.roots);
    slots = lappend(slots, plan.needed);
    slots = lappend(slots, plan.needed_recheck);
    slots = lappend(slots, makeInteger(plan.limit));
    slots = lappend(slots, makeInteger(plan.offset));
    slots = lappend(slots, makeInteger(plan.parameter_count));
    slots = lappend(slots, plan.reasons);
    Assert(list_length(slots) == static_cast<int>(ScanSlot::Count));
    return slots;
}

ScanPlan decode_scan_plan(List *encoded) {
    auto slot = [encoded](ScanSlot index) { return list_nth(encoded, static_cast<int>(index)); };
    ScanPlan plan{};
    plan.relation = DatumGetObjectId(static_cast<Const *>(slot(ScanSlot::Relation))->constvalue);
    plan.targets = static_cast<List *>(slot(ScanSlot::Targets));
    Const *nodes = static_cast<Const *>(slot(ScanSlot::FilterNodes));
    bytea *data = DatumGetByteaPP(nodes->constvalue);
    plan.filter.count = plan.filter.capacity = VARSIZE_ANY_EXHDR(data) / sizeof(mql::Node);
    plan.filter.nodes = static_cast<mql::Node *>(palloc(VARSIZE_ANY_EXHDR(data) + 1)); // aligned copy
    memcpy(plan.filter.nodes, VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data));
    plan.roots = static_cast<List *>(slot(ScanSlot::Roots));
    plan.needed = static_cast<List *>(slot(ScanSlot::Needed));
    plan.needed_recheck = static_cast<List *>(slot(ScanSlot::NeededRecheck));
    plan.limit = intVal(slot(ScanSlot::Limit));
    plan.offset = intVal(slot(ScanSlot::Offset));
    plan.parameter_count = intVal(slot(ScanSlot::ParameterCount));
    plan.reasons = static_cast<List *>(slot(ScanSlot::Reasons));
    return plan;
}

} // namespace mongo_fdw
