// A load generator for overload.test.mjs: open_loop PORT RATE SECONDS CONNECTIONS REQUESTS JOURNAL
// Sends requests over HTTP/1.1 keep-alive connections, RATE a second whatever the answers do; RATE 0: the next on each
// connection when its answer has come. REQUESTS is a file of whole requests, each behind a line with its length, sent
// in turn; `{{n}}` in them becomes a number of 16 digits, another in each. JOURNAL gets the Location of each 201. The
// last line of the output is a JSON object of counts and times. A latency begins when the request was due; one on the
// wire when it was sent, and ends when the kernel had the answer: what this program itself lets wait is not in it.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Steady = std::chrono::steady_clock;
using Wall = std::chrono::system_clock;  // the clock of the kernel's timestamps
using Seconds = std::chrono::duration<double>;

struct Plan {
  std::uint16_t port;
  double rate, seconds;
  std::size_t connections;
  std::vector<std::string> requests;
};

std::vector<std::string> read_requests(const char* file) {
  std::ifstream in(file, std::ios::binary);
  std::vector<std::string> requests;
  for (std::string line; std::getline(in, line);) {
    std::string text(std::stoul(line), '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    requests.push_back(std::move(text));
  }
  if (requests.empty()) throw std::runtime_error("no requests");
  return requests;
}

struct Connection {
  int socket = -1;
  std::string in;
  // Of the request that waits for its answer.
  Steady::time_point due;
  Wall::time_point sent;
};

// In milliseconds.
struct Latencies {
  std::vector<float> all;
  void add(Wall::duration one) { all.push_back(static_cast<float>(Seconds(one).count() * 1000)); }
  [[nodiscard]] double at(double share) {
    if (all.empty()) return 0;
    std::ranges::sort(all);
    return static_cast<double>(
        all[std::min(all.size() - 1, static_cast<std::size_t>(share * static_cast<double>(all.size())))]);
  }
};

class Load {
 public:
  Load(Plan plan, const char* journal) : plan_(std::move(plan)), journal_(journal), connections_(plan_.connections) {
    for (auto& connection : connections_) open(connection);
  }

  void run() {
    begun_ = Steady::now();
    const auto end = begun_ + std::chrono::duration_cast<Steady::duration>(Seconds(plan_.seconds));
    for (auto now = begun_; now < end; now = Steady::now()) {
      send_due(now);
      hear(plan_.rate > 0 ? 1 : 100);
    }
    sending_ = false;
    took_ = Seconds(Steady::now() - begun_).count();
    late_ = due_by(end) > sent_ ? due_by(end) - sent_ : 0;
    for (const auto limit = Steady::now() + std::chrono::seconds(60); waiting_ > 0 && Steady::now() < limit;) hear(100);
    answered_ = Seconds(Steady::now() - begun_).count();
  }

  void report() {
    std::printf(
        "{\"seconds\":%.2f,\"answered_after\":%.2f,\"sent\":%zu,\"late\":%zu,\"created\":%zu,\"refused\":%zu,\"without_"
        "retry_after\":%zu,"
        "\"other\":%zu,\"cut\":%zu,\"unanswered\":%zu,\"other_status\":%d,"
        "\"created_ms\":{\"p50\":%.1f,\"p99\":%.1f},\"refused_ms\":{\"p50\":%.1f,\"p99\":%.1f},"
        "\"refused_on_wire_ms\":{\"p50\":%.1f,\"p99\":%.1f}}\n",
        took_, answered_, sent_, late_, created_.all.size(), refused_.all.size(), without_retry_after_, other_, cut_,
        waiting_, other_status_, created_.at(0.5), created_.at(0.99), refused_.at(0.5), refused_.at(0.99),
        refused_on_wire_.at(0.5), refused_on_wire_.at(0.99));
  }

 private:
  void open(Connection& connection) {
    connection.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(plan_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(connection.socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("cannot connect");
    const int on = 1;
    ::setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(connection.socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.socket, &event);
    connection.in.clear();
    idle_.push_back(&connection);
  }

  [[nodiscard]] std::size_t due_by(Steady::time_point now) const {
    return plan_.rate > 0 ? static_cast<std::size_t>(Seconds(now - begun_).count() * plan_.rate) : sent_;
  }
  [[nodiscard]] Steady::time_point due_at(std::size_t number) const {
    if (plan_.rate == 0) return Steady::now();
    return begun_ + std::chrono::duration_cast<Steady::duration>(Seconds(static_cast<double>(number) / plan_.rate));
  }

  void send_due(Steady::time_point now) {
    while (!idle_.empty() && (plan_.rate == 0 || sent_ < due_by(now))) {
      auto* connection = idle_.front();
      idle_.pop_front();
      send(*connection);
    }
  }

  void send(Connection& connection) {
    std::string text = plan_.requests[sent_ % plan_.requests.size()];
    char number[17];
    std::snprintf(number, sizeof number, "%016zu", sent_);
    for (auto at = text.find("{{n}}"); at != std::string::npos; at = text.find("{{n}}", at))
      text.replace(at, 5, number);
    connection.due = due_at(sent_);
    connection.sent = Wall::now();
    ++sent_;
    ++waiting_;
    if (::send(connection.socket, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
      again(connection);
  }

  void hear(int milliseconds) {
    epoll_event events[256];
    const int count = ::epoll_wait(epoll_, events, 256, milliseconds);
    for (int i = 0; i < count; ++i) came(*static_cast<Connection*>(events[i].data.ptr));
  }

  void came(Connection& connection) {
    char bytes[8192];
    Wall::time_point arrived = Wall::now();
    const auto count = receive(connection.socket, bytes, arrived);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return again(connection);
    connection.in.append(bytes, static_cast<std::size_t>(count));
    const auto head = connection.in.find("\r\n\r\n");
    if (head == std::string::npos) return;
    const std::string_view text(connection.in.data(), head + 2);
    const auto length = std::strtoul(field(text, "Content-Length").c_str(), nullptr, 10);
    if (connection.in.size() < head + 4 + length) return;
    --waiting_;
    note(text, Steady::now() - connection.due, arrived - connection.sent);
    const bool close = field(text, "Connection") == "close";
    connection.in.clear();
    if (close) {
      ::close(connection.socket);
      open(connection);
    } else {
      idle_.push_back(&connection);
    }
    if (sending_ && plan_.rate == 0) send_due(Steady::now());
  }

  // `arrived`: when the kernel had the last of it, where it says so.
  static ssize_t receive(int socket, std::span<char> bytes, Wall::time_point& arrived) {
    iovec place{.iov_base = bytes.data(), .iov_len = bytes.size()};
    alignas(cmsghdr) char said[256];
    msghdr message{};
    message.msg_iov = &place;
    message.msg_iovlen = 1;
    message.msg_control = said;
    message.msg_controllen = sizeof said;
    const auto count = ::recvmsg(socket, &message, MSG_DONTWAIT);
    for (auto* one = CMSG_FIRSTHDR(&message); count > 0 && one != nullptr; one = CMSG_NXTHDR(&message, one)) {
      if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_TIMESTAMPNS) continue;
      timespec at{};
      std::memcpy(&at, CMSG_DATA(one), sizeof at);
      arrived = Wall::time_point(std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec));
    }
    return count;
  }

  void note(std::string_view head, Steady::duration latency, Wall::duration on_wire) {
    const int status = std::atoi(std::string(head.substr(9, 3)).c_str());
    if (status == 201) {
      created_.add(latency);
      journal_ << field(head, "Location") << '\n';
    } else if (status == 503 || status == 429) {
      refused_.add(latency);
      refused_on_wire_.add(on_wire);
      if (field(head, "Retry-After").empty()) ++without_retry_after_;
    } else {
      ++other_;
      other_status_ = status;
    }
  }

  // The server ended the connection without an answer.
  void again(Connection& connection) {
    if (std::ranges::find(idle_, &connection) == idle_.end()) {
      --waiting_;
      ++cut_;
    } else {
      std::erase(idle_, &connection);
    }
    ::close(connection.socket);
    open(connection);
  }

  static std::string field(std::string_view head, std::string_view name) {
    const auto at = head.find("\r\n" + std::string(name) + ": ");
    if (at == std::string_view::npos) return "";
    const auto value = head.substr(at + name.size() + 4);
    return std::string(value.substr(0, value.find("\r\n")));
  }

  Plan plan_;
  std::ofstream journal_;
  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<Connection> connections_;
  std::deque<Connection*> idle_;
  bool sending_ = true;
  Steady::time_point begun_;
  double took_ = 0, answered_ = 0;
  std::size_t sent_ = 0, waiting_ = 0, late_ = 0, without_retry_after_ = 0, other_ = 0, cut_ = 0;
  int other_status_ = 0;
  Latencies created_, refused_, refused_on_wire_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 7) {
    std::fprintf(stderr, "usage: open_loop PORT RATE SECONDS CONNECTIONS REQUESTS JOURNAL\n");
    return 2;
  }
  Load load({.port = static_cast<std::uint16_t>(std::atoi(arguments[1])),
             .rate = std::atof(arguments[2]),
             .seconds = std::atof(arguments[3]),
             .connections = static_cast<std::size_t>(std::atoi(arguments[4])),
             .requests = read_requests(arguments[5])},
            arguments[6]);
  load.run();
  load.report();
  return 0;
}
