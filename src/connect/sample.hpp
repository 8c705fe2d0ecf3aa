// A part of a collection that stands for the whole. Zone B.
#pragma once

#include "connect/documents.hpp"

namespace mongo_fdw {

enum class SampleMethod : uint8_t {
    All,    // every document
    Random, // $sample
    Spaced, // ranges of _id, evenly spaced: the same documents again while the data stand still
    Lowest, // the first in the order of _id, whose values have no measure
    First,  // documents without _id, as they come
};

// "all documents", "$sample", ...
const char *method_name(SampleMethod method);

struct SampleRequest {
    DocumentSource source;
    mql::Document base_pipeline; // data null: none
    mql::Document filter;        // data null: none
    int64 size;                  // documents, 0: all
    bool random;                 // $sample where the server has it; else evenly spaced
    bool strict;                 // does not look first whether there are more documents than size at all
    const char *const *project;  // dotted paths, null: whole documents
    uint32 project_count;
};

struct Sample;

// Starts a sample. It lives in the current memory context and is closed with it. A collection that holds no more
// documents than the size, as a count of size + 1 at most shows, is read as a whole. Errors raise; what the server
// answers to the first command goes to *failure where the caller gives one, and the result is null.
Sample *open_sample(const SampleRequest &request, mongo::Error *failure = nullptr);

// The next document, valid until the next call; false at the end.
bool next_sampled(Sample *sample, BsonValue *document);

SampleMethod sample_method(const Sample *sample);

void close_sample(Sample *sample);

} // namespace mongo_fdw
