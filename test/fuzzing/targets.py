"""
All targets.
"""

from __future__ import annotations

from fuzzing import layouts, messages, recordings, texts, trainings, videos, weights

MODULES = (messages, recordings, videos, layouts, texts, weights, trainings)
TARGETS = tuple(target for module in MODULES for target in module.TARGETS)
BY_NAME = {target.name: target for target in TARGETS}
