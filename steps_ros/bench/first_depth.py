"""
One depth from a fresh process, as fast as it comes: what a user waits for.

``python -m steps_ros.bench.first_depth [torch]`` says on stdout when its modules are loaded and
when it has depth, each with its resident memory in MB; with ``torch`` it loads torch alone,
below which no program that uses it can get.
"""

from __future__ import annotations

import sys

from steps_ros.ros.memory import resident_mb

IMPORTED, DEPTH, TORCH = 'imported', 'depth', 'torch'


def main(arguments: list[str]) -> int:
    """Load, and predict unless torch alone is wanted."""
    if arguments == [TORCH]:
        import torch  # noqa: F401

        _say(IMPORTED)
        return 0
    import numpy as np

    from steps_ros.inference.loading import load_predictor
    from steps_ros.inference.prediction import Outputs
    from steps_ros.shipped_weights import DEFAULT_WEIGHTS

    _say(IMPORTED)
    predictor = load_predictor(DEFAULT_WEIGHTS, device='cpu').predictor
    predictor.predict(np.zeros((480, 640, 3), np.uint8), Outputs(False, True, False))
    _say(DEPTH)
    return 0


def _say(word: str) -> None:
    sys.stdout.write(f'{word} {resident_mb():.1f}\n')
    sys.stdout.flush()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
