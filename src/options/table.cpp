// The table of options and the validator. Zone B.
#include "options/table.hpp"

#include <initializer_list>

#include "convert/query_json.hpp"
#include "mongo/client.hpp"
#include "mongo/log.hpp"
#include "options/options.hpp"
#include "options/path.hpp"
#include "pg/error.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(mongo_fdw_cpp_validator);
}

namespace mongo_fdw {
namespace {

[[noreturn]] void invalid(const OptionRow &row, const char *value, const char *expected) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("invalid value for option \"%s\": \"%s\"", row.name, value), errhint("%s", expected)));
    pg_unreachable();
}

void check_bool(const OptionRow &row, const char *value, uint8_t) {
    bool ignored;
    if (!parse_bool(value, &ignored))
        ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("%s requires a Boolean value", row.name)));
}

void check_port(const OptionRow &row, const char *value, uint8_t) {
    int port;
    if (!parse_int(value, &port, 0, nullptr))
        invalid(row, value, "A port is a number from 1 to 65535.");
    if (port < 1 || port > 65535)
        ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                        errmsg("port value \"%s\" is out of range for type %s", value, "unsigned short")));
}

// Hosts alone: the value becomes part of a URI, and must not bring parameters or credentials of its own.
void check_address(const OptionRow &row, const char *value, uint8_t) {
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:,[]";
    if (*value == '\0' || value[strspn(value, allowed)] != '\0') // not shown: it may hold a password
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid value for option \"%s\"", row.name),
                        errhint("Give a host name or address, or a list \"host1:port1,host2\". Use \"uri\" for "
                                "anything else.")));
}

void check_duration(const OptionRow &row, const char *value, uint8_t) {
    int ms;
    if (!parse_int(value, &ms, GUC_UNIT_MS, nullptr) || ms < 0)
        invalid(row, value, "Give milliseconds, or a number with a unit: \"500ms\", \"10s\", \"1min\".");
}

void check_bytes(const OptionRow &row, const char *value, uint8_t) {
    int bytes;
    if (!parse_int(value, &bytes, GUC_UNIT_BYTE, nullptr) || bytes < 1024 || bytes > 48000000)
        invalid(row, value, "Give bytes from 1kB to 45MB, such as \"384kB\".");
}

void check_count(const OptionRow &row, const char *value, uint8_t) {
    int count;
    if (!parse_int(value, &count, 0, nullptr) || count < 0)
        invalid(row, value, "Give a number of documents, 0 to bound batches by fetch_bytes alone.");
}

void check_integer(const OptionRow &row, const char *value, uint8_t) {
    int least = 0, most = 0, number;
    sscanf(row.values, "%d|%d", &least, &most);
    if (!parse_int(value, &number, 0, nullptr) || number < least || number > most)
        invalid(row, value, psprintf("Give a number from %d to %d.", least, most));
}

void check_cost(const OptionRow &row, const char *value, uint8_t) {
    double cost;
    if (!parse_real(value, &cost, 0, nullptr) || cost < 0)
        invalid(row, value, "Give a number that is not negative.");
}

void check_enumeration(const OptionRow &row, const char *value, uint8_t) {
    const char *at = row.values;
    size_t length = strlen(value);
    StringInfoData list;
    initStringInfo(&list);
    while (*at) {
        const char *end = strchr(at, '|');
        size_t size = end ? static_cast<size_t>(end - at) : strlen(at);
        if (size == length && pg_strncasecmp(at, value, size) == 0)
            return;
        appendStringInfo(&list, "%s\"%.*s\"", list.len ? ", " : "", static_cast<int>(size), at);
        at += size + (end ? 1 : 0);
    }
    invalid(row, value, psprintf("Valid values are %s.", list.data));
}

// Parameters of a URI that make the server process read files or use credentials that are its own.
struct UriRule {
    const char *parameter;
    const char *value; // null: any
};
constexpr UriRule kSuperuserParameters[] = {
    {"tlscertificatekeyfile", nullptr},       {"tlscafile", nullptr},
    {"sslclientcertificatekeyfile", nullptr}, {"sslcertificateauthorityfile", nullptr},
    {"authmechanism", "MONGODB-AWS"},         {"authmechanism", "GSSAPI"},
    {"authmechanism", "MONGODB-OIDC"},
};

