"""The evaluator's checks on itself: known disturbances give the numbers that arithmetic says."""

from dataclasses import replace
import json
import math

import numpy as np
import pytest

from steps_ros.errors import FrameError, SourceError
from steps_ros.eval.conclusion import Circumstances, conclude
from steps_ros.eval.evaluation import dense_depth, Evaluation, EvaluationSettings
from steps_ros.eval.protocols import PROTOCOLS
from steps_ros.eval.report import DataFile, METRICS
from steps_ros.eval.samples import Mounting, Reference, Sample
from steps_ros.eval.spool import Spool
from steps_ros.sim.clip import simulate_clip
from steps_ros.sim.settings import ClipSettings

SIZE = (48, 80)


@pytest.fixture(scope='module')
def drive():
    """Return samples of two streets, both driven at speed, with dense truth in ``prediction``."""
    samples = []
    for scene in (0, 1):
        clip = ClipSettings(
            seed=12, scene=scene, frames=4, height=SIZE[0], width=SIZE[1], time='day'
        )
        for number, frame in enumerate(simulate_clip(clip)):
            known = np.isfinite(frame.depth) & (frame.depth < 70)
            rows, columns = (places.astype(np.float32) for places in np.nonzero(known))
            mounting = Mounting(frame.mounting.height, frame.mounting.pitch, frame.mounting.roll)
            samples.append(
                Sample(
                    f'street {scene}', 'front', f'{number:06d}', frame.stamp_ns, frame.image,
                    frame.camera, Reference(columns, rows, frame.depth[known], SIZE), frame.depth,
                    frame.world_from_camera, mounting,
                )
            )  # fmt: skip
    return samples


def report_on(samples, predict, **settings):
    with Spool() as spool:
        evaluation = Evaluation(EvaluationSettings(**settings), spool)
        evaluation.add_all(samples, predict)
        return conclude(evaluation, Circumstances([DataFile('drive', 'abc')]))


def overall(report, alignment, metric='abs_rel'):
    return report.overall[alignment][metric].value


def test_truth_times_1_1_is_an_abs_rel_of_a_tenth_unaligned_and_none_under_the_median(drive):
    report = report_on(drive, lambda sample: sample.prediction * 1.1)
    assert overall(report, 'none') == pytest.approx(0.1, abs=1e-6)
    assert overall(report, 'none', 'log10') == pytest.approx(math.log10(1.1), abs=1e-6)
    assert overall(report, 'none', 'silog') == pytest.approx(0, abs=1e-3)
    assert overall(report, 'median') == pytest.approx(0, abs=1e-6)
    assert overall(report, 'scale_shift') == pytest.approx(0, abs=1e-5)
    assert report.summary['scale.median'] == pytest.approx(1 / 1.1)
    assert report.summary['scale.spread'] == pytest.approx(0, abs=1e-6)


def test_a_shift_of_inverse_depth_is_undone_by_scale_and_shift_alone(drive):
    report = report_on(drive, lambda sample: 1 / (0.5 / sample.prediction + 0.05))
    assert overall(report, 'scale_shift') == pytest.approx(0, abs=1e-5)
    assert overall(report, 'median') > 0.05


@pytest.mark.parametrize(
    'disturb',
    [
        lambda depth: depth[:, ::-1],
        lambda depth: depth[::-1, ::-1],
        lambda depth: np.roll(depth, 1, axis=0),
        lambda depth: np.roll(depth, -3, axis=1),
    ],
    ids=['mirrored', 'rotated', 'a row down', 'three columns left'],
)
def test_a_truth_in_the_wrong_place_is_as_wrong_as_its_pixels(drive, disturb):
    report = report_on(drive, lambda sample: disturb(sample.prediction))
    expected = []
    for sample in drive:
        columns, rows, depth, _ = sample.reference
        moved = np.minimum(disturb(sample.prediction), 80)[rows.astype(int), columns.astype(int)]
        expected.append(np.mean(np.abs(moved.astype(float) - depth) / depth))
    assert overall(report, 'none') == pytest.approx(np.mean(expected), rel=1e-5)


def test_swapping_truth_and_prediction_inverts_the_ratio(drive):
    def swapped(sample):
        depth = dense_depth(sample.reference) * 1.1
        return sample._replace(prediction=depth)

    report = report_on(map(swapped, drive), lambda sample: sample.prediction / 1.1 / 1.1)
    assert overall(report, 'none') == pytest.approx(1 - 1 / 1.1, abs=1e-6)


