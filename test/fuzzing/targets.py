"""
All targets.
"""

from __future__ import annotations

from fuzzing import messages, recordings, texts, weights

TARGETS = (*messages.TARGETS, *recordings.TARGETS, *texts.TARGETS, *weights.TARGETS)
BY_NAME = {target.name: target for target in TARGETS}
