// What options mean, put together from server, table and column. Zone B.
#include "options/options.hpp"

#include "convert/query_json.hpp"
#include "mongo/client.hpp"
#include "options/path.hpp"
#include "options/table.hpp"

#include <initializer_list>

namespace mongo_fdw {
namespace {

const char *to_utf8(const char *text) { return text ? pg_server_to_any(text, strlen(text), PG_UTF8) : nullptr; }

// The innermost setting of an option in column, table, server.
struct Lookup {
    List *column;
    List *table;
    List *server;

    const char *text(const char *name) const {
        for (List *options : {column, table, server})
            if (const char *value = find_option(options, name))
                return value;
        return nullptr;
    }
    bool boolean(const char *name, bool otherwise) const {
        const char *value = text(name);
        bool result = otherwise;
        if (value)
            (void)parse_bool(value, &result);
        return result;
    }
    int integer(const char *name, int unit, int otherwise) const {
        const char *value = text(name);
        int result = otherwise;
        if (value)
            (void)parse_int(value, &result, unit, nullptr);
        return result;
    }
    double real(const char *name, double otherwise) const {
        const char *value = text(name);
        double result = otherwise;
        if (value)
            (void)parse_real(value, &result, 0, nullptr);
        return result;
    }
    bool is(const char *name, const char *wanted) const {
        const char *value = text(name);
        return value && pg_strcasecmp(value, wanted) == 0;
    }
};

mongo::Bytes bytes_of(mql::Document document) { return {document.data, document.size}; }

struct RoleRow {
    const char *name;   // value of option role
    const char *column; // column name that has the role by itself
    Role role;
    const char *type; // that it must have, for people; null: any
    Oid types[5];
    bool of_elements; // needs an unwound table
};
constexpr RoleRow kRoles[] = {
    {"field", nullptr, Role::Field, nullptr, {}, false},
    {"doc",
     "__doc",
     Role::Doc,
     "json, jsonb, text or bytea",
     {JSONOID, JSONBOID, TEXTOID, BYTEAOID, VARCHAROID},
     false},
    {"errors", "__errors", Role::Errors, "jsonb", {JSONBOID}, false},
    {"missing", "__missing", Role::Missing, "text[]", {TEXTARRAYOID}, false},
    {"ord", "__ord", Role::Ord, "integer", {INT4OID, INT8OID}, true},
    {"ords", "__ords", Role::Ords, "integer[]", {INT4ARRAYOID}, true},
    {"name", "__name", Role::Name, "text", {TEXTOID}, true},
    {"names", "__names", Role::Names, "text[]", {TEXTARRAYOID}, true},
    {"rest", "__rest", Role::Rest, "jsonb", {JSONBOID}, false},
    {"key", "__key", Role::Key, "bytea", {BYTEAOID}, false},
};

const RoleRow &role_row(Role role) {
    for (const RoleRow &row : kRoles)
        if (row.role == role)
            return row;
    pg_unreachable();
}

Role role_of(const char *column, List *options) {
    if (const char *role = find_option(options, "role")) {
        for (const RoleRow &row : kRoles)
            if (pg_strcasecmp(row.name, role) == 0)
                return row.role;
    } else if (!find_option(options, "path")) {
        for (const RoleRow &row : kRoles)
            if (row.column && strcmp(row.column, column) == 0)
                return row.role;
    }
    return Role::Field;
}

void check_role_type(const ColumnOptions &column, const TableOptions &table) {
    const RoleRow &row = role_row(column.role);
    bool fits = !row.type;
    for (Oid type : row.types)
        fits = fits || (OidIsValid(type) && column.type == type);
    if (!fits)
        ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_DATA_TYPE),
                        errmsg("column \"%s\" of foreign table \"%s\" must be of type %s", column.name,
                               get_rel_name(table.relation), row.type),
                        errhint("To read a field of this name, set the column's option role to \"field\".")));
    if (row.of_elements && table.unwind_levels == 0)
        ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_COLUMN_NAME),
                        errmsg("column \"%s\" of foreign table \"%s\" needs the table option \"unwind\"", column.name,
                               get_rel_name(table.relation)),
                        errhint("To read a field of this name, set the column's option role to \"field\".")));
}