// The driver ignores options that it does not know, or whose values it does not take, and says so in its log alone.
// Only the name is shown: the value may be a secret at the wrong place.
void warn_of_ignored_options() {
    char line[256];
    while (mongo::next_log_line(line, sizeof line)) {
        const char *found = nullptr;
        for (const char *words : {"Unsupported URI option \"", "Unsupported value for \""})
            if (const char *at = strstr(line, words))
                found = at + strlen(words);
        const char *end = found ? strchr(found, '"') : nullptr;
        if (end)
            ereport(WARNING, (errmsg("the URI option \"%.*s\" has no effect", static_cast<int>(end - found), found),
                              errdetail("The driver knows no such option, or does not take its value."),
                              errhint("See the manual of MongoDB's connection strings for names and values.")));
    }
}

void check_uri(const OptionRow &, const char *value, uint8_t scope) {
    mongo::Error error;
    const char *uri = pg_server_to_any(value, strlen(value), PG_UTF8);
    report_driver_log();
    mongo::UriFacts facts = mongo::uri_facts(uri);
    warn_of_ignored_options();
    // Parameters that are secrets themselves.
    bool secret_parameter = mongo::uri_has_option(uri, "tlscertificatekeyfilepassword", nullptr, 0) ||
                            mongo::uri_has_option(uri, "authmechanismproperties", nullptr, 0);
    bool may_hold_credentials = strchr(value, '@') != nullptr;
    if (scope == kServer &&
        (facts.has_username || facts.has_password || secret_parameter || (!facts.valid && may_hold_credentials)))
        ereport(ERROR,
                (errcode(ERRCODE_FDW_INVALID_STRING_FORMAT), errmsg("the URI of a server must not hold credentials"),
                 errdetail("Everyone may read the options of a server."),
                 errhint("Put user name and password, or the whole URI, into the user mapping.")));
    if (!mongo::check_uri(uri,
                          &error)) // the driver's words may repeat the URI, so they are not shown beside credentials
        ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_STRING_FORMAT), errmsg("the URI is not valid"),
                        may_hold_credentials ? 0 : errdetail("%s", error.message),
                        errhint("A URI looks like \"mongodb://host:27017/?replicaSet=name\". In user name and password "
                                "the characters %% : / ? # [ ] @ must be percent-encoded.")));
    report_driver_log(); // parsed again, ignored again
    if (superuser())
        return;
    if (facts.has_socket)
        ereport(ERROR,
                (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("only a superuser may use a Unix socket in a URI"),
                 errdetail("It lets the server process connect to what its own machine keeps for local users.")));
    for (const UriRule &rule : kSuperuserParameters) {
        char found[64];
        if (mongo::uri_has_option(uri, rule.parameter, found, sizeof found) &&
            (!rule.value || pg_strcasecmp(found, rule.value) == 0))
            ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                            errmsg("only a superuser may use \"%s\" in a URI", rule.parameter),
                            errdetail("It lets the server process read files or use credentials of its own.")));
    }
}

void check_mechanism(const OptionRow &row, const char *value, uint8_t scope) {
    check_enumeration(row, value, scope);
    for (const UriRule &rule : kSuperuserParameters)
        if (rule.value && pg_strcasecmp(rule.value, value) == 0 && !superuser())
            ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                            errmsg("only a superuser may use the authentication mechanism \"%s\"", rule.value),
                            errdetail("It uses credentials of the server process.")));
}

void check_pipeline(const OptionRow &row, const char *value, uint8_t) {
    read_pipeline(value, psprintf("invalid value for option \"%s\"", row.name), ERRCODE_INVALID_PARAMETER_VALUE);
}

void check_share(const OptionRow &row, const char *value, uint8_t) {
    double share;
    if (!parse_real(value, &share, 0, nullptr) || !(share >= 0 && share <= 0.5))
        invalid(row, value, "Give a share from 0 to 0.5.");
}

void check_path(const OptionRow &, const char *value, uint8_t) { parse_path(value); }

void check_paths(const OptionRow &, const char *value, uint8_t) {
    int count;
    parse_paths(value, &count);
}

void check_unwind(const OptionRow &, const char *value, uint8_t) {
    int levels;
    parse_unwind(value, &levels);
}

