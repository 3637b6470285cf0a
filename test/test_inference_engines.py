"""Every engine of this machine computes what torch computes; wrong ones are never used."""

from __future__ import annotations

from dataclasses import replace
import logging
from pathlib import Path
import sys

import numpy as np
import pytest
import torch
from torch import Tensor

from steps_ros.core.checkpoint import Checkpoint, load_checkpoint
from steps_ros.core.depth_net import DepthNet, TINY, TINY_RAYS
from steps_ros.errors import SettingsError
from steps_ros.inference.engines import choice, cuda_graphs, onnx_runtime, open_vino, tensor_rt
from steps_ros.inference.engines.cache import cache_folder, EngineCache
from steps_ros.inference.engines.choice import choose, Rounds
from steps_ros.inference.engines.graph import engine_graph
from steps_ros.inference.engines.job import Engine, Forward, Job
from steps_ros.inference.engines.names import AUTO, ENGINE_NAMES, TORCH, TORCH_COMPILE
from steps_ros.inference.engines.self_check import agreement, check, sample_inputs
from steps_ros.inference.engines.table import BUILT_AHEAD, CANDIDATES, ENGINES
from steps_ros.inference.engines.workshop import FORMAT, network_digest, Workshop
from steps_ros.inference.own_depth import MOST_SIZES, OwnDepth
from steps_ros.shipped_weights import DEFAULT_WEIGHTS

SIZE = (64, 96)
CPU, GPU = torch.device('cpu'), torch.device('cuda', 1)
HERE = ('torch', 'onnxruntime', 'openvino')


def job_of(config=TINY, device=CPU, precision='float32', size=SIZE) -> Job:
    torch.manual_seed(0)
    return Job(DepthNet(config).eval(), size, device, precision, 1)


class Spy:
    """An engine that counts what is asked of it and computes torch's disparity, times a factor."""

    def __init__(self, factor: float = 1.0, missing: str = '') -> None:
        self.factor, self.reason = factor, missing
        self.calls: list[str] = []
        self.engine = Engine(lambda job: self.reason, lambda: '1', self.build, self.load)

    def build(self, job: Job, folder: Path | None) -> Forward:
        self.calls.append('build')
        if folder is not None:
            (folder / 'made').write_text('content')
        return self.forward(job)

    def load(self, job: Job, folder: Path) -> Forward:
        self.calls.append('load')
        assert (folder / 'made').read_text() == 'content'
        return self.forward(job)

    def forward(self, job: Job) -> Forward:
        return lambda pictures, rays: job.network.disparity(pictures, rays) * self.factor


def test_compiling_needs_a_compiler(monkeypatch):
    missing = ENGINES[TORCH_COMPILE].missing
    monkeypatch.setenv('CXX', sys.executable)
    assert missing(job_of()) == ''
    monkeypatch.setenv('CXX', 'no-such-compiler')
    assert missing(job_of()).startswith('there is no C++ compiler no-such-compiler; install one')


def last_is_fastest(forwards, job) -> Rounds:
    return Rounds({name: 1 / place for place, name in enumerate(forwards, 1)}, {})


def workshop_of(job: Job, root: Path, **spies: Spy) -> Workshop:
    engines = {TORCH: ENGINES[TORCH], **{name: spy.engine for name, spy in spies.items()}}
    return Workshop(job.network, EngineCache(root), engines)


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    return cache_folder()


def test_every_name_has_an_engine_and_torch_is_always_a_candidate():
    assert set(ENGINE_NAMES) == {AUTO, *ENGINES}
    assert all(TORCH in names and set(names) <= set(ENGINES) for names in CANDIDATES.values())
    assert set(ENGINES) >= BUILT_AHEAD


@pytest.mark.parametrize('size', [(192, 320), (256, 448)])
def test_default_weights_are_right_in_bfloat16_with_first_and_last_layer_in_float32(size):
    job = Job(load_checkpoint(DEFAULT_WEIGHTS).depth_net.eval(), size, CPU, 'bfloat16', 1)
    kept = network_digest(job.network)
    found = check(ENGINES[TORCH].build(job, None), job)
    assert found.median < 0.0035
    assert found.is_good
    # The network of the job is for others, too.
    assert network_digest(job.network) == kept


