// What the lowering of values consists of, for plan/values.cpp and plan/times.cpp. Zone B.
#pragma once

#include "plan/functions.hpp"
#include "plan/lower.hpp"

namespace mongo_fdw {

// The operands of a function, linked as they come. add is false for kNone, and with a reason where they are too many.
struct Operands {
    Lowering *lowering;
    uint32_t first = mql::kNone;
    uint32_t last = mql::kNone;
    int count = 0;
    bool unsure = false;

    bool add(uint32_t at) {
        if (at == mql::kNone)
            return false;
        constexpr int kMostOperands = 20;
        if (++count > kMostOperands)
            return refuse(lowering, "it has too many operands") != mql::kNone;
        if (first == mql::kNone)
            first = at;
        else
            lowering->sql.nodes[last].next = at;
        last = at;
        unsure = unsure || lowering->sql.nodes[at].unsure;
        return true;
    }
};

// A function of operands.
uint32_t apply(const Operands &operands, mql::Function function, mql::Family family, uint8_t width = 0,
               bool unsure = false, mql::Op op = mql::Op::Eq);

// A value that is the same for all rows.
uint32_t parameter_value(Lowering *lowering, Expr *expression, mql::Family family);

// Whether the arguments are such that a function's rule holds; *unit is that of a date function. Notes the reason
// otherwise.
bool demand_met(Lowering *lowering, const FunctionRule &rule, List *arguments, Oid collation, mql::Unit *unit);

// Whether a function moves a time by an interval.
bool moves_time(const FunctionRule &rule);

// Whether a function of a time may be sayable when the query runs; notes the reason otherwise. (A plan may outlive the
// session's time zone, and intervals may be parameters: then the condition is evaluated here for that execution.)
bool moment_known(Lowering *lowering, const FunctionRule &rule, List *arguments, mql::Unit unit);

// time AT TIME ZONE zone; date_trunc (unit, time, zone).
uint32_t at_time_zone(Lowering *lowering, Oid function, List *arguments, int depth);

} // namespace mongo_fdw
