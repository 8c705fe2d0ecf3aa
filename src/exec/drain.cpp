// Scans of what the same statement writes. Zone B.
#include "exec/drain.hpp"

#include "exec/scan.hpp"

namespace mongo_fdw {

// The ids of a scan's rows: their bytes in chunks, found by the row's number; and a set of those that were written. The
// fields that are kept beside stay in memory as far as work_mem goes, then in a temporary file.
struct RowIds {
    MemoryContext context;
    const uint8_t **rows; // type, number of misfits, their columns, size and bytes of the _id
    uint64 count;
    uint64 capacity;
    uint64 *written; // open addressing: row number + 1
    uint64 written_count;
    uint64 written_capacity; // a power of two
    char *chunk;
    Size left;
    bool *lists;   // columns over nested fields that take lists
    Size kept;     // bytes of fields in memory
    BufFile *file; // null: all fit
};

namespace {

ScanState *registered = nullptr; // linked through ScanState::next_drained

constexpr Size kChunk = 64 * 1024;
constexpr uint64 kRowsOfBlock = 32768;

uint8_t *chunk_bytes(RowIds *ids, Size size) {
    if (size > kChunk / 4)
        return static_cast<uint8_t *>(MemoryContextAllocHuge(ids->context, size));
    if (ids->left < size) {
        ids->chunk = static_cast<char *>(MemoryContextAlloc(ids->context, kChunk));
        ids->left = kChunk;
    }
    uint8_t *result = reinterpret_cast<uint8_t *>(ids->chunk + kChunk - ids->left);
    ids->left -= size;
    return result;
}

// Where the fields of a row are.
struct FieldsPlace {
    const uint8_t *bytes; // null: in the file
    int file;
    off_t offset;
    uint32 size; // 0: none are kept
};

struct RowHeader {
    BsonType type;
    int32 misfit_count;
    uint32 size;
    FieldsPlace fields;
};

const AttrNumber *misfits_of(const uint8_t *row) {
    return reinterpret_cast<const AttrNumber *>(row + sizeof(RowHeader));
}

BsonValue id_of(const uint8_t *row) {
    const RowHeader *header = reinterpret_cast<const RowHeader *>(row);
    return {header->type, row + sizeof(RowHeader) + sizeof(AttrNumber) * header->misfit_count, header->size};
}

RowIds *make_row_ids(MemoryContext context) {
    RowIds *ids = static_cast<RowIds *>(MemoryContextAllocZero(context, sizeof(RowIds))); // no file, nothing kept
    ids->context = context;
    return ids;
}

void add_row(RowIds *ids, const BsonValue &id, const AttrNumber *misfit, int misfit_count, const FieldsPlace &fields) {
    if (ids->count == ids->capacity) {
        uint64 capacity = Max(ids->capacity * 2, 1024);
        const uint8_t **rows =
            static_cast<const uint8_t **>(MemoryContextAllocHuge(ids->context, sizeof(*rows) * capacity));
        if (ids->count) {
            memcpy(rows, ids->rows, sizeof(*rows) * ids->count);
            pfree(ids->rows);
        }
        ids->rows = rows;
        ids->capacity = capacity;
    }
    Size size = sizeof(RowHeader) + sizeof(AttrNumber) * misfit_count + id.size;
    uint8_t *row = chunk_bytes(ids, MAXALIGN(size));
    RowHeader header{id.type, misfit_count, id.size, fields};
    memcpy(row, &header, sizeof header);
    if (misfit_count)
        memcpy(row + sizeof header, misfit, sizeof(AttrNumber) * misfit_count);
    memcpy(row + sizeof header + sizeof(AttrNumber) * misfit_count, id.data, id.size);
    ids->rows[ids->count++] = row;
}

uint64 *find_written(RowIds *ids, const BsonValue &id) {
    uint64 at = hash_bytes_extended(id.data, static_cast<int>(id.size), static_cast<uint64>(id.type));
    for (;; at++) {
        uint64 *entry = &ids->written[at & (ids->written_capacity - 1)];
        if (*entry == 0 || same_value(id_of(ids->rows[*entry - 1]), id))
            return entry;
    }
}

// Notes that a row's document is written; true where it was before.
bool note_written(RowIds *ids, uint64 number) {
    if (ids->written_count * 2 >= ids->written_capacity) {
        uint64 *old = ids->written, old_capacity = ids->written_capacity;
        ids->written_capacity = Max(old_capacity * 2, 1024);
        ids->written = static_cast<uint64 *>(MemoryContextAllocExtended(
            ids->context, sizeof(uint64) * ids->written_capacity, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO));
        for (uint64 i = 0; i < old_capacity; i++)
            if (old[i])
                *find_written(ids, id_of(ids->rows[old[i] - 1])) = old[i];
        if (old)
            pfree(old);
    }
    uint64 *entry = find_written(ids, id_of(ids->rows[number]));
    if (*entry)
        return true;
    *entry = number + 1;
    ids->written_count++;
    return false;
}

// Columns that may show fields inside an array: nested ones of a type that takes lists.
bool *columns_of_lists(const ScanState *state) {
    bool *lists = static_cast<bool *>(palloc0(Max(state->table->column_count, 1)));
    for (int i = 0; i < state->table->column_count; i++) {
        const ColumnOptions &column = state->table->columns[i];
        Oid type = column.dropped ? InvalidOid : getBaseType(column.type);
        lists[i] = state->reading->needed[i] && column.role == Role::Field && column.path.count > 1 &&
                   (type == JSONOID || type == JSONBOID || OidIsValid(get_element_type(type)));
    }
    return lists;
}

bool lies_in_array(const BsonValue &document, const FieldPath &path) {
    BsonValue value = document;
    for (int i = 0; i < path.count - 1 && value.type == BsonType::Document; i++)
        value = field_of(value, path.keys[i]);
    return value.type == BsonType::Array;
}

// --- kept fields: for each {column, keys, type, size}, then the value ---

struct FieldHeader {
    AttrNumber column;
    int16 keys;
    BsonType type;
    uint32 size;
};

StoredField field_in(const BsonValue &document, const ColumnOptions &column) {
    if (column.role == Role::Doc)
        return {column.number, 0, document};
    StoredField field{column.number, 0, document};
    while (field.keys < column.path.count && field.value.type == BsonType::Document)
        field.value = field_of(field.value, column.path.keys[field.keys++]);
    if (field.keys < column.path.count && field.value.type != BsonType::Array)
        field = {column.number, column.path.count, kMissing};
    return field;
}

void append_field(StringInfo bytes, const StoredField &field) {
    FieldHeader header{field.column, static_cast<int16>(field.keys), field.value.type, field.value.size};
    appendBinaryStringInfo(bytes, reinterpret_cast<const char *>(&header), sizeof header);
    appendBinaryStringInfo(bytes, reinterpret_cast<const char *>(field.value.data), static_cast<int>(field.value.size));
}

FieldsPlace keep_fields(ScanState *state, const BsonValue &document) {
    RowIds *ids = state->row_ids;
    StringInfoData bytes;
    initStringInfo(&bytes);
    ListCell *cell;
    foreach (cell, state->plan.kept)
        append_field(&bytes, field_in(document, state->table->columns[lfirst_int(cell) - 1]));
    FieldsPlace place{nullptr, 0, 0, static_cast<uint32>(bytes.len)};
    if (ids->kept + bytes.len <= static_cast<Size>(work_mem) * 1024) {
        uint8_t *copy = chunk_bytes(ids, MAXALIGN(bytes.len));
        memcpy(copy, bytes.data, bytes.len);
        place.bytes = copy;
        ids->kept += bytes.len;
    } else {
        if (!ids->file) {
            MemoryContext old = MemoryContextSwitchTo(ids->context);
            ids->file = BufFileCreateTemp(false);
            MemoryContextSwitchTo(old);
        }
        BufFileTell(ids->file, &place.file, &place.offset);
        BufFileWrite(ids->file, bytes.data, bytes.len);
    }
    pfree(bytes.data);
    return place;
}

// The bytes of a row's fields, in the current memory context where they were in the file.
const uint8_t *read_fields(RowIds *ids, const FieldsPlace &place) {
    if (place.bytes || place.size == 0)
        return place.bytes;
    uint8_t *bytes = static_cast<uint8_t *>(palloc(place.size));
    if (BufFileSeek(ids->file, place.file, place.offset, SEEK_SET) != 0)
        ereport(ERROR, (errcode_for_file_access(), errmsg("could not seek in a temporary file of documents")));
    read_temporary_file(ids->file, bytes, place.size);
    return bytes;
}

void take_fields(RowIds *ids, const FieldsPlace &place, RowId *row) {
    const uint8_t *at = read_fields(ids, place), *end = at + place.size;
    int capacity = 0;
    StoredField *fields = nullptr;
    row->field_count = 0;
    while (at < end) {
        FieldHeader header;
        memcpy(&header, at, sizeof header);
        if (row->field_count == capacity) {
            capacity = Max(capacity * 2, 8);
            Size size = sizeof(StoredField) * capacity;
            fields = static_cast<StoredField *>(fields ? repalloc(fields, size) : palloc(size));
        }
        fields[row->field_count++] = {header.column, header.keys, {header.type, at + sizeof header, header.size}};
        at += sizeof header + header.size;
    }
    row->fields = fields;
}

void keep_row_id(ScanState *state, TupleTableSlot *slot) {
    BsonValue document = current_document(state->reading->decoder);
    BsonValue id = field_of(document, "_id");
    if (id.type == BsonType::Missing)
        ereport(ERROR, (errcode(ERRCODE_FDW_ERROR),
                        errmsg("a document of \"%s\" has no _id, it cannot be written", state->table->name_space)));
    AttrNumber misfit[MaxHeapAttributeNumber];
    int count = 0;
    for (int i = 0; i < state->table->column_count; i++) {
        const ColumnOptions &column = state->table->columns[i];
        if (state->reading->needed[i] && !column.dropped && column.role == Role::Field && slot->tts_isnull[i] &&
            field_state(state->reading->decoder, column.number) == FieldState::Present)
            misfit[count++] = column.number;
        else if (state->row_ids->lists[i] && lies_in_array(document, column.path))
            misfit[count++] = static_cast<AttrNumber>(-column.number);
    }
    FieldsPlace fields{nullptr, 0, 0, 0};
    if (state->plan.kept != NIL)
        fields = keep_fields(state, document);
    add_row(state->row_ids, id, misfit, count, fields);
}

void drain(ForeignScanState *node, ScanState *state) {
    MemoryContext old = MemoryContextSwitchTo(state->context);
    state->drained = tuplestore_begin_heap(false, false, work_mem);
    tuplestore_set_eflags(state->drained, EXEC_FLAG_REWIND);
    if (state->plan.identified)
        state->row_ids =
            make_row_ids(AllocSetContextCreate(state->context, "mongo_fdw_cpp rows", ALLOCSET_DEFAULT_SIZES));
    if (state->row_ids)
        state->row_ids->lists = columns_of_lists(state);
    TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
    MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);
    state->drained_slot = MakeSingleTupleTableSlot(slot->tts_tupleDescriptor, &TTSOpsMinimalTuple);
    for (;;) {
        TupleTableSlot *row = next_scanned_row(node);
        if (TupIsNull(row))
            break;
        if (state->row_ids)
            keep_row_id(state, row);
        tuplestore_puttupleslot(state->drained, row);
        CHECK_FOR_INTERRUPTS();
    }
    ExecClearTuple(slot);
    MemoryContextSwitchTo(old);
}

} // namespace

