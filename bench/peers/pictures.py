"""The files that everyone gets, and what is done to a picture before a network and after it.

Noise is drawn here once and kept in floating-point TIFF files, so that mantissa and the peers see the same.
"""

from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from networks import IMAGES

MOST_TO_CALIBRATE = 24
MOST_TO_EVALUATE = 7
LARGEST_SIDE = 256  # of pictures that are not reduced
PEERS_SIDE = 80  # the crops that peers calibrate on: they keep every value of every picture
LOW_LIGHT_SIDE = 256  # fewer and larger ones, where there are only six


def files_in(folder):
    return sorted(path for path in Path(folder).iterdir() if path.suffix in (".png", ".jpg", ".tif"))


def read(path):
    """Height x width (x 3), 0..1."""
    if path.suffix == ".tif":
        return tifffile.imread(path)
    picture = Image.open(path)
    return np.asarray(picture if picture.mode == "L" else picture.convert("RGB"), np.float32) / 255


def write(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.round(picture * 255).astype(np.uint8)).save(path.with_suffix(".png"), compress_level=1)


def write_noisy(path, picture, level, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).normal(0, level / 255, picture.shape)
    tifffile.imwrite(path.with_suffix(".tif"), (picture + noise).astype(np.float32), photometric="rgb" if picture.ndim == 3 else "minisblack")


def cut(picture, multiple, largest=10**6):
    height, width = (min(side, largest) // multiple * multiple for side in picture.shape[:2])
    return picture[:height, :width]


def reduced(path, factor):
    picture = Image.open(path).convert("RGB")
    return np.asarray(picture.resize((picture.width // factor, picture.height // factor), Image.Resampling.BICUBIC), np.float32) / 255


def prepare_calibration(network, folder):
    """Inputs, degraded already."""
    kind, _, amount = network.degrade.partition(":")
    for number, path in enumerate(files_in(IMAGES / network.calibrate)[:MOST_TO_CALIBRATE]):
        if kind == "noise":
            write_noisy(folder / path.name, read(path), float(amount), 1000 + number)
        else:
            write(folder / path.name, reduced(path, int(amount)) if kind == "bicubic" else read(path))


def prepare_evaluation(network, inputs, truths):
    """Inputs, cut to what the network takes, and their true pictures under the same names where there are some."""
    found = files_in(IMAGES / network.evaluate)
    low = [path for path in found if "_LR" in path.name]
    for path in low:
        small, large = read(path), read(path.with_name(path.name.replace("_LR", "_HR")))
        small, scale = cut(small, network.multiple), large.shape[0] // small.shape[0]
        name = path.name.replace("_LR", "")
        write(inputs / name, small)
        write(truths / name, large[: small.shape[0] * scale, : small.shape[1] * scale])
    for number, path in enumerate([] if low else found[:MOST_TO_EVALUATE]):
        picture = cut(read(path), network.multiple, LARGEST_SIDE)
        if network.degrade.startswith("noise:"):
            write_noisy(inputs / path.name, picture, float(network.degrade.partition(":")[2]), number)
            write(truths / path.name, picture)
        else:
            write(inputs / path.name, picture)


def prepare(network, folder):
    """The words that tell mantissa where the files of a network are: below `folder`, in calibrate, inputs and truths."""
    if not (folder / "inputs").exists():
        prepare_calibration(network, folder / "calibrate")
        prepare_evaluation(network, folder / "inputs", folder / "truths")
    truths = [folder / "truths"] if (folder / "truths").exists() else []
    return ["--calibrate", folder / "calibrate", "--evaluate", folder / "inputs", *truths, "--degrade", "none"]


def enlarge(folder, into, count, size):
    """`count` pictures of `size` (width, height), made by enlarging those of a folder."""
    into.mkdir(parents=True)
    found = files_in(folder)
    for number in range(count):
        picture = Image.open(found[number % len(found)]).convert("RGB").resize(size, Image.Resampling.BILINEAR)
        picture.save(into / f"{number:02}.jpg", quality=95)


def calibration_side(folder):
    """Of the corners that peers calibrate on."""
    return PEERS_SIDE if len(files_in(folder)) >= MOST_TO_CALIBRATE else LOW_LIGHT_SIDE


# Full-range BT.601 (ITU-T T.871), as mantissa gives it to YCbCr networks.
TO_YCBCR = np.array([[0.299, 0.587, 0.114], [-0.299 / 1.772, -0.587 / 1.772, 0.5], [0.5, -0.587 / 1.402, -0.114 / 1.402]])
CHROMA_ZERO = np.array([0, 128 / 255, 128 / 255])


def to_network(picture, task):
    """Height x width (x 3) in 0..1 to 1 x channels x height x width in the network's colours and numbers."""
    if task["colour"] == "ycbcr":
        picture = picture @ TO_YCBCR.T + CHROMA_ZERO
    tensor = picture[None, None] if picture.ndim == 2 else picture.transpose(2, 0, 1)[None]
    low, high = task["range"]
    return np.ascontiguousarray(low + tensor * (high - low), dtype=np.float32)


def to_picture(tensor, task):
    """The other way, clipped and rounded to 8-bit levels."""
    low, high = task["range"]
    picture = (tensor[0].transpose(1, 2, 0).astype(np.float64) - low) / (high - low)
    if task["colour"] == "ycbcr":
        picture = (picture - CHROMA_ZERO) @ np.linalg.inv(TO_YCBCR).T
    return np.round(np.clip(picture, 0, 1) * 255)


def psnr(a, b, border):
    """Of two pictures in 8-bit levels, in dB; 99 where they are equal, as in src/image/metrics.h."""
    inside = (slice(border, -border), slice(border, -border))
    error = np.mean((a[inside] - b[inside]) ** 2)
    return 99.0 if error == 0 else float(10 * np.log10(255**2 / error))
