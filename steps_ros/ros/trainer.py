"""
The node trainer: ``steps-ros train`` with ROS parameters, ``~/progress`` and ``~/stop``.

It begins at once and its process ends with the training. A thread trains; the executor's thread
publishes and answers meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
import signal
import sys
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.signals import uninstall_signal_handlers
from std_srvs.srv import Trigger

from steps_ros.errors import StepsError
from steps_ros.ros.node_settings import NodeSettings
from steps_ros.ros.qos import output_profile
from steps_ros.ros.spin import DONE, FAILED, guarded, refuse_arguments, serving, started
from steps_ros.ros.trainer_progress import ERROR, progress_status, WARN
from steps_ros.ros.trainer_settings import TrainerSettings
from steps_ros.ros.trainer_work import Train, train_as_asked, Work

NAME = 'trainer'
PROGRESS, STOP = '~/progress', '~/stop'
PERIOD_S, LOG_PERIOD_S = 1.0, 10.0
# Python hears of a signal when the executor has nothing more to wait for.
WAIT_S = 0.1
ACKNOWLEDGE_S = 5.0


class Trainer(Node):
    """The node; :meth:`serve` trains from start to end."""

    def __init__(self, train: Train = train_as_asked, **node_arguments: Any) -> None:
        """
        Declare the parameters and offer topic and service; nothing begins yet.

        :param train: what is done with the parameters.
        :raises SettingsError: a parameter has a bad value.
        """
        super().__init__(NAME, **node_arguments)
        self._settings = NodeSettings(self, TrainerSettings)
        self._label = self.get_fully_qualified_name().lstrip('/')
        self._logged_s = 0.0
        # Several deep: phases may follow each other faster than messages travel.
        self._progress = self.create_publisher(DiagnosticArray, PROGRESS, output_profile())
        self.create_service(Trigger, STOP, self._on_stop)
        # Wall time: with use_sim_time this must go on before, and without, a clock topic.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(PERIOD_S, guarded(self, self._each_second), clock=steady)
        logger = self.get_logger()
        changed = guarded(self, self._phase_changed)
        self.work = Work(self._settings.value, train, logger.info, changed)

    def set_parameters_atomically(self, parameter_list: list[Parameter]) -> SetParametersResult:
        """Set all or none; services call this, and rclpy itself would not name an unknown one."""
        refusal = self._settings.refusal(parameter_list)
        return refusal or super().set_parameters_atomically(parameter_list)

    def serve(self) -> int:
        """
        Train to the end, answering meanwhile.

        :returns: the exit code: 0 done or stopped, 1 failed, 3 rejected.
        """
        with serving(self) as executor:
            self.work.start()
            while self.work.is_busy:
                executor.spin_once(timeout_sec=WAIT_S)
        self._progress.wait_for_all_acked(Duration(seconds=ACKNOWLEDGE_S))
        return self.work.code

    def stop(self) -> None:
        """Ask the training to end after this step; may be called again."""
        self.work.stop()

    def close(self) -> None:
        """End the training, if it still runs, and wait for that."""
        self.work.stop()
        self.work.join()

    def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Any:
        self.stop()
        response.success = True
        response.message = 'stops after this step; start again with the same parameters to go on'
        return response

    def _each_second(self) -> None:
        self._publish()
        progress, now_s = self.work.progress, time.monotonic()
        if progress.step and now_s - self._logged_s >= LOG_PERIOD_S:
            self._logged_s = now_s
            self.get_logger().info(progress.words)

    def _phase_changed(self) -> None:
        """Publish and log; the thread that trains calls this."""
        self._publish()
        self._logged_s = time.monotonic()
        progress, logger = self.work.progress, self.get_logger()
        if progress.verdict:
            logger.info(progress.verdict)
        # rclpy refuses two severities from one line of code.
        if progress.level == ERROR:
            logger.fatal(progress.words)
        elif progress.level == WARN:
            logger.warning(progress.words)
        else:
            logger.info(progress.words)

    def _publish(self) -> None:
        status = progress_status(f'{self._label}: training', self.work.progress)
        message = DiagnosticArray(status=[status])
        message.header.stamp = self.get_clock().now().to_msg()
        self._progress.publish(message)


def main(args: Sequence[str] | None = None) -> int:
    """Train as the parameters say; see :mod:`steps_ros.ros.entry` for the executable."""
    try:
        refuse_arguments(args)
        with started(args) as keep:
            trainer = keep(Trainer())
            # rclpy's own handlers would take down what tells of the last step and its saving.
            uninstall_signal_handlers()
            for name in (signal.SIGINT, signal.SIGTERM):
                signal.signal(name, lambda *_: trainer.stop())
            return trainer.serve()
    except StepsError as error:
        get_logger(NAME).fatal(str(error))
        return FAILED
    return DONE


if __name__ == '__main__':
    sys.exit(main())
