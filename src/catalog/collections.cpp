// Lists of collections and indexes. Zone B.
#include "catalog/collections.hpp"

#include "convert/text.hpp"
#include "mql/commands.hpp"
#include "pg/error.hpp"
#include "pg/memory.hpp"

namespace mongo_fdw {
namespace {

int by_name(const ListCell *a, const ListCell *b) {
    return strcmp(static_cast<CollectionInfo *>(lfirst(a))->name, static_cast<CollectionInfo *>(lfirst(b))->name);
}

} // namespace

const char *readable_text(const char *utf8, uint32_t length) {
    const char *text = utf8;
    return to_server_text(&text, &length) == TextFault::None ? pnstrdup(text, length) : "(unreadable)";
}

void raise_unless_refused(const mongo::Error &failure, const DocumentSource &source) {
    if (failure.kind != mongo::ErrorKind::Server)
        raise_mongo_error(failure, GetForeignServer(source.server)->servername, source.name_space, source.pipeline);
}

BsonValue copy_value(const BsonValue &value) {
    uint8_t *data = static_cast<uint8_t *>(palloc(Max(value.size, 1)));
    if (value.size)
        memcpy(data, value.data, value.size);
    return {value.type, data, value.size};
}

namespace {

DocumentStream *open_unless_refused(const DocumentSource &source, mql::Document command, mongo::Error *failure) {
    DocumentStream *stream = open_documents(source, command, failure);
    if (!stream)
        raise_unless_refused(*failure, source);
    return stream;
}

} // namespace

List *list_collections(Oid server, Oid user, const char *database, mongo::Error *failure) {
    DocumentSource source{server, user, database, "", readable_text(database, strlen(database)), nullptr};
    mongo::Error refusal;
    DocumentStream *stream =
        open_unless_refused(source, mql::list_collections_command(nullptr, false, current_memory()), &refusal);
    if (!stream) // a role may read collections without a right to list them all
        stream = open_unless_refused(source, mql::list_collections_command(nullptr, true, current_memory()), &refusal);
    if (!stream) {
        if (!failure)
            raise_mongo_error(refusal, GetForeignServer(server)->servername, source.name_space, nullptr);
        *failure = refusal;
        return NIL;
    }
    List *list = NIL;
    BsonValue document;
    while (next_document(stream, &document)) {
        uint32_t length;
        BsonValue name = field_of(document, "name");
        if (name.type != BsonType::String)
            continue;
        const char *text = text_of(name, &length);
        if (strncmp(text, "system.", 7) == 0)
            continue;
        const char *shown = text;
        uint32_t shown_length = length;
        if (to_server_text(&shown, &shown_length) != TextFault::None) {
            ereport(WARNING,
                    (errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
                     errmsg("a collection of database \"%s\" is left out: the database encoding cannot say its "
                            "name",
                            source.name_space)));
            continue;
        }
        CollectionInfo *info = static_cast<CollectionInfo *>(palloc0(sizeof(CollectionInfo)));
        info->name = pnstrdup(text, length);
        info->shown = pnstrdup(shown, shown_length);
        info->view = is_text(field_of(document, "type"), "view");
        info->options = copy_value(field_of(document, "options"));
        info->timeseries = is_text(field_of(document, "type"), "timeseries") ||
                           field_of(info->options, "timeseries").type == BsonType::Document;
        info->validator = field_of(info->options, "validator");
        list = lappend(list, info);
    }
    close_documents(stream);
    list_sort(list, by_name);
    return list;
}

List *list_databases(Oid server, bool *told) {
    mql::Document command = mql::list_databases_command(current_memory());
    mongo::Bytes reply;
    mongo::Error failure;
    bool done =
        run_command(server, GetUserId(), "admin", {command.data, command.size}, &reply, told ? &failure : nullptr);
    if (told)
        *told = done;
    BsonValue databases = done ? field_of(reply.data, reply.size, "databases") : kMissing;
    List *names = NIL;
    if (databases.type != BsonType::Array)
        return NIL;
    BsonReader reader(databases.data, databases.size);
    while (reader.next()) {
        uint32_t length;
        BsonValue name = field_of(reader.value(), "name");
        if (name.type != BsonType::String)
            continue;
        const char *text = text_of(name, &length);
        names = lappend(names, pnstrdup(text, length));
    }
    return names;
}

List *list_indexes(const DocumentSource &source, mongo::Error *failure) {
    DocumentStream *stream =
        open_unless_refused(source, mql::list_indexes_command(source.collection, current_memory()), failure);
    if (!stream)
        return NIL;
    List *list = NIL;
    BsonValue document;
    while (next_document(stream, &document)) {
        BsonValue *copy = static_cast<BsonValue *>(palloc(sizeof(BsonValue)));
        *copy = copy_value(document);
        list = lappend(list, copy);
    }
    close_documents(stream);
    return list;
}

} // namespace mongo_fdw
