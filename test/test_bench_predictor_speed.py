"""The benchmark of the predictor: its yardstick is the released forward pass."""

from collections import Counter
import json

from reference_names import golden, named
from reference_training import golden_networks
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from steps_ros.bench import predictor_speed
from steps_ros.bench.literal_forward import forward_pass
from steps_ros.bench.literal_networks import LiteralNetworks
from steps_ros.bench.machine import Machine
from steps_ros.bench.predictor_speed import Difference, PredictorSpeed, Variant
from steps_ros.core.depth_net import DepthNet, Forms, RESNET18
from steps_ros.core.illumination import SelfCalibratedEnhancer
from steps_ros.core.upsampling import enlarged_convolution
from steps_ros.inference.engines.job import Engine
from steps_ros.inference.engines.table import ENGINES


def test_golden_c_is_what_the_literal_pass_gives(shared_reference):
    arrays = golden(shared_reference, 'c_dispnet_r18.npz')
    literal = LiteralNetworks()
    literal.load_state_dict(golden_networks(shared_reference, held=()).state_dict())
    grey = named(arrays, 'gray_u8')[:1, :1].float() / 255
    rgb = named(arrays, 'frames_bgr_u8')[:1, 0].flip(-1).permute(0, 3, 1, 2).float() / 255
    found = forward_pass(literal.eval(), rgb, grey)
    expected = named(arrays, 'testfwd/color_aug').flip(1)
    torch.testing.assert_close(found.enhanced, expected, atol=5e-6, rtol=0)
    for i, disparity in enumerate(found.disparities):
        expected = named(arrays, f'testfwd/disp{i}')
        torch.testing.assert_close(disparity, expected, atol=5e-6, rtol=0)


class Operations(TorchDispatchMode):
    """Counts what torch is asked for, by name."""

    def __init__(self):
        super().__init__()
        self.counts = Counter()

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        self.counts[str(function.overloadpacket).removeprefix('aten.')] += 1
        return function(*arguments, **(options or {}))


def test_the_literal_pass_does_nothing_that_eager_torch_need_not():
    literal = LiteralNetworks().eval()
    colour, grey = torch.rand(1, 3, 64, 96), torch.rand(1, 1, 64, 96)
    with FlopCounterMode(display=False) as products, Operations() as operations:
        found = forward_pass(literal, colour, grey)
    depth, enhancer = DepthNet(RESNET18).eval(), SelfCalibratedEnhancer().eval()
    depth.decoder.forms = Forms(enlarged_convolution, lambda feature, head: head(feature))
    with FlopCounterMode(display=False) as plain, torch.no_grad():
        enhancer(grey)
        depth(colour)
    assert products.get_total_flops() == plain.get_total_flops() > 0
    # Three stages of 3 and 1 + 3 * 2 + 1, an encoder of 1 + 16 + 4, a decoder of 5 * 4.
    assert operations.counts['convolution'] == 3 * (3 + 8) + 21 + 20
    # No gradients, copies or conversions.
    assert not any(disparity.requires_grad for disparity in found.disparities)
    assert not {'clone', 'copy_', '_to_copy', 'detach'} & set(operations.counts)


def test_ratios_are_those_of_rounds():
    seconds = {
        'reference': (4.0, 9.0, 6.0),
        'network': (1.0, 2.0, 1.0),
        'predictor': (2.0, 3.0, 1.5),
    }
    machine = Machine('a machine', 2, '2.1', 0.5)
    plain = PredictorSpeed(
        machine, 'x', Variant('torch', 'float32'), (64, 96), (1.0, 3.0, 2.0), seconds, None
    ).plain()
    assert (plain['predictor_vs_reference'], plain['predictor_vs_network']) == (3.0, 1.5)
    assert (plain['reference_ms'], plain['ceiling_gflops']) == (6000.0, 2.0)


def test_a_smallest_run(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(predictor_speed, 'VARIANTS', predictor_speed.VARIANTS[:2])
    path = tmp_path / 'speed.json'
    options = ['--size', '64x96', '--rounds', '2', '--threads', '1', '--json', str(path)]
    assert predictor_speed.main(options) == 0
    rows = json.loads(path.read_text())
    kinds = [(row['network'], row['precision']) for row in rows]
    assert all(row['engine'] == 'torch' for row in rows)
    both = ['float32', 'bfloat16']
    assert kinds == [(name, kind) for name in ('ResNet-18', 'default') for kind in both]
    released, halved, *default = rows
    assert released['depth_difference']['most'] < 1e-4
    assert Difference(**halved['depth_difference']).is_tolerable
    assert [row['depth_difference'] for row in default] == [None, None]
    for row in rows:
        assert row['predictor_vs_reference'] > 0
        assert row['predictor_vs_network'] > 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(' at ')[0] for line in lines] == ['ResNet-18'] * 2 + ['default'] * 2


def test_a_variant_that_is_refused_is_said_to_be(tmp_path, monkeypatch):
    def build(job, folder):
        return lambda pictures, rays: 1.1 * job.network.disparity(pictures, rays)

    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    wrong = Engine(lambda job: '', lambda: '1', build, lambda job, folder: build(job, None))
    monkeypatch.setitem(ENGINES, 'openvino', wrong)
    variants = (Variant('torch', 'float32'), Variant('openvino', 'float32'))
    network = predictor_speed.compared_networks()[1]
    rows = predictor_speed.measure(network, (64, 96), 1, variants)
    assert [row.name for row in rows] == [
        'torch float32',
        'openvino float32 (refused, torch float32 instead)',
    ]
    assert [row.plain()['substitute'] for row in rows] == [None, 'torch float32']


def test_a_size_that_cannot_be_is_one_line(capsys):
    assert predictor_speed.main(['--size', '100x100', '--rounds', '1']) == 1
    assert 'predictor_speed: ' in capsys.readouterr().err


def test_depth_within_half_a_percent_is_the_same():
    assert Difference(0.005, 0.03, 0.5).is_tolerable
    assert not Difference(0.006, 0.01, 0.01).is_tolerable
    assert not Difference(0.001, 0.04, 0.1).is_tolerable
