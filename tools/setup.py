#!/usr/bin/env python3
"""Installs what mantissa's build (and with --tests its tests) needs. Doing it again when nothing changed takes a moment.

    tools/setup.py [--tests] [--lint] [--no-packages]

Packages come from the system's package manager; what it does not have comes as pinned files from the Python package index, or is
built once, into a cache: $MANTISSA_CACHE, else ~/.cache/mantissa. Versions and hashes are in tools/dependencies.json.

    prefix/onnx          the ONNX C++ library, built from its source package
    prefix/onnxruntime   the library from its wheel, the C++ headers from a Debian package
    prefix/openvino      headers and libraries from its wheel
    prefix/python        (--tests) Python packages with which tests read what mantissa wrote; used through PYTHONPATH

Each folder has a record beside it (prefix/<name>.json) with the hash of what it was made from.
"""

import argparse
import concurrent.futures
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
sys.path.insert(0, str(TOOLS))
sys.dont_write_bytecode = True
import apt_source  # noqa: E402

RECIPE = 1  # part of every record: raise it when the steps below change what they leave in the cache
WHEEL_PYTHON = "3.11"  # whose wheels the C++ libraries are taken from; the machine's own Python does not matter for those


class SetupError(Exception):
    """One sentence for the user."""


def say(text):
    sys.stdout.write(f"setup: {text}\n")
    sys.stdout.flush()


def run(command, log, **options):
    """Runs a command quietly and returns its output; the log keeps everything."""
    command = [str(word) for word in command]
    log.parent.mkdir(parents=True, exist_ok=True)
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                            encoding="utf-8", errors="replace", **options)
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(command)}\n{result.stdout}\n")
    if result.returncode != 0:
        raise SetupError(explain(command, result.stdout, log))
    return result.stdout


def explain(command, output, log):
    """One sentence on why a command failed."""
    reasons = [
        (r"No module named pip", "pip was not found: install the package python3-pip, then run tools/setup.py again."),
        (r"DO NOT MATCH THE HASHES", "A downloaded file differs from the hash in tools/dependencies.json, so it was not used."),
        (r"Could not get lock|Unable to lock", "Another package manager is running: run tools/setup.py when it has finished."),
        (r"No space left on device", "The disk is full: free some space, then run tools/setup.py again."),
        (r"Temporary failure resolving|Could not resolve|NewConnectionError|Could not connect|Connection (refused|timed out)|"
         r"Network is unreachable|Max retries exceeded|Failed to establish",
         "A download failed: check the network (and the proxy settings), then run tools/setup.py again."),
    ]
    for pattern, reason in reasons:
        if re.search(pattern, output):
            return f"{reason} ({log})"
    lines = [line.strip() for line in output.splitlines() if re.match(r"\s*(E:|ERROR|CMake Error|FAILED|.*error:)", line)]
    detail = lines[0] if lines else "no reason was given"
    return f"'{' '.join(command[:3])} ...' failed: {detail} (all of it: {log})"


# ---- packages of the system


def missing_packages(wanted):
    """Those of `wanted` that dpkg does not know as installed."""
    result = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n", *wanted],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8")
    installed = {line.split()[0] for line in result.stdout.splitlines() if line.endswith(" installed")}
    return [package for package in wanted if package not in installed]


def install_packages(wanted, log):
    """Installs the missing ones of `wanted`."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-query"):
        raise SetupError("This system has no apt: install the counterparts of these Debian packages yourself, then run "
                         f"tools/setup.py --no-packages: {' '.join(wanted)}.")
    missing = missing_packages(wanted)
    if not missing:
        return
    rights = []
    if os.geteuid() != 0:
        advice = f"ask someone to install {' '.join(missing)}, or run tools/setup.py --no-packages if you have them from elsewhere."
        if not shutil.which("sudo"):
            raise SetupError(f"Packages are missing, and there is neither root nor sudo to install them: {advice}")
        rights = ["sudo"] if sys.stdin.isatty() else ["sudo", "-n"]
        if subprocess.run([*rights, "-v"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
            raise SetupError(f"Packages are missing, and sudo refused to install them: {advice}")
    say(f"installing packages: {' '.join(missing)}")
    install = [*rights, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-q", "--no-install-recommends", *missing]
    try:
        run(install, log)
    except SetupError:  # the lists are absent or old
        run([*rights, "apt-get", "update", "-q"], log)
        run(install, log)


# ---- files of the Python package index


def find_pip():
    """A Python that has pip."""
    for python in dict.fromkeys([sys.executable, "/usr/bin/python3"]):
        if os.path.exists(python) and subprocess.run([python, "-c", "import pip"], stderr=subprocess.DEVNULL).returncode == 0:
            return python
    raise SetupError("pip was not found: install the package python3-pip, then run tools/setup.py again.")


def download(name, version, sha256, folder, log, options):
    """Fetches one pinned file with pip and returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{name}=={version} --hash=sha256:{sha256}\n", encoding="utf-8")
    run([find_pip(), "-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--dest", folder,
         *options, "-r", requirement], log)
    for file in folder.iterdir():
        if file.suffix in (".whl", ".gz") and hashlib.sha256(file.read_bytes()).hexdigest() == sha256:
            return file
    raise SetupError(f"{name} {version}: pip left no file with the hash in tools/dependencies.json ({log}).")


