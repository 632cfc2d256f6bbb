"""The networks of the papers, against torchvision's: the same parameters, and from them the same outputs."""

import pytest
import torch
import torch.nn.functional as F
import torchvision.models as published
from torch import nn

from course_utils.models import (
    VGG,
    AlexNet,
    GoogLeNet,
    GoogLeNetOutputs,
    LeNet5,
    ResNet,
    ResNet9,
    build,
    count_parameters,
    googlenet_loss,
    whitening_filters,
)
from course_utils.models.by_name import ARCHITECTURES

PUBLISHED = {  # torchvision's, without weights; parameters for 1000 classes
    "alexnet": (published.alexnet, {}, 61_100_840),
    "vgg11": (published.vgg11, {}, 132_863_336),
    "vgg13": (published.vgg13, {}, 133_047_848),
    "vgg16": (published.vgg16, {}, 138_357_544),
    "vgg19": (published.vgg19, {}, 143_667_240),
    "vgg11 batch_norm": (published.vgg11_bn, {}, 132_868_840),
    "vgg13 batch_norm": (published.vgg13_bn, {}, 133_053_736),
    "vgg16 batch_norm": (published.vgg16_bn, {}, 138_365_992),
    "vgg19 batch_norm": (published.vgg19_bn, {}, 143_678_248),
    "googlenet": (published.googlenet, {"aux_logits": False, "init_weights": False}, 6_624_904),
    "googlenet aux_logits": (published.googlenet, {"aux_logits": True, "init_weights": False}, 13_004_888),
    "resnet18": (published.resnet18, {}, 11_689_512),
    "resnet34": (published.resnet34, {}, 21_797_672),
    "resnet50": (published.resnet50, {}, 25_557_032),
    "resnet101": (published.resnet101, {}, 44_549_160),
}
SMALL = {  # every architecture, with options that make it cheap, and the least side of an image that it takes
    "lenet5": ({}, 32),
    "alexnet": ({"head_width": 8}, 63),
    **{f"vgg{depth}": ({"head_width": 8}, 32) for depth in (11, 13, 16, 19)},
    "googlenet": ({}, 15),
    "resnet9": ({"width": 4}, 8),
    **{f"resnet{depth}": ({"width": 4}, 1) for depth in (18, 34, 50, 101)},
}


def ours(name, num_classes=1000, **more):
    """Our network by a key of PUBLISHED: the name, then options to switch on."""
    name, *options = name.split()
    return build(name, num_classes, **dict.fromkeys(options, True), **more)


def twins(name, dtype, num_classes=7):
    """torchvision's network with weights and statistics drawn at random, and ours with the very same."""
    make, options, _ = PUBLISHED[name]
    with torch.device("meta"):
        theirs, mine = make(weights=None, num_classes=num_classes, **options), ours(name, num_classes)
    theirs = theirs.to_empty(device="cpu").to(dtype)
    generator = torch.Generator().manual_seed(1)
    for key, value in theirs.state_dict().items():
        if key.endswith("running_var"):
            value.uniform_(0.3, 2, generator=generator)
        elif key.endswith("num_batches_tracked"):
            value.zero_()
        elif value.ndim > 1:  # He's, so that the signal neither dies nor grows on its way
            value.uniform_(-1, 1, generator=generator).mul_((6 / value[0].numel()) ** 0.5)
        else:
            value.uniform_(-0.5, 1, generator=generator)
    mine.load_state_dict(theirs.state_dict(), assign=True)  # strict: the same names and shapes
    return theirs, mine


def images_of(*sides, dtype=torch.float32, batch=2, channels=3):
    height, width = sides if len(sides) == 2 else sides * 2
    return torch.randn(
        batch, channels, height, width, generator=torch.Generator().manual_seed(2), dtype=dtype
    )


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_as_many_as_published_and_have_the_same_names(name):
    make, options, parameters = PUBLISHED[name]
    with torch.device("meta"):
        theirs, mine = make(weights=None, **options), ours(name)
    assert count_parameters(mine) == count_parameters(theirs) == parameters
    assert {k: v.shape for k, v in mine.state_dict().items()} == {
        k: v.shape for k, v in theirs.state_dict().items()
    }
    mine_drops, their_drops = (
        {k: m.p for k, m in model.named_modules() if isinstance(m, nn.Dropout)} for model in (mine, theirs)
    )
    assert mine_drops == their_drops