def test_nan_is_missing_and_infinity_the_cap(drive):
    def damaged(sample):
        depth = sample.prediction.copy()
        depth[: SIZE[0] // 2] = np.nan
        return depth

    report = report_on(drive, damaged)
    upper = np.concatenate([sample.reference.rows < SIZE[0] // 2 for sample in drive])
    assert report.unpredicted == pytest.approx(upper.mean())
    assert overall(report, 'none') == pytest.approx(0, abs=1e-6)

    far = report_on(drive, lambda sample: np.full(SIZE, np.inf, np.float32))
    depths = [sample.reference.depth.astype(float) for sample in drive]
    expected = np.mean([np.mean((80 - depth) / depth) for depth in depths])
    assert overall(far, 'none') == pytest.approx(expected, rel=1e-6)
    assert far.unpredicted == 0


def test_a_drive_without_a_single_prediction_is_no_success(drive):
    report = report_on(drive, lambda sample: np.full(SIZE, np.nan, np.float32))
    assert report.unpredicted == 1
    assert math.isnan(overall(report, 'median'))
    assert report.plain()['overall']['median']['abs_rel'] is None
    judged = {finding.question: finding.judgement for finding in report.findings}
    assert judged['Is depth there at all?'] == 'bad'


def test_the_verdict_of_the_truth_is_good(drive):
    report = report_on(drive, lambda sample: sample.prediction)
    judged = {finding.question: finding.judgement for finding in report.findings}
    assert judged['Better than flat ground?'] == 'good'
    assert judged['Does it follow the picture?'] == 'good'
    assert report.residual_correlation == pytest.approx(1, abs=1e-6)
    constant = report_on(drive, lambda sample: np.full(SIZE, 9.0, np.float32))
    assert constant.residual_correlation == 0
    assert constant.summary['temporal.flicker'] == 0
    judged = {finding.question: finding.judgement for finding in constant.findings}
    assert judged['Does it follow the picture?'] == 'bad'


def test_streets_are_not_compared_across_the_cut(drive):
    report = report_on(drive, lambda sample: sample.prediction)
    unknown = [math.isnan(record.flicker) for record in report.frames]
    assert unknown == [True, False, False, False] * 2
    assert 'temporal.ego_error.reference' in report.summary


def test_tables_and_worst_frames_are_of_the_same_frames(drive):
    def worse_later(sample):
        return sample.prediction ** (1 + 0.1 * int(sample.stem))

    report = report_on(drive, worse_later)
    assert {report.frames[number].stem for number in report.worst[:2]} == {'000003'}
    assert [table.name for table in report.tables] == [
        'methods', 'ranges', 'light', 'time_of_day', 'cameras'
    ]  # fmt: skip
    network = report.table('methods').rows[0]
    assert network.errors[1].abs_rel == pytest.approx(overall(report, 'median'))
    assert network.pixels == sum(len(sample.reference.depth) for sample in drive)
    assert [row.name for row in report.table('cameras').rows] == [
        'street 0 front',
        'street 1 front',
    ]
    assert report.table('time_of_day').rows[0].name == 'day'
    assert sum(row.pixels for row in report.table('ranges').rows) == network.pixels
    assert {shown.rank for shown in report.shown} == {'worst', 'median', 'best'}
    json.dumps(report.plain(), allow_nan=False)


def test_frames_that_cannot_be_compared_are_counted_by_reason(drive):
    def refuse(sample):
        if sample.stem == '000001':
            raise FrameError('no recorded depth')
        return sample.prediction

    report = report_on(drive, refuse)
    assert (len(report.frames), report.pairs) == (6, 8)
    assert report.dropped == {'no recorded depth': 2}


def test_not_one_frame_is_an_error_that_says_why(drive):
    def refuse(sample):
        raise FrameError('no recorded depth')

    with pytest.raises(SourceError, match='not one frame could be compared: 8 x no recorded'):
        report_on(drive, refuse)
    with pytest.raises(SourceError, match='there are none'):
        report_on([], refuse)


def map_sample(name, truth):
    """Return a sample of a depth map, 0 where there is none, as published sets have them."""
    rows, columns = (places.astype(np.float32) for places in np.nonzero(truth))
    reference = Reference(columns, rows, truth[truth > 0].astype(np.float32), truth.shape)
    return Sample('set', 'front', name, 0, None, None, reference)


def test_the_nuscenes_night_protocol_equals_the_reference(shared_reference):
    data = np.load(shared_reference / 'goldens' / 'g_eval.npz')
    samples = [map_sample(str(index), truth) for index, truth in enumerate(data['ns_gt'])]
    protocol = PROTOCOLS['nuscenes-night']
    for cap, name in ((60.0, 'ns_mean'), (40.0, 'ns_mean_max40')):
        report = report_on(
            samples,
            lambda sample: data['ns_pred'][int(sample.stem)],
            protocol=replace(protocol, cap=cap),
        )
        found = [report.overall['median'][metric].value for metric in METRICS[:7]]
        np.testing.assert_allclose(found, data[name], rtol=1e-5)
        if cap == 60:
            rows = [record.errors[1][:7] for record in report.frames]
            np.testing.assert_allclose(rows, data['ns_per_image'], rtol=1e-5)
            scales = [record.scale for record in report.frames]
            np.testing.assert_allclose(scales, data['ns_scale'], rtol=1e-5)


def test_the_robotcar_night_protocols_equal_the_reference(shared_reference):
    data = np.load(shared_reference / 'goldens' / 'g_eval.npz')
    samples = []
    for index in range(2):
        truth = np.zeros(data['rc_gt_shape'], np.float32)
        truth.flat[data[f'rc_gt{index}_index']] = data[f'rc_gt{index}_value']
        samples.append(map_sample(str(index), truth))
    for name, golden in (
        ('robotcar-night', 'rc_mean'),
        ('robotcar-night-40', 'rc_mean_rnw_default_max40'),
    ):
        report = report_on(
            samples, lambda sample: data['rc_pred'][int(sample.stem)], protocol=PROTOCOLS[name]
        )
        found = [report.overall['median'][metric].value for metric in METRICS[:7]]
        np.testing.assert_allclose(found, data[golden], rtol=1e-5)


def test_a_sparse_reference_is_no_map():
    few = Reference(*np.ones((3, 4), np.float32), (10, 10))
    assert dense_depth(few) is None
