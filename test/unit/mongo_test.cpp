// The driver layer without a server: URIs, errors, a peer that is silent, closed or nonsense.
#include "convert/bson.hpp"
#include "mongo/cursor.hpp"
#include "mongo/log.hpp"

#include "owned.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <cstring>
#include <gtest/gtest.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace mongo_fdw::mongo;

namespace {

std::atomic<bool> stop{false};
std::atomic<int> descriptors{0};
bool interrupted() noexcept { return stop; }
bool reserve() noexcept {
    descriptors++;
    return true;
}
void release() noexcept { descriptors--; }
const Hooks kHooks{interrupted, reserve, release};

// A socket that accepts nobody, answers nothing, or sends nonsense.
class Listener {
  public:
    Listener() {
        descriptor_ = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(bind(descriptor_, reinterpret_cast<sockaddr *>(&address), size), 0);
        EXPECT_EQ(listen(descriptor_, 8), 0);
        getsockname(descriptor_, reinterpret_cast<sockaddr *>(&address), &size);
        port_ = ntohs(address.sin_port);
    }
    ~Listener() { close(descriptor_); }
    std::string uri(const char *rest = "/") const { return "mongodb://127.0.0.1:" + std::to_string(port_) + rest; }
    int accept_one() const { return accept(descriptor_, nullptr, nullptr); }

