#include "push/platforms.h"

#include <array>

#include "push/apns.h"
#include "push/email.h"
#include "push/fcm.h"
#include "push/webpush.h"
#include "push/wns.h"

namespace hg::push {

namespace {

using model::ChannelKind;
using model::TakenBack;
using model::Traits;
using std::chrono::days;

// What WNS keeps, and for how long, is not documented; a channel lives 30 days.
constexpr std::array<Traits, 6> kTraits{{
    {.kind = ChannelKind::live, .silent = true, .replaces = true, .taken_back = TakenBack::live_message},
    {.kind = ChannelKind::wns,
     .pushed = true,
     .shows_visual = true,
     .silent = true,
     .most_payload = 5000,
     .longest_kept = days(30),
     .taken_back = TakenBack::silent_push},
    {.kind = ChannelKind::fcm,
     .pushed = true,
     .shows_visual = true,
     .silent = true,
     .replaces = true,
     .most_payload = 4096,
     .longest_kept = days(28),
     .taken_back = TakenBack::silent_push},
    {.kind = ChannelKind::apns,
     .pushed = true,
     .shows_visual = true,
     .silent = true,
     .silent_an_hour = 2,
     .replaces = true,
     .most_payload = 4096,
     .longest_kept = days(30),
     .taken_back = TakenBack::silent_push},
    {.kind = ChannelKind::webpush,
     .pushed = true,
     .replaces = true,
     .withdraws = true,
     .most_payload = 3993,
     .longest_kept = days(28),
     .taken_back = TakenBack::next_wake_up},
    {.kind = ChannelKind::email, .pushed = true, .shows_visual = true, .taken_back = TakenBack::never},
}};

Result<void> read(const ApnsCredentials& credentials) {
  HG_TRY(const auto key, read_key(credentials));
  (void)key;
  return {};
}

Result<void> read(const FcmCredentials& credentials) {
  HG_TRY(const auto account, read_account(credentials));
  (void)account;
  return {};
}

struct KindOf {
  ChannelKind operator()(const ApnsCredentials&) const { return ChannelKind::apns; }
  ChannelKind operator()(const FcmCredentials&) const { return ChannelKind::fcm; }
  ChannelKind operator()(const WnsCredentials&) const { return ChannelKind::wns; }
  ChannelKind operator()(const WebPushCredentials&) const { return ChannelKind::webpush; }
  ChannelKind operator()(const MailRelay&) const { return ChannelKind::email; }
};

}  // namespace

ChannelKind kind_of(const Credentials& credentials) { return std::visit(KindOf(), credentials); }

Result<std::shared_ptr<Sender>> make_sender(Workshop& workshop, const Credentials& credentials) {
  return std::visit([&](const auto& one) { return make(workshop, one); }, credentials);
}

Result<void> check_credentials(const Credentials& credentials) {
  return std::visit([](const auto& one) { return read(one); }, credentials);
}

const Traits& traits(ChannelKind kind) { return kTraits.at(static_cast<std::size_t>(kind)); }

std::string_view name(Verdict::Outcome outcome) {
  switch (outcome) {
    case Verdict::Outcome::delivered:
      return "delivered";
    case Verdict::Outcome::retry:
      return "retry";
    case Verdict::Outcome::gone:
      return "gone";
    case Verdict::Outcome::rejected:
      return "rejected";
    case Verdict::Outcome::credentials:
      return "credentials";
  }
  throw std::logic_error("an outcome without a name");
}

}  // namespace hg::push
