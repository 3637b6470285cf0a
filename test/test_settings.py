"""Settings: strict names, lenient integers, limits, and messages that help."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from steps_ros.errors import SettingsError
from steps_ros.settings import build, check, describe, load, setting


@dataclass(frozen=True)
class Wheels:
    """A nested part."""

    radius: float = setting(0.3, 'Radius, metres.', minimum=0.0, maximum=1.0)

    def __post_init__(self) -> None:
        """Check the limits."""
        check(self)


@dataclass(frozen=True)
class Car:
    """A settings class with every kind of field."""

    doors: int = setting(4, 'Doors.', minimum=2, maximum=5, read_only=True)
    fuel: str = setting('petrol', 'Fuel.', choices=('petrol', 'none'))
    locked: bool = setting(False, 'Locked.')
    names: tuple[str, ...] = setting((), 'Names.')
    wheels: Wheels = field(default_factory=Wheels)

    def __post_init__(self) -> None:
        """Check the limits."""
        check(self)


def test_no_values_give_the_defaults():
    assert build(Car, {}) == Car()


def test_dotted_names_reach_nested_settings_and_whole_numbers_become_floats():
    car = build(Car, {'wheels.radius': 1, 'doors': 2})
    assert car == Car(doors=2, wheels=Wheels(1.0))
    assert type(car.wheels.radius) is float


@pytest.mark.parametrize(
    ('given', 'names'),
    [(['Ida', 'Ada'], ('Ida', 'Ada')), ('Ida', ('Ida',)), ('', ()), ([], ()), (None, ())],
)
def test_one_text_is_a_list_of_it_and_an_empty_one_is_none(given, names):
    assert build(Car, {'names': given}).names == names


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({'wheels.radios': 0.2}, r"unknown setting 'wheels.radios'; did you mean 'wheels.radius'"),
        ({'radius': 1}, r"unknown setting 'radius'; did you mean 'wheels.radius'"),
        ({'xyz': 1}, r"unknown setting 'xyz'; known are: doors, fuel, locked, names, wheels"),
        ({'doors': 2.0}, r'doors: 2.0 is not a whole number'),
        ({'doors': True}, r'doors: True is not a whole number'),
        ({'locked': 'yes'}, r"locked: 'yes' is not true or false"),
        ({'doors': 6}, r'doors: 6 is not allowed; give at most 5'),
        ({'wheels.radius': -0.1}, r'radius: -0.1 is not allowed; give at least 0.0'),
        ({'wheels.radius': float('nan')}, r'radius: nan is not allowed; give a number'),
        ({'names': ['Ida', 3]}, r'names: 3 is not a text; give texts alone'),
        ({'names': 3}, r'names: 3 is not a text'),
        ({'fuel': 'wood'}, r"fuel: 'wood' is not allowed; give one of petrol, none"),
    ],
)
def test_a_bad_value_is_named_with_the_remedy(values, message):
    with pytest.raises(SettingsError, match=message):
        build(Car, values)


def test_describe_lists_every_setting_in_order():
    described = list(describe(Car))
    names = [item.name for item in described]
    assert names == ['doors', 'fuel', 'locked', 'names', 'wheels.radius']
    assert described[0].read_only
    assert described[4].maximum == 1.0


def test_yaml_may_nest_or_use_dots(tmp_path: Path):
    nested, dotted = tmp_path / 'nested.yaml', tmp_path / 'dotted.yaml'
    nested.write_text('wheels:\n  radius: 0.5\n')
    dotted.write_text('wheels.radius: 0.5\n')
    assert load(Car, nested) == load(Car, dotted) == Car(wheels=Wheels(0.5))


LAUGHS = 'a0: &a0 [1, 1]\n' + ''.join(f'a{i}: &a{i} [{f"*a{i - 1}, " * 9}]\n' for i in range(1, 9))


@pytest.mark.parametrize(
    'content',
    [
        '- 1\n', 'a: [', '\xff', 'a: "\x1b[2J', 'doors: 2001-99-99', 'doors: !!float x',
        'doors: !!timestamp x', 'wheels: &a {b: *a}', 'doors: &a [*a]', 'a: ' + '[' * 3000,
        'a: ' + '{a: ' * 3000, '? [a]\n: b', '1: 2', LAUGHS, '- ' * 2000, 'doors: ' + '9' * 5000,
    ],
)  # fmt: skip
def test_a_file_that_is_no_mapping_is_one_line(tmp_path: Path, content: str):
    path = tmp_path / 'bad.yaml'
    path.write_bytes(content.encode('latin-1'))
    with pytest.raises(SettingsError, match=r'bad\.yaml') as caught:
        load(Car, path)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ('name', 'message'),
    [('doors', 'is not allowed; give at most 5'), ('wheels.radius', 'is too large; give less')],
)
def test_a_whole_number_that_no_float_can_hold(name, message):
    with pytest.raises(SettingsError, match=message):
        build(Car, {name: 10**400})
