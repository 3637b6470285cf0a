"""``python -m steps_ros.cli`` is the ``steps-ros`` command."""

import sys

from steps_ros.cli.main import main

sys.exit(main())
