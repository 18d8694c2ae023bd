"""Pictures drawn from nothing but a random generator: no photograph is involved.

Every scene is drawn at OVERSAMPLING times its size and averaged down, so that edges are antialiased.
A scene is a function (rng, height, width) -> float32 array height x width x 3 in 0..1 at the drawn size.
"""

import string

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

OVERSAMPLING = 3
# Bitstream Vera licence, extended into the public domain; Debian package fonts-dejavu-core.
FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf", "DejaVuSansMono.ttf")


def font(rng, size):
    return ImageFont.truetype(FONTS[rng.integers(len(FONTS))], max(4, round(size)))


def palette(rng, count):
    """Colours around one or two hues: a wide range of lightness, correlated channels, as in photographs."""
    spread = rng.uniform(0.05, 0.35)
    tint = rng.normal(0.0, 0.12, (2, 3))
    lightness = rng.beta(*rng.uniform(0.7, 2.0, 2), (count, 1))
    chroma = tint[rng.integers(2, size=count)] + rng.normal(0.0, spread, (count, 3)) * rng.beta(1, 3, (count, 1))
    return np.clip(lightness + chroma * (0.4 + 0.6 * lightness), 0.0, 1.0).astype(np.float32)


def noise(rng, height, width, slope, finest, coarsest):
    """Noise with a 1/f^slope spectrum between two wavelengths in pixels, stretched along a random direction.

    Zero mean, unit variance.
    """
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    angle, stretch = rng.uniform(0, np.pi), rng.uniform(1.0, 4.0) ** rng.integers(2)
    along, across = fx * np.cos(angle) + fy * np.sin(angle), fy * np.cos(angle) - fx * np.sin(angle)
    frequency = np.hypot(along, across / stretch) + 1e-9
    band = (frequency <= 1 / finest) & (frequency >= 1 / coarsest)
    phase = np.exp(2j * np.pi * rng.random(frequency.shape))
    field = np.fft.irfft2(np.where(band, frequency**-slope, 0.0) * phase, (height, width))
    return ((field - field.mean()) / (field.std() + 1e-12)).astype(np.float32)


def stripes(rng, height, width):
    """Parallel bars, soft or hard, of one period and direction. Zero mean, about unit variance."""
    period, angle = OVERSAMPLING * rng.uniform(2.5, 24.0), rng.uniform(0, np.pi)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    wave = np.sin(2 * np.pi / period * (x * np.cos(angle) + y * np.sin(angle)) + rng.uniform(0, 6))
    return np.tanh(wave * rng.choice([0.5, 2.0, 12.0])) * 1.2


def outline(rng, centre, radius):
    """Vertices of one leaf: an ellipse, a polygon or a wobbly blob."""
    kind = rng.integers(3)
    corners = rng.integers(3, 7) if kind == 1 else 12 if radius < 8 else 40
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False) + rng.uniform(0, 2 * np.pi)
    reach = np.full(corners, radius)
    if kind == 2:
        reach = radius * (1 + 0.3 * np.sin(rng.integers(2, 6) * angle + rng.uniform(0, 6)))
    turn, flat = rng.uniform(0, np.pi), rng.uniform(0.25, 1.0)
    x, y = reach * np.cos(angle), reach * np.sin(angle) * flat
    return list(zip(centre[0] + x * np.cos(turn) - y * np.sin(turn), centre[1] + x * np.sin(turn) + y * np.cos(turn)))


def power_law_radii(rng, count, smallest, largest):
    """Radii with density 1/r^3, which makes dead leaves invariant to scale."""
    return (smallest**-2 - rng.random(count) * (smallest**-2 - largest**-2)) ** -0.5


def leaves(rng, height, width):
    """Dead leaves: overlapping shapes of all sizes, each with a colour, a slope of it and perhaps a texture."""
    smallest = OVERSAMPLING * np.exp(rng.uniform(np.log(0.7), np.log(6.0)))
    largest = rng.uniform(0.3, 0.8) * max(height, width)
    mean_area = 2 * smallest**2 * np.log(largest / smallest)
    count = int(min(15000, 3 * height * width / mean_area))
    radius = power_law_radii(rng, count, smallest, largest)
    centre = rng.uniform(0, (width, height), (count, 2))

    labels = Image.new("I", (width, height), 0)
    draw = ImageDraw.Draw(labels)
    for label in range(count):
        draw.polygon(outline(rng, centre[label], radius[label]), fill=label)
    label = np.asarray(labels)

    y, x = np.mgrid[:height, :width].astype(np.float32)
    slope = (rng.normal(0, 0.08, (count, 2)) / radius[:, None]).astype(np.float32)
    offset = (slope * centre).sum(1).astype(np.float32)
    shade = slope[label, 0] * x + slope[label, 1] * y - offset[label]

    fields = np.stack([texture_field(rng, height, width) for _ in range(3)])
    strength = (rng.uniform(0, 0.25, count) * (rng.random(count) < 0.5)).astype(np.float32)
    detail = np.choose(rng.integers(3, size=count)[label], fields) * strength[label]
    return palette(rng, count)[label] * (1 + shade + detail)[..., None]


