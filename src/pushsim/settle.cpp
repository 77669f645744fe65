#include "pushsim/settle.h"

#include <fmt/format.h>

#include <utility>

namespace hg::pushsim {

namespace {

bool kills(const Fault& fault) { return fault.kind == Fault::Kind::gone || fault.kind == Fault::Kind::expired; }

// WNS alone answers 200 to what it throws away.
bool disturbs(const Fault& fault, Platform platform) {
  switch (fault.kind) {
    case Fault::Kind::none:
    case Fault::Kind::gone:
    case Fault::Kind::expired:
      return false;
    case Fault::Kind::dropped:
    case Fault::Kind::channel_throttled:
      return platform == Platform::wns;
    default:
      return true;
  }
}

net::Response proxy_page() {
  net::Response response{.status = 502};
  response.headers.add("Content-Type", "text/html; charset=UTF-8");
  response.body = "<!DOCTYPE html><html lang=en><title>Error 502 (Server Error)!!1</title><p>Try again in 30 seconds.";
  return response;
}

net::Response refusing(const Fault& fault, const Refusal& refusal, const Words& words) {
  auto response = words.refuse(refusal);
  if (fault.retry_after) response.headers.set("Retry-After", std::to_string(*fault.retry_after));
  return response;
}

Answer disturbance(const Fault& fault, const Words& words) {
  using enum Fault::Kind;
  switch (fault.kind) {
    case status:
      return {.response = refusing(fault, {fault.status, fault.reason, "a fault that was asked for"}, words)};
    case html:
      return {.response = proxy_page()};
    case dropped:
      return {.response = words.refuse({200, "dropped", ""})};
    case channel_throttled:
      return {.response = words.refuse({200, "channelthrottled", ""})};
    case reset:
      return {.end = Answer::End::reset};
    case hang:
      return {.end = Answer::End::hang};
    case garbage:
      return {.end = Answer::End::garbage};
    case refuse_stream:
      return {.end = Answer::End::refuse_stream};
    case goaway:
      return {.end = Answer::End::goaway, .goaway = fault.reason};
    default:
      return {};
  }
}

int status_of(const Answer& answer) { return answer.end == Answer::End::answer ? answer.response.status : 0; }

Answer refused(Received& received, const Refusal& refusal, const Words& words) {
  Answer answer{.response = words.refuse(refusal)};
  received.outcome = Outcome::refused;
  received.reason = refusal.reason;
  received.problems.push_back(refusal.problem);
  return answer;
}

}  // namespace

Answer settle(World& world, Received received, Endpoint* endpoint, const Examined<>& examined, const Words& words) {
  std::optional<Refusal> refusal;
  if (!examined) refusal = examined.error();
  std::optional<Fault> fault;
  if (!refusal) fault = world.faults.draw(received.platform, received.kind, received.endpoint);
  if (fault && kills(*fault) && endpoint != nullptr) {
    endpoint->state = fault->kind == Fault::Kind::gone ? Endpoint::State::gone : Endpoint::State::expired;
    endpoint->since = world.clock.now();
  }
  if (!refusal && endpoint != nullptr && endpoint->state != Endpoint::State::live) refusal = words.dead(*endpoint);

  const bool lost = fault && disturbs(*fault, received.platform);
  Answer answer;
  if (refusal) {
    answer = refused(received, *refusal, words);
  } else if (lost && !fault->after) {
    answer = disturbance(*fault, words);
    received.outcome = Outcome::disturbed;
  } else {
    received.outcome = Outcome::accepted;
    answer.response = words.accept(received);
    if (lost) answer = disturbance(*fault, words);
  }
  received.status = status_of(answer);
  if (fault) {
    received.details["fault"] = fault->id;
    answer.delay = fault->latency;
  }
  world.journal.add(std::move(received), world.clock.now());
  return answer;
}

}  // namespace hg::pushsim
