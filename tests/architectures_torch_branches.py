"""Networks for architectures_torch.py as they are trained: with layers of several branches that whoever uses them merges."""

import torch
from torch import nn
from torch.nn import functional as F

from architectures_torch_more import MEAN, conv


class RepVGG(nn.Module):
    """arXiv:2101.03697."""

    def __init__(self, out, into):
        super().__init__()
        branch = lambda kernel: nn.ModuleDict({"conv": conv(out, into, kernel, bias=False), "bn": nn.BatchNorm2d(out)})
        self.rbr_dense, self.rbr_1x1 = branch(3), branch(1)
        self.rbr_identity = nn.BatchNorm2d(into) if out == into else None

    def forward(self, x):
        y = sum(branch["bn"](branch["conv"](x)) for branch in (self.rbr_dense, self.rbr_1x1))
        return y if self.rbr_identity is None else y + self.rbr_identity(x)


class RepResidual(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.conv1, self.conv2 = RepVGG(features, features), conv(features, features)

    def forward(self, x):
        return x + self.conv2(F.relu(self.conv1(x)))


class RepEDSR(nn.Module):
    def __init__(self, features, blocks):
        super().__init__()
        self.conv_first = RepVGG(features, 3)
        self.body = nn.Sequential(*(RepResidual(features) for _ in range(blocks)))
        self.conv_after_body = conv(features, features)
        self.upsample = nn.Sequential(conv(4 * features, features), nn.PixelShuffle(2))
        self.conv_last = conv(3, features)

    def forward(self, x):
        x = self.conv_first((x - MEAN) * 255)
        return self.conv_last(self.upsample(x + self.conv_after_body(self.body(x)))) / 255 + MEAN


EDGES = {"sbx": ((1, 0, -1), (2, 0, -2), (1, 0, -1)), "sby": ((1, 2, 1), (0, 0, 0), (-1, -2, -1)), "lpl": ((0, 1, 0), (1, -4, 1), (0, 1, 0))}


class Sequence(nn.Module):
    """A 1x1 convolution, padded with its bias, and a 3x3 one: of its own, or a scaled edge filter for each channel."""

    def __init__(self, out, into, edge=None, middle=None):
        super().__init__()
        middle = middle or out
        self.edge = edge
        parameter = lambda *shape: nn.Parameter(0.3 * torch.randn(shape))
        self.k0, self.b0 = parameter(middle, into, 1, 1), parameter(middle)
        if edge is None:
            self.k1, self.b1 = parameter(out, middle, 3, 3), parameter(out)
        else:
            self.scale, self.bias = parameter(out, 1, 1, 1), parameter(out)
            self.mask = nn.Parameter(torch.tensor(EDGES[edge]).float().repeat(out, 1, 1, 1), requires_grad=False)

    def forward(self, x):
        y = F.conv2d(x, self.k0, self.b0) - self.b0.view(1, -1, 1, 1)
        y = F.pad(y, (1, 1, 1, 1)) + self.b0.view(1, -1, 1, 1)
        if self.edge is None:
            return F.conv2d(y, self.k1, self.b1)
        return F.conv2d(y, self.scale * self.mask, self.bias, groups=len(self.bias))


class ECB(nn.Module):
    def __init__(self, out, into, last=False):
        super().__init__()
        self.conv3x3 = conv(out, into)
        self.conv1x1_3x3 = Sequence(out, into, middle=2 * out)
        for edge in EDGES:
            self.add_module(f"conv1x1_{edge}", Sequence(out, into, edge))
        self.act = None if last else nn.PReLU(out)

    def forward(self, x):
        y = self.conv3x3(x) + self.conv1x1_3x3(x) + self.conv1x1_sbx(x) + self.conv1x1_sby(x) + self.conv1x1_lpl(x)
        return y if self.act is None else self.act(y)


class ECBSR(nn.Module):
    def __init__(self, channels, features, blocks, scale):
        super().__init__()
        self.scale = scale
        self.backbone = nn.Sequential(ECB(features, channels), *(ECB(features, features) for _ in range(blocks)),
                                      ECB(channels * scale ** 2, features, last=True))

    def forward(self, x):
        return F.pixel_shuffle(self.backbone(x) + x.repeat_interleave(self.scale ** 2, 1), self.scale)


class Conv3XC(nn.Module):
    """With what is left of an earlier merge in eval_conv, or without."""

    def __init__(self, out, into, stale, gain=2):
        super().__init__()
        self.sk = conv(out, into, 1)
        self.conv = nn.Sequential(conv(gain * into, into, 1), nn.Conv2d(gain * into, gain * out, 3), conv(out, gain * out, 1))
        if stale:
            self.eval_conv = conv(out, into)

    def forward(self, x):
        return self.conv(F.pad(x, (1, 1, 1, 1))) + self.sk(x)


class SpanBlock(nn.Module):
    def __init__(self, features, stale):
        super().__init__()
        self.c1_r, self.c2_r, self.c3_r = (Conv3XC(features, features, stale) for _ in range(3))

    def forward(self, x):
        first = self.c1_r(x)
        y = self.c3_r(F.silu(self.c2_r(F.silu(first))))
        return (y + x) * (torch.sigmoid(y) - 0.5), F.silu(first)


class SPAN(nn.Module):
    def __init__(self, features, blocks, scale, stale):
        super().__init__()
        self.blocks = [f"block_{i + 1}" for i in range(blocks)]
        self.conv_1, self.conv_2 = Conv3XC(features, 3, stale), Conv3XC(features, features, stale)
        for name in self.blocks:
            self.add_module(name, SpanBlock(features, stale))
        self.conv_cat = conv(features, 4 * features, 1)
        self.upsampler = nn.Sequential(conv(3 * scale ** 2, features), nn.PixelShuffle(scale))

    def forward(self, x):
        head = y = self.conv_1((x - MEAN) * 255)
        outputs = []
        for name in self.blocks:
            y, early = getattr(self, name)(y)
            outputs.append(y)
        return self.upsampler(self.conv_cat(torch.cat([head, self.conv_2(y), outputs[0], early], 1)))


def shake_norms(network):
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.3)
            layer.running_var.uniform_(0.3, 2)
    return network


def networks():
    """As architectures_torch.networks()."""
    yield "EDSR", "of_repvgg", shake_norms(RepEDSR(8, 2)), 3
    yield "ECBSR", "x2", ECBSR(1, 8, 2, 2), 1
    yield "ECBSR", "x3_colour", ECBSR(3, 6, 1, 3), 3
    yield "SPAN", "in_training", SPAN(6, 2, 4, True), 3
    yield "SPAN", "never_merged", SPAN(8, 1, 2, False), 3