def download_wheel(name, entry, lock, folder, log, python=WHEEL_PYTHON):
    options = ["--only-binary=:all:", "--python-version", python, "--implementation", "cp"]
    for tag in lock["wheel_platforms"]:
        options += ["--platform", tag]
    sha256 = entry["sha256"]
    return download(name, entry["version"], sha256[python] if isinstance(sha256, dict) else sha256, folder, log, options)


def unpack(wheel, folder, keep=lambda name: True):
    """Unpacks the files of a wheel for which keep(name) holds, with their permissions."""
    with zipfile.ZipFile(wheel) as archive:
        for item in archive.infolist():
            if item.is_dir() or not keep(item.filename):
                continue
            path = Path(archive.extract(item, folder))
            mode = item.external_attr >> 16 & 0o777
            if mode:
                path.chmod(mode | 0o600)


# ---- what lands in the cache: each of these fills an empty folder


def version_of(text):
    """(1, 23, 2) for "1.23.2+dfsg-6": the leading numbers."""
    return tuple(int(number) for number in re.match(r"[\d.]+", text)[0].strip(".").split("."))


def make_onnx(entry, lock, folder, work, log):
    """The ONNX C++ library: static, without debug symbols, in a namespace of its own."""
    # Only onnx itself is wanted as source: with ":all:" pip would compile its build tools as well.
    source = download("onnx", entry["version"], entry["sha256"], work / "source", log, ["--no-binary", "onnx"])
    shutil.unpack_archive(source, work / "source")
    cmake = shutil.which("cmake")
    if not cmake or version_of(run([cmake, "--version"], log).split()[2]) < version_of(entry["needs_cmake"]):
        unpack(download_wheel("cmake", entry["cmake"], lock, work / "cmake", log), work / "cmake")
        cmake = work / "cmake/cmake/data/bin/cmake"
    say(f"onnx {entry['version']}: building it once, about two minutes")
    build = work / "build"
    # -O1: it reads headers and checks graphs, and optimizing it more costs every new user half a minute.
    run([cmake, "-G", "Ninja", "-S", work / f"source/onnx-{entry['version']}", "-B", build, "-DCMAKE_BUILD_TYPE=Release",
         "-DCMAKE_CXX_FLAGS=-g0", "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG", "-DCMAKE_POSITION_INDEPENDENT_CODE=ON", "-DBUILD_SHARED_LIBS=OFF",
         f"-DONNX_NAMESPACE={entry['namespace']}", "-DONNX_ML=ON", "-DONNX_USE_PROTOBUF_SHARED_LIBS=ON",
         "-DONNX_GEN_PB_TYPE_STUBS=OFF", f"-DCMAKE_INSTALL_PREFIX={folder}", "-DCMAKE_INSTALL_LIBDIR=lib"], log)
    run([cmake, "--build", build], log)
    run([cmake, "--install", build], log)
    copy_license(work / f"source/onnx-{entry['version']}/LICENSE", folder)
    return {}


