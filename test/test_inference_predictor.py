"""Predictor: exact where nothing is resampled, any size, honest confidence."""

from dataclasses import replace
import time

import cv2
import numpy as np
import pytest
from reference_names import golden
import torch

from steps_ros.core.camera import Camera
from steps_ros.core.checkpoint import Checkpoint
from steps_ros.core.depth_net import DepthNet, TINY, TINY_RAYS
from steps_ros.core.geometry import disparity_to_depth
from steps_ros.core.illumination import enhance, IlluminationNet
from steps_ros.core.importers import import_weights
from steps_ros.core.masks import Bridge
from steps_ros.errors import CheckpointError, FrameError, SettingsError
from steps_ros.inference import predictor as predictor_module
from steps_ros.inference.prediction import Outputs, Request
from steps_ros.inference.predictor import Predictor


@pytest.fixture(scope='module')
def checkpoint() -> Checkpoint:
    torch.manual_seed(3)
    return Checkpoint(DepthNet(TINY).eval(), IlluminationNet(1).eval(), input_size=(64, 96))


@pytest.fixture(scope='module')
def predictor(checkpoint) -> Predictor:
    return Predictor(checkpoint, device='cpu')


def street(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Return a night-like picture: dark, with a few bright lamps."""
    random = np.random.default_rng(seed)
    picture = random.integers(5, 30, (height, width, 3), np.uint8)
    for _ in range(40):
        y, x = random.integers(0, height - 12), random.integers(0, width - 12)
        picture[y : y + 12, x : x + 12] = random.integers(100, 250, 3)
    return picture


@pytest.mark.parametrize('size', [(64, 96), (63, 97), (480, 640), (1, 1), (7, 500)])
def test_any_size_comes_back_at_its_own_size(predictor, size):
    prediction = predictor.predict(
        street(max(size[0], 20), max(size[1], 20))[: size[0], : size[1]]
    )
    assert prediction.enhanced.shape == (*size, 3)
    assert prediction.enhanced.dtype == np.uint8
    assert prediction.depth.shape == prediction.confidence.shape == size
    assert prediction.depth.dtype == prediction.confidence.dtype == np.float32
    assert np.isfinite(prediction.depth).all()
    assert prediction.depth.min() >= 0.1
    assert prediction.depth.max() <= 100


def test_nothing_is_resampled_at_network_size(checkpoint, predictor):
    picture = street(64, 96)
    prediction = predictor.predict(picture, Outputs(raw=True))
    pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    grey = torch.from_numpy(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))[None, None].float() / 255
    with torch.no_grad():
        illumination = checkpoint.enhancer(grey).clamped
        enhanced = enhance(pixels, illumination)
        disparity = checkpoint.depth_net.disparity(enhanced)
    assert np.allclose(prediction.raw.illumination, illumination[0, 0].numpy(), atol=1e-6)
    assert np.allclose(prediction.raw.enhanced, enhanced[0].permute(1, 2, 0).numpy(), atol=1e-6)
    assert np.allclose(prediction.raw.disparity, disparity[0, 0].numpy(), atol=1e-6)
    depth = disparity_to_depth(disparity)[0, 0].numpy()
    assert np.allclose(prediction.depth, depth, rtol=1e-5)
    levels = (enhanced[0].permute(1, 2, 0) * 255).round().byte().numpy()
    assert np.abs(prediction.enhanced.astype(int) - levels).max() <= 1


def test_only_what_is_wanted_is_computed(predictor):
    prediction = predictor.predict(street(64, 96), Outputs(False, False, True))
    assert prediction.enhanced is None
    assert prediction.depth is None
    assert prediction.raw is None
    assert prediction.confidence is not None


@pytest.mark.parametrize(
    ('outputs', 'computed'),
    [
        (Outputs(True, False, False), {'enhanced_picture'}),
        (Outputs(False, True, False), {'enhance', 'resize_depth'}),
        (Outputs(False, False, True), {'confidence', 'resize_map'}),
    ],
)
def test_nothing_is_computed_for_outputs_that_nobody_wants(
    predictor, monkeypatch, outputs, computed
):
    called = set()
    for name in ('enhance', 'enhanced_picture', 'resize_depth', 'confidence', 'resize_map'):
        function = getattr(predictor_module, name)

        def noting(*arguments, name=name, function=function):
            called.add(name)
            return function(*arguments)

        monkeypatch.setattr(predictor_module, name, noting)
    prediction = predictor.predict(street(100, 150), outputs)
    assert called == computed
    assert prediction.network_s > 0


def test_the_networks_take_part_of_the_time(predictor):
    picture = street(64, 96)
    begun_s = time.perf_counter()
    found = predictor.predict_batch(
        [Request(picture), Request(street(100, 150)), Request(picture)]
    )
    elapsed_s = time.perf_counter() - begun_s
    assert len({prediction.network_s for prediction in found}) == 1
    assert 0 < found[0].network_s < elapsed_s


def test_predictor_keeps_no_state(predictor):
    first = predictor.predict(street(80, 120, 1))
    predictor.predict(street(64, 96, 2))
    again = predictor.predict(street(80, 120, 1))
    assert np.array_equal(first.depth, again.depth)


def test_output_size_is_free(predictor):
    prediction = predictor.predict(street(480, 640), output_size=(120, 160))
    assert prediction.enhanced.shape == (120, 160, 3)
    assert prediction.depth.shape == prediction.confidence.shape == (120, 160)


@pytest.mark.parametrize('precision', ['float16', 'bfloat16'])
def test_half_precisions_stay_close_to_float32(checkpoint, predictor, precision):
    picture = street(64, 96)
    exact = predictor.predict(picture).depth
    half = Predictor(checkpoint, device='cpu', precision=precision)
    close = half.predict(picture).depth
    assert np.median(np.abs(close / exact - 1)) < 0.02


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA GPU on this machine')
@pytest.mark.parametrize('precision', ['float32', 'float16', 'bfloat16'])
def test_gpu_agrees_with_cpu(checkpoint, precision):
    picture = street(64, 96)
    exact = Predictor(checkpoint, device='cpu', precision='float32').predict(picture)
    close = Predictor(checkpoint, device='cuda', precision=precision).predict(picture)
    assert np.median(np.abs(close.depth / exact.depth - 1)) < 0.02
    assert np.abs(close.enhanced.astype(int) - exact.enhanced).max() <= 2
    assert np.abs(close.confidence - exact.confidence).max() < 0.02


def covered() -> np.ndarray:
    """Return a covered lens: a faint smooth glow, and noise."""
    y, x = np.mgrid[-1:1:240j, -1:1:320j]
    glow = 60 * np.exp(-2 * (x**2 + y**2)) + np.random.default_rng(0).normal(4, 3, (240, 320))
    return np.repeat(np.clip(glow, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize(
    'picture',
    [
        np.zeros((240, 320, 3), np.uint8),
        np.full((240, 320, 3), 255, np.uint8),
        np.full((240, 320, 3), 90, np.uint8),
        covered(),
    ],
    ids=['black', 'white', 'grey', 'covered'],
)
def test_frames_that_show_nothing_have_no_confidence(predictor, picture):
    assert predictor.predict(picture).confidence.max() < 0.2


def test_lit_pixels_have_more_confidence_than_clipped_ones(predictor):
    picture = np.full((64, 96, 3), 60, np.uint8)
    picture[16:48, 16:48] = 255
    picture[16:48, 56:88] = 0
    confidence = predictor.predict(picture).confidence
    assert confidence[32, 32] < 0.2
    assert confidence[32, 72] < 0.2
    assert confidence[5, 5] > 2 * confidence[32, 32]


def test_checkpoint_without_enhancer_leaves_the_image(checkpoint):
    picture = street(64, 96)
    prediction = Predictor(Checkpoint(depth_net=checkpoint.depth_net), device='cpu').predict(
        picture
    )
    assert np.array_equal(prediction.enhanced, picture)
    assert prediction.depth is not None


def test_no_enhancement_is_the_picture_and_full_is_the_default(checkpoint, predictor):
    picture = street(64, 96)
    off = predictor.predict(picture, Outputs(raw=True), enhancement=0.0)
    assert np.array_equal(off.enhanced, picture)
    plain = Predictor(Checkpoint(depth_net=checkpoint.depth_net), device='cpu').predict(picture)
    assert np.array_equal(off.depth, plain.depth)
    full = predictor.predict(picture, enhancement=1.0)
    assert np.array_equal(full.enhanced, predictor.predict(picture).enhanced)


def test_where_nothing_is_enhanced_the_picture_alone_says_what_to_trust(checkpoint):
    picture = street(64, 96)
    picture[:32] = np.maximum(picture[:32], 180)
    picture[40:48] = 0
    strict = replace(checkpoint, confidence=Bridge(0.4, 0.5, 5.0, 50.0))
    predictor = Predictor(strict, device='cpu')
    shares = (1.0, 0.5, 0.02, 0.0)
    found = [predictor.predict(picture, enhancement=share).confidence for share in shares]
    assert np.median(found[0][:32]) < 0.2
    assert (found[-1][:32] == 1).all()
    np.testing.assert_allclose(found[-1][40:48], 0.1)
    # Faded, the maps go from one to the other without a leap.
    np.testing.assert_allclose(found[1][:32], np.sqrt(found[0][:32]), rtol=1e-5)
    assert np.abs(found[-1] - found[-2]).max() < 0.2
    plain = Predictor(replace(strict, enhancer=None), device='cpu').predict(picture)
    np.testing.assert_array_equal(plain.confidence, found[-1])


def test_by_day_the_enhancer_is_not_computed(checkpoint, monkeypatch):
    asked, make = [], predictor_module.illumination_on

    def counting(*of):
        illuminate = make(*of)

        def counted(*pictures):
            asked.append(pictures)
            return illuminate(*pictures)

        return counted

    monkeypatch.setattr(predictor_module, 'illumination_on', counting)
    predictor, wanted = Predictor(checkpoint, device='cpu'), Outputs(confidence=False)
    predictor.predict(street(64, 96), wanted, enhancement=0.0)
    assert asked == []
    predictor.predict(street(64, 96), wanted, enhancement=0.5)
    assert len(asked) == 1


def test_enhancement_grows_by_equal_ratios(predictor):
    picture = np.full((64, 96, 3), 20, np.uint8)
    maps = [
        predictor.predict(picture, Outputs(raw=True), enhancement=share).raw.illumination
        for share in (0.0, 0.25, 0.5, 1.0)
    ]
    assert (maps[0] == 1).all()
    np.testing.assert_allclose(maps[2], np.sqrt(maps[3]), rtol=1e-5)
    np.testing.assert_allclose(maps[1], np.sqrt(maps[2]), rtol=1e-5)


def test_checkpoint_without_depth_gives_the_enhanced_image_alone(checkpoint):
    predictor = Predictor(Checkpoint(enhancer=checkpoint.enhancer), device='cpu')
    prediction = predictor.predict(street(50, 70), Outputs(raw=True))
    assert prediction.depth is None
    assert prediction.raw.disparity is None
    assert prediction.raw.illumination.shape == (50, 70)


def test_size_is_the_argument_then_the_checkpoint_then_the_image(checkpoint):
    unsized = Checkpoint(depth_net=checkpoint.depth_net, enhancer=checkpoint.enhancer)
    assert Predictor(checkpoint, (128, 160)).network_size(480, 640) == (128, 160)
    assert Predictor(checkpoint).network_size(480, 640) == (64, 96)
    assert Predictor(unsized).network_size(370, 1242) == (384, 1248)
    assert Predictor(unsized).network_size(10, 10) == (64, 64)


def test_golden_a_through_the_predictor(shared_reference):
    checkpoint = import_weights(shared_reference / 'sci_weights' / 'medium.pt').checkpoint
    arrays = golden(shared_reference, 'a_sci3_synthetic.npz')
    raw = Predictor(checkpoint).predict(arrays['syn_dark__input_u8'], Outputs(raw=True)).raw
    assert np.abs(raw.illumination - arrays['syn_dark__medium__illu']).max() < 2e-6
    enhanced = arrays['syn_dark__medium__enhanced'].transpose(1, 2, 0)
    assert np.abs(raw.enhanced - enhanced).max() < 1e-5


@pytest.mark.parametrize(
    ('image', 'message'),
    [
        (np.zeros((0, 5, 3), np.uint8), r'shape \(0, 5, 3\)'),
        (np.zeros((5, 5), np.uint8), r'shape \(5, 5\)'),
        (np.zeros((5, 5, 3), np.float32), 'type float32'),
    ],
)
def test_other_images_are_refused(predictor, image, message):
    with pytest.raises(FrameError, match=message):
        predictor.predict(image)


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ({'size': (65, 96)}, '65x96.*try 96x96'),
        ({'size': (32, 96)}, '32x96.*at least 64'),
        ({'device': 'tpu9'}, "device 'tpu9'"),
        ({'device': 'cuda:99'}, 'CUDA GPUs; use device cpu'),
        ({'precision': 'int3'}, "precision 'int3'.*bfloat16"),
    ],
)
def test_settings_that_cannot_be_are_refused(checkpoint, settings, message):
    with pytest.raises(SettingsError, match=message):
        Predictor(checkpoint, **settings)


def test_encoder_alone_is_refused():
    with pytest.raises(CheckpointError, match=r'encoder only.*--init'):
        Predictor(Checkpoint(encoder={}))


@pytest.fixture(scope='module')
def seeing_rays() -> Predictor:
    torch.manual_seed(3)
    return Predictor(Checkpoint(DepthNet(TINY_RAYS).eval(), input_size=(64, 96)), device='cpu')


def test_a_network_that_sees_rays_keeps_the_shape_of_the_picture(checkpoint, seeing_rays):
    assert seeing_rays.network_size(192, 640) == (64, 192)
    assert seeing_rays.network_size(480, 640) == (64, 96)
    assert seeing_rays.described_size == "about 64x96, in each image's shape"
    assert Predictor(checkpoint, device='cpu').network_size(192, 640) == (64, 96)
    given = Predictor(Checkpoint(DepthNet(TINY_RAYS).eval()), size=(64, 128), device='cpu')
    assert given.network_size(192, 640) == (64, 128)
    assert given.described_size == '64x128'


def test_the_camera_tells_where_the_network_sees_rays(predictor, seeing_rays):
    picture = street(64, 96)
    depth = Outputs(enhanced=False, confidence=False)

    def of(model, camera):
        return model.predict(picture, depth, None, camera).depth

    wide, narrow = Camera(96, 64, 40, 40, 48, 32), Camera(96, 64, 120, 120, 48, 32)
    bent = replace(wide, distortion=(-0.2, 0.02, 0, 0, 0))
    found = [of(seeing_rays, camera) for camera in (wide, narrow, bent, None)]
    for one in range(4):
        for other in range(one):
            assert not np.allclose(found[one], found[other], rtol=1e-4)
    np.testing.assert_array_equal(found[3], of(seeing_rays, Camera.assumed(96, 64)))
    np.testing.assert_array_equal(of(predictor, wide), of(predictor, narrow))


def test_a_lens_that_cannot_be_is_named(seeing_rays):
    camera = Camera(96, 64, 40, 40, 48, 32, 'plumb_bob', (0.1, 0.2, 0.3))
    with pytest.raises(FrameError, match='distortion'):
        seeing_rays.predict(street(64, 96), camera=camera)


def test_a_batch_says_what_its_images_say_alone(predictor, seeing_rays):
    wide, narrow = Camera(96, 64, 40, 40, 48, 32), Camera(96, 64, 120, 120, 48, 32)
    requests = [
        Request(street(64, 96, 1), camera=wide),
        Request(street(48, 160, 2), output_size=(24, 80)),
        Request(street(64, 96, 3), Outputs(depth=False), camera=narrow, enhancement=0.5),
        Request(street(64, 96, 4), Outputs(raw=True), camera=narrow, enhancement=0.0),
    ]
    for model in (predictor, seeing_rays):
        together = model.predict_batch(requests)
        assert len(together) == 4
        for request, prediction in zip(requests, together, strict=True):
            alone = model.predict(*request)
            for one, other in zip(prediction[:3], alone[:3], strict=True):
                assert (one is None) == (other is None)
                if one is not None:
                    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1.01e-4)
        assert together[2].depth is None
        assert together[1].depth.shape == (24, 80)
    assert predictor.predict_batch([]) == []