void check_bson_type(const OptionRow &row, const char *value, uint8_t) {
    static const char *const kTypes[] = {"int32",    "int64", "double", "decimal128", "string", "date",
                                         "objectid", "uuid",  "binary", "bool",       "object", "array"};
    static const char *const kUnread[] = {"timestamp", "regex", "code", "symbol", "dbPointer", "minKey", "maxKey"};
    for (const char *type : kTypes)
        if (pg_strcasecmp(type, value) == 0)
            return;
    for (const char *type : kUnread)
        if (pg_strcasecmp(type, value) == 0)
            ereport(ERROR,
                    (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                     errmsg("invalid value for option \"%s\": \"%s\"", row.name, value),
                     errdetail("No column but one of JSON reads values of this BSON type: what was written could "
                               "be neither read nor found."),
                     errhint("Write such a value through a column of type json or jsonb, as Extended JSON.")));
    int subtype;
    if (pg_strncasecmp(value, "binary:", 7) == 0 && parse_int(value + 7, &subtype, 0, nullptr) && subtype >= 0 &&
        subtype <= 255)
        return;
    invalid(row, value,
            "Valid values are int32, int64, double, decimal128, string, date, objectid, uuid, bool, object, array, "
            "binary, and binary:N with a subtype N from 0 to 255.");
}

void check_write_concern(const OptionRow &row, const char *value, uint8_t) {
    mql::Refusal refusal;
    if (!read_write_concern(value, &refusal).data)
        invalid(row, value, refusal.reason);
}

constexpr const char *kReadPreferences = "primary|primaryPreferred|secondary|secondaryPreferred|nearest";

