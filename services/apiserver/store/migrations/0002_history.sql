-- The specs that each project had, packed. `healthy_in` is the assignment in which it was last
-- Running with that spec; 0: it never was.
CREATE TABLE revisions (
  uid        TEXT NOT NULL REFERENCES objects (uid) ON DELETE CASCADE,
  number     INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  cause      TEXT NOT NULL,
  healthy_in INTEGER NOT NULL,
  spec       BLOB NOT NULL,
  PRIMARY KEY (uid, number)
);

-- What happened to objects, also to those that are gone. An event that happens again gets a new
-- number: the newest row is never removed, so no number is used twice.
CREATE TABLE events (
  number  INTEGER PRIMARY KEY,
  kind    TEXT NOT NULL,
  name    TEXT NOT NULL,
  uid     TEXT NOT NULL,
  first   INTEGER NOT NULL,
  last    INTEGER NOT NULL,
  actor   TEXT NOT NULL,
  reason  TEXT NOT NULL,
  about   TEXT NOT NULL,
  message TEXT NOT NULL,
  count   INTEGER NOT NULL
);
CREATE INDEX events_by_uid ON events (uid, number);
CREATE INDEX events_by_name ON events (kind, name, number);
