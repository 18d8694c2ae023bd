"""More networks for architectures_torch.py: those with attention in windows."""

import torch
from torch import nn
from torch.nn import functional as F

from architectures_torch_more import MEAN, Holder, U, conv


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


# --- SCUNet, arXiv:2203.13278 ---

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


def networks():
    """As architectures_torch.networks()."""
    yield "SCUNet", "colour", SCUNet(3, 16, (2, 1, 3, 2, 1, 2, 2), 4), 3
    yield "SCUNet", "grey", SCUNet(1, 8, (1, 1, 1, 2, 1, 1, 1), 4, 4), 1
    yield "SwinIR", "classic_x4", SwinIR("classic", 3, 12, (2, 3), 3, 8, (2, 2)), 3
    yield "SwinIR", "classic_x3", SwinIR("classic", 3, 8, (2,), 2, 7, (3,), qkv_bias=False), 3
    yield "SwinIR", "lightweight_x2", SwinIR("lightweight", 3, 12, (2, 2), 2, 8, (2,), embed_norm=False), 3
    yield "SwinIR", "real_x4", SwinIR("real", 3, 8, (2,), 2, 4, (2, 2), three=True), 3
    yield "SwinIR", "real_x2", SwinIR("real", 3, 8, (2,), 4, 8, (2,)), 3
    yield "SwinIR", "x1_grey", SwinIR("x1", 1, 8, (2, 2), 2, 8), 1
    yield "SwinIR", "x1_jpeg", SwinIR("x1", 3, 8, (2,), 2, 7), 3