OnError on_error_of(const Lookup &lookup, OnError otherwise) {
    const char *value = lookup.text("on_conversion_error");
    if (!value)
        return otherwise;
    return pg_strcasecmp(value, "null") == 0      ? OnError::Null
           : pg_strcasecmp(value, "collect") == 0 ? OnError::Collect
                                                  : OnError::Error;
}

JsonForm json_form_of(const Lookup &lookup, Role role, bool edb) {
    const char *name = lookup.text("json_format");
    JsonForm form;
    if (name && json_form_of_name(name, &form))
        return form;
    return edb ? JsonForm::Legacy : role == Role::Doc || role == Role::Rest ? JsonForm::Canonical : JsonForm::Simple;
}

UuidLegacy uuid_legacy_of(const Lookup &lookup) {
    return lookup.is("uuid_legacy", "python")   ? UuidLegacy::Python
           : lookup.is("uuid_legacy", "java")   ? UuidLegacy::Java
           : lookup.is("uuid_legacy", "csharp") ? UuidLegacy::CSharp
                                                : UuidLegacy::Off;
}

NulRule nul_rule_of(const Lookup &lookup) {
    const char *value = find_option(lookup.column, "nul");
    return !value                                ? NulRule::Misfit
           : pg_strcasecmp(value, "strip") == 0  ? NulRule::Strip
           : pg_strcasecmp(value, "escape") == 0 ? NulRule::Escape
                                                 : NulRule::Misfit;
}

int binary_subtype_of(const Lookup &lookup) {
    const char *type = find_option(lookup.column, "bson_type");
    int subtype = -1;
    if (type && pg_strncasecmp(type, "binary:", 7) == 0)
        (void)parse_int(type + 7, &subtype, 0, nullptr);
    return subtype;
}

// The names of the map's fields stand between: no path of MongoDB's says that.
FieldPath below_map(FieldPath path) {
    path.plain = false;
    path.map = true;
    return path;
}

void read_column(TableOptions *table, ColumnOptions *column, Form_pg_attribute attribute, Lookup lookup) {
    column->number = attribute->attnum;
    column->dropped = attribute->attisdropped;
    if (column->dropped)
        return;
    column->name = pstrdup(NameStr(attribute->attname));
    column->type = attribute->atttypid;
    column->typmod = attribute->atttypmod;
    column->collation = attribute->attcollation;
    lookup.column = GetForeignColumnOptions(table->relation, attribute->attnum);
    bool edb = lookup.is("compatibility", "edb"), name = getBaseType(column->type) == NAMEOID;
    // A column of type name is what its option bson_type says; without it, it holds ObjectIds alone, and others raise.
    bool reads_as_edb = edb && !(name && find_option(lookup.column, "bson_type"));
    column->role = role_of(column->name, lookup.column);
    column->on_error = on_error_of(lookup, edb && !(name && reads_as_edb) ? OnError::Compatible : OnError::Error);
    column->rules = {json_form_of(lookup, column->role, edb),
                     uuid_legacy_of(lookup),
                     lookup.boolean("array_from_scalar", false),
                     reads_as_edb,
                     binary_subtype_of(lookup),
                     nul_rule_of(lookup)};
    column->write = {find_option(lookup.column, "bson_type"),
                     lookup.text("null_as") ? lookup.is("null_as", "null") : edb, lookup.boolean("round_time", false),
                     edb, lookup.boolean("keep_double", edb)};
    check_role_type(*column, *table);
    if (column->role == Role::Errors)
        table->errors_column = column->number;
    if (column->role == Role::Rest)
        column->except = parse_paths(find_option(lookup.column, "except"), &column->except_count);
    if (column->role != Role::Field)
        return;
    const char *path = find_option(lookup.column, "path");
    column->path = parse_path(path ? path : column->name);
    column->in_rest = lookup.boolean("in_rest", false);
    for (int i = 0; i < table->unwind_levels; i++)
        if (table->unwind[i].map && starts_with(column->path, table->unwind[i]))
            column->path = below_map(column->path);
}

