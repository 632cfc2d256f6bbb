"""A trained network sent as plain data is the same network again; whatever else is sent is refused."""

import math

import pytest
import torch
import torch.nn.functional as F
from answers import EXERCISES
from far_away import FarAway, crossed
from torch import nn

from course_utils import models
from course_utils.checks.networks import NetworkNotJudged, rebuild
from course_utils.scenes.networks import network_of

IMAGE = (1, 32, 32)


def sent(model, image=IMAGE):
    """The data as the judge gets it."""
    return crossed(network_of(model, image))


class Functional(nn.Module):
    """Functions, operators, methods and attributes in place of layers."""

    def __init__(self):
        super().__init__()
        self.conv, self.gain = nn.Conv2d(1, 4, 3), nn.Parameter(torch.rand(4, 1, 1))
        self.register_buffer("centre", torch.rand(1))
        self.head = nn.Linear(4, 16)

    def forward(self, images, noise=None):
        _n, channels, height, width = images.shape
        if (
            channels != 1
            or height < 32
            or min(images.shape[2:]) < 32
            or len(images.shape) != 4
            or noise is not None
        ):
            raise ValueError(f"too small: {height}×{width}")
        x = (self.conv(images) - self.centre) * self.gain
        x += 1
        x = F.relu(F.max_pool2d(x, 2), inplace=True)
        x = F.gelu(F.avg_pool2d(x, 2)) + F.silu(F.adaptive_avg_pool2d(x, 7))
        x = F.dropout(torch.cat([x, -x], dim=1)[:, :4], 0.1, self.training)
        y = F.pad(x, (0, 1, 1, 0)).transpose(2, 3).flatten(2).max(dim=2).values
        z = torch.einsum("nchw,nchw->nc", x, x) / x.shape[-1] ** 0.5
        return self.head((y + z).view(len(images), -1).reshape(y.size(0), 4) @ torch.softmax(z.mT @ z, -1))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(True))
        self.blocks = nn.ModuleList(nn.Sequential(nn.Conv2d(8, 8, 3, padding="same"), nn.ELU()) for _ in "ab")
        self.head = nn.Linear(8, 16)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        return self.head(x.mean((2, 3)))


