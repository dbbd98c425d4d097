-- One row. `revision` is the store's counter, `floor` the newest revision trimmed from `changes`.
CREATE TABLE meta (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  cluster  TEXT NOT NULL,
  revision INTEGER NOT NULL,
  floor    INTEGER NOT NULL
);

-- Every Project and Node, whole, as packed by the schema library; the columns are for finding them.
CREATE TABLE objects (
  kind     TEXT NOT NULL CHECK (kind IN ('project', 'node')),
  name     TEXT NOT NULL,
  uid      TEXT NOT NULL UNIQUE,
  phase    TEXT NOT NULL,
  node     TEXT NOT NULL,
  revision INTEGER NOT NULL UNIQUE,
  body     BLOB NOT NULL,
  PRIMARY KEY (kind, name)
);
CREATE INDEX objects_by_phase ON objects (kind, phase, name);
CREATE INDEX objects_by_node ON objects (kind, node, name);

-- Cluster-wide names (Docker objects, ingress hosts) and the project's uid that holds each.
CREATE TABLE claims (
  name TEXT PRIMARY KEY,
  uid  TEXT NOT NULL REFERENCES objects (uid) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX claims_by_uid ON claims (uid);

-- The change log: one row per revision. `node` is whom the change concerns, or empty.
CREATE TABLE changes (
  revision INTEGER PRIMARY KEY,
  kind     TEXT NOT NULL,
  name     TEXT NOT NULL,
  uid      TEXT NOT NULL,
  node     TEXT NOT NULL,
  deleted  INTEGER NOT NULL CHECK (deleted IN (0, 1))
);
CREATE INDEX changes_by_object ON changes (kind, name, revision);
CREATE INDEX changes_by_node ON changes (node, revision);

-- Answers to requests that changed something: a retry gets the same one.
CREATE TABLE requests (
  number INTEGER PRIMARY KEY,
  id     TEXT NOT NULL UNIQUE,
  reply  BLOB NOT NULL,
  at     INTEGER NOT NULL
);
