-- What each bound project takes of its node: bind and apply add up these rows, so no number of
-- schedulers can give away more than a node has. `ports` as schema/fit.h writes them.
CREATE TABLE holdings (
  uid    TEXT PRIMARY KEY REFERENCES objects (uid) ON DELETE CASCADE,
  node   TEXT NOT NULL,
  cpu    INTEGER NOT NULL,
  memory INTEGER NOT NULL,
  pids   INTEGER NOT NULL,
  gpus   INTEGER NOT NULL,
  ports  TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX holdings_by_node ON holdings (node);

-- Whoever writes that a project is on no node any more: nothing is held there.
CREATE TRIGGER release_holding AFTER UPDATE OF phase ON objects
WHEN NEW.kind = 'project' AND NEW.phase IN ('Pending', 'Terminated')
BEGIN
  DELETE FROM holdings WHERE uid = NEW.uid;
END;

-- Most nodes were lost at once: how many were Ready before (0: nothing is held), whether an
-- operator lets their projects be moved all the same, and the sentence that says why.
ALTER TABLE meta ADD COLUMN held_of INTEGER NOT NULL DEFAULT 0;
ALTER TABLE meta ADD COLUMN held_allowed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE meta ADD COLUMN held_reason TEXT NOT NULL DEFAULT '';
