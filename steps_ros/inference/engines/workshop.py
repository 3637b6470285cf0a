"""
From the name of an engine to one that is built, checked and kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
import hashlib
import logging
from pathlib import Path
from time import perf_counter

import torch

from steps_ros import __version__
from steps_ros.core.depth_net import DepthNet
from steps_ros.errors import SettingsError, StepsError
from steps_ros.inference.engines.cache import EngineCache, Entry
from steps_ros.inference.engines.job import Engine, Forward, Job
from steps_ros.inference.engines.names import TORCH
from steps_ros.inference.engines.self_check import Agreement, check
from steps_ros.inference.engines.table import BUILT_AHEAD, ENGINES
from steps_ros.inference.hardware import device_name

# To be raised where graphs, settings or forms of the engines change: what earlier code has kept is
# not taken for what this code would build.
FORMAT = 3

logger = logging.getLogger(__name__)


class RefusedError(SettingsError):
    """An engine computes something else than torch in float32."""


class Workshop:
    """
    Prepares the engines of one network, which does not change.
    """

    def __init__(
        self, network: DepthNet, cache: EngineCache, engines: Mapping[str, Engine] = ENGINES
    ) -> None:
        self.cache = cache
        self.engines = engines
        self._network = network

    @cached_property
    def weights(self) -> str:
        """What the network is told by."""
        return network_digest(self._network)

    def missing(self, name: str, job: Job) -> str:
        """Return why an engine cannot do a job on this machine; nothing where it can."""
        try:
            return self.engines[name].missing(job)
        except Exception as error:  # of whatever library, which may be half installed
            return f'it cannot be used: {one_line(error)}; install its packages anew'

    def key(self, name: str, library: str, job: Job) -> dict[str, str]:
        """Return everything that an engine, or a choice between them, depends on."""
        return {
            'engine': name,
            'format': str(FORMAT),
            'weights': self.weights,
            'size': '{}x{}'.format(*job.size),
            'precision': job.precision,
            'device': device_name(job.device),
            'threads': str(job.threads) if job.device.type == 'cpu' else '',
            'library': library,
            'steps_ros': __version__,
        }

    def find(self, name: str, job: Job) -> Entry | None:
        """Return what is kept of an engine."""
        return self.cache.find(self.key(name, self.engines[name].version(), job))

    def is_sound(self, name: str, job: Job) -> bool:
        """Say whether an engine is kept that was right when it was built."""
        entry = self.find(name, job)
        return entry is not None and Agreement(*entry.facts['difference']).is_good

    def prepare(self, name: str, job: Job, is_ahead: bool = True) -> Forward:
        """
        Return an engine that is ready, from the cache or built anew.

        Torch in float32 is what others are checked against, and is neither checked nor kept.

        :param is_ahead: build what takes minutes, too.
        :raises RefusedError: it computes something else than torch in float32.
        :raises SettingsError: it cannot be used here, or fails; both messages give the reason
            without the name.
        """
        reason = self.missing(name, job)
        if reason:
            raise SettingsError(reason)
        if name == TORCH and job.precision == 'float32':
            return self._built(name, job, None)[0]
        entry = self.find(name, job)
        if entry is not None:
            _require_good(Agreement(*entry.facts['difference']))
            try:
                return self.engines[name].load(job, entry.folder)
            except Exception as error:  # of whatever library
                reason = f'kept engine cannot be used ({one_line(error)})'
                logger.warning('%s: %s', name, reason)
        if name in BUILT_AHEAD and not is_ahead:
            reason = reason or 'takes minutes to build'
            raise SettingsError(f'{reason}; steps-ros export --build-only builds it ahead')
        return self._made(name, job, entry)

    def _made(self, name: str, job: Job, former: Entry | None) -> Forward:
        """Build, check and keep; a former entry, which may be sound, goes once that is done."""
        started = perf_counter()
        with self.cache.workplace() as folder:
            forward, filled = self._built(name, job, folder)
            try:
                found = check(forward, job)
            except Exception as error:  # of whatever library
                raise SettingsError(f'it fails: {one_line(error)}') from error
            if filled is not None:
                if former is not None:
                    self.cache.forget(former)
                key = self.key(name, self.engines[name].version(), job)
                self.cache.keep(key, filled, {'difference': list(found)})
        _require_good(found)
        size = '{}x{}'.format(*job.size)
        seconds = perf_counter() - started
        logger.info('%s for %s: built in %.1f s, %s', name, size, seconds, found.text)
        return forward

    def _built(self, name: str, job: Job, folder: Path | None) -> tuple[Forward, Path | None]:
        """Return the engine, and the folder where it is whole in there."""
        # Not in inference mode: what is made there cannot be used outside of it.
        with torch.no_grad():
            try:
                return self.engines[name].build(job, folder), folder
            except OSError as error:
                if folder is None:
                    raise SettingsError(f'it cannot be built: {one_line(error)}') from error
                self.cache.complain(error)
            except Exception as error:  # of whatever library
                raise SettingsError(f'it cannot be built: {one_line(error)}') from error
        return self._built(name, job, None)


def _require_good(found: Agreement) -> None:
    if not found.is_good:
        raise RefusedError(f'refused by its self-check: {found.text}')


def one_line(error: Exception) -> str:
    """Return what an error says, as one line; its kind where it is none of the package's."""
    text = ' '.join(str(error).split())[:300]
    return text if isinstance(error, StepsError) else f'{type(error).__name__}: {text}'


def network_digest(network: DepthNet) -> str:
    """Return the SHA-256 of a network's configuration and weights."""
    content = hashlib.sha256(repr(network.config).encode())
    for name, tensor in network.state_dict().items():
        content.update(name.encode())
        content.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return content.hexdigest()
