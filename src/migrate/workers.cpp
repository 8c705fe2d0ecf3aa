// Background workers of a load: started with the rights and settings of the session, ended with its CALL. Zone B.
//
// A worker runs one CALL as a statement of its own, so that it may commit. It is told the command and the settings by a
// segment of shared memory, and tells there how it ended.
#include "pg/arguments.hpp"
#include "pg/guard.hpp"

extern "C" {
#include "access/xact.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/portal.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
PG_FUNCTION_INFO_V1(mongo_begin_chunk);
PG_FUNCTION_INFO_V1(mongo_chunk_timed_out);
PG_FUNCTION_INFO_V1(mongo_start_worker);
PG_FUNCTION_INFO_V1(mongo_worker_state);
PG_FUNCTION_INFO_V1(mongo_leader_is_gone);
PG_FUNCTION_INFO_V1(mongo_wait);
PGDLLEXPORT void mongo_load_worker_main(Datum argument);
}

namespace mongo_fdw {
namespace {

enum class WorkerEnd : uint8_t { None, Done, Failed };

// What leader and worker share; the command and the settings stand behind it.
struct Shared {
    Oid database;
    Oid session_user;
    Oid user;
    volatile bool leader_gone;
    volatile WorkerEnd end;
    char sqlstate[6];
    char message[1024];
    char application_name[NAMEDATALEN];
    Size command_size;
};

char *command_of(Shared *shared) { return reinterpret_cast<char *>(shared) + MAXALIGN(sizeof(Shared)); }
char *settings_of(Shared *shared) { return command_of(shared) + MAXALIGN(shared->command_size); }

struct Worker {
    dsm_segment *segment;
    BackgroundWorkerHandle *handle;
};

constexpr int kMostWorkers = 64;

// The workers of a CALL, in its portal's memory.
struct Leader {
    MemoryContext context;
    Worker workers[kMostWorkers];
};

Leader *leader = nullptr;     // of the CALL that runs, if it has workers
Shared *own_worker = nullptr; // in a worker
TimestampTz chunk_began = 0;

void on_leader_detach(dsm_segment *, Datum shared) {
    reinterpret_cast<Shared *>(DatumGetPointer(shared))->leader_gone = true;
}

// The end of the CALL, whichever way: none of its workers stays.
void on_call_end(void *) {
    for (Worker &worker : leader->workers) {
        if (worker.handle)
            TerminateBackgroundWorker(worker.handle);
        if (worker.segment)
            dsm_detach(worker.segment);
    }
    leader = nullptr;
}

void begin_leader() {
    if (leader)
        return;
    MemoryContext context = AllocSetContextCreate(PortalContext, "mongo_fdw_cpp workers", ALLOCSET_SMALL_SIZES);
    Leader *made = static_cast<Leader *>(MemoryContextAllocZero(context, sizeof(Leader)));
    made->context = context;
    MemoryContextCallback *callback =
        static_cast<MemoryContextCallback *>(MemoryContextAllocZero(context, sizeof(MemoryContextCallback)));
    callback->func = on_call_end;
    leader = made;
    MemoryContextRegisterResetCallback(context, callback);
}

// The segment for a worker; null where there is no room for one.
dsm_segment *share(const char *command, const char *application_name) {
    Size command_size = strlen(command) + 1, settings_size = EstimateGUCStateSpace();
    dsm_segment *segment =
        dsm_create(MAXALIGN(sizeof(Shared)) + MAXALIGN(command_size) + settings_size, DSM_CREATE_NULL_IF_MAXSEGMENTS);
    if (!segment)
        return nullptr;
    Shared *shared = static_cast<Shared *>(dsm_segment_address(segment));
    memset(shared, 0, sizeof(Shared));
    shared->database = MyDatabaseId;
    shared->session_user = GetSessionUserId();
    shared->user = GetUserId();
    strlcpy(shared->application_name, application_name, sizeof shared->application_name);
    shared->command_size = command_size;
    memcpy(command_of(shared), command, command_size);
    SerializeGUCState(settings_size, settings_of(shared));
    on_dsm_detach(segment, on_leader_detach, PointerGetDatum(shared));
    dsm_pin_mapping(segment);
    return segment;
}

// False where PostgreSQL has no slot.
bool register_worker(Worker *worker, const char *name) {
    BackgroundWorker request{};
    request.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    request.bgw_start_time = BgWorkerStart_RecoveryFinished;
    request.bgw_restart_time = BGW_NEVER_RESTART;
    strlcpy(request.bgw_library_name, "mongo_fdw_cpp", sizeof request.bgw_library_name);
    strlcpy(request.bgw_function_name, "mongo_load_worker_main", sizeof request.bgw_function_name);
    strlcpy(request.bgw_name, name, sizeof request.bgw_name);
    strlcpy(request.bgw_type, "mongo_fdw_cpp load", sizeof request.bgw_type);
    request.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(worker->segment));
    request.bgw_notify_pid = MyProcPid;
    return RegisterDynamicBackgroundWorker(&request, &worker->handle);
}

void release(Worker *worker) {
    if (worker->segment)
        dsm_detach(worker->segment);
    worker->segment = nullptr;
    worker->handle = nullptr;
}

// Statements that commit by themselves, for which a worker is needed.
bool runs_alone(const Node *statement) {
    return IsA(statement, CallStmt) || (IsA(statement, IndexStmt) && castNode(IndexStmt, statement)->concurrent);
}

// One statement as a client would send it: CALL may commit there.
void run_statement(const char *command) {
    MemoryContext context = AllocSetContextCreate(TopMemoryContext, "mongo_fdw_cpp command", ALLOCSET_DEFAULT_SIZES);
    SetCurrentStatementStartTimestamp();
    pgstat_report_activity(STATE_RUNNING, command);
    StartTransactionCommand();
    MemoryContextSwitchTo(context);
    List *statements = pg_parse_query(command);
    if (list_length(statements) != 1 || !runs_alone(linitial_node(RawStmt, statements)->stmt))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("a worker runs one CALL, or CREATE INDEX CONCURRENTLY")));
    RawStmt *statement = linitial_node(RawStmt, statements);
    PushActiveSnapshot(GetTransactionSnapshot());
    List *queries = pg_analyze_and_rewrite_fixedparams(statement, command, nullptr, 0, nullptr);
    List *plans = pg_plan_queries(queries, command, 0, nullptr);
    PopActiveSnapshot();
    Portal portal = CreatePortal("", true, true);
    portal->visible = false;
    PortalDefineQuery(portal, nullptr, command, CreateCommandTag(statement->stmt), plans, nullptr);
    PortalStart(portal, nullptr, 0, InvalidSnapshot);
    QueryCompletion completion;
    run_portal(portal, None_Receiver, &completion);
    PortalDrop(portal, false);
    CommitTransactionCommand();
    pgstat_report_activity(STATE_IDLE, nullptr);
}

