"""The networks of lesson 06: shapes, sizes, counts."""

import pytest
import torch

from course_utils.models import MLP, LinearClassifier, SmallCNN, count_parameters


@pytest.mark.parametrize("in_channels,size,num_classes", [(1, 32, 16), (3, 64, 10), (3, 17, 5)])
def test_every_network_gives_one_row_of_logits_an_image(in_channels, size, num_classes):
    images = torch.randn(4, in_channels, size, size)
    for model in (
        LinearClassifier(in_channels, size, num_classes),
        MLP(in_channels, size, num_classes, hidden=8),
        SmallCNN(in_channels, num_classes, width=4),
    ):
        logits = model.eval()(images)
        assert logits.shape == (4, num_classes)
        torch.testing.assert_close(model(images[2:3])[0], logits[2], rtol=1e-4, atol=1e-5)


def test_parameters_follow_the_formulas_of_the_lesson():
    pixels = 3 * 20 * 20
    assert count_parameters(LinearClassifier(3, 20, 7)) == pixels * 7 + 7
    assert count_parameters(MLP(3, 20, 7, hidden=11)) == pixels * 11 + 11 + 11 * 7 + 7
    convolutions = (9 * 3 + 1) * 4 + (9 * 4 + 1) * 8 + (9 * 8 + 1) * 16
    assert count_parameters(SmallCNN(3, 7, width=4)) == convolutions + 16 * 7 + 7


def test_the_cnn_fits_images_of_any_size_from_four_pixels():
    model = SmallCNN(1, 3, width=2)
    for size in (4, 5, 31, 96):
        assert model(torch.randn(2, 1, size, size)).shape == (2, 3)


def test_the_cnn_is_not_the_same_on_shuffled_pixels_and_the_mean_of_its_maps_is():
    torch.manual_seed(0)
    model, images = SmallCNN(1, 3, width=4), torch.randn(2, 1, 12, 12)
    shuffled = images.flatten(2)[:, :, torch.randperm(144)].view_as(images)
    assert not torch.allclose(model(images), model(shuffled), atol=1e-3)
    # Shifting by the pooling's stride, away from the borders, moves the maps and leaves their mean.
    small = torch.zeros(1, 1, 64, 64)
    small[..., 28:32, 28:32] = torch.randn(4, 4)
    torch.testing.assert_close(model(small), model(small.roll(4, dims=3)), rtol=1e-4, atol=1e-5)


def test_parameters_are_counted_once_frozen_or_not_and_buffers_are_not():
    shared = torch.nn.Linear(3, 3)
    shared.weight.requires_grad_(False)
    model = torch.nn.Sequential(shared, torch.nn.BatchNorm1d(3), shared)
    assert count_parameters(model) == 9 + 3 + 3 + 3
