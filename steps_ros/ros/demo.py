"""
The live demo: a camera, the node and a recorder as three processes, over DDS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import json
from pathlib import Path
import shutil
import tempfile
import time
from typing import Any

from tqdm import tqdm

from steps_ros.data.sources import open_source
from steps_ros.errors import OutputError, StepsError
from steps_ros.eval.contact_sheet import make_contact_sheet, Topics
from steps_ros.ros.processes import isolated_environment, Processes, shipped_file
from steps_ros.ros.status_file import read_status
from steps_ros.ros.summary import silent_topics, summarise

NODE = 'night_depth'
POLL_S = 0.1
READY_LIMIT_S = 120.0
SETTLE_S = 1.0
SILENT_LIMIT_S = 15.0
DIAGNOSTICS_S = 1.5
PROFILE = 'fastdds_shm.xml'
COLUMNS = Topics(
    '/camera/image_raw',
    '/night_depth/output/image_enhanced',
    '/night_depth/output/depth',
    '/night_depth/output/confidence',
)


@dataclass(frozen=True)
class DemoSettings:
    """
    What to play and where to write.

    ``rate_hz`` None plays by the stamps of the input; ``parameters`` are given to the node, by
    name; ``label`` is what the summary calls the input.
    """

    input: Path
    out: Path
    rate_hz: float | None
    label: str
    image_topic: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    overwrite: bool = False


class Stage:
    """The running processes and what they report."""

    def __init__(self, processes: Processes, folder: Path) -> None:
        self.processes = processes
        self.recorder_status = folder / 'recorder.json'
        self.publisher_status = folder / 'publisher.json'

    @property
    def recorded(self) -> dict[str, Any]:
        """What the recorder reported last."""
        return read_status(self.recorder_status)

    @property
    def played(self) -> dict[str, Any]:
        """What the publisher reported last."""
        return read_status(self.publisher_status)

    def wait(self, condition: Callable[[], Any], limit_s: float) -> bool:
        """Wait until the condition holds; False after the limit; raises when a process fails."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            self.processes.check()
            if condition():
                return True
            time.sleep(POLL_S)
        return False


def run_demo(settings: DemoSettings) -> dict[str, Any]:
    """
    Play the input through the live node and write recording, contact sheet and summary.

    :returns: the content of ``summary.json``.
    :raises StepsError: bad input, a process that fails, or a topic that stays silent; whatever
        could be written until then is whole.
    """
    # What cannot be read should be said before anything is started or written.
    with open_source(settings.input, settings.image_topic, settings.rate_hz):
        _prepare(settings)
    logs = settings.out / 'logs'
    environment = isolated_environment(logs, shipped_file(PROFILE))
    with tempfile.TemporaryDirectory(prefix='steps_ros_demo_') as folder:
        with Processes(logs, environment) as processes:
            stage = Stage(processes, Path(folder))
            _start(stage, settings)
            _follow(stage)
            for name in ('recorder', NODE):
                _stop(processes, name)
        summary = summarise(stage.played, stage.recorded, settings.label)
    text = json.dumps(summary, indent=2, allow_nan=False) + '\n'
    (settings.out / 'summary.json').write_text(text, encoding='utf-8')
    silent = silent_topics(summary)
    if silent:
        raise StepsError(f'no message came on {", ".join(silent)}; look into {logs}')
    make_contact_sheet(
        settings.out / 'recording.mcap', COLUMNS, settings.out / 'contact_sheet.png'
    )
    return summary


def _prepare(settings: DemoSettings) -> None:
    out = settings.out
    try:
        if out.exists() and any(out.iterdir()) and not settings.overwrite:
            raise OutputError(f'{out} is not empty; choose another folder or give --overwrite')
        for name in ('recording.mcap', 'contact_sheet.png', 'summary.json'):
            (out / name).unlink(missing_ok=True)
        shutil.rmtree(out / 'logs', ignore_errors=True)
        (out / 'logs').mkdir(parents=True)
    except OSError as error:
        raise OutputError(f'{out} cannot be written: {error.strerror}; choose another') from error