// As the session that started it: its user, its role, its settings.
void take_on_session(Shared *shared) {
    BackgroundWorkerInitializeConnectionByOid(shared->database, shared->session_user, 0);
    StartTransactionCommand();
    RestoreGUCState(settings_of(shared));
    if (shared->user != shared->session_user)
        SetConfigOption("role", GetUserNameFromId(shared->user, false), PGC_USERSET, PGC_S_SESSION);
    SetConfigOption("application_name", shared->application_name, PGC_USERSET, PGC_S_SESSION);
    CommitTransactionCommand();
}

// The whole of a worker's work.
void run_worker(void *argument) {
    Shared *shared = static_cast<Shared *>(argument);
    take_on_session(shared);
    run_statement(command_of(shared));
    shared->end = WorkerEnd::Done;
}

// What a worker that ends with an error says to its leader, beside the server's log.
void tell_leader(const ErrorData *error, void *argument) {
    Shared *shared = static_cast<Shared *>(argument);
    strlcpy(shared->sqlstate, unpack_sql_state(error->sqlerrcode), sizeof shared->sqlstate);
    strlcpy(shared->message, error->message ? error->message : "", sizeof shared->message);
    shared->end = WorkerEnd::Failed;
}

Worker *worker_argument(FunctionCallInfo fcinfo, int index) {
    return &leader->workers[integer_argument(fcinfo, index, "slot", 1, kMostWorkers) - 1];
}

} // namespace
} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" Datum mongo_begin_chunk(PG_FUNCTION_ARGS) {
    CHECK_FOR_INTERRUPTS();
    chunk_began = GetCurrentTimestamp();
    if (StatementTimeout > 0)
        enable_timeout_after(STATEMENT_TIMEOUT, StatementTimeout);
    PG_RETURN_VOID();
}

