#include "push/email.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>
#include <ctime>

#include "crypto/hash.h"
#include "push/answers.h"
#include "push/html.h"
#include "push/workshop.h"

namespace hg::push {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kLine = 76;
// RFC 2047 §2: 76 characters a line, of which the field's name, "=?UTF-8?B?" and "?=" take their part.
constexpr std::size_t kWordBytes = 39;
constexpr std::size_t kPlain = 60;

bool plain(std::string_view text) {
  return text.size() <= kPlain && std::ranges::all_of(text, [](unsigned char c) {
           return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '=' && c != '<' && c != '>';
         });
}

// Encoded words where it has other than plain letters; never a line break of the text's own.
std::string header_text(std::string_view text) {
  if (plain(text)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    std::size_t length = std::min(kWordBytes, text.size());
    while (length < text.size() && length > 1 && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) --length;
    if (!out.empty()) out += "\r\n ";
    out += "=?UTF-8?B?" + base64(as_bytes(text.substr(0, length))) + "?=";
    text.remove_prefix(length);
  }
  return out;
}

std::string mailbox(const std::string& name, const std::string& address) {
  if (name.empty()) return address;
  const std::string shown = header_text(name);
  return (shown == name ? '"' + name + '"' : shown) + " <" + address + '>';
}

// RFC 5322 §3.3
std::string date(Time now) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &parts)};
}

std::string part(std::string_view type, std::string_view text) {
  std::string out = fmt::format("Content-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n", type);
  const std::string encoded = base64(as_bytes(text));
  for (std::size_t at = 0; at < encoded.size(); at += kLine) out += encoded.substr(at, kLine) + "\r\n";
  return out;
}

std::string content(const Mail& mail, const std::string& id) {
  if (!mail.html) return part("text/plain", mail.body);
  const std::string boundary = "heliograph-" + hex(crypto::sha256(id)).substr(0, 24);
  const std::string html = "<!DOCTYPE html><html><body>" + sanitized(mail.body) + "</body></html>";
  return fmt::format("Content-Type: multipart/alternative; boundary=\"{0}\"\r\n\r\n--{0}\r\n{1}--{0}\r\n{2}--{0}--\r\n",
                     boundary, part("text/plain", plain_text(mail.body)), part("text/html", html));
}

std::string domain_of(const std::string& address) { return address.substr(address.rfind('@') + 1); }

class Email final : public Sender {
 public:
  Email(Workshop& workshop, MailRelay relay) : workshop_(workshop), relay_(std::move(relay)) {}

  [[nodiscard]] Result<void> check(const model::Channel& channel) const override {
    if (!is_mail_address(channel.address)) return fail(Code::property_invalid, "the address is none that mail goes to");
    return {};
  }

  asio::awaitable<Verdict> send(model::Channel channel, Message message) override {
    if (message.kind == Message::Kind::probe) co_return co_await probe();
    if (message.kind != Message::Kind::mail) co_return rejected("a mail relay takes only mail");
    if (const auto checked = check(channel); !checked) co_return rejected(checked.error().message);
    net::Posting posting{.url = relay_.url,
                         .user = relay_.user,
                         .password = relay_.password,
                         .from = relay_.from_address,
                         .to = channel.address,
                         .text = mail_text(message, relay_, channel.address, workshop_.now())};
    co_return co_await workshop_.lanes().run("email " + relay_.url, [&]() -> asio::awaitable<Verdict> {
      co_return judge_mail(co_await workshop_.mail().post(posting));
    });
  }

 private:
  // With nobody to write to, libcurl says who it is, logs in, and asks for help.
  asio::awaitable<Verdict> probe() {
    net::Posting posting{
        .url = relay_.url, .user = relay_.user, .password = relay_.password, .from = {}, .to = {}, .text = {}};
    const auto answer = co_await workshop_.mail().post(posting);
    // A relay that knows no HELP has let us in all the same.
    if (answer || answer.error().status >= 500) {
      if (answer || answer.error().why == net::Unreached::Why::broken) co_return delivered();
    }
    co_return judge_mail(answer);
  }

  Workshop& workshop_;
  MailRelay relay_;
};

}  // namespace

bool is_mail_address(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size() || text.size() > 254) return false;
  return std::ranges::all_of(text, [](unsigned char c) {
    return c > 0x20 && c < 0x7f && !std::string_view("<>()[]\\,;:\"").contains(static_cast<char>(c));
  });
}

std::string mail_text(const Message& message, const MailRelay& relay, const std::string& to, Time now) {
  const Mail& mail = message.mail;
  // Who is shown as the sender is the app's to say; who sends is the relay's.
  const bool own = mail.from_address.empty() || mail.from_address == relay.from_address;
  const std::string& from = own ? relay.from_address : mail.from_address;
  const std::string& name = mail.from_name.empty() && own ? relay.from_name : mail.from_name;
  std::string text = "From: " + mailbox(name, from) + "\r\n";
  if (!own) text += "Sender: " + mailbox(relay.from_name, relay.from_address) + "\r\n";
  text += "To: " + to + "\r\nSubject: " + header_text(mail.subject) + "\r\nDate: " + date(now) + "\r\n";
  text += fmt::format("Message-ID: <{}@{}>\r\n", message.id, domain_of(relay.from_address));
  text += "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n";
  return text + content(mail, message.id);
}

Verdict judge_mail(const net::Reached<net::Answer>& answer) {
  if (answer) return delivered();
  const int status = answer.error().status;
  const std::string reason = std::to_string(status);
  if (answer.error().why == net::Unreached::Why::login)
    // 454 and the like: the relay cannot say just now.
    return status >= 400 && status < 500 ? retry_everywhere(reason) : broken_credentials(reason);
  if (answer.error().why != net::Unreached::Why::broken || status < 400) return verdict_of(answer.error());
  if (status < 500) return status == 421 ? retry_everywhere(reason) : retry(reason);
  return rejected(reason);
}

Result<void> read(const MailRelay& relay) {
  const auto url = net::parse_url(relay.url);
  if (!url || (url->scheme != "smtp" && url->scheme != "smtps") || url->credentials)
    return fail(Code::property_invalid, "url is smtp://host:port or smtps://host:port", "/url");
  if (!is_mail_address(relay.from_address))
    return fail(Code::property_invalid, "fromAddress is no mail address", "/fromAddress");
  return {};
}

Result<std::shared_ptr<Sender>> make(Workshop& workshop, const MailRelay& relay) {
  HG_CHECK(read(relay));
  return std::make_shared<Email>(workshop, relay);
}

}  // namespace hg::push
