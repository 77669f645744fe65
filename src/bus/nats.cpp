#include "bus/nats.h"

#include <nats/nats.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <thread>

#include "base/log.h"
#include "bus/local.h"
#include "bus/wire.h"

namespace hg::bus {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kPatienceMs = 2000;  // for a connection, and for what was asked of one
constexpr std::int64_t kFarewellMs = 1000;  // for what waits at the end
constexpr std::int64_t kPingMs = 2000;      // a server that does not answer two of them is gone
constexpr milliseconds kAgain{2000};        // until a connection that was given up is made anew
constexpr std::int64_t kSlowestMs = 5000;   // between two attempts to come back

template <class T, void (*destroy)(T*)>
struct Destroy {
  void operator()(T* one) const { destroy(one); }
};
using Connection = std::unique_ptr<natsConnection, Destroy<natsConnection, natsConnection_Destroy>>;
using Subscription = std::unique_ptr<natsSubscription, Destroy<natsSubscription, natsSubscription_Destroy>>;
using ConnectionOptions = std::unique_ptr<natsOptions, Destroy<natsOptions, natsOptions_Destroy>>;
using Received = std::unique_ptr<natsMsg, Destroy<natsMsg, natsMsg_Destroy>>;

bool tls(const Nats::Options& options) {
  return std::ranges::any_of(options.servers, [](const auto& one) { return one.starts_with("tls://"); });
}

// Without what the callers of a long-lived connection add. Throws std::runtime_error with the library's words.
ConnectionOptions options_of(const Nats::Options& wanted) {
  natsOptions* made = nullptr;
  const auto check = [](natsStatus status) {
    if (status == NATS_OK) return;
    const char* more = nats_GetLastError(nullptr);
    throw std::runtime_error(more == nullptr ? natsStatus_GetText(status) : more);
  };
  check(natsOptions_Create(&made));
  ConnectionOptions options(made);
  std::vector<const char*> servers;
  for (const auto& one : wanted.servers) servers.push_back(one.c_str());
  check(natsOptions_SetServers(made, servers.data(), static_cast<int>(servers.size())));
  check(natsOptions_SetName(made, "heliograph"));
  check(natsOptions_SetTimeout(made, kPatienceMs));
  if (!wanted.token.empty()) check(natsOptions_SetToken(made, wanted.token.c_str()));
  if (!wanted.user.empty()) check(natsOptions_SetUserInfo(made, wanted.user.c_str(), wanted.password.c_str()));
  if (tls(wanted)) {
    check(natsOptions_SetSecure(made, true));
    if (!wanted.authorities.empty()) check(natsOptions_LoadCATrustedCertificates(made, wanted.authorities.c_str()));
  }
  return options;
}

std::string reason_of(natsConnection* connection, natsStatus status) {
  const char* more = nullptr;
  if (connection != nullptr) natsConnection_GetLastError(connection, &more);
  if (more == nullptr || *more == '\0') more = nats_GetLastError(nullptr);
  return more == nullptr || *more == '\0' ? natsStatus_GetText(status) : more;
}

}  // namespace

// All but the life of the thread. The library calls back from threads of its own, also a moment after a connection was
// closed; so it is given a number, under which only a living Talk is found.
class Nats::Talk {
 public:
  explicit Talk(Options options)
      : options_(std::move(options)),
        local_([this](int group, bool followed) { follow(group, followed); }),
        number_(Calls::of().enter(this)),
        thread_([this] { talk(); }) {}
  ~Talk() {
    {
      const std::scoped_lock lock(mutex_);
      stopped_ = true;
    }
    work_.notify_one();
    thread_.join();
    Calls::of().leave(number_);
  }
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;

  Local& local() { return local_; }
  [[nodiscard]] bool connected() const { return connected_; }

  void send(std::vector<Message> messages) {
    std::size_t lost = 0;
    {
      const std::scoped_lock lock(mutex_);
      const auto room = options_.waiting - std::min(options_.waiting, waiting_.size());
      lost = messages.size() - std::min(messages.size(), room);
      messages.resize(messages.size() - lost);
      std::ranges::move(messages, std::back_inserter(waiting_));
    }
    if (lost > 0) lose(lost);
    work_.notify_one();
  }

