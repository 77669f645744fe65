-- Which endpoint made the last change, so that it is not told of its own doing where its reader has fallen behind.
ALTER TABLE notifications ADD COLUMN maker BYTEA;
ALTER TABLE notifications ADD COLUMN made_after BIGINT NOT NULL DEFAULT 0;
