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

// Equal elements in the same place first, then from the end, then by value (a copy of an element comes from it too);
// what is left takes the place of the stored element at its index. Elements has count, stored_count, equal(new,
// stored), hash(new), stored_hash(stored).
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
    // By value: the first equal element that nothing came from yet, else one that others came from too.
    matching::Hashed *sorted = static_cast<matching::Hashed *>(palloc(sizeof(matching::Hashed) * Max(stored, 1)));
    int *next = static_cast<int *>(palloc(sizeof(int) * Max(stored, 1))); // by the first place of a hash
    for (int j = 0; j < stored; j++) {
        sorted[j] = {elements.stored_hash(j), j};
        next[j] = j;
    }
    qsort(sorted, stored, sizeof(matching::Hashed), matching::compare);
    for (int i = 0; i < count; i++) {
        if (origins[i].index >= 0)
            continue;
        CHECK_FOR_INTERRUPTS();
        uint64 hash = elements.hash(i);
        int first = 0, high = stored;
        while (first < high) {
            int middle = (first + high) / 2;
            if (sorted[middle].hash < hash)
                first = middle + 1;
            else
                high = middle;
        }
        if (first == stored || sorted[first].hash != hash)
            continue;
        int at = next[first];
        while (at < stored && sorted[at].hash == hash && used[sorted[at].index])
            at++;
        next[first] = at;
        if (at < stored && sorted[at].hash == hash && elements.equal(i, sorted[at].index))
            pair(i, sorted[at].index);
        else if (elements.equal(i, sorted[first].index))
            origins[i] = {sorted[first].index, true};
    }
    for (int i = 0; i < count; i++)
        if (origins[i].index < 0 && i < stored && !used[i])
            origins[i].index = i;
    return origins;
}

} // namespace mongo_fdw
