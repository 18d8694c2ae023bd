#!/usr/bin/env python3
"""Networks of the architectures that no checkpoint is at hand for: written in PyTorch from their papers, with random weights.

    architectures_torch.py FOLDER

writes, for each, `name.pth`, and for some pictures `name.in_0.npy`, `name.out_0.npy`, ...; `name.level` for a network that is
told the level of noise. The test that starts this is tests/architectures_torch_test.cc.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import architectures_torch_branches
import architectures_torch_more
import architectures_torch_windows
from architectures_torch_more import MEAN, conv


class Dense(nn.Module):
    def __init__(self, features, growth, wrap):
        super().__init__()
        for i in range(5):
            layer = conv(features if i == 4 else growth, features + i * growth)
            setattr(self, f"conv{i + 1}", nn.Sequential(layer) if wrap else layer)

    def forward(self, x):
        seen = [x]
        for i in range(4):
            seen.append(F.leaky_relu(getattr(self, f"conv{i + 1}")(torch.cat(seen, 1)), 0.2))
        return x + 0.2 * self.conv5(torch.cat(seen, 1))


class Block(nn.Module):
    def __init__(self, features, growth, name, wrap=False):
        super().__init__()
        self.parts = [f"{name}{i}" for i in (1, 2, 3)]
        for part in self.parts:
            setattr(self, part, Dense(features, growth, wrap))

    def forward(self, x):
        y = x
        for part in self.parts:
            y = getattr(self, part)(y)
        return x + 0.2 * y


class RRDBNet(nn.Module):
    """`names`: first, blocks, dense, trunk, up, hr, last."""

    def __init__(self, channels, features, growth, blocks, stages, unshuffle, names):
        super().__init__()
        self.names, self.unshuffle, self.stages = names, unshuffle, stages
        first, body, dense, trunk, up, hr, last = names
        setattr(self, first, conv(features, channels * unshuffle ** 2))
        setattr(self, body, nn.ModuleList(Block(features, growth, dense) for _ in range(blocks)))
        setattr(self, trunk, conv(features, features))
        for i in range(stages):
            setattr(self, f"{up}{i + 1}", conv(features, features))
        setattr(self, hr, conv(features, features))
        setattr(self, last, conv(channels, features))

    def forward(self, x):
        first, body, _, trunk, up, hr, last = self.names
        head = y = getattr(self, first)(F.pixel_unshuffle(x, self.unshuffle))
        for block in getattr(self, body):
            y = block(y)
        y = head + getattr(self, trunk)(y)
        for i in range(self.stages):
            y = F.leaky_relu(getattr(self, f"{up}{i + 1}")(F.interpolate(y, scale_factor=2)), 0.2)
        return getattr(self, last)(F.leaky_relu(getattr(self, hr)(y), 0.2))


NEW = ("conv_first", "body", "rdb", "conv_body", "conv_up", "conv_hr", "conv_last")
OLD = ("conv_first", "RRDB_trunk", "RDB", "trunk_conv", "upconv", "HRconv", "conv_last")


class Shortcut(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.sub = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.sub(x)


def oldest_rrdbnet(channels, features, growth, blocks, stages):
    """One Sequential, as the first release of ESRGAN had it."""
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            trunk = [Block(features, growth, "RDB", wrap=True) for _ in range(blocks)] + [conv(features, features)]
            layers = [conv(features, channels), Shortcut(*trunk)]
            for _ in range(stages):
                layers += [nn.Upsample(scale_factor=2), conv(features, features), nn.LeakyReLU(0.2)]
            layers += [conv(features, features), nn.LeakyReLU(0.2), conv(channels, features)]
            self.model = nn.Sequential(*layers)

        def forward(self, x):
            return self.model(x)
    return Net()


class Residual(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.conv1, self.conv2 = conv(features, features), conv(features, features)

    def forward(self, x):
        return x + self.conv2(F.relu(self.conv1(x)))


class EDSR(nn.Module):
    def __init__(self, features, blocks, factors):
        super().__init__()
        self.conv_first = conv(features, 3)
        self.body = nn.Sequential(*(Residual(features) for _ in range(blocks)))
        self.conv_after_body = conv(features, features)
        self.upsample = nn.Sequential(*(part for f in factors for part in (conv(features * f * f, features), nn.PixelShuffle(f))))
        self.conv_last = conv(3, features)

    def forward(self, x):
        x = self.conv_first((x - MEAN) * 255)
        return self.conv_last(self.upsample(x + self.conv_after_body(self.body(x)))) / 255 + MEAN


class SRResNet(nn.Module):
    def __init__(self, channels, features, blocks, factors):
        super().__init__()
        self.factors = factors
        self.conv_first = conv(features, channels)
        self.body = nn.Sequential(*(Residual(features) for _ in range(blocks)))
        for i, factor in enumerate(factors):
            setattr(self, f"upconv{i + 1}", conv(features * factor ** 2, features))
        self.conv_hr, self.conv_last = conv(features, features), conv(channels, features)

    def forward(self, x):
        y = self.body(F.leaky_relu(self.conv_first(x), 0.1))
        scale = 1
        for i, factor in enumerate(self.factors):
            y = F.leaky_relu(F.pixel_shuffle(getattr(self, f"upconv{i + 1}")(y), factor), 0.1)
            scale *= factor
        y = self.conv_last(F.leaky_relu(self.conv_hr(y), 0.1))
        return y + F.interpolate(x, scale_factor=scale, mode="bilinear", align_corners=False)


def networks():
    """Architecture, what tells this one from others of it, the network, its channels."""
    yield "RRDBNet", "x4", RRDBNet(3, 8, 4, 2, 2, 1, NEW), 3
    yield "RRDBNet", "x2_unshuffled", RRDBNet(3, 6, 4, 1, 2, 2, NEW), 3
    yield "RRDBNet", "x1_unshuffled", RRDBNet(3, 6, 3, 1, 2, 4, NEW), 3
    yield "RRDBNet", "old_names", RRDBNet(1, 8, 4, 2, 2, 1, OLD), 1
    yield "RRDBNet", "old_names_x8", RRDBNet(3, 4, 2, 1, 3, 1, OLD), 3
    yield "RRDBNet", "oldest_names", oldest_rrdbnet(3, 8, 4, 2, 2), 3
    yield "RRDBNet", "oldest_names_x2", oldest_rrdbnet(3, 6, 4, 1, 1), 3
    yield "RRDBNet", "oldest_names_x1", oldest_rrdbnet(3, 6, 4, 2, 0), 3
    yield "EDSR", "x4", EDSR(8, 2, (2, 2)), 3
    yield "EDSR", "x3", EDSR(6, 1, (3,)), 3
    yield "SRResNet", "x4", SRResNet(3, 8, 2, (2, 2)), 3
    yield "SRResNet", "x3_grey", SRResNet(1, 6, 1, (3,)), 1


# Sides that are multiples of what the network wants, where it wants that, and others where it does not.
SIZES = ((16, 24), (20, 12), (23, 37))
MULTIPLES = {"DRUNet": 8}


def shake(network):
    """Weights that training would leave: none is 0 or 1 as it was made."""
    for parameter in network.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter) * (parameter.dim() == 1 or parameter.shape[0] == 1)


def main():
    folder = Path(sys.argv[1])
    torch.manual_seed(1)
    more = (architectures_torch_more, architectures_torch_windows, architectures_torch_branches)
    for architecture, kind, network, channels, *level in (*networks(), *(each for module in more for each in module.networks())):
        shake(network)
        network.eval()
        name = f"{architecture}.{kind}"
        torch.save(network.state_dict(), folder / f"{name}.pth")
        if level:
            (folder / f"{name}.level").write_text(str(level[0]))
        multiple = MULTIPLES.get(architecture, 4 if kind == "x1_unshuffled" else 2 if kind == "x2_unshuffled" else 1)
        for i, (height, width) in enumerate(SIZES):
            picture = torch.rand(1, channels, -(-height // multiple) * multiple, -(-width // multiple) * multiple)
            with torch.no_grad():
                restored = network(picture)
            np.save(folder / f"{name}.in_{i}.npy", picture.numpy())
            np.save(folder / f"{name}.out_{i}.npy", restored.numpy())


if __name__ == "__main__":
    main()
