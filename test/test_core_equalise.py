"""Histogram equalisation: steps_spec 9 and golden f."""

import numpy as np
import pytest
from reference_names import golden, named
import torch

from steps_ros.core.equalise import equalise, equalising_tables
from steps_ros.core.images import shrink

LIMITS = (0.004, 0.008, 0.02)


def test_vector():
    y, x = np.mgrid[0:240, 0:400].astype(np.float64)
    channels = [0.2 + 0.15 * np.sin(0.02 * y + 0.1 * c) * np.cos(0.015 * x) for c in range(3)]
    image = torch.from_numpy(np.stack(channels)).float()[None]
    tables = equalising_tables(image, 0.02)
    levels = [0, 30, 50, 60, 80, 120, 255]
    assert tables[0, 0, levels].tolist() == [0, 45, 124, 171, 230, 249, 254]
    assert tables[0, 0].sum() == 51475
    result = equalise(image, tables)
    assert float(result.double().sum()) == pytest.approx(142243.8853, abs=1e-3)
    assert result[0, 1, 3, 4].item() == pytest.approx(0.6274510, abs=1e-7)


def test_sizes_whose_histogram_has_empty_bins():
    """The released tensor code fails where no pixel is dark and little is cut off."""
    levels = 100 + torch.arange(64).view(1, 1, 8, 8).expand(2, 3, 8, 8)
    for limit in LIMITS:
        tables = equalising_tables(levels / 255, limit)
        assert torch.isfinite(tables).all()
        assert tables.min() >= 0
        assert tables.max() <= 255
        assert (tables.diff(dim=2) >= 0).all()


def test_images_of_a_batch_do_not_meet():
    batch = torch.rand(3, 3, 9, 11)
    alone = torch.cat([equalising_tables(image[None], 0.02) for image in batch])
    assert torch.equal(equalising_tables(batch, 0.02), alone)


@pytest.mark.parametrize('name', ['dark', 'mid', 'const100', 'black', 'two', 'uniform'])
def test_golden_f(shared_reference, name):
    arrays = golden(shared_reference, 'f_equalize.npz')
    image = named(arrays, f'u8/{name}').permute(2, 0, 1)[None].float() / 255
    for limit in LIMITS:
        tables = equalising_tables(image, limit)
        if f't_map/{name}_{limit:.3f}' in arrays:
            assert torch.equal(tables[0].byte(), named(arrays, f't_map/{name}_{limit:.3f}'))
            expected = named(arrays, f't_out/{name}_{limit:.3f}')
            assert torch.equal(equalise(image, tables)[0], expected)


@pytest.mark.parametrize('name', ['mid', 'small8x8'])
def test_golden_f_where_the_released_tensor_code_fails(shared_reference, name):
    """RNW's NumPy code is right there, and ours is as it."""
    arrays = golden(shared_reference, 'f_equalize.npz')
    image = named(arrays, f'u8/{name}').permute(2, 0, 1)[None].float() / 255
    tables = equalising_tables(image, 0.02)
    assert torch.equal(tables[0].byte(), named(arrays, f'np_map/{name}_0.020'))
    expected = named(arrays, f'np_out/{name}_0.020').permute(2, 0, 1)
    assert torch.equal((equalise(image, tables)[0] * 255).round().byte(), expected)


def test_golden_f_of_values_between_levels(shared_reference):
    arrays = golden(shared_reference, 'f_equalize.npz')
    source = named(arrays, 'float_src')[None]
    limit = 0.004
    tables = equalising_tables(source, limit)
    assert torch.equal(tables[0].byte(), named(arrays, 'float_map'))
    for name in ('src', 'other'):
        ours = equalise(named(arrays, f'float_{name}')[None], tables)[0]
        assert torch.equal(ours, named(arrays, f'float_out_{name}'))


def test_golden_f_of_triplets(shared_reference):
    """At coarser scales the released code equalises what it has equalised already."""
    arrays = golden(shared_reference, 'f_equalize.npz')
    frames = named(arrays, 'mcie_frames_u8').permute(0, 1, 4, 2, 3).float() / 255
    tables = equalising_tables(frames[:, 0], 0.004)
    for frame, name in ((0, '+0'), (1, '-1'), (2, '+1')):
        once = equalise(frames[:, frame], tables)
        twice = equalise(once, tables)
        for scale in range(5):
            if f'mcie_out_{name}_s{scale}' in arrays:
                ours = shrink(twice if scale else once, scale)
                assert torch.equal(ours, named(arrays, f'mcie_out_{name}_s{scale}'))
