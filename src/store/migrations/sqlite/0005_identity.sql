-- What an application may sign with in place of a secret: a certificate or a JSON Web Key, the public half.
CREATE TABLE application_keys (
  id BLOB PRIMARY KEY NOT NULL,
  application_id BLOB NOT NULL,
  kind INTEGER NOT NULL,
  material TEXT NOT NULL,
  thumbprint BLOB NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  expires_at INTEGER
) STRICT;
CREATE UNIQUE INDEX application_keys_by_application ON application_keys (application_id, thumbprint);

-- RFC 8628. `user_id` and `session_id`: of whoever allowed it.
CREATE TABLE device_codes (
  hash BLOB PRIMARY KEY NOT NULL,
  user_code_hash BLOB UNIQUE NOT NULL,
  application_id BLOB NOT NULL,
  scopes TEXT NOT NULL,
  audience TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  polled_at INTEGER NOT NULL DEFAULT 0,
  interval_ms INTEGER NOT NULL,
  state INTEGER NOT NULL DEFAULT 0,
  user_id BLOB,
  session_id BLOB
) STRICT;
CREATE INDEX device_codes_by_expiry ON device_codes (expires_at);

-- `trusted`: the operator consents for everybody. `external_identities`: [issuer, client id] pairs of other issuers.
ALTER TABLE applications ADD COLUMN trusted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE applications ADD COLUMN external_identities TEXT NOT NULL DEFAULT '[]';

-- The sealed seed of one-time passwords (RFC 6238), and the last time step whose password was used.
ALTER TABLE users ADD COLUMN totp BLOB NOT NULL DEFAULT x'';
ALTER TABLE users ADD COLUMN totp_step INTEGER NOT NULL DEFAULT 0;
