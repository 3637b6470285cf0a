"""
Settings of ROS and the clock, where they explain that nodes do not see each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

from steps_ros.doctor.finding import fail, Finding, note, ok

DOMAIN, LOCALHOST = 'ROS_DOMAIN_ID', 'ROS_LOCALHOST_ONLY'
RANGE = 'ROS_AUTOMATIC_DISCOVERY_RANGE'
RANGES = ('SUBNET', 'LOCALHOST', 'OFF', 'SYSTEM_DEFAULT')
# Ports of a domain above the second may be taken by the system for other connections.
LAST_DOMAIN, LAST_SAFE_DOMAIN = 232, 101
# The range of discovery is unknown to these.
OLD_DISTROS = ('humble',)
ELSEWHERE = ('ROS_STATIC_PEERS', 'ROS_DISCOVERY_SERVER', 'ROS_SUPER_CLIENT')
DAY_S = 24 * 3600.0


def domain(environment: Mapping[str, str]) -> list[Finding]:
    """Check the number that nodes must share to see each other."""
    given = environment.get(DOMAIN, '').strip()
    if not given:
        return [ok('domain', f'{DOMAIN} is not set, so 0')]
    if not given.isdecimal() or int(given) > LAST_DOMAIN:
        remedy = f'set a number from 0 to {LAST_SAFE_DOMAIN}, the same everywhere'
        return [fail('domain', f'{DOMAIN} is {given!r}, which is none', remedy)]
    if int(given) > LAST_SAFE_DOMAIN:
        says = f'{DOMAIN} is {given}, whose ports the system may give away'
        return [note('domain', says, f'take one up to {LAST_SAFE_DOMAIN}')]
    return [ok('domain', f'{DOMAIN} is {given}; nodes with another number are not seen')]


def discovery(environment: Mapping[str, str]) -> list[Finding]:
    """Check how far nodes look for each other."""
    chosen, is_old = environment.get(RANGE, ''), environment.get('ROS_DISTRO') in OLD_DISTROS
    findings = [
        note(
            'discovery',
            f'{name} is set to {environment[name]!r}; nodes are looked for there',
            f'unset {name} to look around',
        )
        for name in ELSEWHERE
        if environment.get(name)
    ]
    if chosen and is_old:
        remedy = f'set {LOCALHOST}=1 for this machine alone'
        findings.append(note('discovery', f'{RANGE} is set, which this ROS ignores', remedy))
    elif chosen == 'OFF':
        says = f'{RANGE} is OFF, and nodes see nobody by themselves'
        findings.append(note('discovery', says, 'set it to LOCALHOST or SUBNET'))
    elif chosen and chosen not in RANGES:
        remedy = f'set one of {", ".join(RANGES)}'
        findings.append(fail('discovery', f'{RANGE} is {chosen!r}, which is unknown', remedy))
    elif chosen == 'LOCALHOST' or environment.get(LOCALHOST) == '1':
        says = 'nodes of this machine alone are seen, as the environment says'
        remedy = f'unset {RANGE} and {LOCALHOST} on both to see other machines'
        findings.append(note('discovery', says, remedy))
    return findings or [ok('discovery', 'nodes of the whole subnet are seen')]


def clock(now_s: float, installed: Path) -> list[Finding]:
    """
    Check that the clock is not years behind, as on boards without a battery.

    :param now_s: time now, seconds since 1970.
    :param installed: a file of the package, which cannot be younger than now.
    """
    says = datetime.fromtimestamp(now_s, timezone.utc).strftime('%Y-%m-%d %H:%M:%S UTC')
    if now_s < installed.stat().st_mtime - DAY_S:
        return [
            fail(
                'clock',
                f'{says} is before the package was installed',
                'set the clock (timedatectl set-ntp true), or stamps of machines will not agree',
            )
        ]
    return [ok('clock', says)]