@pytest.mark.parametrize(
    ("name", "sides", "dtype"),
    [
        ("alexnet", (63, 300), torch.float32),
        ("alexnet", (224,), torch.float32),
        ("vgg11", (40, 256), torch.float32),
        ("vgg16", (32, 40), torch.float32),
        ("googlenet", (15, 50), torch.float64),
        ("googlenet", (64,), torch.float32),
        ("resnet18", (33, 64), torch.float64),
        ("resnet18", (64,), torch.float32),
        ("resnet50", (33, 64), torch.float64),
    ],
)
@torch.no_grad()
def test_the_same_weights_give_torchvisions_logits(name, sides, dtype):
    theirs, mine = twins(name, dtype)
    images = images_of(*sides, dtype=dtype)
    expected = theirs.eval()(images)
    assert expected.std() > 0.1, "the weights of this test give nothing to compare"
    close = {"rtol": 1e-4, "atol": 1e-4} if dtype == torch.float32 else {"rtol": 1e-9, "atol": 1e-9}
    torch.testing.assert_close(mine.eval()(images), expected, **close)


@torch.no_grad()
def test_vgg_with_batch_norm_gives_torchvisions_maps():
    """Only the convolutions: the head has no batch norm."""
    with torch.device("meta"):
        theirs = published.vgg11_bn(weights=None, init_weights=False).features
    mine = VGG(11, 2, batch_norm=True, head_width=4).features
    theirs.load_state_dict(mine.state_dict(), assign=True)
    images = images_of(64, 40)
    torch.testing.assert_close(mine.train()(images), theirs.train()(images))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_googlenet_in_training_gives_torchvisions_three_logits_and_gradients(dtype):
    theirs, _ = twins("googlenet aux_logits", dtype)
    mine = GoogLeNet(7, aux_logits=True).to(dtype)
    mine.load_state_dict(theirs.state_dict())
    images, labels = images_of(64, 48, dtype=dtype, batch=3), torch.tensor([0, 3, 6])
    torch.manual_seed(3)  # dropout draws for head 1, head 2 and the main head, in that order
    expected = theirs.train()(images)
    torch.manual_seed(3)
    got = mine.train()(images)
    assert isinstance(got, GoogLeNetOutputs) and got._fields == expected._fields
    close = {"rtol": 1e-3, "atol": 1e-3} if dtype == torch.float32 else {"rtol": 1e-7, "atol": 1e-9}
    for field in got._fields:
        torch.testing.assert_close(getattr(got, field), getattr(expected, field), **close)
    torch.testing.assert_close(
        mine.inception5b.branch4[1].bn.running_var, theirs.inception5b.branch4[1].bn.running_var
    )
    if dtype == torch.float64:
        entropies = [F.cross_entropy(logits, labels) for logits in expected]
        loss = entropies[0] + 0.3 * (entropies[1] + entropies[2])
        loss.backward()
        mine_loss = googlenet_loss(got, labels)
        mine_loss.backward()
        torch.testing.assert_close(mine_loss, loss)
        torch.testing.assert_close(mine.conv1.conv.weight.grad, theirs.conv1.conv.weight.grad)
    assert mine.eval()(images).shape == (3, 7)


def test_googlenet_loss_of_plain_logits_is_cross_entropy():
    logits, labels = torch.randn(3, 5), torch.tensor([0, 4, 2])  # three rows: not to be taken for three heads
    assert googlenet_loss(logits, labels) == F.cross_entropy(logits, labels)
    assert GoogLeNet(5).train()(images_of(20)).shape == (2, 5)


def test_googlenet_has_five_by_five_kernels_on_request_and_more_weights_for_it():
    with torch.device("meta"):
        slip, paper = GoogLeNet(1000), GoogLeNet(1000, paper_5x5=True)
    assert paper.inception3a.branch3[1].conv.weight.shape == (32, 16, 5, 5)
    fives = [(16, 32), (32, 96), (16, 48), *[(24, 64)] * 2, (32, 64), *[(32, 128)] * 2, (48, 128)]
    assert count_parameters(paper) - count_parameters(slip) == sum((25 - 9) * a * b for a, b in fives)
    assert GoogLeNet(4, paper_5x5=True).eval()(images_of(21, 33)).shape == (2, 4)


def test_lenet_has_the_papers_layers_but_for_what_its_page_says():
    model = LeNet5(10, in_channels=1)
    counts = [count_parameters(layer) for layer in model.children()]
    assert counts == [156, 2416, 48120, 10164, 850]
    assert 156 + 12 + 1516 + 32 + 48120 + 10164 == 60_000  # the paper's, whose output layer has none
    images = images_of(32, channels=1)
    assert model.c3(F.avg_pool2d(model.c1(images), 2)).shape == (2, 16, 10, 10)
    # On larger pictures: the mean of what the network of 32 pixels finds at each place of C5, before F6.
    found = []
    model.f6.register_forward_pre_hook(lambda _, inputs: found.append(inputs[0]))
    wide = images_of(32, 40, channels=1)
    for part in (wide, *(wide[..., left : left + 32] for left in (0, 4, 8))):
        model(part)
    torch.testing.assert_close(found[0], torch.stack(found[1:]).mean(dim=0))


