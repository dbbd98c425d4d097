"""Which project was bound to which node when, written by the database itself.

  audit.py install DB          before the apiserver starts on it
  audit.py check DB MOST       what was wrong: more than MOST projects on a node at any moment, a
                               project on two nodes; then the number of binds
"""
import collections
import sqlite3
import sys

INSTALL = """
CREATE TABLE audit (number INTEGER PRIMARY KEY, uid TEXT, node TEXT, bound INTEGER);
CREATE TRIGGER audit_bind AFTER UPDATE OF phase ON objects
WHEN NEW.kind = 'project' AND OLD.phase = 'Pending' AND NEW.phase = 'Scheduled'
BEGIN INSERT INTO audit (uid, node, bound) VALUES (NEW.uid, NEW.node, 1); END;
CREATE TRIGGER audit_release AFTER UPDATE OF phase ON objects
WHEN NEW.kind = 'project' AND OLD.node <> '' AND NEW.phase IN ('Pending', 'Terminated')
BEGIN INSERT INTO audit (uid, node, bound) VALUES (NEW.uid, OLD.node, 0); END;
"""


def check(database, most):
    on_node = collections.Counter()
    node_of = {}
    binds = 0
    for uid, node, bound in database.execute("SELECT uid, node, bound FROM audit ORDER BY number"):
        if bound:
            binds += 1
            if uid in node_of:
                print(f"{uid} was bound to {node} while it was on {node_of[uid]}")
            node_of[uid] = node
            on_node[node] += 1
            if on_node[node] > most:
                print(f"{node} had {on_node[node]} projects")
        elif node_of.pop(uid, None) == node:
            on_node[node] -= 1
    print(f"{binds} binds")


def main():
    command, path, *rest = sys.argv[1:]
    database = sqlite3.connect(path, timeout=10)
    if command == "install":
        database.executescript(INSTALL)
    else:
        check(database, int(rest[0]))


main()
