"""More networks for architectures_torch.py: those with attention by channels or statistics of the picture, and U-Nets."""

import torch
from torch import nn
from torch.nn import functional as F

MEAN = torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1)


def conv(out, into, kernel=3, **more):
    return nn.Conv2d(into, out, kernel, padding=kernel // 2, **more)


# --- IMDN, arXiv:1909.11856 ---

class Contrast(nn.Module):
    def __init__(self, features, narrow):
        super().__init__()
        self.conv_du = nn.Sequential(conv(narrow, features, 1), nn.ReLU(), conv(features, narrow, 1), nn.Sigmoid())

    def forward(self, x):
        deviation = x.std((2, 3), unbiased=False, keepdim=True)
        return x * self.conv_du(deviation + x.mean((2, 3), keepdim=True))


class Distill(nn.Module):
    def __init__(self, features, quarter):
        super().__init__()
        self.quarter = quarter
        self.c1 = conv(features, features)
        self.c2, self.c3 = (conv(features, features - quarter) for _ in range(2))
        self.c4 = conv(quarter, features - quarter)
        self.c5 = conv(features, 4 * quarter, 1)
        self.cca = Contrast(4 * quarter, 2)

    def forward(self, x):
        kept, y = [], x
        for layer in (self.c1, self.c2, self.c3):
            y = F.leaky_relu(layer(y), 0.05)
            kept.append(y[:, :self.quarter])
            y = y[:, self.quarter:]
        return self.c5(self.cca(torch.cat(kept + [self.c4(y)], 1))) + x


class IMDN(nn.Module):
    def __init__(self, channels, features, blocks, scale):
        super().__init__()
        self.blocks = [f"IMDB{i + 1}" for i in range(blocks)]
        self.fea_conv = conv(features, channels)
        for name in self.blocks:
            setattr(self, name, Distill(features, features // 4))
        self.c = nn.Sequential(conv(features, features * blocks, 1), nn.LeakyReLU(0.05))
        self.LR_conv = conv(features, features)
        self.upsampler = nn.Sequential(conv(channels * scale ** 2, features), nn.PixelShuffle(scale))

    def forward(self, x):
        head = y = self.fea_conv(x)
        seen = []
        for name in self.blocks:
            y = getattr(self, name)(y)
            seen.append(y)
        return self.upsampler(self.LR_conv(self.c(torch.cat(seen, 1))) + head)


# --- NAFNet, arXiv:2204.04676 ---

class ChannelNorm(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))

    def forward(self, x):
        return F.layer_norm(x.permute(0, 2, 3, 1), self.weight.shape, self.weight, self.bias, 1e-6).permute(0, 3, 1, 2)


def gate(x):
    a, b = x.chunk(2, 1)
    return a * b


class NafBlock(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.conv1, self.conv2 = conv(2 * features, features, 1), conv(2 * features, 2 * features, groups=2 * features)
        self.conv3, self.conv4, self.conv5 = conv(features, features, 1), conv(2 * features, features, 1), conv(features, features, 1)
        self.sca = nn.Sequential(nn.AdaptiveAvgPool2d(1), conv(features, features, 1))
        self.norm1, self.norm2 = ChannelNorm(features), ChannelNorm(features)
        self.beta, self.gamma = (nn.Parameter(torch.zeros(1, features, 1, 1)) for _ in range(2))

    def forward(self, x):
        y = gate(self.conv2(self.conv1(self.norm1(x))))
        x = x + self.beta * self.conv3(y * self.sca(y))
        return x + self.gamma * self.conv5(gate(self.conv4(self.norm2(x))))


class NAFNet(nn.Module):
    def __init__(self, channels, features, encoders, middle, decoders):
        super().__init__()
        self.intro, self.ending = conv(features, channels), conv(channels, features)
        self.encoders, self.decoders, self.downs, self.ups = (nn.ModuleList() for _ in range(4))
        for count in encoders:
            self.encoders.append(nn.Sequential(*(NafBlock(features) for _ in range(count))))
            self.downs.append(nn.Conv2d(features, 2 * features, 2, 2))
            features *= 2
        self.middle_blks = nn.Sequential(*(NafBlock(features) for _ in range(middle)))
        for count in decoders:
            self.ups.append(nn.Sequential(nn.Conv2d(features, 2 * features, 1, bias=False), nn.PixelShuffle(2)))
            features //= 2
            self.decoders.append(nn.Sequential(*(NafBlock(features) for _ in range(count))))

    def forward(self, x):
        height, width = x.shape[2:]
        multiple = 2 ** len(self.downs)
        x = F.pad(x, (0, -width % multiple, 0, -height % multiple))
        y, seen = self.intro(x), []
        for encoder, down in zip(self.encoders, self.downs):
            seen.append(encoder(y))
            y = down(seen[-1])
        y = self.middle_blks(y)
        for decoder, up in zip(self.decoders, self.ups):
            y = decoder(up(y) + seen.pop())
        return (self.ending(y) + x)[..., :height, :width]


# --- DRUNet, arXiv:2008.13751 ---

class PlainBlock(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.res = nn.Sequential(conv(features, features, bias=False), nn.ReLU(), conv(features, features, bias=False))

    def forward(self, x):
        return x + self.res(x)


class U(nn.Module):
    """`counts`: blocks of m_down1..3, m_body, m_up3..1; `block(features, index)` makes one."""

    def make(self, features, counts, block):
        stage = lambda width, count: [block(width, i) for i in range(count)]
        for i in range(3):
            self.add_module(f"m_down{i + 1}", nn.Sequential(*stage(features, counts[i]), nn.Conv2d(features, 2 * features, 2, 2, bias=False)))
            features *= 2
        self.m_body = nn.Sequential(*stage(features, counts[3]))
        for i in (3, 2, 1):
            up = nn.ConvTranspose2d(features, features // 2, 2, 2, bias=False)
            features //= 2
            self.add_module(f"m_up{i}", nn.Sequential(up, *stage(features, counts[7 - i])))

    def walk(self, x):
        x1 = self.m_head(x)
        x2 = self.m_down1(x1)
        x3 = self.m_down2(x2)
        x4 = self.m_down3(x3)
        y = self.m_up3(self.m_body(x4) + x4)
        return self.m_tail(self.m_up1(self.m_up2(y + x3) + x2) + x1)


class DRUNet(U):
    def __init__(self, channels, features, count, level):
        super().__init__()
        self.level = level
        self.m_head = conv(features, channels + (level is not None), bias=False)
        self.make(features, [count] * 7, lambda width, _: PlainBlock(width))
        self.m_tail = conv(channels, features, bias=False)

    def forward(self, x):
        told = x if self.level is None else torch.cat([x, torch.full_like(x[:, :1], self.level)], 1)
        return self.walk(told)


# --- PLKSR and RealPLKSR, arXiv:2404.11848 ---

class Holder(nn.Module):
    """Modules under names, for the keys that they make."""

    def __init__(self, **parts):
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)


class LargeKernel(nn.Module):
    def __init__(self, features, kernel):
        super().__init__()
        self.features, self.conv = features, conv(features, features, kernel)

    def forward(self, x):
        return torch.cat([self.conv(x[:, :self.features]), x[:, self.features:]], 1)


class PlkBlock(nn.Module):
    def __init__(self, features, large, kernel, kernels, attention, real):
        super().__init__()
        self.mixer = "channel_mixer" if real else "channe_mixer"
        self.add_module(self.mixer, nn.Sequential(conv(2 * features, features, kernels[0]), nn.Mish() if real else nn.GELU(),
                                                  conv(features, 2 * features, kernels[1])))
        self.lk = LargeKernel(large, kernel)
        self.attn = Holder(f=nn.Sequential(conv(features, features), nn.Sigmoid())) if attention else None
        self.refine = conv(features, features, 1)
        self.norm = nn.GroupNorm(4, features) if real else None

    def forward(self, x):
        y = self.lk(getattr(self, self.mixer)(x))
        if self.attn is not None:
            y = y * self.attn.f(y)
        y = self.refine(y)
        return x + (y if self.norm is None else self.norm(y))


class PLKSR(nn.Module):
    def __init__(self, channels, features, blocks, large, kernel, scale, kernels=(3, 3), attention=True, real=False, dropout=False):
        super().__init__()
        self.scale = scale
        self.feats = nn.Sequential(conv(features, channels), *(PlkBlock(features, large, kernel, kernels, attention, real) for _ in range(blocks)),
                                   *([nn.Dropout2d(0.1)] if dropout else []), conv(channels * scale ** 2, features))

    def forward(self, x):
        return F.pixel_shuffle(self.feats(x) + x.repeat_interleave(self.scale ** 2, 1), self.scale)


def networks():
    """As architectures_torch.networks(); the fifth is the level of noise that the network is told."""
    yield "IMDN", "x4", IMDN(3, 16, 3, 4), 3
    yield "IMDN", "x2_grey", IMDN(1, 8, 1, 2), 1
    yield "NAFNet", "deep", NAFNet(3, 8, (1, 2, 1), 2, (1, 1, 2)), 3
    yield "NAFNet", "grey", NAFNet(1, 4, (1,), 1, (1,)), 1
    yield "DRUNet", "colour", DRUNet(3, 8, 2, 0.1), 3, 0.1
    yield "DRUNet", "grey", DRUNet(1, 4, 1, 0.04), 1, 0.04
    yield "DRUNet", "blind", DRUNet(3, 6, 2, None), 3
    yield "PLKSR", "x4", PLKSR(3, 16, 2, 4, 17, 4), 3
    yield "PLKSR", "x2_tiny", PLKSR(3, 8, 2, 8, 13, 2, kernels=(3, 1), attention=False), 3
    yield "RealPLKSR", "x4", PLKSR(3, 16, 2, 4, 17, 4, real=True, dropout=True), 3
    yield "RealPLKSR", "x1", PLKSR(3, 8, 1, 2, 9, 1, real=True), 3
