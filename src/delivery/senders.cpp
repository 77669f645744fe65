#include "delivery/senders.h"

#include <algorithm>

#include "base/log.h"
#include "delivery/credentials.h"
#include "store/directory.h"

namespace hg::delivery {

using model::ChannelKind;

const store::Credential* credential_for(const std::vector<store::Credential>& all, ChannelKind platform,
                                        std::string_view app_id) {
  const store::Credential* general = nullptr;
  for (const auto& one : all) {
    if (one.platform != platform) continue;
    if (one.app_ids.empty()) general = &one;
    if (std::ranges::any_of(one.app_ids, [&](const auto& id) { return equal_ignoring_case(id, app_id); })) return &one;
  }
  return general;
}

std::string platform_app_id(const store::CrossDeviceApp& app, const model::Subscription& s) {
  const auto registered = [&](std::string_view name) {
    const auto found =
        std::ranges::find_if(app.platform_ids, [&](const auto& id) { return equal_ignoring_case(id.second, name); });
    return found == app.platform_ids.end() ? std::string() : found->second;
  };
  for (const auto& name : {s.app_package, s.application_id})
    if (auto id = registered(name); !id.empty()) return id;
  // It named the cross-device app, or nothing: then the platform's only app id is meant.
  const bool host = equal_ignoring_case(s.app_package, app.host_name);
  if (!s.app_package.empty() && !host) return s.app_package;
  const auto ios = std::ranges::find(app.platform_ids, "ios", &std::pair<std::string, std::string>::first);
  return ios == app.platform_ids.end() ? "" : ios->second;
}

Senders::Senders(store::Database& database, crypto::SealingKey credentials, crypto::SealingKey vapid, Make make)
    : database_(database),
      credential_key_(std::move(credentials)),
      vapid_key_(std::move(vapid)),
      make_(std::move(make)) {}

Senders::Known Senders::read(store::Connection& tx) const {
  Known known{.version = store::directory_version(tx), .apps = {}};
  for (auto& app : store::cross_device::list(tx)) {
    const AppId id = app.id;
    known.apps.emplace(id,
                       App{.app = std::move(app), .credentials = {}, .keys = store::cross_device::vapid_keys(tx, id)});
  }
  for (auto& credential : store::credentials::list(tx)) {
    const auto found = known.apps.find(credential.app);
    if (found != known.apps.end()) found->second.credentials.push_back(std::move(credential));
  }
  return known;
}

push::Credentials Senders::webpush(const App& app, const store::Credential* subject) const {
  push::WebPushCredentials made;
  for (const auto& key : app.keys) {
    const auto clear = vapid_key_.open(key.id.view(), as_bytes(key.sealed_private));
    if (!clear) throw std::runtime_error("a VAPID key cannot be opened: it was sealed with another key");
    made.keys.emplace_back(as_text(*clear));
  }
  made.subject = subject == nullptr ? default_subject(app.app)
                                    : std::get<push::WebPushCredentials>(opened(*subject, credential_key_)).subject;
  return made;
}

Found Senders::made(const std::string& name, const Guid& credential,
                    const std::function<push::Credentials()>& credentials) {
  const auto [there, fresh] = senders_.try_emplace(name);
  if (fresh) {
    auto sender = make_(credentials());
    if (sender) {
      there->second = std::move(*sender);
    } else {
      log::error("delivery", "push credentials {} cannot be used: {}", credential.str(), sender.error().message);
    }
  }
  return {.sender = there->second, .credential = credential};
}

boost::asio::awaitable<void> Senders::renew() {
  auto known = co_await database_.read([&](store::Connection& tx) { return read(tx); });
  if (known.version <= known_.version) co_return;
  known_ = std::move(known);
  senders_.clear();
}

boost::asio::awaitable<std::vector<AppId>> Senders::changed() {
  co_await renew();
  std::vector<AppId> others;
  std::map<AppId, std::string> now;
  for (const auto& [id, app] : known_.apps) {
    auto& what = now[id];
    for (const auto& one : app.credentials) what += one.id.str();
    for (const auto& [platform, name] : app.app.platform_ids) what += platform + ' ' + name + '\n';
    const auto before = told_.find(id);
    if (before == told_.end() || before->second != what) others.push_back(id);
  }
  told_ = std::move(now);
  co_return others;
}

boost::asio::awaitable<Found> Senders::of(model::Subscription s, std::int64_t directory) {
  if (known_.version < directory) co_await renew();
  const auto found = known_.apps.find(s.feed.app);
  if (found == known_.apps.end()) co_return Found{};
  const App& app = found->second;
  const auto kind = s.channel.kind;
  const auto app_id = platform_app_id(app.app, s);
  const auto* credential = credential_for(app.credentials, kind, app_id);
  if (kind == ChannelKind::webpush)
    co_return made("webpush " + s.feed.app.str(), credential == nullptr ? Guid{} : credential->id,
                   [&] { return webpush(app, credential); });
  if (credential == nullptr) co_return Found{};
  // Each app id of Apple's is a topic of its own.
  const bool apple = kind == ChannelKind::apns;
  co_return made(apple ? credential->id.str() + " " + app_id : credential->id.str(), credential->id,
                 [&] { return opened(*credential, credential_key_, app_id); });
}

}  // namespace hg::delivery