def test_bfloat16_is_that_of_the_convolutions_between_first_and_last_alone(monkeypatch):
    seen = []

    def noting(image, weight, *arguments, **options):
        seen.append(weight.dtype)
        return convolve(image, weight, *arguments, **options)

    convolve = torch.conv2d
    job = job_of(TINY_RAYS, precision='bfloat16')
    monkeypatch.setattr(torch.nn.functional, 'conv2d', noting)
    ENGINES[TORCH].build(job, None)(*(part[:1] for part in sample_inputs(job)))
    first, *between = seen
    assert first == torch.float32
    assert set(between) == {torch.bfloat16}


def test_openvino_is_given_its_own_sigmoid_and_onnx_runtime_an_exact_one():
    onnx = pytest.importorskip('onnx')
    for graph, kind in (
        (open_vino.graph_of(job_of(precision='bfloat16')), 'Sigmoid'),
        (engine_graph(job_of()), 'Exp'),
    ):
        operations = {node.op_type for node in onnx.load_from_string(graph).graph.node}
        assert operations & {'Sigmoid', 'Exp'} == {kind}


def test_default_weights_are_right_in_bfloat16_by_openvino():
    job = Job(load_checkpoint(DEFAULT_WEIGHTS).depth_net.eval(), (192, 320), CPU, 'bfloat16', 1)
    reason = open_vino.missing(job)
    if reason:
        pytest.skip(reason)
    assert check(ENGINES['openvino'].build(job, None), job).is_good


@pytest.mark.parametrize('name', ['onnxruntime', 'openvino'])
@pytest.mark.parametrize('config', [TINY, TINY_RAYS], ids=['colour', 'rays'])
def test_depth_is_that_of_torch_to_1e_4_new_and_from_the_cache(name, config, tmp_path):
    pytest.importorskip('onnx')
    pytest.importorskip(name)
    job = job_of(config)
    workshop = Workshop(job.network, EngineCache(tmp_path))
    assert check(workshop.prepare(name, job), job).largest < 1e-4
    (entry,) = tmp_path.iterdir()
    assert entry.name.startswith('engine-')
    kept = workshop.find(name, job)
    assert check(ENGINES[name].load(job, kept.folder), job).largest < 1e-4


def test_the_graph_says_reflected_edges_too(tmp_path):
    pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    job = job_of(replace(TINY, padding='reflect'))
    assert check(ENGINES['onnxruntime'].build(job, None), job).largest < 1e-4


def test_agreement_is_of_depth_and_nan_is_infinitely_far():
    exact = torch.full((1, 1, 10, 10), 4.0)
    found = exact * 1.01
    found[0, 0, 0, 0] = torch.nan
    median, p99, largest = agreement(found, exact)
    assert (median, p99) == pytest.approx((0.01, 0.01))
    assert largest == float('inf')
    few = exact.clone()
    few[0, 0, 0, 0] = torch.nan
    assert agreement(few, exact)[:2] == (0, 0)
    assert not agreement(few, exact).is_good
    assert 'is not finite somewhere' in agreement(few, exact).text
    assert not agreement(exact * torch.nan, exact).is_good
    assert agreement(exact, exact).is_good


def test_pictures_of_the_check_are_of_many_kinds():
    pictures, rays = sample_inputs(job_of(TINY_RAYS))
    assert pictures.shape == (3, 3, *SIZE)
    assert rays.shape == (3, 2, *SIZE)
    means = pictures.mean(dim=(1, 2, 3))
    assert means[1] < 0.3 < means[0]
    assert not torch.equal(rays[0], rays[1])


def test_a_wrong_engine_is_refused_and_its_refusal_remembered(tmp_path):
    job, wrong = job_of(), Spy(factor=1.02)
    for _ in range(2):
        with pytest.raises(SettingsError, match='refused by its self-check: depth differs'):
            workshop_of(job, tmp_path, wrong=wrong).prepare('wrong', job)
    assert wrong.calls == ['build']


def test_what_a_full_disk_cut_short_is_not_kept(tmp_path, caplog):
    def build(job: Job, folder: Path | None) -> Forward:
        if folder is not None:
            (folder / 'made').write_text('cont')
            raise OSError(28, 'No space left on device')
        return spy.forward(job)

    job, spy = job_of(), Spy()
    spy.engine = spy.engine._replace(build=build)
    workshop = workshop_of(job, tmp_path, spy=spy)
    assert check(workshop.prepare('spy', job), job).is_good
    assert workshop.find('spy', job) is None
    assert list(tmp_path.iterdir()) == []
    assert 'No space left on device' in caplog.text


