// What tokens cost: verified when they are seen for the first time and again, and made; beside a bare OpenSSL verify
// and sign of the same bytes under the same keys, in the same run. CPU time of this thread.
//   tokens SECONDS       for each figure; prints one JSON object of microseconds
#include <fmt/format.h>
#include <openssl/evp.h>

#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include "base/run_for_tests.h"
#include "crypto/jwt.h"
#include "identity/bearer.h"
#include "identity/issuer.h"
#include "identity/registry.h"
#include "store/database.h"

namespace {

using namespace hg;

constexpr const char* kBase = "https://push.example.com";
constexpr int kTokens = 4096;  // different ones, so that a cache can be of no help

double cpu_us() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// Microseconds of one call of `work`, which is told how manieth it is.
template <class Work>
double cost(double seconds, Work work) {
  for (int i = 0; i < 64; ++i) work(i);
  const double begun = cpu_us();
  std::int64_t calls = 0;
  while (cpu_us() - begun < seconds * 1e6)
    for (int i = 0; i < 64; ++i) work(static_cast<int>(calls++ % kTokens));
  return (cpu_us() - begun) / static_cast<double>(calls);
}

struct Freer {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// As OpenSSL's manual has it, on a key that was read once.
class Bare {
 public:
  explicit Bare(const char* type) : key_(make(type)) {}
  [[nodiscard]] Buffer sign(Bytes message) const {
    const std::unique_ptr<EVP_MD_CTX, Freer> context(EVP_MD_CTX_new());
    std::size_t size = 0;
    Buffer signature(512);
    size = signature.size();
    if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), raw(signature), &size, raw(message), message.size()) != 1)
      throw std::runtime_error("signing");
    signature.resize(size);
    return signature;
  }
  void verify(Bytes message, Bytes signature) const {
    const std::unique_ptr<EVP_MD_CTX, Freer> context(EVP_MD_CTX_new());
    if (EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
        EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(message), message.size()) != 1)
      throw std::runtime_error("verifying");
  }

 private:
  static EVP_PKEY* make(const char* type) {
    return std::string_view(type) == "RSA" ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048})
                                           : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  }
  static const unsigned char* raw(Bytes bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
  static unsigned char* raw(Buffer& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }
  std::unique_ptr<EVP_PKEY, Freer> key_;
};

// A folder that goes with its store.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "heliograph-tokens-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder can be made");
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string file() const { return (path_ / "heliograph.db").string(); }

 private:
  std::filesystem::path path_;
};

struct House {
  SystemClock clock;
  Folder folder;
  std::unique_ptr<store::Database> store = *store::Database::open({.path = folder.file()}, clock.now());
  crypto::SealingKey key = crypto::SealingKey::generate();
  identity::Registry registry{*store, key, clock};
  identity::Issuer issuer{*store, registry, clock};
  identity::TokenRequest request;
  boost::asio::io_context loop;

  House() {
    store->transact_now([&](store::Connection& tx) { identity::Registry::found(tx, key, false, clock.now()); });
    registry.load();
    identity::NewApplication application;
    application.name = "bench";
    request.application = *run(registry.add_application({"bench"}, std::move(application)));
    request.user.emplace();
    request.user->id = UserId{crypto::random_guid()};
    request.user->upn = "alice@example.com";
    request.user->display_name = "Alice";
    request.base = kBase;
    request.audience = "https://graph.microsoft.com";
    request.scope = "openid profile offline_access Notifications.ReadWrite.CreatedByApp";
    request.session = request.family = crypto::random_guid();
  }
  template <class T>
  T run(boost::asio::awaitable<T> work) {
    return hg::run(loop, std::move(work));
  }
};

void measure(House& house, const char* name, const char* type, double seconds) {
  std::vector<std::string> tokens;
  for (int i = 0; i < kTokens; ++i) tokens.push_back(house.issuer.access_token(house.request));
  const Time now = house.clock.now();
  identity::Bearer remembering(house.registry, {kBase});
  const double hit = cost(seconds, [&](int) {
    if (!remembering.verify_token(tokens.front(), kBase, now)) throw std::runtime_error("a token is refused");
  });
  auto fresh = std::make_unique<identity::Bearer>(house.registry, std::vector<std::string>{kBase});
  int seen = 0;
  const double miss = cost(seconds, [&](int i) {
    if (++seen == kTokens) {
      fresh = std::make_unique<identity::Bearer>(house.registry, std::vector<std::string>{kBase});
      seen = 0;
    }
    if (!fresh->verify_token(tokens[static_cast<std::size_t>(i)], kBase, now)) throw std::runtime_error("refused");
  });
  const double made = cost(seconds, [&](int) { (void)house.issuer.access_token(house.request); });
  const Bare bare(type);
  const Bytes signed_bytes = as_bytes(std::string_view(tokens.front()).substr(0, tokens.front().rfind('.')));
  const Buffer signature = bare.sign(signed_bytes);
  const double bare_verify = cost(seconds, [&](int) { bare.verify(signed_bytes, signature); });
  const double bare_sign = cost(seconds, [&](int) { (void)bare.sign(signed_bytes); });
  bool first = true;
  for (const auto& [what, cpu] :
       {std::pair("seen before", hit), std::pair("seen first", miss), std::pair("bare verify", bare_verify),
        std::pair("made", made), std::pair("bare sign", bare_sign)}) {
    fmt::print("{}\"{}, {}\":{{\"cpuUs\":{:.3f}}}", first ? "" : ",", name, what, cpu);
    first = false;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: tokens SECONDS\n");
    return 2;
  }
  const double seconds = std::atof(argv[1]);
  House house;
  fmt::print("{{");
  measure(house, "RS256", "RSA", seconds);
  fmt::print(",");
  if (!house.run(house.registry.rotate_keys({"bench"}, crypto::Alg::es256))) return 1;
  measure(house, "ES256", "EC", seconds);
  fmt::print("}}\n");
  return 0;
}
