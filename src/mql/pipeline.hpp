// What users may ask for in words of their own: pipelines and write concerns, as BSON. Zone P behind plain
// declarations; safe to include from zone B. No function throws.
#pragma once

#include "mql/render.hpp"

namespace mongo_fdw::mql {

// Why something cannot be taken.
struct Refusal {
    char reason[200];
    const char *hint; // null: none
};

// Whether an array may be the pipeline of a read: its elements are documents, no stage writes ($out, $merge, at any
// depth), and none waits for what is still to come ($changeStream).
bool may_read_by(Document pipeline, Refusal *refusal) noexcept;

// Whether a document is a write concern that asks for an acknowledgement: w, j and wtimeout alone.
bool is_write_concern(Document concern, Refusal *refusal) noexcept;

// The write concern of a number of members from 1 to 50, "majority" or a tag. Without data, and with a reason: it is
// none, or memory ran out.
Document write_concern_of_word(const char *word, Memory memory, Refusal *refusal) noexcept;

} // namespace mongo_fdw::mql
