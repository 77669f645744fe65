-- STRICT: a text in a GUID's column is found here, not by the next engine. INTEGER holds 64 bits. WITHOUT ROWID where
-- rows are small and found by their key alone: one page instead of two.

-- One row a user and cross-device app; the first statement of every change locks it.
CREATE TABLE feeds (
  shard INTEGER NOT NULL,
  user_id BLOB NOT NULL,
  app_id BLOB NOT NULL,
  version INTEGER NOT NULL DEFAULT 0,
  floor_version INTEGER NOT NULL DEFAULT 0,
  last_alert_version INTEGER NOT NULL DEFAULT 0,
  unread INTEGER NOT NULL DEFAULT 0,
  live_count INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  tombstones INTEGER NOT NULL DEFAULT 0,
  next_expiry_at INTEGER NOT NULL DEFAULT 0, -- until then the counts hold
  push_lease_until INTEGER NOT NULL DEFAULT 0,
  push_attempt INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (shard, user_id, app_id)
) STRICT, WITHOUT ROWID;

-- A rowid table: the newest rows lie together whoever they are for.
CREATE TABLE notifications (
  shard INTEGER NOT NULL,
  user_id BLOB NOT NULL,
  app_id BLOB NOT NULL,
  id BLOB NOT NULL,
  version INTEGER NOT NULL,
  app_notification_id TEXT NOT NULL,
  group_name TEXT,
  raw_content TEXT,
  title TEXT,
  body TEXT,
  policies TEXT NOT NULL DEFAULT '',
  platform_mask INTEGER NOT NULL,
  display_ttl INTEGER,
  expires_at INTEGER NOT NULL,
  keep_until INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  status INTEGER NOT NULL,
  read_state INTEGER NOT NULL,
  action_state INTEGER NOT NULL,
  snooze_until INTEGER,
  content_version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  modified_at INTEGER,
  handled_platform TEXT,
  handled_device TEXT,
  handled_at INTEGER,
  posted_by BLOB NOT NULL,
  request_id TEXT NOT NULL DEFAULT '',
  fingerprint BLOB NOT NULL,
  alert_version INTEGER NOT NULL DEFAULT 0,
  alerted_at INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  UNIQUE (shard, user_id, app_id, id)
) STRICT;
CREATE INDEX notifications_by_version ON notifications (shard, user_id, app_id, version);
CREATE INDEX notifications_by_expiry ON notifications (expires_at);

-- Append-only: one row a change that somebody may have to be pushed or mailed.
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  shard INTEGER NOT NULL,
  user_id BLOB NOT NULL,
  app_id BLOB NOT NULL,
  version INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  maker BLOB,
  due_at INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_by_due ON outbox (shard, due_at);

