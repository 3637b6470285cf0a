"""torch, the GPU and the engines, as they are here and as they are pretended to be."""

import warnings

import torch

from steps_ros.doctor import devices
from steps_ros.doctor.finding import FAIL, NOTE, OK
from steps_ros.inference.engines.table import ENGINES

DRIVER = 'NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5\nGCC version: 12\n'


def without_gpu(monkeypatch, cuda, warning=''):
    def is_available():
        if warning:
            warnings.warn(warning, stacklevel=1)
        return False

    monkeypatch.setattr(torch.cuda, 'is_available', is_available)
    monkeypatch.setattr(torch.version, 'cuda', cuda)


def test_torch_computes():
    assert [found.level for found in devices.torch_itself()] == [OK]


def test_a_torch_with_known_holes_is_noted(monkeypatch):
    monkeypatch.setattr(torch, '__version__', '2.9.1')
    (found,) = devices.torch_itself()
    assert found.level == NOTE
    assert 'torch>=2.10' in found.remedy


def test_a_machine_without_gpu_is_no_fault(monkeypatch, tmp_path):
    without_gpu(monkeypatch, None)
    (found,) = devices.gpu(tmp_path / 'none')
    assert (found.level, 'the processor' in found.says) == (NOTE, True)


def test_a_gpu_that_torch_cannot_use(monkeypatch, tmp_path):
    driver = tmp_path / 'version'
    driver.write_text(DRIVER)
    without_gpu(monkeypatch, None)
    (found,) = devices.gpu(driver)
    assert found.level == NOTE
    assert found.says.startswith('driver 550.54.15 is there, but torch')
    without_gpu(monkeypatch, '13.0', 'The NVIDIA driver is\ntoo old')
    (found,) = devices.gpu(driver)
    assert found.level == FAIL
    assert found.says.endswith('cannot use driver 550.54.15: The NVIDIA driver is too old')


def test_every_engine_has_a_line(monkeypatch):
    without_gpu(monkeypatch, None)
    found = devices.engines()
    assert [item.check for item in found] == [f'engine {name}' for name in ENGINES]
    levels = {item.check: item.level for item in found}
    assert (levels['engine torch'], levels['engine tensorrt']) == (OK, NOTE)
    tensorrt = next(item for item in found if item.check == 'engine tensorrt')
    assert (tensorrt.says, tensorrt.remedy) == ('TensorRT needs a GPU', 'use another engine')
