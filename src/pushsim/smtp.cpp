#include "pushsim/smtp.h"

#include <fmt/format.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "pushsim/mail.h"

namespace hg::pushsim::smtp {

namespace {

constexpr std::size_t kMostLine = 64UL * 1024;  // what is too long by the standard must have come to be told
constexpr std::size_t kMostMail = 10UL * 1024 * 1024;
constexpr std::size_t kMostRecipients = 100;

bool is_verb(std::string_view line, std::string_view verb) {
  return line.size() >= verb.size() && equal_ignoring_case(line.substr(0, verb.size()), verb) &&
         (line.size() == verb.size() || line[verb.size()] == ' ');
}

// The address of "MAIL FROM:<a@b> SIZE=5"; nullopt where it is not written so.
std::optional<std::string> path_in(std::string_view line, std::string_view command) {
  if (line.size() < command.size() || !equal_ignoring_case(line.substr(0, command.size()), command))
    return std::nullopt;
  const auto rest = line.substr(command.size());
  const auto end = rest.find('>');
  if (!rest.starts_with('<') || end == std::string_view::npos) return std::nullopt;
  return std::string(rest.substr(1, end - 1));
}

std::string decoded(std::string_view text) {
  const auto bytes = from_base64(text);
  return bytes ? std::string(as_text(*bytes)) : "";
}

class Conversation {
 public:
  Conversation(Visitor visitor, Service service) : visitor_(std::move(visitor)), service_(std::move(service)) {}

  asio::awaitable<void> converse() {
    if (!co_await say("220 pushsim.localhost ESMTP heliograph-pushsim")) co_return;
    while (const auto line = co_await next_line()) {
      if (!co_await obey(*line)) co_return;
    }
  }

 private:
  // False: the conversation is over.
  asio::awaitable<bool> obey(const std::string& line) {
    if (is_verb(line, "EHLO")) co_return co_await greet();
    if (is_verb(line, "HELO")) co_return co_await say("250 pushsim.localhost");
    if (is_verb(line, "NOOP")) co_return co_await say("250 2.0.0 OK");
    if (is_verb(line, "QUIT")) {
      co_await say("221 2.0.0 bye");
      co_return false;
    }
    if (is_verb(line, "RSET")) {
      forget();
      co_return co_await say("250 2.0.0 OK");
    }
    if (is_verb(line, "STARTTLS")) co_return co_await start_tls();
    if (is_verb(line, "AUTH")) co_return co_await authenticate(line);
    if (is_verb(line, "MAIL")) co_return co_await say(mail(line));
    if (is_verb(line, "RCPT")) co_return co_await recipient(line);
    if (is_verb(line, "DATA")) co_return co_await data();
    co_return co_await say("502 5.5.1 command not implemented");
  }

  asio::awaitable<bool> greet() {
    std::string lines = "250-pushsim.localhost\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n";
    if (!visitor_.stream.encrypted()) lines += "250-STARTTLS\r\n";
    if (visitor_.stream.encrypted() || !service_.demands.tls) lines += "250-AUTH PLAIN LOGIN\r\n";
    co_return co_await say(lines + fmt::format("250 SIZE {}", kMostMail));
  }

  asio::awaitable<bool> start_tls() {
    if (visitor_.stream.encrypted()) co_return co_await say("503 5.5.1 TLS is on already");
    if (!co_await say("220 2.0.0 go ahead")) co_return false;
    in_.clear();  // RFC 3207 §4.2: nothing that came in the clear counts
    forget();
    user_.reset();
    visitor_.stream.encrypt(service_.tls->accept(visitor_.descriptor));
    for (;;) {
      const auto state = visitor_.stream.handshake();
      if (state == net::Io::done) co_return true;
      if (state == net::Io::closed || !co_await visitor_.stream.wait(state)) co_return false;
    }
  }

  asio::awaitable<bool> authenticate(std::string line) {
    if (service_.demands.tls && !visitor_.stream.encrypted()) co_return co_await say("538 5.7.11 STARTTLS first");
    std::string user;
    std::string password;
    if (line.size() >= 10 && equal_ignoring_case(line.substr(5, 5), "PLAIN")) {
      std::string text = line.substr(std::min<std::size_t>(line.size(), 11));
      if (text.empty() && !co_await ask("334 ", text)) co_return false;
      const std::string all = decoded(text);  // authorization id, NUL, user, NUL, password
      const auto first = all.find('\0');
      const auto second = first == std::string::npos ? first : all.find('\0', first + 1);
      if (second != std::string::npos) {
        user = all.substr(first + 1, second - first - 1);
        password = all.substr(second + 1);
      }
    } else if (line.size() >= 10 && equal_ignoring_case(line.substr(5, 5), "LOGIN")) {
      std::string text = line.substr(std::min<std::size_t>(line.size(), 11));
      if (text.empty() && !co_await ask("334 VXNlcm5hbWU6", text)) co_return false;
      user = decoded(text);
      if (!co_await ask("334 UGFzc3dvcmQ6", text)) co_return false;
      password = decoded(text);
    } else {
      co_return co_await say("504 5.5.4 AUTH PLAIN and AUTH LOGIN are understood");
    }
    const App* app = service_.world.app(Platform::email, user);
    if (app == nullptr || app->secret != password) co_return co_await say("535 5.7.8 user or password is wrong");
    user_ = user;
    co_return co_await say("235 2.7.0 welcome");
  }

  std::string mail(std::string_view line) {
    if (service_.demands.tls && !visitor_.stream.encrypted()) return "530 5.7.0 STARTTLS first";
    if (service_.demands.auth && !user_) return "530 5.7.0 authenticate first";
    auto from = path_in(line, "MAIL FROM:");
    if (!from) return "501 5.5.4 MAIL FROM:<address>";
    forget();
    from_ = std::move(from);
    return "250 2.1.0 OK";
  }

