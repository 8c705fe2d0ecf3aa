// IMPORT FOREIGN SCHEMA. Zone B.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

extern "C" List *mongoImportForeignSchema(ImportForeignSchemaStmt *statement, Oid server);

} // namespace mongo_fdw