  void measure(metrics::Page& page) const {
    local_.measure(page);
    page.gauge("heliograph_bus_connected", "1: other nodes hear of what changes here at once.", connected_ ? 1 : 0);
    page.counter("heliograph_bus_sent_total", "Messages given to NATS.", sent_.value());
    page.counter("heliograph_bus_received_total", "Messages of other nodes.", received_.value());
    page.counter("heliograph_bus_dropped_total", "Messages that were lost, or not of our making.", lost_.value(),
                 {{"why", "lost"}});
    page.counter("heliograph_bus_dropped_total", "Messages that were lost, or not of our making.", foreign_.value(),
                 {{"why", "foreign"}});
  }

 private:
  // Which Talk a call of the library is for. While it lasts, that Talk does not end.
  class Calls {
   public:
    static Calls& of() {
      static auto* const all = new Calls;  // never destroyed: the library's threads outlive main()
      return *all;
    }
    std::uintptr_t enter(Talk* talk) {
      const std::scoped_lock lock(mutex_);
      talks_[++last_] = talk;
      return last_;
    }
    void leave(std::uintptr_t number) {
      const std::scoped_lock lock(mutex_);
      talks_.erase(number);
    }
    template <class F>
    void call(void* closure, F&& work) noexcept try {
      const std::shared_lock lock(mutex_);
      const auto found = talks_.find(reinterpret_cast<std::uintptr_t>(closure));
      if (found != talks_.end()) work(*found->second);
    } catch (const std::exception& fault) {
      log::error("bus", "a call of the NATS library could not be answered: {}", fault.what());
    }

   private:
    std::shared_mutex mutex_;
    std::map<std::uintptr_t, Talk*> talks_;
    std::uintptr_t last_ = 0;
  };

  // What the thread is to do next.
  struct Work {
    std::vector<Message> messages;
    std::array<bool, kGroups> followed{};
    bool back = false;   // NATS came, or came back
    bool again = false;  // the library has given the connection up
    bool stop = false;
  };

  void talk() {
    for (;;) {
      if (!connection_) connect();
      Work work = next();
      if (work.again && natsConnection_IsClosed(connection_.get())) {
        away("the connection was given up");
        close();
      }
      if (connection_) {
        const auto fresh = listen(work.followed);
        tell(work.messages);
        own_up();
        if (connected_ && (work.back || !fresh.empty())) look_again(work.back, fresh);
      }
      if (work.stop) break;
    }
    if (connected_) natsConnection_FlushTimeout(connection_.get(), kFarewellMs);
    close();
    nats_ReleaseThreadMemory();
  }

  Work next() {
    std::unique_lock lock(mutex_);
    const auto due = [&] {
      return stopped_ || back_ || again_ || !waiting_.empty() || (connection_ && followed_ != listening_to_);
    };
    if (connection_) {
      work_.wait(lock, due);
    } else {
      work_.wait_for(lock, kAgain, [&] { return stopped_; });
    }
    return {.messages = connection_ ? std::exchange(waiting_, {}) : std::vector<Message>(),
            .followed = followed_,
            .back = std::exchange(back_, false),
            .again = std::exchange(again_, false),
            .stop = stopped_};
  }

  void connect() {
    try {
      const auto options = options_of(options_);
      void* const self = reinterpret_cast<void*>(number_);  // NOLINT(performance-no-int-to-ptr): a number, see above
      natsOptions_SetNoEcho(options.get(), true);
      natsOptions_UseGlobalMessageDelivery(options.get(), true);
      natsOptions_SetMaxReconnect(options.get(), -1);
      natsOptions_SetCustomReconnectDelay(options.get(), &delay, nullptr);
      natsOptions_SetPingInterval(options.get(), kPingMs);
      natsOptions_SetMaxPingsOut(options.get(), 2);
      natsOptions_SetWriteDeadline(options.get(), kPatienceMs);
      natsOptions_SetRetryOnFailedConnect(options.get(), true, &on_connected, self);
      natsOptions_SetReconnectedCB(options.get(), &on_connected, self);
      natsOptions_SetDisconnectedCB(options.get(), &on_disconnected, self);
      natsOptions_SetClosedCB(options.get(), &on_closed, self);
      natsOptions_SetErrorHandler(options.get(), &on_error, self);
      natsConnection* made = nullptr;
      const natsStatus status = natsConnection_Connect(&made, options.get());
      connection_.reset(made);
      if (status == NATS_OK) {
        came();
      } else {
        away(reason_of(made, status));
      }
    } catch (const std::exception& mistake) {
      away(mistake.what());
    }
  }

