// Fit guards: expressions that tell which values a column of a PostgreSQL type takes (the type matrix, said in
// MongoDB's words), and the survey of a whole collection that is made of them. Zone P behind plain declarations; safe
// to include from zone B. No function throws.
#pragma once

#include "mql/render.hpp"

namespace mongo_fdw::mql {

// Every decimal of so many digits survives a double.
constexpr int kExactDigits = 15;

// Where $unwind puts an element's position; null for a value that is no array.
constexpr const char *kOrdinal = "__mongo_fdw_cpp_ord";

enum class FitKind : uint8_t {
    Integer,  // minimum to maximum
    Float8,   //
    Float4,   //
    Numeric,  // precision 0: any number
    Bool,     //
    Text,     // max_length
    ObjectId, //
    Date,     // minimum to maximum, milliseconds
    Uuid,     // subtype 4, and 3 where legacy is set
    Bytea,    // binary or ObjectId
    Nothing,  // no value fits
    Ordinal,  // the position of an element in the unwound array, from 1: made by the server
    Unwound,  // the array that a child table unwinds: fits what is one
};

// What becomes of NUL in text.
enum class FitNul : uint8_t { Misfit, Strip, Escape };

struct FitColumn {
    const char *const *keys; // of the path: ordinary keys
    int key_count;
    FitKind kind;
    int64_t minimum;
    int64_t maximum;
    int precision;
    int scale;
    uint32_t max_length; // of text, 0: any
    bool length_in_bytes;
    FitNul nul;       // other than Misfit: totals alone know of it
    bool symbols_fit; // a symbol is taken for a string without NUL: for comparisons of unlimited text
    bool legacy_uuid;
    bool array; // the column takes arrays of such values
    bool array_from_scalar;
    bool whole_days; // of dates: the time of day is dropped
    bool element;    // inside the unwound array: missing in the row of one that is no array
};

// The collection that is surveyed. unwind: the one key of the array whose elements are the rows, null: none.
struct SurveySource {
    const char *collection;
    Document base_pipeline;
    const char *unwind;
};

// What a value is to its column.
enum class FitState : int { Fit = 0, Missing = 1, Null = 2, Unsure = 3, Misfit = 4 };

// aggregate: counts, over all documents or rows, for each column the states other than Fit. Its documents are {_id: {c:
// column, s: FitState, t: BSON type of the misfit value}, n: count}; c -1 counts the documents (rows). Unsure values
// (nested arrays, arrays on the way to an array column, symbols) need a look at the documents.
Document survey_command(const SurveySource &source, const FitColumn *columns, int count, Memory memory) noexcept;

// aggregate: the _ids of some documents whose value does not fit the column.
Document misfits_command(const SurveySource &source, const FitColumn &column, int limit, Memory memory) noexcept;

// A sub-document (or the whole one) whose known keys are told apart.
struct KnownLevel {
    const char *path; // dotted, of ordinary keys; null: the documents, or with unwind the elements, themselves
    const char *const *keys;
    int key_count;
};

// aggregate: what stands at the levels beside the known keys: {_id: {l: level, k: key, t: BSON type}, n: count, id: the
// least _id}, the most frequent first; a null key stands for values at the level's path that are neither documents
// nor null. Its first document, with l -1, counts the documents (rows).
Document unknown_paths_command(const SurveySource &source, const KnownLevel *levels, int count, int limit,
                               Memory memory) noexcept;

} // namespace mongo_fdw::mql
