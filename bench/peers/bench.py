"""Runs pieces of work, each in a process of its own, and remembers their answers."""

import json
import shutil
import sys
from pathlib import Path

import networks
import pictures
import watch

MOST_SECONDS = 1200  # for one piece of work
MOST_SECONDS_OF_A_RELEASE = 3600
MOST_MEGABYTES = 8000
TOO_LONG_FOR_PEERS = ("craft", "ffdnet_map", "iat")  # from minutes to hours a recipe, and more than 8 GB for some

HERE = Path(__file__).resolve().parent


class Failed(Exception):
    """Why a piece of work has no answer, in a few words."""


def say(text):
    sys.stderr.write(f"peers: {text}\n")


class Bench:
    def __init__(self, folder, program, release_words=()):
        self.folder, self.program, self.release_words = Path(folder), Path(program), release_words
        self.answers = self.folder / "answers"
        self.answers.mkdir(parents=True, exist_ok=True)

    def once(self, name, work):
        """What work() returns or why it failed, from an earlier run where that is known."""
        file = self.answers / (name.replace("/", "-").replace(" ", "-") + ".json")
        if not file.exists():
            say(name)
            try:
                answer = {"answer": work()}
            except Failed as failure:
                answer = {"failed": str(failure)}
                say(f"{name}: {failure}")
            aside = file.with_suffix(".aside")
            aside.write_text(json.dumps(answer), encoding="utf-8")
            aside.replace(file)
        answer = json.loads(file.read_text(encoding="utf-8"))
        if "failed" in answer:
            raise Failed(answer["failed"])
        return answer["answer"]

    def run(self, name, command, codes=(0,), most_seconds=MOST_SECONDS):
        """What a command printed, with its seconds and its memory."""
        watched = watch.run(command, self.answers / name.replace("/", "-").replace(" ", "-"), most_seconds, MOST_MEGABYTES)
        if watched.stopped:
            raise Failed(watched.stopped)
        if watched.code not in codes:
            lines = [line.strip() for line in watched.errors.splitlines() if line.strip()]
            raise Failed((lines[-1] if lines else f"exit code {watched.code}")[:160])
        return watched

    def work(self, name, function, **arguments):
        """The answer of a function of work.py, and the memory that it took."""
        words = {key: str(value) if isinstance(value, Path) else value for key, value in arguments.items()}

        def start():
            watched = self.run(name, [sys.executable, HERE / "work.py", function, json.dumps(words, default=str)])
            return {**json.loads(watched.output.splitlines()[-1]), "megabytes": watched.anonymous}

        return self.once(name, start)

    def prepared(self, network):
        """Where the pictures of a network are, and the words that tell mantissa."""
        folder = self.folder / "pictures" / network
        return folder, pictures.prepare(networks.NETWORKS[network], folder)

    def release(self, network):
        """The folder of its release and its manifest."""
        folder = self.folder / "release" / network

        def start():
            shutil.rmtree(folder, ignore_errors=True)
            folder.parent.mkdir(exist_ok=True)
            words = [*self.prepared(network)[1], *networks.NETWORKS[network].words, *self.release_words]
            command = networks.release_command(self.program, network, words, folder)
            return self.run(f"release {network}", command, networks.CODES, MOST_SECONDS_OF_A_RELEASE).seconds

        seconds = self.once(f"release {network}", start)
        return folder, networks.manifest_of(folder), seconds

    def quantized(self, recipe, network, task):
        """The folder with the file of a recipe, and its seconds."""
        if network in TOO_LONG_FOR_PEERS:
            raise Failed("takes hours")
        out = self.folder / "peers" / network
        out.mkdir(parents=True, exist_ok=True)
        answer = self.work(f"{recipe.name} {network}", "quantize", recipe=recipe.name, network=networks.file_of(network), task=task,
                           folder=self.prepared(network)[0], out=out)
        return out, answer["seconds"]
