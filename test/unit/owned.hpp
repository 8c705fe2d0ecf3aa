// Memory for the results of functions under test: it lives as long as the object.
#pragma once

#include "memory.hpp"

#include <deque>
#include <string>

class Owned {
  public:
    mongo_fdw::Memory memory() { return {allocate, this}; }

  private:
    static void *allocate(void *place, std::size_t size) noexcept {
        auto &blocks = static_cast<Owned *>(place)->blocks_;
        blocks.emplace_back(size + 1, '\0');
        return blocks.back().data();
    }
    std::deque<std::string> blocks_;
};
