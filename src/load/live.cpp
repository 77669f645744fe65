#include "load/live.h"

#include <arpa/inet.h>
#include <fmt/format.h>

namespace hg::load {

namespace {

constexpr std::size_t kAtATime = 256;
constexpr std::size_t kPerAddress = 5000;  // connections from one loopback address

std::uint32_t source(std::size_t number) {
  return htonl(0x7f000002U + static_cast<std::uint32_t>(number / kPerAddress));
}

}  // namespace

void Audience::open(const Address& to, const std::vector<Subscriber>& subscribers) {
  members_.reserve(members_.size() + subscribers.size());  // connections hold on to their number, not their place
  for (const auto& subscriber : subscribers) {
    const auto number = members_.size();
    members_.push_back({.connection = wire_.connect(
                            to, [this](Connection& c) { came(c); }, source(number)),
                        .channel = subscriber.channel});
    if (sizes_.size() <= subscriber.channel) sizes_.resize(subscriber.channel + 1);
    ++sizes_[subscriber.channel];
    members_.back().connection->number = number;
    members_.back().connection->send(subscriber.hello);
    wire_.work_until([&] { return listening_ + kAtATime > number; }, std::chrono::seconds(60),
                     "opening live connections");
  }
  wire_.work_until([&] { return listening_ == members_.size(); }, std::chrono::seconds(60), "opening live connections");
}

void Audience::came(Connection& connection) {
  auto& member = members_[connection.number];
  auto& in = connection.in;
  if (const auto ready = member.listens ? std::string::npos : in.find(texts_.ready); ready != std::string::npos) {
    if (!in.starts_with(texts_.starts))
      throw std::runtime_error(fmt::format("a live connection was refused: {}", in.substr(0, in.find("\r\n"))));
    member.listens = true;
    ++listening_;
    in.erase(0, ready + texts_.ready.size());
  }
  if (member.listens) {
    std::uint64_t count = 0;
    std::size_t taken = 0;
    for (std::size_t at; (at = in.find(texts_.marker, taken)) != std::string::npos; ++count)
      taken = at + texts_.marker.size();
    // What may be the beginning of the next one's text stays.
    in.erase(0, std::max(taken, in.size() - std::min(in.size(), texts_.marker.size() - 1)));
    if (count > 0 && on_message_) on_message_(member.channel, count);
  }
  if (connection.closed()) throw std::runtime_error("the server closed a live connection");
}

namespace {

class Run {
 public:
  Run(Wire& wire, Audience& audience, const Publishing& publishing, const Processes& server)
      : wire_(wire), audience_(audience), publishing_(publishing), server_(server), channels_(audience.channels()) {}

  Figures go() {
    audience_.on_message([this](std::size_t channel, std::uint64_t count) { arrived(channel, count); });
    for (std::size_t i = 0; i < publishing_.connections; ++i) {
      publishers_.push_back(wire_.connect(publishing_.to, [this](Connection& c) { came(c); }));
      publishers_.back()->number = i;
      if (!publishing_.hello.empty()) publishers_.back()->send(publishing_.hello);
      free_.push_back(i);
    }
    const auto pause =
        std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(1 / publishing_.per_second));
    send_for(publishing_.warm_up, pause);
    counting_ = true;
    const auto cpu = server_.cpu();
    const auto from = Steady::now();
    send_for(publishing_.seconds, pause);
    figures_.seconds = std::chrono::duration<double>(Steady::now() - from).count();
    await_rest();
    const auto spent = server_.cpu() - cpu;
    figures_.failed += outstanding_;
    if (figures_.operations > 0)
      figures_.cpu_us = static_cast<double>(spent.count()) / static_cast<double>(figures_.operations);
    figures_.p50_ms = latencies_.at(0.5);
    figures_.p99_ms = latencies_.at(0.99);
    audience_.on_message({});
    return figures_;
  }

 private:
  struct Channel {
    Steady::time_point sent;
    std::size_t outstanding = 0;
  };

  void send_for(double seconds, Steady::duration pause) {
    auto next = Steady::now();
    const auto end = next + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(seconds));
    while (Steady::now() < end) {
      while (next <= Steady::now() && send_one()) next += pause;
      // What could not be sent in time is left out, not made up for.
      next = std::max(next, Steady::now() - std::chrono::milliseconds(100));
      wire_.work(std::min(end, free_.empty() ? end : next));
    }
  }

  void await_rest() {
    const auto end = Steady::now() + std::chrono::seconds(5);
    while (outstanding_ > 0 && Steady::now() < end) wire_.work(Steady::now() + std::chrono::milliseconds(10));
  }

  bool send_one() {
    if (free_.empty()) return false;
    for (std::size_t tried = 0; tried < channels_.size(); ++tried) {
      const auto channel = next_channel_++ % channels_.size();
      auto& state = channels_[channel];
      if (state.outstanding > 0 || audience_.of(channel) == 0) continue;
      state.sent = Steady::now();
      state.outstanding = audience_.of(channel);
      outstanding_ += state.outstanding;
      auto& publisher = *publishers_[free_.front()];
      if (publishing_.answered) free_.pop_front();
      publisher.send(publishing_.message(channel, sent_++));
      return true;
    }
    return false;
  }

  void arrived(std::size_t channel, std::uint64_t count) {
    auto& state = channels_[channel];
    const auto taken = std::min<std::uint64_t>(count, state.outstanding);
    state.outstanding -= taken;
    outstanding_ -= taken;
    if (!counting_) return;
    figures_.operations += count;
    for (std::uint64_t i = 0; i < count; ++i) latencies_.add(Steady::now() - state.sent);
  }

  void came(Connection& connection) {
    if (!publishing_.answered) {
      connection.in.clear();
    } else if (const auto answer = whole_answer(connection.in)) {
      if (answer->status >= 300 && figures_.failed++ == 0)
        fmt::print(stderr, "heliograph: the first refusal: {} {}\n", answer->status, answer->body.substr(0, 500));
      connection.in.erase(0, answer->size);
      free_.push_back(connection.number);
    }
    if (connection.closed()) throw std::runtime_error("the server closed a publisher's connection");
  }

  Wire& wire_;
  Audience& audience_;
  const Publishing& publishing_;
  const Processes& server_;
  std::vector<std::unique_ptr<Connection>> publishers_;
  std::deque<std::size_t> free_;
  std::vector<Channel> channels_;
  std::size_t next_channel_ = 0;
  std::uint64_t sent_ = 0, outstanding_ = 0;
  bool counting_ = false;
  Latencies latencies_;
  Figures figures_;
};

}  // namespace

Figures publish(Wire& wire, Audience& audience, const Publishing& publishing, const Processes& server) {
  return Run(wire, audience, publishing, server).go();
}

}  // namespace hg::load
