"""The enhancer against the vectors of steps_spec 9 and goldens a and b."""

import numpy as np
import pytest
from reference_names import enhancer_name, fill, golden, image, load_named
import torch
from torch import Tensor

from steps_ros.core.foreign_file import read_foreign
from steps_ros.core.illumination import (
    CalibrationNet,
    enhance,
    IlluminationNet,
    SelfCalibratedEnhancer,
)
from steps_ros.core.importers import import_weights
from steps_ros.core.losses import illumination_smoothness, pseudo_ycbcr, sie_loss


@pytest.fixture
def grey() -> Tensor:
    y, x = np.mgrid[0:12, 0:18].astype(np.float64)
    first = 0.5 + 0.45 * np.sin(0.9 * y + 0.1) * np.cos(0.5 * x)
    second = 0.3 + 0.25 * np.cos(0.4 * y - 0.6 * x)
    return torch.from_numpy(np.stack((first, second))[:, None]).float()


@pytest.fixture
def network() -> SelfCalibratedEnhancer:
    network = SelfCalibratedEnhancer(1)
    fill([(network, enhancer_name)], 2)
    return network.eval()


def means(tensors: list[Tensor]) -> list[float]:
    return [float(tensor.mean()) for tensor in tensors]


def test_parameter_counts():
    def count(module):
        return sum(parameter.numel() for parameter in module.parameters())

    assert count(IlluminationNet(1)) == 32
    assert count(IlluminationNet(3)) == 258
    assert count(SelfCalibratedEnhancer(1).calibration) == 5041
    assert count(SelfCalibratedEnhancer(3).calibration) == 5619


def test_one_channel_is_usual():
    assert IlluminationNet().channels == IlluminationNet().conv_in.in_channels == 1
    assert CalibrationNet().conv_out.out_channels == 1
    made = SelfCalibratedEnhancer()
    assert made.illumination.channels == made.calibration.conv_out.out_channels == 1
    assert IlluminationNet(3).channels == 3


@pytest.mark.parametrize('kind', [IlluminationNet, CalibrationNet])
def test_weights_begin_as_in_sci(kind):
    torch.manual_seed(0)
    made = [module for _ in range(9) for module in kind(3).modules()]
    for sort, mean in ((torch.nn.Conv2d, 0.0), (torch.nn.BatchNorm2d, 1.0)):
        modules = [module for module in made if isinstance(module, sort)]
        weights = torch.cat([module.weight.flatten() for module in modules])
        assert float(weights.mean()) == pytest.approx(mean, abs=0.008)
        assert float(weights.std()) == pytest.approx(0.02, rel=0.4)
        assert not any(module.bias.any() for module in modules)


def test_what_is_known_or_feeds_nothing_is_not_computed(network, grey):
    whole = network(grey)
    assert [len(found) for found in whole] == [3, 3, 3, 3]
    first = network.illumination(grey)
    part = network(grey, first, calibrates_last=False)
    assert [len(found) for found in part] == [3, 3, 2, 2]
    assert part.illuminations[0] is first
    for found, wanted in zip(part.illuminations, whole.illuminations, strict=True):
        torch.testing.assert_close(found.raw, wanted.raw)


def test_stages_of_the_vector_in_eval_mode(network, grey):
    with torch.no_grad():
        stages = network(grey)
    raw = stages.illuminations[-1].raw
    clamped = [illumination.clamped for illumination in stages.illuminations]
    assert means(clamped) == pytest.approx([0.8915755, 0.7058367, 0.8323050], abs=2e-6)
    assert means(stages.reflectances) == pytest.approx([0.4303857, 0.5679920, 0.4575444], abs=2e-6)
    assert means(stages.inputs) == pytest.approx([0.4080733, 0.2436116, 0.3636459], abs=2e-6)
    assert [float(raw.mean()), float(raw.min()), float(raw.max())] == pytest.approx(
        [0.9425397, 0.2313727, 2.0390582], abs=2e-6
    )
    assert float(sie_loss(stages)) == pytest.approx(11.6097355, rel=1e-6)


