"""The rules. Each takes the tree and yields offences; its first line says what holds."""
import os
import re

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 70
MAX_COLUMNS = 100

# --- Rings ----------------------------------------------------------------------------------------

_DECIDES = ("schema/", "services/runtime/", "services/apiserver/", "services/scheduler/",
            "services/gc/", "services/agent/")
_HOST = ("services/runtime/host/", "services/agent/docker/", "services/agent/ingress/",
         "services/agent/agent_flags")  # part of the program
_BANNED = [
    (r"\b(system|steady|high_resolution|utc)_clock\b|\b(clock_gettime|gettimeofday)\b", "a clock"),
    (r"::now\(|\btime\((nullptr|NULL|0)\)", "a clock"),
    (r"#include <(thread|(shared_)?mutex|condition_variable|future|atomic|stop_token|semaphore)>",
     "threads"),
    (r"\bstd::(jthread|thread|mutex|async)\b|\bsleep_for\b", "threads"),
    (r"#include <random>|\brandom_device\b|\bmt19937|\bs?rand\(", "a random source"),
    (r"\b(shared|weak)_ptr\b", "shared ownership"),
    (r"\bunordered_|#include <unordered_", "an order that differs from run to run"),
    (r"\bgetenv\b", "the environment"),
    (r"#include <(fstream|iostream|filesystem)>|\bstd::(cout|cerr|ofstream|ifstream)\b|\bfopen\(",
     "input or output"),
    (r"#include <(sys/|netinet/|arpa/|unistd\.h|poll\.h|fcntl\.h)|\bsocket\(", "the system"),
]
# Where a part of the inner rings needs one of them all the same, and why.
_ALLOWED = [
    ("services/agent/state_dir", "the system"),        # part of the program: its lock and id file
    ("services/agent/state_dir", "input or output"),
    ("services/apiserver/file_lock", "the system"),    # the second apiserver on a file
    ("services/apiserver/store/", "the system"),       # makes its file, for the owner only
    ("services/apiserver/store/", "input or output"),  # looks whether it is there
]


def _inner_ring(file):
    return (file.is_cpp and file.path.startswith(_DECIDES) and not file.path.startswith(_HOST)
            and not file.name.endswith("main.cpp"))


def rings_are_pure(tree):
    """rings 1 and 2 use no clock, thread, random source, environment or I/O"""
    for file in filter(_inner_ring, tree.files):
        for number, line in enumerate(file.code, 1):
            for pattern, what in _BANNED:
                if any(file.path.startswith(f) and what == w for f, w in _ALLOWED):
                    continue
                if re.search(pattern, line):
                    yield file.at(number, f"{what}: {line.strip()}")


# --- Dependencies ---------------------------------------------------------------------------------

# library -> where its headers may be included; in tests, any .cpp may
_LIBRARY_HOMES = [
    (r"<nats[./]", ("services/runtime/host/",)),
    (r"<(SQLiteCpp/|sqlite3)", ("services/apiserver/store/",)),
    (r"<yaml-cpp/", ("cli/", "services/runtime/host/")),
    (r"<curl/", ("services/agent/docker/",)),
    (r"<cxxopts", ("services/runtime/host/", "cli/")),
    (r"<spdlog/", ("services/runtime/host/", "services/apiserver/main.cpp",
                   "services/scheduler/main.cpp", "services/gc/main.cpp",
                   "services/agent/main.cpp", "services/agent/agent_flags")),
    (r"<msgpack", ("schema/",)),
    (r"<nlohmann/", ("services/agent/docker/", "services/runtime/host/", "cli/", "schema/")),
]


def libraries_stay_home(tree):
    """library headers are included where the library lives, and never in a header of ours"""
    for file in tree.cpp():
        for number, line in enumerate(file.lines, 1):
            for pattern, homes in _LIBRARY_HOMES:
                if not re.match(r"\s*#\s*include\s+" + pattern, line):
                    continue
                if file.path.startswith("tests/"):
                    continue
                if file.is_header:
                    yield file.at(number, f"in a header: {line.strip()}")
                elif not file.path.startswith(homes):
                    yield file.at(number, f"not its home: {line.strip()}")


# folder -> what it may include of ours; the longest matching folder counts
_MAY_INCLUDE = {
    "schema/": ("schema/",),
    "services/runtime/": ("schema/", "services/runtime/"),
    "services/runtime/host/": ("schema/", "services/runtime/"),
    "services/apiserver/": ("schema/", "services/runtime/", "services/apiserver/"),
    "services/scheduler/": ("schema/", "services/runtime/", "services/scheduler/"),
    "services/gc/": ("schema/", "services/runtime/", "services/gc/"),
    "services/agent/": ("schema/", "services/runtime/", "services/agent/"),
    "cli/": ("schema/", "services/runtime/", "cli/"),
}


def dependencies_point_one_way(tree):
    """includes follow the picture: a core never includes another service or the host"""
    for file in tree.cpp():
        homes = [f for f in _MAY_INCLUDE if file.path.startswith(f)]
        home = max(homes, key=len) if homes else None
        for number, line in enumerate(file.lines, 1):
            match = re.match(r'#include "([^"]+)"', line)
            if not match:
                continue
            name = match.group(1)
            if home and not name.startswith(_MAY_INCLUDE[home]):
                yield file.at(number, f"{home} may not include {name}")
            if "services/runtime/host/" in name and (
                    _inner_ring(file) or file.path.startswith("tests/sim/")):
                yield file.at(number, f"the host is ring 3: {name}")
            if name not in tree.paths:
                yield file.at(number, f"not a path from the project root: {name}")


# --- Sizes ----------------------------------------------------------------------------------------

