-- oldest program: 5
-- How many calls a minute an application may make by itself, and each user in it; none: what is configured for all.
ALTER TABLE applications ADD COLUMN calls INTEGER;
ALTER TABLE applications ADD COLUMN user_calls INTEGER;

-- What a secret is for.
ALTER TABLE application_secrets ADD COLUMN name TEXT NOT NULL DEFAULT '';