def test_stages_of_the_vector_in_train_mode(network, grey):
    network.train()
    with torch.no_grad():
        stages = network(grey)
    assert float(sie_loss(stages)) == pytest.approx(9.6866817, rel=1e-6)
    assert float(stages.illuminations[0].clamped.mean()) == pytest.approx(0.9270635, abs=2e-6)
    assert float(stages.illuminations[2].raw.mean()) == pytest.approx(1.1762310, abs=2e-6)
    norm = network.illumination.bn
    assert float(norm.running_mean) == pytest.approx(-0.2327539, abs=2e-6)
    assert float(norm.running_var) == pytest.approx(0.8565271, abs=2e-6)


def test_first_stage_alone_is_the_staged_network(network, grey):
    with torch.no_grad():
        assert torch.equal(
            network.illumination(grey).clamped, network(grey).illuminations[0].clamped
        )


def test_loss_terms_of_the_vector(grey):
    y, x = np.mgrid[0:12, 0:18].astype(np.float64)
    illumination = (
        torch.from_numpy(0.6 + 0.3 * np.sin(0.35 * y * x / 5)).float().expand(2, 1, 12, 18)
    )
    assert float((illumination - grey).square().mean()) == pytest.approx(0.1378688, abs=1e-6)
    assert float(illumination_smoothness(grey, illumination)) == pytest.approx(3.7803903, rel=1e-6)


def test_pseudo_ycbcr_takes_triples_along_a_row(grey):
    expected = [0.5584055, 0.4944950, 0.5054510, 0.5089905, 0.4911306, 0.5127914]
    assert pseudo_ycbcr(grey)[0, 0, 0, :6].tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize('shape', [(1, 1, 5, 7), (2, 1, 7, 5), (1, 3, 5, 5)])
def test_loss_takes_sizes_that_triples_do_not_divide(shape):
    stages = SelfCalibratedEnhancer(shape[1])(torch.rand(shape))
    assert torch.isfinite(sie_loss(stages))


def test_smoothness_of_a_constant_map_is_zero(grey):
    assert illumination_smoothness(grey, torch.full_like(grey, 0.4)) == 0


def test_enhance_divides_all_colours_by_one_map_and_clamps():
    colours = torch.tensor([0.1, 0.2, 0.9]).view(1, 3, 1, 1)
    enhanced = enhance(colours, torch.full((1, 1, 1, 1), 0.5))
    assert enhanced.flatten().tolist() == pytest.approx([0.2, 0.4, 1.0])


def named(arrays: dict[str, np.ndarray], key: str) -> Tensor:
    return torch.from_numpy(np.asarray(arrays[key]))


@pytest.mark.parametrize('weights', ['recipe', 'refinit'])
@pytest.mark.parametrize('mode', ['eval', 'train'])
def test_golden_b(shared_reference, weights, mode):
    arrays = golden(shared_reference, f'b_sie1_{weights}.npz')
    network = SelfCalibratedEnhancer(1)
    load_named(network, lambda key, _: named(arrays, f'sd/{key}'), enhancer_name)
    network.train(mode == 'train')
    stages = network(named(arrays, 'x'))
    tolerance = 2e-6 if mode == 'eval' else 2e-5
    for i in range(3):
        for name, value in (
            ('illu', stages.illuminations[i].clamped),
            ('refl', stages.reflectances[i]),
            ('in', stages.inputs[i]),
            ('absatt', stages.calibrations[i].abs()),
        ):
            torch.testing.assert_close(
                value.detach(), named(arrays, f'{mode}/{name}{i}'), atol=tolerance, rtol=0
            )
    torch.testing.assert_close(
        stages.illuminations[2].raw.detach(), named(arrays, f'{mode}/i_k'), atol=tolerance, rtol=0
    )
    loss = sie_loss(stages)
    assert loss.item() == pytest.approx(float(arrays[f'{mode}/loss_total']), rel=1e-5)
    loss.backward()
    check_gradients(
        network, arrays, mode, 5e-3 if (weights, mode) == ('refinit', 'train') else 1e-3
    )
    if mode == 'train':
        check_statistics(network, arrays)


def check_gradients(network, arrays, mode, tolerance):
    norm = float(arrays[f'{mode}/gradnorm'])
    gradients = [
        (parameter.grad, arrays[f'{mode}/grad/{enhancer_name(key)}'])
        for key, parameter in network.named_parameters()
        if f'{mode}/grad/{enhancer_name(key)}' in arrays and parameter.grad is not None
    ]
    assert len(gradients) > 10
    for ours, theirs in gradients:
        assert np.abs(ours.numpy() - theirs).max() <= tolerance * max(norm, np.abs(theirs).max())


