// Small commands. Zone P.
#include "mql/commands.hpp"

#include <bson/bson.h>

namespace mongo_fdw::mql {
namespace {

bson_t *command = nullptr;

bson_t *renewed() {
    if (command)
        bson_destroy(command);
    return command = bson_new();
}

Document result() { return {bson_get_data(command), command->len}; }

} // namespace

Document count_command(const char *collection) noexcept {
    bson_append_utf8(renewed(), "count", -1, collection, -1);
    return result();
}

Document list_collection_command(const char *collection) noexcept {
    bson_t filter;
    bson_append_int32(renewed(), "listCollections", -1, 1);
    bson_append_document_begin(command, "filter", -1, &filter);
    bson_append_utf8(&filter, "name", -1, collection, -1);
    bson_append_document_end(command, &filter);
    return result();
}

} // namespace mongo_fdw::mql
