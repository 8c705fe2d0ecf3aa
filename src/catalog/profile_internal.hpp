// What the files of the profile share. Zone B.
#pragma once

#include "catalog/profile.hpp"

namespace mongo_fdw {

// Adds a scalar to the facts of its path.
void add_scalar(Profile *profile, ProfileNode *node, const BsonValue &value);

// Looks for text that jsonb (NUL) or the database encoding cannot hold inside a value, as the writer of jsonb sees it.
void note_hidden_text(const BsonValue &value, bool *nul, bool *unreadable);

// Adds what was learned about one path to another; the source is left without its sets.
void merge_scalars(Profile *profile, ScalarFacts **into, ScalarFacts *from);
void free_scalars(Profile *profile, ScalarFacts *facts);

// Whether the keys of a sub-document are data: many keys, each rare, or all of the look of data, of one class of
// values.
bool looks_like_map(const Profile *profile, const ProfileNode *node);

// Turns the children of a node into entries of a map.
void make_map(Profile *profile, ProfileNode *node);

// Turns every node that looks like a map into one, outermost first.
void find_maps(Profile *profile, ProfileNode *node);

// The node of the values of a map, made when there is none.
ProfileNode *profile_entry(Profile *profile, ProfileNode *node);

// Place among minima and maxima; negative where a type has none.
constexpr int kNumberRank = 1, kTextRank = 2, kObjectIdRank = 3, kBoolRank = 4, kDateRank = 5, kTimestampRank = 6;
int rank_of(BsonType type);

} // namespace mongo_fdw
