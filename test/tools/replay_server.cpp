// A MongoDB server for tests that does no work: it answers find, aggregate and getMore with documents made beforehand,
// as fast as the socket takes them, and misbehaves when it is told to.
//
// usage: replay_server --port P [--set NAME] [--log FILE] [--tls-pem FILE] [--deny-auth] [--lacks STAGE]
// [--commit-fault cut] [--list-rights authorized|none]
//
// A collection's name says what it holds and how it fails:
// SHAPE[,docs=N][,fault=F][,after=K][,delay=MS][,code=N][,label=L]
//   shapes: flat20 (20 fields), nest (sub-documents, 530 bytes), nest4k, dec5 (Decimal128), ids (_id alone), groups
//   (what $group by one key gives for count(*)) faults, after K replies to cursor commands: cut (the connection is
//   closed), half (closed inside a reply), stall (no answer), error (an error code), lie (a document with a wrong
//   length), odd (a number in place of a document), truncated (a reply without a cursor), empty (three batches without
//   documents while the cursor lives), notcursor (CursorNotFound), stats ($collStats is never answered)
// One line per command goes to the log: its name, collection, read concern and preference, stages, batch size. Batches
// obey batchSize, limit, $limit, $sample and inclusion projections; $collStats, $count and count tell of the shape's
// documents. The sizes of $sample and $limit stand in the log: "stages=$sample(300),$project".
// Writes are taken and forgotten; the answer counts their operations. Their faults, after K writes of the collection:
// cut (taken, and the connection is closed; once), stall (no answer), error (an error code and label), duplicate (the
// K-th operation of each command is refused with 11000), concern (a write concern error), vanish (one document less is
// found). With
// --commit-fault cut no commit is answered. Lines of writes, and of all commands in a transaction, end with what the
// log of a transaction shows: operations=N w=W txn=NUMBER start autocommit=false session=DIGITS. A database whose name
// holds a '=' has one collection, of the same name. --lacks refuses pipelines with that stage or operator, as a server
// does that does not know it. --list-rights is for a role that may list what it may read, by its name, or may not list.
#include <bson/bson.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <map>
#include <mutex>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr int kOpReply = 1, kOpQuery = 2004, kOpMsg = 2013;
constexpr uint32_t kDistinct = 1024; // documents made of a shape; they repeat after that

struct Options {
    int port = 0;
    std::string set;
    std::string log;
    std::string pem;
    bool deny_auth = false;
    std::string lacks;
    std::string commit_fault;
    std::string list_rights;
};
Options options;
SSL_CTX *tls = nullptr;
std::mutex shared; // guards the log and the cache
FILE *log_file = nullptr;
std::atomic<int64_t> next_cursor{1};

using Bytes = std::vector<uint8_t>;

struct Spec {
    std::string shape;
    uint64_t docs = 1000;
    std::string fault;
    uint64_t after = 0;
    int delay_ms = 0;
    int code = 96; // of fault error
    std::string label;
};

Spec parse_spec(const std::string &name) {
    Spec spec;
    size_t from = 0;
    while (from <= name.size()) {
        size_t comma = std::min(name.find(',', from), name.size());
        std::string part = name.substr(from, comma - from);
        size_t equals = part.find('=');
        std::string key = part.substr(0, equals), value = equals == std::string::npos ? "" : part.substr(equals + 1);
        if (equals == std::string::npos)
            spec.shape = part;
        else if (key == "docs")
            spec.docs = std::strtoull(value.c_str(), nullptr, 10);
        else if (key == "fault")
            spec.fault = value;
        else if (key == "after")
            spec.after = std::strtoull(value.c_str(), nullptr, 10);
        else if (key == "code")
            spec.code = std::atoi(value.c_str());
        else if (key == "label")
            spec.label = value;
        else if (key == "delay")
            spec.delay_ms = std::atoi(value.c_str());
        from = comma + 1;
    }
    return spec;
}

struct Random {
    uint64_t state = 88172645463325252ULL;
    uint64_t next() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state;
    }
    std::string text(int least, int most) {
        std::string result;
        int length = least + static_cast<int>(next() % static_cast<uint64_t>(most - least + 1));
        for (int i = 0; i < length; i++)
            result += static_cast<char>('a' + next() % 26);
        return result;
    }
};

void append_decimal(bson_t *document, const char *key, const char *text) {
    bson_decimal128_t value;
    bson_decimal128_from_string(text, &value);
    bson_append_decimal128(document, key, -1, &value);
}

