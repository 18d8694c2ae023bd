"""The tables, section by section. Called by run.py with the Python that has the peers."""

import dataclasses
import json
import os
import re
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import aims  # noqa: E402
import networks  # noqa: E402
import pictures  # noqa: E402
import recipes  # noqa: E402
import weights as weight_only  # noqa: E402
from bench import Bench, Failed  # noqa: E402

ALLOWED_LOSS = 0.5  # per cent: docs/gate.md
ALLOWED_TO_FP32 = (45, 42)  # dB, mean and worst picture, where there is no true picture
FIRST = "srvgg"  # the network of peers/README.md for costs


def row(*cells):
    print("| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |", flush=True)


def table(title, *heads):
    print(f"\n### {title}\n")
    row(*heads)
    row(*["---"] * len(heads))


def cell_of(work):
    """What work() returns, or why it failed."""
    try:
        return work()
    except Failed as failure:
        return str(failure)


# ---- quality


def peer_kept(bench, recipe, network, task, fp32):
    """Its figures, and whether the loss alone, or the distance to fp32 where there is no true picture, is within the gate."""
    out, _ = bench.quantized(recipe, network, task)
    answer = bench.work(f"judge {recipe.name} {network}", "judge", recipe=recipe.name, task=task, folder=bench.prepared(network)[0], out=out)
    if answer["psnr"] is None:
        passed = answer["to_fp32"] >= ALLOWED_TO_FP32[0] and answer["worst_to_fp32"] >= ALLOWED_TO_FP32[1]
        return {"loss": None, "passed": passed, "text": f"{answer['to_fp32']:.1f} dB"}
    loss = 100 * (fp32 - answer["psnr"]) / fp32
    return {"loss": loss, "passed": loss <= ALLOWED_LOSS, "text": f"{loss:.2f}"}


def our_kept(manifest, path):
    left = {each["path"]: each["reason"] for each in manifest["left_out"]}
    figures = networks.figures_of(manifest, path)
    loss = figures.get("loss_percent")
    text = f"{figures['psnr_to_fp32']:.1f} dB" if loss is None else f"{loss:.2f}"
    share = next((each["int8_share"] for each in manifest["artifacts"] if each["path"] == path), None)
    return {"loss": loss, "passed": path not in left, "text": text, "share": share, "reason": left.get(path)}


def shown(kept):
    return f"**{kept['text']}**" if kept["passed"] else kept["text"]


def quality(bench, names):
    titles = {engine: f"mantissa {aims.TITLES[engine]}" for _, engine in networks.FORMS}
    peers, ours = {recipe.name: [] for recipe in recipes.EIGHT_BITS}, {engine: [] for engine in titles}
    reasons = []
    table("Loss of PSNR in per cent (bold: within the gate)", "network", "fp32, dB", "fp32 here", *peers, *titles.values(), "in integers", "seconds")
    for network in names:
        try:
            _, manifest, seconds = bench.release(network)
            task = manifest["network"]["task"]
            fp32 = bench.work(f"fp32 {network}", "fp32", network=networks.file_of(network), task=task, folder=bench.prepared(network)[0])["psnr"]
        except Failed as failure:
            row(network, failure)
            continue
        for recipe in recipes.EIGHT_BITS:
            try:
                kept = peer_kept(bench, recipe, network, task, fp32)
            except Failed as failure:
                kept = {"loss": None, "passed": False, "text": str(failure)}
            peers[recipe.name].append({**kept, "network": network})
        for path, engine in networks.FORMS:
            ours[engine].append({**our_kept(manifest, path), "network": network})
            if ours[engine][-1]["reason"]:
                reasons.append(f"{network}, {path}: {ours[engine][-1]['reason']}")
        shares = ["-" if each[-1]["share"] is None else f"{100 * each[-1]['share']:.0f} %" for each in ours.values()]
        stated = networks.figures_of(manifest, "fp16/model.onnx").get("psnr_fp32")
        row(network, *["-" if each is None else f"{each:.3f}" for each in (stated, fp32)], *[shown(each[-1]) for each in (peers | ours).values()],
            " · ".join(shares), f"{seconds:.0f}")
    print("\n" + "\n".join(f"- {reason}" for reason in reasons))
    return aims.of_quality(peers, ours, names)


