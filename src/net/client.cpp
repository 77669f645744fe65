#include "net/client.h"

#include <unistd.h>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "net/transfer.h"

namespace hg::net {

namespace {

// Once a process; never undone, for other threads may still use it.
void start_libcurl() {
  static const bool started = [] {
    check(curl_global_init(CURL_GLOBAL_DEFAULT));
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes with write(2)
    return true;
  }();
  (void)started;
}

void check(CURLMcode code) {
  if (code != CURLM_OK) throw std::runtime_error(std::string("libcurl: ") + curl_multi_strerror(code));
}

using Steady = std::chrono::steady_clock;

struct FreeMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

}  // namespace

// libcurl says which sockets it waits for, and how long; Asio says when they are ready.
class Client::Multi {
 public:
  Multi(asio::any_io_executor loop, ClientOptions options)
      : options_(std::move(options)), loop_(std::move(loop)), timer_(loop_) {
    start_libcurl();
    multi_.reset(curl_multi_init());
    const auto set = [&](CURLMoption option, auto value) { check(curl_multi_setopt(multi_.get(), option, value)); };
    set(CURLMOPT_SOCKETFUNCTION, &Multi::on_socket);
    set(CURLMOPT_SOCKETDATA, static_cast<void*>(this));
    set(CURLMOPT_TIMERFUNCTION, &Multi::on_timer);
    set(CURLMOPT_TIMERDATA, static_cast<void*>(this));
    set(CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(options_.connections_a_host));
    set(CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(options_.connections));
    set(CURLMOPT_MAXCONNECTS, static_cast<long>(options_.connections));
  }

  ~Multi() {
    stop();
    idle_.clear();
    multi_.reset();  // closes the connections, by on_close
    for (auto& [socket, watch] : watches_) watch->gone = true;
  }

  template <class What>
  void begin(What what, Transfer::Done done) {
    auto transfer = std::make_unique<Transfer>(std::move(what), options_, sockets_, std::move(done));
    if (stopped_) return transfer->unreached(stopped());
    transfer->take(handle());
    CURL* easy = transfer->easy();
    under_way_.emplace(easy, std::move(transfer));
    check(curl_multi_add_handle(multi_.get(), easy));
  }

  void stop() {
    stopped_ = true;
    timer_.cancel();
    for (auto& [easy, transfer] : std::exchange(under_way_, {})) {
      curl_multi_remove_handle(multi_.get(), easy);
      transfer->unreached(stopped());
    }
  }

  [[nodiscard]] const Sockets& sockets() const { return sockets_; }
  [[nodiscard]] const asio::any_io_executor& loop() const { return loop_; }

 private:
  struct Watch {
    asio::posix::stream_descriptor descriptor;
    int wanted = CURL_POLL_NONE;
    bool reading = false, writing = false;
    bool gone = false;  // and maybe the Multi too
  };

  static Unreached stopped() { return {.why = Unreached::Why::stopped, .what = "stopped"}; }

  Easy handle() {
    if (!idle_.empty()) {
      Easy easy = std::move(idle_.back());
      idle_.pop_back();
      return easy;
    }
    Easy easy(curl_easy_init());
    set_up(easy.get(), options_);
    set(easy.get(), CURLOPT_CLOSESOCKETFUNCTION, &Multi::on_close);
    set(easy.get(), CURLOPT_CLOSESOCKETDATA, static_cast<void*>(this));
    return easy;
  }

  static int on_socket(CURL*, curl_socket_t socket, int what, void* user, void*) {
    auto& self = *static_cast<Multi*>(user);
    if (what == CURL_POLL_REMOVE) {
      self.forget(socket);
      return 0;
    }
    auto& watch = self.watches_[socket];
    if (!watch) watch = std::make_shared<Watch>(asio::posix::stream_descriptor(self.loop_, socket));
    watch->wanted = what;
    self.wait(watch);
    return 0;
  }

  static int on_close(void* user, curl_socket_t socket) {
    auto& self = *static_cast<Multi*>(user);
    self.forget(socket);
    --self.sockets_.open;
    return ::close(socket);
  }

  // libcurl moves its one timer with each transfer, mostly to later: it is armed anew only for what is earlier, and
  // when it rings it is seen whether anything is due.
  static int on_timer(CURLM*, long milliseconds, void* user) {
    auto& self = *static_cast<Multi*>(user);
    self.due_.reset();
    if (milliseconds < 0 || self.stopped_) return 0;
    self.due_ = Steady::now() + std::chrono::milliseconds(milliseconds);
    milliseconds == 0 ? self.ring_soon() : self.arm();
    return 0;
  }

