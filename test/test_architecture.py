"""The layers of ARCHITECTURE.md, held by walking every module's imports."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / 'steps_ros'
LAYERS = {
    'core': set(),
    'data': {'core'},
    'inference': {'core'},
    'sim': {'data', 'core'},
    'eval': {'inference', 'data', 'core'},
    'view': {'inference', 'data', 'core'},
    'train': {'eval', 'inference', 'data', 'sim', 'core'},
    'ros': {'view', 'train', 'eval', 'inference', 'data', 'core'},
    'bench': {'ros', 'view', 'train', 'eval', 'sim', 'inference', 'data', 'core'},
    'doctor': {'ros', 'inference', 'data', 'core'},
    'cli': {'doctor', 'bench', 'ros', 'view', 'train', 'eval', 'sim', 'inference', 'data', 'core'},
}
ROS_PACKAGES = {
    'rclpy', 'launch', 'launch_ros', 'cv_bridge', 'tf2_ros', 'rcl_interfaces', 'lifecycle_msgs',
    'sensor_msgs', 'sensor_msgs_py', 'std_msgs', 'std_srvs', 'diagnostic_msgs',
    'builtin_interfaces', 'rosgraph_msgs', 'nav_msgs', 'tf2_msgs',
}  # fmt: skip
MODULES = sorted(PACKAGE.rglob('*.py'))


def imports(path: Path) -> list[tuple[str, bool]]:
    """Return (module, at top level) of every import in a file."""
    tree = ast.parse(path.read_text(encoding='utf8'))
    top = set(map(id, tree.body))
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f'{path}: relative import'
            names = [node.module, *(f'{node.module}.{alias.name}' for alias in node.names)]
            found += [(name, id(node) in top) for name in names]
    return found


def layer(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ''


@pytest.mark.parametrize('path', MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows_point_downwards(path):
    own = layer(path)
    allowed = LAYERS.get(own, set()) | {own}
    for module, _ in imports(path):
        first, *rest = module.split('.')
        if first == 'steps_ros' and rest and rest[0] in LAYERS:
            assert rest[0] in allowed, f'{own} imports {module}'


@pytest.mark.parametrize('path', MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_ros_imports_ros(path):
    for module, at_top in imports(path):
        if layer(path) != 'ros':
            assert module.split('.')[0] not in ROS_PACKAGES, module
        if layer(path) == 'cli' and module.startswith('steps_ros.ros'):
            assert not at_top, f'{module} must be imported inside a function'
