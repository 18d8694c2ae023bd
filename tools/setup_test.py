#!/usr/bin/env python3
"""Tests of setup.py, apt_source.py, run_tests.py and check_layers.py that need neither network nor rights."""

import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import apt_source
import check_layers
import run_tests
import setup

SOURCES = """\
Types: deb deb-src
# a comment
URIs: mirror-of-debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: mirror-of-security
Suites: bookworm-security
Components: main

Types: deb
URIs: someone-else
Suites: nodistro
Components: main

Enabled: no
Types: deb
URIs: switched-off
Suites: bookworm
Components: main
"""

LIST = """\
# deb commented bookworm main
deb [arch=amd64 signed-by=/keys/archive.gpg] mirror-of-debian bookworm main contrib # why
deb-src mirror-of-debian bookworm main
deb cdrom:[Debian]/ bookworm main
deb mirror-of-security bookworm-security main
deb mirror-of-debian stable main
deb someone-else bookworm stable
"""

OWN = {"bookworm", "stable"}


class AptSource(unittest.TestCase):
    def test_deb822_keeps_archive_and_key_and_replaces_suite(self):
        (stanza,) = apt_source.rewrite_deb822(SOURCES, OWN, "forky")
        self.assertIn("URIs: mirror-of-debian\n", stanza)
        self.assertIn("Types: deb\n", stanza)
        self.assertIn("Suites: forky\n", stanza)
        self.assertIn("Components: main\n", stanza)
        self.assertIn("Signed-By: \n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n -----END PGP", stanza)
        self.assertNotIn("bookworm", stanza)

    def test_list_keeps_options(self):
        self.assertEqual(apt_source.rewrite_list(LIST, OWN, "forky"), [
            "deb [arch=amd64 signed-by=/keys/archive.gpg] mirror-of-debian forky main\n",
            "deb mirror-of-debian forky main\n",
        ])

    def test_attempts_put_each_source_into_a_folder_of_its_own(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "apt/sources.list.d").mkdir(parents=True)
            (folder / "apt/sources.list").write_text("deb first bookworm main\n")
            (folder / "apt/sources.list.d/debian.sources").write_text(SOURCES)
            (folder / "apt/sources.list.d/old.list.disabled").write_text("deb disabled bookworm main\n")
            (folder / "os-release").write_text('ID=debian\nVERSION_CODENAME="bookworm"\n')
            attempts = apt_source.attempts(["forky", "sid"], folder / "out", folder / "apt", folder / "os-release")
            self.assertEqual([origin for origin, _ in attempts], ["the suite forky"] * 2 + ["the suite sid"] * 2)
            self.assertEqual((folder / "out/forky-0/sources/forky.list").read_text(), "deb first forky main\n")
            self.assertIn("Suites: sid", (folder / "out/sid-1/sources/sid.sources").read_text())
            for _, options in attempts:
                lists = next(option for option in options if option.startswith("Dir::State::Lists="))
                self.assertTrue(Path(lists.split("=")[1]).is_dir())

    def test_no_own_archive_means_no_attempt(self):
        with tempfile.TemporaryDirectory() as name:
            self.assertEqual(apt_source.attempts(["forky"], Path(name) / "out", Path(name), Path(name) / "none"), [])

    def test_offers(self):
        self.assertTrue(apt_source.offers("Package: x\nVersion: 1.23.2+dfsg-6.1\n", "1.22"))
        self.assertTrue(apt_source.offers("Version: 1:1.22-1\n", "1.22"))
        self.assertFalse(apt_source.offers("Version: 1.9.4-1\nVersion: 1.21.0\n", "1.22"))
        self.assertFalse(apt_source.offers("", "1.22"))