void register_drained_scan(ForeignScanState *node, ScanState *state) {
    state->node = node;
    state->next_drained = registered;
    registered = state;
}

void forget_drained_scan(ScanState *state) {
    for (ScanState **at = &registered; *at; at = &(*at)->next_drained)
        if (*at == state) {
            *at = state->next_drained;
            return;
        }
}

TupleTableSlot *next_drained_row(ForeignScanState *node, ScanState *state) {
    TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
    if (!state->drained)
        drain(node, state);
    ExecClearTuple(slot);
    if (!next_stored_row(node->ss.ps.state, state->drained, state->drained_slot))
        return slot;
    show_row(slot, state->drained_slot);
    uint64 number = state->drained_rows++;
    if (state->row_ids)
        ItemPointerSet(&slot->tts_tid, static_cast<BlockNumber>(number / kRowsOfBlock),
                       static_cast<OffsetNumber>(number % kRowsOfBlock + 1));
    return slot;
}

void end_drained(ScanState *state) {
    if (state->drained)
        tuplestore_end(state->drained);
    if (state->row_ids && state->row_ids->file)
        BufFileClose(state->row_ids->file);
}

void rescan_drained(ScanState *state) {
    if (!state->drained)
        return;
    tuplestore_rescan(state->drained);
    state->drained_rows = 0;
}

