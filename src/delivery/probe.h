// Whether push platforms take what apps show them: asked of the platform now, without harm. FCM validates a message and
// sends none, APNs is shown a token of no device, WNS gives a token, a mail relay is logged in to; of Web Push the
// subject is looked at, for its services say nothing without an endpoint.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <string_view>

#include "crypto/seal.h"
#include "push/platforms.h"
#include "push/workshop.h"
#include "store/credentials.h"
#include "store/cross_device.h"

namespace hg::delivery {

struct Probed {
  enum class State : std::uint8_t {
    ok,
    refused,  // by the platform; or it cannot be right whatever that says
    unknown,  // it was not reached, or would not say
  };
  State state = State::unknown;
  std::string reason = {};  // the platform's word, or what came between; "" where it is ok
  std::string advice = {};  // what that means and what helps; "" where nothing more is known
};
std::string_view name(Probed::State state);

// `fresh`: of nobody else, so that nothing it holds already is taken for the platform's word. Apple is asked for each
// app id that the set serves; the worst answer counts.
boost::asio::awaitable<Probed> probe(push::Workshop& fresh, store::Credential credential, store::CrossDeviceApp app,
                                     crypto::SealingKey key);
boost::asio::awaitable<Probed> probe(push::Workshop& fresh, push::MailRelay relay);

// Of the app's Web Push messages: push services refuse, and Apple's without a word that helps, one that can be
// nobody's.
Probed judge_subject(std::string_view subject);
}  // namespace hg::delivery
