"""
The objectives by name: settings and nothing else.

Those of ``PRESETS`` mend the defects of the released code (steps_spec 10). The ``RELEASED_*`` ones
are what the released configurations do, number for number; the goldens hold them to it.
"""

from __future__ import annotations

from dataclasses import replace

from steps_ros.core.masks import LightBounds
from steps_ros.core.pose_net import REFERENCE_UNIT
from steps_ros.train.objective_settings import ObjectiveSettings

MONODEPTH2 = ObjectiveSettings(
    enhances=False,
    network_sees='raw',
    loss_sees='raw',
    illumination_weight=0,
    adversarial_weight=0,
    static_quantile=None,
    light=None,
    odometry_weight=0.1,
)

# What teaches: a night training begins with its motion.
DAY_TEACHING = replace(MONODEPTH2, dark_motion_weight=0.1)

RNW = replace(MONODEPTH2, loss_sees='equalised', adversarial_weight=4e-4, static_quantile=0.2)

STEPS = ObjectiveSettings(odometry_weight=0.1)

SUPERVISED = ObjectiveSettings(
    reconstruction_weight=0,
    smoothness_weight=0,
    adversarial_weight=0,
    supervision_weight=1,
    static_quantile=None,
    light=None,
    scales=4,
)

PRESETS: dict[str, ObjectiveSettings] = {
    'monodepth2': MONODEPTH2,
    'rnw': RNW,
    'steps': STEPS,
    'supervised': SUPERVISED,
}

RELEASED_STEPS_NUSCENES = ObjectiveSettings(
    network_sees='equalised',
    loss_sees='equalised',
    light=LightBounds(strict=True),
    light_stage=3,
    translation_unit=REFERENCE_UNIT,
    frames_apart=True,
    align_corners=False,
    static_each_use=True,
    equalises_twice=True,
    held=(),
)

RELEASED_STEPS_ROBOTCAR = replace(
    RELEASED_STEPS_NUSCENES,
    network_sees='enhanced',
    loss_sees='raw',
    illumination_weight=0.1,
    static_quantile=None,
    light=None,
)
