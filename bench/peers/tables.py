"""The tables, section by section. Called by run.py with the Python that has the peers."""

import json
import os
import re
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import large  # noqa: E402
import networks  # noqa: E402
import pictures  # noqa: E402
import recipes  # noqa: E402
from bench import Bench, Failed  # noqa: E402

ALLOWED_LOSS = 0.5  # per cent: docs/gate.md
ALLOWED_TO_FP32 = (45, 42)  # dB, mean and worst picture, where there is no true picture
FIRST = "srvgg"  # the network of peers/README.md for costs


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def table(title, *heads):
    print(f"\n### {title}\n")
    row(*heads)
    row(*["---"] * len(heads))


def cell_of(work):
    """What work() returns, or why it failed."""
    try:
        return work()
    except Failed as failure:
        return str(failure).replace("|", "/")


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
    names_of_forms = ("mantissa OpenVINO", "mantissa ONNX Runtime")
    names_of_peers = [recipe.name for recipe in recipes.EIGHT_BITS]
    table("Loss of PSNR in per cent (bold: within the gate)", "network", "fp32, dB", "fp32 here", *names_of_peers, *names_of_forms, "in integers",
          "seconds")
    kept = {name: [] for name in (*names_of_peers, *names_of_forms)}
    reasons = []
    for network in names:
        try:
            _, manifest, seconds = bench.release(network)
            task = manifest["network"]["task"]
            fp32 = bench.work(f"fp32 {network}", "fp32", network=networks.file_of(network), task=task, folder=bench.prepared(network)[0])["psnr"]
        except Failed as failure:
            row(network, failure)
            continue
        cells = []
        for recipe in recipes.EIGHT_BITS:
            try:
                kept[recipe.name].append(peer_kept(bench, recipe, network, task, fp32))
                cells.append(shown(kept[recipe.name][-1]))
            except Failed as failure:
                cells.append(str(failure).replace("|", "/"))
        shares = []
        for name, (path, _) in zip(names_of_forms, networks.FORMS):
            ours = our_kept(manifest, path)
            kept[name].append(ours)
            cells.append(shown(ours))
            shares.append("-" if ours["share"] is None else f"{100 * ours['share']:.0f} %")
            if ours["reason"]:
                reasons.append(f"{network}, {path}: {ours['reason']}")
        stated = networks.figures_of(manifest, "fp16/model.onnx").get("psnr_fp32")
        row(network, *["-" if each is None else f"{each:.3f}" for each in (stated, fp32)], *cells, " · ".join(shares), f"{seconds:.0f}")
    summarize(kept, len(names))
    for reason in reasons:
        print(f"- {reason}")


def summarize(kept, count):
    table("Together", "form", "within the gate", "mean loss, %", "mean share in integers, %")
    for name, each in kept.items():
        losses = [one["loss"] for one in each if one["loss"] is not None]
        shares = [100 * one["share"] for one in each if one.get("share") is not None]
        row(name, f"{sum(one['passed'] for one in each)} of {count}", f"{statistics.mean(losses):.2f}" if losses else "-",
            f"{statistics.mean(shares):.0f}" if shares else "-")
    print()


# ---- speed


def speed_row(bench, network, path, engine):
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
        notes["plain"] = str(failure).replace("|", "/")
    channels = 1 if task["colour"] == "luminance" else 3
    floats = next((each.get("floats", "float32") for each in manifest["artifacts"] if each["path"] == path), "float32")
    times = bench.work(f"speed {engine} {network}", "speed", engine=engine, files=files, floats="bf16" if floats == "bfloat16" else "f32",
                       channels=channels, task=task)

    def ratio(above, below):
        known = above in times and below in times
        return ", ".join(f"{a / b:.2f}" for a, b in zip(times[above], times[below])) if known else "-"

    cells = [f"{times[name][0]:.0f}" if name in times else notes[name] for name in ("fp32", "plain", "ours")]
    return [network, *cells, ratio("ours", "plain"), ratio("fp32", "ours"), ratio("fp32", "plain")]


def speed(bench, names):
    for path, engine in networks.FORMS:
        table(f"Milliseconds of a tile of 192x192 in {engine}; ratios by the clock and of processor time", "network", "fp32",
              f"plain ({recipes.PLAIN[engine].name})", f"ours ({path})", "ours / plain", "fp32 / ours", "fp32 / plain")
        for network in names:
            try:
                row(*speed_row(bench, network, path, engine))
            except Failed as failure:
                row(network, failure)


# ---- calibration and memory


def calibrate_command(bench, network, folder, rounds):
    return [bench.program.parent / "calibrate", networks.file_of(network), folder, "none", rounds]


def costs_of_calibrate(output):
    """(what, fp32 pass, seconds, ratio by the clock, ratio of processor time): of each set of tiles ranges alone, and all that a release does."""
    pattern = (r"^(.*): \d+ tiles.*\n"
               r" +clock +fp32 pass (\S+) s +statistics and ranges (\S+) s, ratio (\S+) +calibrate (\S+) s +quantize (\S+) s, ratio (\S+)\n"
               r" +processor .* ranges \S+ s, ratio (\S+) .*ratio (\S+)")
    for title, *numbers in re.findall(pattern, output, re.MULTILINE):
        fp32, ranges, ratio_of_ranges, calibrate, quantize, ratio, processor_of_ranges, processor = map(float, numbers)
        yield f"{title}: statistics and ranges", fp32, ranges, ratio_of_ranges, processor_of_ranges
        yield f"{title}: with moments and rounding, both forms", fp32, calibrate + quantize, ratio, processor


