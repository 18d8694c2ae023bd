#!/usr/bin/env python3
"""Judges mantissa's checkpoint reader and writer by real PyTorch.

    checkpoint_torch.py make FOLDER       writes checkpoints of every kind that torch.save knows
    checkpoint_torch.py compare FOLDER    compares what was read from each, and written back, with what torch.load gives

For each `name.pth` there is `name.read` (first line: the wrappers; then key, format, shape, SHA-256 of the bytes, separated by
tabs) and `name.back`, the checkpoint that was written back. The test that starts this is src/format/checkpoint/torch_test.cc.
"""

import collections
import hashlib
import sys
import warnings
from pathlib import Path

import torch

warnings.filterwarnings("ignore")
OrderedDict = collections.OrderedDict


def network():
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.PReLU(), torch.nn.Conv2d(4, 3, 3))


def checkpoints():
    """Name and object of each checkpoint."""
    torch.manual_seed(1)
    net = network()
    weights = net.state_dict()
    yield "plain", weights
    yield "parameters", OrderedDict(net.named_parameters())
    yield "dict", dict(weights)
    yield "params_ema", {"params": OrderedDict((k, torch.zeros_like(v)) for k, v in weights.items()), "params_ema": weights}
    yield "module_prefix", OrderedDict(("module." + k, v) for k, v in weights.items())

    optimizer = torch.optim.Adam(net.parameters())
    net(torch.rand(1, 3, 8, 8)).sum().backward()
    optimizer.step()
    yield "training", {"epoch": 7, "optimizer": optimizer.state_dict(), "loss": 0.25, "state_dict": net.state_dict(), "note": "ü"}
    yield "nested", {"model": {"generator": weights}, "history": [1, 2.5, None, True, (1, 2)], "big": 1 << 80}

    base = torch.arange(60, dtype=torch.float32).reshape(3, 4, 5)
    yield "strides", OrderedDict([("transposed", base.transpose(0, 2)), ("sliced", base[1:, ::2, 1:4]), ("expanded", base[0, :1].expand(7, 5)),
                                  ("scalar", torch.tensor(1.5)), ("empty", torch.zeros(0, 3)), ("whole", base), ("tied", base),
                                  ("channels_last", torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last))])
    formats = ["float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool",
               "uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2"]
    yield "formats", OrderedDict((name, torch.tensor([[0, 1, 1], [1, 0, 1]]).to(getattr(torch, name)))
                                 for name in formats if hasattr(torch, name))
    special = torch.tensor([float("nan"), float("inf"), -float("inf"), -0.0, 1e-45, 3.4e38])
    yield "special", OrderedDict([("values", special), ("ключ 日本", special)])
    yield "many", OrderedDict((f"layer.{i}", torch.full((1,), float(i))) for i in range(300))


def make(folder):
    for name, value in checkpoints():
        torch.save(value, folder / f"{name}.pth")
        if not any(isinstance(v, torch.Tensor) and str(v.dtype) in NEW_FORMATS for v in value.values()):
            torch.save(value, folder / f"{name}_legacy.pth", _use_new_zipfile_serialization=False)
        torch.save(value, folder / f"{name}_protocol4.pth", pickle_protocol=4)


NEW_FORMATS = {"torch.uint16", "torch.uint32", "torch.uint64", "torch.float8_e4m3fn", "torch.float8_e5m2"}  # not in the legacy form


def digest(tensor):
    tensor = tensor.detach().contiguous().cpu().reshape(-1)
    as_bytes = tensor.view(torch.uint8) if tensor.numel() else tensor.new_zeros(0, dtype=torch.uint8)
    try:
        return hashlib.sha256(as_bytes.numpy().tobytes()).hexdigest()
    except RuntimeError:  # PyTorch without NumPy
        return hashlib.sha256(bytes(as_bytes.tolist())).hexdigest()


def describe(weights):
    """What `name.read` should say of a dictionary."""
    return [[key, str(value.dtype).replace("torch.", "").replace("bool", "boolean"), ",".join(map(str, value.shape)), digest(value)]
            for key, value in weights.items() if isinstance(value, torch.Tensor)]


def unwrap(value, wrappers, alone):
    for wrapper in wrappers:
        if alone:
            assert list(value) == [wrapper], f"wrappers are {list(value)}, not {wrapper}"
        value = value[wrapper]
    return value


def load_original(path):
    # Only what make() wrote needs more than weights_only, which knows no protocol 4; before PyTorch 2 it knew no floats either.
    only = path.name.startswith("model_") and int(torch.__version__.split(".")[0]) >= 2
    return torch.load(path, map_location="cpu", weights_only=only)


def compare(folder):
    names = sorted(path.with_suffix("") for path in folder.glob("*.read"))
    for name in names:
        wrappers, *lines = name.with_suffix(".read").read_text(encoding="utf-8").rstrip("\n").split("\n")
        wrappers = wrappers.split("\t") if wrappers else []
        read = [line.split("\t") for line in lines]
        original = name.with_suffix(".pth")
        true = describe(unwrap(load_original(original), wrappers, alone=False))
        assert read == true, f"{name.name}: read differs: {[pair for pair in zip(read, true) if pair[0] != pair[1]][:3]}"
        back = torch.load(name.with_suffix(".back"), weights_only=True)
        weights = unwrap(back, wrappers, alone=True)
        assert isinstance(weights, OrderedDict), f"{name.name}: written back as {type(weights)}"
        assert all(value.is_contiguous() and value.device.type == "cpu" and not value.requires_grad for value in weights.values())
        assert describe(weights) == true, f"{name.name}: written back differs"
    print(f"{len(names)} checkpoints are the same in PyTorch {torch.__version__}")
    return 0 if names else 1


def main():
    command, folder = sys.argv[1], Path(sys.argv[2])
    return make(folder) if command == "make" else compare(folder)


if __name__ == "__main__":
    sys.exit(main())
