"""
The live demo: an input through the node, with a contact sheet and a summary of what came out.
"""

from __future__ import annotations

from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from steps_ros.data.sources import open_source
from steps_ros.errors import StepsError
from steps_ros.eval.contact_sheet import make_contact_sheet, Topics
from steps_ros.ros.live_run import LiveRun, percentiles_of, read_live_run, summary_of
from steps_ros.ros.names import CONFIDENCE, DEPTH, ENHANCED, IMAGE_TOPIC, of_node
from steps_ros.ros.outputs import FRAME_TOPICS
from steps_ros.ros.recorder import topics_of
from steps_ros.ros.stage import Cast, clear, LOGS, perform, played, RECORDING

CONTACT_SHEET, SUMMARY = 'contact_sheet.png', 'summary.json'
COLUMNS = Topics(IMAGE_TOPIC, of_node(ENHANCED), of_node(DEPTH), of_node(CONFIDENCE))


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


def run_demo(settings: DemoSettings) -> dict[str, Any]:
    """
    Play the input through the live node and write recording, contact sheet and summary.

    :returns: the content of ``summary.json``.
    :raises StepsError: bad input, a process that fails, or a topic that stays silent; whatever
        could be written until then is whole.
    """
    out = settings.out
    # What cannot be read should be said before anything is started or written.
    with open_source(settings.input, settings.image_topic, settings.rate_hz):
        clear(out, (CONTACT_SHEET, SUMMARY), settings.overwrite)
    perform(Cast(settings.parameters, _publisher_arguments(settings)), out)
    sent = played(out)
    run = read_live_run(out / RECORDING, frames_in=sent['sent'], behind_s=sent['behind_s'])
    summary = summarise(run, sent, settings.label)
    text = json.dumps(summary, indent=2, allow_nan=False) + '\n'
    (out / SUMMARY).write_text(text, encoding='utf-8')
    silent = silent_topics(run)
    if silent:
        raise StepsError(f'no message came on {", ".join(silent)}; look into {out / LOGS}')
    make_contact_sheet(out / RECORDING, COLUMNS, out / CONTACT_SHEET)
    return summary


def summarise(run: LiveRun, sent: dict[str, Any], label: str) -> dict[str, Any]:
    """
    Return the content of ``summary.json``.

    :param sent: what the publisher reported.
    :param label: what the input is called.
    """
    return {
        **summary_of(run),
        # The demo's stamps are the times of sending, so that the way to the node counts, too.
        'latency_ms': percentiles_of(run.since_stamp_ms),
        'intrinsics': sent['intrinsics'],
        'input': label,
        'skipped': sent['skipped'],
    }


def silent_topics(run: LiveRun) -> list[str]:
    """Return the topics on which nothing came although something should have."""
    return [topic for topic in topics_of(list(FRAME_TOPICS)) if topic not in run.topics]


def _publisher_arguments(settings: DemoSettings) -> list[str]:
    arguments = [str(settings.input)]
    if settings.rate_hz is not None:
        arguments += ['--rate', str(settings.rate_hz)]
    if settings.image_topic is not None:
        arguments += ['--image-topic', settings.image_topic]
    return arguments
