"""What a processor is called, also where the system names no model."""

from __future__ import annotations

import os

import pytest
import torch

from steps_ros.inference import hardware


@pytest.mark.parametrize(
    ('cores', 'board', 'name'),
    [
        ('model name\t: Xeon\nmodel name\t: Xeon\n', 'Board', 'Xeon'),
        ('CPU part\t: 0xd42\n', 'NVIDIA Jetson Orin Nano\0', 'arm NVIDIA Jetson Orin Nano 0xd42'),
        ('CPU part\t: 0xd0c\nCPU part\t: 0xd0c\n', None, 'arm 0xd0c'),
        (None, None, 'arm'),
    ],
)
def test_processors_are_told_apart(cores, board, name, tmp_path, monkeypatch):
    for place, content in (('CPU_INFO', cores), ('BOARD', board)):
        path = tmp_path / place
        monkeypatch.setattr(hardware, place, path)
        if content is not None:
            path.write_text(content)
    monkeypatch.setattr('platform.machine', lambda: 'arm')
    assert hardware.device_name(torch.device('cpu')) == f'{os.cpu_count()} x {name}'
