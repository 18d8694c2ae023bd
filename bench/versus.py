#!/usr/bin/env python3
"""`mantissa run` with int8 against the tools that compute the same network in fp32, on the same picture and by turns.

    bench/versus.py [--program FILE] [--release FOLDER] [--picture FILE] [--across N] [--rounds N] [--torch PYTHON]

srvgg x4 of the shared material. ONNX Runtime, OpenVINO and ncnn come from the environment of bench/peers (installed first); PyTorch is that of another
Python, Debian's python3-torch by default. Each is opened once, in a process of its own, and gets the picture as numbers in memory, in whole and in tiles; mantissa
is started anew each time, and decodes and encodes files. Without --release one is made. Then: how long a first tile takes with the choice kept, and --help.
"""

import argparse
import json
import math
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "peers")]
from networks import IMAGES, NETWORKS, PROGRAMS, SHARED, ReleaseError, file_of, release  # noqa: E402

NETWORK, SCALE, RADIUS, TILE = "srvgg", 4, 18, 360
TOOLS = {"ONNX Runtime": "onnxruntime", "OpenVINO": "openvino", "ncnn": "ncnn", "PyTorch": "torch"}
WAYS = ("whole", "tiles")
THREADS = len(os.sched_getaffinity(0))
REPAIR_SECONDS = 30


# ---- what runs in the processes of the peers


def open_onnxruntime(folder):
    import engines

    run = engines.open_onnxruntime(file_of(NETWORK))
    return lambda tensor: run([tensor])


def open_openvino(folder):
    import engines

    run = engines.open_openvino(file_of(NETWORK))
    return lambda tensor: run([tensor])


def open_ncnn(folder):
    import ncnn
    import numpy as np

    net = ncnn.Net()
    net.opt.num_threads = THREADS
    for narrow in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage"):
        setattr(net.opt, f"use_{narrow}", False)
    if net.load_param(str(folder / "net.param")) or net.load_model(str(folder / "net.bin")):
        raise RuntimeError("ncnn does not read the network")

    def run(tensor):
        with net.create_extractor() as extractor:
            extractor.input("x", ncnn.Mat(np.ascontiguousarray(tensor[0])))
            return np.array(extractor.extract("out")[1])[None]

    return run


def open_torch(folder):
    import numpy as np
    import torch
    from torch.nn import functional

    torch.set_num_threads(THREADS)
    stored = np.load(folder / "weights.npz")
    weights = {name: torch.from_numpy(stored[name]) for name in stored.files}
    steps = json.loads((folder / "steps.json").read_text(encoding="utf-8"))

    def run(tensor):
        with torch.inference_mode():
            first = value = torch.from_numpy(tensor)
            for kind, *names in steps:
                if kind == "Conv":
                    value = functional.conv2d(value, weights[names[0]], weights[names[1]], padding=1)
                else:
                    value = functional.prelu(value, weights[names[0]].reshape(-1))
            value = functional.pixel_shuffle(value, SCALE) + functional.interpolate(first, scale_factor=SCALE, mode="nearest")
            return value.numpy()

    return run