// One row an option. Names and scopes as in the manual, docs/options.md; a test compares the two.
constexpr OptionRow kOptions[] = {
    // where the server is
    {"uri", kServer | kMapping, check_uri, nullptr, nullptr, false},
    {"address", kServer, check_address, nullptr, nullptr, false},
    {"port", kServer, check_port, nullptr, nullptr, false},
    {"replica_set", kServer, nullptr, nullptr, nullptr, false},
    {"ssl", kServer, check_bool, nullptr, nullptr, false},
    {"pem_file", kServer | kMapping, nullptr, nullptr, nullptr, true},
    {"pem_pwd", kServer | kMapping, nullptr, nullptr, nullptr, false},
    {"ca_file", kServer, nullptr, nullptr, nullptr, true},
    {"ca_dir", kServer, nullptr, nullptr, nullptr, true},
    {"crl_file", kServer, nullptr, nullptr, nullptr, true},
    {"weak_cert_validation", kServer, check_bool, nullptr, nullptr, false},
    // who asks
    {"username", kMapping, nullptr, nullptr, nullptr, false},
    {"password", kMapping, nullptr, nullptr, nullptr, false},
    {"auth_source", kServer | kMapping, nullptr, nullptr, nullptr, false},
    {"authentication_database", kServer | kMapping, nullptr, nullptr, "auth_source", false},
    {"auth_mechanism", kServer | kMapping, check_mechanism,
     "SCRAM-SHA-1|SCRAM-SHA-256|MONGODB-X509|PLAIN|GSSAPI|MONGODB-AWS|MONGODB-OIDC", nullptr, false},
    {"password_required", kMapping, check_bool, nullptr, nullptr, true},
    // waiting
    {"connect_timeout", kServer, check_duration, nullptr, nullptr, false},
    {"server_selection_timeout", kServer, check_duration, nullptr, nullptr, false},
    {"socket_timeout", kServer, check_duration, nullptr, nullptr, false},
    {"keep_connections", kServer, check_bool, nullptr, nullptr, false},
    // reading
    {"compatibility", kServer | kTable, check_enumeration, "none|edb", nullptr, false},
    {"read_preference", kServer | kTable, check_enumeration, kReadPreferences, nullptr, false},
    {"read_concern", kServer | kTable, check_enumeration, "local|available|majority|linearizable|snapshot", nullptr,
     false},
    {"fetch_size", kServer | kTable, check_count, nullptr, nullptr, false},
    {"fetch_bytes", kServer | kTable, check_bytes, nullptr, nullptr, false},
    {"json_format", kServer | kTable | kColumn, check_enumeration, "simple|relaxed|canonical|legacy", nullptr, false},
    {"on_conversion_error", kServer | kTable | kColumn | kImport, check_enumeration, "error|null|collect", nullptr,
     false},
    {"array_from_scalar", kServer | kTable | kColumn, check_bool, nullptr, nullptr, false},
    {"uuid_legacy", kServer | kTable | kColumn, check_enumeration, "off|python|java|csharp", nullptr, false},
    // writing
    {"updatable", kServer | kTable, check_bool, nullptr, nullptr, false},
    {"truncatable", kServer | kTable, check_bool, nullptr, nullptr, false},
    {"batch_size", kServer | kTable, check_integer, "1|100000", nullptr, false},
    {"ordered", kServer | kTable, check_bool, nullptr, nullptr, false},
    {"write_concern", kServer | kTable, check_write_concern, nullptr, nullptr, false},
    {"write_mode", kTable, check_enumeration, "insert|upsert|replace", nullptr, false},
    {"null_as", kServer | kTable | kColumn, check_enumeration, "missing|null", nullptr, false},
    {"keep_double", kServer | kTable | kColumn, check_bool, nullptr, nullptr, false},
    {"round_time", kServer | kTable | kColumn, check_bool, nullptr, nullptr, false},
    {"transaction", kServer, check_enumeration, "none|session", nullptr, false},
    // planning
    {"use_remote_estimate", kServer | kTable, check_bool, nullptr, nullptr, false},
    {"fdw_startup_cost", kServer | kTable, check_cost, nullptr, nullptr, false},
    {"fdw_tuple_cost", kServer | kTable, check_cost, nullptr, nullptr, false},
    {"fdw_round_trip_cost", kServer | kTable, check_cost, nullptr, nullptr, false},
    {"enable_join_pushdown", kServer | kTable, check_bool, nullptr, nullptr, false},
    {"enable_aggregate_pushdown", kServer | kTable, check_bool, nullptr, nullptr, false},
    {"enable_order_by_pushdown", kServer | kTable, check_bool, nullptr, nullptr, false},
    // the collection
    {"database", kTable, nullptr, nullptr, nullptr, false},
    {"collection", kTable, nullptr, nullptr, nullptr, false},
    {"pipeline", kTable, check_pipeline, nullptr, nullptr, false},
    {"unwind", kTable, check_unwind, nullptr, nullptr, false},
    // the field
    {"path", kColumn, check_path, nullptr, nullptr, false},
    {"column_name", kColumn, check_path, nullptr, "path", false},
    {"role", kColumn, check_enumeration, "field|doc|errors|missing|ord|ords|name|names|rest|key", nullptr, false},
    {"except", kColumn, check_paths, nullptr, nullptr, false},
    {"nul", kColumn, check_enumeration, "misfit|strip|escape", nullptr, false},
    {"in_rest", kColumn, check_bool, nullptr, nullptr, false},
    {"bson_type", kColumn, check_bson_type, nullptr, nullptr, false},
    // IMPORT FOREIGN SCHEMA
    {"sample", kImport, check_integer, "0|100000000", nullptr, false},
    {"nested", kImport, check_enumeration, "flatten|jsonb", nullptr, false},
    {"arrays", kImport, check_enumeration, "array|table|jsonb", nullptr, false},
    {"max_depth", kImport, check_integer, "1|100", nullptr, false},
    {"max_columns", kImport, check_integer, "1|1500", nullptr, false},
    {"map_threshold", kImport, check_integer, "2|1000000", nullptr, false},
    {"id_type", kImport, check_enumeration, "auto|text|objectid", nullptr, false},
    {"doc_column", kImport, check_bool, nullptr, nullptr, false},
    {"errors_column", kImport, check_bool, nullptr, nullptr, false},
    {"name_case", kImport, check_enumeration, "keep|snake", nullptr, false},
    {"collate_c", kImport, check_bool, nullptr, nullptr, false},
    {"tolerance", kImport, check_share, nullptr, nullptr, false},
};

struct ScopeRow {
    Oid catalog;
    uint8_t scope;
    const char *object;
};
constexpr ScopeRow kScopes[] = {
    {ForeignServerRelationId, kServer, "a server"},      {UserMappingRelationId, kMapping, "a user mapping"},
    {ForeignTableRelationId, kTable, "a foreign table"}, {AttributeRelationId, kColumn, "a column"},
    {InvalidOid, kImport, "IMPORT FOREIGN SCHEMA"},      {ForeignDataWrapperRelationId, 0, "a foreign-data wrapper"}};

