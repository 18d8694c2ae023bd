"""A network of weights alone, of any size, and how fast the disk is that it lies on: what weight-only variants are measured with."""

import mmap
import os
import time
from pathlib import Path

CHUNK = 1 << 24
PROBE = 1 << 29  # bytes written to see how fast the disk is


def make_network(out, layers, side):
    """A chain of MatMul of side x side, its weights in one file beside it, on the disk; each tensor has its own scale."""
    import numpy
    import onnx
    from onnx import TensorProto, helper

    out, size = Path(out), 4 * side * side
    data = Path(f"{out}.data")
    weights = numpy.random.default_rng(1).standard_normal((side, side), numpy.float32) / numpy.float32(side**0.5)
    nodes, constants = [], []
    with data.open("wb") as file:
        for i in range(layers):
            (numpy.roll(weights, i, axis=1) * numpy.float32(1 + 0.1 * i)).tofile(file)
            tensor = TensorProto(name=f"weight.{i}", data_type=TensorProto.FLOAT, dims=[side, side], data_location=TensorProto.EXTERNAL)
            for key, value in (("location", data.name), ("offset", i * size), ("length", size)):
                tensor.external_data.add(key=key, value=str(value))
            constants.append(tensor)
            nodes.append(helper.make_node("MatMul", [f"value.{i}", tensor.name], [f"value.{i + 1}"], f"matmul.{i}"))
        file.flush()
        os.fsync(file.fileno())
    ends = [helper.make_tensor_value_info(f"value.{i}", TensorProto.FLOAT, ["rows", side]) for i in (0, layers)]
    graph = helper.make_graph(nodes, "large", ends[:1], ends[1:], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), str(out))
    return data


def forget(path):
    """Takes a file out of the system's cache."""
    with open(path, "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def open_directly(path):
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECT)
    except (AttributeError, OSError):  # another system, a file system in memory
        return os.open(path, os.O_RDONLY)


def read_rate(path):
    """GB/s, from the disk: past the system's cache where that can be, whose copying is not the disk's time."""
    forget(path)
    file, offset = open_directly(path), 0
    start = time.monotonic()
    with mmap.mmap(-1, CHUNK) as buffer:  # aligned
        while read := os.preadv(file, [buffer], offset):
            offset += read
    os.close(file)
    return offset / (time.monotonic() - start) / 1e9


def write_rate(folder):
    """GB/s, until it is on the disk."""
    path, chunk = folder / "probe", os.urandom(CHUNK)
    start = time.monotonic()
    with open(path, "wb", buffering=0) as file:
        for _ in range(PROBE // CHUNK):
            file.write(chunk)
        os.fsync(file.fileno())
    rate = PROBE / (time.monotonic() - start) / 1e9
    path.unlink()
    return rate
