"""One piece of work in a process of its own, so that its failure and its memory are its own: work.py NAME JSON prints its answer as JSON."""

import json
import statistics
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import numpy as np  # noqa: E402

import engines  # noqa: E402
import large  # noqa: E402
import pictures  # noqa: E402
import recipes  # noqa: E402

TILE = 192  # as mantissa times its files
SECONDS_TO_TIME = 6  # of turns, beyond the first few
FEWEST_TURNS, MOST_TURNS = 5, 40


def recipe_named(name):
    return next(each for each in (*recipes.EIGHT_BITS, *recipes.WEIGHTS) if each.name == name)


class Batches:
    """The inputs to calibrate on, each read when it is asked for: the top left corner of each picture, or all of it."""

    def __init__(self, folder, task, whole):
        self.files, self.task, self.side = pictures.files_in(folder), task, None if whole else pictures.calibration_side(folder)

    def __len__(self):
        return len(self.files)

    def __iter__(self):
        for file in self.files:
            picture = pictures.read(file)[: self.side, : self.side]
            yield engines.inputs_for(pictures.to_network(picture, self.task), self.task)


def restore_all(run, task, folder):
    """The outputs as pictures, by name."""
    found = pictures.files_in(folder / "inputs")
    return {path.stem: pictures.to_picture(run(engines.inputs_for(pictures.to_network(pictures.read(path), task), task)), task) for path in found}


def mean_psnr(outputs, truths, border):
    """Against true pictures; none where there are none."""
    found = pictures.files_in(truths) if truths.exists() else []
    levels = {path.stem: pictures.read(path) * 255 for path in found}
    each = [pictures.psnr(outputs[name], truth.reshape(outputs[name].shape), border) for name, truth in levels.items()]
    return statistics.mean(each) if each else None


def fp32(network, task, folder):
    """The reference, on ONNX Runtime; kept for judge."""
    folder = Path(folder)
    outputs = restore_all(engines.open_onnxruntime(network), task, folder)
    np.savez(folder / "fp32.npz", **outputs)
    return {"psnr": mean_psnr(outputs, folder / "truths", task["scale"])}


def quantize(recipe, network, task, folder, out, whole=False):
    """Seconds of a recipe."""
    recipe = recipe_named(recipe)
    batches = Batches(Path(folder) / "calibrate", task, whole)
    recipe.load()
    start = time.monotonic()
    recipe.run(network, batches, out=recipe.file(out))
    return {"seconds": time.monotonic() - start}


def judge(recipe, task, folder, out):
    """What a recipe's file keeps."""
    folder = Path(folder)
    outputs = restore_all(recipe_named(recipe).open(out), task, folder)
    to_fp32 = [pictures.psnr(outputs[name], reference, task["scale"]) for name, reference in np.load(folder / "fp32.npz").items()]
    psnr = mean_psnr(outputs, folder / "truths", task["scale"])
    return {"psnr": psnr, "to_fp32": statistics.mean(to_fp32), "worst_to_fp32": min(to_fp32)}


def against_fp32_pass(recipe, network, task, folder, out):
    """Seconds of a recipe and of one fp32 pass over the same crops in the same engine."""
    run = engines.ENGINES[recipe_named(recipe).engine](network)
    batches = list(Batches(Path(folder) / "calibrate", task, whole=False))
    times = []
    for _ in range(3):
        start = time.monotonic()
        for batch in batches:
            run(batch)
        times.append(time.monotonic() - start)
    return {"fp32_pass": min(times[1:]), **quantize(recipe, network, task, folder, out)}


def now():
    """Milliseconds by the clock and of the processor, since both tell something on a machine with other work."""
    return np.array([time.perf_counter(), time.process_time()]) * 1000


def speed(engine, files, floats, channels, task):
    """Median milliseconds of one tile for each file, by the clock and of the processor, and why a file does not run; they take turns, so that
    other work meets all of them."""
    random = np.random.default_rng(1).random((TILE, TILE, 3), np.float32)
    tensors = engines.inputs_for(pictures.to_network(random if channels == 3 else random[..., 0], task), task)
    runs, failed = {}, {}
    for name, file in files.items():
        try:
            run = engines.ENGINES[engine](file, "f32" if name == "fp32" else floats)
            run(tensors)
            runs[name] = run
        except Exception as error:  # of whatever kind the engine has: NNCF's file of bsrn is none
            failed[name] = str(error).strip().splitlines()[-1]
    times = {name: [] for name in runs}
    start = time.monotonic()
    for turn in range(MOST_TURNS):
        for name, run in runs.items():
            begin = now()
            run(tensors)
            times[name].append(now() - begin)
        if turn + 1 >= FEWEST_TURNS and time.monotonic() - start > SECONDS_TO_TIME:
            break
    return {"times": {name: np.median(each, axis=0).tolist() for name, each in times.items()}, "failed": failed}


def half(network, out):
    """Seconds of onnxconverter-common, from file to file, by the clock and of the processor."""
    recipes.HALF.load()
    start = now()
    recipes.HALF.run(network, out=out)
    return {"seconds": ((now() - start) / 1000).tolist()}


def load_and_run(file, described_by):
    """Whether a file loads in ONNX Runtime and gives finite numbers; the task is that of a file that mantissa wrote."""
    import onnx

    task = json.loads(next(each.value for each in onnx.load(described_by).metadata_props if each.key == "mantissa.task"))
    outputs = engines.open_onnxruntime(file)(engines.inputs_for(np.full((1, 3, 64, 64), 0.5, np.float32), task))
    if not np.isfinite(outputs).all():
        raise ValueError("its output is not finite")
    return {"shape": outputs.shape}


def make_large_network(out, layers, side):
    large.make_network(out, layers, side)
    return {}


def weights(recipe, network, out):
    recipe = recipe_named(recipe)
    recipe.load()
    start = time.monotonic()
    recipe.run(network, out=recipe.file(out))
    return {"seconds": time.monotonic() - start}


if __name__ == "__main__":
    answer = globals()[sys.argv[1]](**json.loads(sys.argv[2]))
    print("\n" + json.dumps(answer))