@pytest.mark.parametrize("name", SMALL)
def test_every_network_takes_any_size_classes_and_channels_and_reaches_all_its_weights(name):
    options, least = SMALL[name]
    model = build(name, 5, in_channels=1, **options)
    model(images_of(least + 20, least + 9, channels=1, batch=4)).logsumexp(dim=1).sum().backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), key
    model.eval()
    for sides in ((least, least + 7), (least + 2, least)):
        images = images_of(*sides, channels=1, batch=3)
        logits = model(images)
        assert logits.shape == (3, 5) and logits.isfinite().all()
        torch.testing.assert_close(model(images[1:2])[0], logits[1], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", SMALL)
def test_images_that_do_not_fit_are_refused_in_words(name):
    options, least = SMALL[name]
    model = build(name, 5, **options)
    if least > 1:
        with pytest.raises(
            ValueError, match=rf"at least {least}×{least} pixels; these are {least - 1}×{least}"
        ):
            model(images_of(least - 1, least))
    with pytest.raises(ValueError, match=r"built for images \(N, 3, H, W\); these are \(2, 1, 70, 70\)"):
        model(images_of(70, channels=1))
    with pytest.raises(ValueError, match=r"these are \(3, 70, 70\)"):
        model(images_of(70)[0])


def test_build_knows_every_architecture_and_lists_them():
    assert set(SMALL) == set(ARCHITECTURES)
    assert all(name in build.__doc__ for name in ARCHITECTURES)
    with pytest.raises(ValueError) as refused:
        build("resnet-18", 10)
    assert str(refused.value) == (
        "there is no architecture 'resnet-18': the names are lenet5, alexnet, vgg11, vgg13, vgg16, vgg19, "
        "googlenet, resnet9, resnet18, resnet34, resnet50, resnet101."
    )
    with pytest.raises(TypeError, match="dilation"):
        build("resnet18", 10, dilation=2)


def test_convolutions_start_from_hes_weights():
    networks = (
        ResNet(18, 3),
        VGG(11, 3, head_width=4),
        AlexNet(3, head_width=99),
        GoogLeNet(3, True),
        ResNet9(3),
    )
    for model in networks:
        for layer in model.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear) and layer.weight.numel() > 100_000:
                expected = (2 / layer.weight[0].numel()) ** 0.5
                assert layer.weight.std().item() == pytest.approx(expected, rel=0.02)
                assert layer.bias is None or not layer.bias.any()


def test_depths_and_stems_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match=r"no VGG-12 here: depth is one of 11, 13, 16, 19\."):
        VGG(12, 10)
    with pytest.raises(ValueError, match=r"no ResNet-20 here: depth is one of 18, 34, 50, 101\."):
        ResNet(20, 10)
    with pytest.raises(ValueError, match=r"no stem 'cifar': it is 'imagenet' or 'small'\."):
        ResNet(18, 10, stem="cifar")


@pytest.mark.parametrize("depth", [18, 34, 50, 101])
def test_the_plain_network_is_the_residual_one_without_its_projections(depth):
    with torch.device("meta"):
        residual, plain = ResNet(depth, 10), ResNet(depth, 10, skip=False)
    projections = [m.downsample for m in residual.modules() if hasattr(m, "downsample")]
    assert sum(map(count_parameters, projections)) == count_parameters(residual) - count_parameters(plain) > 0
    names = [name for name in residual.state_dict() if "downsample" not in name]
    assert list(plain.state_dict()) == names


def test_a_block_whose_convolutions_are_silent_hands_on_its_input_only_if_it_skips():
    model, plain = ResNet(18, 3, width=4).eval(), ResNet(18, 3, width=4, skip=False).eval()
    for network in (model, plain):
        nn.init.zeros_(network.layer1[1].bn2.weight)
    x = images_of(9, channels=4).relu()
    assert torch.equal(model.layer1[1](x), x)
    assert not plain.layer1[1](x).any()


@pytest.mark.parametrize(("stem", "side"), [("imagenet", 2), ("small", 8)])
def test_the_small_stem_keeps_a_small_picture(stem, side):
    model = ResNet(18, 3, stem=stem, width=4)
    sides = []
    model.layer4.register_forward_hook(lambda _, inputs, maps: sides.append(maps.shape[-1]))
    model(images_of(64))
    assert sides == [side]


def test_alexnets_head_has_the_share_that_its_page_says():
    with torch.device("meta"):
        model = AlexNet(10)
    assert round(count_parameters(model.classifier) / 1e6, 1) == 54.6
    assert round(count_parameters(model) / 1e6, 1) == 57.0


