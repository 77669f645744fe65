// heliograph credential: what a cross-device app shows to push platforms. Secrets are read from files, never shown.
#include <fmt/format.h>

#include <memory>

#include "base/encoding.h"
#include "cli/command.h"

namespace hg::cli {

namespace {

struct Options : Common {
  std::string cross_device, id, file, certificate, key_id, team_id, environment, package_sid, tenant_id, client_id,
      subject;
  std::vector<std::string> app_ids;
};

const std::vector<Column> kColumns = {
    {"PLATFORM", "platform"}, {"APP IDS", "appIds"}, {"STATE", "state"}, {"REASON", "reason"}, {"ID", "id"}};

Result<std::string> path_of(const Options& options, Door& door) {
  HG_TRY(const std::string host, cross_device_host(door, options.cross_device));
  return "/crossDeviceApps/" + percent_encode(host) + "/credentials";
}

Result<void> add(const Options& options, Door& door, json::object body) {
  if (!options.app_ids.empty()) body["appIds"] = json::value_from(options.app_ids);
  HG_TRY(const std::string path, path_of(options, door));
  HG_TRY(const json::value made, door.admin("POST", path, json::value(body)));
  options.json ? print_json(made) : print_object(made);
  return {};
}

std::string wrong_apns(const Options& o) {
  if (!o.certificate.empty())
    return o.file.empty() && o.key_id.empty() && o.team_id.empty()
               ? ""
               : "--certificate-file stands in place of --key-file, --key-id and --team-id, not beside them";
  return o.file.empty() || o.key_id.empty() || o.team_id.empty()
             ? "--key-file, --key-id and --team-id belong together; or --certificate-file"
             : "";
}

Result<void> add_apns_certificate(const Options& options, Door& door) {
  HG_TRY(const std::string pem, read_secret(options.certificate));
  return add(options, door, {{"platform", "apns"}, {"certificate", pem}, {"environment", options.environment}});
}

Result<void> add_apns(const Options& options, Door& door) {
  if (!options.certificate.empty()) return add_apns_certificate(options, door);
  HG_TRY(const std::string key, read_secret(options.file));
  return add(options, door,
             {{"platform", "apns"},
              {"key", key},
              {"keyId", options.key_id},
              {"teamId", options.team_id},
              {"environment", options.environment}});
}

Result<void> add_fcm(const Options& options, Door& door) {
  HG_TRY(const std::string text, read_secret(options.file));
  const auto account = parse_json(text);
  if (!account)
    return fail(Code::property_invalid, fmt::format("{} is not the JSON file of a service account's key: {}",
                                                    options.file, account.error().message));
  return add(options, door, {{"platform", "fcm"}, {"serviceAccount", *account}});
}

std::string wrong_wns(const Options& o) {
  const bool application = !o.tenant_id.empty() && !o.client_id.empty();
  return o.package_sid.empty() && !application ? "--package-sid is required, or --tenant-id and --client-id" : "";
}

Result<void> add_wns(const Options& options, Door& door) {
  HG_TRY(const std::string secret, read_secret(options.file));
  json::object body{{"platform", "wns"}, {"clientSecret", secret}};
  if (!options.package_sid.empty()) body["packageSid"] = options.package_sid;
  if (!options.tenant_id.empty()) body["tenantId"] = options.tenant_id;
  if (!options.client_id.empty()) body["clientId"] = options.client_id;
  return add(options, door, std::move(body));
}

Result<void> add_webpush(const Options& options, Door& door) {
  return add(options, door, {{"platform", "webpush"}, {"subject", options.subject}});
}

Result<void> list(const Options& options, Door& door) {
  HG_TRY(const std::string path, path_of(options, door));
  HG_TRY(const json::value all, door.admin("GET", path));
  options.json ? print_json(all.at("value")) : print_table(all.at("value").as_array(), kColumns);
  return {};
}

Result<void> test(const Options& options, Door& door) {
  HG_TRY(const std::string path, path_of(options, door));
  HG_TRY(const json::value told, door.admin("POST", path + "/" + percent_encode(options.id) + "/test"));
  options.json ? print_json(told) : print_object(told);
  const std::string state = readable(told.at("state"));
  if (state == "ok") return {};
  return fail(Code::unavailable,
              (state == "refused" ? "the platform refuses them: " : "the platform could not be asked: ") +
                  readable(told.at("reason")));
}

Result<void> remove(const Options& options, Door& door) {
  HG_TRY(const std::string path, path_of(options, door));
  HG_TRY([[maybe_unused]] const json::value done, door.admin("DELETE", path + "/" + percent_encode(options.id)));
  return {};
}

}  // namespace

void add_credential(Command program) {
  auto options = std::make_shared<Options>();
  const Command noun = program.command("credential", "what a cross-device app shows to push platforms");
  const auto verb = [&](const char* name, const char* sentence, Result<void> (*work)(const Options&, Door&)) {
    const Command command = noun.command(name, sentence);
    add_common(command, *options);
    command.option("--cross-device", options->cross_device,
                   "host name of the cross-device app; may be left out where there is one");
    command.runs([options, work] { return with_door(*options, [&](Door& door) { return work(*options, door); }); });
    return command;
  };
  const auto for_ids = [&](Command command) {
    command.option("--app-id", options->app_ids,
                   "a platform app id that it serves; may be repeated; without it all that no other set names");
  };

  const Command apns = verb("add-apns", "an Apple push key (.p8), or a certificate", add_apns);
  apns.option("--key-file", options->file, "the .p8 file, or - for standard input");
  apns.option("--key-id", options->key_id, "the key's id, 10 characters");
  apns.option("--team-id", options->team_id, "the team's id, 10 characters");
  apns.option("--certificate-file", options->certificate,
              "in their place: certificate and private key in PEM, as openssl pkcs12 -nodes prints of Apple's .p12");
  apns.option("--environment", options->environment, "which of Apple's environments it is for")
      .one_of({"production", "sandbox", "both"})
      .otherwise("both");
  apns.check([options] { return wrong_apns(*options); });
  for_ids(apns);

  const Command fcm = verb("add-fcm", "a Firebase service account", add_fcm);
  fcm.option("--service-account-file", options->file, "the JSON file of its key, or - for standard input").required();
  for_ids(fcm);

  const Command wns = verb("add-wns", "a Package SID, or an Entra application, with its secret", add_wns);
  wns.option("--package-sid", options->package_sid, "as the Partner Center shows it: ms-app://…");
  wns.option("--tenant-id", options->tenant_id, "of an Entra application");
  wns.option("--client-id", options->client_id, "of an Entra application");
  wns.option("--client-secret-file", options->file, "the secret's file, or - for standard input").required();
  wns.check([options] { return wrong_wns(*options); });
  for_ids(wns);

  const Command webpush =
      verb("add-webpush", "whom push services may reach; the VAPID keys are made here", add_webpush);
  webpush.option("--subject", options->subject, "mailto:push@contoso.com or https://contoso.com").required();

  verb("list", "all of a cross-device app, without secrets", list);
  verb("test", "ask the platform now whether it takes one", test).option("id", options->id, "its id").required();
  verb("remove", "remove one", remove).option("id", options->id, "its id").required();
}

}  // namespace hg::cli
