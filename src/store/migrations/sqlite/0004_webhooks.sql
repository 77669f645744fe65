-- Where app servers are told of ended subscriptions. The secret is sealed. `call_id`: what is on its way, or tried again.
CREATE TABLE webhooks (
  id BLOB PRIMARY KEY NOT NULL,
  app_id BLOB NOT NULL,
  url TEXT NOT NULL,
  sealed BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  leased_until INTEGER NOT NULL DEFAULT 0,
  call_id BLOB,
  attempts INTEGER NOT NULL DEFAULT 0,
  failing_since INTEGER,
  failure TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX webhooks_by_app ON webhooks (app_id);

-- What a webhook is still to be told: a row each, made where the subscription ends.
CREATE TABLE webhook_ends (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  shard INTEGER NOT NULL,
  user_id BLOB NOT NULL,
  app_id BLOB NOT NULL,
  subscription_id BLOB NOT NULL,
  webhook_id BLOB NOT NULL,
  reason INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  made_at INTEGER NOT NULL,
  call_id BLOB
) STRICT;
CREATE INDEX webhook_ends_by_webhook ON webhook_ends (webhook_id, seq);