def photograph_like(count=40, side=12, dtype=torch.float64):
    """Images whose neighbouring pixels and channels are alike, and whose mean is not 0."""
    images = images_of(side + 4, dtype=dtype, batch=count)
    images = F.avg_pool2d(images, 5, stride=1) + 0.3 * images.mean(dim=1, keepdim=True)[..., 2:-2, 2:-2]
    return images + torch.tensor([0.5, -0.2, 0.1], dtype=dtype).view(3, 1, 1)


def covariance(outputs):
    return torch.cov(outputs.transpose(0, 1).flatten(start_dim=1), correction=0)


@pytest.mark.parametrize("kernel_size", [1, 2, 3])
def test_whitening_makes_the_covariance_of_patches_the_identity(kernel_size):
    images = photograph_like(count=70)  # more than one batch of the sum
    weight, bias = whitening_filters(images, kernel_size, eps=0)
    outputs = F.conv2d(images, weight, bias)
    size = 3 * kernel_size**2
    torch.testing.assert_close(covariance(outputs), torch.eye(size).double(), rtol=0, atol=1e-8)
    torch.testing.assert_close(outputs.mean(dim=(0, 2, 3)), torch.zeros(size).double(), rtol=0, atol=1e-10)


def test_whitening_with_eps_leaves_each_direction_its_share_in_falling_order():
    images, eps = photograph_like(), 1e-2
    weight, bias = whitening_filters(images, eps=eps)
    patches = covariance(F.unfold(images, 3))
    eigenvalues = torch.linalg.eigvalsh(patches).flip(0)
    expected = torch.diag(eigenvalues / (eigenvalues + eps))
    torch.testing.assert_close(covariance(F.conv2d(images, weight, bias)), expected, rtol=0, atol=1e-9)


def test_whitening_refuses_what_it_cannot_whiten():
    with pytest.raises(ValueError, match=r"float type; these are \(2, 3, 8, 8\), torch.uint8"):
        whitening_filters(torch.zeros(2, 3, 8, 8, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"\(2, 3, 2, 9\) hold no patch of 3×3"):
        whitening_filters(torch.zeros(2, 3, 2, 9))
    with pytest.raises(ValueError, match="do not vary in every direction"):
        whitening_filters(images_of(8)[:, :1].expand(-1, 3, -1, -1), eps=0)
    assert whitening_filters(torch.zeros(2, 3, 8, 8))[0].isfinite().all()


@pytest.mark.parametrize("kernel_size", [2, 3])
def test_a_whitening_stem_is_frozen_and_what_follows_learns(kernel_size):
    images = photograph_like(dtype=torch.float32)
    whitening = whitening_filters(images, kernel_size)
    model = ResNet9(4, width=4, whitening=whitening)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.1)
    before = {name: value.clone() for name, value in model.named_parameters()}
    F.cross_entropy(model(images), torch.arange(len(images)) % 4).backward()
    optimizer.step()
    still = {name for name, value in model.named_parameters() if torch.equal(value, before[name])}
    assert still == {"stem.0.weight", "stem.0.bias"}
    assert torch.equal(model.stem[0].weight, whitening[0]) and torch.equal(model.stem[0].bias, whitening[1])
    again = ResNet9(4, width=4, whitening=tuple(torch.zeros_like(part) for part in whitening))
    again.load_state_dict(model.state_dict())
    assert torch.equal(again.eval()(images), model.eval()(images))
    with pytest.raises(ValueError, match="do not fit images of 1 channels"):
        ResNet9(4, whitening=whitening, in_channels=1)


@pytest.mark.parametrize("whitened", [False, True])
def test_resnet9_with_a_stride_sees_sixty_four_pixels_as_thirty_two(whitened):
    whitening = whitening_filters(photograph_like()) if whitened else None
    sides = []
    for stride, side in ((1, 32), (2, 64), (2, 63)):
        model = ResNet9(4, width=2, whitening=whitening, stem_stride=stride)
        model.stage3.register_forward_hook(lambda _, inputs, maps: sides.append(maps.shape[-1]))
        model(images_of(side))
    assert sides == [4, 4, 4]
    assert model.eval()(images_of(15)).shape == (2, 4)
    with pytest.raises(ValueError, match="at least 15×15"):
        model(images_of(14))


def test_resnet9_has_nine_layers_with_weights():
    model = ResNet9(10)
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == 9
    convolutions = [
        (3, 64),
        (64, 128),
        (128, 128),
        (128, 128),
        (128, 256),
        (256, 512),
        (512, 512),
        (512, 512),
    ]
    expected = sum(9 * a * b + 2 * b for a, b in convolutions) + 512 * 10
    assert count_parameters(model) == expected
