-- Which endpoint made the last change, so that it is not told of its own doing where its reader has fallen behind.
ALTER TABLE notifications ADD COLUMN maker BLOB;
ALTER TABLE notifications ADD COLUMN made_after INTEGER NOT NULL DEFAULT 0;
