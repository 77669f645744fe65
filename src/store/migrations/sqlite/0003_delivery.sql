-- What the worker itself could not do, and since when it is owed.
ALTER TABLE jobs ADD COLUMN faults INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN made_at INTEGER NOT NULL DEFAULT 0;

-- The alert before the last: where an endpoint is that is told of alerts only.
ALTER TABLE feeds ADD COLUMN previous_alert_version INTEGER NOT NULL DEFAULT 0;

-- When the endpoint was told silently of late, as a JSON list of milliseconds.
ALTER TABLE subscriptions ADD COLUMN nudged TEXT NOT NULL DEFAULT '';

-- What an app shows to push platforms. `facts` is what anybody may see of it; the rest is sealed.
CREATE TABLE credentials (
  id BLOB PRIMARY KEY NOT NULL,
  app_id BLOB NOT NULL,
  platform INTEGER NOT NULL,
  app_ids TEXT NOT NULL,
  facts TEXT NOT NULL,
  sealed BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  broken_at INTEGER,
  broken_reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX credentials_by_app ON credentials (app_id);
