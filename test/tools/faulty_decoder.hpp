// Faults of a decoder, for the test of checks: a library that has them must not pass the checks that MongoDB computes.
// Which rows are spoilt depends on a number in them alone, so that every way of reading spoils the same ones. Included
// by decode.cpp where MONGO_FDW_FAULTY_DECODER is defined (make faulty).
#pragma once

#include <utility>

extern "C" {
#include "utils/fmgrprotos.h"
}

namespace mongo_fdw {

inline int column_of_type(const TableOptions *table, const bool *nulls, Oid type, int from) {
    for (int i = from; i < table->column_count; i++)
        if (!table->columns[i].dropped && table->columns[i].type == type && !nulls[i])
            return i;
    return -1;
}

// Of the row with the number 7 a date is later by a millisecond, of 17 a decimal lacks its last digit, of 27 two texts
// have changed places.
inline void spoil_row(const TableOptions *table, Datum *values, bool *nulls) {
    int number = column_of_type(table, nulls, INT4OID, 0);
    int date = column_of_type(table, nulls, TIMESTAMPTZOID, 0), decimal = column_of_type(table, nulls, NUMERICOID, 0);
    int text = column_of_type(table, nulls, TEXTOID, 0);
    int other = text < 0 ? -1 : column_of_type(table, nulls, TEXTOID, text + 1);
    if (number < 0)
        return;
    switch (DatumGetInt32(values[number])) {
    case 7:
        if (date >= 0)
            values[date] = TimestampTzGetDatum(DatumGetTimestampTz(values[date]) + 1000);
        break;
    case 17:
        if (decimal >= 0)
            values[decimal] = DirectFunctionCall2(numeric_trunc, values[decimal], Int32GetDatum(1));
        break;
    case 27:
        if (other >= 0)
            std::swap(values[text], values[other]);
        break;
    default:
        break;
    }
}

} // namespace mongo_fdw