-- What an endpoint is still owed; subscription 0…0: nobody's in particular.
CREATE TABLE jobs (
  shard INTEGER NOT NULL,
  user_id BLOB NOT NULL,
  app_id BLOB NOT NULL,
  subscription_id BLOB NOT NULL,
  notification_id BLOB NOT NULL,
  version INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  guard INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (shard, user_id, app_id, subscription_id, notification_id, version, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_by_due ON jobs (due_at);

CREATE TABLE outcomes (
  shard INTEGER NOT NULL,
  user_id BLOB NOT NULL,
  app_id BLOB NOT NULL,
  notification_id BLOB NOT NULL,
  report BLOB NOT NULL,
  PRIMARY KEY (shard, user_id, app_id, notification_id)
) STRICT;

CREATE TABLE subscriptions (
  shard INTEGER NOT NULL,
  user_id BLOB NOT NULL,
  app_id BLOB NOT NULL,
  id BLOB NOT NULL,
  device_id TEXT NOT NULL,
  platform INTEGER NOT NULL,
  counts_as INTEGER NOT NULL,
  channel BLOB,
  channel_hash BLOB,
  application BLOB NOT NULL,
  application_id TEXT NOT NULL DEFAULT '',
  app_package TEXT NOT NULL DEFAULT '',
  filters TEXT NOT NULL DEFAULT '',
  notification_type INTEGER NOT NULL DEFAULT 0,
  locale TEXT NOT NULL DEFAULT '',
  device_name TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  renewed_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  life_ms INTEGER NOT NULL,
  since_version INTEGER NOT NULL DEFAULT 0,
  seen_version INTEGER NOT NULL DEFAULT 0,
  seen_at INTEGER NOT NULL DEFAULT 0,
  sync_days INTEGER,
  vapid_key TEXT NOT NULL DEFAULT '',
  ended_at INTEGER,
  ended_reason INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (shard, user_id, app_id, id)
) STRICT;
CREATE UNIQUE INDEX subscriptions_by_device ON subscriptions (shard, user_id, app_id, device_id);
CREATE INDEX subscriptions_by_expiry ON subscriptions (expires_at) WHERE ended_at IS NULL;
CREATE INDEX subscriptions_by_end ON subscriptions (ended_at) WHERE ended_at IS NOT NULL;

-- Who owns a channel: its shard is the top 14 bits of the hash.
CREATE TABLE channels (
  shard INTEGER NOT NULL,
  hash BLOB NOT NULL,
  owner_shard INTEGER NOT NULL,
  user_id BLOB NOT NULL,
  app_id BLOB NOT NULL,
  subscription_id BLOB NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY (shard, hash)
) STRICT, WITHOUT ROWID;

-- Enough of the first answer to give it again: the repeated post brings its content.
CREATE TABLE idempotency (
  shard INTEGER NOT NULL,
  user_id BLOB NOT NULL,
  app_id BLOB NOT NULL,
  application_id BLOB NOT NULL,
  idem_key TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  notification_id BLOB NOT NULL,
  base_version INTEGER NOT NULL,
  new_version INTEGER NOT NULL,
  content_version INTEGER NOT NULL,
  endpoints INTEGER NOT NULL,
  posted_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (shard, user_id, app_id, application_id, idem_key)
) STRICT;
CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE directory_version (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  version INTEGER NOT NULL
) STRICT;
INSERT INTO directory_version (only_row, version) VALUES (1, 1);

CREATE TABLE settings (
  name TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE users (
  id BLOB PRIMARY KEY NOT NULL,
  upn TEXT NOT NULL,
  upn_key TEXT UNIQUE, -- in lower case; null once removed
  display_name TEXT NOT NULL DEFAULT '',
  mail TEXT NOT NULL DEFAULT '',
  locale TEXT NOT NULL DEFAULT '',
  time_zone TEXT NOT NULL DEFAULT '',
  password_hash TEXT NOT NULL DEFAULT '',
  blocked INTEGER NOT NULL DEFAULT 0,
  admin INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  removed_at INTEGER
) STRICT;

CREATE TABLE applications (
  id BLOB PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  confidential INTEGER NOT NULL DEFAULT 0,
  pkce_optional INTEGER NOT NULL DEFAULT 0,
  blocked INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  redirect_uris TEXT NOT NULL DEFAULT '[]',
  scopes TEXT NOT NULL DEFAULT '[]',
  exposed_scopes TEXT NOT NULL DEFAULT '[]',
  app_id_uri TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE application_secrets (
  id BLOB PRIMARY KEY NOT NULL,
  application_id BLOB NOT NULL,
  sha256 BLOB NOT NULL,
  hint TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER
) STRICT;
CREATE INDEX application_secrets_by_application ON application_secrets (application_id);

CREATE TABLE cross_device_apps (
  id BLOB PRIMARY KEY NOT NULL,
  host_name TEXT NOT NULL,
  host_key TEXT UNIQUE NOT NULL, -- in lower case
  display_name TEXT NOT NULL DEFAULT '',
  verified INTEGER NOT NULL DEFAULT 0,
  allow_unverified INTEGER NOT NULL DEFAULT 0,
  platform_ids TEXT NOT NULL DEFAULT '[]',
  sender_domains TEXT NOT NULL DEFAULT '[]',
  created_at INTEGER NOT NULL,
  verified_at INTEGER
) STRICT;

CREATE TABLE cross_device_members (
  app_id BLOB NOT NULL,
  application_id BLOB NOT NULL,
  PRIMARY KEY (app_id, application_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX cross_device_members_by_application ON cross_device_members (application_id);

CREATE TABLE vapid_keys (
  app_id BLOB NOT NULL,
  key_id BLOB NOT NULL,
  public_key TEXT NOT NULL,
  sealed_private BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  retired_at INTEGER,
  PRIMARY KEY (app_id, key_id)
) STRICT;

CREATE TABLE signing_keys (
  kid TEXT PRIMARY KEY NOT NULL,
  algorithm TEXT NOT NULL,
  sealed_private BLOB NOT NULL,
  public_jwk TEXT NOT NULL,
  state INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  activated_at INTEGER,
  retired_at INTEGER
) STRICT;

CREATE TABLE sessions (
  id BLOB PRIMARY KEY NOT NULL,
  user_id BLOB NOT NULL,
  cookie_hash BLOB UNIQUE NOT NULL,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_last_seen ON sessions (last_seen_at);

CREATE TABLE consents (
  user_id BLOB NOT NULL,
  application_id BLOB NOT NULL,
  scopes TEXT NOT NULL,
  granted_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, application_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE authorization_codes (
  hash BLOB PRIMARY KEY NOT NULL,
  application_id BLOB NOT NULL,
  user_id BLOB NOT NULL,
  session_id BLOB NOT NULL,
  redirect_uri TEXT NOT NULL,
  code_challenge TEXT NOT NULL DEFAULT '',
  nonce TEXT NOT NULL DEFAULT '',
  scopes TEXT NOT NULL,
  audience TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  redeemed_at INTEGER,
  family_id BLOB
) STRICT;
CREATE INDEX authorization_codes_by_expiry ON authorization_codes (expires_at);

CREATE TABLE refresh_families (
  id BLOB PRIMARY KEY NOT NULL,
  user_id BLOB NOT NULL,
  application_id BLOB NOT NULL,
  session_id BLOB NOT NULL,
  scopes TEXT NOT NULL,
  audience TEXT NOT NULL,
  current_hash BLOB NOT NULL,
  previous_hash BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;
CREATE UNIQUE INDEX refresh_families_by_current ON refresh_families (current_hash);
CREATE INDEX refresh_families_by_previous ON refresh_families (previous_hash);
CREATE INDEX refresh_families_by_user ON refresh_families (user_id);
CREATE INDEX refresh_families_by_session ON refresh_families (session_id);
CREATE INDEX refresh_families_by_expiry ON refresh_families (expires_at);

CREATE TABLE tickets (
  hash BLOB PRIMARY KEY NOT NULL,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT;
CREATE INDEX tickets_by_expiry ON tickets (expires_at);

CREATE TABLE revocations (
  kind INTEGER NOT NULL,
  subject BLOB NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY NOT NULL,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  detail TEXT NOT NULL,
  previous_hash BLOB NOT NULL,
  hash BLOB NOT NULL
) STRICT;