class Explain(unittest.TestCase):
    def explain(self, output):
        return setup.explain(["apt-get", "install", "-y", "x"], output, Path("a.log"))

    def test_known_causes_say_what_to_do(self):
        self.assertIn("check the network", self.explain("W: x\nE: Temporary failure resolving 'mirror'\n"))
        self.assertIn("check the network", self.explain("Retrying after NewConnectionError('...')"))
        self.assertIn("hash", self.explain("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE"))
        self.assertIn("python3-pip", self.explain("/usr/bin/python3: No module named pip"))
        self.assertIn("disk is full", self.explain("OSError: [Errno 28] No space left on device"))

    def test_unknown_cause_names_command_error_and_log(self):
        text = self.explain("Reading\nE: Unable to locate package x\nmore\n")
        self.assertEqual(text, "'apt-get install -y ...' failed: E: Unable to locate package x (all of it: a.log)")


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.cache = setup.Cache(self.folder / "cache")

    def make(self, maker, key="1"):
        setup.MAKERS["thing"] = maker
        self.addCleanup(setup.MAKERS.pop, "thing", None)
        self.cache.make("thing", {"thing": {"version": "1"}}, key)

    def test_unpack_keeps_permissions_and_filters(self):
        wheel = self.folder / "x.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            tool = zipfile.ZipInfo("x/bin/tool")
            tool.external_attr = 0o755 << 16
            archive.writestr(tool, "#!/bin/sh\n")
            archive.writestr("x/other.py", "")
        setup.unpack(wheel, self.folder / "out", lambda name: "bin/" in name)
        self.assertTrue((self.folder / "out/x/bin/tool").stat().st_mode & stat.S_IXUSR)
        self.assertFalse((self.folder / "out/x/other.py").exists())

    def test_a_new_folder_replaces_the_old(self):
        for text in ("old", "new"):
            def maker(entry, lock, folder, work, log, text=text):
                (folder / text).write_text(text)
                return {"fact": text}
            self.make(maker, text)
        self.assertEqual([file.name for file in (self.cache.prefix / "thing").iterdir()], ["new"])
        self.assertEqual(json.loads((self.cache.prefix / "thing.json").read_text())["fact"], "new")
        self.assertTrue(self.cache.is_current("thing", "new"))
        self.assertFalse(self.cache.is_current("thing", "old"))
        self.assertEqual(list((self.cache.path / "work").iterdir()), [])

    def test_a_failure_leaves_the_old_in_place(self):
        self.make(lambda entry, lock, folder, work, log: (folder / "old").write_text("old") and {})

        def fail(entry, lock, folder, work, log):
            (folder / "half").write_text("")
            raise setup.SetupError("no")
        with self.assertRaises(setup.SetupError):
            self.make(fail, "2")
        self.assertTrue(self.cache.is_current("thing", "1"))
        self.assertEqual([file.name for file in (self.cache.prefix / "thing").iterdir()], ["old"])
        self.assertEqual(list((self.cache.path / "work").iterdir()), [])

    def test_damaged_record_or_missing_folder_is_not_current(self):
        self.cache.write_record("thing", {"key": "1", "where": str(self.folder / "gone")})
        self.assertFalse(self.cache.is_current("thing", "1"))
        (self.cache.prefix / "thing.json").write_text("{")
        self.assertFalse(self.cache.is_current("thing", "1"))

    def test_run_logs_and_raises(self):
        log = self.folder / "log/x.log"
        with self.assertRaisesRegex(setup.SetupError, "E: broken"):
            setup.run(["sh", "-c", "echo 'E: broken'; exit 3"], log)
        self.assertIn("E: broken", log.read_text())


class Lock(unittest.TestCase):
    lock = json.loads((setup.TOOLS / "dependencies.json").read_text())

    def test_every_hash_is_a_sha256(self):
        def hashes(value):
            if isinstance(value, dict):
                for key, inner in value.items():
                    if key == "sha256":
                        yield from inner.values() if isinstance(inner, dict) else [inner]
                    else:
                        yield from hashes(inner)
        found = list(hashes(self.lock))
        self.assertGreater(len(found), 10)
        for text in found:
            self.assertRegex(text, r"^[0-9a-f]{64}$")

    def test_the_key_depends_on_the_lock(self):
        changed = json.loads(json.dumps(self.lock))
        changed["onnx"]["namespace"] = "other"
        self.assertNotEqual(setup.key_of("onnx", self.lock), setup.key_of("onnx", changed))
        self.assertEqual(setup.key_of("openvino", self.lock), setup.key_of("openvino", changed))

    def test_every_component_has_a_recipe(self):
        self.assertEqual(set(setup.MAKERS), set(self.lock) - {"packages", "wheel_platforms"})

    def test_version_of(self):
        self.assertEqual(setup.version_of("1.23.2+dfsg-6.1"), (1, 23, 2))
        self.assertLess(setup.version_of("3.9"), setup.version_of("3.26"))