# ---- speed


def speed_of(bench, network, path, engine):
    """Cells of its row, and its milliseconds by the clock."""
    release, manifest, _ = bench.release(network)
    task = manifest["network"]["task"]
    files = {"fp32": str(release / "fp32/model.onnx")}
    notes = {}
    if (release / path).exists():
        files["ours"] = str(release / path)
    else:
        notes["ours"] = "left out"
    plain = recipes.PLAIN[engine]
    try:
        files["plain"] = str(plain.file(bench.quantized(plain, network, task)[0]))
    except Failed as failure:
        notes["plain"] = str(failure)
    channels = 1 if task["colour"] == "luminance" else 3
    floats = next((each.get("floats", "float32") for each in manifest["artifacts"] if each["path"] == path), "float32")
    answer = bench.work(f"speed {engine} {network}", "speed", engine=engine, files=files, floats="bf16" if floats == "bfloat16" else "f32",
                        channels=channels, task=task)
    times = answer["times"]
    notes.update({name: f"does not run: {why}" for name, why in answer["failed"].items()})

    def ratio(above, below):
        known = above in times and below in times
        return ", ".join(f"{a / b:.2f}" for a, b in zip(times[above], times[below])) if known else "-"

    cells = [f"{times[name][0]:.0f}" if name in times else notes[name] for name in ("fp32", "plain", "ours")]
    return [*cells, ratio("ours", "plain"), ratio("fp32", "ours"), ratio("fp32", "plain")], {name: each[0] for name, each in times.items()}


def speed(bench, names):
    for path, engine in networks.FORMS:
        table(f"Milliseconds of a tile of 192x192 in {engine}; ratios by the clock and of processor time", "network", "fp32",
              f"plain ({recipes.PLAIN[engine].name})", f"ours ({path})", "ours / plain", "fp32 / ours", "fp32 / plain")
        times = {}
        for network in names:
            try:
                cells, times[network] = speed_of(bench, network, path, engine)
                row(network, *cells)
            except Failed as failure:
                row(network, failure)
        yield from aims.of_speed(engine, times)


# ---- calibration and memory


def calibrate_command(bench, network, folder, rounds):
    return [bench.program.parent / "calibrate", networks.file_of(network), folder, "none", rounds]


RANGES = "statistics and ranges"


def costs_of_calibrate(output):
    """(what, fp32 pass, seconds, ratio by the clock, ratio of processor time): of each set of tiles ranges alone, and all that a release does."""
    pattern = (r"^(.*): \d+ tiles.*\n"
               r" +clock +fp32 pass (\S+) s +statistics and ranges (\S+) s, ratio (\S+) +calibrate (\S+) s +quantize (\S+) s, ratio (\S+)\n"
               r" +processor .* ranges \S+ s, ratio (\S+) .*ratio (\S+)")
    for title, *numbers in re.findall(pattern, output, re.MULTILINE):
        fp32, ranges, ratio_of_ranges, calibrate, quantize, ratio, processor_of_ranges, processor = map(float, numbers)
        yield f"{title}: {RANGES}", fp32, ranges, ratio_of_ranges, processor_of_ranges
        yield f"{title}: with moments and rounding, both forms", fp32, calibrate + quantize, ratio, processor