def tiles_of(length):
    """Origins of as few tiles as overlap by the receptive field, all of one size."""
    if length <= TILE:
        return [0], length
    count = math.ceil((length - 2 * RADIUS) / (TILE - 2 * RADIUS))
    size = math.ceil((length - 2 * RADIUS) / count) + 2 * RADIUS
    return [(length - size) * i // (count - 1) for i in range(count)], size


def in_tiles(run, tensor):
    import numpy as np

    (tops, height), (lefts, width) = (tiles_of(side) for side in tensor.shape[2:])
    out = np.empty((1, 3, tensor.shape[2] * SCALE, tensor.shape[3] * SCALE), np.float32)
    for top in tops:
        for left in lefts:
            tile = run(np.ascontiguousarray(tensor[:, :, top : top + height, left : left + width]))
            y, x = (0 if origin == 0 else RADIUS * SCALE for origin in (top, left))
            out[:, :, top * SCALE + y : (top + height) * SCALE, left * SCALE + x : (left + width) * SCALE] = tile[:, :, y:, x:]
    return out


def serve(tool, folder):
    """Answers each way on standard input with seconds by the clock, of the processor, and where the output is."""
    import numpy as np

    tensor = np.load(folder / "input.npy")
    run = globals()[f"open_{tool}"](folder)
    for line in sys.stdin:
        way = line.strip()
        start, used = time.perf_counter(), time.process_time()
        out = run(tensor) if way == "whole" else in_tiles(run, tensor)
        seconds = time.perf_counter() - start, time.process_time() - used
        np.save(folder / f"{tool}.npy", np.clip(np.asarray(out) * 255 + 0.5, 0, 255).astype(np.uint8))
        print(json.dumps(seconds), flush=True)


# ---- what the network is to tools that do not read ONNX


def write_network(folder):
    """For PyTorch its weights and steps, for ncnn its .param and .bin (flag 0: fp32 follows)."""
    import numpy as np
    import onnx

    graph = onnx.load(file_of(NETWORK)).graph
    weights = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    np.savez(folder / "weights.npz", **weights)
    steps = [(node.op_type, *node.input[1:]) for node in graph.node if node.op_type in ("Conv", "PRelu")]
    (folder / "steps.json").write_text(json.dumps(steps), encoding="utf-8")
    lines, value = ["Input in 0 1 x", "Split split 1 2 x first added"], "first"
    with open(folder / "net.bin", "wb") as data:
        for i, (kind, *names) in enumerate(steps):
            arrays = [np.asarray(weights[name], np.float32) for name in names]
            if kind == "Conv":
                outputs = arrays[0].shape[0]
                lines.append(f"Convolution conv{i} 1 1 {value} v{i} 0={outputs} 1=3 4=1 5=1 6={arrays[0].size}")
                data.write(struct.pack("<I", 0))
            else:
                lines.append(f"PReLU prelu{i} 1 1 {value} v{i} 0={arrays[0].size}")
            for array in arrays:
                data.write(np.ascontiguousarray(array).tobytes())
            value = f"v{i}"
    lines += [f"PixelShuffle shuffle 1 1 {value} large 0={SCALE}", f"Interp nearest 1 1 added enlarged 0=1 1={SCALE}.0 2={SCALE}.0",
              "BinaryOp sum 2 1 large enlarged out 0=0"]
    values = len(steps) + 6
    (folder / "net.param").write_text("\n".join(["7767517", f"{len(lines)} {values}", *lines]) + "\n", encoding="utf-8")


class Peer:
    def __init__(self, python, tool, folder):
        self.folder, self.tool = folder, tool
        self.process = subprocess.Popen([str(python), str(HERE / "versus.py"), "--serve", tool, str(folder)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")

    def run(self, way):
        """Seconds by the clock and of the processor; none where the tool has ended, which `why` tells."""
        try:
            self.process.stdin.write(way + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        return json.loads(line) if line else None

    def why(self):
        lines = self.process.communicate()[1].strip().splitlines()
        return lines[-1][:160] if lines else f"exit code {self.process.returncode}"


# ---- mantissa


def timed(command):
    """What a program printed, seconds by the clock and of the processor."""
    import resource

    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", check=False)
    clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"versus: {done.stderr.strip()}")
    return done.stdout, (clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def difference(folder, tool, reference):
    """In dB, of 8-bit levels."""
    import numpy as np

    error = np.mean((np.load(folder / f"{tool}.npy").astype(float) - reference) ** 2)
    return "equal" if error == 0 else f"{10 * math.log10(255**2 / error):.1f} dB"


def read_output(path):
    import numpy as np
    from PIL import Image

    return np.asarray(Image.open(path).convert("RGB"), float).transpose(2, 0, 1)[None]


def measure(given, folder):
    import numpy as np
    from PIL import Image

    picture = np.asarray(Image.open(given.picture).convert("RGB"), np.float32) / 255
    picture = np.tile(picture, (given.across, given.across, 1))
    Image.fromarray((picture * 255).round().astype(np.uint8)).save(folder / "in.png", compress_level=1)
    np.save(folder / "input.npy", np.ascontiguousarray(picture.transpose(2, 0, 1)[None]))
    write_network(folder)
    command = [given.program, "-q", "run", given.release, folder / "in.png", "-o", folder / "out.tif", "--overwrite", "--variant", "int8"]
    peers = {name: Peer(given.torch if tool == "torch" else sys.executable, tool, folder) for name, tool in TOOLS.items()}
    times, ours = {(name, way): [] for name in peers for way in WAYS}, []
    for turn in range(given.rounds + 1):
        taken = timed(command)[1]
        ours += [taken] if turn else []
        for name, way in list(times):
            seconds = peers[name].run(way)
            if seconds is None:
                print(f"{name} does not run: {peers.pop(name).why()}")
                times = {key: value for key, value in times.items() if key[0] != name}
                break
            times[name, way] += [seconds] if turn else []
    report(picture.shape, ours, times, folder)
    for peer in peers.values():
        peer.process.stdin.close()
        peer.process.wait()


def report(shape, ours, times, folder):
    import numpy as np

    pixels, reference = shape[0] * shape[1], np.load(folder / f"{TOOLS['ONNX Runtime']}.npy").astype(float)
    print(f"{NETWORK} x{SCALE}, {shape[1]}x{shape[0]} pixels, {THREADS} threads, {len(ours)} rounds: medians; ratio: how much longer than mantissa in the same round\n")
    print("| tool | way | us/pixel | of processor time | ratio by the clock | of processor time | against ONNX Runtime |")
    print("|---|---|---|---|---|---|---|")

    def row(name, way, seconds, versus):
        each = [statistics.median(column) / pixels * 1e6 for column in zip(*seconds)]
        ratios = [statistics.median(a[i] / b[i] for a, b in zip(seconds, ours)) for i in range(2)]
        print(f"| {name} | {way} | {each[0]:.2f} | {each[1]:.2f} | {ratios[0]:.2f} | {ratios[1]:.2f} | {versus} |")
        return ratios[0]

    ours_psnr = np.mean((read_output(folder / "out.tif") - reference) ** 2)
    row("mantissa run, int8", "from file to file", ours, f"{10 * math.log10(255**2 / ours_psnr):.1f} dB")
    least = min(row(f"{name}, fp32", way, seconds, difference(folder, TOOLS[name], reference)) for (name, way), seconds in times.items())
    print(f"\nagainst the fastest: {least:.2f}")


def measure_start(given, folder):
    from PIL import Image

    Image.open(given.picture).convert("RGB").crop((0, 0, 64, 64)).save(folder / "tile.png")
    rows = {"first tile (64x64), choice kept": ["-q", "run", given.release, folder / "tile.png", "-o", folder / "tile_out.png", "--overwrite"], "--help": ["--help"]}
    for name, words in rows.items():
        each = [timed([given.program, *words])[1] for _ in range(2 * given.rounds + 1)]
        clock, used = (1000 * statistics.median(column) for column in zip(*each))
        print(f"{name}: {clock:.0f} ms by the clock, {used:.0f} ms of processor time")


def main():
    if sys.argv[1:2] == ["--serve"]:
        return serve(sys.argv[2], Path(sys.argv[3]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=PROGRAMS / "mantissa")
    parser.add_argument("--release", type=Path, help="of srvgg; default: one is made")
    parser.add_argument("--picture", type=Path, default=IMAGES / "kodak24/kodim19.png")
    parser.add_argument("--across", type=int, default=2, help="the picture so many times side by side, and as many below; default: 2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--torch", default="/usr/bin/python3", metavar="PYTHON", help="one that has PyTorch and NumPy")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)  # the Python that has the peers
    given = parser.parse_args()
    if not SHARED.exists():
        return f"{SHARED} is absent: these networks are not part of the project"
    if not given.inside:
        import install

        python = install.python_with_peers()
        os.execv(python, [str(python), str(HERE / "versus.py"), *sys.argv[1:], "--inside"])
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        if not given.release:
            given.release = folder / "release"
            words = [*NETWORKS[NETWORK].release_words(), "--repair-budget", REPAIR_SECONDS]
            try:
                release(given.program, NETWORK, [str(word) for word in words], given.release)
            except ReleaseError as error:
                return f"versus: {error}"
        timed([given.program, "-q", "bench", "--choose", given.release])  # kept, as after any longer run
        measure(given, folder)
        print()
        measure_start(given, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
