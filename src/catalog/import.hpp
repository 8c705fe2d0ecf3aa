// IMPORT FOREIGN SCHEMA. Zone B.
#pragma once

#include "catalog/infer.hpp"

namespace mongo_fdw {

// The options of an import, checked (HV00D, 22023); what is not given has its default. What the server's options say
// holds for the tables too.
ImportRules import_rules(List *options, List *server_options);

extern "C" List *mongoImportForeignSchema(ImportForeignSchemaStmt *statement, Oid server);

} // namespace mongo_fdw