def texture_field(rng, height, width):
    """A unit-variance pattern for the surface of things."""
    if rng.random() < 0.25:
        return stripes(rng, height, width)
    finest = OVERSAMPLING * rng.uniform(2.0, 6.0)
    return noise(rng, height, width, rng.uniform(0.5, 2.0), finest, finest * rng.uniform(2.0, 60.0))


def textures(rng, height, width):
    """Two coloured textures, one showing through holes in the other."""
    mask = noise(rng, height, width, 1.5, 6 * OVERSAMPLING, 100 * OVERSAMPLING) > rng.normal()
    layers = [palette(rng, 1)[0] * (1 + rng.uniform(0.05, 0.35) * texture_field(rng, height, width)[..., None])
              for _ in range(2)]
    return np.where(mask[..., None], *layers)


def gradients(rng, height, width):
    """A smooth blend of four colours: sky, walls, paper."""
    colours = palette(rng, 4)
    angle, bend = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 2.0)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    u = np.clip(0.5 + (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle), 0, 1)[..., None] ** bend
    v = np.clip(0.5 - (x - 0.5) * np.sin(angle) + (y - 0.5) * np.cos(angle), 0, 1)[..., None]
    return (colours[0] * (1 - u) + colours[1] * u) * (1 - v) + (colours[2] * (1 - u) + colours[3] * u) * v


def page(rng, height, width):
    """Print on paper: lines of text and ruled lines."""
    return overlay(rng, gradients(rng, height, width), words=rng.integers(8, 30), lines=rng.integers(4, 25))


def overlay(rng, picture, words, lines):
    """Draws words, lines and arcs of random size, colour and direction over a picture."""
    height, width = picture.shape[:2]
    colours = as_bytes(palette(rng, 6))
    canvas = Image.fromarray(as_bytes(picture))
    draw = ImageDraw.Draw(canvas)
    for _ in range(lines):
        ends = rng.uniform(-0.1, 1.1, 4) * (width, height, width, height)
        colour = tuple(colours[rng.integers(6)])
        thickness = max(1, round(OVERSAMPLING * np.exp(rng.uniform(np.log(0.5), np.log(6.0)))))
        if rng.random() < 0.6:
            draw.line(list(ends), fill=colour, width=thickness)
        else:
            box = (*np.minimum(ends[:2], ends[2:]), *np.maximum(ends[:2], ends[2:]))
            draw.arc(box, *rng.uniform(0, 360, 2), fill=colour, width=thickness)
    for _ in range(words):
        size = OVERSAMPLING * np.exp(rng.uniform(np.log(7.0), np.log(40.0)))
        letters = "".join(rng.choice(list(string.ascii_letters + string.digits + " .,-&%"), rng.integers(2, 14)))
        stamp = Image.new("L", (round(size * len(letters)), round(2 * size)))
        ImageDraw.Draw(stamp).text((size / 2, size / 4), letters, font=font(rng, size), fill=255)
        if rng.random() < 0.4:
            stamp = stamp.rotate(rng.uniform(-90, 90), Image.Resampling.BICUBIC, expand=True)
        place = (rng.uniform(-0.1, 0.9, 2) * (width, height)).astype(int)
        canvas.paste(tuple(colours[rng.integers(6)]), tuple(place), stamp)
    return np.asarray(canvas, np.float32) / 255


def defocus(rng, picture):
    """Blurs part of a picture, as a lens does away from the plane in focus."""
    height, width = picture.shape[:2]
    radius = OVERSAMPLING * rng.uniform(0.5, 4.0)
    blurred = Image.fromarray(as_bytes(picture)).filter(ImageFilter.GaussianBlur(radius))
    depth = noise(rng, height, width, 2.0, 60 * OVERSAMPLING, 1e4)
    sharp = np.clip(0.5 + depth + rng.normal(0, 0.5), 0, 1)[..., None]
    return picture * sharp + np.asarray(blurred, np.float32) / 255 * (1 - sharp)


def tone(picture, black, white, gamma):
    """Maps 0..1 to black..white along a power curve."""
    return black + (white - black) * np.clip(picture, 0, 1) ** gamma


def as_bytes(picture):
    return np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def scene(rng, height, width):
    """A scene of a kind drawn by chance: mostly dead leaves, some with lines and words, some out of focus."""
    kind = rng.choice([leaves, textures, gradients, page], p=[0.7, 0.1, 0.05, 0.15])
    picture = kind(rng, height, width)
    if kind in (leaves, gradients) and rng.random() < 0.3:
        picture = overlay(rng, picture, words=rng.integers(0, 4), lines=rng.integers(1, 10))
    if rng.random() < 0.4:
        picture = defocus(rng, picture)
    return tone(picture, rng.uniform(0, 0.15), rng.uniform(0.75, 1.0), np.exp(rng.normal(0, 0.25)))


def render(rng, height, width, draw=scene):
    """An 8-bit picture of height x width, averaged down from a scene drawn OVERSAMPLING times as large."""
    large = draw(rng, height * OVERSAMPLING, width * OVERSAMPLING)
    blocks = np.clip(large, 0, 1).reshape(height, OVERSAMPLING, width, OVERSAMPLING, 3)
    return as_bytes(blocks.mean((1, 3)))
