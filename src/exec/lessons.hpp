// What executions have learned of the data of foreign tables: work that the server tried and that could not be believed
// is not tried again for a while. Zone B.
#pragma once

#include "mql/ir.hpp"
#include "pg/pg.hpp"

namespace mongo_fdw {

// What was tried.
enum class Lesson : uint32 { Groups, SortColumn, SortValue };

// What was learned of a table; 0: nothing, or too long ago. what: the columns or values that it is about, as bits of a
// hash or a number. Forgotten where the table, its server or a user mapping changes.
int lesson_of(Oid relation, Lesson lesson, uint64 what);
void learn_lesson(Oid relation, Lesson lesson, uint64 what, int value);

// How a table's groups are tried.
enum class GroupLevel : uint8_t { Stored, Guarded, Local };

// How groups are tried that read the columns of a tree: one level further each time that the server was in doubt.
GroupLevel group_level(Oid relation, const mql::Tree &tree);
void learn_group_level(Oid relation, const mql::Tree &tree, GroupLevel level);

} // namespace mongo_fdw