void make_flat20(bson_t *d, uint32_t i, Random &random) {
    bson_oid_t oid;
    uint8_t id[12] = {0x65, 0, 0, 0, 0, 0, 0, 0, uint8_t(i >> 24), uint8_t(i >> 16), uint8_t(i >> 8), uint8_t(i)};
    bson_oid_init_from_data(&oid, id);
    BSON_APPEND_OID(d, "_id", &oid);
    for (int k = 0; k < 4; k++)
        bson_append_int32(d, ("i" + std::to_string(k)).c_str(), -1, static_cast<int32_t>(random.next()));
    for (int k = 0; k < 3; k++)
        bson_append_int64(d, ("l" + std::to_string(k)).c_str(), -1, static_cast<int64_t>(random.next()));
    for (int k = 0; k < 3; k++)
        bson_append_double(d, ("d" + std::to_string(k)).c_str(), -1,
                           static_cast<double>(random.next() % 1000000) / 128);
    BSON_APPEND_BOOL(d, "b", i % 2 == 0);
    for (int k = 0; k < 2; k++)
        bson_append_date_time(d, ("t" + std::to_string(k)).c_str(), -1,
                              1600000000000 + static_cast<int64_t>(random.next() % 100000000000));
    const int lengths[6] = {6, 10, 16, 24, 32, 40};
    for (int k = 0; k < 6; k++)
        bson_append_utf8(d, ("s" + std::to_string(k)).c_str(), -1, random.text(lengths[k], lengths[k]).c_str(), -1);
}

void make_nest(bson_t *d, uint32_t i, Random &random, int copies) {
    BSON_APPEND_INT32(d, "_id", static_cast<int32_t>(i));
    for (int copy = 0; copy < copies; copy++) {
        bson_t doc, list = BSON_INITIALIZER, inner;
        std::string name = copy ? "doc" + std::to_string(copy) : "doc";
        bson_append_document_begin(d, name.c_str(), -1, &doc);
        for (int k = 0; k < 8; k++)
            bson_append_utf8(&doc, ("text" + std::to_string(k)).c_str(), -1, random.text(8, 16).c_str(), -1);
        for (int k = 0; k < 6; k++)
            bson_append_int32(&doc, ("int" + std::to_string(k)).c_str(), -1,
                              static_cast<int32_t>(random.next() % 100000));
        for (int k = 0; k < 4; k++)
            bson_append_double(&doc, ("real" + std::to_string(k)).c_str(), -1,
                               static_cast<double>(random.next() % 1000000) / 1000);
        BSON_APPEND_DATE_TIME(&doc, "when", 1700000000000 + i);
        for (int k = 0; k < 10; k++)
            bson_append_utf8(&list, std::to_string(k).c_str(), -1, random.text(4, 8).c_str(), -1);
        bson_append_array(&doc, "list", -1, &list);
        bson_destroy(&list);
        bson_append_document_begin(&doc, "inner", -1, &inner);
        BSON_APPEND_UTF8(&inner, "a", "x");
        BSON_APPEND_INT32(&inner, "b", 1);
        bson_append_document_end(&doc, &inner);
        bson_append_document_end(d, &doc);
    }
}

void make_document(bson_t *d, const std::string &shape, uint32_t i, Random &random) {
    if (shape == "flat20") {
        make_flat20(d, i, random);
    } else if (shape == "nest") {
        make_nest(d, i, random, 1);
    } else if (shape == "nest4k") {
        make_nest(d, i, random, 8);
    } else if (shape == "dec5") {
        BSON_APPEND_INT64(d, "_id", i);
        for (int k = 0; k < 4; k++) {
            std::string text =
                std::to_string(random.next() % 100000000) + "." + std::to_string(10 + random.next() % 90);
            append_decimal(d, ("n" + std::to_string(k)).c_str(), text.c_str());
        }
    } else if (shape == "groups") {
        BSON_APPEND_INT32(d, "_id", static_cast<int32_t>(i));
        BSON_APPEND_INT32(d, "n", 1);
    } else {
        BSON_APPEND_INT32(d, "_id", static_cast<int32_t>(i));
    }
}

// The documents of a shape after an inclusion projection, kDistinct of them.
std::vector<Bytes> make_documents(const Spec &spec, const bson_t *projection) {
    std::vector<Bytes> result;
    Random random;
    for (uint32_t i = 0; i < kDistinct; i++) {
        bson_t full = BSON_INITIALIZER, kept = BSON_INITIALIZER;
        make_document(&full, spec.shape, i, random);
        bson_iter_t at, ignored;
        const bson_t *chosen = &full;
        if (projection && !bson_empty(projection) && spec.shape != "groups") {
            bson_iter_init(&at, &full);
            while (bson_iter_next(&at)) {
                const char *key = bson_iter_key(&at);
                if (std::strcmp(key, "_id") == 0 || bson_iter_init_find(&ignored, projection, key))
                    bson_append_iter(&kept, key, -1, &at);
            }
            chosen = &kept;
        }
        result.emplace_back(bson_get_data(chosen), bson_get_data(chosen) + chosen->len);
        bson_destroy(&full);
        bson_destroy(&kept);
    }
    return result;
}

struct Cursor {
    Spec spec;
    std::string name_space;
    const std::vector<Bytes> *documents;
    uint64_t sent = 0;
    uint64_t replies = 0;
};