  private:
    int descriptor_;
    int port_;
};

ConnectOptions options_for(const char *uri) {
    ConnectOptions options{};
    options.uri = uri;
    options.connect_timeout_ms = 5000;
    options.server_selection_timeout_ms = 5000;
    options.socket_timeout_ms = 0;
    return options;
}

const uint8_t kPing[] = {19, 0, 0, 0, 0x10, 'p', 'i', 'n', 'g', 0, 1, 0, 0, 0, 0};
Bytes ping() {
    static uint8_t command[15];
    std::memcpy(command, kPing, sizeof kPing);
    command[0] = sizeof kPing;
    return {command, sizeof kPing};
}

double seconds_of(const std::chrono::steady_clock::time_point &start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST(Uri, FactsAndOptions) {
    UriFacts facts = uri_facts("mongodb://ann:p%40ss@h:1/?authMechanism=PLAIN&tls=true&tlsCAFile=%2Ftmp%2Fx");
    EXPECT_TRUE(facts.valid && facts.has_username && facts.has_password);
    facts = uri_facts("mongodb://h/");
    EXPECT_TRUE(facts.valid && !facts.has_username && !facts.has_password);
    EXPECT_FALSE(uri_facts("nonsense").valid);
    char value[32];
    EXPECT_TRUE(uri_has_option("mongodb://u:p@h/?authMechanism=PLAIN", "authmechanism", value, sizeof value));
    EXPECT_STREQ(value, "PLAIN");
    EXPECT_TRUE(uri_has_option("mongodb://h/?tls=true&tlsCAFile=/tmp/x", "tlscafile", value, sizeof value));
    EXPECT_FALSE(uri_has_option("mongodb://h/", "tlscafile", value, sizeof value));
}

TEST(Client, RefusesWhatMakesNoConnection) {
    Error error;
    ConnectOptions options = options_for("mongodb://h/?replicaSet=");
    options.auth_mechanism = "NO-SUCH";
    EXPECT_EQ(make_client(options, &kHooks, &error), nullptr);
    EXPECT_EQ(error.kind, ErrorKind::Config);
}

TEST(Client, AnyCharacterInAPassword) {
    Error error;
    ConnectOptions options = options_for("mongodb://127.0.0.1:1/");
    options.username = "a@b:/?#[]%";
    options.password = "p@ss:/?#[]%25 \xc3\xa9";
    Client *client = make_client(options, &kHooks, &error);
    ASSERT_NE(client, nullptr) << error.message;
    release_client(client);
}

TEST(Client, AClosedPortIsAConnectError) {
    Error error;
    Client *client = make_client(options_for("mongodb://127.0.0.1:1/"), &kHooks, &error);
    ASSERT_NE(client, nullptr);
    Owned owned;
    Bytes reply;
    auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(run_command(client, "admin", ping(), owned.memory(), &reply, &error));
    EXPECT_EQ(error.kind, ErrorKind::Connect);
    EXPECT_FALSE(client_is_usable(client));
    EXPECT_LT(seconds_of(start), 5.0);
    release_client(client);
    EXPECT_EQ(descriptors, 0);
}

void expect_interrupted(const char *rest) {
    Listener listener; // accepts into its backlog and stays silent
    Error error;
    std::string uri = listener.uri(rest);
    Client *client = make_client(options_for(uri.c_str()), &kHooks, &error);
    ASSERT_NE(client, nullptr) << error.message;
    stop = false;
    std::thread canceller([] {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        stop = true;
    });
    Owned owned;
    Bytes reply;
    auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(run_command(client, "admin", ping(), owned.memory(), &reply, &error));
    double waited = seconds_of(start);
    canceller.join();
    EXPECT_EQ(error.kind, ErrorKind::Interrupted) << error.message;
    EXPECT_LT(waited, 0.5) << rest;
    start = std::chrono::steady_clock::now();
    release_client(client);
    EXPECT_LT(seconds_of(start), 0.1);
    EXPECT_EQ(descriptors, 0);
    stop = false;
}

TEST(Interrupt, PlainConnection) { expect_interrupted("/"); }
TEST(Interrupt, TlsHandshake) { expect_interrupted("/?tls=true"); }
TEST(Interrupt, ReplicaSet) { expect_interrupted("/?replicaSet=rs0"); }

TEST(Client, NonsenseFromTheServerIsAnError) {
    Listener listener;
    std::thread server([&listener] {
        for (int i = 0; i < 2; i++) {
            int descriptor = listener.accept_one();
            char buffer[4096];
            if (recv(descriptor, buffer, sizeof buffer, 0) > 0)
                send(descriptor, "this is not the wire protocol, not at all", 41, MSG_NOSIGNAL);
            close(descriptor);
            if (i == 0)
                break;
        }
    });
    Error error;
    std::string uri = listener.uri();
    Client *client = make_client(options_for(uri.c_str()), &kHooks, &error);
    ASSERT_NE(client, nullptr);
    Owned owned;
    Bytes reply;
    EXPECT_FALSE(run_command(client, "admin", ping(), owned.memory(), &reply, &error));
    EXPECT_NE(error.kind, ErrorKind::None);
    server.join();
    release_client(client);
}

TEST(Bson, SizesNeverReachBeyondTheEnd) {
    using mongo_fdw::BsonType;
    // Every type over every short buffer: never more than there is.
    uint8_t data[64];
    for (int fill : {0, 1, 5, 64, 127, 255}) {
        std::memset(data, fill, sizeof data);
        for (int type = 0; type < 256; type++)
            for (size_t size = 0; size <= sizeof data; size++) {
                int64_t result = mongo_fdw::value_size(static_cast<BsonType>(type), data, data + size);
                EXPECT_LE(result, static_cast<int64_t>(size)) << type << " " << fill;
            }
    }
}

TEST(Bson, ReaderStopsAtMalformedDocuments) {
    const uint8_t lies[] = {20, 0, 0, 0, 0x10, 'a', 0, 1, 0, 0, 0, 0};
    mongo_fdw::BsonReader reader(lies, sizeof lies);
    EXPECT_FALSE(reader.next());
    EXPECT_TRUE(reader.malformed());
    const uint8_t cut[] = {12, 0, 0, 0, 0x10, 'a', 0, 1, 0, 0, 0, 0};
    mongo_fdw::BsonReader good(cut, sizeof cut);
    EXPECT_TRUE(good.next());
    EXPECT_FALSE(good.next());
    EXPECT_FALSE(good.malformed());
}

} // namespace
