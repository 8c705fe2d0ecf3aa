// Strict functions of dates, for the table in expression_functions.cpp. Zone P.
#pragma once

#include "mql/expression_functions.hpp"

namespace mongo_fdw::mql {

Value date_truncate(const FunctionCall &call, const Value *args);
Value extract(const FunctionCall &call, const Value *args);
Value add_interval(const FunctionCall &call, const Value *args);
Value subtract_interval(const FunctionCall &call, const Value *args);
Value add_days(const FunctionCall &call, const Value *args);
Value subtract_days(const FunctionCall &call, const Value *args);
Value days_between(const FunctionCall &call, const Value *args);
Value extract_span(const FunctionCall &call, const Value *args);
Value shift_zone(const FunctionCall &call, const Value *args);

} // namespace mongo_fdw::mql