  asio::awaitable<bool> recipient(std::string_view line) {
    auto to = path_in(line, "RCPT TO:");
    if (!from_) co_return co_await say("503 5.5.1 MAIL FROM first");
    if (!to || !to->contains('@')) co_return co_await say("501 5.1.3 RCPT TO:<address>");
    if (to_.size() >= kMostRecipients) co_return co_await say("452 4.5.3 too many recipients");
    const auto* known = service_.world.endpoints.find(Platform::email, *to);
    if (known != nullptr && known->state != Endpoint::State::live) {
      write_down(*to, Outcome::refused, 550, "5.1.1", "no such mailbox", {});
      co_return co_await say("550 5.1.1 no such mailbox");
    }
    to_.push_back(std::move(*to));
    co_return co_await say("250 2.1.5 OK");
  }

  asio::awaitable<bool> data() {
    if (to_.empty()) co_return co_await say("503 5.5.1 RCPT TO first");
    if (!co_await say("354 end with <CRLF>.<CRLF>")) co_return false;
    std::string raw;
    for (;;) {
      auto line = co_await next_line();
      if (!line) co_return false;
      if (*line == ".") break;
      if (line->starts_with('.')) line->erase(0, 1);  // RFC 5321 §4.5.2
      if (raw.size() < kMostMail) raw += *line + "\r\n";
    }
    auto read = read_mail(raw);
    if (!read.problems.empty()) co_return co_await refuse(std::move(read));
    co_return co_await settle(std::move(read));
  }

  asio::awaitable<bool> refuse(Mail read) {
    std::string all;
    for (const std::string& problem : read.problems) all += (all.empty() ? "" : "; ") + problem;
    for (const std::string& to : to_) write_down(to, Outcome::refused, 554, "5.6.0", all, read.details);
    forget();
    co_return co_await say("554 5.6.0 " + all);
  }

  // Accepted for all recipients, unless a fault was asked for one of them.
  asio::awaitable<bool> settle(Mail read) {
    std::optional<Fault> fault;
    for (const std::string& to : to_)
      if (!fault) fault = service_.world.faults.draw(Platform::email, "push", to);
    const bool lost = fault && fault->kind != Fault::Kind::none;
    if (fault && fault->latency > Duration{0}) {
      asio::steady_timer timer(visitor_.loop.executor(), fault->latency);
      co_await timer.async_wait(asio::use_awaitable);
    }
    const bool kept = !lost || fault->after;
    for (const std::string& to : to_)
      write_down(to, kept ? Outcome::accepted : Outcome::disturbed, kept ? 250 : fault->status, "", "", read.details);
    forget();
    if (!lost) co_return co_await say("250 2.0.0 kept");
    co_return co_await misbehave(*fault);
  }

  asio::awaitable<bool> misbehave(const Fault& fault) {
    switch (fault.kind) {
      case Fault::Kind::status: {
        const int code = fault.status >= 400 && fault.status != 503 ? fault.status : 451;  // 503 is HTTP's default
        co_return co_await say(fmt::format("{} {}.0.0 {}", code, code / 100,
                                           fault.reason.empty() ? "a fault that was asked for" : fault.reason));
      }
      case Fault::Kind::garbage:
        co_await say("\xff\xfe no reply");
        co_return false;
      case Fault::Kind::hang:
        while (co_await read_some(visitor_.loop, visitor_.stream, in_)) in_.clear();
        co_return false;
      default:
        visitor_.reset();
        co_return false;
    }
  }

  void write_down(const std::string& to, Outcome outcome, int status, std::string reason, const std::string& problem,
                  json::object details) {
    Received received{.platform = Platform::email, .endpoint = to, .status = status, .reason = std::move(reason)};
    received.outcome = outcome;
    received.details = std::move(details);
    received.details["mailFrom"] = *from_;
    received.details["tls"] = visitor_.stream.encrypted();
    received.details["user"] = user_ ? json::value(*user_) : json::value(nullptr);
    if (!problem.empty()) received.problems.push_back(problem);
    service_.world.journal.add(std::move(received), service_.world.clock.now());
  }

  void forget() {
    from_.reset();
    to_.clear();
  }

  // Without its line end. Nullopt: the peer is gone, or sends what is no line.
  asio::awaitable<std::optional<std::string>> next_line() {
    for (;;) {
      const auto end = in_.find("\r\n");
      if (end != std::string::npos) {
        std::string line = in_.substr(0, end);
        in_.erase(0, end + 2);
        co_return line;
      }
      if (in_.size() > kMostLine) co_return std::nullopt;
      if (!co_await read_some(visitor_.loop, visitor_.stream, in_)) co_return std::nullopt;
    }
  }

  asio::awaitable<bool> ask(std::string_view prompt, std::string& answer) {
    if (!co_await say(prompt)) co_return false;
    auto line = co_await next_line();
    if (line) answer = std::move(*line);
    co_return line.has_value();
  }

  asio::awaitable<bool> say(std::string_view text) {
    const std::string line = std::string(text) + "\r\n";
    co_return co_await write_all(visitor_.stream, line);
  }

  Visitor visitor_;
  Service service_;
  std::string in_;
  std::optional<std::string> user_, from_;
  std::vector<std::string> to_;
};

}  // namespace

asio::awaitable<void> serve(Visitor visitor, Service service) {
  Conversation conversation(std::move(visitor), std::move(service));
  co_await conversation.converse();
}

}  // namespace hg::pushsim::smtp
