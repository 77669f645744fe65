#include "api/health.h"

#include "api/headers.h"
#include "api/pages.h"
#include "store/directory.h"

namespace hg::api::health {
namespace {

net::Response state(int status, std::string_view word, std::string_view bus = "") {
  std::string body;
  JsonWriter writer(body);
  writer.object().field("status", word);
  if (!bus.empty()) writer.field("bus", bus);
  writer.end();
  auto response = json_response(status, std::move(body));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

}  // namespace

Answer root(Call& call) {
  const std::string& base = call.base;
  const std::string& version = call.services.settings.version;
  const std::string discovery =
      base + "/" + call.services.registry.directory()->tenant().str() + "/v2.0/.well-known/openid-configuration";
  if (prefers(call.request.headers, "text/html")) {
    co_return page_response(200, fill_page("home.html", {{"version", version},
                                                         {"discovery", discovery},
                                                         {"health", base + "/healthz"},
                                                         {"ready", base + "/readyz"}}));
  }
  std::string body;
  JsonWriter(body)
      .object()
      .field("name", "heliograph")
      .field("version", version)
      .key("links")
      .object()
      .field("notifications", base + "/beta/me/notifications")
      .field("subscriptions", base + "/v1/feeds/me/subscriptions")
      .field("discovery", discovery)
      .field("health", base + "/healthz")
      .field("ready", base + "/readyz")
      .end()
      .end();
  auto response = json_response(200, std::move(body));
  response.headers.set("Cache-Control", "no-cache");
  co_return response;
}

Answer metrics(Call& call) {
  hg::metrics::Page page;
  if (call.services.measure) call.services.measure(page);
  hg::metrics::measure_process(page);
  auto response = json_response(200, page.text());
  response.headers.set("Content-Type", hg::metrics::kTextFormat);
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

Answer process(Call&) { co_return state(200, "ok"); }

Answer ready(Call& call) {
  if (!call.services.writer.accepting()) co_return state(503, "the writer's queue is full");
  // Throws where the store cannot be read: 503 or 500.
  co_await call.services.database.read([](store::Connection& tx) { return store::directory_version(tx); });
  // Ready without it too: the others are as lonely, and all it costs is time.
  if (call.services.settings.alone) co_return state(200, "ready", "none");
  co_return state(200, "ready", call.services.bus.connected() ? "connected" : "away");
}

}  // namespace hg::api::health
