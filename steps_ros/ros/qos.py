"""
Quality of service of every topic, and the reliability that fits the publishers of the input.

A reliable subscription never matches a best-effort publisher, and best effort loses large
frames on default transports; so the input looks at its publishers and follows them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rcl_interfaces.msg import ParameterDescriptor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSPolicyKind, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions

from steps_ros.errors import SettingsError
from steps_ros.ros.node_settings import given

KEEP_LAST = 5
AUTO, RELIABLE, BEST_EFFORT = 'auto', 'reliable', 'best_effort'
_POLICIES = {RELIABLE: ReliabilityPolicy.RELIABLE, BEST_EFFORT: ReliabilityPolicy.BEST_EFFORT}


def output_profile() -> QoSProfile:
    """Return reliable, keep last 5: it matches reliable and best-effort subscribers."""
    return QoSProfile(depth=KEEP_LAST, reliability=ReliabilityPolicy.RELIABLE)


def latched_profile() -> QoSProfile:
    """Return reliable, keep last 1, given to late subscribers too."""
    return QoSProfile(
        depth=1,
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL,
    )


def input_profile(reliability: str, depth: int = KEEP_LAST) -> QoSProfile:
    """Return keep last ``depth`` with the reliability ``reliable`` or ``best_effort``."""
    return QoSProfile(depth=depth, reliability=_POLICIES[reliability])


def overridable() -> QoSOverridingOptions:
    """Let the user override history, depth and reliability by qos_overrides parameters."""
    return QoSOverridingOptions.with_default_policies()


def overridable_but_reliability() -> QoSOverridingOptions:
    """Let the user override history and depth; for :func:`wanted_reliability` topics."""
    return QoSOverridingOptions([QoSPolicyKind.HISTORY, QoSPolicyKind.DEPTH])


def wanted_reliability(node: Node, topic: str, default: str) -> str:
    """
    Return auto, reliable or best_effort for a subscription, as the user wants it.

    The parameter has the name that rclpy's own overrides have; rclpy would keep the first value
    that it saw, and a subscription made anew could not follow the publishers.

    :raises SettingsError: the user wants something else.
    """
    name = _reliability_override(node, topic)
    if not node.has_parameter(name):
        node.declare_parameter(name, default, ParameterDescriptor(read_only=True))
    value = str(node.get_parameter(name).value).lower()
    if value not in (AUTO, *_POLICIES):
        raise SettingsError(f'{name}: {value!r} is not allowed; give auto, reliable, best_effort')
    return value


def deciding_parameter(node: Node, topic: str, parameter: str) -> str:
    """Return the one to change for another reliability: the override where the user gave it."""
    override = _reliability_override(node, topic)
    return override if override in given(node) else parameter


def _reliability_override(node: Node, topic: str) -> str:
    return f'qos_overrides.{node.resolve_topic_name(topic)}.subscription.reliability'


def fitting_reliability(offered: Iterable[ReliabilityPolicy]) -> str:
    """Return best_effort when any publisher offers only that, else reliable."""
    is_any_best_effort = any(policy == ReliabilityPolicy.BEST_EFFORT for policy in offered)
    return BEST_EFFORT if is_any_best_effort else RELIABLE


class Offer(NamedTuple):
    """What a publisher offers, and the type of it such as ``sensor_msgs/msg/Image``."""

    reliability: ReliabilityPolicy
    durability: DurabilityPolicy
    type_name: str


def offers(node: Node, topic: str) -> list[Offer]:
    """Return what every publisher of the topic offers that is known now."""
    endpoints = node.get_publishers_info_by_topic(node.resolve_topic_name(topic))
    return [
        Offer(item.qos_profile.reliability, item.qos_profile.durability, item.topic_type)
        for item in endpoints
    ]


def type_name(kind: type) -> str:
    """Return the name that the graph has for a class of messages."""
    return f'{kind.__module__.split(".")[0]}/msg/{kind.__name__}'


def offered_reliabilities(node: Node, topic: str, kind: type) -> list[ReliabilityPolicy]:
    """
    Return the reliability of every publisher of the topic that is known now.

    :param kind: class of the messages; publishers of others do not count.
    """
    return [offer.reliability for offer in _offers_of(node, topic, kind)]


def is_latched(node: Node, topic: str, kind: type) -> bool:
    """
    Say whether all publishers of the topic keep their last message for late subscribers.

    :param kind: class of the messages; publishers of others do not count.
    """
    offered = _offers_of(node, topic, kind)
    return bool(offered) and all(
        (offer.reliability, offer.durability)
        == (ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL)
        for offer in offered
    )


def _offers_of(node: Node, topic: str, kind: type) -> list[Offer]:
    wanted = type_name(kind)
    return [offer for offer in offers(node, topic) if offer.type_name == wanted]