// Reads a server's or mapping's option in UTF-8; the mapping's value comes first.
struct ConnectionLookup {
    List *server;
    List *mapping;
    const char *text(const char *name) const {
        const char *value = find_option(mapping, name);
        return to_utf8(value ? value : find_option(server, name));
    }
};

int duration(List *server, const char *name, int otherwise) {
    const char *value = find_option(server, name);
    int ms = otherwise;
    if (value)
        (void)parse_int(value, &ms, GUC_UNIT_MS, nullptr);
    return ms;
}

} // namespace

// As in postgres_fdw: who is no superuser shows a password, unless a superuser waived that in the mapping.
bool follows_user_rules(UserMapping *mapping, ForeignServer *server) {
    bool required = true;
    if (const char *value = find_option(mapping->options, "password_required"))
        (void)parse_bool(value, &required);
    if (!required || superuser_arg(mapping->userid))
        return true;
    // The password must be the one that opens the door: with a user name, and a mechanism that asks for it.
    ConnectionLookup lookup{server->options, mapping->options};
    const char *uri = lookup.text("uri"), *mechanism = lookup.text("auth_mechanism");
    mongo::UriFacts facts = uri ? mongo::uri_facts(uri) : mongo::UriFacts{};
    auto is_given = [mapping](const char *name) {
        const char *value = find_option(mapping->options, name);
        return value && *value;
    };
    char from_uri[64] = "";
    if (!mechanism && uri && mongo::uri_has_option(uri, "authmechanism", from_uri, sizeof from_uri))
        mechanism = from_uri;
    bool asks = !mechanism || *mechanism == '\0' || pg_strncasecmp(mechanism, "SCRAM-", 6) == 0 ||
                pg_strcasecmp(mechanism, "PLAIN") == 0;
    return asks && (is_given("username") || facts.has_username) && (is_given("password") || facts.has_password);
}

void check_user_rules(ForeignServer *server, UserMapping *mapping) {
    if (follows_user_rules(mapping, server))
        return;
    ereport(ERROR, (errcode(ERRCODE_S_R_E_PROHIBITED_SQL_STATEMENT_ATTEMPTED), errmsg("password is required"),
                    errdetail("Users who are no superusers must log in with a user name and password of the user "
                              "mapping for server \"%s\".",
                              server->servername),
                    errhint("Set options \"username\" and \"password\", or let a superuser set password_required to "
                            "false in the user mapping.")));
}

const char *find_option(List *options, const char *name) {
    ListCell *cell;
    foreach (cell, options) {
        DefElem *option = lfirst_node(DefElem, cell);
        if (strcmp(option->defname, name) == 0)
            return defGetString(option);
        if (is_alias_of(option->defname, name))
            return defGetString(option);
    }
    return nullptr;
}

// What transactions with a server need to know.
static void read_transaction_options(TableOptions *table, const ForeignServer *server, const Lookup &lookup) {
    table->server = server->serverid;
    table->server_name = server->servername;
    table->read_concern = lookup.text("read_concern");
    if (const char *concern = lookup.text("write_concern")) {
        mql::Refusal refusal; // what the validator took is one
        table->write_concern = bytes_of(read_write_concern(concern, &refusal));
    }
    table->transactional = lookup.is("transaction", "session");
}

TableOptions *read_transaction_options(const ForeignServer *server, const char *name_space) {
    TableOptions *options = static_cast<TableOptions *>(palloc0(sizeof(TableOptions)));
    read_transaction_options(options, server, Lookup{NIL, NIL, server->options});
    options->name_space = name_space;
    return options;
}

