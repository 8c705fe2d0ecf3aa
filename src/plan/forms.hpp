// Forms of SQL that are no functions, as rules. Zone B.
#pragma once

#include "mql/features.hpp"
#include "plan/private.hpp"

namespace mongo_fdw {

struct FormRow {
    const char *name;
    const char *verdict;
    const char *note;
    mql::Feature needs = mql::Feature::None;
    // What shows that a plan has applied it: a node of what is sent, or the plan. Neither: it becomes its parts.
    bool (*in_node)(const mql::Node &node) = nullptr;
    bool (*in_plan)(const ScanPlan &plan) = nullptr;
};

// All rows.
const FormRow *form_rules(int *count);

// Counts the forms that a plan has applied, in this session, and how often one was; negative for what is not counted.
void count_forms(const ScanPlan &plan);
int64 uses_of_form(int number);

} // namespace mongo_fdw
