// Facts about columns for filters and expressions. Zone B.
#include "convert/converter.hpp"
#include "convert/fit.hpp"
#include "options/path.hpp"
#include "plan/lower.hpp"
#include "plan/rules.hpp"

namespace mongo_fdw {
namespace {

// The position of an element, which only the server's $unwind knows.
mql::Column ordinal_column(Oid type) {
    mql::FitColumn *fit = static_cast<mql::FitColumn *>(palloc0(sizeof(mql::FitColumn)));
    fit->kind = mql::FitKind::Ordinal;
    fit->element = true;
    mql::Column column{};
    column.path = mql::kOrdinal;
    column.family = mql::Family::Int;
    column.misfit_is_null = column.element = true;
    column.minimum = PG_INT32_MIN;
    column.maximum = type == INT8OID ? PG_INT64_MAX : PG_INT32_MAX;
    column.fit = fit;
    return column;
}

} // namespace

mql::Column *filter_columns(const TableOptions *table) {
    mql::Column *columns = static_cast<mql::Column *>(palloc0(sizeof(mql::Column) * Max(table->column_count, 1)));
    for (int i = 0; i < table->column_count; i++) {
        const ColumnOptions &from = table->columns[i];
        mql::Column &to = columns[i];
        if (!from.dropped && from.role == Role::Ord && server_unwinds(table))
            to = ordinal_column(from.type);
        if (!from.dropped && from.role == Role::Key) {
            to.family = mql::Family::Key;
            to.path = "_id";
            to.components = 1;
        }
        if (from.dropped || from.role != Role::Field)
            continue;
        int32 typmod = from.typmod;
        Oid base = getBaseTypeAndTypmod(from.type, &typmod);
        StringInfoData dotted;
        initStringInfo(&dotted);
        for (int k = 0; k < from.path.count; k++)
            appendStringInfo(&dotted, "%s%s", k ? "." : "", from.path.keys[k]);
        to.path = dotted.data;
        to.components = static_cast<uint16_t>(from.path.count);
        to.family = family_of_type(base);
        Oid element = get_element_type(base);
        bool read_otherwise =
            from.rules.edb || element == BYTEAOID || (element == UUIDOID && from.rules.uuid_legacy != UuidLegacy::Off);
        to.element_family = OidIsValid(element) && !read_otherwise ? family_of_type(element) : mql::Family::None;
        if (from.rules.nul != NulRule::Misfit) // texts are not those that are stored
            to.family = to.element_family = mql::Family::None;
        if (base == UUIDOID && from.rules.uuid_legacy != UuidLegacy::Off)
            to.family = mql::Family::None; // two byte orders for one value
        constexpr int kOldBinary = 2;      // holds its length once more
        if (base == BYTEAOID && (from.rules.binary_subtype < 0 || from.rules.binary_subtype == kOldBinary))
            to.family = mql::Family::None;
        to.subtype = static_cast<uint8_t>(Max(from.rules.binary_subtype, 0));
        to.misfit_is_null = from.on_error != OnError::Error;
        to.bool_as_number = from.rules.edb && (to.family == mql::Family::Int || to.family == mql::Family::Float ||
                                               to.family == mql::Family::Numeric || to.family == mql::Family::Bool);
        bool too_long_raises = from.rules.edb && to.family == mql::Family::Text && typmod >= VARHDRSZ;
        to.uncertain = base != from.type || too_long_raises;
        if (to.bool_as_number && to.family == mql::Family::Int)
            to.slack = 1;
        else if (to.bool_as_number && to.family == mql::Family::Numeric && typmod >= VARHDRSZ)
            to.slack = std::pow(10.0, -numeric_scale(typmod)) / 2;
        to.only_object_ids = from.rules.edb && base == NAMEOID;
        to.single = base == FLOAT4OID || element == FLOAT4OID;
        to.minimum = base == INT2OID ? PG_INT16_MIN : base == INT4OID ? PG_INT32_MIN : PG_INT64_MIN;
        to.maximum = base == INT2OID ? PG_INT16_MAX : base == INT4OID ? PG_INT32_MAX : PG_INT64_MAX;
        if (base == NAMEOID) {
            to.max_length = NAMEDATALEN - 1;
            to.length_in_bytes = true;
        } else if (to.family == mql::Family::Text && typmod >= VARHDRSZ) {
            to.max_length = typmod - VARHDRSZ;
        }
        for (int level = 0; level < table->unwind_levels; level++)
            to.element = to.element || starts_with(from.path, table->unwind[level]);
        mql::FitColumn *fit = static_cast<mql::FitColumn *>(palloc0(sizeof(mql::FitColumn)));
        if ((!to.element || server_unwinds(table)) && fit_of_column(from, fit)) {
            fit->symbols_fit = fit->max_length == 0;
            fit->element = to.element;
            to.fit = fit;
        }
    }
    return columns;
}

} // namespace mongo_fdw
