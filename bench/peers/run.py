#!/usr/bin/env python3
"""Measures mantissa and the tools that people use today side by side, on the same files and in one run, and prints tables.

    bench/peers/run.py [--section NAME]... [--program FILE] [--folder FOLDER]
                       [--repair-budget SECONDS] [NETWORK ...]

The peers are installed in the project's cache first. Needs ../shared (or MANTISSA_SHARED) and the programs of the target `bench`.

--folder keeps what is made, and a later run goes on from it; without it a temporary folder is used. --repair-budget is handed on to
mantissa: it counts seconds of processor time on all cores.
"""

import argparse
import json
import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import install  # noqa: E402
from networks import NETWORKS, PROGRAMS, SHARED  # noqa: E402

SECTIONS = ("quality", "speed", "calibration", "memory", "half", "weights")


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--section", action="append", choices=SECTIONS, help="may be given several times; default: all of them")
    parser.add_argument("--program", type=Path, default=PROGRAMS / "mantissa", help="the other programs are looked for beside it")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--repair-budget", type=float, metavar="SECONDS", help="of each int8 form; default: mantissa's")
    parser.add_argument("networks", nargs="*", metavar="NETWORK", choices=[[], *NETWORKS], help=" ".join(NETWORKS))
    return parser.parse_args(words)


def main():
    arguments = parse(sys.argv[1:])
    if not SHARED.exists():
        return f"{SHARED} is absent: these networks are not part of the project"
    for program in (arguments.program, arguments.program.parent / "calibrate", arguments.program.parent / "half"):
        if not program.exists():
            return f"{program} is absent: build it first (cmake --build build/release --target all bench)"
    try:
        python = install.python_with_peers()
    except install.setup.SetupError as error:
        return f"peers: {error}"
    budget = [] if arguments.repair_budget is None else ["--repair-budget", f"{arguments.repair_budget:g}"]
    chosen = {"sections": arguments.section or SECTIONS, "release_words": budget, "networks": arguments.networks or list(NETWORKS),
              "program": str(arguments.program.absolute()), "folder": str(arguments.folder.absolute()) if arguments.folder else None}
    os.execv(python, [str(python), str(HERE / "tables.py"), json.dumps(chosen)])


if __name__ == "__main__":
    sys.exit(main())
