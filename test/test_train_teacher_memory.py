"""The teacher is asked once about each day frame, and what it says is the same as before."""

from __future__ import annotations

import pytest
from small_training import random_batch
import torch

from steps_ros.core.depth_net import DepthNet, TINY, TINY_RAYS
from steps_ros.train.objective import day_disparity
from steps_ros.train.teacher_memory import TeacherMemory

CPU = torch.device('cpu')
MAP_BYTES = 64 * 96 * 4


@pytest.fixture(params=[TINY, TINY_RAYS], ids=['plain', 'rays'])
def teacher(request) -> DepthNet:
    torch.manual_seed(0)
    return DepthNet(request.param).eval()


def asked(teacher: DepthNet) -> list[int]:
    """Return a list that grows by the batch size of every question."""
    sizes: list[int] = []
    teacher.encoder.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    return sizes


def test_it_says_what_the_teacher_says_and_asks_once(teacher):
    memory, day, sizes = TeacherMemory(2**30), random_batch(count=3), asked(teacher)
    expected = day_disparity(teacher, day)
    sizes.clear()
    first = memory.taught(teacher, day, CPU)
    torch.testing.assert_close(first.disparity, expected, rtol=1e-5, atol=1e-6)
    assert torch.equal(first.frames, day.frames)
    reordered = memory.taught(teacher, day.each(lambda item: item[[2, 0]]), CPU)
    assert torch.equal(reordered.disparity, first.disparity[[2, 0]])
    assert sizes == [1, 1, 1]


def test_a_mirrored_frame_and_another_camera_are_other_questions(teacher):
    memory, day, sizes = TeacherMemory(2**30), random_batch(count=1), asked(teacher)
    memory.taught(teacher, day, CPU)
    mirrored = day._replace(frames=day.frames.flip(-1))
    found = memory.taught(teacher, mirrored, CPU).disparity
    torch.testing.assert_close(found, day_disparity(teacher, mirrored), rtol=1e-5, atol=1e-6)
    memory.taught(teacher, day._replace(intrinsics=2 * day.intrinsics), CPU)
    assert len(memory) == 3
    assert sizes[:2] == [1, 1]


def test_what_does_not_fit_is_asked_again_with_the_same_answer(teacher):
    memory, day, sizes = TeacherMemory(2 * MAP_BYTES), random_batch(count=3), asked(teacher)
    first = memory.taught(teacher, day, CPU).disparity
    assert len(memory) == 2
    assert torch.equal(memory.taught(teacher, day, CPU).disparity, first)
    assert sizes == [1] * 4


def test_a_kept_map_is_not_changed_by_its_user(teacher):
    memory, day = TeacherMemory(2**30), random_batch(count=1)
    first = memory.taught(teacher, day, CPU).disparity
    kept = first.clone()
    first.zero_()
    assert torch.equal(memory.taught(teacher, day, CPU).disparity, kept)
