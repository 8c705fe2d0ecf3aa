// From keys and collection names to identifiers. Zone B.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

enum class NameCase : uint8_t { Keep, Snake };

// What wants a name.
struct NameRequest {
    const char *base;     // proposed name, server encoding, any length
    const char *identity; // what the suffix is made of and ties are broken by: the whole path
    int rank;             // lower ones keep the name that several want
    const char *name;     // result
};

// An identifier of one key: without control characters and invisible marks, never empty; snake_case where asked for.
// Not yet cut to the length of an identifier.
char *name_of_key(const char *key, NameCase name_case);

// Gives every request a name of at most 63 bytes that no other request and no reserved name has, also when upper and
// lower case are not told apart. Of several that want one name the one of lowest rank and identity keeps it, the others
// get a suffix made of their identity: names do not depend on the order of the requests.
void assign_names(NameRequest *requests, int count, const char *const *reserved, int reserved_count);

} // namespace mongo_fdw
