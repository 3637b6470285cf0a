"""The bar of ``steps-ros train``: the losses that there are, and the pace of this run alone."""

from contextlib import ExitStack
from functools import partial
import io

from tqdm import tqdm

from steps_ros.cli.training import _decoding, _watching
from steps_ros.train.trainer import StepReport

LOSSES = {
    'illumination': 0.0,
    'reconstruction': 0.0,
    'smoothness': 0.0,
    'adversarial': 0.0,
    'supervision': 0.25,
    'total': 0.125,
    'gradient_norm': 3.0,
}


def shown(losses, steps):
    """Return the bar and what it says after some steps."""
    bars, text = [], io.StringIO()

    def show(**options):
        bars.append(tqdm(file=text, mininterval=0, **options))
        return bars[0]

    with ExitStack() as stack:
        watch = _watching(stack, show, lambda: False)('train', 100)
        for step in steps:
            assert not watch(StepReport(step, losses, 8.0, 0.01))
    return bars[0], text.getvalue()


def test_losses_that_are_not_0_have_short_names():
    _, text = shown(LOSSES, [1, 2])
    assert 'total=0.125, depth=0.25, rate=8.0/s, waited=1%' in text
    _, text = shown({**LOSSES, 'reconstruction': 0.0625, 'discriminator': 0.5}, [1, 2])
    assert 'total=0.125, photo=0.0625, disc=0.5, depth=0.25' in text


def test_a_resumed_training_begins_the_bar_where_it_is():
    bar, text = shown(LOSSES, [61, 62])
    assert (bar.initial, bar.n, bar.total) == (61, 62, 100)
    assert '61/100' in text


def test_a_bar_ends_with_its_work_and_keeps_its_pace():
    bars, text = [], io.StringIO()

    def show(**options):
        bars.append(tqdm(file=text, mininterval=0, **options))
        return bars[-1]

    with ExitStack() as stack:
        read = _decoding(stack, show, lambda: False)('night.mcap')
        watch = _watching(stack, show, lambda: False)('train', 2)
        for done in (1, 2):
            read(done, 2)
        said = text.getvalue()
        assert '2/2' in said
        for step in (1, 2):
            watch(StepReport(step, LOSSES, 8.0, 0.01))
        # The line is free for the next one.
        assert [bar.pos for bar in bars] == [0, 0]
        after = text.getvalue()
    assert text.getvalue() == after


def test_nothing_is_shown_by_other_processes():
    with ExitStack() as stack:
        watch = _watching(stack, partial(tqdm, disable=True), lambda: True)('train', 3)
        assert watch(StepReport(1, LOSSES, 8.0, 0.0))
