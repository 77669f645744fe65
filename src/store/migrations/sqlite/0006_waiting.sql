-- oldest program: 5

-- What a job waits for beside its time (model::Waits): the answer to a push under way, or credentials.
ALTER TABLE jobs ADD COLUMN waits INTEGER NOT NULL DEFAULT 0;
CREATE INDEX jobs_by_credentials ON jobs (app_id) WHERE waits = 2;
