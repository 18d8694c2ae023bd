"""Draws the pictures of examples/pictures: the chart, and the calibration and evaluation pictures of the sample release."""

import argparse
import functools
import multiprocessing
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import procedural
import resample

CHART_SEED, CALIBRATION_SEED, EVALUATION_SEED = 20, 21, 22  # training draws from 1, its check from 1001
CHART_WIDTH, CHART_HEIGHT, CHART_OVERSAMPLING = 320, 240, 6


class Chart:
    """A drawing in pixels of the chart, CHART_OVERSAMPLING times as fine underneath."""

    def __init__(self, width, height, paper):
        self.image = Image.new("RGB", (width * CHART_OVERSAMPLING, height * CHART_OVERSAMPLING), paper)
        self.draw = ImageDraw.Draw(self.image)

    @staticmethod
    def fine(*numbers):
        return [round(number * CHART_OVERSAMPLING) for number in numbers]

    def box(self, left, top, right, bottom, colour):
        left, top, right, bottom = self.fine(left, top, right, bottom)
        self.draw.rectangle((left, top, right - 1, bottom - 1), fill=colour)

    def line(self, x0, y0, x1, y1, width, colour):
        self.draw.line(self.fine(x0, y0, x1, y1), fill=colour, width=max(1, *self.fine(width)))

    def polygon(self, points, colour):
        self.draw.polygon([tuple(self.fine(*point)) for point in points], fill=colour)

    def disc(self, x, y, radius, colour):
        self.draw.ellipse(self.fine(x - radius, y - radius, x + radius, y + radius), fill=colour)

    def text(self, x, y, size, words, colour, name="DejaVuSans.ttf", anchor="la"):
        font = ImageFont.truetype(name, round(size * CHART_OVERSAMPLING))
        self.draw.text(self.fine(x, y), words, font=font, fill=colour, anchor=anchor)

    def paste(self, x, y, fine_picture):
        self.image.paste(Image.fromarray(fine_picture), tuple(self.fine(x, y)))

    def reduced(self):
        """The chart at its size: the mean of each block of fine pixels."""
        fine = np.asarray(self.image, np.float64)
        n = CHART_OVERSAMPLING
        blocks = fine.reshape(fine.shape[0] // n, n, fine.shape[1] // n, n, 3)
        return np.round(blocks.mean((1, 3))).astype(np.uint8)


INK, PAPER, QUIET = (24, 28, 38), (244, 241, 234), (122, 124, 130)
PATCHES = ((192, 57, 43), (230, 126, 34), (241, 196, 15), (39, 174, 96), (22, 160, 170), (41, 98, 190), (125, 60, 152), (214, 120, 150))


def star(chart, x, y, radius, spokes):
    """A Siemens star: spokes that grow thinner towards the middle until nothing can resolve them."""
    for spoke in range(spokes):
        start, end = 2 * np.pi * spoke / spokes, 2 * np.pi * (spoke + 0.5) / spokes
        arc = np.linspace(start, end, 12)
        chart.polygon([(x, y), *((x + radius * np.cos(a), y + radius * np.sin(a)) for a in arc)], INK)
    chart.disc(x, y, 1.6, PAPER)


def gratings(chart, x, y, width, height):
    """Upright bars in blocks of falling period, in pixels; level ones in the lower half."""
    periods = (8, 6, 4, 3, 2.5)
    block = width / len(periods)
    for number, period in enumerate(periods):
        left = x + number * block
        for bar in np.arange(0, block - 3, period):
            chart.box(left + bar, y, left + min(bar + period / 2, block - 3), y + height / 2 - 1.5, INK)
        for bar in np.arange(0, height / 2 - 1.5, period):
            top = y + height / 2 + 1.5 + bar
            chart.box(left, top, left + block - 3, min(top + period / 2, y + height), INK)


def fan(chart, x, y, length, count):
    """Thin lines from one corner, from level to upright, in three widths."""
    for number in range(count):
        angle = np.pi / 2 * number / (count - 1)
        width = (0.5, 0.9, 1.4)[number % 3]
        chart.line(x, y, x + length * np.cos(angle), y - length * np.sin(angle), width, INK)


def ramp(width, height, left, right):
    """A horizontal blend of two colours, in fine pixels."""
    t = np.linspace(0, 1, width * CHART_OVERSAMPLING)[None, :, None]
    row = np.asarray(left) * (1 - t) + np.asarray(right) * t
    return np.round(np.broadcast_to(row, (height * CHART_OVERSAMPLING, row.shape[1], 3))).astype(np.uint8)


def rainbow(width, height):
    """All hues from left to right, in fine pixels, soft rather than glaring."""
    hue = np.linspace(0, 2 * np.pi, width * CHART_OVERSAMPLING, endpoint=False)[None, :, None]
    row = 150 + 85 * np.cos(hue - np.array([0, 2, 4]) * np.pi / 3)
    return np.round(np.broadcast_to(row, (height * CHART_OVERSAMPLING, row.shape[1], 3))).astype(np.uint8)


def leaves_patch(rng, width, height):
    """Dead leaves, in fine pixels."""
    fine = [size * CHART_OVERSAMPLING for size in (height, width)]
    return procedural.as_bytes(procedural.leaves(rng, *fine))


def chart():
    """The test chart, CHART_HEIGHT x CHART_WIDTH."""
    page = Chart(CHART_WIDTH, CHART_HEIGHT, PAPER)
    page.box(0, 0, CHART_WIDTH, 44, INK)
    page.text(12, 22, 29, "mantissa", PAPER, "DejaVuSerif-Bold.ttf", "lm")
    page.text(308, 17, 9, "test chart", (214, 196, 150), "DejaVuSans.ttf", "rm")
    page.text(308, 30, 7, "320 x 240 pixels", (150, 156, 170), "DejaVuSans.ttf", "rm")

    star(page, 58, 99, 46, 36)
    gratings(page, 116, 53, 110, 44)
    fan(page, 116, 146, 44, 13)
    for number, size in enumerate((10, 8, 7, 6, 5)):
        words = ("sharp edges", "quick brown fox", "jumps over 12 dogs", "every pixel is a number", "and every number has a price")[number]
        page.text(168, 103 + (0, 12, 22, 31, 39)[number], size, words, INK)
    page.paste(236, 53, leaves_patch(np.random.default_rng(CHART_SEED), 74, 44))

    for number, colour in enumerate(PATCHES):
        page.box(12 + 37.25 * number, 154, 12 + 37.25 * number + 35.25, 176, colour)
    page.paste(12, 180, rainbow(296, 14))
    page.paste(12, 198, ramp(296, 14, (0, 0, 0), (255, 255, 255)))
    for step in range(16):
        page.box(12 + 18.5 * step, 216, 12 + 18.5 * (step + 1), 230, (17 * step,) * 3)
    return page.reduced()


def toned(black, white, gamma, kind):
    """A scene of one kind whose values are mapped to black..white."""
    return lambda rng, height, width: procedural.tone(kind(rng, height, width), black, white, gamma)


def blurred_leaves(rng, height, width):
    return procedural.defocus(rng, procedural.leaves(rng, height, width))


def labelled_leaves(rng, height, width):
    return procedural.overlay(rng, procedural.leaves(rng, height, width), words=4, lines=8)


CALIBRATION = (
    procedural.leaves,
    toned(0.0, 0.3, 1.4, procedural.leaves),  # dark
    toned(0.6, 1.0, 0.8, procedural.leaves),  # bright
    toned(0.0, 1.0, 1.0, blurred_leaves),
    procedural.page,
    toned(0.0, 0.35, 1.0, procedural.page),
    procedural.gradients,
    toned(0.5, 1.0, 1.0, procedural.gradients),
    procedural.textures,
    toned(0.0, 0.5, 1.0, procedural.textures),
    labelled_leaves,
    procedural.scene,
)
EVALUATION = (procedural.leaves, labelled_leaves, procedural.page, procedural.textures, blurred_leaves, procedural.scene)


def calibration_picture(number):
    """A picture as the network will see it: reduced from one of twice the size."""
    rng = np.random.default_rng([CALIBRATION_SEED, number])
    return resample.reduce_by_two(procedural.render(rng, 192, 224, CALIBRATION[number]))


def evaluation_pair(number, side):
    rng = np.random.default_rng([EVALUATION_SEED, number])
    large = procedural.render(rng, side, side, EVALUATION[number])
    return resample.reduce_by_two(large), large


def save(picture, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, optimize=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where to put chart.png, calibrate and evaluate")
    parser.add_argument("--side", type=int, default=448, help="of the large evaluation pictures")
    parser.add_argument("--only-chart", action="store_true")
    options = parser.parse_args()

    save(chart(), options.folder / "chart.png")
    if options.only_chart:
        return
    with multiprocessing.Pool() as pool:
        for number, small in enumerate(pool.imap(calibration_picture, range(len(CALIBRATION)))):
            save(small, options.folder / "calibrate" / f"{number:02d}.png")
        draw = functools.partial(evaluation_pair, side=options.side)
        for number, (small, large) in enumerate(pool.imap(draw, range(len(EVALUATION)))):
            save(small, options.folder / "evaluate" / f"{number:02d}_LR.png")
            save(large, options.folder / "evaluate" / f"{number:02d}_HR.png")


if __name__ == "__main__":
    main()