def files_are_small(tree):
    """no source file is longer than 400 lines"""
    for file in tree.files:
        if (file.is_source or file.name == "CMakeLists.txt") and len(file.lines) > MAX_FILE_LINES:
            yield file.at(len(file.lines), f"{len(file.lines)} lines")


def lines_are_short(tree):
    """no line of source is wider than 100 columns, none ends in blanks, each file in a newline"""
    for file in tree.files:
        if not (file.is_source or file.path.endswith(("CMakeLists.txt", ".cmake", ".sql"))):
            continue
        for number, line in enumerate(file.lines, 1):
            if len(line) > MAX_COLUMNS:
                yield file.at(number, f"{len(line)} columns")
            if line != line.rstrip():
                yield file.at(number, "ends in blanks")
        if file.text and not file.text.endswith("\n"):
            yield file.at(len(file.lines), "no newline at the end")


def _cpp_functions(file):
    """(first line, last line) of the bodies, by counting braces"""
    depth = 0
    start = None  # (depth, line) of the outermost function body we are in
    head = ""
    for number, line in enumerate(file.code, 1):
        if line.startswith("#"):
            continue
        for char in line + "\n":
            if char == "{":
                is_body = ")" in head and not re.search(r"\b(namespace|class|struct|enum)\b", head)
                if start is None and is_body and not re.search(r"=\s*$", head):
                    start = (depth, number)
                depth += 1
                head = ""
            elif char == "}":
                depth -= 1
                if start and depth == start[0]:
                    yield start[1], number
                    start = None
                head = ""
            elif char == ";":
                head = ""
            else:
                head += char


def _bash_functions(file):
    start = None
    for number, line in enumerate(file.lines, 1):
        if re.match(r"[a-z_]+\(\) \{$", line):
            start = number
        elif line == "}" and start:
            yield start, number
            start = None


def functions_are_short(tree):
    """no function is longer than 70 lines"""
    for file in tree.files:
        if file.is_cpp:
            functions = _cpp_functions(file)
        elif file.is_bash:
            functions = _bash_functions(file)
        else:
            continue
        for first, last in functions:
            if last - first + 1 > MAX_FUNCTION_LINES:
                yield file.at(first, f"a function of {last - first + 1} lines")


# --- Text -----------------------------------------------------------------------------------------

_LEFTOVERS = re.compile(r"\b(" + "TO" + "DO|" + "FIX" + "ME|" + "X" + "XX)\\b")
_ELSEWHERE = re.compile(r"(?<![\w$}.])/(work|home|Users|root|tmp/build)/|\.\./" + "shared")


def nothing_is_left_to_do(tree):
    """no marks of unfinished work"""
    for file in tree.files:
        for number, line in enumerate(file.lines, 1):
            if _LEFTOVERS.search(line):
                yield file.at(number, line.strip())


def nothing_points_outside(tree):
    """no path of somebody's machine"""
    for file in tree.files:
        for number, line in enumerate(file.lines, 1):
            if _ELSEWHERE.search(line) and not file.path.startswith("tests/tidy/"):
                yield file.at(number, line.strip())


def headers_are_guarded(tree):
    """every header says #pragma once"""
    for file in tree.cpp():
        if file.is_header and "#pragma once" not in file.lines:
            yield file.at(1, "no #pragma once")


def folders_explain_themselves(tree):
    """every folder with code has a README.md, or a line in its parent's"""
    folders = {os.path.dirname(f.path) for f in tree.files if f.is_source}
    readmes = {os.path.dirname(f.path): f.text for f in tree.files if f.name == "README.md"}
    for folder in sorted(folders):
        parent, name = os.path.split(folder)
        if folder not in readmes and f"{name}/" not in readmes.get(parent, ""):
            yield f"{folder}/README.md:1: missing"


def readmes_tell_the_truth(tree):
    """every source file that a README.md names exists"""
    for file in tree.files:
        if file.name != "README.md":
            continue
        folder = os.path.dirname(file.path)
        for number, line in enumerate(file.lines, 1):
            for name in re.findall(r"`([\w./-]+\.(?:h|cpp|sh|sql|py|yaml|cmake))`", line):
                if not any(p == os.path.normpath(os.path.join(folder, name))
                           or f"/{p}".endswith(f"/{name}") for p in tree.paths):
                    yield file.at(number, f"no such file: {name}")


# --- Acceptance -----------------------------------------------------------------------------------

_PROMISED = ([f"S{n}" for n in range(1, 55)] +
             [f"E{n}" for n in (*range(1, 7), 8, 10, *range(12, 21), *range(22, 53))] +
             [f"I{n}" for n in (*range(10, 18), 26, 27)])


def _named_items(text):
    for group in re.findall(r"\[([SEI]\d[^\]\n]*)\]", text):
        for first, last in re.findall(r"([SEI]\d+)(?:-([SEI]?\d+))?", group):
            yield first
            if last:
                for n in range(int(first[1:]), int(last.lstrip("SEI")) + 1):
                    yield f"{first[0]}{n}"


def every_promise_has_a_test(tree):
    """every promised item of the acceptance list is named by a test, in brackets"""
    named = set()
    for file in tree.files:
        if file.path.startswith("tests/") and not file.path.startswith("tests/tidy/"):
            named.update(_named_items(file.text))
    for item in _PROMISED:
        if item not in named:
            yield f"tests/README.md:1: no test names [{item}]"


ALL = [rings_are_pure, libraries_stay_home, dependencies_point_one_way, files_are_small,
       lines_are_short, functions_are_short, nothing_is_left_to_do, nothing_points_outside,
       headers_are_guarded, folders_explain_themselves, readmes_tell_the_truth,
       every_promise_has_a_test]
