// Which Sender reaches an endpoint: made of the push credentials of its cross-device app, kept while those stay as they
// are. Belongs to one loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "crypto/seal.h"
#include "delivery/worker.h"
#include "push/platforms.h"
#include "store/credentials.h"
#include "store/cross_device.h"
#include "store/database.h"

namespace hg::delivery {

class Senders {
 public:
  using Make = std::function<Result<std::shared_ptr<push::Sender>>(const push::Credentials&)>;

  // `credentials` and `vapid`: the keys that sealed them.
  Senders(store::Database& database, crypto::SealingKey credentials, crypto::SealingKey vapid, Make make);

  // `directory`: the version of the directory that the asker has seen; what is known is read again where it is older.
  boost::asio::awaitable<Found> of(model::Subscription subscription, std::int64_t directory);
  // Reads it again; the apps whose endpoints may be reached now in another way than at the last call. At the first:
  // all.
  boost::asio::awaitable<std::vector<AppId>> changed();

 private:
  struct App {
    store::CrossDeviceApp app;
    std::vector<store::Credential> credentials;  // oldest first
    std::vector<store::VapidKey> keys;           // newest first
  };
  struct Known {
    std::int64_t version = -1;
    std::map<AppId, App> apps;
  };

  [[nodiscard]] Known read(store::Connection& tx) const;
  boost::asio::awaitable<void> renew();
  [[nodiscard]] push::Credentials webpush(const App& app, const store::Credential* subject) const;
  Found made(const std::string& name, const Guid& credential, const std::function<push::Credentials()>& credentials);

  store::Database& database_;
  const crypto::SealingKey credential_key_, vapid_key_;
  Make make_;
  Known known_;
  std::map<AppId, std::string> told_;                             // what was answered to changed()
  std::map<std::string, std::shared_ptr<push::Sender>> senders_;  // null: cannot be made
};

// The set that serves a platform app id: one that names it, else the youngest that names none. nullptr: none does.
const store::Credential* credential_for(const std::vector<store::Credential>& all, model::ChannelKind platform,
                                        std::string_view app_id);
// What an endpoint's app is called on its platform, as APNs wants it for a topic.
std::string platform_app_id(const store::CrossDeviceApp& app, const model::Subscription& subscription);

}  // namespace hg::delivery