const std::vector<Bytes> *documents_of(const Spec &spec, const bson_t *projection) {
    static std::map<std::string, std::vector<Bytes>> cache;
    std::string key = spec.shape + "/";
    if (projection && !bson_empty(projection))
        key.append(reinterpret_cast<const char *>(bson_get_data(projection)), projection->len);
    std::lock_guard<std::mutex> guard(shared);
    auto found = cache.find(key);
    if (found == cache.end())
        found = cache.emplace(key, make_documents(spec, projection)).first;
    return &found->second;
}

class Connection {
  public:
    explicit Connection(int descriptor) : descriptor_(descriptor) {}
    ~Connection() {
        if (ssl_)
            SSL_free(ssl_);
        close(descriptor_);
    }
    bool accept_tls() {
        if (!tls)
            return true;
        ssl_ = SSL_new(tls);
        SSL_set_fd(ssl_, descriptor_);
        return SSL_accept(ssl_) == 1;
    }
    void serve() {
        Bytes message;
        while (read_message(&message) && answer(message))
            ;
    }

  private:
    bool read_all(uint8_t *to, size_t size) {
        while (size) {
            ssize_t got = ssl_ ? SSL_read(ssl_, to, static_cast<int>(size)) : recv(descriptor_, to, size, 0);
            if (got <= 0)
                return false;
            to += got;
            size -= static_cast<size_t>(got);
        }
        return true;
    }
    bool write_all(const uint8_t *from, size_t size) {
        while (size) {
            ssize_t put = ssl_ ? SSL_write(ssl_, from, static_cast<int>(std::min<size_t>(size, 1 << 20)))
                               : send(descriptor_, from, size, MSG_NOSIGNAL);
            if (put <= 0)
                return false;
            from += put;
            size -= static_cast<size_t>(put);
        }
        return true;
    }
    bool read_message(Bytes *message) {
        uint8_t head[4];
        if (!read_all(head, 4))
            return false;
        int32_t size;
        std::memcpy(&size, head, 4);
        if (size < 16 || size > 64 * 1024 * 1024)
            return false;
        message->resize(static_cast<size_t>(size));
        std::memcpy(message->data(), head, 4);
        return read_all(message->data() + 4, static_cast<size_t>(size) - 4);
    }
    bool reply(int32_t request, int op, const uint8_t *body, size_t size) {
        Bytes out;
        auto word = [&out](int32_t value) {
            const uint8_t *bytes = reinterpret_cast<const uint8_t *>(&value);
            out.insert(out.end(), bytes, bytes + 4);
        };
        size_t extra = op == kOpMsg ? 5 : 20;
        word(static_cast<int32_t>(16 + extra + size));
        word(1);
        word(request);
        word(op);
        if (op == kOpMsg) {
            word(0);
            out.push_back(0);
        } else {
            word(8);
            word(0);
            word(0);
            word(0);
            word(1);
        }
        out.insert(out.end(), body, body + size);
        return write_all(out.data(), half_ ? out.size() / 2 : out.size()) && !half_;
    }
    bool reply(int32_t request, int op, const bson_t *document) {
        return reply(request, op, bson_get_data(document), document->len);
    }
    bool fail(int32_t request, int op, int code, const char *name, const char *text, const std::string &label = "") {
        bson_t out = BSON_INITIALIZER;
        if (!label.empty()) {
            bson_t labels = BSON_INITIALIZER;
            BSON_APPEND_UTF8(&labels, "0", label.c_str());
            BSON_APPEND_ARRAY(&out, "errorLabels", &labels);
            bson_destroy(&labels);
        }
        BSON_APPEND_DOUBLE(&out, "ok", 0);
        BSON_APPEND_INT32(&out, "code", code);
        BSON_APPEND_UTF8(&out, "codeName", name);
        BSON_APPEND_UTF8(&out, "errmsg", text);
        bool done = reply(request, op, &out);
        bson_destroy(&out);
        return done;
    }
    bool hello(int32_t request, int op) {
        bson_t out = BSON_INITIALIZER;
        std::string me = "127.0.0.1:" + std::to_string(options.port);
        BSON_APPEND_BOOL(&out, "ismaster", true);
        BSON_APPEND_BOOL(&out, "isWritablePrimary", true);
        BSON_APPEND_BOOL(&out, "helloOk", true);
        if (!options.set.empty()) {
            bson_t hosts = BSON_INITIALIZER;
            BSON_APPEND_UTF8(&out, "setName", options.set.c_str());
            BSON_APPEND_UTF8(&hosts, "0", me.c_str());
            BSON_APPEND_ARRAY(&out, "hosts", &hosts);
            bson_destroy(&hosts);
            BSON_APPEND_UTF8(&out, "me", me.c_str());
            BSON_APPEND_INT32(&out, "setVersion", 1);
        }
        BSON_APPEND_INT32(&out, "maxBsonObjectSize", 16777216);
        BSON_APPEND_INT32(&out, "maxMessageSizeBytes", 48000000);
        BSON_APPEND_INT32(&out, "maxWriteBatchSize", 100000);
        BSON_APPEND_INT32(&out, "logicalSessionTimeoutMinutes", 30);
        BSON_APPEND_INT32(&out, "minWireVersion", 0);
        BSON_APPEND_INT32(&out, "maxWireVersion", 21);
        BSON_APPEND_DOUBLE(&out, "ok", 1);
        bool done = reply(request, op, &out);
        bson_destroy(&out);
        return done;
    }
    // A whole reply made once for each size of a batch; only responseTo and the cursor's id differ from use to use.
    struct Prepared {
        Bytes message;
        size_t id_at;
    };
    static const Prepared &prepared(const Cursor &cursor, const char *name, uint64_t count) {
        static std::map<std::pair<const void *, std::string>, Prepared> cache;
        std::lock_guard<std::mutex> guard(shared);
        std::string key = std::string(name) + std::to_string(count) + cursor.name_space;
        Prepared &entry = cache[{cursor.documents, key}];
        if (!entry.message.empty())
            return entry;
        Bytes &out = entry.message;
        auto word = [&out](uint64_t value, int bytes) {
            for (int i = 0; i < bytes; i++)
                out.push_back(static_cast<uint8_t>(value >> (8 * i)));
        };
        auto text = [&out](const char *value) { out.insert(out.end(), value, value + std::strlen(value) + 1); };
        auto patch = [&out](size_t at) {
            uint32_t length = static_cast<uint32_t>(out.size() - at);
            std::memcpy(out.data() + at, &length, 4);
        };
        for (int part : {0, 1, 0, kOpMsg, 0})
            word(static_cast<uint64_t>(part), 4);
        out.push_back(0);
        size_t body = out.size();
        word(0, 4);
        out.push_back(0x03);
        text("cursor");
        size_t inner = out.size();
        word(0, 4);
        out.push_back(0x12);
        text("id");
        entry.id_at = out.size();
        word(0, 8);
        out.push_back(0x02);
        text("ns");
        word(cursor.name_space.size() + 1, 4);
        text(cursor.name_space.c_str());
        out.push_back(0x04);
        text(name);
        size_t array = out.size();
        word(0, 4);
        for (uint64_t i = 0; i < count; i++) {
            const Bytes &document = (*cursor.documents)[i % kDistinct];
            out.push_back(0x03);
            text(std::to_string(i).c_str());
            out.insert(out.end(), document.begin(), document.end());
        }
        out.push_back(0);
        patch(array);
        out.push_back(0);
        patch(inner);
        out.push_back(0x10);
        text("ok");
        word(1, 4);
        out.push_back(0);
        patch(body);
        patch(0);
        return entry;
    }
    bool send_prepared(int32_t request, const Prepared &reply, int64_t id) {
        uint8_t head[256];
        size_t size = reply.id_at + 8;
        std::memcpy(head, reply.message.data(), size);
        std::memcpy(head + 8, &request, 4);
        std::memcpy(head + reply.id_at, &id, 8);
        return write_all(head, size) && write_all(reply.message.data() + size, reply.message.size() - size);
    }
    bool send_batch(int32_t request, Cursor *cursor, int64_t id, const char *name, uint64_t size) {
        if (cursor->spec.delay_ms)
            std::this_thread::sleep_for(std::chrono::milliseconds(cursor->spec.delay_ms));
        const std::string &fault = cursor->spec.fault;
        bool faulty = !fault.empty() && cursor->replies >= cursor->spec.after &&
                      (fault != "empty" || cursor->replies < cursor->spec.after + 3);
        cursor->replies++;
        if (faulty && fault == "cut")
            return false;
        if (faulty && fault == "stall") {
            uint8_t byte;
            read_all(&byte, 1); // until the client goes away
            return false;
        }
        if (faulty && fault == "error")
            return fail(request, kOpMsg, cursor->spec.code, "OperationFailed", "the replay server was told to fail",
                        cursor->spec.label);
        if (faulty && fault == "notcursor")
            return fail(request, kOpMsg, 43, "CursorNotFound", "cursor id not found");
        if (!faulty) {
            uint64_t sent = std::min(size, cursor->spec.docs - cursor->sent);
            cursor->sent += sent;
            return send_prepared(request, prepared(*cursor, name, sent), cursor->sent >= cursor->spec.docs ? 0 : id);
        }
        half_ = faulty && fault == "half";
        uint64_t count = faulty && fault == "empty" ? 0 : std::min(size, cursor->spec.docs - cursor->sent);
        // {cursor: {id, ns, firstBatch: [...]}, ok: 1}, written by hand so that a batch is one pass of copies
        Bytes array(4);
        for (uint64_t i = 0; i < count; i++) {
            char key[24];
            int length = std::snprintf(key, sizeof key, "%llu", static_cast<unsigned long long>(i));
            const Bytes &document = (*cursor->documents)[(cursor->sent + i) % kDistinct];
            if (faulty && fault == "odd" && i == count / 2) {
                array.push_back(0x10);
                array.insert(array.end(), key, key + length + 1);
                array.insert(array.end(), {7, 0, 0, 0});
                continue;
            }
            array.push_back(0x03);
            array.insert(array.end(), key, key + length + 1);
            size_t at = array.size();
            array.insert(array.end(), document.begin(), document.end());
            if (faulty && fault == "lie" && i == count / 2) {
                int32_t wrong = static_cast<int32_t>(document.size()) + 1000000;
                std::memcpy(array.data() + at, &wrong, 4);
            }
        }
        array.push_back(0);
        int32_t array_size = static_cast<int32_t>(array.size());
        std::memcpy(array.data(), &array_size, 4);
        cursor->sent += count;
        bool last = cursor->sent >= cursor->spec.docs;
        bson_t out = BSON_INITIALIZER, inner, batch;
        if (!(faulty && fault == "truncated")) {
            bson_append_document_begin(&out, "cursor", -1, &inner);
            BSON_APPEND_INT64(&inner, "id", last ? 0 : id);
            BSON_APPEND_UTF8(&inner, "ns", cursor->name_space.c_str());
            if (bson_init_static(&batch, array.data(), array.size()))
                bson_append_array(&inner, name, -1, &batch);
            bson_append_document_end(&out, &inner);
        }
        BSON_APPEND_DOUBLE(&out, "ok", 1);
        bool done = reply(request, kOpMsg, &out);
        bson_destroy(&out);
        return done;
    }
    static int64_t number(const bson_t *document, const char *path, int64_t otherwise) {
        bson_iter_t top, found;
        if (bson_iter_init(&top, document) && bson_iter_find_descendant(&top, path, &found) &&
            BSON_ITER_HOLDS_NUMBER(&found))
            return bson_iter_as_int64(&found);
        return otherwise;
    }
    static bool flag(const bson_t *document, const char *name) {
        bson_iter_t found;
        return bson_iter_init_find(&found, document, name) && bson_iter_as_bool(&found);
    }
    static std::string setting(const bson_t *document, const char *path, const char *label) {
        bson_iter_t top, found;
        if (bson_iter_init(&top, document) && bson_iter_find_descendant(&top, path, &found) &&
            BSON_ITER_HOLDS_UTF8(&found))
            return label + std::string(bson_iter_utf8(&found, nullptr));
        return "";
    }
    // The names of a pipeline's stages.
    static std::vector<std::string> stages_of(const bson_t *command) {
        std::vector<std::string> names;
        bson_iter_t top, stage, inner;
        if (!bson_iter_init_find(&top, command, "pipeline") || !bson_iter_recurse(&top, &stage))
            return names;
        while (bson_iter_next(&stage))
            if (bson_iter_recurse(&stage, &inner) && bson_iter_next(&inner))
                names.push_back(bson_iter_key(&inner));
        return names;
    }
    // The only document of an aggregate.
    bool single_document(int32_t request, const std::string &name_space, const bson_t *document) {
        bson_t out = BSON_INITIALIZER, cursor, batch = BSON_INITIALIZER;
        BSON_APPEND_DOCUMENT(&batch, "0", document);
        bson_append_document_begin(&out, "cursor", -1, &cursor);
        BSON_APPEND_INT64(&cursor, "id", 0);
        BSON_APPEND_UTF8(&cursor, "ns", name_space.c_str());
        BSON_APPEND_ARRAY(&cursor, "firstBatch", &batch);
        bson_destroy(&batch);
        bson_append_document_end(&out, &cursor);
        BSON_APPEND_DOUBLE(&out, "ok", 1);
        bool done = reply(request, kOpMsg, &out);
        bson_destroy(&out);
        return done;
    }
    bool collection_stats(int32_t request, const std::string &name_space, const Spec &spec) {
        bson_t stats = BSON_INITIALIZER, storage;
        BSON_APPEND_INT64(&stats, "count", static_cast<int64_t>(spec.docs));
        bson_append_document_begin(&stats, "storageStats", -1, &storage);
        BSON_APPEND_INT64(&storage, "size", static_cast<int64_t>(spec.docs * 336));
        bson_append_document_end(&stats, &storage);
        bool done = single_document(request, name_space, &stats);
        bson_destroy(&stats);
        return done;
    }
    bool count_documents(int32_t request, const std::string &name_space, uint64_t docs) {
        bson_t count = BSON_INITIALIZER;
        BSON_APPEND_INT64(&count, "n", static_cast<int64_t>(docs));
        bool done = single_document(request, name_space, &count);
        bson_destroy(&count);
        return done;
    }
    // The sub-document at a path of a find, or of the aggregate stage $project.
    static bool projection_of(const bson_t *command, bson_t *out) {
        bson_iter_t top, found;
        const uint8_t *data;
        uint32_t size;
        if (bson_iter_init_find(&top, command, "projection")) {
            bson_iter_document(&top, &size, &data);
            return bson_init_static(out, data, size);
        }
        for (int stage = 0; stage < 4; stage++) {
            std::string path = "pipeline." + std::to_string(stage) + ".$project";
            if (bson_iter_init(&top, command) && bson_iter_find_descendant(&top, path.c_str(), &found)) {
                bson_iter_document(&found, &size, &data);
                return bson_init_static(out, data, size);
            }
        }
        return false;
    }
    // Whether a key occurs at any depth.
    static bool has_key(bson_iter_t *at, const std::string &key) {
        bson_iter_t inner;
        if (!bson_iter_recurse(at, &inner))
            return false;
        while (bson_iter_next(&inner)) {
            if (key == bson_iter_key(&inner))
                return true;
            bool deep = BSON_ITER_HOLDS_DOCUMENT(&inner) || BSON_ITER_HOLDS_ARRAY(&inner);
            if (deep && has_key(&inner, key))
                return true;
        }
        return false;
    }
    bool start_cursor(int32_t request, const bson_t *command, const std::string &collection,
                      const std::string &database) {
        Cursor cursor;
        bson_t projection;
        cursor.spec = parse_spec(collection);
        cursor.name_space = database + "." + collection;
        cursor.documents = documents_of(cursor.spec, projection_of(command, &projection) ? &projection : nullptr);
        int64_t limit = number(command, "limit", 0);
        std::vector<std::string> stages = stages_of(command);
        bson_iter_t keys;
        bool refused = false;
        for (const char *part : {"pipeline", "filter"})
            refused = refused || (!options.lacks.empty() && bson_iter_init_find(&keys, command, part) &&
                                  has_key(&keys, options.lacks));
        if (refused)
            return fail(request, kOpMsg, 168, "InvalidPipelineOperator",
                        ("Unrecognized expression '" + options.lacks + "'").c_str());
        for (size_t i = 0; i < stages.size(); i++) {
            std::string path = "pipeline." + std::to_string(i) + "." + stages[i];
            if (stages[i] == "$collStats") {
                uint8_t byte;
                return cursor.spec.fault == "stats" ? read_all(&byte, 1) && false
                                                    : collection_stats(request, cursor.name_space, cursor.spec);
            }
            int64_t bound = stages[i] == "$sample"  ? number(command, (path + ".size").c_str(), 0)
                            : stages[i] == "$limit" ? number(command, path.c_str(), 0)
                                                    : 0;
            if (bound > 0 && (limit == 0 || bound < limit))
                limit = bound;
        }
        if (limit > 0)
            cursor.spec.docs = std::min<uint64_t>(cursor.spec.docs, static_cast<uint64_t>(limit));
        if (!stages.empty() && stages.back() == "$count")
            return count_documents(request, cursor.name_space, cursor.spec.docs);
        int64_t size = number(command, "batchSize", number(command, "cursor.batchSize", 101));
        int64_t id = next_cursor++;
        cursors_[id] = cursor;
        return send_batch(request, &cursors_[id], id, "firstBatch", static_cast<uint64_t>(size));
    }
    bool get_more(int32_t request, const bson_t *command) {
        auto found = cursors_.find(number(command, "getMore", 0));
        if (found == cursors_.end())
            return fail(request, kOpMsg, 43, "CursorNotFound", "cursor id not found");
        int64_t size = number(command, "batchSize", 0);
        return send_batch(request, &found->second, found->first, "nextBatch",
                          size > 0 ? static_cast<uint64_t>(size) : 1000000);
    }
    // The documents of the sequence that follows the body of a write.
    static int32_t operations_behind(const Bytes &message, size_t at) {
        int32_t count = 0, size = 0;
        if (at + 5 > message.size() || message[at] != 1)
            return 0;
        std::memcpy(&size, message.data() + at + 1, 4);
        size_t end = std::min(message.size(), at + 1 + static_cast<size_t>(size));
        at += 5;
        at += std::strlen(reinterpret_cast<const char *>(message.data() + at)) + 1;
        while (at + 5 <= end) {
            std::memcpy(&size, message.data() + at, 4);
            if (size < 5)
                break;
            at += static_cast<size_t>(size);
            count++;
        }
        return count;
    }
    // What a command says of its write concern, transaction and session; nothing where it says nothing.
    static std::string transaction_of(const bson_t *command, int32_t operations) {
        std::string result = operations ? " operations=" + std::to_string(operations) : "";
        bson_iter_t field, found;
        result += setting(command, "writeConcern.w", " w=");
        if (bson_iter_init_find(&field, command, "txnNumber"))
            result += " txn=" + std::to_string(bson_iter_as_int64(&field));
        if (bson_iter_init_find(&field, command, "startTransaction"))
            result += " start";
        if (bson_iter_init_find(&field, command, "autocommit"))
            result += bson_iter_as_bool(&field) ? " autocommit=true" : " autocommit=false";
        if (result.empty() || !bson_iter_init(&field, command) ||
            !bson_iter_find_descendant(&field, "lsid.id", &found) || !BSON_ITER_HOLDS_BINARY(&found))
            return result;
        const uint8_t *id;
        uint32_t size;
        char digits[9];
        bson_iter_binary(&found, nullptr, &size, &id);
        std::snprintf(digits, sizeof digits, "%02x%02x%02x%02x", id[0], id[1], id[2], id[3]);
        int count = 0;
        for (bson_iter_init(&field, command); bson_iter_next(&field);)
            count += std::strcmp(bson_iter_key(&field), "lsid") == 0;
        return result + " session=" + digits + (count > 1 ? " lsids=" + std::to_string(count) : "");
    }
    bool write(int32_t request, const std::string &name, const std::string &collection, int32_t operations) {
        static std::map<std::string, uint64_t> writes;
        Spec spec = parse_spec(collection);
        uint64_t before;
        {
            std::lock_guard<std::mutex> guard(shared);
            before = writes[collection]++;
        }
        bool due = before >= spec.after;
        if (spec.fault == "cut" && before == spec.after)
            return false;
        uint8_t byte;
        if (spec.fault == "stall" && due)
            return read_all(&byte, 1) && false;
        if (spec.fault == "error" && due)
            return fail(request, kOpMsg, spec.code, "Fault", "a fault that was asked for", spec.label);
        int32_t n = operations - (spec.fault == "vanish" && due);
        bson_t out = BSON_INITIALIZER, list = BSON_INITIALIZER, error, key;
        if (spec.fault == "duplicate" && spec.after < static_cast<uint64_t>(operations)) {
            n = static_cast<int32_t>(spec.after);
            bson_append_document_begin(&list, "0", -1, &error);
            BSON_APPEND_INT32(&error, "index", n);
            BSON_APPEND_INT32(&error, "code", 11000);
            BSON_APPEND_UTF8(&error, "errmsg", "E11000 duplicate key");
            bson_append_document_begin(&error, "keyValue", -1, &key);
            BSON_APPEND_INT32(&key, "k", 7);
            bson_append_document_end(&error, &key);
            bson_append_document_end(&list, &error);
            BSON_APPEND_ARRAY(&out, "writeErrors", &list);
        }
        if (spec.fault == "concern" && due) {
            bson_append_document_begin(&out, "writeConcernError", -1, &error);
            BSON_APPEND_INT32(&error, "code", 64);
            BSON_APPEND_UTF8(&error, "errmsg", "waiting for replication timed out");
            bson_append_document_end(&out, &error);
        }
        BSON_APPEND_INT32(&out, "n", n);
        if (name == "update")
            BSON_APPEND_INT32(&out, "nModified", n);
        BSON_APPEND_DOUBLE(&out, "ok", 1);
        bool done = reply(request, kOpMsg, &out);
        bson_destroy(&out);
        bson_destroy(&list);
        return done;
    }
    bool answer(const Bytes &message) {
        int32_t request, op;
        std::memcpy(&request, message.data() + 4, 4);
        std::memcpy(&op, message.data() + 12, 4);
        size_t at = 21;
        if (op == kOpQuery) {
            size_t name = std::strlen(reinterpret_cast<const char *>(message.data() + 20)) + 1;
            at = 20 + name + 8;
        } else if (op != kOpMsg || message[20] != 0) {
            return false;
        }
        int32_t length = 0;
        if (at + 4 <= message.size())
            std::memcpy(&length, message.data() + at, 4);
        bson_t command;
        bson_iter_t first, iterator;
        if (length < 5 || at + static_cast<size_t>(length) > message.size() ||
            !bson_init_static(&command, message.data() + at, static_cast<size_t>(length)) ||
            !bson_iter_init(&first, &command) || !bson_iter_next(&first))
            return false;
        std::string name = bson_iter_key(&first), database;
        std::string collection = BSON_ITER_HOLDS_UTF8(&first) ? bson_iter_utf8(&first, nullptr) : "";
        if (bson_iter_init_find(&iterator, &command, "$db") && BSON_ITER_HOLDS_UTF8(&iterator))
            database = bson_iter_utf8(&iterator, nullptr);
        if (name == "getMore" && bson_iter_init_find(&iterator, &command, "collection") &&
            BSON_ITER_HOLDS_UTF8(&iterator))
            collection = bson_iter_utf8(&iterator, nullptr);
        if (log_file) {
            std::string stages;
            int index = 0;
            for (const std::string &stage : stages_of(&command)) {
                std::string path = "pipeline." + std::to_string(index++) + "." + stage;
                int64_t size = number(&command, path.c_str(), number(&command, (path + ".size").c_str(), 0));
                stages += (stages.empty() ? " stages=" : ",") + stage + (size ? "(" + std::to_string(size) + ")" : "");
            }
            std::lock_guard<std::mutex> guard(shared);
            std::fprintf(
                log_file, "%s %s%s%s%s%s batchSize=%lld%s\n", name.c_str(), collection.c_str(), stages.c_str(),
                setting(&command, "readConcern.level", " readConcern=").c_str(),
                setting(&command, "mechanism", " mechanism=").c_str(),
                setting(&command, "$readPreference.mode", " mode=").c_str(),
                static_cast<long long>(number(&command, "batchSize", number(&command, "cursor.batchSize", 0))),
                transaction_of(&command, operations_behind(message, at + static_cast<size_t>(length))).c_str());
            std::fflush(log_file);
        }
        int answer_op = op == kOpQuery ? kOpReply : kOpMsg;
        if (name == "hello" || name == "isMaster" || name == "ismaster")
            return hello(request, answer_op);
        if (options.deny_auth && (name == "saslStart" || name == "saslContinue" || name == "authenticate"))
            return fail(request, answer_op, 18, "AuthenticationFailed", "Authentication failed.");
        if (name == "find" || name == "aggregate")
            return start_cursor(request, &command, collection, database);
        if (name == "getMore")
            return get_more(request, &command);
        bool named = flag(&command, "nameOnly") && flag(&command, "authorizedCollections");
        if (name == "listCollections" && (options.list_rights == "none" || (!options.list_rights.empty() && !named)))
            return fail(request, answer_op, 13, "Unauthorized", "not authorized to execute command listCollections");
        if (name == "listCollections")
            return list(request, "listCollections", database.find('=') == std::string::npos ? "" : database);
        if (name == "listIndexes" && !options.list_rights.empty())
            return list(request, "listIndexes", "_id_");
        bson_t out = BSON_INITIALIZER;
        if (name == "insert" || name == "update" || name == "delete")
            return write(request, name, collection, operations_behind(message, at + static_cast<size_t>(length)));
        if (name == "commitTransaction" && options.commit_fault == "cut")
            return false;
        if (name == "count")
            BSON_APPEND_INT64(&out, "n", static_cast<int64_t>(parse_spec(collection).docs));
        BSON_APPEND_DOUBLE(&out, "ok", 1);
        bool done = reply(request, answer_op, &out);
        bson_destroy(&out);
        return done;
    }
    // A list of one name, or of none where it is empty.
    bool list(int32_t request, const std::string &command, const std::string &name) {
        bson_t out = BSON_INITIALIZER, inner, batch = BSON_INITIALIZER, info, key;
        if (!name.empty()) {
            bson_append_document_begin(&batch, "0", -1, &info);
            BSON_APPEND_UTF8(&info, "name", name.c_str());
            if (command == "listCollections")
                BSON_APPEND_UTF8(&info, "type", "collection");
            else {
                bson_append_document_begin(&info, "key", -1, &key);
                BSON_APPEND_INT32(&key, "_id", 1);
                bson_append_document_end(&info, &key);
            }
            bson_append_document_end(&batch, &info);
        }
        bson_append_document_begin(&out, "cursor", -1, &inner);
        BSON_APPEND_INT64(&inner, "id", 0);
        BSON_APPEND_UTF8(&inner, "ns", ("test.$cmd." + command).c_str());
        BSON_APPEND_ARRAY(&inner, "firstBatch", &batch);
        bson_append_document_end(&out, &inner);
        BSON_APPEND_DOUBLE(&out, "ok", 1);
        bool done = reply(request, kOpMsg, &out);
        bson_destroy(&out);
        bson_destroy(&batch);
        return done;
    }

