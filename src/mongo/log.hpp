// The driver's log lines, kept in a small ring until the backend can report them. Zone P; safe to include from zone B.
#pragma once

namespace mongo_fdw::mongo {

// Initialises the driver once in this process and routes its log into the ring. Must run after fork.
void initialize_driver() noexcept;

// Copies the oldest kept line into buffer; false when there is none.
bool next_log_line(char *buffer, unsigned size) noexcept;

} // namespace mongo_fdw::mongo
