"""
A recorded drive through the live node, with the drive's own stamps, for its depth and its pace.
"""

from __future__ import annotations

from dataclasses import dataclass
import logging
from pathlib import Path

from steps_ros.data.sources import open_source
from steps_ros.errors import SourceError, StepsError
from steps_ros.inference.scale.settings import FIXED
from steps_ros.ros.live_run import LiveRun, read_live_run
from steps_ros.ros.names import CAMERA_INFO, CONFIDENCE, DEPTH, ENHANCED, IMAGE_TOPIC
from steps_ros.ros.playback import checked_rate_factor
from steps_ros.ros.stage import Cast, clear, LOGS, perform, played, RECORDING

# Clouds and pictures for people are not measured, and would cost the node time if recorded.
RECORDED = (ENHANCED, DEPTH, CAMERA_INFO, CONFIDENCE)
BEHIND_SHARE = 0.02

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LiveSettings:
    """
    What to play and how.

    ``out`` is the folder of recording and logs; ``image_topic`` and ``camera_info_topic`` None
    take the bag's only ones; ``rate_factor`` 2 plays twice as fast as it was recorded;
    ``checkpoint`` None takes the weights of the package, ``engine`` and ``light`` None the node's
    choice; ``network_size`` is HxW, empty for the checkpoint's own; ``metric_scale`` is metres of
    one unit of depth, None for depth that stays relative.
    """

    bag: Path
    out: Path
    image_topic: str | None = None
    camera_info_topic: str | None = None
    rate_factor: float = 1.0
    checkpoint: Path | None = None
    device: str = 'auto'
    precision: str = 'auto'
    engine: str | None = None
    light: str | None = None
    network_size: str = ''
    metric_scale: float | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Check the limits."""
        checked_rate_factor(self.rate_factor)


def run_live(settings: LiveSettings) -> LiveRun:
    """
    Play the bag through the live node and return what came out of it.

    The camera's messages carry the stamps of the bag, /clock tells its time, and the node uses
    it. Ctrl-C stops all processes; where depth was recorded until then, the run is returned as
    partial.

    :raises StepsError: bad input, a process that fails, or no depth at all; the recording is
        whole in any case.
    :raises KeyboardInterrupt: Ctrl-C came before any depth.
    """
    topics = settings.image_topic, None, settings.camera_info_topic
    # What cannot be read should be said before anything is started or written.
    with open_source(settings.bag, *topics) as source:
        if source.kind != 'bag':
            raise SourceError(f'{settings.bag} is no bag but a {source.kind}; only bags go live')
        clear(settings.out, (), settings.overwrite)
    try:
        perform(_cast(settings), settings.out)
    except KeyboardInterrupt:
        if not (settings.out / RECORDING).exists() or not _read(settings, True).frames_out:
            raise
        return _read(settings, is_partial=True)
    run = _read(settings, is_partial=False)
    if not run.frames_out:
        raise StepsError(f'no depth came out of the node; look into {settings.out / LOGS}')
    _say_pace(run)
    return run


def _cast(settings: LiveSettings) -> Cast:
    parameters = {
        'use_sim_time': 'true',
        'device': settings.device,
        'precision': settings.precision,
    }
    if settings.checkpoint is not None:
        parameters['checkpoint'] = str(settings.checkpoint.resolve())
    if settings.engine is not None:
        parameters['engine'] = settings.engine
    if settings.light is not None:
        parameters['light.mode'] = settings.light
    if settings.network_size:
        parameters['network_size'] = settings.network_size
    if settings.metric_scale is not None:
        parameters |= {'scale.source': FIXED, 'scale.fixed': repr(settings.metric_scale)}
    publisher = [str(settings.bag), '--keep-stamps', '--rate-factor', str(settings.rate_factor)]
    if settings.image_topic is not None:
        publisher += ['--image-topic', settings.image_topic]
    if settings.camera_info_topic is not None:
        publisher += ['--camera-info-topic', settings.camera_info_topic]
    return Cast(tuple(parameters.items()), publisher, ('--outputs', *RECORDED))


def _read(settings: LiveSettings, is_partial: bool) -> LiveRun:
    sent = played(settings.out)
    return read_live_run(
        settings.out / RECORDING,
        frames_in=sent.get('sent', 0),
        behind_s=sent.get('behind_s', 0.0),
        is_partial=is_partial,
    )


def _say_pace(run: LiveRun) -> None:
    span_s = run.topics[IMAGE_TOPIC].span_s
    if run.behind_s > BEHIND_SHARE * span_s:
        logger.warning(
            'playing took %.1f s of %.1f s longer than the bag: reading it could not keep up, '
            'and the rates are lower than recorded',
            run.behind_s,
            span_s,
        )
