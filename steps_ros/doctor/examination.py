"""
All checks of the installation, one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
import time

import steps_ros
from steps_ros.doctor import devices, middleware, network, software, storage, transport
from steps_ros.doctor.finding import fail, Finding, note
from steps_ros.inference.engines.cache import cache_folder
from steps_ros.shipped_weights import DEFAULT_WEIGHTS

Check = Callable[[], list[Finding]]
PACKAGE = Path(steps_ros.__file__)


def checks(environment: Mapping[str, str]) -> dict[str, Check]:
    """Return all checks by name, in the order in which they explain each other."""
    ranges = software.installed_ranges()
    return {
        'python': partial(software.python, ranges),
        'packages': partial(software.packages, ranges),
        'extras': partial(software.extras, ranges),
        'ROS': partial(middleware.ros, environment),
        'domain': partial(network.domain, environment),
        'discovery': partial(network.discovery, environment),
        'clock': lambda: network.clock(time.time(), PACKAGE),
        'middleware': partial(middleware.middleware, environment),
        'shared memory': transport.shared_memory,
        'torch': devices.torch_itself,
        'GPU': devices.gpu,
        'engines': devices.engines,
        'weights': _default_weights,
        'cache': lambda: storage.kept(cache_folder().parent),
        'disk': lambda: storage.disks(storage.usual_places(environment, cache_folder())),
    }


def examine(all_checks: Mapping[str, Check]) -> Iterator[Finding]:
    """Yield what each check finds, whatever it runs into."""
    for name, check in all_checks.items():
        try:
            yield from check()
        except ImportError as error:
            yield note(name, f'cannot be checked: {error}', 'install what is missing')
        except Exception as error:  # a doctor who falls ill is of no use
            reason = f'{type(error).__name__}: {" ".join(str(error).split())}'
            yield fail(name, f'cannot be checked: {reason}', 'report this line')


def _default_weights() -> list[Finding]:
    return storage.weights(DEFAULT_WEIGHTS)
