"""The files that are checked, and C++ text without comments and literals."""
import os
import re

SKIPPED_FOLDERS = {".git", "build", ".cache", "__pycache__"}
CPP = (".h", ".cpp")
SCRIPT = (".sh", ".py")

_TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'", re.DOTALL)


def _blank(match):
    text = match.group(0)
    if text.startswith('"') and text.endswith('"') and "\n" not in text:
        return '""' if len(text) > 1 else text
    return re.sub(r"[^\n]", " ", text)


class File:
    def __init__(self, root, path):
        self.path = path
        self.name = os.path.basename(path)
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
            self.text = f.read()
        self.lines = self.text.splitlines()
        first = self.lines[0] if self.lines else ""
        self.is_cpp = path.endswith(CPP)
        self.is_header = path.endswith(".h")
        self.is_bash = path.endswith(".sh") or first.startswith("#!/usr/bin/env bash")
        self.is_script = path.endswith(SCRIPT) or first.startswith("#!")
        self.is_source = self.is_cpp or self.is_script
        self._code = None

    @property
    def code(self):
        """Lines without comments and literals; includes keep their names. As many as `lines`."""
        if self._code is None:
            includes = {i: l for i, l in enumerate(self.lines) if l.startswith("#include")}
            blanked = _TOKENS.sub(_blank, self.text).split("\n")
            self._code = [includes.get(i, l) for i, l in enumerate(blanked)]
        return self._code

    def at(self, line, what):
        return f"{self.path}:{line}: {what}"


class Tree:
    def __init__(self, root):
        self.root = root
        self.files = []
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS)
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), root)
                if not os.path.islink(os.path.join(folder, name)):
                    self.files.append(File(root, path))
        self.paths = {f.path for f in self.files}

    def cpp(self):
        return [f for f in self.files if f.is_cpp]
