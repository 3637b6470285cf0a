"""
The work of ``steps-ros evaluate``.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
import json
import logging
from pathlib import Path
from typing import Any, NamedTuple, TYPE_CHECKING

from tqdm import tqdm

from steps_ros.cli.interrupt import held_interrupt, INTERRUPTED, one_interrupt
from steps_ros.cli.live import describe_run, play_live, read_recorded, UNKNOWN_SCALE, with_pace
from steps_ros.cli.run import NIGHT
from steps_ros.data.digest import digest
from steps_ros.data.frames import Image
from steps_ros.data.opencv_log import silence_opencv
from steps_ros.data.outputs import claim_folder
from steps_ros.errors import SettingsError
from steps_ros.eval.conclusion import Circumstances, conclude
from steps_ros.eval.evaluation import Evaluation, EvaluationSettings, Predict
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.inputs import open_samples
from steps_ros.eval.predictions import network_depth, recorded_beside, RecordedDepth
from steps_ros.eval.protocols import make_protocol, Protocol
from steps_ros.eval.report import DataFile, Report
from steps_ros.eval.report_files import require_report_libraries, write_report
from steps_ros.eval.samples import Sample, SampleSource
from steps_ros.eval.spool import Spool
from steps_ros.inference.engines.names import TORCH
from steps_ros.inference.light_state import enhancement_alone
from steps_ros.inference.loading import load_predictor, Loaded
from steps_ros.inference.prediction import Outputs
from steps_ros.inference.predictor import Predictor
from steps_ros.inference.scale.state import given_scale, ScaleState
from steps_ros.shipped_weights import DEFAULT_WEIGHTS

if TYPE_CHECKING:
    from steps_ros.ros.live_run import LiveRun

DONE = 0
PICTURE_ALONE = Outputs(enhanced=True, depth=False, confidence=False)
NOT_HASHED = 'not computed: interrupted'

logger = logging.getLogger(__name__)


class Method(NamedTuple):
    """
    What predicts, what brightens pictures, and the live run behind it.

    ``describe`` says afterwards what it was.
    """

    predict: Predict
    describe: Callable[[], dict[str, Any]]
    enhance: Callable[[Image], Image] | None = None
    run: LiveRun | None = None


def evaluate_all(arguments: argparse.Namespace) -> int:
    """
    Evaluate all drives and write the report.

    :returns: 0 when done, 130 after Ctrl-C; then the report is of what was done, marked partial.
    :raises StepsError: bad input, option or place, or not one frame to compare.
    """
    silence_opencv()
    protocol = make_protocol(arguments.protocol, arguments.cap, arguments.crop)
    require_report_libraries()
    claim_folder(arguments.out, arguments.overwrite)
    with ExitStack() as opened:
        with one_interrupt():
            sources = [
                opened.enter_context(open_samples(path, _inputs(arguments), arguments.layout))
                for path in arguments.input
            ]
        method = _method(arguments, protocol, opened)
        spool = opened.enter_context(Spool())
        hashes = _start_hashes(arguments.input, opened)
        evaluation = Evaluation(EvaluationSettings(protocol, arguments.alignment), spool)
        is_complete = _go_through(sources, evaluation, method.predict)
        with held_interrupt():
            around = Circumstances(
                data=_hashed(hashes, is_complete),
                dropped=sum((source.dropped for source in sources), Counter[str]()),
                described={**method.describe(), **_described_inputs(sources)},
                is_partial=not is_complete or any('damage' in item.inputs for item in sources),
            )
            report = conclude(evaluation, around, method.enhance)
            if method.run is not None:
                report = with_pace(report, method.run)
                is_complete &= not method.run.is_partial
            write_report(report, arguments.out)
    _say(report, arguments)
    return DONE if is_complete else INTERRUPTED


def compare_reports(arguments: argparse.Namespace) -> int:
    """
    Compare two reports; the table goes to stdout, or the files to ``--out``.

    :returns: 0.
    :raises StepsError: a file that is no report, or reports without a frame in common.
    """
    from steps_ros.eval.compare import compare
    from steps_ros.eval.comparison_files import comparison_text, write_comparison

    with one_interrupt():
        comparison = compare(*arguments.compare)
        if arguments.out is None:
            print(comparison_text(comparison))
            return DONE
        claim_folder(arguments.out, arguments.overwrite)
        write_comparison(comparison, arguments.out)
    logger.info('wrote %s', arguments.out / 'comparison.html')
    return DONE


def _inputs(arguments: argparse.Namespace) -> InputSettings:
    return InputSettings(
        image_topic=arguments.image_topic,
        camera_info_topic=arguments.camera_info_topic,
        reference_topic=arguments.reference_topic,
        depth_topic=arguments.depth_topic,
        odom_topic=arguments.odom_topic,
        tolerance_ms=arguments.tolerance_ms,
        mask=arguments.mask,
        bonnet=arguments.bonnet,
        is_occlusion_filtered=not arguments.keep_hidden,
    )


def _method(arguments: argparse.Namespace, protocol: Protocol, opened: ExitStack) -> Method:
    """Return where depth comes from; --live has played the whole bag by then."""
    if arguments.depth_topic is not None:
        method = f'depth on {arguments.depth_topic}'
        return Method(recorded_beside, lambda: {'method': method, 'scale': UNKNOWN_SCALE})
    if not (arguments.recorded or arguments.live):
        with held_interrupt():
            return _network(arguments, protocol)
    with one_interrupt():
        run = play_live(arguments) if arguments.live else read_recorded(arguments.recorded)
    path = arguments.recorded if run is None else run.recording
    recording = opened.enter_context(RecordedDepth(path))
    without_pace = {'method': f'recorded in {path}', 'scale': UNKNOWN_SCALE}
    described = without_pace if run is None else describe_run(run)
    return Method(recording.depth, lambda: described, run=run)


def _network(arguments: argparse.Namespace, protocol: Protocol) -> Method:
    loaded = load_predictor(
        arguments.checkpoint or DEFAULT_WEIGHTS,
        arguments.size,
        arguments.device,
        arguments.precision,
        protocol.network_size,
        arguments.engine or TORCH,
    )
    path, predictor = loaded.path, loaded.predictor
    if predictor.depth_model is None:
        raise SettingsError(f'{path} has no depth network to evaluate; give another checkpoint')
    scale = given_scale(arguments.metric_scale, '--metric-scale')
    if scale.is_metric:
        loaded.require_scalable(f'--metric-scale {scale.value}')
    light = arguments.light or NIGHT
    predict = partial(network_depth, predictor, protocol, scale.factor, light=light)
    describe = partial(_described_network, loaded, scale, light)
    return Method(predict, describe, partial(_enhanced, predictor, light))


def _described_network(loaded: Loaded, scale: ScaleState, light: str) -> dict[str, Any]:
    path = loaded.path
    return {
        'method': 'network',
        'checkpoint': 'default weights' if path == DEFAULT_WEIGHTS else str(path),
        **loaded.described,
        'network size': loaded.predictor.described_size,
        'scale': scale.text if scale.is_metric else scale.kind.value,
        'light': light,
    }


def _enhanced(predictor: Predictor, light: str, image: Image) -> Image:
    enhancement = enhancement_alone(image, light)
    enhanced = predictor.predict(image, PICTURE_ALONE, enhancement=enhancement).enhanced
    assert enhanced is not None
    return enhanced


def _described_inputs(sources: list[SampleSource]) -> dict[str, Any]:
    if len(sources) == 1:
        return dict(sources[0].inputs)
    return {source.name: source.inputs for source in sources}


def _go_through(sources: list[SampleSource], evaluation: Evaluation, predict: Predict) -> bool:
    """Evaluate all samples; return False where Ctrl-C ended that after one of them."""
    counts = [source.sample_count for source in sources]
    total = None if None in counts else sum(count or 0 for count in counts)
    try:
        with (
            held_interrupt() as is_interrupted,
            tqdm(total=total, unit=' frames', desc='evaluate') as bar,
        ):
            for source in sources:
                evaluation.add_all(_watched(source, bar, is_interrupted), predict)
    except KeyboardInterrupt:
        return False
    return True


def _watched(
    source: SampleSource, bar: Any, is_interrupted: Callable[[], bool]
) -> Iterator[Sample]:
    """Yield samples until Ctrl-C; the bar also moves for pictures that were dropped."""
    before = bar.n
    if is_interrupted():
        return
    for number, sample in enumerate(source, 1):
        yield sample
        bar.update(before + number + source.dropped.total() - bar.n)
        if is_interrupted():
            return


def _start_hashes(paths: list[Path], opened: ExitStack) -> list[tuple[Path, Future[str]]]:
    """Begin to hash the inputs beside the work."""
    pool = ThreadPoolExecutor(1)
    opened.callback(pool.shutdown, wait=False, cancel_futures=True)
    return [(path, pool.submit(digest, path)) for path in paths]


def _hashed(hashes: list[tuple[Path, Future[str]]], is_complete: bool) -> list[DataFile]:
    return [
        DataFile(str(path), future.result() if is_complete or future.done() else NOT_HASHED)
        for path, future in hashes
    ]


def _say(report: Report, arguments: argparse.Namespace) -> None:
    for finding in report.findings:
        logger.info('%s %s: %s', finding.question, finding.judgement, finding.answer)
    if report.dropped:
        logger.warning('dropped %d pictures, see the report', sum(report.dropped.values()))
    ending = 'wrote a partial report' if report.is_partial else 'wrote the report'
    logger.info(
        '%s on %d of %d pairs to %s',
        ending,
        len(report.frames),
        report.pairs,
        arguments.out / 'report.html',
    )
    if arguments.json:
        keys = ('frames', 'pairs', 'unpredicted', 'partial', 'overall')
        plain = report.plain()
        print(json.dumps({'out': str(arguments.out), **{key: plain[key] for key in keys}}))
