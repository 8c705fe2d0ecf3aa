// Which stored element each element of a new array is made of. Zone B.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

// Where a new element comes from: a stored one that is equal to it, or one that it takes the place of; index -1: none.
struct Origin {
    int index;
    bool same;
};

namespace matching {

struct Hashed {
    uint64 hash;
    int index;
};

inline int compare(const void *a, const void *b) {
    const Hashed *left = static_cast<const Hashed *>(a), *right = static_cast<const Hashed *>(b);
    if (left->hash != right->hash)
        return left->hash < right->hash ? -1 : 1;
    return left->index - right->index;
}

} // namespace matching

// Equal elements in the same place first, then from the end, then by value; what is left takes the place of the stored
// element at its index. Elements has count, stored_count, equal(new, stored), hash(new), stored_hash(stored).
template <class Elements> Origin *match_elements(const Elements &elements) {
    int count = elements.count, stored = elements.stored_count;
    Origin *origins = static_cast<Origin *>(palloc(sizeof(Origin) * Max(count, 1)));
    bool *used = static_cast<bool *>(palloc0(Max(stored, 1)));
    auto pair = [&](int at, int from) {
        origins[at] = {from, true};
        used[from] = true;
    };
    for (int i = 0; i < count; i++) {
        origins[i] = {-1, false};
        if (i < stored && elements.equal(i, i))
            pair(i, i);
    }
    for (int i = count - 1, j = stored - 1; i >= 0 && j >= 0 && origins[i].index < 0 && !used[j]; i--, j--) {
        if (!elements.equal(i, j))
            break;
        pair(i, j);
    }
    matching::Hashed *left = static_cast<matching::Hashed *>(palloc(sizeof(matching::Hashed) * Max(stored, 1)));
    int left_count = 0;
    for (int j = 0; j < stored; j++)
        if (!used[j])
            left[left_count++] = {elements.stored_hash(j), j};
    qsort(left, left_count, sizeof(matching::Hashed), matching::compare);
    for (int i = 0; i < count && left_count > 0; i++) {
        if (origins[i].index >= 0)
            continue;
        uint64 hash = elements.hash(i);
        int low = 0, high = left_count;
        while (low < high) {
            int middle = (low + high) / 2;
            if (left[middle].hash < hash)
                low = middle + 1;
            else
                high = middle;
        }
        for (; low < left_count && left[low].hash == hash; low++)
            if (!used[left[low].index] && elements.equal(i, left[low].index)) {
                pair(i, left[low].index);
                break;
            }
    }
    for (int i = 0; i < count; i++)
        if (origins[i].index < 0 && i < stored && !used[i])
            origins[i].index = i;
    return origins;
}

} // namespace mongo_fdw