def test_a_damaged_engine_is_built_once_more_and_kept(tmp_path, caplog):
    job, spy = job_of(), Spy()
    workshop = workshop_of(job, tmp_path, spy=spy)
    workshop.prepare('spy', job)
    (workshop.find('spy', job).folder / 'made').write_text('cont')
    for _ in range(2):
        workshop_of(job, tmp_path, spy=spy).prepare('spy', job)
    assert spy.calls == ['build', 'build', 'load']
    assert [item for item in caplog.records if item.levelno >= logging.WARNING] == []


def test_another_shape_is_refused(tmp_path):
    job, half = job_of(), Spy()
    half.forward = lambda job: lambda pictures, rays: pictures[:, :1, ::2, ::2]
    with pytest.raises(SettingsError, match=r'it gives \(3, 1, 32, 48\) where \(3, 1, 64, 96\)'):
        workshop_of(job, tmp_path, half=half).prepare('half', job)


def test_the_node_goes_on_with_torch_where_an_engine_is_wrong(cache, monkeypatch, caplog):
    monkeypatch.setitem(ENGINES, 'openvino', Spy(factor=1.02).engine)
    torch.manual_seed(0)
    network = DepthNet(TINY).eval()
    model = OwnDepth(Checkpoint(network), SIZE, CPU, 'float32', 'openvino')
    assert model.engine == 'torch'
    assert 'openvino at 64x96: refused by its self-check' in model.described['engine_choice']
    assert 'torch instead' in caplog.text
    pictures = torch.rand(2, 3, *SIZE)
    torch.testing.assert_close(model.output(pictures, ()), network.disparity(pictures))


def test_an_engine_that_is_named_must_be_there(cache, monkeypatch):
    monkeypatch.setitem(ENGINES, 'openvino', Spy(missing='it is not there; get it').engine)
    with pytest.raises(SettingsError, match="engine 'openvino': it is not there; get it"):
        OwnDepth(Checkpoint(DepthNet(TINY)), SIZE, CPU, 'float32', 'openvino')


def test_every_size_has_its_engine_up_to_a_limit(cache, monkeypatch):
    spy = Spy()
    monkeypatch.setitem(ENGINES, 'openvino', spy.engine)
    model = OwnDepth(Checkpoint(DepthNet(TINY).eval()), None, CPU, 'float32', 'openvino')
    for number in range(MOST_SIZES + 1):
        model.output(torch.zeros(1, 3, 64, 64 + 32 * number), ())
        model.output(torch.zeros(1, 3, 64, 64 + 32 * number), ())
    assert spy.calls == ['build'] * MOST_SIZES
    assert model.engine == 'openvino, torch'


def test_auto_takes_the_fastest_remembers_it_and_says_why(tmp_path, monkeypatch):
    job, fast, slow, wrong = job_of(), Spy(), Spy(), Spy(factor=1.1)
    broken = Spy()
    absent = Spy(missing='not installed; install it')
    spies = {'fast': fast, 'slow': slow, 'wrong': wrong, 'broken': broken, 'absent': absent}
    broken.engine = broken.engine._replace(build=lambda job, folder: 1 / 0)
    workshop = workshop_of(job, tmp_path, **spies)
    monkeypatch.setitem(choice.CANDIDATES, 'cpu', (TORCH, *spies))
    seconds = {TORCH: 0.02, 'fast': 0.01, 'slow': 0.03}
    monkeypatch.setattr(choice, 'fastest_rounds', lambda forwards, job: Rounds(seconds, {}))
    chosen = choose(job, workshop)
    assert chosen.engine == 'fast'
    assert chosen.reason.startswith('fast is the fastest here: torch 20.0 ms, fast 10.0 ms, slow')
    assert 'wrong passed over: refused by its self-check' in chosen.reason
    assert 'broken passed over: it cannot be built: ZeroDivisionError' in chosen.reason
    assert 'absent passed over: not installed; install it' in chosen.reason
    built = [spy.calls.copy() for spy in spies.values()]
    assert choose(job, workshop_of(job, tmp_path, **spies)) == chosen
    assert [spy.calls for spy in spies.values()] == built
    torch.manual_seed(1)
    retrained = replace(job, network=DepthNet(TINY).eval())
    assert choose(retrained, workshop_of(retrained, tmp_path, **spies)) == chosen
    assert [spy.calls for spy in spies.values()] == built
    seconds['slow'] = 0.001
    assert choose(job, workshop, is_ahead=True).engine == 'slow'


