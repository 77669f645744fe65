-- oldest program: 5
-- How many calls a minute an application may make by itself, and each user in it; none: what is configured for all.
ALTER TABLE applications ADD COLUMN calls BIGINT;
ALTER TABLE applications ADD COLUMN user_calls BIGINT;

-- What a secret is for.
ALTER TABLE application_secrets ADD COLUMN name TEXT COLLATE "C" NOT NULL DEFAULT '';
