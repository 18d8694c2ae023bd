"""Trains the sample network: a small x2 SRVGGNetCompact, on pictures of procedural.py and nothing else."""

import argparse
import functools
import json
import multiprocessing
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

import procedural
import resample

SIDE = 192  # of a training picture, in pixels of the large one
PATCH = 32  # of a training patch, in pixels of the small one


class SRVGGNetCompact(nn.Module):
    """The compact network of Real-ESRGAN for a scale of 2: it adds detail to the nearest-neighbour enlargement."""

    def __init__(self, features, depth):
        super().__init__()
        layers = [nn.Conv2d(3, features, 3, padding=1), nn.PReLU(features)]
        for _ in range(depth):
            layers += [nn.Conv2d(features, features, 3, padding=1), nn.PReLU(features)]
        layers.append(nn.Conv2d(features, 12, 3, padding=1))
        self.body = nn.ModuleList(layers)

    def forward(self, small):
        x = small
        for layer in self.body:
            x = layer(x)
        return nn.functional.pixel_shuffle(x, 2) + nn.functional.interpolate(small, scale_factor=2, mode="nearest")


def picture(number, seed):
    """Training picture of this number, the same whatever the number of processes."""
    return procedural.render(np.random.default_rng([seed, number]), SIDE, SIDE)


def draw_pool(seed, count):
    """Pictures as two uint8 tensors, count x 3 x height x width: small and large."""
    with multiprocessing.Pool() as pool:
        large = pool.map(functools.partial(picture, seed=seed), range(count), chunksize=1)
        small = pool.map(resample.reduce_by_two, large)
    return [torch.from_numpy(np.stack(pictures).transpose(0, 3, 1, 2).copy()) for pictures in (small, large)]


def batch(rng, small, large, count):
    """Random patches, turned and mirrored at random, as floats in 0..1."""
    pairs = []
    for _ in range(count):
        number = rng.integers(len(small))
        y, x = rng.integers(small.shape[-1] - PATCH + 1, size=2)
        turns, mirrored = int(rng.integers(4)), rng.random() < 0.5
        pair = (small[number, :, y : y + PATCH, x : x + PATCH],
                large[number, :, 2 * y : 2 * (y + PATCH), 2 * x : 2 * (x + PATCH)])
        pair = [torch.rot90(patch, turns, (1, 2)) for patch in pair]
        pairs.append([patch.flip(2) if mirrored else patch for patch in pair])
    return [torch.stack(patches) / 255.0 for patches in zip(*pairs)]


def enlarge(network, small):
    """Runs the network on one 8-bit picture."""
    with torch.no_grad():
        x = torch.from_numpy(small.transpose(2, 0, 1).copy())[None] / 255.0
        return resample.to_8_bits(network(x)[0].numpy().transpose(1, 2, 0))


def measure(network, pairs):
    """Mean PSNR of the luminance over pairs (small, large): of bicubic enlargement and of the network."""
    bicubic = [resample.psnr(resample.enlarge_by_two(small), large) for small, large in pairs]
    ours = [resample.psnr(enlarge(network, small), large) for small, large in pairs]
    return float(np.mean(bicubic)), float(np.mean(ours))


def load_pairs(folder):
    """Pairs NAME_LR.png and NAME_HR.png of a folder."""
    small = sorted(Path(folder).glob("*_LR.png"))
    large = [path.with_name(path.name.replace("_LR", "_HR")) for path in small]
    return [[np.asarray(Image.open(path).convert("RGB")) for path in pair] for pair in zip(small, large)]


def train(network, options, log):
    """Trains in place; what comes out is the moving average of the weights."""
    start = time.monotonic()
    small, large = draw_pool(options.seed, options.pictures)
    network.to(memory_format=torch.channels_last)  # a quarter faster here
    log(f"{options.pictures} pictures of {SIDE}x{SIDE} drawn in {time.monotonic() - start:.0f} s")

    optimizer = torch.optim.Adam(network.parameters(), options.rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.iterations, eta_min=options.rate / 100)
    average = {name: value.clone() for name, value in network.state_dict().items()}
    rng = np.random.default_rng([options.seed, 1 << 20])
    losses = []
    start = time.monotonic()
    for iteration in range(1, options.iterations + 1):
        x, target = batch(rng, small, large, options.batch)
        loss = nn.functional.l1_loss(network(x.to(memory_format=torch.channels_last)), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        decay = min(options.decay, iteration / (iteration + 10))
        for name, value in network.state_dict().items():
            average[name].lerp_(value, 1 - decay)
        if iteration % options.report == 0 or iteration == options.iterations:
            seconds = time.monotonic() - start
            log(f"iteration {iteration:6d}  loss {np.mean(losses):.5f}  {seconds:5.0f} s")
            losses.clear()
            torch.save({"params": {name: value.contiguous() for name, value in average.items()}}, options.output)
    network.load_state_dict(average)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, help="checkpoint to write")
    parser.add_argument("--log", type=Path, help="file to write what is printed to")
    parser.add_argument("--resume", type=Path, help="checkpoint to start from")
    parser.add_argument("--test", action="append", default=[], metavar="NAME=FOLDER",
                        help="pairs *_LR.png, *_HR.png to measure on once at the end")
    parser.add_argument("--features", type=int, default=24)
    parser.add_argument("--depth", type=int, default=6, help="convolutions from features to features")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pictures", type=int, default=120)
    parser.add_argument("--iterations", type=int, default=8000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--decay", type=float, default=0.995, help="of the moving average of the weights")
    parser.add_argument("--threads", type=int, default=2, help="more do not help where other programs run")
    parser.add_argument("--report", type=int, default=250, help="iterations between two reports")
    options = parser.parse_args()

    lines = []

    def log(line):
        print(line, flush=True)
        lines.append(line)
        if options.log:
            options.log.write_text("\n".join(lines) + "\n")

    names = ("features", "depth", "seed", "pictures", "iterations", "batch", "rate", "decay")
    log("config " + json.dumps({name: getattr(options, name) for name in names} | {"patch": PATCH}))
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    network = SRVGGNetCompact(options.features, options.depth)
    if options.resume:
        network.load_state_dict(torch.load(options.resume)["params"])
        log(f"continues {options.resume.name}")
    log(f"{sum(value.numel() for value in network.parameters())} parameters, torch {torch.__version__}")

    train(network, options, log)

    unseen = [picture(number, options.seed + 1000) for number in range(8)]
    pairs = {"unseen procedural pictures": [(resample.reduce_by_two(large), large) for large in unseen]}
    pairs |= {name: load_pairs(folder) for name, folder in (test.split("=", 1) for test in options.test)}
    for name, some in pairs.items():
        bicubic, ours = measure(network, some)
        log(f"PSNR of luminance, {name}: bicubic {bicubic:.2f} dB, network {ours:.2f} dB")


if __name__ == "__main__":
    main()