def make_onnxruntime(entry, lock, folder, work, log):
    """ONNX Runtime: the library of the wheel under the names that a linker and a loader look for, and Debian's headers."""
    wheel = download_wheel("onnxruntime", entry, lock, work / "wheel", log)
    unpack(wheel, work / "wheel", lambda name: re.match(r"onnxruntime/(capi/libonnxruntime.*\.so|LICENSE|ThirdPartyNotices)", name))
    library = folder / "lib"
    shutil.copytree(work / "wheel/onnxruntime/capi", library)
    real = f"libonnxruntime.so.{entry['version']}"
    soname = f"libonnxruntime.so.{version_of(entry['version'])[0]}"
    (library / soname).symlink_to(real)
    (library / "libonnxruntime.so").symlink_to(soname)
    for name in ("LICENSE", "ThirdPartyNotices.txt"):
        copy_license(work / "wheel/onnxruntime" / name, folder)

    headers = entry["headers"]
    deb, origin = fetch_deb(headers["package"], headers["at_least"], headers["suites"], work / "apt", log)
    run(["dpkg-deb", "-x", deb, work / "headers"], log)
    shutil.copytree(work / "headers/usr/include", folder / "include")
    found = next((folder / "include").rglob("onnxruntime_c_api.h"), None)
    api = re.search(r"#define ORT_API_VERSION (\d+)", found.read_text(encoding="utf-8")) if found else None
    if not api or int(api[1]) > version_of(entry["version"])[1]:
        raise SetupError(f"The headers in {deb.name} do not fit ONNX Runtime {entry['version']}: raise its version in tools/dependencies.json.")
    return {"headers": {**origin, "sha256": hashlib.sha256(deb.read_bytes()).hexdigest()}}


def fetch_deb(package, at_least, suites, folder, log):
    """A package file of at least a version: from the system's own suite, else from a later one of the same, signed archive."""
    folder.mkdir(parents=True)
    known = subprocess.run(["apt-cache", "show", package], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8").stdout
    attempts = [("the system's suite", [])] if apt_source.offers(known, at_least) else []
    attempts += apt_source.attempts(suites, folder)
    failure = None
    for origin, options in attempts:
        try:
            if options:
                say(f"{package}: looking in {origin}")
                run(["apt-get", *options, "update", "-q"], log)
            run(["apt-get", *options, "download", "-q", package], log, cwd=folder)
        except SetupError as error:
            failure = error
            continue
        deb = next(folder.glob(f"{package}_*.deb"))
        version = run(["dpkg-deb", "-f", deb, "Version"], log).strip()
        if version_of(version) >= version_of(at_least):
            return deb, {"version": version, "from": origin}
        deb.unlink()
    raise failure or SetupError(f"No suite of this system's package archive offers {package} {at_least} or newer: install it yourself.")


def make_openvino(entry, lock, folder, work, log):
    """OpenVINO's headers, libraries and CMake package."""
    wheel = download_wheel("openvino", entry, lock, work / "wheel", log)
    unpack(wheel, work / "wheel", lambda name: re.match(r"openvino/(cmake|include|libs)/|.*dist-info/licenses/", name))
    for part in ("cmake", "include", "libs"):
        shutil.move(str(work / "wheel/openvino" / part), str(folder / part))
    for file in sorted((work / "wheel").glob("*.dist-info/licenses/**/*")):
        if file.is_file():
            copy_license(file, folder)
    return {}


def make_python(entry, lock, folder, work, log):
    """Python packages for tests, for the interpreter that has the system's packages as well."""
    python = test_python()
    for name, pinned in entry.items():
        if python not in pinned["sha256"]:
            known = ", ".join(sorted(pinned["sha256"]))
            raise SetupError(f"The tests know the wheels of {name} for Python {known} only, and this is {python}.")
        unpack(download_wheel(name, pinned, lock, work / name, log, python), folder)
    return {"python": python}


def copy_license(file, folder):
    (folder / "licenses").mkdir(parents=True, exist_ok=True)
    shutil.copy(file, folder / "licenses" / file.name)


def test_python():
    """"3.11": the version of /usr/bin/python3, else of this Python; without starting it."""
    match = re.search(r"python(3\.\d+)$", os.path.realpath("/usr/bin/python3"))
    return match[1] if match else f"3.{sys.version_info.minor}"


MAKERS = {"onnx": make_onnx, "onnxruntime": make_onnxruntime, "openvino": make_openvino, "python": make_python}


# ---- the cache and its records


class Cache:
    """The folder $MANTISSA_CACHE: what is in it, and how something new replaces the old at once."""

    def __init__(self, path):
        self.path = path
        self.prefix = path / "prefix"

    def log(self, name):
        return self.path / "log" / f"{name}.log"

    def is_current(self, name, key):
        """Whether the record says that `name` was made from `key`, and what it points to is there."""
        try:
            record = json.loads((self.prefix / f"{name}.json").read_text(encoding="utf-8"))
            return record["key"] == key and os.path.exists(record["where"])
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def write_record(self, name, record):
        self.prefix.mkdir(parents=True, exist_ok=True)
        aside = self.prefix / f"{name}.json.{os.getpid()}"
        aside.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        aside.replace(self.prefix / f"{name}.json")

    def make(self, name, lock, key):
        """Fills the folder of `name` aside, then puts it in its place."""
        entry, log, start = lock[name], self.log(name), time.monotonic()
        if log.exists():
            log.unlink()
        say(f"{name} {entry.get('version', '')}".rstrip() + ": fetching it")
        (self.path / "work").mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=self.path / "work"))
        try:
            folder = work / "result"
            folder.mkdir()
            facts = MAKERS[name](entry, lock, folder, work, log)
            place = self.prefix / name
            self.prefix.mkdir(parents=True, exist_ok=True)
            if place.exists():
                place.rename(work / "old")
            folder.rename(place)
            self.write_record(name, {"key": key, "where": str(place), **facts})
        finally:
            shutil.rmtree(work, ignore_errors=True)
        say(f"{name}: ready after {time.monotonic() - start:.0f} s")


