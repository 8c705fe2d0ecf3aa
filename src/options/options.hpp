// Options of servers, user mappings, tables and columns: one table, one validator, three structs of what they mean.
// Zone B.
#pragma once

#include "convert/encode.hpp"
#include "mongo/types.hpp"

#include "pg/pg.hpp"

namespace mongo_fdw {

// Compatible: as EnterpriseDB's wrapper, values of another type are NULL, others that do not fit raise.
enum class OnError : uint8_t { Error, Null, Collect, Compatible };

// What INSERT does with a document whose _id is there already.
enum class WriteMode : uint8_t { Insert, Upsert, Replace };

enum class Role : uint8_t { Field, Doc, Errors, Missing, Ord, Ords, Name, Names, Rest, Key };

// Columns that tell about every declared column.
inline bool tells_of_others(Role role) { return role == Role::Errors || role == Role::Missing || role == Role::Rest; }

// A path as keys, outermost first.
struct FieldPath {
    const char **keys; // UTF-8
    int count;
    const char *text; // dotted, or the JSON array it was given as; server encoding
    bool plain;       // every key is ordinary: no dot, no leading '$', not empty, not a number; nor below a map
    bool map;         // an unwound level: the fields of sub-documents, not the elements of arrays; a column: below one
};

// Where the values of a joined collection come from, for messages.
struct JoinedSource {
    const char *name_space;
    const char *as; // the field that holds its documents
};

struct ColumnOptions {
    AttrNumber number;
    const char *name;
    Oid type;
    int32 typmod;
    Oid collation;
    Role role;
    FieldPath path;    // of Role::Field
    FieldPath *except; // of Role::Rest: arrays that child tables tell
    int except_count;
    bool in_rest; // a rest column holds the value as well
    OnError on_error;
    ReadRules rules;
    WriteRules write;
    bool dropped;
    const JoinedSource *source; // null: the scan's own documents
    bool optional;              // NULL where an outer join of tables over the same documents has no row
};

// Whether a column is a field of the document that can be written: not where it shows texts escaped.
inline bool is_written(const ColumnOptions &column) {
    return column.role == Role::Field && column.rules.nul != NulRule::Escape;
}

struct TableOptions {
    Oid relation;
    Oid server;
    const char *server_name;
    const char *database;         // UTF-8
    const char *collection;       //
    const char *name_space;       // "database.collection", server encoding, for messages
    const char *pipeline;         // JSON text, UTF-8, null: none
    mongo::Bytes pipeline_stages; // the same as a BSON array; data null: none
    const char *read_preference;
    const char *read_concern;
    int64 fetch_documents;
    uint32 fetch_bytes;
    bool use_remote_estimate;
    bool join_pushdown;      // EDB's options of the table
    bool aggregate_pushdown; //
    bool order_by_pushdown;  //
    double startup_cost;
    double tuple_cost;
    double round_trip_cost;
    int unwind_levels;
    const char *unwind_text; // as the option says it
    FieldPath *unwind;       // absolute path of the array, or map, of each level
    bool array_from_scalar;
    // The columns of the other side of such a join: NULL where the key is NULL, or the unwound array gives no row.
    int optional_first;
    int optional_count; // 0: there is none
    int optional_key;   // column
    bool optional_unwinds;
    OnError on_error;
    bool updatable;
    bool truncatable;
    bool ordered;
    int batch_size;
    mongo::Bytes write_concern; // data null: the connection's
    WriteMode write_mode;
    bool transactional; // remote writes belong to the transaction
    int column_count;   // attributes of the relation
    ColumnOptions *columns;
    AttrNumber errors_column; // 0: none
};

// Reads a foreign table's options; raises where they contradict each other. Allocates in the current memory context.
TableOptions *read_table_options(Oid relation);

// What a server says about transactions with it, for what reads without a foreign table; all else is empty.
TableOptions *read_transaction_options(const ForeignServer *server, const char *name_space);

// The columns of several tables (TableOptions) in a row, as those of one; numbers are counted on. as: for each table
// the field that holds its documents in those of the first, null where it reads these themselves. Only one may unwind.
TableOptions *join_tables(List *tables, List *as);

// Makes columns of such a table those of the other side of an outer join by a key, which is a column of its own.
void make_optional(TableOptions *joined, int first, const TableOptions *other, int key);

// The same, every column under one policy, whatever the options say.
TableOptions *read_table_options(Oid relation, OnError policy);

// Whether two tables are over the same collection, through whatever foreign server with the same hosts.
bool is_same_collection(const TableOptions *table, const TableOptions *other);

// Whether a table may read the collection of another one: where its pipeline names the collection, and also where a
// user mapping says where its server is. What a view of MongoDB reads is not known here.
bool may_read_collection(const TableOptions *table, const TableOptions *other);

// Options of a connection for a user, and the rules for users who are no superusers. Strings are UTF-8.
struct ConnectionOptions {
    mongo::ConnectOptions connect;
    bool keep_connections;
};
ConnectionOptions read_connection_options(ForeignServer *server, UserMapping *mapping);

// Whether the mapping's user shows a password, where they must.
bool follows_user_rules(UserMapping *mapping, ForeignServer *server);

// Raises 2F003 where the mapping's user must show a password and does not.
void check_user_rules(ForeignServer *server, UserMapping *mapping);

// Value of an option by name, null when it is not set.
const char *find_option(List *options, const char *name);

} // namespace mongo_fdw
