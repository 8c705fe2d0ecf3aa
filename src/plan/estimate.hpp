// What the server says about a scan before it is planned. Zone B.
#pragma once

#include "plan/relation.hpp"

namespace mongo_fdw {

// Documents that the conditions leave, and those that the server looks at for them.
struct Explained {
    double documents;
    double examined;
};

// Asks the server's explain for the conditions that are sent of a table with use_remote_estimate: it runs them, for a
// second at most. False where it does not say: values that are not known yet, a table with a pipeline, a server whose
// explain has no executionStats. Never raises because of the server.
bool explain_conditions(PlannerInfo *root, const RelationInfo *info, Explained *explained);

} // namespace mongo_fdw
