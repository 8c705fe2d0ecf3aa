// The interruptible stream. Zone P.
//
// The driver's own transport takes EINTR for "again" and waits up to its socket timeout, so a cancelled query would
// hang. Here a wait is a series of polls of at most 100 ms; between them (and at once when a signal ends a poll) the
// backend's hook is asked, and the stream fails with ECANCELED. The driver unwinds by itself, then the backend raises.
// Name resolution (getaddrinfo) is the one wait that cannot be cut.
#include "mongo/stream.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <new>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

namespace mongo_fdw::mongo {

struct Stream {
    mongoc_stream_t vtable; // first: the driver sees only this
    StreamGroup *group;
    Stream *next;
    int descriptor;
    int last_error;
    char host[280];       // with its port
    mongoc_stream_t *top; // what the driver was given: this, or TLS above it
};

namespace {

constexpr int kStreamType = 0x4d46; // any number that is no type of the driver's own
constexpr int kSliceMs = 100;
constexpr size_t kMaxPolled = 64;

Stream *self(mongoc_stream_t *stream) { return reinterpret_cast<Stream *>(stream); }

int64_t now_ms() { return bson_get_monotonic_time() / 1000; }

// Waits for the descriptors; returns poll's result, 0 at the deadline (negative: none), -1 with errno set.
int wait_for(StreamGroup *group, pollfd *polled, size_t count, int64_t deadline) {
    for (;;) {
        if (group->aborting || (group->end_ms > 0 && now_ms() >= group->end_ms)) {
            errno = ECANCELED;
            return -1;
        }
        if (group->hooks->interrupted()) {
            group->interrupted = true;
            errno = ECANCELED;
            return -1;
        }
        int slice = kSliceMs;
        if (deadline >= 0) {
            int64_t left = deadline - now_ms();
            if (left < slice)
                slice = left < 0 ? 0 : static_cast<int>(left);
        }
        int ready = poll(polled, count, slice);
        if (ready > 0)
            return ready;
        if (ready < 0 && errno != EINTR)
            return -1;
        if (deadline >= 0 && now_ms() >= deadline)
            return 0;
    }
}

int64_t deadline_of(int32_t timeout_ms) { return timeout_ms < 0 ? -1 : now_ms() + timeout_ms; }

// Waits until the stream's socket is ready; false with errno and last_error set.
bool wait_ready(Stream *stream, short events, int64_t deadline) {
    pollfd polled{stream->descriptor, events, 0};
    int ready = wait_for(stream->group, &polled, 1, deadline);
    if (ready > 0)
        return true;
    if (ready == 0)
        errno = ETIMEDOUT;
    stream->last_error = errno;
    return false;
}

// A timeout of 0 in the driver's socket options means none; in a stream call it means "do not wait".
ssize_t transfer_failed(Stream *stream, int error) {
    stream->last_error = error;
    errno = error;
    return -1;
}

// For messages: the driver's do not say which connection broke.
void note_used(const Stream *stream) { std::memcpy(stream->group->last_host, stream->host, sizeof stream->host); }

extern "C" {

void stream_destroy(mongoc_stream_t *base) {
    Stream *stream = self(base);
    for (Stream **at = &stream->group->first; *at; at = &(*at)->next)
        if (*at == stream) {
            *at = stream->next;
            break;
        }
    if (stream->descriptor >= 0) {
        close(stream->descriptor);
        stream->group->hooks->release_descriptor();
    }
    delete stream;
}

int stream_close(mongoc_stream_t *base) {
    Stream *stream = self(base);
    if (stream->descriptor >= 0) {
        close(stream->descriptor);
        stream->group->hooks->release_descriptor();
        stream->descriptor = -1;
    }
    return 0;
}

void stream_failed(mongoc_stream_t *base) { stream_destroy(base); }

int stream_flush(mongoc_stream_t *) { return 0; }

ssize_t stream_writev(mongoc_stream_t *base, mongoc_iovec_t *vector, size_t count, int32_t timeout_ms) {
    Stream *stream = self(base);
    int64_t deadline = deadline_of(timeout_ms);
    note_used(stream);
    ssize_t written = 0;
    while (count > 0) {
        if (stream->group->aborting)
            return transfer_failed(stream, ECANCELED);
        if (vector->iov_len == 0) {
            vector++;
            count--;
            continue;
        }
        msghdr message{};
        message.msg_iov = reinterpret_cast<iovec *>(vector);
        message.msg_iovlen = count < IOV_MAX ? count : IOV_MAX;
        ssize_t sent = sendmsg(stream->descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK) {
                if (!wait_ready(stream, POLLOUT, deadline))
                    return -1;
            } else if (errno != EINTR) {
                return transfer_failed(stream, errno);
            }
            continue;
        }
        written += sent;
        // The driver lets a stream change its vector, as its own does.
        for (size_t left = static_cast<size_t>(sent); left > 0;) {
            size_t part = left < vector->iov_len ? left : vector->iov_len;
            vector->iov_base = reinterpret_cast<char *>(vector->iov_base) + part;
            vector->iov_len -= part;
            left -= part;
            if (vector->iov_len == 0) {
                vector++;
                count--;
            }
        }
    }
    stream->last_error = 0;
    return written;
}

ssize_t stream_readv(mongoc_stream_t *base, mongoc_iovec_t *vector, size_t count, size_t min_bytes,
                     int32_t timeout_ms) {
    Stream *stream = self(base);
    int64_t deadline = deadline_of(timeout_ms);
    note_used(stream);
    size_t received = 0;
    for (size_t i = 0; i < count; i++) {
        char *data = static_cast<char *>(static_cast<void *>(vector[i].iov_base));
        size_t left = vector[i].iov_len;
        while (left > 0) {
            if (stream->group->aborting)
                return transfer_failed(stream, ECANCELED);
            ssize_t got = recv(stream->descriptor, data, left, MSG_DONTWAIT);
            if (got > 0) {
                data += got;
                left -= static_cast<size_t>(got);
                received += static_cast<size_t>(got);
                stream->group->bytes_received += static_cast<uint64_t>(got);
            } else if (got == 0) {
                stream->last_error = ECONNRESET;
                errno = ECONNRESET;
                return received > 0 && received >= min_bytes ? static_cast<ssize_t>(received) : -1;
            } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
                if (received > 0 && received >= min_bytes) {
                    stream->last_error = 0;
                    return static_cast<ssize_t>(received);
                }
                if (timeout_ms == 0 && min_bytes == 0)
                    return transfer_failed(stream, EAGAIN);
                if (!wait_ready(stream, POLLIN, deadline))
                    return -1;
            } else if (errno != EINTR) {
                return transfer_failed(stream, errno);
            }
        }
    }
    stream->last_error = 0;
    return static_cast<ssize_t>(received);
}

int stream_setsockopt(mongoc_stream_t *base, int level, int name, void *value, mongoc_socklen_t size) {
    return setsockopt(self(base)->descriptor, level, name, value, size);
}

bool stream_check_closed(mongoc_stream_t *base) {
    Stream *stream = self(base);
    char byte;
    if (stream->descriptor < 0)
        return true;
    ssize_t got = recv(stream->descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

// The driver polls the streams of all members of a replica set in one call.
ssize_t stream_poll(mongoc_stream_poll_t *streams, size_t count, int32_t timeout_ms) {
    pollfd polled[kMaxPolled];
    if (count == 0 || count > kMaxPolled) {
        errno = EINVAL;
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        polled[i] = {self(streams[i].stream)->descriptor, static_cast<short>(streams[i].events), 0};
        streams[i].revents = 0;
    }
    int ready = wait_for(self(streams[0].stream)->group, polled, count, deadline_of(timeout_ms));
    for (size_t i = 0; i < count && ready > 0; i++)
        streams[i].revents = polled[i].revents;
    if (ready >= 0)
        return ready;
    // While it looks for servers the driver polls again after a failure until its time-out; a broken stream it
    // believes.
    for (size_t i = 0; i < count; i++)
        streams[i].revents = POLLERR;
    return static_cast<ssize_t>(count);
}

bool stream_timed_out(mongoc_stream_t *base) { return self(base)->last_error == ETIMEDOUT; }

bool stream_should_retry(mongoc_stream_t *base) {
    int error = self(base)->last_error;
    return error == EAGAIN || error == EWOULDBLOCK || error == EINPROGRESS;
}
}

// Connects one address; returns the descriptor, or -1 with errno set.
int connect_address(StreamGroup *group, int family, const sockaddr *address, socklen_t size, int64_t deadline) {
    int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -1;
    int on = 1;
    if (family != AF_UNIX) {
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    int error = 0;
    if (connect(descriptor, address, size) != 0) {
        error = errno;
        if (error == EINPROGRESS || error == EINTR) {
            pollfd polled{descriptor, POLLOUT, 0};
            int ready = wait_for(group, &polled, 1, deadline);
            socklen_t length = sizeof error;
            if (ready < 0)
                error = errno;
            else if (ready == 0)
                error = ETIMEDOUT;
            else if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
                error = errno;
        }
    }
    if (error == 0)
        return descriptor;
    close(descriptor);
    errno = error;
    return -1;
}

int connect_host(StreamGroup *group, const mongoc_host_list_t *host, int64_t deadline, bson_error_t *error) {
    if (host->family == AF_UNIX) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (std::strlen(host->host) >= sizeof address.sun_path) {
            bson_set_error(error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_SOCKET, "socket path \"%s\" is too long",
                           host->host);
            return -1;
        }
        std::strcpy(address.sun_path, host->host);
        int descriptor =
            connect_address(group, AF_UNIX, reinterpret_cast<sockaddr *>(&address), sizeof address, deadline);
        if (descriptor < 0)
            bson_set_error(error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_CONNECT, "%s: %s", host->host,
                           strerror(errno));
        return descriptor;
    }
    char port[8];
    std::snprintf(port, sizeof port, "%u", static_cast<unsigned>(host->port));
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo *found = nullptr;
    int status = getaddrinfo(host->host, port, &hints, &found);
    if (status != 0) {
        bson_set_error(error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_NAME_RESOLUTION, "could not resolve \"%s\": %s",
                       host->host, gai_strerror(status));
        return -1;
    }
    int descriptor = -1;
    for (addrinfo *at = found; at && descriptor < 0; at = at->ai_next) {
        descriptor = connect_address(group, at->ai_family, at->ai_addr, at->ai_addrlen, deadline);
        if (descriptor < 0)
            bson_set_error(error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_CONNECT, "%s: %s", host->host_and_port,
                           strerror(errno));
    }
    freeaddrinfo(found);
    return descriptor;
}

} // namespace

extern "C" mongoc_stream_t *open_stream(const mongoc_uri_t *, const mongoc_host_list_t *host, void *user_data,
                                        bson_error_t *error) {
    StreamGroup *group = static_cast<StreamGroup *>(user_data);
    if (group->aborting || !group->hooks->reserve_descriptor()) {
        bson_set_error(error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_SOCKET, "%s",
                       group->aborting ? "the connection is being closed" : "out of file descriptors");
        return nullptr;
    }
    int64_t deadline = deadline_of(group->connect_timeout_ms > 0 ? group->connect_timeout_ms : -1);
    int descriptor = connect_host(group, host, deadline, error);
    Stream *stream = descriptor < 0 ? nullptr : new (std::nothrow) Stream{};
    if (!stream) {
        if (descriptor >= 0)
            close(descriptor);
        group->hooks->release_descriptor();
        return nullptr;
    }
    stream->vtable.type = kStreamType;
    stream->vtable.destroy = stream_destroy;
    stream->vtable.close = stream_close;
    stream->vtable.flush = stream_flush;
    stream->vtable.writev = stream_writev;
    stream->vtable.readv = stream_readv;
    stream->vtable.setsockopt = stream_setsockopt;
    stream->vtable.check_closed = stream_check_closed;
    stream->vtable.poll = stream_poll;
    stream->vtable.failed = stream_failed;
    stream->vtable.timed_out = stream_timed_out;
    stream->vtable.should_retry = stream_should_retry;
    stream->group = group;
    std::snprintf(stream->host, sizeof stream->host, "%s", host->host_and_port);
    stream->descriptor = descriptor;
    stream->next = group->first;
    group->first = stream;
    if (!group->tls)
        return stream->top = &stream->vtable;

    mongoc_ssl_opt_t options = *group->tls;
    mongoc_stream_t *tls = mongoc_stream_tls_new_with_hostname(&stream->vtable, host->host, &options, 1);
    if (!tls) {
        mongoc_stream_destroy(&stream->vtable);
        bson_set_error(error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_SOCKET,
                       "could not set up TLS: a certificate, key or CA file cannot be read or does not fit");
        return nullptr;
    }
    int32_t timeout = group->connect_timeout_ms > 0 ? group->connect_timeout_ms : INT32_MAX;
    if (!mongoc_stream_tls_handshake_block(tls, host->host, timeout, error)) {
        mongoc_stream_destroy(tls);
        return nullptr;
    }
    return stream->top = tls;
}

bool streams_are_open(const StreamGroup *group) noexcept {
    for (Stream *stream = group->first; stream; stream = stream->next)
        if (stream_check_closed(&stream->vtable))
            return false;
    return true;
}

void send_at_once(StreamGroup *group, const std::string &message) noexcept {
    for (Stream *stream = group->first; stream; stream = stream->next)
        if (stream->descriptor >= 0 && stream->top)
            mongoc_stream_write(stream->top, const_cast<char *>(message.data()), message.size(), 0);
}

namespace {

bool exchange(mongoc_stream_t *stream, const std::string &message, int32_t timeout_ms) noexcept {
    constexpr int32_t kHeader = 16, kMostAnswer = 1024 * 1024;
    auto size = static_cast<ssize_t>(message.size());
    if (mongoc_stream_write(stream, const_cast<char *>(message.data()), message.size(), timeout_ms) != size)
        return false;
    char part[1024];
    if (mongoc_stream_read(stream, part, kHeader, kHeader, timeout_ms) != kHeader)
        return false;
    int32_t left;
    std::memcpy(&left, part, sizeof left);
    left -= kHeader;
    if (left < 0 || left > kMostAnswer)
        return false;
    while (left > 0) {
        int32_t wanted = std::min<int32_t>(left, sizeof part);
        if (mongoc_stream_read(stream, part, wanted, wanted, timeout_ms) != wanted)
            return false;
        left -= wanted;
    }
    return true;
}

} // namespace

bool exchange(StreamGroup *group, const std::string &message, int32_t timeout_ms) noexcept {
    for (Stream *stream = group->first; stream; stream = stream->next)
        if (stream->descriptor >= 0 && stream->top && !exchange(stream->top, message, timeout_ms)) {
            abort_streams(group);
            return false;
        }
    return true;
}

void abort_streams(StreamGroup *group) noexcept {
    group->aborting = true;
    for (Stream *stream = group->first; stream; stream = stream->next)
        if (stream->descriptor >= 0) {
            close(stream->descriptor);
            group->hooks->release_descriptor();
            stream->descriptor = -1;
        }
}

} // namespace mongo_fdw::mongo
