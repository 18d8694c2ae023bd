#!/usr/bin/env python3
"""Fails for an include that points up or sideways between parts, and for anything but the standard library in include/mantissa.

The layers are those of the design: parts on one line do not know each other, and each may use every line below it.
"""

import re
import sys
from pathlib import Path

LAYERS = [  # bottom first
    ["base"],
    ["ir", "image"],
    ["net", "pass", "target"],
    ["plan", "format"],
    ["quant", "run"],
    ["gate", "tune"],
    ["release"],
    ["cli"],
]
LEVEL = {part: level for level, parts in enumerate(LAYERS) for part in parts}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
CONDITION = re.compile(r"^\s*#\s*(if|ifdef|ifndef)\b(?! __cplusplus$)")  # C and C++ are no build flags
# <vector>, and what C has; everything third-party has a folder or another extension in its name.
STANDARD = re.compile(r"([a-z_]+|stddef\.h)$")
DEPENDS = re.compile(r"mantissa_part\((\w+)\s+DEPENDS\s+([\w\s]*?)\s*(?:LIBRARIES|MODULES|\))")


def allowed(part, other):
    """Whether a file of `part` may include a header of `other`."""
    return part == other or LEVEL[other] < LEVEL[part]


def check_source(root, file):
    """Complaints about one file of src/."""
    part = file.relative_to(root / "src").parts[0]
    if part not in LEVEL:
        yield f"{file.relative_to(root)}: '{part}' is not a part; add it to tools/check_layers.py and to the design"
        return
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match or match[1] == "<":
            continue
        place = f"{file.relative_to(root)}:{number}"
        other = match[2].split("/")[0]
        if "/" not in match[2]:
            yield f'{place}: "{match[2]}" needs the part in front, as in "{part}/{match[2]}"'
        elif other in LEVEL and not allowed(part, other):
            direction = "sideways" if LEVEL[other] == LEVEL[part] else "up"
            yield f"{place}: '{part}' includes \"{match[2]}\", which points {direction} to '{other}'"


def check_public(root, file):
    """Complaints about one header of include/mantissa."""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        place = f"{file.relative_to(root)}:{number}"
        match = INCLUDE.match(line)
        if match and not (match[2].startswith("mantissa/") if match[1] == '"' else STANDARD.match(match[2])):
            yield f"{place}: a public header includes {match[2]}, which is not of the standard library or of mantissa"
        if CONDITION.match(line):
            yield f"{place}: a public header depends on a build flag"


def check_cmake(root, file):
    """Complaints about DEPENDS in a part's CMakeLists.txt."""
    for part, names in DEPENDS.findall(file.read_text(encoding="utf-8")):
        for other in names.split():
            if other not in LEVEL or not allowed(part, other):
                yield f"{file.relative_to(root)}: '{part}' DEPENDS on '{other}', which does not lie below it"


def check(root):
    """All complaints about the source tree at `root`."""
    for pattern in ("src/**/*.h", "src/**/*.cc"):
        for file in sorted(root.glob(pattern)):
            yield from check_source(root, file)
    for file in sorted(root.glob("include/mantissa/**/*.h")):
        yield from check_public(root, file)
    for file in sorted(root.glob("src/*/CMakeLists.txt")):
        yield from check_cmake(root, file)


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    complaints = list(check(root))
    for complaint in complaints:
        print(complaint)
    if complaints:
        print(f"{len(complaints)} includes break the layers")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
