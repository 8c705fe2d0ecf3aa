// IMPORT FOREIGN SCHEMA. Zone B.
#pragma once

#include "catalog/collections.hpp"
#include "catalog/layout.hpp"

namespace mongo_fdw {

// A collection and the tables that it is laid out in.
struct Imported {
    CollectionInfo *info;
    LayoutTable *table; // null: not imported
    const char *sampled;
    bool partly;         // not all documents were read
    bool duplicate_keys; // a document holds a key twice
};

// The options of an import, checked (HV00D, 22023); what is not given has its default. What the server's options say
// holds for the tables too.
ImportRules import_rules(List *options, List *server_options);

// The layout that an import uses, as Imported, of the collections that are named; NIL: of all but views. Raises 42P01
// for a collection that is not there.
List *lay_out_collections(ForeignServer *server, const char *database, List *collections, const ImportRules &rules);

extern "C" List *mongoImportForeignSchema(ImportForeignSchemaStmt *statement, Oid server);

} // namespace mongo_fdw