TableOptions *read_table_options(Oid relation) {
    ForeignTable *foreign_table = GetForeignTable(relation);
    ForeignServer *server = GetForeignServer(foreign_table->serverid);
    Lookup lookup{NIL, foreign_table->options, server->options};
    bool edb = lookup.is("compatibility", "edb");
    TableOptions *table = static_cast<TableOptions *>(palloc0(sizeof(TableOptions)));
    table->relation = relation;
    read_transaction_options(table, server, lookup);
    const char *database = lookup.text("database");
    const char *collection = lookup.text("collection");
    database = database ? database : "test";
    collection = collection ? collection : get_rel_name(relation);
    table->name_space = psprintf("%s.%s", database, collection);
    table->database = to_utf8(database);
    table->collection = to_utf8(collection);
    table->pipeline = to_utf8(lookup.text("pipeline"));
    if (const char *json = lookup.text("pipeline"))
        table->pipeline_stages =
            bytes_of(read_pipeline(json, "invalid value for option \"pipeline\"", ERRCODE_FDW_INVALID_STRING_FORMAT));
    table->read_preference = lookup.text("read_preference");
    table->fetch_documents = lookup.integer("fetch_size", 0, 0);
    table->fetch_bytes = lookup.integer("fetch_bytes", GUC_UNIT_BYTE, 384 * 1024);
    table->use_remote_estimate = lookup.boolean("use_remote_estimate", false);
    table->join_pushdown = lookup.boolean("enable_join_pushdown", true);
    table->aggregate_pushdown = lookup.boolean("enable_aggregate_pushdown", true);
    table->order_by_pushdown = lookup.boolean("enable_order_by_pushdown", true);
    table->startup_cost = lookup.real("fdw_startup_cost", 100);
    table->tuple_cost = lookup.real("fdw_tuple_cost", 0.05);
    table->round_trip_cost = lookup.real("fdw_round_trip_cost", 10);
    table->array_from_scalar = lookup.boolean("array_from_scalar", false);
    table->on_error = on_error_of(lookup, edb ? OnError::Compatible : OnError::Error);
    table->updatable = lookup.boolean("updatable", true);
    table->truncatable = lookup.boolean("truncatable", true);
    table->ordered = lookup.boolean("ordered", true);
    table->batch_size = lookup.integer("batch_size", 0, 1000);
    table->write_mode = lookup.is("write_mode", "upsert")    ? WriteMode::Upsert
                        : lookup.is("write_mode", "replace") ? WriteMode::Replace
                                                             : WriteMode::Insert;
    table->unwind_text = lookup.text("unwind");
    if (table->unwind_text)
        table->unwind = parse_unwind(table->unwind_text, &table->unwind_levels);

    Relation rel = RelationIdGetRelation(relation);
    if (!RelationIsValid(rel))
        elog(ERROR, "could not open relation with OID %u", relation);
    TupleDesc descriptor = RelationGetDescr(rel);
    table->column_count = descriptor->natts;
    table->columns = static_cast<ColumnOptions *>(palloc0(sizeof(ColumnOptions) * Max(descriptor->natts, 1)));
    for (int i = 0; i < descriptor->natts; i++)
        read_column(table, &table->columns[i], attribute_of(descriptor, i), lookup);
    RelationClose(rel);

    for (int i = 0; i < table->column_count; i++)
        if (!table->columns[i].dropped && table->columns[i].on_error == OnError::Collect && !table->errors_column)
            ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
                            errmsg("on_conversion_error \"collect\" needs a column for the errors"),
                            errdetail("Foreign table \"%s\" has no column \"__errors\".", get_rel_name(relation)),
                            errhint("Add a column \"__errors jsonb\" to the table.")));
    return table;
}

constexpr const char kDefaultPort[] = "27017";

// The hosts of a server as its options give them, each with its port, in an order of their own; null where a user
// mapping gives them.
static const char *hosts_of(Oid server_oid) {
    ForeignServer *server = GetForeignServer(server_oid);
    const char *uri = find_option(server->options, "uri"), *address = find_option(server->options, "address");
    const char *port = find_option(server->options, "port");
    if (!uri && !address)
        return nullptr;
    const char *start = uri ? uri : psprintf("%s:%s", address, port ? port : kDefaultPort);
    if (const char *scheme = strstr(start, "://"))
        start = scheme + 3;
    const char *end = start + strcspn(start, "/?");
    for (const char *at = start; at < end; at++)
        if (*at == '@') // credentials stand before
            start = at + 1;
    List *hosts = NIL;
    while (start < end) {
        const char *host = pnstrdup(start, Min(strcspn(start, ","), static_cast<Size>(end - start)));
        start += strlen(host) + 1;
        if (pg_strncasecmp(host, "localhost", 9) == 0)
            host = psprintf("127.0.0.1%s", host + 9);
        bool has_port = strrchr(host, ':') && !strchr(strrchr(host, ':'), ']');
        hosts = lappend(hosts, makeString(has_port ? pstrdup(host) : psprintf("%s:%s", host, kDefaultPort)));
    }
    list_sort(hosts,
              [](const ListCell *a, const ListCell *b) { return pg_strcasecmp(strVal(lfirst(a)), strVal(lfirst(b))); });
    StringInfoData result;
    initStringInfo(&result);
    ListCell *cell;
    foreach (cell, hosts)
        appendStringInfo(&result, "%s,", strVal(lfirst(cell)));
    return result.data;
}

