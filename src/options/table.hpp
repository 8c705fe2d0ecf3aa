// The table of options. Zone B; for the validator and the readers of options.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

// Where an option may stand; also the bits of OptionRow::scopes.
enum Scope : uint8_t { kServer = 1, kMapping = 2, kTable = 4, kColumn = 8, kImport = 16 };

struct OptionRow {
    const char *name;
    uint8_t scopes;
    // Raises when the value is not acceptable; null: any text.
    void (*check)(const OptionRow &row, const char *value, uint8_t scope);
    const char *values;  // of an enumeration, or least and greatest of an integer, separated by '|'
    const char *meaning; // the name of the option that it is an alias of; null: itself
    bool superuser;      // only a superuser may set it: it makes the server process read files
};

// Whether an option is another name of one.
bool is_alias_of(const char *alias, const char *name);

// Checks a list of DefElems: HV00D for an unknown option, with the valid ones; 22023 and others for a wrong value.
void check_options(List *options, uint8_t scope);

// The row of an option in a scope; null when there is none.
const OptionRow *find_option_row(const char *name, uint8_t scope);

} // namespace mongo_fdw
