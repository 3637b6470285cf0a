"""
The lifecycle node night_depth: night camera images in, enhanced image, depth and cloud out.

Weights load in ``on_configure``, topics exist from ``on_activate`` to ``on_deactivate``. The image
callbacks store their messages and return; one worker thread takes the newest of every camera and
does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
import sys
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, State, TransitionCallbackReturn
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_srvs.srv import SetBool

from steps_ros.errors import StepsError
from steps_ros.ros.cameras import CameraFrame, CameraStream, failed, process, superseded
from steps_ros.ros.diagnostics import namesake_words, NodeState, report
from steps_ros.ros.model import check_scales, free_memory, load_model, Model
from steps_ros.ros.node_settings import NodeSettings
from steps_ros.ros.parameters import camera_parameters, NightDepthSettings
from steps_ros.ros.qos import overridable
from steps_ros.ros.spin import guarded, refuse_arguments, run_node
from steps_ros.ros.statistics import Drop, FrameStatistics
from steps_ros.ros.worker import KeepLatestWorker

NAME = 'night_depth'
WATCH_PERIOD_S = 0.5
STATE_PERIOD_S = 1.0
STOP_TIMEOUT_S, LOG_PERIOD_S = 10.0, 60.0


class Running:
    """
    What exists while the node is active; when it cannot be made, nothing of it is left.

    :raises StepsError: a camera's topics or its source of scale cannot be.
    """

    def __init__(self, node: NightDepth, model: Model) -> None:
        self.worker: KeepLatestWorker[CameraFrame] = KeepLatestWorker(
            partial(process, model), superseded, failed
        )
        with no_topics_on_failure(node):
            self.cameras = [
                CameraStream(
                    node,
                    camera,
                    node.settings.of(camera),
                    statistics,
                    model,
                    node.on_frame,
                )
                for camera, statistics in node.statistics.items()
            ]
        self.worker.start()

    def stop(self) -> bool:
        """Take everything away; False when the worker is still busy after the time limit."""
        for camera in self.cameras:
            camera.input.destroy()
        has_ended = self.worker.stop(STOP_TIMEOUT_S)
        for camera in self.cameras:
            camera.destroy()
        return has_ended


class NightDepth(LifecycleNode):
    """The node; the lifecycle callbacks decide what exists when."""

    def __init__(
        self,
        load: Callable[[NightDepthSettings], Model] = load_model,
        **node_arguments: Any,
    ) -> None:
        """
        Declare the parameters and offer what exists in every state.

        :param load: how the model is made in ``on_configure``.
        :raises SettingsError: a parameter has a bad value.
        """
        super().__init__(NAME, **node_arguments)
        self.settings = NodeSettings(self, NightDepthSettings, camera_parameters)
        cameras = self.settings.value.cameras or ('',)
        self.statistics = {camera: FrameStatistics() for camera in cameras}
        self._label = self.get_fully_qualified_name().lstrip('/')
        self._load = load
        self._model: Model | None = None
        self._running: Running | None = None
        self._is_enabled = True
        self._problem = ''
        self._diagnostics = self.create_publisher(
            DiagnosticArray, '/diagnostics', 10, qos_overriding_options=overridable()
        )
        self.create_service(SetBool, '~/enable', self._on_enable)
        # Wall time: with use_sim_time these must run before, and without, a clock topic.
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._every(WATCH_PERIOD_S, self._watch)
        self._every(STATE_PERIOD_S, self._publish_states)
        self._every(self.settings.value.diagnostics.period_s, self._publish_diagnostics)
        if self.settings.value.autostart:
            self._start = self._every(0.0, self._autostart)

    def on_configure(self, state: State) -> TransitionCallbackReturn:
        """Load the weights and warm up; a failure is logged and leaves the node unconfigured."""
        try:
            model = self._load(self.settings.value)
            check_scales(model, (self.settings.of(c).value.scale.source for c in self.statistics))
        except StepsError as error:
            return self._failed(str(error))
        except Exception as error:  # a library may raise anything, and the process stays up
            return self._failed(f'{type(error).__name__}: {error}')
        self._problem, self._model = '', model
        if not self.context.ok():  # Ctrl-C came while the weights were read
            return TransitionCallbackReturn.FAILURE
        self.get_logger().info(
            f'{model.checkpoint}: {model.engine} on {model.device}, {model.precision}, '
            f'network size {model.network_size}'
        )
        reason = model.described.get('engine_choice')
        if reason:
            self.get_logger().info(f'engine: {reason}')
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: State) -> TransitionCallbackReturn:
        """Create the topics and start the worker."""
        assert self._model is not None
        try:
            self._running = Running(self, self._model)
        except Exception as error:  # as above: qos_overrides, names, the middleware
            return self._failed(f'{type(error).__name__}: {error}')
        self._problem = ''
        self._publish_states()
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: State) -> TransitionCallbackReturn:
        """Stop the worker and take the topics away; the weights stay."""
        self._stop()
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: State) -> TransitionCallbackReturn:
        """Free the memory of the networks."""
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: State) -> TransitionCallbackReturn:
        """Stop and free everything."""
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: State) -> TransitionCallbackReturn:
        """Clean up so that the node may be configured again."""
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def set_parameters_atomically(self, parameter_list: list[Parameter]) -> SetParametersResult:
        """Set all or none; services call this, and rclpy itself would not name an unknown one."""
        refusal = self.settings.refusal(parameter_list)
        return refusal or super().set_parameters_atomically(parameter_list)

    def on_frame(self, camera: str, frame: CameraFrame) -> None:
        """Hand the frame to the worker; called for every image."""
        running = self._running
        if running is None or not self._is_enabled:
            frame.pipeline.drop(frame.frame, Drop.DISABLED)
            return
        running.worker.offer(camera, frame)

    def close(self) -> None:
        """Stop the worker and free the networks; may be called in any state."""
        self._stop()
        self._model = None
        free_memory()

    def _stop(self) -> None:
        running, self._running = self._running, None
        if running is not None and not running.stop():
            self.get_logger().error(f'the model did not finish within {STOP_TIMEOUT_S:.0f} s')

    def _failed(self, problem: str) -> TransitionCallbackReturn:
        self._problem = ' '.join(problem.split())
        self.get_logger().error(self._problem)
        return TransitionCallbackReturn.FAILURE

    def _every(self, period_s: float, callback: Callable[[], None]) -> Any:
        return self.create_timer(period_s, guarded(self, callback), clock=self._steady)

    def _autostart(self) -> None:
        self._start.cancel()
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def _watch(self) -> None:
        for camera in self._cameras:
            if camera.input.watch():
                state = camera.input.state
                self.get_logger().info(
                    f'{state.topic}: subscribed anew, {state.reliability}, as its publishers are'
                )

    def _publish_states(self) -> None:
        for camera in self._cameras:
            camera.publish_states()

    @property
    def _cameras(self) -> list[CameraStream]:
        return [] if self._running is None else self._running.cameras

    def _publish_diagnostics(self) -> None:
        state = NodeState(
            name=self._label,
            lifecycle=self._state_machine.current_state[1],
            problem=self._problem,
            is_enabled=self._is_enabled,
            model=self._model,
            cameras=tuple(camera.report() for camera in self._cameras),
            ignored=self.settings.ignored,
            namesakes=namesakes(self),
        )
        if state.namesakes:
            self.get_logger().warning(namesake_words(state), throttle_duration_sec=LOG_PERIOD_S)
        message = DiagnosticArray(status=report(state))
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> Any:
        self._is_enabled = request.data
        if request.data:
            for statistics in self.statistics.values():
                statistics.rearm()
        response.success = True
        response.message = 'enabled' if request.data else 'paused'
        return response


@contextmanager
def no_topics_on_failure(node: Node) -> Iterator[None]:
    """Take away the publishers and subscriptions that were made inside when it raises."""
    publishers, subscriptions = set(node.publishers), set(node.subscriptions)
    try:
        yield
    except BaseException:
        for publisher in set(node.publishers) - publishers:
            node.destroy_publisher(publisher)
        for subscription in set(node.subscriptions) - subscriptions:
            node.destroy_subscription(subscription)
        raise


def namesakes(node: Node) -> int:
    """Return how many other nodes have the name of this one."""
    own = node.get_fully_qualified_name()
    known = node.get_node_names_and_namespaces()
    return max(0, sum(f'{space.rstrip("/")}/{name}' == own for name, space in known) - 1)


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until Ctrl-C; see :mod:`steps_ros.ros.entry` for the executable."""

    def make_node() -> NightDepth:
        refuse_arguments(args)
        return NightDepth()

    return run_node(NAME, make_node, args)


if __name__ == '__main__':
    sys.exit(main())