  void ring_soon() {
    if (std::exchange(ringing_, true)) return;
    asio::post(loop_, [this, alive = std::weak_ptr(alive_)] {
      if (alive.expired()) return;
      ringing_ = false;
      ring();
    });
  }

  void arm() {
    if (armed_ && timer_.expiry() <= *due_) return;
    armed_ = true;
    timer_.expires_at(*due_);
    timer_.async_wait([this, alive = std::weak_ptr(alive_)](boost::system::error_code error) {
      if (error || alive.expired()) return;
      armed_ = false;
      ring();
    });
  }

  void ring() {
    if (!due_ || stopped_) return;
    if (*due_ > Steady::now()) return arm();
    due_.reset();
    act(CURL_SOCKET_TIMEOUT, 0);
  }

  // Lets go of the socket without closing it.
  void forget(curl_socket_t socket) {
    const auto found = watches_.find(socket);
    if (found == watches_.end()) return;
    found->second->gone = true;
    found->second->descriptor.release();
    watches_.erase(found);
  }

  void wait(const std::shared_ptr<Watch>& watch) {
    if ((watch->wanted & CURL_POLL_IN) != 0 && !watch->reading) {
      watch->reading = true;
      watch->descriptor.async_wait(asio::posix::descriptor_base::wait_read, [this, watch](auto error) {
        watch->reading = false;
        ready(watch, CURL_CSELECT_IN, error);
      });
    }
    if ((watch->wanted & CURL_POLL_OUT) != 0 && !watch->writing) {
      watch->writing = true;
      watch->descriptor.async_wait(asio::posix::descriptor_base::wait_write, [this, watch](auto error) {
        watch->writing = false;
        ready(watch, CURL_CSELECT_OUT, error);
      });
    }
  }

  // `this` only where the watch is not gone.
  void ready(const std::shared_ptr<Watch>& watch, int event, boost::system::error_code error) {
    if (watch->gone) return;
    const int wanted = event == CURL_CSELECT_IN ? CURL_POLL_IN : CURL_POLL_OUT;
    if ((watch->wanted & wanted) == 0) return;  // no longer: asked for again when it is
    act(watch->descriptor.native_handle(), error ? CURL_CSELECT_ERR : event);
    if (!watch->gone) wait(watch);
  }

  void act(curl_socket_t socket, int events) {
    int running = 0;
    check(curl_multi_socket_action(multi_.get(), socket, events, &running));
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg == CURLMSG_DONE) finish(message->easy_handle, message->data.result);
    }
  }

  void finish(CURL* easy, CURLcode code) {
    const auto found = under_way_.find(easy);
    const auto transfer = std::move(found->second);
    under_way_.erase(found);
    curl_multi_remove_handle(multi_.get(), easy);
    transfer->finished(code);
    idle_.push_back(transfer->release());
  }

  ClientOptions options_;
  asio::any_io_executor loop_;
  asio::steady_timer timer_;
  bool armed_ = false, ringing_ = false;
  std::optional<Steady::time_point> due_;  // when libcurl wants to be called
  Sockets sockets_;
  std::unordered_map<curl_socket_t, std::shared_ptr<Watch>> watches_;
  std::unique_ptr<CURLM, FreeMulti> multi_;
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> under_way_;
  std::vector<Easy> idle_;
  bool stopped_ = false;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

Client::Client(asio::any_io_executor loop, ClientOptions options)
    : multi_(std::make_unique<Multi>(std::move(loop), std::move(options))) {}

Client::~Client() = default;

template <class What>
asio::awaitable<Reached<Answer>> Client::exchange(What what) {
  co_return co_await asio::async_initiate<decltype(asio::use_awaitable), void(Reached<Answer>)>(
      [this](auto handler, What asked) {
        // Resumed by the loop, not from within libcurl's round: the caller may do with the Client what it likes.
        multi_->begin(std::move(asked),
                      [loop = multi_->loop(), handler = std::move(handler)](Reached<Answer> answer) mutable {
                        asio::post(loop, [handler = std::move(handler), answer = std::move(answer)]() mutable {
                          std::move(handler)(std::move(answer));
                        });
                      });
      },
      asio::use_awaitable, std::move(what));
}

asio::awaitable<Reached<Answer>> Client::send(Ask ask) { return exchange(std::move(ask)); }
asio::awaitable<Reached<Answer>> Client::post(Posting posting) { return exchange(std::move(posting)); }

void Client::stop() { multi_->stop(); }
std::uint64_t Client::connected() const { return multi_->sockets().made; }
std::size_t Client::open() const { return multi_->sockets().open; }

}  // namespace hg::net