def key_of(name, lock):
    """A hash of everything that decides what `name` will be."""
    parts = [RECIPE, lock[name], lock["wheel_platforms"], test_python() if name == "python" else ""]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def probe_system(cache):
    """{"onnx": where, ...} for the libraries that the system has already."""
    if not shutil.which("cmake") or not shutil.which("ninja"):
        return {}
    (cache.path / "work").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="probe.", dir=cache.path / "work") as folder:
        try:
            output = run(["cmake", "-G", "Ninja", "-S", TOOLS.parent / "cmake/probe", "-B", folder], cache.log("probe"))
        except SetupError:
            return {}
    return dict(re.findall(r"probe (\w+)=(.*)", output))


def make_all(names, lock, cache):
    """Makes what is not there, all at once: most of the time goes into waiting and into one build."""
    wanted = {name: key_of(name, lock) for name in names}
    if all(cache.is_current(name, key) for name, key in wanted.items()):
        return
    cache.path.mkdir(parents=True, exist_ok=True)
    with (cache.path / "lock").open("w", encoding="utf-8") as lock_file:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("waiting for another tools/setup.py to finish")
            fcntl.flock(lock_file, fcntl.LOCK_EX)
        wanted = {name: key for name, key in wanted.items() if not cache.is_current(name, key)}
        for name, where in probe_system(cache).items() if wanted else ():
            if name in wanted:
                say(f"{name}: the system has it ({where})")
                cache.write_record(name, {"key": wanted.pop(name), "where": where})
        if wanted and (platform.system() != "Linux" or platform.machine() != "x86_64"):
            raise SetupError(f"No files are pinned for {platform.system()} on {platform.machine()}: install these yourself so that CMake "
                             f"finds them: {', '.join(wanted)}.")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            results = [pool.submit(cache.make, name, lock, key) for name, key in wanted.items()]
        for result in results:
            result.result()


def main():
    parser = argparse.ArgumentParser(description="Installs what mantissa's build needs.", epilog="example: tools/setup.py --tests")
    parser.add_argument("--tests", action="store_true", help="also what only the tests need (python3-torch is large)")
    parser.add_argument("--lint", action="store_true", help="also clang-format and clang-tidy")
    parser.add_argument("--fuzz", action="store_true", help="also clang with libFuzzer, for the preset fuzz")
    parser.add_argument("--no-packages", action="store_true", help="leave the system's packages alone")
    arguments = parser.parse_args()
    start = time.monotonic()
    lock = json.loads((TOOLS / "dependencies.json").read_text(encoding="utf-8"))
    cache = Cache(Path(os.environ.get("MANTISSA_CACHE") or Path.home() / ".cache/mantissa").absolute())
    groups = ["build"] + ["tests"] * arguments.tests + ["lint"] * arguments.lint + ["fuzz"] * arguments.fuzz
    try:
        if not arguments.no_packages:
            install_packages([package for group in groups for package in lock["packages"][group]], cache.log("packages"))
        make_all(["onnx", "onnxruntime", "openvino"] + ["python"] * arguments.tests, lock, cache)
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("stopped")
        return 130
    say(f"everything is there ({time.monotonic() - start:.1f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