const ScopeRow &scope_row(uint8_t scope) {
    for (const ScopeRow &row : kScopes)
        if (row.scope == scope)
            return row;
    return kScopes[lengthof(kScopes) - 1];
}

void unknown_option(const char *name, const ScopeRow &scope) {
    StringInfoData valid;
    initStringInfo(&valid);
    for (const OptionRow &row : kOptions)
        if (row.scopes & scope.scope)
            appendStringInfo(&valid, "%s%s", valid.len ? ", " : "", row.name);
    ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME), errmsg("invalid option \"%s\"", name),
                    valid.len ? errhint("Valid options for %s are: %s.", scope.object, valid.data)
                              : errhint("There are no valid options for %s.", scope.object)));
}

bool is_given(List *options, const char *name) {
    ListCell *cell;
    foreach (cell, options)
        if (strcmp(lfirst_node(DefElem, cell)->defname, name) == 0)
            return true;
    return false;
}

// What no single option shows.
void check_together(List *options, uint8_t scope) {
    if (scope == kServer && find_option(options, "uri") &&
        (find_option(options, "address") || find_option(options, "port")))
        ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
                        errmsg("a server has either \"uri\" or \"address\" and \"port\"")));
    if (scope == kColumn && is_given(options, "path") && is_given(options, "column_name"))
        ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
                        errmsg("\"column_name\" is another name of \"path\": give one of them")));
    const char *role = scope == kColumn ? find_option(options, "role") : nullptr;
    if (role && pg_strcasecmp(role, "field") != 0 && find_option(options, "path"))
        ereport(ERROR,
                (errcode(ERRCODE_FDW_INVALID_OPTION_NAME), errmsg("a column with role \"%s\" has no path", role)));
}

} // namespace

namespace {

constexpr int count_aliases() {
    int count = 0;
    for (const OptionRow &row : kOptions)
        count += row.meaning != nullptr;
    return count;
}

// Reading options asks for aliases all the time: they stand by themselves.
struct Aliases {
    const OptionRow *rows[count_aliases()];
    constexpr Aliases() : rows{} {
        int at = 0;
        for (const OptionRow &row : kOptions)
            if (row.meaning)
                rows[at++] = &row;
    }
};
constexpr Aliases kAliases;

} // namespace

bool is_alias_of(const char *alias, const char *name) {
    for (const OptionRow *row : kAliases.rows)
        if (strcmp(row->meaning, name) == 0 && strcmp(row->name, alias) == 0)
            return true;
    return false;
}

const OptionRow *find_option_row(const char *name, uint8_t scope) {
    for (const OptionRow &row : kOptions)
        if ((row.scopes & scope) && strcmp(row.name, name) == 0)
            return &row;
    return nullptr;
}

void check_options(List *options, uint8_t scope) {
    ListCell *cell;
    foreach (cell, options) {
        DefElem *option = lfirst_node(DefElem, cell);
        const OptionRow *row = find_option_row(option->defname, scope);
        if (!row) {
            unknown_option(option->defname, scope_row(scope));
            continue;
        }
        const char *value = defGetString(option);
        if (row->superuser && !superuser()) {
            bool harmless = strcmp(row->name, "password_required") == 0 && defGetBoolean(option);
            if (!harmless)
                ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                                errmsg("only a superuser may set option \"%s\"", row->name),
                                strcmp(row->name, "password_required") == 0
                                    ? 0
                                    : errdetail("It makes the server process read a file.")));
        }
        if (row->check)
            row->check(*row, value, scope);
        else if (*value == '\0' && scope != kMapping)
            ereport(ERROR,
                    (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("option \"%s\" must not be empty", row->name)));
    }
    check_together(options, scope);
}

} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" Datum mongo_fdw_cpp_validator(PG_FUNCTION_ARGS) {
    Oid catalog = PG_GETARG_OID(1);
    uint8_t scope = 0;
    for (const ScopeRow &row : kScopes)
        if (row.catalog == catalog)
            scope = row.scope;
    check_options(untransformRelOptions(PG_GETARG_DATUM(0)), scope);
    PG_RETURN_VOID();
}
