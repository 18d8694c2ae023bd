"""More networks for architectures_torch.py: those with attention or statistics of the picture, and U-Nets."""

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


# --- DRUNet, arXiv:2008.13751, and SCUNet, arXiv:2203.13278: the same U ---

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


def windows_of(x, side):
    """[batch, height, width, channels] -> [batch * windows, side * side, channels]."""
    batch, height, width, channels = x.shape
    x = x.view(batch, height // side, side, width // side, side, channels)
    return x.transpose(2, 3).reshape(-1, side * side, channels)


def picture_of(windows, like, side):
    batch, height, width, channels = like.shape
    x = windows.view(batch, height // side, width // side, side, side, channels)
    return x.transpose(2, 3).reshape(batch, height, width, channels)


def shift_mask(height, width, side, shift):
    """Which pairs of pixels in a window come from different sides of a picture that was rolled: the arXiv:2103.14030 cyclic shift."""
    part = lambda size: torch.tensor([0] * (size - side) + [1] * (side - shift) + [2] * shift)
    parts = (part(height)[:, None] * 3 + part(width)[None, :]).view(1, height, width, 1).float()
    ids = windows_of(parts, side)
    return ids != ids.transpose(1, 2)


def distances(side):
    places = torch.tensor([(i // side, i % side) for i in range(side * side)])
    return places[:, None] - places[None, :] + side - 1


def attention(qkv, heads, bias, mask, batch):
    """qkv: [windows, pixels, 3 * channels]; mask: [windows of one picture, pixels, pixels], added."""
    count, pixels, channels = qkv.shape
    q, k, v = qkv.view(count, pixels, 3, heads, channels // 3 // heads).permute(2, 0, 3, 1, 4)
    likeness = q @ k.transpose(-1, -2) * (channels // 3 // heads) ** -0.5 + bias
    if mask is not None:
        likeness = likeness + mask.repeat(batch, 1, 1)[:, None]
    return (likeness.softmax(-1) @ v).transpose(1, 2).reshape(count, pixels, channels // 3)


class ScunetAttention(nn.Module):
    def __init__(self, features, heads, side, shifted):
        super().__init__()
        self.heads, self.side, self.shift = heads, side, side // 2 if shifted else 0
        self.relative_position_params = nn.Parameter(torch.randn(heads, 2 * side - 1, 2 * side - 1))
        self.embedding_layer, self.linear = nn.Linear(features, 3 * features), nn.Linear(features, features)

    def forward(self, x):
        x = x.roll((-self.shift, -self.shift), (1, 2))
        apart = distances(self.side)
        apart_in_the_picture = shift_mask(*x.shape[1:3], self.side, self.shift) if self.shift else None
        mask = None if apart_in_the_picture is None else torch.zeros(apart_in_the_picture.shape).masked_fill_(apart_in_the_picture, -torch.inf)
        y = attention(self.embedding_layer(windows_of(x, self.side)), self.heads,
                      self.relative_position_params[:, apart[..., 0], apart[..., 1]], mask, x.shape[0])
        return picture_of(self.linear(y), x, self.side).roll((self.shift, self.shift), (1, 2))


class TransBlock(nn.Module):
    def __init__(self, features, heads, side, shifted):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(features), nn.LayerNorm(features)
        self.msa = ScunetAttention(features, heads, side, shifted)
        self.mlp = nn.Sequential(nn.Linear(features, 4 * features), nn.GELU(), nn.Linear(4 * features, features))

    def forward(self, x):
        x = x + self.msa(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class ScunetBlock(nn.Module):
    def __init__(self, features, per_head, side, index):
        super().__init__()
        half = features // 2
        self.conv1_1, self.conv1_2 = conv(features, features, 1), conv(features, features, 1)
        self.conv_block = nn.Sequential(conv(half, half, bias=False), nn.ReLU(), conv(half, half, bias=False))
        self.trans_block = TransBlock(half, half // per_head, side, index % 2 == 1)

    def forward(self, x):
        c, t = self.conv1_1(x).chunk(2, 1)
        t = self.trans_block(t.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return x + self.conv1_2(torch.cat([c + self.conv_block(c), t], 1))


class SCUNet(U):
    def __init__(self, channels, features, counts, per_head, side=8):
        super().__init__()
        self.m_head = nn.Sequential(conv(features, channels, bias=False))
        self.make(features, counts, lambda width, index: ScunetBlock(width, per_head, side, index))
        self.m_tail = nn.Sequential(conv(channels, features, bias=False))

    def forward(self, x):
        height, width = x.shape[2:]
        return self.walk(F.pad(x, (0, -width % 64, 0, -height % 64), mode="replicate"))[..., :height, :width]


# --- SwinIR, arXiv:2108.10257 ---

class WindowAttention(nn.Module):
    def __init__(self, features, heads, side, qkv_bias):
        super().__init__()
        self.heads = heads
        self.relative_position_bias_table = nn.Parameter(torch.randn((2 * side - 1) ** 2, heads))
        apart = distances(side)
        self.register_buffer("relative_position_index", apart[..., 0] * (2 * side - 1) + apart[..., 1])
        self.qkv, self.proj = nn.Linear(features, 3 * features, bias=qkv_bias), nn.Linear(features, features)

    def forward(self, windows, mask, batch):
        bias = self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)
        return self.proj(attention(self.qkv(windows), self.heads, bias, mask, batch))


class Mlp(nn.Module):
    def __init__(self, features, ratio):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(features, features * ratio), nn.Linear(features * ratio, features)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class SwinBlock(nn.Module):
    def __init__(self, features, heads, side, shifted, trained_on, qkv_bias):
        super().__init__()
        self.side, self.shift = side, side // 2 if shifted else 0
        self.norm1, self.norm2 = nn.LayerNorm(features), nn.LayerNorm(features)
        self.attn, self.mlp = WindowAttention(features, heads, side, qkv_bias), Mlp(features, 2)
        self.register_buffer("attn_mask", self.mask(trained_on, trained_on) if shifted else None)

    def mask(self, height, width):
        return -100.0 * shift_mask(height, width, self.side, self.shift).float()

    def forward(self, x):
        y = self.norm1(x).roll((-self.shift, -self.shift), (1, 2))
        mask = self.mask(*x.shape[1:3]) if self.shift else None
        y = picture_of(self.attn(windows_of(y, self.side), mask, x.shape[0]), x, self.side)
        x = x + y.roll((self.shift, self.shift), (1, 2))
        return x + self.mlp(self.norm2(x))


class Holder(nn.Module):
    """Modules under names, for the keys that they make."""

    def __init__(self, **parts):
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)


def last_conv(features, three):
    if not three:
        return conv(features, features)
    return nn.Sequential(conv(features // 4, features), nn.LeakyReLU(0.2), conv(features // 4, features // 4, 1), nn.LeakyReLU(0.2),
                         conv(features, features // 4))


class SwinIR(nn.Module):
    def __init__(self, kind, channels, features, depths, heads, side, factors=(), three=False, embed_norm=True, qkv_bias=True, inner=8):
        super().__init__()
        self.kind, self.side, self.factors, self.channels = kind, side, factors, channels
        self.range = 255.0 if kind == "x1" and side == 7 else 1.0
        self.conv_first = conv(features, channels)
        self.patch_embed = Holder(norm=nn.LayerNorm(features)) if embed_norm else None
        block = lambda k: SwinBlock(features, heads, side, k % 2 == 1, 2 * side, qkv_bias)
        self.layers = nn.ModuleList(Holder(residual_group=Holder(blocks=nn.ModuleList(block(k) for k in range(depth))),
                                           conv=last_conv(features, three)) for depth in depths)
        self.norm = nn.LayerNorm(features)
        self.conv_after_body = last_conv(features, three)
        if kind in ("classic", "real"):
            self.conv_before_upsample = nn.Sequential(conv(inner, features), nn.LeakyReLU())
            self.conv_last = conv(channels, inner)
        if kind == "classic":
            self.upsample = nn.Sequential(*(part for f in factors for part in (conv(inner * f * f, inner), nn.PixelShuffle(f))))
        if kind == "lightweight":
            self.upsample = nn.Sequential(conv(channels * factors[0] ** 2, features), nn.PixelShuffle(factors[0]))
        if kind == "real":
            for i in range(len(factors)):
                self.add_module(f"conv_up{i + 1}", conv(inner, inner))
            self.conv_hr = conv(inner, inner)
        if kind == "x1":
            self.conv_last = conv(channels, features)

    def body(self, x):
        channels_last, channels_first = lambda v: v.permute(0, 2, 3, 1), lambda v: v.permute(0, 3, 1, 2)
        y = channels_last(x)
        if self.patch_embed is not None:
            y = self.patch_embed.norm(y)
        for layer in self.layers:
            z = y
            for block in layer.residual_group.blocks:
                z = block(z)
            y = y + channels_last(layer.conv(channels_first(z)))
        return self.conv_after_body(channels_first(self.norm(y))) + x

    def forward(self, x):
        height, width = x.shape[2:]
        mean = MEAN if self.channels == 3 else torch.zeros(1, 1, 1, 1)
        x = (F.pad(x, (0, -width % self.side, 0, -height % self.side), mode="reflect") - mean) * self.range
        y = self.body(self.conv_first(x))
        if self.kind in ("classic", "real"):
            y = self.conv_before_upsample(y)
        if self.kind in ("classic", "lightweight"):
            y = self.upsample(y)
        scale = 1
        for i, factor in enumerate(self.factors):
            scale *= factor
            if self.kind == "real":
                y = F.leaky_relu(getattr(self, f"conv_up{i + 1}")(F.interpolate(y, scale_factor=2)), 0.2)
        if self.kind == "real":
            y = F.leaky_relu(self.conv_hr(y), 0.2)
        if self.kind != "lightweight":
            y = self.conv_last(y)
        if self.kind == "x1":
            y = x + y
        return (y / self.range + mean)[..., :height * scale, :width * scale]


# --- PLKSR and RealPLKSR, arXiv:2404.11848 ---

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
    yield "SCUNet", "colour", SCUNet(3, 16, (2, 1, 3, 2, 1, 2, 2), 4), 3
    yield "SCUNet", "grey", SCUNet(1, 8, (1, 1, 1, 2, 1, 1, 1), 4, 4), 1
    yield "SwinIR", "classic_x4", SwinIR("classic", 3, 12, (2, 3), 3, 8, (2, 2)), 3
    yield "SwinIR", "classic_x3", SwinIR("classic", 3, 8, (2,), 2, 7, (3,), qkv_bias=False), 3
    yield "SwinIR", "lightweight_x2", SwinIR("lightweight", 3, 12, (2, 2), 2, 8, (2,), embed_norm=False), 3
    yield "SwinIR", "real_x4", SwinIR("real", 3, 8, (2,), 2, 4, (2, 2), three=True), 3
    yield "SwinIR", "real_x2", SwinIR("real", 3, 8, (2,), 4, 8, (2,)), 3
    yield "SwinIR", "x1_grey", SwinIR("x1", 1, 8, (2, 2), 2, 8), 1
    yield "SwinIR", "x1_jpeg", SwinIR("x1", 3, 8, (2,), 2, 7), 3
    yield "PLKSR", "x4", PLKSR(3, 16, 2, 4, 17, 4), 3
    yield "PLKSR", "x2_tiny", PLKSR(3, 8, 2, 8, 13, 2, kernels=(3, 1), attention=False), 3
    yield "RealPLKSR", "x4", PLKSR(3, 16, 2, 4, 17, 4, real=True, dropout=True), 3
    yield "RealPLKSR", "x1", PLKSR(3, 8, 1, 2, 9, 1, real=True), 3