def calibration(bench, names):
    table("Calibrating and choosing ranges against one fp32 pass over the same tiles in the same engine", "network", "tool", "fp32 pass, s",
          "calibrate and quantize, s", "ratio", "ratio of processor time")
    for network in [name for name in names if name in (FIRST, "dncnn")] or names[:1]:
        peers, ours = [], []
        folder, _ = bench.prepared(network)
        try:
            task = bench.release(network)[1]["network"]["task"]
        except Failed as failure:
            row(network, failure)
            continue
        for recipe in (recipes.EIGHT_BITS[0], recipes.EIGHT_BITS[2], recipes.EIGHT_BITS[4]):
            try:
                answer = bench.work(f"cost {recipe.name} {network}", "against_fp32_pass", recipe=recipe.name, network=networks.file_of(network),
                                    task=task, folder=folder, out=bench.folder)
                fp32, seconds = answer["fp32_pass"], answer["seconds"]
                peers.append(seconds / fp32)
                row(network, recipe.name, f"{fp32:.2f}", f"{seconds:.2f}", f"{seconds / fp32:.2f}", "-")
            except Failed as failure:
                row(network, recipe.name, failure)
        try:
            name = f"calibrate {network}"
            command = calibrate_command(bench, network, folder / "calibrate", 3)
            output = bench.once(name, lambda: bench.run(name, command).output)
            for title, fp32, seconds, ratio, processor in costs_of_calibrate(output):
                row(network, f"mantissa, {title}", f"{fp32:.2f}", f"{seconds:.2f}", f"{ratio:.2f}", f"{processor:.2f}")
                if title.endswith(RANGES):
                    ours.append(ratio)
        except Failed as failure:
            row(network, "mantissa", failure)
        yield from aims.of_calibration(network, peers, ours)


def memory(bench, names):
    """Whole pictures for everyone: peers hold what they observe, mantissa takes its tiles from them."""
    network = FIRST if FIRST in names else names[0]
    folders = [bench.folder / "crops of 80x80", bench.folder / "12 megapixels"]
    for folder, size in zip(folders, ((80, 80), (4000, 3000))):
        if not folder.exists():
            pictures.enlarge(bench.prepared(network)[0] / "calibrate", folder / "calibrate", 24, size)
    table(f"Most anonymous memory of one process, {network}, 24 pictures", "tool", "80x80", "4000x3000")
    try:
        task = bench.release(network)[1]["network"]["task"]
    except Failed as failure:
        return row(network, failure)

    def show(title, measure):
        found = [cell_of(lambda folder=folder: measure(folder)) for folder in folders]
        row(title, *[each if isinstance(each, str) else f"{each:.0f} MB" for each in found])
        return found

    def of_peer(recipe):
        return show(recipe.name, lambda folder: bench.work(f"memory {recipe.name} {network} {folder.name}", "quantize", recipe=recipe.name,
                                                           network=networks.file_of(network), task=task, folder=folder, out=folder, whole=True)["megabytes"])

    def of_mantissa(title, command_for):
        def measure(folder):
            name = f"memory {title} {folder.name}"
            return bench.once(name, lambda: bench.run(name, command_for(folder), networks.CODES).anonymous)

        return show(title, measure)

    peers = [of_peer(recipe) for recipe in (recipes.EIGHT_BITS[0], recipes.EIGHT_BITS[2], recipes.EIGHT_BITS[4])]
    ours = of_mantissa("mantissa, calibrating and quantizing", lambda folder: calibrate_command(bench, network, folder / "calibrate", 1))
    of_mantissa("mantissa release, all of it", lambda folder: release_command(bench, network, folder))
    return aims.of_memory(peers, ours)


def release_command(bench, network, folder):
    words = bench.prepared(network)[1]
    out = bench.folder / f"release of {folder.name} {time.monotonic_ns()}"
    words = ["--calibrate", folder / "calibrate", *words[2:], *networks.NETWORKS[network].words]
    return networks.release_command(bench.program, network, words, out)


# ---- fp16 and weights


def half(bench, names):
    table("fp16: seconds by the clock, of the processor", "network", "onnxconverter-common", "its file in ONNX Runtime",
          "mantissa: reading the network · making the file", "its file in ONNX Runtime")
    for network in [name for name in names if name in ("craft", "ffdnet_map")]:
        theirs, ours = bench.folder / f"half-{network}.onnx", bench.folder / f"half-{network}"
        row(network, cell_of(lambda: peers_half(bench, network, theirs)), cell_of(lambda: loads(bench, network, theirs, ours)),
            cell_of(lambda: our_half(bench, network, ours)), cell_of(lambda: loads(bench, network, ours / "fp16/model.onnx", ours)))


