#include "pushsim/http2.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "base/encoding.h"
#include "base/log.h"
#include "base/spawn.h"
#include "crypto/hash.h"

namespace hg::pushsim {

namespace {

constexpr std::uint64_t kAnyNumber = 1'000'000'000;
constexpr std::size_t kMostUnsent = 1024 * 1024;  // beyond, the peer must read before anything more is made for it

struct Exchange {
  net::Request request;
  net::Response response;
  std::size_t sent = 0;  // of the response's body
};

nghttp2_nv field(std::string_view name, std::string_view value) {
  return {.name = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          .value = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())),
          .namelen = name.size(),
          .valuelen = value.size(),
          .flags = NGHTTP2_NV_FLAG_NONE};  // nghttp2 copies both, and lowers the name
}

}  // namespace

class Http2 : public std::enable_shared_from_this<Http2> {
 public:
  Http2(Visitor visitor, const Service& service) : visitor_(std::move(visitor)), service_(service) {
    const auto certificate = visitor_.stream.peer_certificate();
    if (!certificate.empty()) conversation_.certificate = hex(crypto::sha256(certificate));
  }

  void begin(Http2Limits limits) {
    nghttp2_session_callbacks* made = nullptr;
    nghttp2_session_callbacks_new(&made);
    const std::unique_ptr<nghttp2_session_callbacks, decltype(&nghttp2_session_callbacks_del)> callbacks(
        made, nghttp2_session_callbacks_del);
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(made, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, on_close);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, on_invalid);
    nghttp2_option* wishes = nullptr;
    nghttp2_option_new(&wishes);
    const std::unique_ptr<nghttp2_option, decltype(&nghttp2_option_del)> options(wishes, nghttp2_option_del);
    // libcurl 7.88 resets each stream whose answer had no body, though it has ended: nghttp2 would take that for an
    // attack after a thousand.
    nghttp2_option_set_stream_reset_rate_limit(wishes, kAnyNumber, kAnyNumber);
    nghttp2_session* session = nullptr;
    nghttp2_session_server_new2(&session, made, this, wishes);
    session_.reset(session);
    allow(limits.streams);
    flush();
    read();
  }

  void say_goaway(std::string_view reason) {
    if (closed_) return;
    goaway(nghttp2_session_get_last_proc_stream_id(session_.get()), reason);
  }

 private:
  struct Free {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };

  static Http2& self(void* user) { return *static_cast<Http2*>(user); }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
      self(user).exchanges_.try_emplace(frame->hd.stream_id);
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_length,
                       const std::uint8_t* value, std::size_t value_length, std::uint8_t, void* user) {
    const auto found = self(user).exchanges_.find(frame->hd.stream_id);
    if (found == self(user).exchanges_.end()) return 0;
    self(user).take(found->second.request, {reinterpret_cast<const char*>(name), name_length},
                    {reinterpret_cast<const char*>(value), value_length});
    return 0;
  }

  static int on_data(nghttp2_session* session, std::uint8_t, std::int32_t stream, const std::uint8_t* data,
                     std::size_t length, void* user) {
    const auto found = self(user).exchanges_.find(stream);
    if (found == self(user).exchanges_.end()) return 0;
    auto& body = found->second.request.body;
    body.append(reinterpret_cast<const char*>(data), length);
    if (body.size() > kMostBody) nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
    return 0;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (ends && (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA))
      self(user).dispatch(frame->hd.stream_id);
    return 0;
  }

  static int on_close(nghttp2_session*, std::int32_t stream, std::uint32_t, void* user) {
    self(user).exchanges_.erase(stream);
    return 0;
  }

  static int on_invalid(nghttp2_session*, const nghttp2_frame*, int error, void* user) {
    log::warn("pushsim", "{} broke HTTP/2, or opened more than {} streams: {}", self(user).visitor_.remote,
              self(user).streams_, nghttp2_strerror(error));
    return 0;
  }

  static ssize_t read_body(nghttp2_session*, std::int32_t stream, std::uint8_t* into, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source*, void* user) {
    Exchange& exchange = self(user).exchanges_.at(stream);
    const auto rest = std::string_view(exchange.response.body).substr(exchange.sent);
    const auto length = std::min(room, rest.size());
    std::copy_n(rest.data(), length, reinterpret_cast<char*>(into));
    exchange.sent += length;
    if (length == rest.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(length);
  }

  void take(net::Request& request, std::string_view name, std::string_view value) const {
    if (name == ":method")
      request.method = value;
    else if (name == ":path")
      request.set_target(value);
    else if (name == ":authority")
      request.headers.set("Host", value);
    else if (name == ":scheme")
      request.scheme = value;
    else
      request.headers.add(name, value);
  }

  void dispatch(std::int32_t stream) {
    const auto found = exchanges_.find(stream);
    if (found == exchanges_.end()) return;
    found->second.request.remote = visitor_.remote;
    // Later: nghttp2 must not be asked to send from within its own callbacks.
    visitor_.loop.post([me = shared_from_this(), stream] {
      const auto whole = me->exchanges_.find(stream);
      if (whole == me->exchanges_.end()) return;
      auto request = std::move(whole->second.request);
      spawn(me->visitor_.loop.executor(), answer(me, stream, std::move(request)));
    });
  }

  static asio::awaitable<void> answer(std::shared_ptr<Http2> self, std::int32_t stream, net::Request request) {
    Call call{
        .request = std::move(request), .door = self->visitor_.door, .http = 2, .conversation = &self->conversation_};
    auto given = co_await self->service_(call);
    if (self->closed_) co_return;
    if (given.streams > self->streams_) self->allow(given.streams);
    self->give(stream, std::move(given));
    self->flush();
  }

  void give(std::int32_t stream, Answer given) {
    switch (given.end) {
      case Answer::End::answer:
        return respond(stream, std::move(given.response));
      case Answer::End::refuse_stream:
        nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_REFUSED_STREAM);
        return;
      case Answer::End::goaway:
        // All before this request were processed, this one was not (RFC 9113 §6.8).
        return goaway(stream - 2, given.goaway);
      case Answer::End::hang:
        return;
      case Answer::End::garbage:
        out_ += "\x16\x03\x01 200 OK?\r\n\xff\xfe{]\r\n\r\n\r\n";
        ending_ = true;
        return;
      case Answer::End::reset:
        visitor_.reset();
        return close();
    }
  }

  void respond(std::int32_t stream, net::Response response) {
    const auto found = exchanges_.find(stream);
    if (found == exchanges_.end()) return;  // the peer has given it up
    found->second.response = std::move(response);
    const net::Response& kept = found->second.response;
    const std::string status = std::to_string(kept.status);
    const std::string length = std::to_string(kept.body.size());
    std::vector<nghttp2_nv> fields{field(":status", status), field("date", net::http_date())};
    if (kept.status != 204) fields.push_back(field("content-length", length));
    for (const auto& [name, value] : kept.headers) fields.push_back(field(name, value));
    const nghttp2_data_provider body{.source = {.ptr = nullptr}, .read_callback = read_body};
    nghttp2_submit_response(session_.get(), stream, fields.data(), fields.size(), kept.body.empty() ? nullptr : &body);
  }

  void allow(std::uint32_t streams) {
    streams_ = streams;
    const nghttp2_settings_entry entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams};
    nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, &entry, 1);
  }

  void goaway(std::int32_t last, std::string_view reason) {
    const std::string data = reason.empty() ? "" : boost::json::serialize(boost::json::object{{"reason", reason}});
    nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, std::max(last, 0), NGHTTP2_NO_ERROR,
                          reinterpret_cast<const std::uint8_t*>(data.data()), data.size());
    flush();
  }

  void read() {
    while (!closed_) {
      const auto scratch = visitor_.loop.scratch();
      const auto moved = visitor_.stream.read(scratch);
      if (moved.state == net::Io::closed) return close();
      if (moved.state != net::Io::done)
        return visitor_.stream.async_wait(moved.state, [me = shared_from_this()](boost::system::error_code error) {
          if (!error) me->read();
        });
      const auto taken =
          nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(scratch.data()), moved.bytes);
      if (taken < 0) {
        log::warn("pushsim", "{} sent what is no HTTP/2: {}", visitor_.remote,
                  nghttp2_strerror(static_cast<int>(taken)));
        return close();
      }
      flush();
    }
  }

  // Takes what nghttp2 has to say, and says it; what the peer does not take now goes when it can.
  void flush() {
    if (writing_) return;
    for (;;) {
      while (!ending_ && out_.size() < kMostUnsent) {
        const std::uint8_t* bytes = nullptr;
        const auto length = nghttp2_session_mem_send(session_.get(), &bytes);
        if (length <= 0) break;
        out_.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
      }
      if (out_.empty()) break;
      const auto moved = visitor_.stream.write(out_);
      if (moved.state == net::Io::closed) return close();
      if (moved.state != net::Io::done) {
        writing_ = true;
        return visitor_.stream.async_wait(moved.state, [me = shared_from_this()](boost::system::error_code error) {
          me->writing_ = false;
          if (!error && !me->closed_) me->flush();
        });
      }
      out_.erase(0, moved.bytes);
    }
    const bool done = nghttp2_session_want_read(session_.get()) == 0 && nghttp2_session_want_write(session_.get()) == 0;
    if (ending_ || done) close();
  }

  void close() {
    closed_ = true;
    visitor_.stream.close();
  }

  Visitor visitor_;
  const Service& service_;
  Conversation conversation_;
  std::unique_ptr<nghttp2_session, Free> session_;
  std::map<std::int32_t, Exchange> exchanges_;
  std::string out_;
  std::uint32_t streams_ = 0;
  bool writing_ = false, ending_ = false, closed_ = false;
};

std::weak_ptr<Http2> serve_http2(Visitor visitor, const Service& service, Http2Limits limits) {
  auto connection = std::make_shared<Http2>(std::move(visitor), service);
  connection->begin(limits);
  return connection;
}

void say_goaway(Http2& connection, std::string_view reason) { connection.say_goaway(reason); }

}  // namespace hg::pushsim