def _start(stage: Stage, settings: DemoSettings) -> None:
    """Start all three, the publisher when the node is active and everything is connected."""
    node = ['--ros-args', '-p', 'autostart:=true']
    for topic in ('image', 'camera_info'):
        camera = 'image_raw' if topic == 'image' else topic
        node += ['-r', f'/{NODE}/input/{topic}:=/camera/{camera}']
    for name, value in settings.parameters:
        node += ['-p', f'{name}:={value}']
    stage.processes.start(NODE, node)
    recording = settings.out / 'recording.mcap'
    stage.processes.start(
        'recorder', ['--out', str(recording), '--status', str(stage.recorder_status)]
    )
    if not stage.wait(lambda: stage.recorded.get('ready'), READY_LIMIT_S):
        raise StepsError(
            f'the node did not become active within {READY_LIMIT_S:.0f} s: '
            f'{_problem(stage)}; its log is in {settings.out / "logs"}'
        )
    time.sleep(SETTLE_S)
    stage.processes.start('publisher', _publisher_arguments(stage, settings))


def _problem(stage: Stage) -> str:
    """Return what the node says of itself, else its last line."""
    state = stage.recorded.get('diagnostics', {}).get(f'{NODE}: state', {})
    return str(state.get('message') or stage.processes.last_words(NODE))


def _publisher_arguments(stage: Stage, settings: DemoSettings) -> list[str]:
    arguments = [str(settings.input), '--status', str(stage.publisher_status)]
    # The node and the recorder.
    arguments += ['--subscribers', '2']
    if settings.rate_hz is not None:
        arguments += ['--rate', str(settings.rate_hz)]
    if settings.image_topic is not None:
        arguments += ['--image-topic', settings.image_topic]
    return arguments


def _follow(stage: Stage) -> None:
    """Show the progress until all that was sent has come out or been dropped."""
    with tqdm(total=None, unit=' frames', desc='live', mininterval=0.5) as bar:
        while not stage.played.get('done'):
            _check_publisher(stage)
            _show(bar, stage)
            time.sleep(POLL_S)
        _check_publisher(stage)
        _drain(stage)
        _show(bar, stage)


def _check_publisher(stage: Stage) -> None:
    problem = stage.played.get('problem')
    if problem:
        raise StepsError(problem)
    stage.processes.check()
    if stage.processes.has_ended('publisher') and not stage.played.get('done'):
        raise StepsError(f'publisher ended early: {stage.processes.last_words("publisher")}')


def _show(bar: Any, stage: Stage) -> None:
    recorded = stage.recorded
    bar.total = stage.played.get('total')
    bar.set_postfix_str(f'{stage.played.get("sent", 0)} sent', refresh=False)
    bar.update(recorded.get('frames_out', 0) - bar.n)


def _drain(stage: Stage) -> None:
    """Wait until every frame is accounted for, or nothing happens any more."""
    done, last_change_s = -1, time.monotonic()
    while time.monotonic() - last_change_s < SILENT_LIMIT_S:
        stage.processes.check()
        now_done = _accounted(stage)
        if now_done != done:
            done, last_change_s = now_done, time.monotonic()
        if done >= stage.played['sent']:
            break
        time.sleep(POLL_S)
    # The last word of the node on its drops and times.
    time.sleep(DIAGNOSTICS_S)


def _accounted(stage: Stage) -> int:
    recorded = stage.recorded
    dropped = recorded['diagnostics'].get(f'{NODE}: output', {}).get('dropped', 0)
    return int(recorded['frames_out']) + int(dropped)


def _stop(processes: Processes, name: str) -> None:
    code = processes.stop(name)
    if code:
        raise StepsError(f'{name} ended with code {code}: {processes.last_words(name)}')
