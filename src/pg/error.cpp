// Error mapping. Zone S.
#include "pg/error.hpp"
#include "mongo/log.hpp"

#include "pg/pg.hpp"

namespace mongo_fdw {
namespace {

struct ServerCode {
    int32_t code;
    int sqlstate;
};

constexpr int kLost = ERRCODE_CONNECTION_FAILURE;
constexpr int kSerialization = ERRCODE_T_R_SERIALIZATION_FAILURE;

// Codes of MongoDB's error_codes.yml.
constexpr ServerCode kServerCodes[] = {
    {2, ERRCODE_INVALID_PARAMETER_VALUE},    // BadValue
    {6, kLost},                              // HostUnreachable
    {7, kLost},                              // HostNotFound
    {9, ERRCODE_INVALID_PARAMETER_VALUE},    // FailedToParse
    {13, ERRCODE_INSUFFICIENT_PRIVILEGE},    // Unauthorized
    {14, ERRCODE_INVALID_PARAMETER_VALUE},   // TypeMismatch
    {18, ERRCODE_INVALID_PASSWORD},          // AuthenticationFailed
    {24, ERRCODE_LOCK_NOT_AVAILABLE},        // LockTimeout
    {26, ERRCODE_FDW_TABLE_NOT_FOUND},       // NamespaceNotFound
    {28, ERRCODE_DATA_EXCEPTION},            // PathNotViable
    {40, ERRCODE_INVALID_PARAMETER_VALUE},   // ConflictingUpdateOperators
    {43, ERRCODE_INVALID_CURSOR_NAME},       // CursorNotFound
    {46, ERRCODE_LOCK_NOT_AVAILABLE},        // LockBusy
    {48, ERRCODE_DUPLICATE_TABLE},           // NamespaceExists
    {50, ERRCODE_QUERY_CANCELED},            // MaxTimeMSExpired
    {59, ERRCODE_FEATURE_NOT_SUPPORTED},     // CommandNotFound
    {73, ERRCODE_INVALID_NAME},              // InvalidNamespace
    {89, kLost},                             // NetworkTimeout
    {91, kLost},                             // ShutdownInProgress
    {112, kSerialization},                   // WriteConflict
    {115, ERRCODE_FEATURE_NOT_SUPPORTED},    // CommandNotSupported
    {121, ERRCODE_CHECK_VIOLATION},          // DocumentValidationFailure
    {146, ERRCODE_OUT_OF_MEMORY},            // ExceededMemoryLimit
    {166, ERRCODE_FEATURE_NOT_SUPPORTED},    // CommandNotSupportedOnView
    {167, ERRCODE_FEATURE_NOT_SUPPORTED},    // OptionNotSupportedOnView
    {175, ERRCODE_INVALID_CURSOR_NAME},      // QueryPlanKilled
    {189, kLost},                            // PrimarySteppedDown
    {237, ERRCODE_INVALID_CURSOR_NAME},      // CursorKilled
    {238, ERRCODE_FEATURE_NOT_SUPPORTED},    // NotImplemented
    {239, kSerialization},                   // SnapshotTooOld
    {244, kSerialization},                   // TransactionAborted
    {246, kSerialization},                   // SnapshotUnavailable
    {251, kSerialization},                   // NoSuchTransaction
    {262, ERRCODE_QUERY_CANCELED},           // ExceededTimeLimit
    {292, ERRCODE_OUT_OF_MEMORY},            // QueryExceededMemoryLimitNoDiskUseAllowed
    {303, ERRCODE_FEATURE_NOT_SUPPORTED},    // FeatureNotSupported
    {10107, kLost},                          // NotWritablePrimary
    {10334, ERRCODE_PROGRAM_LIMIT_EXCEEDED}, // BSONObjectTooLarge
    {11000, ERRCODE_UNIQUE_VIOLATION},       // DuplicateKey
    {11001, ERRCODE_UNIQUE_VIOLATION},       //
    {11600, kLost},                          // InterruptedAtShutdown
    {11601, ERRCODE_QUERY_CANCELED},         // Interrupted
    {11602, kLost},                          // InterruptedDueToReplStateChange
    {13435, kLost},                          // NotPrimaryNoSecondaryOk
    {13436, kLost},                          // NotPrimaryOrSecondary
    {17419, ERRCODE_PROGRAM_LIMIT_EXCEEDED}, // document grows beyond the limit
    {17420, ERRCODE_PROGRAM_LIMIT_EXCEEDED}, //
    {40324, ERRCODE_FEATURE_NOT_SUPPORTED},  // unrecognized pipeline stage
};

struct KindRow {
    mongo::ErrorKind kind;
    int sqlstate;
    const char *message; // with one %s: the server's or namespace's name
};

constexpr KindRow kKinds[] = {
    {mongo::ErrorKind::Interrupted, ERRCODE_QUERY_CANCELED, "waiting for server \"%s\" was interrupted"},
    {mongo::ErrorKind::Config, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE,
     "the options of server \"%s\" do not make a connection"},
    {mongo::ErrorKind::Connect, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION,
     "could not connect to server \"%s\""},
    {mongo::ErrorKind::Auth, ERRCODE_INVALID_PASSWORD, "authentication with server \"%s\" failed"},
    {mongo::ErrorKind::Lost, ERRCODE_CONNECTION_FAILURE, "lost the connection to server \"%s\""},
    {mongo::ErrorKind::Server, ERRCODE_FDW_ERROR, "server \"%s\" reports an error"},
    {mongo::ErrorKind::Protocol, ERRCODE_PROTOCOL_VIOLATION, "server \"%s\" sent an unexpected answer"},
    {mongo::ErrorKind::None, ERRCODE_FDW_ERROR, "server \"%s\" reports an error"},
};

const KindRow &kind_row(mongo::ErrorKind kind) {
    for (const KindRow &row : kKinds)
        if (row.kind == kind)
            return row;
    return kKinds[lengthof(kKinds) - 1];
}

} // namespace

int sqlstate_of(const mongo::Error &error) {
    if (error.overloaded)
        return ERRCODE_CONFIGURATION_LIMIT_EXCEEDED;
    if (error.transient)
        return kSerialization;
    if (error.kind == mongo::ErrorKind::Server) {
        for (const ServerCode &row : kServerCodes)
            if (row.code == error.code)
                return row.sqlstate;
    }
    return kind_row(error.kind).sqlstate;
}

void raise_mongo_error(const mongo::Error &error, const char *server_name, const char *name_space,
                       const char *pipeline) {
    report_driver_log();
    CHECK_FOR_INTERRUPTS();
    const KindRow &row = kind_row(error.kind);
    if (error.kind == mongo::ErrorKind::Server)
        ereport(ERROR, (errcode(sqlstate_of(error)), errmsg(row.message, server_name),
                        errdetail("Code %d: %s", error.code, error.message),
                        name_space ? errcontext("namespace \"%s\"%s%s", name_space, pipeline ? ", pipeline " : "",
                                                pipeline ? pipeline : "")
                                   : 0));
    ereport(ERROR, (errcode(sqlstate_of(error)), errmsg(row.message, server_name),
                    error.message[0] ? errdetail("%s", error.message) : 0,
                    error.kind == mongo::ErrorKind::Auth
                        ? errhint("Check the user mapping and its options \"auth_source\" and \"auth_mechanism\".")
                        : 0,
                    name_space ? errcontext("namespace \"%s\"%s%s", name_space, pipeline ? ", pipeline " : "",
                                            pipeline ? pipeline : "")
                               : 0));
    pg_unreachable();
}

void report_driver_log() {
    char line[256];
    while (mongo::next_log_line(line, sizeof line))
        ereport(DEBUG1, (errmsg_internal("mongo driver: %s", line)));
}

} // namespace mongo_fdw
