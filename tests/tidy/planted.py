"""One planted offence per rule and per pattern that matters: each must be found."""
import os
import tempfile

import rules
from tree import Tree

_LONG_FUNCTION = "int f(int a) {\n" + "  ++a;\n" * 80 + "  return a;\n}\n"

# (rule, path, text)
_OFFENCES = [
    (rules.rings_are_pure, "services/gc/a.cpp", "auto t = std::chrono::steady_clock::now();\n"),
    (rules.rings_are_pure, "schema/a.cpp", "#include <thread>\n"),
    (rules.rings_are_pure, "services/scheduler/a.h", "#include <random>\n"),
    (rules.rings_are_pure, "services/agent/a.h", "std::shared_ptr<int> p;\n"),
    (rules.rings_are_pure, "services/apiserver/a.h", "std::unordered_map<int, int> m;\n"),
    (rules.rings_are_pure, "services/runtime/a.cpp", "auto v = std::getenv(name);\n"),
    (rules.rings_are_pure, "services/apiserver/handlers/a.cpp", "#include <fstream>\n"),
    (rules.libraries_stay_home, "services/agent/docker/a.h", "#include <nlohmann/json.hpp>\n"),
    (rules.libraries_stay_home, "services/gc/a.cpp", "#include <nats/nats.h>\n"),
    (rules.libraries_stay_home, "services/scheduler/a.cpp", "#include <SQLiteCpp/SQLiteCpp.h>\n"),
    (rules.dependencies_point_one_way, "services/gc/a.cpp", '#include "services/agent/agent.h"\n'),
    (rules.dependencies_point_one_way, "tests/sim/a.cpp", '#include "services/runtime/host/h.h"\n'),
    (rules.dependencies_point_one_way, "cli/a.cpp", '#include "a.h"\n'),
    (rules.files_are_small, "cli/a.cpp", "int x;\n" * 401),
    (rules.lines_are_short, "cli/a.cpp", "// " + "x" * 99 + "\n"),
    (rules.lines_are_short, "cli/a.cpp", "int x; \n"),
    (rules.functions_are_short, "cli/a.cpp", "namespace a {\n" + _LONG_FUNCTION + "}\n"),
    (rules.functions_are_short, "a.sh", "f() {\n" + "  true\n" * 80 + "}\n"),
    (rules.nothing_is_left_to_do, "cli/a.cpp", "// TO" + "DO: later\n"),
    (rules.nothing_points_outside, "cli/a.cpp", 'auto p = "/ho' + 'me/somebody/x";\n'),
    (rules.headers_are_guarded, "cli/a.h", "int x;\n"),
    (rules.folders_explain_themselves, "cli/a.h", "int x;\n"),
    (rules.readmes_tell_the_truth, "cli/README.md", "| `a.cpp` | not there |\n"),
    (rules.every_promise_has_a_test, "tests/unit/a.cpp", 'TEST_CASE("x [S2-S54]")\n'),
]
# Looks like an offence and is none.
_INNOCENT = [
    (rules.rings_are_pure, "services/gc/a.cpp", "// no std::thread, no system_clock here\n"),
    (rules.rings_are_pure, "services/gc/a.cpp", 'auto s = "std::thread";\n'),
    (rules.rings_are_pure, "services/apiserver/store/a.cpp", "#include <fcntl.h>\n"),
    (rules.rings_are_pure, "services/gc/main.cpp", "#include <thread>\n"),
    (rules.rings_are_pure, "services/runtime/host/a.cpp", "#include <thread>\n"),
    (rules.functions_are_short, "cli/a.cpp", "namespace a {\n" + "int x;\n" * 90 + "}\n"),
    (rules.nothing_points_outside, "a.sh", 'echo "$HOME/work/x"\n'),
]


def _offences(rule, path, text):
    with tempfile.TemporaryDirectory() as root:
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)
        return list(rule(Tree(root)))


def try_all():
    for rule, path, text in _OFFENCES:
        yield f"{rule.__name__} in {path}: {text.splitlines()[0][:50]}", _offences(rule, path, text)
    for rule, path, text in _INNOCENT:
        yield f"not {rule.__name__}: {text.splitlines()[0][:50]}", not _offences(rule, path, text)