// Whether two tables are on the same hosts and in the same database; unknown: what is said where that cannot be told.
static bool is_same_database(const TableOptions *table, const TableOptions *other, bool unknown) {
    if (strcmp(table->database, other->database) != 0)
        return false;
    if (table->server == other->server)
        return true;
    const char *hosts = hosts_of(table->server), *others = hosts_of(other->server);
    return hosts && others ? pg_strcasecmp(hosts, others) == 0 : unknown;
}

bool is_same_collection(const TableOptions *table, const TableOptions *other) {
    return strcmp(table->collection, other->collection) == 0 && is_same_database(table, other, false);
}

bool may_read_collection(const TableOptions *table, const TableOptions *other) {
    bool named = table->pipeline && strstr(table->pipeline, psprintf("\"%s\"", other->collection));
    return (named || strcmp(table->collection, other->collection) == 0) && is_same_database(table, other, true);
}

TableOptions *read_table_options(Oid relation, OnError policy) {
    TableOptions *table = read_table_options(relation);
    table->on_error = policy;
    for (int i = 0; i < table->column_count; i++)
        table->columns[i].on_error = policy;
    return table;
}

ConnectionOptions read_connection_options(ForeignServer *server, UserMapping *mapping) {
    ConnectionLookup lookup{server->options, mapping->options};
    ConnectionOptions result{};
    mongo::ConnectOptions &connect = result.connect;
    connect.uri = lookup.text("uri");
    if (!connect.uri) {
        // EDB users give several hosts as "h1:p1,h2": the port belongs to the last one.
        const char *address = lookup.text("address");
        const char *port = lookup.text("port");
        address = address ? address : "127.0.0.1";
        bool bare_ipv6 = strchr(address, ':') && !strchr(address, '[') && strchr(strchr(address, ':') + 1, ':') &&
                         !strchr(address, ',');
        connect.uri =
            psprintf(bare_ipv6 ? "mongodb://[%s]:%s/" : "mongodb://%s:%s/", address, port ? port : kDefaultPort);
    }
    check_user_rules(server, mapping);
    connect.username = lookup.text("username");
    connect.password = lookup.text("password");
    connect.auth_source = lookup.text("auth_source");
    connect.auth_mechanism = lookup.text("auth_mechanism");
    connect.replica_set = lookup.text("replica_set");
    connect.read_preference = lookup.text("read_preference");
    connect.pem_file = lookup.text("pem_file");
    connect.pem_password = lookup.text("pem_pwd");
    connect.ca_file = lookup.text("ca_file");
    connect.ca_directory = lookup.text("ca_dir");
    connect.crl_file = lookup.text("crl_file");
    Lookup flags{NIL, NIL, server->options};
    connect.tls = flags.boolean("ssl", connect.pem_file || connect.ca_file || connect.ca_directory);
    connect.weak_certificates = flags.boolean("weak_cert_validation", false);
    // What the URI says about waiting stands, unless an option says it again.
    auto timeout = [&](const char *option, const char *parameter, int otherwise) {
        bool in_uri = mongo::uri_has_option(connect.uri, parameter, nullptr, 0);
        return duration(server->options, option, in_uri ? -1 : otherwise);
    };
    connect.connect_timeout_ms = timeout("connect_timeout", "connecttimeoutms", 10000);
    connect.server_selection_timeout_ms = timeout("server_selection_timeout", "serverselectiontimeoutms", 10000);
    connect.socket_timeout_ms = timeout("socket_timeout", "sockettimeoutms", 0);
    result.keep_connections = flags.boolean("keep_connections", true);
    return result;
}

} // namespace mongo_fdw
