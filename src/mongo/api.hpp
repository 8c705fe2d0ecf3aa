// The one include of libmongoc, and what differs between its versions 1.23 to 2.5.
// Zone P: must never meet a PostgreSQL header.
#pragma once

#ifdef POSTGRES_H
#error "libmongoc and PostgreSQL headers must not meet in one file"
#endif

#include <mongoc/mongoc.h>

#include <memory>

namespace mongo_fdw::mongo {

struct HandleDeleter {
    void operator()(mongoc_client_t *handle) const noexcept { mongoc_client_destroy(handle); }
    void operator()(mongoc_uri_t *handle) const noexcept { mongoc_uri_destroy(handle); }
    void operator()(mongoc_read_prefs_t *handle) const noexcept { mongoc_read_prefs_destroy(handle); }
    void operator()(mongoc_server_description_t *handle) const noexcept { mongoc_server_description_destroy(handle); }
    void operator()(mongoc_client_session_t *handle) const noexcept { mongoc_client_session_destroy(handle); }
    void operator()(bson_t *handle) const noexcept { bson_destroy(handle); }
};
template <class T> using Handle = std::unique_ptr<T, HandleDeleter>;

// An owned document on the stack; destroyed with its scope.
class Document {
  public:
    Document() noexcept { bson_init(&bson_); }
    ~Document() { bson_destroy(&bson_); }
    Document(const Document &) = delete;
    Document &operator=(const Document &) = delete;
    bson_t *get() noexcept { return &bson_; }
    // For functions that initialise their result themselves.
    bson_t *reset_for_output() noexcept {
        bson_destroy(&bson_);
        return &bson_;
    }

  private:
    bson_t bson_;
};

} // namespace mongo_fdw::mongo
