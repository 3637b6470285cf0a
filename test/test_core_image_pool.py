"""The pool of former fakes: golden d, and its state."""

import numpy as np
from reference_names import golden
import torch

from steps_ros.core.image_pool import ImagePool


def queries(pool: ImagePool, numbers: range) -> np.ndarray:
    """Hand in pairs of one-pixel samples that carry their number."""
    pairs = [torch.tensor([2.0 * i, 2.0 * i + 1]).view(2, 1, 1, 1) for i in numbers]
    return np.stack([pool.exchange(pair).flatten().numpy() for pair in pairs])


def test_golden_d(shared_reference):
    arrays = golden(shared_reference, 'd_discriminator.npz')
    for size in (3, 50):
        expected = arrays[f'pool{size}_returns']
        assert np.array_equal(queries(ImagePool(size, seed=77), range(40)), expected)


def test_a_pool_of_none_returns_what_it_gets():
    samples = torch.rand(2, 3, 4, 5)
    assert ImagePool(0).exchange(samples) is samples


def test_goes_on_from_its_state():
    pool = ImagePool(3, seed=5)
    queries(pool, range(7))
    other = ImagePool(3, seed=6)
    other.load_state_dict(pool.state_dict())
    assert np.array_equal(queries(pool, range(7, 30)), queries(other, range(7, 30)))


def test_an_empty_pool_has_a_state():
    other = ImagePool(3, seed=6)
    other.load_state_dict(ImagePool(3, seed=77).state_dict())
    expected = queries(ImagePool(3, seed=77), range(9))
    assert np.array_equal(queries(other, range(9)), expected)