extern "C" Datum mongo_chunk_timed_out(PG_FUNCTION_ARGS) {
    PG_RETURN_BOOL(StatementTimeout > 0 && chunk_began != 0 &&
                   TimestampDifferenceExceeds(chunk_began, GetCurrentTimestamp(), StatementTimeout));
}

extern "C" Datum mongo_start_worker(PG_FUNCTION_ARGS) {
    char *command = text_argument(fcinfo, 0, "command");
    char *name = text_argument(fcinfo, 1, "application_name");
    begin_leader();
    Worker *worker = worker_argument(fcinfo, 2);
    release(worker);
    worker->segment = share(command, name);
    MemoryContext caller = MemoryContextSwitchTo(leader->context);
    bool registered = worker->segment && register_worker(worker, name);
    MemoryContextSwitchTo(caller);
    pid_t pid = 0;
    if (!registered) {
        release(worker);
        PG_RETURN_NULL();
    }
    if (WaitForBackgroundWorkerStartup(worker->handle, &pid) == BGWH_POSTMASTER_DIED)
        ereport(FATAL, (errcode(ERRCODE_ADMIN_SHUTDOWN), errmsg("the postmaster has gone")));
    PG_RETURN_INT32(static_cast<int32>(pid));
}

extern "C" Datum mongo_worker_state(PG_FUNCTION_ARGS) {
    TupleDesc descriptor;
    if (get_call_result_type(fcinfo, nullptr, &descriptor) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    Datum values[3] = {};
    bool nulls[3] = {true, true, true};
    Worker *worker = leader ? worker_argument(fcinfo, 0) : nullptr;
    if (worker && worker->handle) {
        pid_t pid;
        const Shared *shared = static_cast<const Shared *>(dsm_segment_address(worker->segment));
        bool running = GetBackgroundWorkerPid(worker->handle, &pid) == BGWH_STARTED;
        WorkerEnd end = shared->end;
        values[0] = CStringGetTextDatum(running                    ? "running"
                                        : end == WorkerEnd::Done   ? "done"
                                        : end == WorkerEnd::Failed ? "failed"
                                                                   : "lost");
        nulls[0] = false;
        if (!running && end == WorkerEnd::Failed) {
            values[1] = CStringGetTextDatum(shared->sqlstate);
            values[2] = CStringGetTextDatum(shared->message);
            nulls[1] = nulls[2] = false;
        }
    }
    PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}

extern "C" Datum mongo_leader_is_gone(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(own_worker && own_worker->leader_gone); }

extern "C" Datum mongo_wait(PG_FUNCTION_ARGS) {
    if (get_timeout_active(STATEMENT_TIMEOUT))
        disable_timeout(STATEMENT_TIMEOUT, false);
    TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), PG_GETARG_INT32(0));
    for (;;) {
        CHECK_FOR_INTERRUPTS();
        long left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until);
        if (left <= 0)
            PG_RETURN_VOID();
        (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, left, PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
    }
}

extern "C" void mongo_load_worker_main(Datum argument) {
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    CurrentResourceOwner = ResourceOwnerCreate(nullptr, "mongo_fdw_cpp load");
    dsm_segment *segment = dsm_attach(DatumGetUInt32(argument));
    if (!segment)
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("the load has ended already")));
    dsm_pin_mapping(segment);
    own_worker = static_cast<Shared *>(dsm_segment_address(segment));
    tell_error(run_worker, tell_leader, own_worker);
}
