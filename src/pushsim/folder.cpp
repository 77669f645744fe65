#include "pushsim/folder.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "crypto/certificate.h"

namespace hg::pushsim {

namespace {

namespace fs = std::filesystem;

// Secrets: nobody else may read them.
Result<void> write(const fs::path& file, const std::string& text) {
  const mode_t before = ::umask(S_IRWXG | S_IRWXO);
  std::ofstream out(file, std::ios::trunc);
  out << text;
  out.close();
  ::umask(before);
  if (!out) return fail(Code::property_invalid, fmt::format("cannot write {}", file.string()));
  return {};
}

Result<void> make_certificate(const fs::path& folder) {
  const auto made = crypto::make_demo_certificates();
  HG_CHECK(write(folder / "ca.pem", made.authority_pem));
  HG_CHECK(write(folder / "cert.pem", made.certificate_pem));
  return write(folder / "key.pem", made.key_pem);
}

Result<Kept> load_certificate(const fs::path& folder) {
  Kept kept;
  const std::string certificate = folder / "cert.pem";
  const std::string key = folder / "key.pem";
  HG_TRY(kept.web, net::TlsContext::load(certificate, key, net::Protocols::http2_or_http1));
  HG_TRY(kept.apple, net::TlsContext::load(certificate, key, net::Protocols::http2, net::Clients::asked));
  return kept;
}

Result<std::vector<App>> read_apps(const fs::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  const auto what = fmt::format("{} is not what heliograph-pushsim writes", file.string());
  const auto parsed = parse_json(text.str());
  const auto* all = parsed && parsed->is_object() ? parsed->as_object().if_contains("apps") : nullptr;
  if (all == nullptr || !all->is_array()) return fail(Code::property_invalid, what);
  std::vector<App> apps;
  for (const auto& one : all->as_array()) {
    if (!one.is_object()) return fail(Code::property_invalid, what);
    HG_TRY(auto app, app_from(one.as_object()));
    apps.push_back(std::move(app));
  }
  return apps;
}

// A folder for a moment: what is loaded from it need not stay.
Result<Kept> made_for_this_run() {
  std::string name = (fs::temp_directory_path() / "heliograph-pushsim-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return fail(Code::property_invalid, "cannot make a temporary folder");
  const auto made = make_certificate(name);
  auto kept = made ? load_certificate(name) : Result<Kept>(fail(made.error()));
  fs::remove_all(name);
  if (kept) kept->apps = new_apps();
  return kept;
}

}  // namespace

Result<Kept> open_folder(const std::string& name) {
  if (name.empty()) return made_for_this_run();
  const fs::path folder(name);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return fail(Code::property_invalid, fmt::format("cannot make {}: {}", name, error.message()));
  if (!fs::exists(folder / "key.pem")) HG_CHECK(make_certificate(folder));
  HG_TRY(auto kept, load_certificate(folder));
  if (fs::exists(folder / "credentials.json")) {
    HG_TRY(kept.apps, read_apps(folder / "credentials.json"));
  } else {
    kept.apps = new_apps();
  }
  return kept;
}

Result<void> write_credentials(const std::string& name, const std::vector<App>& apps, const Addresses& addresses) {
  const fs::path folder(name);
  json::array all;
  for (const App& app : apps) {
    json::object one = as_json(app, addresses);
    if (!app.certificate.empty()) {
      HG_CHECK(write(folder / "apns-certificate.pem", app.certificate));
    } else if (app.platform == Platform::apns) {
      HG_CHECK(write(folder / "apns.p8", pem_of(*app.key)));
    }
    if (app.platform == Platform::fcm)
      HG_CHECK(write(folder / "fcm-service-account.json", json::serialize(one.at("serviceAccount")) + "\n"));
    all.push_back(std::move(one));
  }
  const json::object everything{{"addresses",
                                 {{"http", addresses.http},
                                  {"https", addresses.https},
                                  {"apns", addresses.apns},
                                  {"apnsSandbox", addresses.apns_sandbox},
                                  {"smtp", addresses.smtp}}},
                                {"authority", (fs::absolute(folder) / "ca.pem").string()},
                                {"apps", std::move(all)}};
  return write(folder / "credentials.json", json::serialize(everything) + "\n");
}

}  // namespace hg::pushsim
