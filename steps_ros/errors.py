"""
The one exception family of the package.

A message is one line that says what is wrong, the value, and what to do. These errors are
caught at the edges only: the command line, ``on_configure``, and the frame callback.
"""


class StepsError(Exception):
    """Base of every error that a user can cause and mend."""


class SettingsError(StepsError):
    """A setting or parameter has an unknown name or a value out of range."""


class CheckpointError(StepsError):
    """A weights file is missing, damaged, or of another network."""


class SourceError(StepsError):
    """An image, folder, video or bag cannot be read."""


class FrameError(StepsError):
    """One frame cannot be used; the next one may be good."""


class OutputError(StepsError):
    """A result cannot be written where it was asked for."""


class TrainingError(StepsError):
    """A training cannot go on; its last snapshot is whole."""