def test_auto_stays_with_torch_where_others_gain_little_or_are_missing(tmp_path, monkeypatch):
    job, other = job_of(), Spy()
    monkeypatch.setitem(choice.CANDIDATES, 'cpu', (TORCH, 'other'))
    seconds = {TORCH: 0.0200, 'other': 0.0195}
    monkeypatch.setattr(choice, 'fastest_rounds', lambda forwards, job: Rounds(seconds, {}))
    assert choose(job, workshop_of(job, tmp_path, other=other)).engine == TORCH
    monkeypatch.undo()
    monkeypatch.setitem(choice.CANDIDATES, 'cpu', (TORCH, 'other'))
    alone = choose(job, workshop_of(job, tmp_path, other=Spy(missing='no')))
    assert alone == (TORCH, 'torch is the only one here; other passed over: no')


def test_auto_takes_what_needs_minutes_only_where_it_was_built_ahead(tmp_path, monkeypatch):
    job, late = job_of(), Spy()
    monkeypatch.setitem(choice.CANDIDATES, 'cpu', (TORCH, 'tensorrt'))
    workshop = workshop_of(job, tmp_path, tensorrt=late)
    chosen = choose(job, workshop)
    assert chosen.engine == TORCH
    assert (
        'tensorrt passed over: takes minutes to build; steps-ros export --build' in chosen.reason
    )
    assert late.calls == []
    monkeypatch.setattr(choice, 'fastest_rounds', last_is_fastest)
    assert choose(job, workshop, is_ahead=True).engine == 'tensorrt'
    assert choose(job, workshop).engine == 'tensorrt'
    retrained = replace(job, network=DepthNet(TINY).eval())
    late.calls.clear()
    assert choose(retrained, workshop_of(retrained, tmp_path, tensorrt=late)).engine == TORCH
    assert late.calls == []
    assert choose(job, workshop).engine == 'tensorrt'


def test_rounds_take_turns(monkeypatch):
    order: list[str] = []

    def forward(name: str) -> Forward:
        return lambda pictures, rays: order.append(name) or torch.zeros(1, 1, 1, 1)

    monkeypatch.setattr(choice, 'MEASURED_S', 0.0)
    rounds = choice.fastest_rounds({'a': forward('a'), 'b': forward('b')}, job_of())
    assert set(rounds.seconds) == {'a', 'b'}
    assert order == ['a', 'b'] * (1 + choice.LEAST_ROUNDS)


def test_what_fails_while_it_is_measured_is_passed_over(tmp_path, monkeypatch):
    job, frail = job_of(), Spy()
    calls = []

    def forward(pictures, rays):
        calls.append(None)
        if len(calls) > 4:
            raise RuntimeError('no memory for more')
        return job.network.disparity(pictures, rays)

    frail.forward = lambda job: forward
    monkeypatch.setattr(choice, 'MEASURED_S', 0.0)
    monkeypatch.setitem(choice.CANDIDATES, 'cpu', (TORCH, 'frail'))
    chosen = choose(job, workshop_of(job, tmp_path, frail=frail))
    assert chosen.engine == TORCH
    assert 'frail passed over: it fails: RuntimeError: no memory for more' in chosen.reason


def test_a_library_that_cannot_be_imported_is_passed_over(tmp_path, monkeypatch):
    job, broken = job_of(), Spy()
    broken.engine = broken.engine._replace(missing=lambda job: 1 / 0)
    monkeypatch.setitem(choice.CANDIDATES, 'cpu', (TORCH, 'broken'))
    chosen = choose(job, workshop_of(job, tmp_path, broken=broken))
    assert chosen.engine == TORCH
    assert 'broken passed over: it cannot be used: ZeroDivisionError' in chosen.reason
    assert chosen.reason.endswith('; install its packages anew')


def test_a_start_does_not_end_where_torch_itself_cannot_be_built(tmp_path, monkeypatch):
    job, sound = job_of(), Spy()
    workshop = workshop_of(job, tmp_path, sound=sound)
    workshop.engines[TORCH] = ENGINES[TORCH]._replace(build=lambda job, folder: 1 / 0)
    monkeypatch.setitem(choice.CANDIDATES, 'cpu', (TORCH, 'sound'))
    assert choose(job, workshop).engine == 'sound'
    sound.reason = 'not installed; install it'
    alone = choose(job, workshop)
    assert alone.engine == TORCH
    assert alone.reason.startswith('torch is what is left; sound passed over: not installed')


