"""
torch, the GPU and the engines.
"""

from __future__ import annotations

from pathlib import Path
import re
from typing import TYPE_CHECKING
import warnings

from steps_ros.doctor.finding import fail, Finding, note, ok, parted

if TYPE_CHECKING:
    import torch

DRIVER = Path('/proc/driver/nvidia/version')
GIB = 1 << 30
ANY_SIZE = (32, 32)


def torch_itself() -> list[Finding]:
    """Check that torch computes and shares its memory with NumPy."""
    import numpy as np
    import torch

    from steps_ros.core.foreign_file import is_safe, SAFE_TEXT

    torch.from_numpy(np.ones(1, np.float32)).add_(1).numpy()
    says = f'{torch.__version__}, {torch.get_num_threads()} threads'
    if not is_safe(torch.__version__):
        says = f'{says}; its loader of .pt files has known holes, and import-weights refuses'
        return [note('torch', says, f"pip install 'torch>={SAFE_TEXT}'")]
    return [ok('torch', says)]


def gpu(driver: Path = DRIVER) -> list[Finding]:
    """
    Tell which GPU there is, and check that torch can compute on it.

    :param driver: file of the system in which the driver of a GPU says its version.
    """
    import torch

    version = _driver_version(driver)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter('always')
        is_there = torch.cuda.is_available()
    if is_there:
        return [_computing(torch.device('cuda', n)) for n in range(torch.cuda.device_count())]
    if not version:
        return [
            note(
                'GPU',
                'none that CUDA knows; the networks run on the processor',
                'see docs/doctor.md',
            )
        ]
    if torch.version.cuda is None:
        says = f'driver {version} is there, but torch {torch.__version__} is without CUDA'
        return [note('GPU', says, 'install a torch that was built for CUDA (pytorch.org)')]
    reason = ' '.join(str(said[-1].message).split()) if said else 'it gives no reason'
    says = f'torch for CUDA {torch.version.cuda} cannot use driver {version}: {reason}'
    return [fail('GPU', says, 'install a newer driver, or a torch built for an older CUDA')]


def engines() -> list[Finding]:
    """Tell which engines can be used on the device that ``auto`` takes, and why others cannot."""
    import torch

    from steps_ros.core.depth_net import DepthNet, TINY
    from steps_ros.inference.engines.job import Job
    from steps_ros.inference.engines.table import ENGINES
    from steps_ros.inference.hardware import resolve_device

    device = resolve_device()
    precision = 'float16' if device.type == 'cuda' else 'float32'
    with torch.device('meta'):
        network = DepthNet(TINY)
    job = Job(network, ANY_SIZE, device, precision, threads=1)
    findings = []
    for name, engine in ENGINES.items():
        reason = engine.missing(job)
        if reason:
            findings.append(note(f'engine {name}', *parted(reason)))
        else:
            findings.append(ok(f'engine {name}', f'{engine.version()} on {device}, {precision}'))
    return findings


def _computing(device: torch.device) -> Finding:
    import torch

    name = f'GPU {device.index}'
    try:
        picture = torch.ones(1, 3, 8, 8, device=device)
        torch.nn.functional.conv2d(picture, torch.ones(1, 3, 3, 3, device=device)).sum().item()
        free, total = torch.cuda.mem_get_info(device)
    except RuntimeError as error:
        reason = ' '.join(str(error).split())[:200]
        says = f'{torch.cuda.get_device_name(device)} does not compute: {reason}'
        return fail(name, says, 'install a torch that was built for it, or use device cpu')
    return ok(
        name,
        f'{torch.cuda.get_device_name(device)}, {free / GIB:.1f} of {total / GIB:.1f} GiB free, '
        f'CUDA {torch.version.cuda}, driver {_driver_version(DRIVER) or "unknown"}',
    )


def _driver_version(path: Path) -> str:
    """Return the version of NVIDIA's driver, nothing where there is none."""
    try:
        first = path.read_text(encoding='utf-8', errors='replace').partition('\n')[0]
    except OSError:
        return ''
    match = re.search(r'\d+\.\d+(\.\d+)?', first)
    return match[0] if match else first.strip()
