#include "store/webhooks.h"

#include <fmt/format.h>

#include "crypto/hash.h"

namespace hg::store::webhooks {

namespace {

#define HG_COLUMNS                                                              \
  "w.id, w.app_id, w.url, w.sealed, w.created_at, w.failing_since, w.failure, " \
  "(SELECT COUNT(*) FROM webhook_ends e WHERE e.webhook_id = w.id), w.call_id, w.attempts"

Webhook read(const Row& row) {
  return {.id = row.guid(0),
          .app = row.id<AppId>(1),
          .url = row.text(2),
          .sealed = row.text(3),
          .created_at = row.time(4),
          .failing_since = row.maybe_time(5),
          .failure = row.text(6),
          .waiting = row.integer(7)};
}

std::vector<End> ends_of(Connection& tx, const Guid& webhook, const Guid& call) {
  return tx.all(
      "SELECT user_id, app_id, subscription_id, reason, ended_at, made_at FROM webhook_ends WHERE webhook_id = $1 AND "
      "call_id = $2 ORDER BY seq",
      {webhook, call}, [](const Row& row) {
        return End{.feed = {row.id<UserId>(0), row.id<AppId>(1)},
                   .subscription = row.id<SubscriptionId>(2),
                   .reason = row.value<model::EndReason>(3),
                   .ended_at = row.time(4),
                   .made_at = row.time(5)};
      });
}

// The ends of a call that was tried already, else the next ones under a new name.
void fill(Connection& tx, WebhookCall& call, std::optional<Guid> tried) {
  if (tried) {
    call.id = *tried;
    call.ends = ends_of(tx, call.webhook.id, call.id);
    if (!call.ends.empty()) return;
  }
  call.id = crypto::random_guid();
  tx.exec(
      "UPDATE webhook_ends SET call_id = $1 WHERE seq IN (SELECT seq FROM webhook_ends WHERE webhook_id = $2 AND "
      "call_id IS NULL ORDER BY seq LIMIT $3)",
      {call.id, call.webhook.id, kAtOnce});
  call.ends = ends_of(tx, call.webhook.id, call.id);
}

bool holds(Connection& tx, const WebhookCall& call) {
  return tx
      .first("SELECT id FROM webhooks WHERE id = $1 AND leased_until = $2 AND call_id = $3 FOR UPDATE",
             {call.webhook.id, call.leased_until, call.id}, [](const Row& row) { return row.guid(0); })
      .has_value();
}

void forget(Connection& tx, const WebhookCall& call) {
  tx.exec("DELETE FROM webhook_ends WHERE webhook_id = $1 AND call_id = $2", {call.webhook.id, call.id});
}

void put_failure(Connection& tx, const WebhookCall& call, Time due_at, std::string_view why, Time now) {
  tx.exec(
      "UPDATE webhooks SET leased_until = 0, due_at = $1, attempts = $2, failing_since = COALESCE(failing_since, $3), "
      "failure = $4 WHERE id = $5",
      {due_at, call.attempts + 1, now, why, call.webhook.id});
}

}  // namespace

Result<void> insert(Connection& tx, const Webhook& webhook) {
  const auto there = tx.first("SELECT COUNT(*) FROM webhooks WHERE app_id = $1", {webhook.app},
                              [](const Row& row) { return row.integer(0); });
  if (there.value_or(0) >= static_cast<std::int64_t>(kMost))
    return fail(Code::conflict, fmt::format("there are {} webhooks already; remove one first", kMost), "/url");
  tx.exec("INSERT INTO webhooks (id, app_id, url, sealed, created_at, due_at) VALUES ($1, $2, $3, $4, $5, $6)",
          {webhook.id, webhook.app, webhook.url, blob(webhook.sealed), webhook.created_at, webhook.created_at});
  return {};
}

std::vector<Webhook> of_app(Connection& tx, AppId app) {
  return tx.all("SELECT " HG_COLUMNS " FROM webhooks w WHERE w.app_id = $1 ORDER BY w.created_at, w.id", {app}, read);
}

std::optional<Webhook> find(Connection& tx, AppId app, Guid id) {
  return tx.first("SELECT " HG_COLUMNS " FROM webhooks w WHERE w.app_id = $1 AND w.id = $2", {app, id}, read);
}

bool remove(Connection& tx, AppId app, Guid id) {
  if (tx.exec("DELETE FROM webhooks WHERE app_id = $1 AND id = $2", {app, id}) == 0) return false;
  tx.exec("DELETE FROM webhook_ends WHERE webhook_id = $1", {id});
  return true;
}

void remove_all(Connection& tx, AppId app) {
  for (const auto& one : of_app(tx, app)) remove(tx, app, one.id);
}

void owe(Connection& tx, const End& end) {
  tx.exec(
      "INSERT INTO webhook_ends (shard, user_id, app_id, subscription_id, webhook_id, reason, ended_at, made_at) "
      "SELECT $1, $2, $3, $4, id, $5, $6, $7 FROM webhooks WHERE app_id = $8",
      {end.feed.shard(), end.feed.user, end.feed.app, end.subscription, end.reason, end.ended_at, end.made_at,
       end.feed.app});
}

std::optional<Time> next_due(Connection& tx) {
  return tx
      .first(
          "SELECT MIN(w.due_at) FROM webhooks w WHERE EXISTS (SELECT 1 FROM webhook_ends e WHERE e.webhook_id = w.id)",
          {}, [](const Row& row) { return row.maybe_time(0); })
      .value_or(std::nullopt);
}

std::vector<WebhookCall> claim(Connection& tx, Time now, Duration lease, std::size_t limit) {
  std::vector<std::optional<Guid>> tried;
  auto calls =
      tx.all("SELECT " HG_COLUMNS
             " FROM webhooks w WHERE w.due_at <= $1 AND w.leased_until <= $2 AND EXISTS (SELECT 1 FROM "
             "webhook_ends e WHERE e.webhook_id = w.id) ORDER BY w.due_at, w.id LIMIT $3 FOR UPDATE SKIP "
             "LOCKED",
             {now, now, limit}, [&](const Row& row) {
               tried.push_back(row.maybe_guid(8));
               return WebhookCall{.webhook = read(row), .attempts = row.integer(9), .leased_until = now + lease};
             });
  for (std::size_t i = 0; i < calls.size(); ++i) {
    fill(tx, calls[i], tried[i]);
    tx.exec("UPDATE webhooks SET leased_until = $1, call_id = $2 WHERE id = $3",
            {calls[i].leased_until, calls[i].id, calls[i].webhook.id});
  }
  return calls;
}

void release_all(Connection& tx) { tx.exec("UPDATE webhooks SET leased_until = 0 WHERE leased_until > 0"); }

bool taken(Connection& tx, const WebhookCall& call, Time now) {
  if (!holds(tx, call)) return false;
  forget(tx, call);
  tx.exec(
      "UPDATE webhooks SET leased_until = 0, call_id = NULL, due_at = $1, attempts = 0, failing_since = NULL, "
      "failure = '' WHERE id = $2",
      {now, call.webhook.id});
  return true;
}

bool failed(Connection& tx, const WebhookCall& call, Time due_at, std::string_view why, Time now) {
  if (!holds(tx, call)) return false;
  put_failure(tx, call, due_at, why, now);
  return true;
}

bool given_up(Connection& tx, const WebhookCall& call, Time due_at, std::string_view why, Time now) {
  if (!holds(tx, call)) return false;
  forget(tx, call);
  put_failure(tx, call, due_at, why, now);
  return true;
}

std::int64_t waiting(Connection& tx) {
  return tx.first("SELECT COUNT(*) FROM webhook_ends", {}, [](const Row& row) { return row.integer(0); }).value_or(0);
}

#undef HG_COLUMNS

}  // namespace hg::store::webhooks