def check_statistics(network, arrays):
    for key, buffer in network.named_buffers():
        expected = arrays[f'train/after/{enhancer_name(key)}']
        assert np.allclose(buffer.numpy(), expected, atol=2e-5), key


def test_golden_b_enhanced_colour(shared_reference):
    arrays = golden(shared_reference, 'b_sie1_recipe.npz')
    network = SelfCalibratedEnhancer(1).eval()
    load_named(network, lambda key, _: named(arrays, f'sd/{key}'), enhancer_name)
    colour = named(arrays, 'input_bgr_u8').permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        enhanced = enhance(colour, network.illumination(named(arrays, 'x')).clamped)
    torch.testing.assert_close(enhanced, named(arrays, 'eval/enhanced_color'), atol=1e-5, rtol=0)


def test_golden_b_small_losses(shared_reference):
    arrays = golden(shared_reference, 'b_sci_loss_small.npz')
    torch.testing.assert_close(
        pseudo_ycbcr(named(arrays, 'x')), named(arrays, 'ycbcr_of_gray'), atol=2e-6, rtol=0
    )
    smooth = illumination_smoothness(named(arrays, 'a'), named(arrays, 'b'))
    assert float(smooth) == pytest.approx(float(arrays['smooth_ab']), rel=1e-5)


@pytest.mark.parametrize('name', ['easy', 'medium', 'difficult'])
def test_golden_a_published_sci_weights(shared_reference, name):
    path = shared_reference / 'sci_weights' / f'{name}.pt'
    network = import_weights(path).checkpoint.enhancer
    for file in (f'a_sci3_{name}.npz', 'a_sci3_synthetic.npz'):
        arrays = golden(shared_reference, file)
        infix = f'{name}__' if 'synthetic' in file else ''
        images = [key.removesuffix('__input_u8') for key in arrays if key.endswith('__input_u8')]
        for source in images:
            pixels = named(arrays, f'{source}__input_u8').permute(2, 0, 1)[None].float() / 255
            with torch.no_grad():
                illumination = network(pixels).clamped
            enhanced = enhance(pixels, illumination)[0]
            illu = named(arrays, f'{source}__{infix}illu')
            torch.testing.assert_close(illumination[0], illu, atol=2e-6, rtol=0)
            torch.testing.assert_close(
                enhanced, named(arrays, f'{source}__{infix}enhanced'), atol=1e-5, rtol=0
            )
            saved = (enhanced * 255).byte().permute(1, 2, 0).int()
            off = (saved - named(arrays, f'{source}__{infix}saved_u8').int()).abs()
            assert off.max() <= 1
            assert (off > 0).float().mean() <= 1e-3


@pytest.mark.parametrize('name', ['easy', 'medium', 'difficult'])
def test_golden_a_loss_of_sci_in_train_mode(shared_reference, name):
    arrays = golden(shared_reference, 'a_sci3_synthetic.npz')
    state = read_foreign(shared_reference / 'sci_weights' / f'{name}.pt')
    network = SelfCalibratedEnhancer(3).train()
    load_named(network, lambda key, _: state[key], enhancer_name)
    pixels = named(arrays, 'syn_mid__input_u8').permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        loss = sie_loss(network(pixels), fidelity_weight=1.5)
    assert loss.item() == pytest.approx(float(arrays[f'loss3__{name}__total']), rel=1e-5)


@pytest.mark.parametrize(
    ('name', 'illumination', 'enhanced'),
    [
        ('easy', 0.4691981, 0.2105927),
        ('medium', 0.2197665, 0.4485305),
        ('difficult', 0.2371332, 0.4054677),
    ],
)
def test_sci_vectors(shared_reference, name, illumination, enhanced):
    pixels = 0.4 * image(64, 96, 0)
    network = import_weights(shared_reference / 'sci_weights' / f'{name}.pt').checkpoint.enhancer
    with torch.no_grad():
        light = network(pixels).clamped
    assert float(light.mean()) == pytest.approx(illumination, abs=2e-6)
    assert float(enhance(pixels, light).mean()) == pytest.approx(enhanced, abs=2e-6)
