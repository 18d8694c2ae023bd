"""The machine's own Debian archive with another suite name: how setup.py reaches a package that this release does not have yet.

No mirror is named anywhere: entries of the machine's apt sources are copied, their suite is replaced, and apt checks the signature
with the keys that the machine trusts for that archive.
"""

import re
from pathlib import Path

# Suites under which a machine may follow the archive's main part; "bookworm-security" and the like are other archives.
ROLLING = {"oldstable", "stable", "testing", "unstable", "sid"}


def offers(apt_cache_show, at_least):
    """Whether the output of `apt-cache show` has a version of at least `at_least`, as in "1.22"."""
    wanted = tuple(int(number) for number in at_least.split("."))
    for version in re.findall(r"^Version: (?:\d+:)?(\d+(?:\.\d+)*)", apt_cache_show, re.MULTILINE):
        if tuple(int(number) for number in version.split(".")) >= wanted:
            return True
    return False


def codename(os_release):
    """"bookworm" from the text of /etc/os-release; empty where there is none."""
    match = re.search(r'^VERSION_CODENAME="?([\w-]+)"?$', os_release, re.MULTILINE)
    return match[1] if match else ""


def rewrite_deb822(text, own, suite):
    """Stanzas of a *.sources file that name the machine's own suite, with `suite` instead."""
    result = []
    for stanza in re.split(r"\n\s*\n", "\n".join(line for line in text.splitlines() if not line.startswith("#"))):
        fields = {}  # name in lower case -> (name as written, value with its continuation lines)
        name = None
        for line in stanza.splitlines():
            if re.match(r"\s", line) and name:
                fields[name] = (fields[name][0], fields[name][1] + "\n" + line)
            elif ":" in line:
                written, value = line.split(":", 1)
                name = written.strip().lower()
                fields[name] = (written.strip(), value.strip())

        def words(key):
            return fields.get(key, ("", ""))[1].split()

        if (words("enabled") in (["no"], ["false"]) or "deb" not in words("types") or "main" not in words("components")
                or not own.intersection(words("suites"))):
            continue
        fields["types"] = ("Types", "deb")
        fields["suites"] = ("Suites", suite)
        fields["components"] = ("Components", "main")
        result.append("".join(f"{written}: {value}\n" for written, value in fields.values()))
    return result


def rewrite_list(text, own, suite):
    """Lines of a classic *.list file that name the machine's own suite, with `suite` instead."""
    result = []
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]*)", line)
        if match and match[3] in own and "main" in match[4].split() and not match[2].startswith("cdrom:"):
            result.append(f"deb {match[1] or ''}{match[2]} {suite} main\n")
    return result


def rewritten(folder, own, suite):
    """(file name extension, text) for each source below an apt folder, as in /etc/apt, that carries the machine's own suite."""
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    for file in files:
        if not file.is_file() or file.suffix not in (".list", ".sources"):
            continue
        rewrite = rewrite_deb822 if file.suffix == ".sources" else rewrite_list
        for text in rewrite(file.read_text(encoding="utf-8", errors="replace"), own, suite):
            yield file.suffix, text


def attempts(suites, folder, apt=Path("/etc/apt"), os_release=Path("/etc/os-release")):
    """(description, options for apt-get) for each suite and each source, the files of each in a folder of its own below `folder`."""
    own = ROLLING | {codename(os_release.read_text(encoding="utf-8") if os_release.is_file() else "")}
    result = []
    for suite in suites:
        for number, (extension, text) in enumerate(rewritten(apt, own, suite)):
            private = folder / f"{suite}-{number}"
            for name in ("lists/partial", "cache/archives/partial", "sources"):
                (private / name).mkdir(parents=True)
            (private / "sources" / f"{suite}{extension}").write_text(text, encoding="utf-8")
            options = [
                "-o", "Dir::Etc::SourceList=/dev/null",
                "-o", f"Dir::Etc::SourceParts={private}/sources",
                "-o", f"Dir::State::Lists={private}/lists",
                "-o", f"Dir::Cache={private}/cache",
                "-o", "Acquire::Languages=none",
                "-o", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
                "-o", "APT::Get::List-Cleanup=false",
            ]
            result.append((f"the suite {suite}", options))
    return result