def calibration(bench, names):
    table("Calibrating and choosing ranges against one fp32 pass over the same tiles in the same engine", "network", "tool", "fp32 pass, s",
          "calibrate and quantize, s", "ratio", "ratio of processor time")
    for network in [name for name in names if name in (FIRST, "dncnn")] or names[:1]:
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
                row(network, recipe.name, f"{fp32:.2f}", f"{seconds:.2f}", f"{seconds / fp32:.2f}", "-")
            except Failed as failure:
                row(network, recipe.name, failure)
        try:
            name = f"calibrate {network}"
            command = calibrate_command(bench, network, folder / "calibrate", 3)
            output = bench.once(name, lambda: bench.run(name, command).output)
            for title, fp32, seconds, ratio, processor in costs_of_calibrate(output):
                row(network, f"mantissa, {title}", f"{fp32:.2f}", f"{seconds:.2f}", f"{ratio:.2f}", f"{processor:.2f}")
        except Failed as failure:
            row(network, "mantissa", failure)


def peak(bench, recipe, network, task, folder):
    answer = bench.work(f"memory {recipe.name} {network} {folder.name}", "quantize", recipe=recipe.name, network=networks.file_of(network), task=task,
                        folder=folder, out=folder, whole=True)
    return f"{answer['megabytes']:.0f} MB"


def memory(bench, names):
    """Whole pictures for everyone: peers hold what they observe, mantissa takes its tiles from them."""
    network = FIRST if FIRST in names else names[0]
    small, large = bench.folder / "crops of 80x80", bench.folder / "12 megapixels"
    source = bench.prepared(network)[0] / "calibrate"
    for folder, size in ((small, (80, 80)), (large, (4000, 3000))):
        if not folder.exists():
            pictures.enlarge(source, folder / "calibrate", 24, size)
    table(f"Most anonymous memory of one process, {network}, 24 pictures", "tool", "80x80", "4000x3000")
    try:
        task = bench.release(network)[1]["network"]["task"]
    except Failed as failure:
        row(network, failure)
        return
    for recipe in (recipes.EIGHT_BITS[0], recipes.EIGHT_BITS[2], recipes.EIGHT_BITS[4]):
        row(recipe.name, *[cell_of(lambda: peak(bench, recipe, network, task, folder)) for folder in (small, large)])

    def ours(title, command_for):
        def cell(folder):
            name = f"memory {title} {folder.name}"
            return f"{bench.once(name, lambda: bench.run(name, command_for(folder)).anonymous):.0f} MB"

        row(title, *[cell_of(lambda: cell(folder)) for folder in (small, large)])

    ours("mantissa, calibrating and quantizing", lambda folder: calibrate_command(bench, network, folder / "calibrate", 1))
    ours("mantissa release, all of it", lambda folder: release_command(bench, network, folder))


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


OUR_WEIGHTS = (("int4, block 128, MatMulNBits", ["--format", "int4", "--block", "128", "--operator", "matmulnbits"]),
               ("int4, block 128, DequantizeLinear", ["--format", "int4", "--block", "128", "--operator", "dequantize"]),
               ("int8, per channel", ["--format", "int8"]))
LAYERS, SIDE = 16, 4096
GIGABYTES = 4e-9 * LAYERS * SIDE * SIDE


def weights(bench, names):
    network = bench.folder / "large/network.onnx"
    network.parent.mkdir(exist_ok=True)
    bench.work("large network", "make_large_network", out=network, layers=LAYERS, side=SIDE)
    written, read = large.write_rate(bench.folder), large.read_rate(network.with_name("network.onnx.data"))
    print(f"\nThe disk writes {written:.2f} GB/s and reads {read:.2f} GB/s.")
    table(f"Weight-only: {LAYERS} MatMul of {SIDE}x{SIDE}, {GIGABYTES:.2f} GB of fp32", "tool", "seconds", "GB/s", "most anonymous memory")
    for recipe in recipes.WEIGHTS:
        out = bench.folder / "weights"
        out.mkdir(exist_ok=True)

        def measured(recipe=recipe, out=out):
            answer = bench.work(f"weights {recipe.name}", "weights", recipe=recipe.name, network=network, out=out)
            return answer["seconds"], answer["megabytes"]

        weights_row(recipe.name, measured)
    if not re.search(r"^ +weights ", bench.run("commands", [bench.program, "--help"]).output, re.MULTILINE):
        row("mantissa", "this build has no command weights", "", "")
        return
    for title, words in OUR_WEIGHTS:
        name = f"weights mantissa {title}"
        out = bench.folder / "weights" / f"{re.sub('[^a-z0-9]+', '-', title.lower())}.onnx"

        def measured(name=name, words=words, out=out):
            def start():
                watched = bench.run(name, [bench.program, "-q", "weights", network, *words, "-o", out])
                return watched.seconds, watched.anonymous

            return bench.once(name, start)

        weights_row(f"mantissa {title}", measured)


def weights_row(title, measured):
    try:
        seconds, megabytes = measured()
        row(title, f"{seconds:.1f}", f"{GIGABYTES / seconds:.2f}", f"{megabytes:.0f} MB")
    except Failed as failure:
        row(title, failure, "", "")


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
        for name in chosen["sections"]:
            SECTIONS[name](bench, chosen["networks"])


if __name__ == "__main__":
    main()
