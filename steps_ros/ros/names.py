"""
Names that the processes agree on: the node, its topics and counts, the camera that plays for it.
"""

from __future__ import annotations

NODE = 'night_depth'
# What benchmarks put beside it: a node without work, and who sends to both and listens.
BARE_NODE, ROUND_TRIP = 'bare_node', 'round_trip'
# And the soak: who sends, and who listens.
SOAK_CAMERA, SOAK_LISTENER = 'soak_camera', 'soak_listener'

ENHANCED = '~/output/image_enhanced'
DEPTH = '~/output/depth'
CAMERA_INFO = '~/output/camera_info'
CONFIDENCE = '~/output/confidence'
POINTS = '~/output/points'
SCALE = '~/output/scale'
LIGHT = '~/output/light'
DEPTH_COLORED = '~/debug/depth_colored'

# What the sources of scale listen to.
ODOMETRY_INPUT = '~/input/odometry'
POINTS_INPUT = '~/input/points'

IMAGE_TOPIC = '/camera/image_raw'
COMPRESSED_TOPIC = '/camera/image_raw/compressed'
INFO_TOPIC = '/camera/camera_info'
DIAGNOSTICS = '/diagnostics'
CLOCK = '/clock'
LOG = '/rosout'

# What the recorder says, and the launch file listens for.
READY, NOT_READY = 'the node is active', 'the node did not start'

# In the diagnostics of the output: the sum of all drops, and before the name of each reason.
DROPPED = 'dropped'
DROPPED_FOR = f'{DROPPED}.'


def camera_topic(topic: str, camera: str) -> str:
    """Return a camera's own topic: ``~/input/image`` of ``front`` is ``~/front/input/image``."""
    return topic.replace('~', f'~/{camera}', 1) if camera else topic


def camera_names(count: int) -> tuple[str, ...]:
    """Return the names of so many cameras of benchmarks; a single one has none."""
    return ('',) if count == 1 else tuple(f'camera_{place}' for place in range(1, count + 1))


def of_node(topic: str) -> str:
    """Return the full name of one of the node's own topics, which begin with ``~``."""
    return topic.replace('~', f'/{NODE}', 1)
