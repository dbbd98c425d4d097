"""Checks text on standard input against Prometheus' text format, version 0.0.4: each family has one
HELP and one TYPE before its samples, which stand together; no sample is there twice; counters and
histograms are what they must be. Prints a line per offence, else the names of the families.
`--self-test`: finds each of some mistakes."""
import collections
import math
import re
import sys

_SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: -?\d+)?$')
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
_COMMENT = re.compile(r'# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$')
_TYPES = {"counter", "gauge", "histogram", "summary", "untyped"}


def labels_of(text):
    """{name: value}, or None if this is not how labels are written"""
    found = {}
    while text:
        match = _LABEL.match(text)
        if not match or match[1] in found:
            return None
        found[match[1]] = match[2]
        text = text[match.end():]
    return found


def number_of(text):
    try:
        return float(text)
    except ValueError:
        return None


def family_of(name, types):
    """a sample of a histogram has its family's name and more"""
    for suffix in ("_bucket", "_sum", "_count"):
        base = name.removesuffix(suffix)
        if base != name and types.get(base) in ("histogram", "summary"):
            return base
    return name


def check_histogram(family, samples):
    """samples: [(name, labels, value)] of the whole family"""
    series = collections.defaultdict(lambda: {"buckets": [], "rest": {}})
    for name, labels, value in samples:
        key = tuple(sorted((k, v) for k, v in labels.items() if k != "le"))
        if name == family + "_bucket":
            series[key]["buckets"].append((number_of(labels.get("le", "")), value))
        else:
            series[key]["rest"][name.removeprefix(family)] = value
    for key, one in series.items():
        bounds = [bound for bound, _ in one["buckets"]]
        counts = [count for _, count in one["buckets"]]
        if None in bounds or bounds != sorted(set(bounds)) or counts != sorted(counts):
            yield f"{family}{dict(key)}: its buckets do not grow"
        elif not bounds or bounds[-1] != math.inf or counts[-1] != one["rest"].get("_count"):
            yield f"{family}{dict(key)}: the last bucket is not +Inf with as many as _count"
        if "_sum" not in one["rest"]:
            yield f"{family}{dict(key)}: no _sum"


def check_samples(families, types):
    for family, samples in families.items():
        kind = types.get(family)
        if kind == "counter" and not family.endswith("_total"):
            yield f"{family}: a counter that does not end in _total"
        if kind == "counter" and any(value < 0 for _, _, value in samples):
            yield f"{family}: a counter below 0"
        if kind == "histogram":
            yield from check_histogram(family, samples)
        seen = collections.Counter((name, tuple(sorted(labels.items())))
                                   for name, labels, _ in samples)
        yield from (f"{name}{dict(labels)}: twice" for (name, labels), n in seen.items() if n > 1)


def check(text):
    """(offences, names of the families)"""
    offences = [] if text.endswith("\n") else ["no newline at the end"]
    said = {"HELP": {}, "TYPE": {}}
    families = {}
    last = None
    for number, line in enumerate(text.splitlines(), 1):
        comment, sample = _COMMENT.match(line), _SAMPLE.match(line)
        if comment:
            what, name, rest = comment.groups()
            if name in said[what] or name in families:
                offences.append(f"line {number}: {what} of {name} is there twice, or too late")
            if what == "TYPE" and rest not in _TYPES:
                offences.append(f"line {number}: there is no type {rest}")
            said[what][name] = rest
            continue
        labels = labels_of(sample[2] or "") if sample else None
        if labels is None or number_of(sample[3]) is None:
            offences.append(f"line {number}: neither comment nor sample: {line}")
            continue
        family = family_of(sample[1], said["TYPE"])
        if family != last and family in families:
            offences.append(f"line {number}: {family} does not stand together")
        last = family
        families.setdefault(family, []).append((sample[1], labels, number_of(sample[3])))
    for name in families:
        offences += [f"{name}: no {what}" for what in ("HELP", "TYPE") if name not in said[what]]
    offences += check_samples(families, said["TYPE"])
    return offences, list(families)


_HEAD = "# HELP a_total A.\n# TYPE a_total counter\n"
_MISTAKES = [
    "a 1\n", "# HELP a A.\na 1\n", "# TYPE a gauge\na 1\n", _HEAD + _HEAD + "a_total 1\n",
    _HEAD + "a_total 1\na_total 2\n", _HEAD + "a_total -1\n", _HEAD + "a_total one\n",
    _HEAD + 'a_total{b="c} 1\n', _HEAD + 'a_total{b="c",b="d"} 1\n', _HEAD + "a_total 1",
    _HEAD.replace("counter", "number") + "a_total 1\n", _HEAD.replace("a_total", "a") + "a 1\n",
    _HEAD + "a_total 1\n# HELP b B.\n# TYPE b gauge\nb 1\n" + 'a_total{c="d"} 1\n',
    *("# HELP h H.\n# TYPE h histogram\n" + rest for rest in (
        'h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n',
        'h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n', 'h_bucket{le="+Inf"} 1\nh_sum 1\nh_count 2\n',
        'h_bucket{le="+Inf"} 1\nh_count 1\n')),
]


def self_test():
    missed = [text for text in _MISTAKES if not check(text)[0]]
    right = (_HEAD + 'a_total{b="c\\"d\\\\"} 1\na_total{b="e"} 1e3\n'
             '# HELP h H.\n# TYPE h histogram\n'
             'h_bucket{le="0.1"} 0\nh_bucket{le="+Inf"} 1\nh_sum 0.5\nh_count 1\n')
    return [f"not found: {text!r}" for text in missed] + check(right)[0]


def main():
    if sys.argv[1:] == ["--self-test"]:
        offences, families = self_test(), []
    else:
        offences, families = check(sys.stdin.read())
    print("\n".join(offences or families))
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main())