@unittest.skipUnless(os.path.exists("/usr/bin/dpkg-query"), "this system has no dpkg")
class Packages(unittest.TestCase):
    def test_missing(self):
        self.assertEqual(setup.missing_packages(["dpkg", "no-such-package-as-this"]), ["no-such-package-as-this"])


class Summary(unittest.TestCase):
    def test_reason(self):
        self.assertEqual(run_tests.reason("[ RUN ] a.b\nx_test.cc:3: Skipped\nno ../shared/models\n\n[  SKIPPED ] a.b\n"),
                         "no ../shared/models")
        self.assertEqual(run_tests.reason("x_test.cc:3: Skipped\n\n[  SKIPPED ] a.b (0 ms)\n"), "no reason given")
        self.assertEqual(run_tests.reason("Unable to find executable"), "no reason given")

    def test_closes_with_the_count(self):
        self.assertEqual(run_tests.summary(["a", "b", "a"]), "  2 skipped: a\n  1 skipped: b\n3 tests skipped")
        self.assertEqual(run_tests.summary([]), "0 tests skipped")


class Layers(unittest.TestCase):
    def check(self, path, text):
        with tempfile.TemporaryDirectory() as name:
            file = Path(name) / path
            file.parent.mkdir(parents=True)
            file.write_text(text)
            return list(check_layers.check(Path(name)))

    def test_down_and_own_are_allowed(self):
        self.assertEqual(self.check("src/plan/a.cc", '#include "plan/a.h"\n#include "base/result.h"\n#include <vector>\n'
                                    '#include "mantissa/result.h"\n#include <onnx/onnx_pb.h>\n'), [])

    def test_up_and_sideways_are_refused(self):
        self.assertIn("points up to 'cli'", self.check("src/base/a.h", '#pragma once\n#include "cli/a.h"\n')[0])
        self.assertIn("points sideways to 'plan'", self.check("src/format/sub/a.cc", '#include "plan/a.h"\n')[0])
        self.assertIn("a.cc:1:", self.check("src/ir/a.cc", '  #  include "image/a.h"\n')[0])

    def test_part_must_be_named(self):
        self.assertIn('"ir/graph.h"', self.check("src/ir/a.cc", '#include "graph.h"\n')[0])
        self.assertIn("is not a part", self.check("src/unheard/a.cc", "")[0])

    def test_public_headers(self):
        self.assertEqual(self.check("include/mantissa/a.h", '#pragma once\n#include <string_view>\n#include "mantissa/b.h"\n'), [])
        self.assertIn("not of the standard", self.check("include/mantissa/a.h", "#include <Eigen/Core>\n")[0])
        self.assertIn("not of the standard", self.check("include/mantissa/a.h", '#include "ir/graph.h"\n')[0])
        self.assertIn("build flag", self.check("include/mantissa/a.h", "#ifdef X\n#endif\n")[0])

    def test_cmake(self):
        self.assertIn("DEPENDS on 'run'", self.check("src/plan/CMakeLists.txt", "mantissa_part(plan\n  DEPENDS base run\n  LIBRARIES x)\n")[0])
        self.assertEqual(self.check("src/plan/CMakeLists.txt", "mantissa_part(plan\n  DEPENDS base ir)\n"), [])

    def test_the_program_fails(self):
        with tempfile.TemporaryDirectory() as name:
            (Path(name) / "src/base").mkdir(parents=True)
            (Path(name) / "src/base/a.cc").write_text('#include "cli/a.h"\n')
            program = [sys.executable, str(setup.TOOLS / "check_layers.py"), name]
            self.assertEqual(subprocess.run(program, stdout=subprocess.DEVNULL).returncode, 1)


if __name__ == "__main__":
    unittest.main()
