"""Round trips over DDS: node, bare node, camera and listener as processes, small and few."""

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from ros_harness import write_tiny_checkpoint

from steps_ros.bench.node_speed import measure_cameras, measure_node, measure_rates
from steps_ros.errors import StepsError

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]


@pytest.mark.parametrize('transport', ['raw', 'compressed'])
def test_both_nodes_answer_and_the_node_tells_its_times(tmp_path, transport):
    checkpoint = write_tiny_checkpoint(tmp_path / 'tiny.safetensors')
    times = measure_node(
        96, 64, transport, 3, (f'checkpoint:={checkpoint}', 'device:=cpu', 'engine:=torch')
    )
    assert (times.size, len(times.node), len(times.transport)) == ('96x64', 3, 3)
    assert min(*times.node, *times.transport, times.overhead, times.model) > 0
    assert times.rss_mb > times.bare_rss_mb > 20


def test_cameras_of_one_node_take_turns_and_a_busy_node_gives_frames(tmp_path):
    checkpoint = write_tiny_checkpoint(tmp_path / 'tiny.safetensors')
    parameters = (f'checkpoint:={checkpoint}', 'device:=cpu', 'engine:=torch')
    seconds = measure_cameras(96, 64, (1, 2), 2, parameters)
    assert {count: len(taken) for count, taken in seconds.items()} == {1: 2, 2: 2}
    rates = measure_rates(96, 64, 5, parameters)
    assert min(*seconds[1], *seconds[2], *rates) > 0


def test_a_node_that_does_not_start_is_one_line(tmp_path):
    with pytest.raises(StepsError, match='night_depth'):
        measure_node(96, 64, 'raw', 1, ('output.max_width:=-3',))
