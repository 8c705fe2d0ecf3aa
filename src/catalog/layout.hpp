// From a profile to foreign tables. Zone B.
#pragma once

#include "catalog/infer.hpp"

namespace mongo_fdw {

struct LayoutColumn {
    const char *name;
    const char *type;        // SQL
    const char *path;        // value of option path; null: the name says it
    const ProfileNode *node; // null: a column with a role
    const char *why;         // of the type, or what a column with a role is for
    uint64_t misfits;        // values that were seen and do not fit
};

struct LayoutTable {
    const char *name;
    const char *base;       // of the name, before it is made unique
    const char *collection; // server encoding
    const char *unwind;     // value of the option; null: the documents themselves
    int levels;             // of unwound arrays
    ProfileNode *scope;     // the root, or the elements of an array
    const LayoutTable *parent;
    List *columns;  // of LayoutColumn
    List *children; // of LayoutTable
    List *lost;     // of ProfileNode: paths that have no column, here or in a child table
};

// Lays out the tables of a collection: its own and, below it, those of arrays. Names of columns are final, names of
// tables are proposals (base) until name_tables. Allocates in the current memory context.
LayoutTable *lay_out(Profile *profile, const char *collection, const ImportRules &rules);

// The path of the innermost sub-document around a column that a person wants as a table of its own; null: none.
const char *subdocument_of(const LayoutColumn *column, const LayoutTable *table);

// Names all tables of a database. collections: every collection there is, imported or not, so that a table's name does
// not depend on what is imported with it; tables: the LayoutTables at the top, in the order of collections, null where
// one is not imported.
void name_tables(const char *const *collections, LayoutTable *const *tables, int count, const ImportRules &rules);

// CREATE FOREIGN TABLE of a table. schema null: unqualified. database in the server encoding.
char *create_statement(const LayoutTable *table, const char *schema, const char *server, const char *database,
                       const ImportRules &rules);

// What the documents said about a column, for a comment.
char *evidence_of(const LayoutColumn *column, const char *sampled);

} // namespace mongo_fdw
