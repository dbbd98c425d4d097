-- A database that was restored: assignments, registrations and numbers of events go on above this
-- one, because what was given out after the backup was made is not known here.
ALTER TABLE meta ADD COLUMN epochs INTEGER NOT NULL DEFAULT 0;
-- When this copy was made, in milliseconds; 0: this is no copy. A copy is not served: it is
-- restored.
ALTER TABLE meta ADD COLUMN backup_at INTEGER NOT NULL DEFAULT 0;