class Tied(nn.Module):
    """One layer at work twice, a weight that two layers share, one that is frozen, and one not used."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.last = nn.Linear(32, 32), nn.Linear(32, 32), nn.Linear(32, 16)
        self.second.weight, self.spare = self.first.weight, nn.Linear(5, 5)
        self.last.bias.requires_grad_(False)

    def forward(self, x):
        x = self.second(self.first(self.first(x.mean(1).amax(1)))).tanh()
        return self.last(x)


def layers(*given):
    return nn.Sequential(*given, nn.Flatten(), nn.LazyLinear(16))


NETWORKS = {
    "functional": Functional,
    "residual": Residual,
    "tied": Tied,
    "with batch norm": lambda: layers(
        nn.Conv2d(1, 8, 5, padding=2), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1)
    ),
    "norms": lambda: layers(
        nn.Conv2d(1, 6, 3, stride=2, padding_mode="reflect", padding=1), nn.GroupNorm(2, 6), nn.PReLU(6),
        nn.LayerNorm((6, 16, 16)), nn.InstanceNorm2d(6, affine=True), nn.LocalResponseNorm(3), nn.Dropout(),
    ),
    "sizes": lambda: layers(
        nn.ConvTranspose2d(1, 4, 2, stride=2), nn.PixelUnshuffle(2), nn.Conv2d(16, 4, 1, groups=4),
        nn.AvgPool2d(3, padding=1), nn.ZeroPad2d((1, 2, 0, 0)), nn.ChannelShuffle(2), nn.LeakyReLU(0.2),
    ),
    "the course's own": lambda: models.ResNet9(num_classes=16, in_channels=1, width=4),
    "with lengths asked for": lambda: models.LeNet5(num_classes=16, in_channels=1),
    "small": lambda: models.SmallCNN(1, 16, width=4),
    "a single layer": lambda: nn.Sequential(nn.Flatten(), nn.Linear(1024, 16)),
    "from an attention head": lambda: Attention(),
}  # fmt: skip


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.cut, self.qkv, self.head = nn.Unfold(8, stride=8), nn.Linear(64, 96), nn.Linear(32, 16)
        self.place = nn.Parameter(torch.randn(1, 16, 64))

    def forward(self, images):
        q, k, v = self.qkv(self.cut(images).permute(0, 2, 1) + self.place).chunk(3, dim=-1)
        weights = (q @ k.transpose(-2, -1) / math.sqrt(32)).softmax(dim=-1)
        return self.head((weights @ v).mean(dim=1))


def made(name):
    torch.manual_seed(0)
    model = NETWORKS[name]()
    model.train()
    model(torch.randn(4, *IMAGE))  # batch norm has seen something, lazy layers know their size
    return model.eval()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_sent_gives_the_same_outputs_and_counts_the_same(name):
    model = made(name)
    again = rebuild(sent(model)).eval()
    with torch.no_grad():
        for count in (3, 8):
            images = torch.randn(count, *IMAGE)
            kept = images.clone()
            assert torch.equal(again(images), model(kept))
            assert torch.equal(images, kept)
    assert models.count_parameters(again) == models.count_parameters(model)


def test_a_small_network_is_measured_as_in_the_notebook():
    exercise = EXERCISES["first_cnn.small_network"]
    case = exercise.drawn(0)[0]
    for name in ("with batch norm", "residual"):
        model = made(name)
        assert exercise.respond(FarAway(lambda model=model: model), case).value == exercise.measure(model)


def test_too_large_a_network_is_over_budget_without_being_measured():
    exercise = EXERCISES["first_cnn.small_network"]
    case = exercise.drawn(0)[0]
    costly = nn.Sequential(*(nn.Conv2d(c, 200, 9, padding=4) for c in (1, 200)), nn.Flatten())
    for model in (nn.Linear(3000, 4000), costly, nn.Sequential(nn.Flatten(), nn.BatchNorm1d(6000))):
        response = exercise.respond(FarAway(model), case)
        assert response.value["parameters"] == models.count_parameters(model)
        assert "parameters is" in exercise.difference(exercise.expect(case), response).remark


def hooked():
    model = nn.Sequential(nn.Flatten(), nn.Linear(1024, 2))
    model.register_forward_hook(lambda module, args, output: output * 2)
    return model


class Decides(nn.Module):
    def forward(self, x):
        return x if x.mean() > 0 else -x


class Foreign(nn.Module):
    def forward(self, x):
        return torch.fft.fft(x).real


@pytest.mark.parametrize(
    "model, what",
    [
        (hooked(), "a hook"),
        (Decides(), "what `forward` does with its input"),
        (Foreign(), "`fft_fft`"),
        (nn.MultiheadAttention(4, 2), "the layer MultiheadAttention"),
        (nn.Sequential(nn.FractionalMaxPool2d(2, output_size=3)), "the layer FractionalMaxPool2d"),
        (nn.Sequential(*(nn.ReLU() for _ in range(1200))), "a network of 1,202 operations"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_cannot_be_sent_is_said(model, what):
    exercise = EXERCISES["first_cnn.small_network"]
    response = exercise.respond(FarAway(model), exercise.drawn(0)[0])
    assert isinstance(response.error, NetworkNotJudged)
    remark = exercise.difference(exercise.expect(exercise.drawn(0)[0]), response).remark
    assert remark.startswith("Your network was not judged: it uses") and what in remark


def test_the_words_of_a_refusal_are_cut_and_made_visible():
    with pytest.raises(NetworkNotJudged) as refused:
        rebuild({"refused": "a\x1b[31m\u202e" + "x" * 5000, "parameters": 10**400})
    assert len(str(refused.value)) < 600 and str(refused.value).isprintable()
    assert refused.value.parameters == 0
