"""The networks that are measured, on which pictures, and a release of one; shared by quality.py and peers/."""

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("MANTISSA_SHARED", ROOT.parent / "shared")).resolve()
IMAGES = SHARED / "images"
PROGRAMS = ROOT / "build/release/bin"


@dataclass(frozen=True)
class Network:
    """Folders of pictures below images/, what is done to them on the way in, and what the network's file does not tell."""

    calibrate: str
    evaluate: str
    degrade: str = "none"
    words: tuple = ()
    multiple: int = 8  # peers/ cuts pictures to it, since peers pad nothing

    def release_words(self):
        degrade = [] if "--sigma" in self.words else ["--degrade", self.degrade]  # --sigma adds the noise itself
        return ["--calibrate", IMAGES / self.calibrate, "--evaluate", IMAGES / self.evaluate, *degrade, *self.words]


ENLARGE_4 = ("calibration/bsd_color_lr_x4", "set5/x4")
ENLARGE_2 = ("calibration/bsd_color", "set5/x2", "bicubic:2")
LOW_LIGHT = ("calibration/lowlight_dicm", "lowlight_dicm")
IN_255 = ("--range", "0:255")
NETWORKS = {
    "dncnn": Network("calibration/train400_gray", "set12", "noise:25"),
    "ffdnet": Network("calibration/bsd_color", "kodak24", "noise:25", ("--sigma", "25")),
    "ffdnet_map": Network("calibration/bsd_color", "kodak24", "noise:25", ("--sigma", "25")),
    "srvgg": Network(*ENLARGE_4),
    "mobilesr": Network(*ENLARGE_4),
    "rfdn": Network(*ENLARGE_4, words=IN_255),
    "safmn_any": Network(*ENLARGE_4),
    "efdn": Network(*ENLARGE_4),
    "rlfn": Network(*ENLARGE_4, words=IN_255),
    "bsrn": Network(*ENLARGE_4),
    "span": Network(*ENLARGE_4),
    "espcn_x2": Network(*ENLARGE_2),
    "fsrcnn_x2": Network(*ENLARGE_2, words=("--colour", "ycbcr")),
    "zerodce": Network(*LOW_LIGHT),
    "iat": Network(*LOW_LIGHT, words=("--range=-1:1,0:1",)),
    "craft": Network(*ENLARGE_4, multiple=16),
}
PLAN = ("dncnn", "ffdnet", "srvgg", "span", "rlfn", "efdn", "rfdn", "mobilesr", "safmn_any", "bsrn")  # those that the aims for int8 name
FORMS = (("int8/openvino.onnx", "openvino-cpu"), ("int8/model.onnx", "onnxruntime-cpu"))


CODES = (0, 4)  # of a release that is there, complete or not


class ReleaseError(Exception):
    """What mantissa said when it made no release."""


def file_of(name):
    return SHARED / "onnx" / f"{name}.onnx"


def release_command(program, name, words, folder):
    return [program, "-q", "release", file_of(name), *words, "-o", folder]


def manifest_of(folder):
    return json.loads((folder / "release.json").read_text(encoding="utf-8"))


def release(program, name, words, folder):
    """The manifest of a release, and the seconds that it took."""
    start = time.monotonic()
    done = subprocess.run(release_command(program, name, words, folder), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8",
                          errors="replace", check=False)
    if done.returncode not in CODES:
        raise ReleaseError(done.stderr.strip() or f"exit code {done.returncode}")
    return manifest_of(folder), time.monotonic() - start


def figures_of(manifest, path):
    """The figures of a file's verdict, left out or not."""
    found = next(each for each in manifest["artifacts"] + manifest["left_out"] if each["path"] == path)
    return found["verdict"]["figures"]
