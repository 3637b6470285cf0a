"""What each of two processes does for ``test_train_distributed``: its checks, one by one."""

from dataclasses import replace
from pathlib import Path
import sys

import pytest
from ranks import in_two_processes
from test_train_trainer import batch, networks
import torch

from steps_ros.errors import TrainingError
from steps_ros.train.distributed import joined_world, World
from steps_ros.train.prefetch import Batches
from steps_ros.train.presets import DAY_TEACHING, STEPS
from steps_ros.train.trainer import Training
from steps_ros.train.training_settings import TrainingSettings

CPU = torch.device('cpu')
WITHOUT_POOL = replace(STEPS, pool_size=0)


def part_of(whole, world):
    """Return a process's share of a batch."""
    return whole.each(lambda values: values.chunk(world.size)[world.rank])


def batches(world, start=0):
    """Return random batches, of one sample for each of the processes."""
    step = start
    while True:
        night, day = batch(step, world.size), batch(10_000 + step, world.size)
        yield Batches(part_of(night, world), part_of(day, world), 0.0)
        step += 1


def training(folder, world, objective, **settings):
    return Training(
        networks(objective),
        objective,
        TrainingSettings(**{'max_steps': 4, 'batch': 1, **settings}),
        folder,
        CPU,
        world,
    )


def first_step(folder, world, objective, whole):
    """Return losses and gradients of one step, unclipped."""
    once = {'max_steps': 1, 'holds_statistics': True, 'clip_norm': 1e9}
    loop = training(folder, world, objective, **once)
    seen = []
    own = Batches(part_of(whole, world), part_of(whole, world), 0.0)
    loop.run(iter([own]), watch=lambda report: bool(seen.append(report)))
    gradients = [item.grad for item in loop.networks.parameters() if item.grad is not None]
    return seen[0].losses, torch.cat([gradient.flatten() for gradient in gradients])


def numbers(_, world):
    torch.manual_seed(world.rank)
    net = torch.nn.Linear(2, 1)
    world.share(net)
    whole = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
    net(whole).square().mean().backward()
    expected = [item.grad.clone() for item in net.parameters()]
    net.zero_grad()
    net(whole[world.rank : world.rank + 1]).square().mean().backward()
    world.average_gradients(net.parameters())
    for item, gradient in zip(net.parameters(), expected, strict=True):
        torch.testing.assert_close(item.grad, gradient)
    assert world.mean(torch.tensor([2.0 * world.rank])).tolist() == [1.0]
    assert world.gathered(torch.tensor([world.rank, 7])).tolist() == [[0, 7], [1, 7]]
    assert (world.any(world.rank == 1), world.any(False)) == (True, False)
    assert world.of_first(world.rank + 0.5) == 0.5
    assert world.is_writer == (world.rank == 0)


def whole_and_halves(folder, world):
    """Compare two processes with one that has the whole batch."""
    # Odometry does not tell one of the ways.
    ways = torch.tensor([[0.5, 0.7], [float('nan'), 0.6]])
    whole = batch(0, 2)._replace(ways=ways)
    for name, objective in (('night', WITHOUT_POOL), ('day', DAY_TEACHING)):
        losses, gradients = first_step(folder / name / 'two', world, objective, whole)
        alone = folder / name / f'one{world.rank}'
        expected, of_whole = first_step(alone, World(), objective, whole)
        assert losses == pytest.approx(expected, rel=1e-4)
        assert (gradients - of_whole).norm() <= 1e-4 * of_whole.norm()


def straight_and_resumed(folder, world):
    """Train in one go, and with a stop that the second process asks for."""
    training(folder / 'straight', world, STEPS).run(batches(world))
    first = training(folder / 'resumed', world, STEPS)
    wanted = world.rank == 1
    assert not first.run(batches(world), watch=lambda report: wanted and report.step == 2)
    world.barrier()
    second = training(folder / 'resumed', world, STEPS)
    second.restore()
    assert second.run(batches(world, second.step))


def validated(folder, world):
    """Validate in the first process, and let both know."""

    def validate(*_):
        assert world.is_writer
        return 0.25

    judged = training(folder / 'judged', world, STEPS, max_steps=1, validate_every=1)
    judged.run(batches(world), validate=validate)
    assert judged.best == 0.25


def broken_in_the_second(folder, world):
    """Give the second process weights that are no numbers, once they are shared."""
    loop = training(folder / 'broken', world, STEPS)

    def broken():
        if world.rank == 1:
            with torch.no_grad():
                next(loop.networks.depth.parameters()).fill_(float('nan'))
        night = batch(0, 1)
        marked = night._replace(frames=torch.full_like(night.frames, world.rank))
        yield Batches(marked, night, 0.0)

    with pytest.raises(TrainingError, match=r'of step 0 is nan.*bad_batch_000000\.npz'):
        loop.run(broken())


CHECKS = (numbers, whole_and_halves, straight_and_resumed, validated, broken_in_the_second)


def tell(name):
    sys.stdout.write(f'{name}\n')
    sys.stdout.flush()


def checked():
    """Make all checks; return the exit code."""
    with joined_world(CPU) as world:
        for check in CHECKS:
            check(Path(sys.argv[1]), world)
            world.barrier()
            if world.is_writer:
                tell(check.__name__)
    # A thread that is left may abort the process while it ends.
    names = {path.read_text().strip() for path in Path('/proc/self/task').glob('*/comm')}
    if world.is_writer and not any('gloo' in name for name in names):
        tell('no_thread_is_left')
    return 0


if __name__ == '__main__':
    sys.exit(max(map(abs, in_two_processes(checked))))