def test_a_choice_knows_what_was_built_ahead_by_name_since(tmp_path, monkeypatch):
    job, late = job_of(), Spy()
    monkeypatch.setitem(choice.CANDIDATES, 'cpu', (TORCH, 'tensorrt'))
    monkeypatch.setattr(choice, 'fastest_rounds', last_is_fastest)
    workshop = workshop_of(job, tmp_path, tensorrt=late)
    assert choose(job, workshop).engine == TORCH
    workshop.prepare('tensorrt', job)
    assert choose(job, workshop).engine == 'tensorrt'
    assert late.calls == ['build', 'load']


def test_an_engine_that_could_not_be_loaded_once_is_taken_at_the_next_start(tmp_path, monkeypatch):
    def full(job, folder):
        raise torch.OutOfMemoryError('CUDA out of memory')

    job, spy = job_of(), Spy()
    monkeypatch.setitem(choice.CANDIDATES, 'cpu', (TORCH, 'tensorrt'))
    monkeypatch.setattr(choice, 'fastest_rounds', last_is_fastest)
    workshop = workshop_of(job, tmp_path, tensorrt=spy)
    sound = workshop.engines['tensorrt']
    assert choose(job, workshop, is_ahead=True).engine == 'tensorrt'
    workshop.engines['tensorrt'] = sound._replace(load=full)
    with pytest.raises(SettingsError) as caught:
        workshop.prepare('tensorrt', job, is_ahead=False)
    assert choose(job, workshop, refused={'tensorrt': str(caught.value)}).engine == TORCH
    workshop.engines['tensorrt'] = sound
    assert choose(job, workshop).engine == 'tensorrt'
    assert spy.calls == ['build']


def test_an_engine_that_cannot_be_loaded_stays_until_another_is_built(tmp_path):
    def full(job, folder):
        raise torch.OutOfMemoryError('CUDA out of memory')

    job, spy = job_of(), Spy()
    workshop = workshop_of(job, tmp_path, tensorrt=spy)
    workshop.prepare('tensorrt', job)
    sound = workshop.engines['tensorrt']
    workshop.engines['tensorrt'] = sound._replace(load=full, build=full)
    with pytest.raises(SettingsError, match=r'cannot be used \(OutOf.*\); steps-ros export'):
        workshop.prepare('tensorrt', job, is_ahead=False)
    with pytest.raises(SettingsError, match='it cannot be built: OutOfMemoryError'):
        workshop.prepare('tensorrt', job)
    assert workshop.find('tensorrt', job) is not None
    workshop.engines['tensorrt'] = sound._replace(load=full)
    workshop.prepare('tensorrt', job)
    assert spy.calls == ['build', 'build']
    assert workshop.find('tensorrt', job) is not None


def test_auto_without_a_size_stays_with_torch(cache):
    model = OwnDepth(Checkpoint(DepthNet(TINY)), None, CPU, 'float32', AUTO)
    assert model.engine == TORCH
    assert 'give a network size' in model.described['engine_choice']


def test_digest_is_of_weights_and_configuration():
    one, other = job_of().network, job_of(TINY_RAYS).network
    assert network_digest(one) == network_digest(job_of().network) != network_digest(other)
    with torch.no_grad():
        one.decoder.head[0].bias += 1e-6
    assert network_digest(one) != network_digest(job_of().network)


def test_the_key_has_all_that_an_engine_depends_on(tmp_path):
    job = job_of()
    workshop = workshop_of(job, tmp_path, spy=Spy())
    key = workshop.key('spy', '1', job)
    assert (key['size'], key['precision'], key['library'], key['threads']) == (
        '64x96', 'float32', '1', '1',
    )  # fmt: skip
    assert len(key['weights']) == 64
    assert key['device']
    assert key['format'] == str(FORMAT)


@pytest.mark.parametrize(
    ('module', 'job', 'reason'),
    [
        (cuda_graphs, job_of(), 'need a GPU'),
        (tensor_rt, job_of(), 'needs a GPU'),
        (onnx_runtime, job_of(precision='bfloat16'), 'does not compute in bfloat16'),
        (open_vino, job_of(device=GPU), 'on processors only'),
        (open_vino, job_of(precision='float16'), 'does not compute in float16'),
    ],
)
def test_what_an_engine_cannot_do_is_said(module, job, reason):
    if module in (onnx_runtime, open_vino) and job.device.type == 'cpu':
        pytest.importorskip('onnxruntime' if module is onnx_runtime else 'openvino')
    assert reason in module.missing(job)


