"""
The machine that a benchmark ran on, and how fast it can multiply at all.
"""

from __future__ import annotations

import os
from pathlib import Path
import platform
import time
from typing import NamedTuple

import torch

CPU_INFO = Path('/proc/cpuinfo')
CPU_SIDE, CUDA_SIDE = 1536, 8192
LEAST_SECONDS = 0.2


class Machine(NamedTuple):
    """Name of the device, threads of torch, its version, and how many processes were running."""

    name: str
    threads: int
    torch: str
    load: float


def this_machine(device: torch.device) -> Machine:
    """Describe the machine as it is now."""
    is_gpu = device.type == 'cuda'
    name = torch.cuda.get_device_name(device) if is_gpu else _processor()
    load = os.getloadavg()[0] if hasattr(os, 'getloadavg') else float('nan')
    return Machine(name, torch.get_num_threads(), torch.__version__, load)


def _processor() -> str:
    """Return the model of the processor; its architecture where the system tells no more."""
    lines = CPU_INFO.read_text(encoding='utf8').splitlines() if CPU_INFO.is_file() else []
    models = [line.partition(':')[2].strip() for line in lines if line.startswith('model name')]
    return f'{len(models)} x {models[0]}' if models else platform.machine()


def gemm_rate(device: torch.device, dtype: torch.dtype = torch.float32) -> float:
    """
    Return the rate of one large matrix product, in GFLOP/s: what no network gets past.

    Float32 is that of convolutions, which CUDA rounds to TF32.
    """
    side = CUDA_SIDE if device.type == 'cuda' else CPU_SIDE
    matrix = torch.rand(side, side, device=device).to(dtype)
    precision = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision('high' if device.type == 'cuda' else 'highest')
    try:
        products, elapsed, started = 0, 0.0, time.perf_counter()
        while elapsed < LEAST_SECONDS:
            (matrix @ matrix)[0, 0].item()
            products, elapsed = products + 1, time.perf_counter() - started
    finally:
        torch.set_float32_matmul_precision(precision)
    return 2 * side**3 * products / elapsed / 1e9