def peers_half(bench, network, out):
    clock, processor = bench.work(f"half {network}", "half", network=networks.file_of(network), out=out)["seconds"]
    return f"{clock:.1f}, {processor:.1f}"


def our_half(bench, network, out):
    sigma = [word for word in networks.NETWORKS[network].words if word.isdigit()]
    command = [bench.program.parent / "half", networks.file_of(network), bench.prepared(network)[0] / "calibrate", out, *sigma]
    output = bench.once(f"half of mantissa {network}", lambda: bench.run(f"half of mantissa {network}", command).output)
    times = re.findall(r"read (\S+) s .*make fp16 (\S+) s", output)  # a line by the clock, one of the processor
    return " · ".join(", ".join(f"{float(seconds):.1f}" for seconds in each) for each in zip(*times))


def loads(bench, network, file, ours):
    our_half(bench, network, ours)  # its file tells how to use the network
    bench.work(f"load {file.relative_to(bench.folder)}", "load_and_run", file=file, described_by=ours / "fp16/model.onnx")
    return "runs"


LAYERS = 16
GIGABYTES = 4e-9 * LAYERS * weight_only.SIDE**2


def measured_weights(bench, network, form, out):
    try:
        return dataclasses.asdict(weight_only.measure(bench.program, network, form, out, weight_only.REPEAT))
    except weight_only.RunError as error:
        raise Failed(str(error)) from error


def weights(bench, names):
    network, out = bench.folder / "large/network.onnx", bench.folder / "weights"
    for folder in (network.parent, out):
        folder.mkdir(exist_ok=True)
    bench.work("large network", "make_large_network", out=network, layers=LAYERS, side=weight_only.SIDE)
    table(f"Weight-only: {LAYERS} MatMul of {weight_only.SIDE}x{weight_only.SIDE}, {GIGABYTES:.2f} GB of fp32", "tool", "seconds", "GB/s",
          "of what the disk can do", "most anonymous memory")
    peers, ours = [], []
    for recipe in recipes.WEIGHTS:
        try:
            answer = bench.work(f"weights {recipe.name}", "weights", recipe=recipe.name, network=network, out=out)
            peers.append(GIGABYTES / answer["seconds"])
            row(recipe.name, f"{answer['seconds']:.1f}", f"{peers[-1]:.2f}", "-", f"{answer['megabytes']:.0f} MB")
        except Failed as failure:
            row(recipe.name, failure, "", "", "")
    for form in weight_only.FORMS:
        title = " ".join(str(word) for word in ("mantissa", *form) if word)
        try:
            measured = bench.once(title, lambda form=form: measured_weights(bench, network, form, out))
        except Failed as failure:
            row(title, failure, "", "", "")
            continue
        ours.append({**measured, "rate": GIGABYTES / measured["seconds"]})
        row(title, f"{measured['seconds']:.2f}", f"{ours[-1]['rate']:.2f}", f"{measured['of_disk']:.2f}", f"{measured['megabytes']:.0f} MB")
    return aims.of_weights(peers, ours)


SECTIONS = {"quality": quality, "speed": speed, "calibration": calibration, "memory": memory, "half": half, "weights": weights}


def machine():
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    cores, date = len(os.sched_getaffinity(0)), time.strftime("%Y-%m-%d", time.gmtime())
    return f"{date}, {cores} cores of {model[1] if model else 'an unknown processor'}, load {os.getloadavg()[0]:.1f}"


def main():
    chosen = json.loads(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what runs is stopped too
    with tempfile.TemporaryDirectory(prefix="mantissa-peers-") as temporary:
        bench = Bench(chosen["folder"] or temporary, chosen["program"], chosen["release_words"])
        print(" ".join([machine(), *chosen["release_words"]]), flush=True)
        measured = [line for name in chosen["sections"] for line in SECTIONS[name](bench, chosen["networks"]) or ()]
        table("Against the aims", "figure", "best of the peers", "mantissa", "aim")
        for line in measured:
            row(*line)


if __name__ == "__main__":
    main()