  void close() {
    listening_.clear();
    everybody_.reset();
    listening_to_ = {};
    connection_.reset();
    connected_ = false;
  }

  // Which groups it did not listen to before.
  std::vector<int> listen(const std::array<bool, kGroups>& followed) {
    std::vector<int> fresh;
    if (!everybody_) everybody_ = subscription(subject(-1));
    for (int group = 0; group < kGroups; ++group) {
      const auto at = static_cast<std::size_t>(group);
      if (followed.at(at) == listening_to_.at(at)) continue;
      if (followed.at(at)) {
        listening_[group] = subscription(subject(group));
        fresh.push_back(group);
      } else {
        listening_.erase(group);
      }
      listening_to_.at(at) = followed.at(at);
    }
    return fresh;
  }

  Subscription subscription(const std::string& subject) {
    natsSubscription* made = nullptr;
    void* const self = reinterpret_cast<void*>(number_);  // NOLINT(performance-no-int-to-ptr)
    natsConnection_Subscribe(&made, connection_.get(), subject.c_str(), &on_message, self);
    return Subscription(made);
  }

  void tell(const std::vector<Message>& messages) {
    for (const auto& message : messages) {
      const auto to = subject(group_for(message));
      const auto bytes = options_.seal(to, encode(message));
      // While NATS is away the library keeps what fits in its buffer.
      const natsStatus status =
          natsConnection_Publish(connection_.get(), to.c_str(), bytes.data(), static_cast<int>(bytes.size()));
      if (status == NATS_OK) {
        sent_.add();
      } else {
        lose(1);
      }
    }
  }

  // Where something of ours was lost the others compare, but not at each loss.
  void own_up() {
    const auto now = std::chrono::steady_clock::now();
    if (!connected_ || now < own_up_at_ || !some_lost_.exchange(false)) return;
    own_up_at_ = now + kAgain;
    tell({Missed{}});
  }

  // What was not heard until now is looked up.
  void look_again(bool at_all, const std::vector<int>& groups) {
    // Once this is answered the server sends what it is asked for here.
    natsConnection_FlushTimeout(connection_.get(), kPatienceMs);
    if (at_all) return local_.deliver({Missed{}});
    std::vector<Message> missed;
    for (const int group : groups) missed.emplace_back(Missed{group});
    local_.deliver(std::move(missed));
  }

  void lose(std::size_t count) {
    lost_.add(count);
    some_lost_ = true;
  }

  void follow(int group, bool followed) {
    {
      const std::scoped_lock lock(mutex_);
      followed_.at(static_cast<std::size_t>(group)) = followed;
    }
    work_.notify_one();
  }

  void came() {
    connected_ = true;
    if (said_.exchange(false)) log::info("bus", "NATS is there again");
    {
      const std::scoped_lock lock(mutex_);
      back_ = true;
    }
    work_.notify_one();
  }
  void away(const std::string& why) {
    connected_ = false;
    if (!said_.exchange(true)) log::warn("bus", "NATS is away ({}); other nodes hear of changes within a minute", why);
  }

