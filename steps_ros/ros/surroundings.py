"""
What a node that starts here gets to see, as one line of JSON; ``steps-ros doctor`` asks for it.

A process of its own, because a middleware that cannot be loaded may take its process down.
"""

from __future__ import annotations

from collections.abc import Sequence
import json
import sys
import time
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.utilities import get_rmw_implementation_identifier

from steps_ros.errors import StepsError
from steps_ros.ros.names import CLOCK
from steps_ros.ros.spin import DONE, FAILED, started

NAME = 'steps_ros_doctor'
# As long as others on the same network need at most to be found, mostly.
DISCOVERY_S = 2.0
PICTURES = {'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'}


def main(args: Sequence[str] | None = None) -> int:
    """Start a node, look, and write what was seen."""
    try:
        with started(args) as keep:
            node = keep(rclpy.create_node(NAME))
            time.sleep(DISCOVERY_S)
            sys.stdout.write(json.dumps(_seen_by(node)) + '\n')
            return DONE
    except StepsError as error:
        sys.stderr.write(f'{error}\n')
    return FAILED


def _seen_by(node: Node) -> dict[str, Any]:
    pictures = [
        name
        for name, types in node.get_topic_names_and_types()
        if PICTURES.intersection(types) and node.count_publishers(name)
    ]
    others = [name for name in node.get_fully_qualified_node_names() if name != f'/{NAME}']
    return {
        'rmw': get_rmw_implementation_identifier(),
        'nodes': sorted(others),
        'pictures': sorted(pictures),
        'has_clock': node.count_publishers(CLOCK) > 0,
    }
