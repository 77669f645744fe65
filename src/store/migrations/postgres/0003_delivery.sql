-- What the worker itself could not do, and since when it is owed.
ALTER TABLE jobs ADD COLUMN faults BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN made_at BIGINT NOT NULL DEFAULT 0;

-- The alert before the last: where an endpoint is that is told of alerts only.
ALTER TABLE feeds ADD COLUMN previous_alert_version BIGINT NOT NULL DEFAULT 0;

-- When the endpoint was told silently of late, as a JSON list of milliseconds.
ALTER TABLE subscriptions ADD COLUMN nudged TEXT COLLATE "C" NOT NULL DEFAULT '';

-- What an app shows to push platforms. `facts` is what anybody may see of it; the rest is sealed.
CREATE TABLE credentials (
  id BYTEA PRIMARY KEY NOT NULL,
  app_id BYTEA NOT NULL,
  platform BIGINT NOT NULL,
  app_ids TEXT COLLATE "C" NOT NULL,
  facts TEXT COLLATE "C" NOT NULL,
  sealed BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  broken_at BIGINT,
  broken_reason TEXT COLLATE "C" NOT NULL DEFAULT ''
);
CREATE INDEX credentials_by_app ON credentials (app_id);
