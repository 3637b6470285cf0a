"""The launch files and the files that they install."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from xml.etree import ElementTree

from make_bags import camera_messages, write_mcap
import pytest
import yaml

from steps_ros.errors import SettingsError, SourceError, StepsError

ROOT = Path(__file__).parents[1]
ARGUMENTS = {
    'params_file',
    'namespace',
    'camera',
    'image_transport',
    'rviz',
    'autostart',
    'use_sim_time',
    'log_level',
    'enclave',
    'device',
    'checkpoint',
}

REPLAY_ARGUMENTS = {
    'bag',
    'out',
    'overwrite',
    'camera',
    'image_topic',
    'camera_info_topic',
    'image_transport',
    'rate',
    'checkpoint',
    'device',
    'params_file',
    'evaluate_args',
    'rviz',
}

TRAINER_ARGUMENTS = {
    'params_file',
    'namespace',
    'bag',
    'day',
    'out',
    'init',
    'preset',
    'validate',
    'max_steps',
    'device',
    'log_level',
    'enclave',
}


def test_rviz_shows_what_the_node_publishes():
    pytest.importorskip('rclpy', reason='rclpy is not installed')
    from steps_ros.ros.outputs import DEPTH_COLORED, ENHANCED, POINTS

    saved = yaml.safe_load((ROOT / 'config' / 'night_depth.rviz').read_text())
    manager = saved['Visualization Manager']
    shown = {item['Topic']['Value'] for item in manager['Displays'] if 'Topic' in item}
    assert shown == {t.replace('~', '/night_depth') for t in (ENHANCED, POINTS, DEPTH_COLORED)}
    assert manager['Global Options']['Fixed Frame'] == 'camera_optical_frame'


def test_the_shared_memory_profile_has_room_for_images():
    tree = ElementTree.parse(ROOT / 'config' / 'fastdds_shm.xml')
    namespace = {'dds': tree.getroot().tag.partition('}')[0].strip('{')}
    kinds = [element.text for element in tree.iterfind('.//dds:type', namespace)]
    size = tree.find('.//dds:segment_size', namespace)
    assert kinds == ['SHM', 'UDPv4']
    assert int(size.text) == 64 << 20


def test_the_profile_of_the_user_is_left_alone(monkeypatch):
    from steps_ros.ros import processes

    monkeypatch.setattr(processes, '_has_shared_memory', lambda: True)
    for variable in processes.PROFILE_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.delenv('ROS_DISTRO', raising=False)
    profile = ROOT / 'config' / 'fastdds_shm.xml'
    chosen = {'FASTDDS_DEFAULT_PROFILES_FILE': str(profile)}
    assert processes.profile_environment(profile) == chosen
    monkeypatch.setenv('FASTRTPS_DEFAULT_PROFILES_FILE', 'mine.xml')
    assert processes.profile_environment(profile) == {}


@pytest.fixture
def load(monkeypatch) -> Callable[[str], ModuleType]:
    """Return a function that loads a launch file; nodes are recorded instead of started."""
    # The folder launch/ of the project would pass for the package launch, but not for these.
    for module in ('launch_ros', 'ament_index_python'):
        pytest.importorskip(module, reason=f'{module} is not installed; it comes with ROS only')
    from launch.launch_description_sources import load_python_launch_file_as_module

    monkeypatch.setattr('launch_ros.actions.Node', lambda **wanted: SimpleNamespace(**wanted))
    monkeypatch.setattr(
        'ament_index_python.packages.get_package_share_directory', lambda package: str(ROOT)
    )
    monkeypatch.setenv('FASTDDS_DEFAULT_PROFILES_FILE', 'mine.xml')
    return lambda name: load_python_launch_file_as_module(str(ROOT / 'launch' / name))


def _started(launch_file: ModuleType, arguments: dict[str, str]) -> list:
    """Return what the launch file starts when it is given these arguments."""
    from launch import LaunchContext

    context = LaunchContext()
    context.launch_configurations.update(arguments)
    visited = [e.visit(context) for e in launch_file.generate_launch_description().entities]
    return [node for made in visited if made for node in made]


@pytest.fixture
def start(load):
    """Return a function that starts the node."""
    launch_file = load('night_depth.launch.py')
    return lambda **arguments: _started(launch_file, arguments)


@pytest.mark.parametrize(
    ('name', 'expected', 'required'),
    [
        ('night_depth.launch.py', ARGUMENTS, set()),
        ('replay.launch.py', REPLAY_ARGUMENTS, {'bag', 'out'}),
        ('trainer.launch.py', TRAINER_ARGUMENTS, set()),
    ],
)
def test_every_launch_argument_is_described(load, name, expected, required):
    arguments = load(name).generate_launch_description().get_launch_arguments()
    assert {argument.name for argument in arguments} == expected
    assert all('.' in argument.description for argument in arguments)
    without = {argument.name for argument in arguments if argument.default_value is None}
    assert without == required


def test_camera_maps_the_topics_of_its_driver(start):
    (node,) = start(camera='/front')
    assert (node.package, node.executable, node.name) == (
        'steps_ros',
        'night_depth',
        'night_depth',
    )
    assert dict(node.remappings) == {
        '~/input/image': '/front/image_raw',
        '~/input/image/compressed': '/front/image_raw/compressed',
        '~/input/camera_info': '/front/camera_info',
    }
    assert start(camera='/front/')[0].remappings == node.remappings


def test_several_cameras_map_the_topics_of_each(start):
    (node,) = start(camera='/front, /side/left/')
    assert node.parameters[1]['cameras'] == ['front', 'side_left']
    remapped = dict(node.remappings)
    assert len(remapped) == 6
    assert remapped['~/front/input/image'] == '/front/image_raw'
    assert remapped['~/side_left/input/camera_info'] == '/side/left/camera_info'


def test_arguments_that_are_not_given_leave_the_parameter_file_alone(start):
    (node,) = start()
    file, over = node.parameters
    assert Path(file) == ROOT / 'config' / 'night_depth.param.yaml'
    assert over == {'autostart': True, 'use_sim_time': False}
    assert node.arguments == ['--ros-args', '--log-level', 'info']


def test_given_arguments_reach_the_node(start, tmp_path):
    file = tmp_path / 'my.yaml'
    file.touch()
    (node,) = start(
        params_file=str(file),
        namespace='car',
        image_transport='compressed',
        autostart='false',
        use_sim_time='true',
        log_level='warn',
        enclave='/car/night_depth',
        device='cuda:1',
        checkpoint='my.safetensors',
    )
    assert node.namespace == 'car'
    assert node.parameters == [
        str(file),
        {
            'image_transport': 'compressed',
            'device': 'cuda:1',
            'checkpoint': 'my.safetensors',
            'autostart': False,
            'use_sim_time': True,
        },
    ]
    asked = ['--enclave', '/car/night_depth', '--log-level', 'warn']
    assert node.arguments == ['--ros-args', *asked]


def test_a_value_that_does_not_exist_is_refused(start):
    with pytest.raises(RuntimeError, match='image_transport'):
        start(image_transport='h264')


def test_a_misspelt_argument_is_said_with_the_one_that_was_meant(start, monkeypatch):
    from steps_ros.ros import launching

    said = []
    logger = SimpleNamespace(warning=said.append)
    monkeypatch.setattr(launching, 'get_logger', lambda name: logger)
    start(chekpoint='my.safetensors', bag='of_somebody_else', device='cpu')
    assert said == [
        'chekpoint:= is no argument of this launch file and does nothing; '
        'did you mean checkpoint:= ?'
    ]


def test_a_missing_parameter_file_is_refused(start):
    with pytest.raises(SettingsError, match=r'params_file /nowhere/my\.yaml: no such file'):
        start(params_file='/nowhere/my.yaml')


def test_rviz_starts_first_and_follows_the_namespace(start):
    rviz, node = start(rviz='true', namespace='/car')
    assert (rviz.package, node.package) == ('rviz2', 'steps_ros')
    assert rviz.arguments == ['-d', str(ROOT / 'config' / 'night_depth.rviz')]
    topics = dict(rviz.remappings)
    assert topics['/night_depth/output/points'] == '/car/night_depth/output/points'
    assert len(topics) == 3


@pytest.fixture
def start_training(load):
    """Return a function that starts the trainer."""
    launch_file = load('trainer.launch.py')
    return lambda **arguments: _started(launch_file, arguments)


def test_the_trainer_gets_what_is_given_and_time_to_save(start_training):
    (node,) = start_training()
    assert (node.package, node.executable, node.name) == ('steps_ros', 'trainer', 'trainer')
    assert node.parameters == [str(ROOT / 'config' / 'trainer.param.yaml'), {}]
    assert float(node.sigterm_timeout) == float(node.sigkill_timeout) > 60
    given = {'bag': "a.mcap 'b c.mcap'", 'out': 'out', 'max_steps': '5', 'preset': 'monodepth2'}
    (node,) = start_training(namespace='car', enclave='/car/trainer', **given)
    assert node.namespace == 'car'
    assert node.arguments[:3] == ['--ros-args', '--enclave', '/car/trainer']
    assert node.parameters[1] == {
        'bag': ['a.mcap', 'b c.mcap'],
        'out': 'out',
        'preset': 'monodepth2',
        'max_steps': 5,
    }


def test_the_trainer_is_not_started_with_what_cannot_be(start_training):
    with pytest.raises(SettingsError, match="max_steps 'many' is not a whole number"):
        start_training(max_steps='many')
    with pytest.raises(SettingsError, match=r'params_file /nowhere\.yaml: no such file'):
        start_training(params_file='/nowhere.yaml')
    with pytest.raises(RuntimeError, match='preset'):
        start_training(preset='unknown')


@pytest.fixture
def replayed(load, monkeypatch, tmp_path):
    """Return a function that starts the replay of a bag of two frames."""
    launch_file = load('replay.launch.py')
    monkeypatch.setattr(launch_file.replay, 'check_machine', lambda: None)
    bag = write_mcap(tmp_path / 'drive.mcap', camera_messages(2, '/front/image', '/front/info'))
    given = {'bag': str(bag), 'out': str(tmp_path / 'out'), 'camera_info_topic': '/front/info'}
    return lambda **arguments: _started(launch_file, {**given, **arguments})


def test_replay_gives_the_node_the_time_of_the_bag_and_its_usual_topics(replayed):
    *_, included, recorder = replayed(device='cuda:1')
    assert dict(included.launch_arguments) == {
        'camera': '/camera',
        'image_transport': 'raw',
        'autostart': 'true',
        'use_sim_time': 'true',
        'params_file': str(ROOT / 'config' / 'night_depth.param.yaml'),
        'device': 'cuda:1',
        'checkpoint': '',
        'rviz': 'false',
    }
    assert '--until-drained' in _words(recorder)


def test_replay_of_what_is_not_there_starts_nothing(replayed, tmp_path):
    with pytest.raises(SourceError, match='does not exist'):
        replayed(bag='/nowhere.mcap')
    with pytest.raises(SettingsError, match='rate factor 0'):
        replayed(rate='0')
    assert not (tmp_path / 'out').exists()


def _words(process) -> list[str]:
    return [''.join(part.text for part in word) for word in process.cmd]


@pytest.fixture
def scenes(load, tmp_path):
    """Return the sequence of a replay."""
    launch_file = load('replay.launch.py')
    bag = write_mcap(tmp_path / 'drive.mcap', camera_messages(2))
    plan = launch_file.replay.make_plan(launch_file.replay.Wish(bag, tmp_path / 'out'))
    return launch_file.Scenes(plan, ['--cap', '40'])


def _ended(scenes, action=None, name: str = 'player-3', code: int = 0, is_shutdown: bool = False):
    event = SimpleNamespace(action=action, process_name=name, returncode=code)
    return scenes.ended(event, SimpleNamespace(is_shutdown=is_shutdown))


def test_the_player_starts_once_when_the_node_is_active(scenes):
    said = SimpleNamespace(text=b'[INFO] [1.5] [recorder]: the node is active\n')
    assert scenes.heard(SimpleNamespace(text=b'[INFO] something else')) is None
    assert _words(scenes.heard(said))[:3] == ['ros2', 'bag', 'play']
    assert scenes.heard(said) is None
    failed = SimpleNamespace(text=b'[INFO] [recorder]: the node did not start: no weights\n')
    with pytest.raises(StepsError, match=r'^the node did not start: no weights$'):
        scenes.heard(failed)


def test_the_evaluation_follows_the_recorder_and_ends_the_launch(scenes):
    assert _ended(scenes) is None
    (evaluation,) = _ended(scenes, scenes.recorder, 'recorder-2')
    assert _words(evaluation)[-2:] == ['--cap', '40']
    assert len(_ended(scenes, evaluation, 'evaluate-4')) == 2


def test_a_process_that_fails_ends_the_launch_with_its_name(scenes):
    with pytest.raises(StepsError, match='player-3 ended with code 1'):
        _ended(scenes, code=1)
    with pytest.raises(StepsError, match='night_depth-1 ended with code 0'):
        _ended(scenes, name='night_depth-1')
    assert _ended(scenes, name='rviz2-5', code=1) is None
    assert _ended(scenes, scenes.recorder, 'recorder-2', is_shutdown=True) is None