  void take(natsMsg* message) {
    const std::string_view sealed(natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message)));
    const auto clear = options_.open(natsMsg_GetSubject(message), sealed);
    auto opened = clear ? decode(*clear) : std::nullopt;
    if (!opened) return foreign_.add();
    received_.add();
    local_.deliver({*std::move(opened)});
  }

  [[nodiscard]] std::string subject(int group) const {
    return options_.subjects + (group < 0 ? ".all" : "." + std::to_string(group));
  }
  static int group_for(const Message& message) {
    const auto* feed = feed_of(message);
    return feed == nullptr ? -1 : group_of(*feed);
  }

  // The library's threads call these.
  static void on_message(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
    const Received received(message);
    Calls::of().call(closure, [&](Talk& talk) { talk.take(message); });
  }
  static void on_connected(natsConnection*, void* closure) {
    Calls::of().call(closure, [](Talk& talk) { talk.came(); });
  }
  static void on_disconnected(natsConnection* connection, void* closure) {
    // At the end of ours too, of which nobody needs to hear.
    if (natsConnection_IsClosed(connection)) return;
    Calls::of().call(closure, [](Talk& talk) { talk.away("the connection ended"); });
  }
  static void on_closed(natsConnection*, void* closure) {
    Calls::of().call(closure, [](Talk& talk) {
      {
        const std::scoped_lock lock(talk.mutex_);
        talk.again_ = true;
      }
      talk.work_.notify_one();
    });
  }
  static void on_error(natsConnection*, natsSubscription*, natsStatus status, void* closure) {
    Calls::of().call(closure, [status](Talk& talk) {
      if (status == NATS_SLOW_CONSUMER) {
        talk.lost_.add();
        talk.local_.deliver({Missed{}});
      } else if (!talk.connected_) {
        talk.away(natsStatus_GetText(status));
      }
    });
  }
  // How long to wait once every server was tried so often.
  static std::int64_t delay(natsConnection*, int attempts, void*) {
    thread_local std::minstd_rand engine(std::random_device{}());
    const auto most = std::min(kSlowestMs, std::int64_t{100} << std::min(attempts, 6));
    return std::uniform_int_distribution<std::int64_t>(most / 2, most)(engine);
  }

  const Options options_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::vector<Message> waiting_;
  std::array<bool, kGroups> followed_{};
  bool back_ = false, again_ = false, stopped_ = false;

  std::atomic<bool> connected_ = false, some_lost_ = false;
  std::atomic<bool> said_ = false;  // that it is away
  metrics::Counter sent_, received_, lost_, foreign_;
  Local local_;

  // Of the thread.
  Connection connection_;
  Subscription everybody_;
  std::map<int, Subscription> listening_;
  std::array<bool, kGroups> listening_to_{};
  std::chrono::steady_clock::time_point own_up_at_{};

  const std::uintptr_t number_;
  std::thread thread_;
};

Nats::Nats(Options options) : talk_(std::make_shared<Talk>(std::move(options))) {}

Nats::~Nats() = default;

void Nats::publish(std::vector<Message> messages) {
  talk_->local().publish(messages);
  talk_->send(std::move(messages));
}

std::shared_ptr<Listener> Nats::subscribe(Post post, Handler handler) {
  return talk_->local().subscribe(std::move(post), std::move(handler));
}

bool Nats::connected() const { return talk_->connected(); }

void Nats::measure(metrics::Page& page) const { talk_->measure(page); }

std::string Nats::mistake_in(const std::vector<std::string>& servers) {
  if (servers.empty()) return "names no server";
  for (const auto& one : servers) {
    const auto scheme = one.find("://");
    const bool known = one.starts_with("nats://") || one.starts_with("tls://");
    const auto host = known ? one.substr(std::max(scheme + 3, one.find('@') + 1)) : "";
    if (host.empty() || host.front() == ':' || host.find_first_of("/ ,") != std::string::npos)
      return "should be nats://HOST:PORT or tls://HOST:PORT, several with commas between them";
  }
  return "";
}

std::string Nats::reach(const Options& wanted) try {
  const auto options = options_of(wanted);
  natsOptions_SetAllowReconnect(options.get(), false);
  natsConnection* made = nullptr;
  const natsStatus status = natsConnection_Connect(&made, options.get());
  const Connection connection(made);
  return status == NATS_OK ? "" : reason_of(made, status);
} catch (const std::exception& mistake) {
  return mistake.what();
}

}  // namespace hg::bus
