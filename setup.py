"""Installation with pip on a bare machine and with colcon on a ROS one."""

from pathlib import Path
import re

from setuptools import find_packages, setup

NAME = 'steps_ros'
HERE = Path(__file__).parent
VERSION = re.search(r"__version__ = '(.+)'", (HERE / NAME / '__init__.py').read_text())[1]
# Wheels of ROS 2 exist for this platform only; elsewhere ROS comes from its own installation.
WHEELS = "; sys_platform == 'linux' and platform_machine == 'x86_64'"

ROS = [
    'ros-rclpy[fastrtps]>=9.0',
    'ros-builtin-interfaces',
    'ros-diagnostic-msgs',
    'ros-lifecycle-msgs',
    'ros-nav-msgs',
    'ros-rcl-interfaces',
    'ros-rosgraph-msgs',
    'ros-sensor-msgs',
    'ros-std-msgs',
    'ros-std-srvs',
]
SIM = ['trimesh>=4.0', 'embreex>=2.17']
TRAIN = [*SIM, 'tensorboard>=2.10']
ONNX = ['onnxruntime>=1.16', 'onnx>=1.14']
OPENVINO = ['openvino>=2024.0', 'onnx>=1.14']
VIZ = ['matplotlib>=3.5', 'jinja2>=3.0']
VIEW = ['viser>=1.1,<2']


def files(pattern: str) -> list[str]:
    """Return paths relative to this file, as data_files wants them."""
    return sorted(str(path.relative_to(HERE)) for path in HERE.glob(pattern))


setup(
    name=NAME,
    version=VERSION,
    description='Night enhancement and self-supervised night depth for ROS 2',
    long_description=(HERE / 'README.md').read_text(encoding='utf8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    maintainer='steps_ros maintainers',
    maintainer_email='maintainers@steps-ros.example.com',
    packages=find_packages(include=[NAME, f'{NAME}.*']),
    package_data={NAME: ['py.typed', 'weights/*', 'eval/templates/*']},
    # ros2 launch and ros2 run look under share and lib of the prefix, where pip puts these.
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/steps_ros']),
        (f'share/{NAME}', ['package.xml']),
        (f'share/{NAME}/launch', files('launch/*.launch.py')),
        (f'share/{NAME}/config', files('config/*')),
        (f'lib/{NAME}', files('resource/executables/*')),
    ],
    zip_safe=False,
    python_requires='>=3.10,<3.14',
    install_requires=[
        'numpy>=1.23,<3',
        'torch>=2.1',
        'opencv-python-headless>=4.6',
        'safetensors>=0.4',
        'packaging>=21.0',
        'pyyaml>=5.4',
        'tqdm>=4.57',
        'rosbags>=0.11.9,<1',
        'backports.zstd>=1.0',
        'lz4>=4.0',
        'mcap>=1.2.1',
    ],
    extras_require={
        'ros': [requirement + WHEELS for requirement in ROS],
        'sim': SIM,
        'train': TRAIN,
        'viz': VIZ,
        'onnx': ONNX,
        'openvino': OPENVINO,
        'view': VIEW,
        'test': [
            'pytest>=7.0',
            'pytest-timeout',
            'pytest-xdist>=3.7',
            'hypothesis>=6.100',
            'mcap-ros2-support',
            *ONNX,
            *OPENVINO,
            'playwright',
            'ruff',
            'mypy',
        ],
    },
    entry_points={
        'console_scripts': [
            'steps-ros = steps_ros.cli.main:main',
            'night_depth = steps_ros.ros.entry:night_depth',
            'trainer = steps_ros.ros.entry:trainer',
        ]
    },
)
