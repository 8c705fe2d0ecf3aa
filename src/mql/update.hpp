// Updates whose new values are computed of the old ones by the server. Zone P behind plain declarations; safe to
// include from zone B. No function throws.
#pragma once

#include "mql/render.hpp"

namespace mongo_fdw::mql {

// The BSON type that a computed value is stored as, where it is not the one that it has.
enum class StoredAs : uint8_t { Itself, Int32, Int64, Double };

struct Assignment {
    const char *path;     // one key
    uint32_t value;       // value tree
    StoredAs stored;      //
    bool null_is_value;   // null is stored; else the field is removed
    const FitColumn *fit; // which of the field's old values fit its column
};

// A new value that is the same for all documents, as it stands on the wire.
struct Constant {
    const char *path;
    uint8_t type;
    const uint8_t *data;
    uint32_t size;
};

struct UpdateCommand {
    ScanCommand scan; // finds the documents
    const Assignment *assignments;
    uint32_t count;
    const Constant *constants;
    uint32_t constant_count;
};

// proof: an aggregate that finds a document whose new values the server is not sure of, or whose old value would be
// lost (it does not fit, reads as null and becomes null); where it finds none, pipeline updates all documents as
// PostgreSQL would. A document that has become doubtful in between ends the update with an error. Without data: a value
// cannot be said.
struct UpdateRendering {
    Document proof;
    Document pipeline;
};
UpdateRendering render_update(const UpdateCommand &update, Memory memory) noexcept;

} // namespace mongo_fdw::mql
