"""
Processes of the package: started with a ROS domain of their own, watched, and always stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import threading
from types import TracebackType

from steps_ros.errors import StepsError
from steps_ros.ros.memory import resident_mb
from steps_ros.ros.vitals import Vitals, vitals
from steps_ros.starter import STARTER

DOMAINS = range(1, 100)
PROFILE = 'fastdds_shm.xml'
SHARED_MEMORY = Path('/dev/shm')
SHARED_MEMORY_BYTES = 512 << 20
FULL_BYTES = 1 << 16
PROFILE_VARIABLES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')
OLD_DISTROS = ('humble', 'iron', 'jazzy')
STOP_S = 20.0


class Processes:
    """Named child processes; leaving the block stops those that still run, the last one first."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        """
        Remember where logs go.

        :param logs: existing folder; each process writes ``NAME.log`` there.
        """
        self._logs = logs
        self._environment = dict(environment)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, arguments: Sequence[str]) -> None:
        """Start a process of this package, by its name in :mod:`steps_ros.ros.entry`."""
        command = [sys.executable, '-m', 'steps_ros.ros.entry', name, *arguments]
        with self._log(name).open('wb') as log:
            # A group of its own: Ctrl-C reaches the parent alone, which stops them in order.
            self._running[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**self._environment, STARTER: str(os.getpid())},
                start_new_session=True,
            )

    def has_ended(self, name: str) -> bool:
        """Say whether the process is over, well or not."""
        return self._running[name].poll() is not None

    def check(self) -> None:
        """
        Look after all processes.

        :raises StepsError: one ended with an error; with the last line of its log.
        """
        for name, process in self._running.items():
            if process.poll():
                raise StepsError(
                    f'{name} ended with code {process.returncode}: {self.last_words(name)}; '
                    f'all of it is in {self._log(name)}'
                )

    def last_words(self, name: str) -> str:
        """Return the last line that the process wrote, or why it may have written none."""
        if shutil.disk_usage(self._logs).free < FULL_BYTES:
            return f'the disk of {self._logs} is full; make room, or choose another folder'
        lines = self._log(name).read_text(encoding='utf-8', errors='replace').splitlines()
        return lines[-1] if lines else 'it said nothing'

    def resident_mb(self, name: str) -> float:
        """Return the memory of the process in RAM, megabytes; NaN where the system is silent."""
        return resident_mb(self._running[name].pid)

    def vitals(self, name: str) -> Vitals:
        """Return what the process holds; see :func:`steps_ros.ros.vitals.vitals`."""
        return vitals(self._running[name].pid)

    def stop(self, name: str) -> int:
        """
        End the process as Ctrl-C would, and harder when it does not obey in time.

        :returns: its exit code.
        """
        process = self._running[name]
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            if process.poll() is not None:
                break
            process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_S)
        return process.wait()

    def __enter__(self) -> Processes:
        """Return the processes."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop what still runs, undisturbed by a second Ctrl-C."""
        with _deaf():
            for name in reversed(list(self._running)):
                self.stop(name)

    def _log(self, name: str) -> Path:
        return self._logs / f'{name}.log'


@contextmanager
def _deaf() -> Iterator[None]:
    """Ignore Ctrl-C and SIGTERM; only the main thread gets to hear them anyway."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    both = (signal.SIGINT, signal.SIGTERM)
    former = {number: signal.signal(number, signal.SIG_IGN) for number in both}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def isolated_environment(logs: Path, profile: Path | None) -> dict[str, str]:
    """
    Return this process's environment with a ROS domain of its own, on this machine only.

    :param profile: Fast DDS profile, used where the user has none and memory allows.
    """
    domain = DOMAINS[os.getpid() % len(DOMAINS)]
    environment = {
        **os.environ,
        'ROS_DOMAIN_ID': str(domain),
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        'ROS_LOG_DIR': str(logs),
    }
    if os.environ.get('ROS_DISTRO') == 'humble':
        environment['ROS_LOCALHOST_ONLY'] = '1'
    return {**environment, **profile_environment(profile)}


def profile_environment(profile: Path | None) -> dict[str, str]:
    """
    Return the variables that make Fast DDS use the profile.

    Empty where the user has chosen one, or /dev/shm is too small for it.
    """
    has_own_profile = any(variable in os.environ for variable in PROFILE_VARIABLES)
    if profile is None or has_own_profile or not _has_shared_memory():
        return {}
    # Newer distributions warn of the old name, older ones do not know the new one.
    is_old = os.environ.get('ROS_DISTRO') in OLD_DISTROS
    return dict.fromkeys(PROFILE_VARIABLES if is_old else PROFILE_VARIABLES[:1], str(profile))


def shipped_file(name: str) -> Path | None:
    """Return a file of ``config/``, in the source tree or where it is installed, or None."""
    places = [Path(__file__).parents[2], Path(sys.prefix) / 'share' / 'steps_ros']
    with suppress(ImportError, LookupError, OSError):
        from ament_index_python.packages import get_package_share_directory

        places.append(Path(get_package_share_directory('steps_ros')))
    return next((place / 'config' / name for place in places if _is_there(place, name)), None)


def _is_there(place: Path, name: str) -> bool:
    return (place / 'config' / name).is_file()


def _has_shared_memory() -> bool:
    try:
        return shutil.disk_usage(SHARED_MEMORY).free >= SHARED_MEMORY_BYTES
    except OSError:
        return False