void drain_scans(EState *estate, const TableOptions *target) {
    for (ScanState *state = registered; state; state = state->next_drained) {
        // A node that modifies directly reads nothing, unless it finds that it must.
        if (state->node->ss.ps.state != estate || state->drained || state->direct)
            continue;
        bool reads = false;
        ListCell *cell;
        foreach (cell, state->tables)
            reads = reads || may_read_collection(static_cast<TableOptions *>(lfirst(cell)), target);
        if (reads)
            drain(state->node, state);
    }
}

RowId take_row(EState *estate, Index relation, ItemPointer row) {
    for (ScanState *state = registered; state; state = state->next_drained) {
        Scan *scan = reinterpret_cast<Scan *>(state->node->ss.ps.plan);
        if (state->node->ss.ps.state != estate || scan->scanrelid != relation || !state->row_ids)
            continue;
        uint64 number = static_cast<uint64>(ItemPointerGetBlockNumberNoCheck(row)) * kRowsOfBlock +
                        ItemPointerGetOffsetNumberNoCheck(row) - 1;
        if (number >= state->row_ids->count)
            break;
        const uint8_t *bytes = state->row_ids->rows[number];
        RowId result;
        result.id = id_of(bytes);
        result.misfit = misfits_of(bytes);
        result.misfit_count = reinterpret_cast<const RowHeader *>(bytes)->misfit_count;
        result.written = note_written(state->row_ids, number);
        take_fields(state->row_ids, reinterpret_cast<const RowHeader *>(bytes)->fields, &result);
        return result;
    }
    elog(ERROR, "no document belongs to a row of foreign table %u", relation);
    pg_unreachable();
}

} // namespace mongo_fdw