    int descriptor_;
    SSL *ssl_ = nullptr;
    bool half_ = false;
    std::map<int64_t, Cursor> cursors_;
};

void set_up_tls() {
    if (options.pem.empty())
        return;
    tls = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_certificate_file(tls, options.pem.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, options.pem.c_str(), SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        std::exit(1);
    }
}

} // namespace

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        std::string name = argv[i];
        if (name == "--deny-auth")
            options.deny_auth = true;
        else if (i + 1 < argc && name == "--port")
            options.port = std::atoi(argv[++i]);
        else if (i + 1 < argc && name == "--set")
            options.set = argv[++i];
        else if (i + 1 < argc && name == "--log")
            options.log = argv[++i];
        else if (i + 1 < argc && name == "--lacks")
            options.lacks = argv[++i];
        else if (i + 1 < argc && name == "--commit-fault")
            options.commit_fault = argv[++i];
        else if (i + 1 < argc && name == "--list-rights")
            options.list_rights = argv[++i];
        else if (i + 1 < argc && name == "--tls-pem")
            options.pem = argv[++i];
        else {
            std::fprintf(stderr, "unknown argument %s\n", argv[i]);
            return 2;
        }
    }
    signal(SIGPIPE, SIG_IGN);
    set_up_tls();
    if (!options.log.empty())
        log_file = std::fopen(options.log.c_str(), "w");
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(options.port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0 || listen(listener, 64) != 0) {
        std::perror("replay_server");
        return 1;
    }
    for (;;) {
        int descriptor = accept(listener, nullptr, nullptr);
        if (descriptor < 0)
            continue;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        std::thread([descriptor] {
            Connection connection(descriptor);
            if (connection.accept_tls())
                connection.serve();
        }).detach();
    }
}