@pytest.mark.parametrize(
    ('module', 'package'), [(onnx_runtime, 'onnxruntime'), (open_vino, 'openvino')]
)
def test_what_is_not_installed_is_said(module, package, monkeypatch):
    monkeypatch.setattr('steps_ros.inference.engines.packages.find_spec', lambda name: None)
    assert module.missing(job_of()) == (
        f'{package} and onnx not installed; pip install {package} onnx'
    )


def test_gpu_providers_must_be_in_the_runtime(monkeypatch):
    pytest.importorskip('onnxruntime')
    job = job_of(device=GPU, precision='float16')
    monkeypatch.setattr('onnxruntime.get_available_providers', lambda: ['CPUExecutionProvider'])
    assert 'has no CUDAExecutionProvider' in onnx_runtime.missing(job)
    assert 'has no TensorrtExecutionProvider' in tensor_rt.missing(job)
    every = ['TensorrtExecutionProvider', 'CUDAExecutionProvider']
    monkeypatch.setattr('onnxruntime.get_available_providers', lambda: every)
    assert (onnx_runtime.missing(job), tensor_rt.missing(job)) == ('', '')
    assert 'does not compute in bfloat16' in tensor_rt.missing(job_of(TINY, GPU, 'bfloat16'))


def test_the_version_of_tensorrt_is_that_of_the_library_where_there_is_no_package(monkeypatch):
    class Library:
        def __init__(self, name: str) -> None:
            assert name == 'libnvinfer.so.10'

        def getInferLibVersion(self) -> int:
            return 100300

    monkeypatch.setattr(tensor_rt, 'installed_version', lambda *names: '')
    monkeypatch.setattr(onnx_runtime, 'version', lambda: '1.20')
    monkeypatch.setattr('ctypes.util.find_library', lambda name: f'lib{name}.so.10')
    monkeypatch.setattr('ctypes.CDLL', Library)
    monkeypatch.setattr('torch.version.cuda', '12.6')
    assert tensor_rt.version() == '1.20, CUDA 12.6, TensorRT 100300'
    monkeypatch.setattr('ctypes.util.find_library', lambda name: None)
    assert tensor_rt.version() == '1.20, CUDA 12.6, TensorRT '


def test_tensorrt_is_told_where_to_keep_its_engine():
    job = job_of(device=GPU, precision='float16')
    told = tensor_rt.options(job, Path('/kept'))
    assert told['device_id'] == '1'
    assert told['trt_fp16_enable'] == 'True'
    assert told['trt_engine_cache_enable'] == 'True'
    assert told['trt_engine_cache_path'] == '/kept'
    assert 'trt_engine_cache_enable' not in tensor_rt.options(job, None)
    assert tensor_rt.options(job_of(device=GPU), None)['trt_fp16_enable'] == 'False'


def test_memory_of_torch_is_bound_to_a_session_on_a_gpu():
    class Binding:
        def __init__(self) -> None:
            self.bound = {}

        def bind_input(self, *values):
            self.bound[values[0]] = values[1:]

        bind_output = bind_input

    image, output = torch.zeros(2, 3, 4, 6), torch.zeros(2, 1, 4, 6, dtype=torch.float16)
    bound = onnx_runtime.bind(Binding(), {'image': image}, output, 1).bound
    assert bound['image'] == ('cuda', 1, np.float32, (2, 3, 4, 6), image.data_ptr())
    assert bound['disparity'] == ('cuda', 1, np.float16, (2, 1, 4, 6), output.data_ptr())


def test_openvino_is_asked_for_float32_and_leaves_cores_free():
    told = open_vino.settings(job_of())
    assert told['INFERENCE_PRECISION_HINT'] == 'f32'
    assert told['INFERENCE_NUM_THREADS'] == 1
    assert told['ENABLE_CPU_PINNING'] is False
    assert open_vino.settings(job_of(precision='bfloat16'))['INFERENCE_PRECISION_HINT'] == 'bf16'


def test_every_engine_of_this_machine_takes_several_pictures_at_once(tmp_path):
    job = job_of(TINY_RAYS)
    pictures, rays = sample_inputs(job)
    for name in HERE:
        if ENGINES[name].missing(job):
            continue
        forward = ENGINES[name].build(job, None)
        with torch.inference_mode():
            found: Tensor = forward(pictures, rays)
            singles = [forward(pictures[[n]], rays[[n]]) for n in range(3)]
        assert found.shape == (3, 1, *SIZE)
        torch.testing.assert_close(found, torch.cat(singles), rtol=1e-4, atol=1e-6)
