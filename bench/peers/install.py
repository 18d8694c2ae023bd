"""The peers in a virtual environment of their own in the project's cache, pinned by version and hash (requirements.txt)."""

import hashlib
import os
import platform
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tools"))
import setup  # noqa: E402


def make_peers(entry, lock, folder, work, log):
    """Fills `folder` with the environment. It is moved into its place afterwards: only its bin/python may be relied on."""
    setup.run([sys.executable, "-m", "venv", "--without-pip", folder], log)
    setup.run([setup.find_pip(), "-m", "pip", "--python", folder / "bin/python", "install", "--disable-pip-version-check", "--no-compile",
               "--only-binary=:all:", "--require-hashes", "-r", HERE / "requirements.txt"], log)
    return {}


def python_with_peers():
    """The environment's Python; installs first what is not there."""
    pinned = hashlib.sha256((HERE / "requirements.txt").read_bytes()).hexdigest()
    lock = {"peers": {"requirements": pinned, "python": platform.python_version()}, "wheel_platforms": []}
    cache = setup.Cache(Path(os.environ.get("MANTISSA_CACHE") or Path.home() / ".cache/mantissa").absolute())
    setup.MAKERS["peers"] = make_peers
    setup.make_all(["peers"], lock, cache)
    return cache.prefix / "peers/bin/python"
