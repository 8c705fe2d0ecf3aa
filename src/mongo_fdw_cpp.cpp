// Entry points of the library: what PostgreSQL calls is named here. Zone B.
// Nothing of libmongoc is touched before the first connection: a client must never exist before a fork.
#include "catalog/import.hpp"
#include "dml/direct.hpp"
#include "dml/modify.hpp"
#include "exec/analyze.hpp"
#include "exec/scan.hpp"
#include "keyjoin/keyjoin.hpp"
#include "plan/joins.hpp"
#include "plan/paths.hpp"

#include "pg/pg.hpp"

extern "C" {
#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(.name = "mongo_fdw_cpp", .version = "1.0");
#else
PG_MODULE_MAGIC;
#endif
void _PG_init(void);
PG_FUNCTION_INFO_V1(mongo_fdw_cpp_handler);
PG_FUNCTION_INFO_V1(mongo_fdw_cpp_version);
}

namespace mongo_fdw {
namespace {

struct SwitchRow {
    const char *name;
    const char *description;
    bool *variable;
};

constexpr SwitchRow kSwitches[] = {
    {"mongo_fdw_cpp.enable_pushdown",
     "Lets MongoDB evaluate what it evaluates exactly; off: everything is evaluated here.", &enable_pushdown},
    {"mongo_fdw_cpp.enable_filter_pushdown", "Lets MongoDB evaluate conditions.", &enable_filter_pushdown},
    {"mongo_fdw_cpp.enable_limit_pushdown", "Lets MongoDB apply LIMIT.", &enable_limit_pushdown},
    {"mongo_fdw_cpp.enable_order_by_pushdown", "Lets MongoDB sort.", &enable_order_by_pushdown},
    {"mongo_fdw_cpp.enable_aggregate_pushdown", "Lets MongoDB group and aggregate.", &enable_aggregate_pushdown},
    {"mongo_fdw_cpp.enable_join_pushdown", "Lets MongoDB join, and take part in joins by the keys of the other side.",
     &enable_join_pushdown},
    {"mongo_fdw_cpp.enable_key_joins", "Lets joins ask MongoDB for batches of the other side's keys.",
     &enable_key_joins},
    {"mongo_fdw_cpp.enable_float_aggregates", "Lets MongoDB add up double precision, whose last digits may differ.",
     &enable_float_aggregates},
};

} // namespace
} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" void _PG_init(void) {
    for (const SwitchRow &row : kSwitches)
        DefineCustomBoolVariable(row.name, row.description, nullptr, row.variable, true, PGC_USERSET, 0, nullptr,
                                 nullptr, nullptr);
    MarkGUCPrefixReserved("mongo_fdw_cpp");
    register_key_joins();
}

extern "C" Datum mongo_fdw_cpp_handler(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    FdwRoutine *routine = makeNode(FdwRoutine);
    routine->GetForeignRelSize = mongoGetForeignRelSize;
    routine->GetForeignPaths = mongoGetForeignPaths;
    routine->GetForeignJoinPaths = mongoGetForeignJoinPaths;
    routine->GetForeignUpperPaths = mongoGetForeignUpperPaths;
    routine->GetForeignPlan = mongoGetForeignPlan;
    routine->BeginForeignScan = mongoBeginForeignScan;
    routine->IterateForeignScan = mongoIterateForeignScan;
    routine->ReScanForeignScan = mongoReScanForeignScan;
    routine->EndForeignScan = mongoEndForeignScan;
    routine->ExplainForeignScan = mongoExplainForeignScan;
    routine->IsForeignRelUpdatable = mongoIsForeignRelUpdatable;
    routine->AddForeignUpdateTargets = mongoAddForeignUpdateTargets;
    routine->PlanForeignModify = mongoPlanForeignModify;
    routine->BeginForeignModify = mongoBeginForeignModify;
    routine->BeginForeignInsert = mongoBeginForeignInsert;
    routine->GetForeignModifyBatchSize = mongoGetForeignModifyBatchSize;
    routine->ExecForeignInsert = mongoExecForeignInsert;
    routine->ExecForeignBatchInsert = mongoExecForeignBatchInsert;
    routine->ExecForeignUpdate = mongoExecForeignUpdate;
    routine->ExecForeignDelete = mongoExecForeignDelete;
    routine->EndForeignModify = mongoEndForeignModify;
    routine->EndForeignInsert = mongoEndForeignInsert;
    routine->PlanDirectModify = mongoPlanDirectModify;
    routine->BeginDirectModify = mongoBeginDirectModify;
    routine->IterateDirectModify = mongoIterateDirectModify;
    routine->EndDirectModify = mongoEndDirectModify;
    routine->ExplainDirectModify = mongoExplainDirectModify;
    routine->ExecForeignTruncate = mongoExecForeignTruncate;
    routine->ExplainForeignModify = mongoExplainForeignModify;
    routine->AnalyzeForeignTable = mongoAnalyzeForeignTable;
    routine->ImportForeignSchema = mongoImportForeignSchema;
    PG_RETURN_POINTER(routine);
}

extern "C" Datum mongo_fdw_cpp_version(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    PG_RETURN_INT32(10000);
}
