"""Resizing and measuring pictures the way super-resolution papers do.

Pictures are height x width x 3 arrays; 8-bit ones are uint8, float ones are in 0..1.
"""

import numpy as np


def cubic(x):
    """Keys' cubic kernel with a = -0.5, as MATLAB's imresize uses it."""
    x = np.abs(x)
    inner = (1.5 * x - 2.5) * x**2 + 1
    outer = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, inner, np.where(x < 2, outer, 0.0))


def bicubic_matrix(size, new_size):
    """The new_size x size matrix that resizes one axis; the support widens when it shrinks."""
    scale = new_size / size
    stretch = max(1.0, 1.0 / scale)
    centre = (np.arange(new_size) + 0.5) / scale - 0.5
    first = np.floor(centre - 2 * stretch).astype(int)
    taps = first[:, None] + np.arange(int(np.ceil(4 * stretch)) + 2)
    weight = cubic((centre[:, None] - taps) / stretch)
    weight /= weight.sum(1, keepdims=True)
    mirrored = np.mod(taps, 2 * size)
    mirrored = np.where(mirrored < size, mirrored, 2 * size - 1 - mirrored)
    matrix = np.zeros((new_size, size))
    np.add.at(matrix, (np.arange(new_size)[:, None], mirrored), weight)
    return matrix


def bicubic(picture, height, width):
    """MATLAB-style bicubic resize of an 8-bit picture, rounded to 8 bits."""
    rows = bicubic_matrix(picture.shape[0], height)
    columns = bicubic_matrix(picture.shape[1], width)
    return to_8_bits(np.einsum("yh,hwc,xw->yxc", rows, picture / 255.0, columns, optimize=True))


def reduce_by_two(picture):
    """The low-resolution half of a pair: an antialiased bicubic reduction by two."""
    return bicubic(picture, picture.shape[0] // 2, picture.shape[1] // 2)


def enlarge_by_two(picture):
    """The baseline that a network has to beat."""
    return bicubic(picture, picture.shape[0] * 2, picture.shape[1] * 2)


def to_8_bits(picture):
    """Rounds a float picture in 0..1 to uint8."""
    return np.round(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)


def luminance(picture):
    """BT.601 studio-range luminance, 16..235, of an 8-bit picture; not rounded."""
    return picture @ np.array([65.481, 128.553, 24.966]) / 255.0 + 16.0


def psnr(picture, truth, border=2):
    """PSNR in dB of the luminance of two 8-bit pictures, with the border shaved."""
    inside = (slice(border, -border),) * 2
    error = luminance(picture)[inside] - luminance(truth)[inside]
    return 10.0 * np.log10(255.0**2 / np.mean(error**2))
