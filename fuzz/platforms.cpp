// What a push platform, or whoever stands in its place, answers.
#include <string>

#include "fuzzing.h"
#include "push/answers.h"
#include "push/apns.h"
#include "push/fcm.h"
#include "push/webpush.h"
#include "push/wns.h"

using namespace hg;
using hg::fuzz::promise;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr Time kNow = from_ms(1'800'000'000'000);
  static const auto endpoint = push::read_endpoint({.kind = model::ChannelKind::webpush,
                                                    .address = R"({"endpoint":"https://push.example/x"})",
                                                    .environment = {},
                                                    .application_server_key = {}},
                                                   false)
                                   .value();
  fuzz::Input input(data, size);
  net::Answer answer{.status = 200 + input.byte() + input.byte()};
  for (const char* name : {"Retry-After", "Location", "X-WNS-Status", "X-WNS-Error-Description"}) {
    const auto length = std::min<std::size_t>(input.byte(), input.rest().size());
    answer.headers.add(name, input.take(length));
  }
  answer.body = input.rest();

  const auto after = push::retry_after(answer, kNow);
  promise(!after || (*after >= Duration::zero() && *after <= std::chrono::days(30)),
          "a time to wait can be waited for");
  const auto apple = push::judge_apns(answer);
  const auto google = push::judge_fcm(answer, kNow);
  const auto windows = push::judge_wns(answer, kNow);
  const auto browser = push::judge_webpush(answer, endpoint, kNow);
  for (const auto* verdict : {&apple, &google, &windows, &browser})
    promise(answer.status < 500 || verdict->outcome == push::Verdict::Outcome::retry,
            "a platform that fails ends nothing");
  promise(browser.location.empty() || browser.location.starts_with("https://push.example/"),
          "a message lies where it was sent");
  const auto token = push::token_in(answer, kNow);
  promise(!token || !token->value.empty(), "a token is none where there is none");
  return 0;
}
