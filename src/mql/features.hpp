// What servers may lack: groups of operators, and the question that tells. Zone P behind plain declarations; safe to
// include from zone B. No function throws.
#pragma once

#include "mql/render.hpp"

namespace mongo_fdw::mql {

enum class Feature : uint8_t {
    None,
    Expressions, // what every value needs: $expr, conversions, $round
    Regex,
    Trim,
    Replace,
    Characters, // functions of text
    DateParts,
    Lookup,
    Update, // updates by a pipeline, which came with the stage $set
    Count,
};

struct FeatureRow {
    Feature feature;
    const char *operators; // for people
    const char *since;     // the MongoDB version that has them
};
const FeatureRow &feature_row(Feature feature);

// What a function of a value tree needs beside Expressions.
Feature feature_of(Function function);

// The bits of the features that a tree needs, from a node on.
uint32_t features_of(const Tree *tree, uint32_t from);

// aggregate over no documents with the operators of the features (a set of bits): the server refuses it where it lacks
// one.
Document feature_probe_command(const char *collection, uint32_t features, Memory memory) noexcept;

} // namespace mongo_fdw::mql
