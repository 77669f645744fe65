-- What an application may sign with in place of a secret: a certificate or a JSON Web Key, the public half.
CREATE TABLE application_keys (
  id BYTEA PRIMARY KEY NOT NULL,
  application_id BYTEA NOT NULL,
  kind BIGINT NOT NULL,
  material TEXT COLLATE "C" NOT NULL,
  thumbprint BYTEA NOT NULL,
  name TEXT COLLATE "C" NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  expires_at BIGINT
);
CREATE UNIQUE INDEX application_keys_by_application ON application_keys (application_id, thumbprint);

-- RFC 8628. `user_id` and `session_id`: of whoever allowed it.
CREATE TABLE device_codes (
  hash BYTEA PRIMARY KEY NOT NULL,
  user_code_hash BYTEA UNIQUE NOT NULL,
  application_id BYTEA NOT NULL,
  scopes TEXT COLLATE "C" NOT NULL,
  audience TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  polled_at BIGINT NOT NULL DEFAULT 0,
  interval_ms BIGINT NOT NULL,
  state BIGINT NOT NULL DEFAULT 0,
  user_id BYTEA,
  session_id BYTEA
);
CREATE INDEX device_codes_by_expiry ON device_codes (expires_at);

-- `trusted`: the operator consents for everybody. `external_identities`: [issuer, client id] pairs of other issuers.
ALTER TABLE applications ADD COLUMN trusted BIGINT NOT NULL DEFAULT 0;
ALTER TABLE applications ADD COLUMN external_identities TEXT COLLATE "C" NOT NULL DEFAULT '[]';

-- The sealed seed of one-time passwords (RFC 6238), and the last time step whose password was used.
ALTER TABLE users ADD COLUMN totp BYTEA NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN totp_step BIGINT NOT NULL DEFAULT 0;
