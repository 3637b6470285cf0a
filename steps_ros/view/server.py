"""
The web server of the live view: on the port asked for, quiet, and never beyond this network.
"""

from __future__ import annotations

from contextlib import redirect_stdout
from io import StringIO
import os
import socket
from typing import Any

from steps_ros.errors import SettingsError, StepsError

ANY_HOSTS = ('', '0.0.0.0', '::')
LOCAL_HOSTS = ('127.0.0.1', 'localhost', '::1')
TITLE = 'steps-ros view'


def start_server(host: str, port: int) -> Any:
    """
    Return viser's server, which serves its page from the package, without outside requests.

    :raises StepsError: viser is not installed.
    :raises SettingsError: nothing can listen there, such as where another program does.
    """
    try:
        from viser import ViserServer
    except ImportError as error:
        raise StepsError(
            f'the view needs viser, and {error.name} cannot be imported: pip install '
            "'steps_ros[view]', or pip install viser"
        ) from error

    class LocalServer(ViserServer):
        """A server that no browser can have published on the internet."""

        def request_share_url(self, verbose: bool = True) -> str | None:
            """Refuse: whoever asks may be anyone who reaches the port."""
            return None

    _check_free(host, port)
    # It greets on stdout, whatever it is told.
    with redirect_stdout(StringIO()):
        server = LocalServer(host=host, port=port, label=TITLE, verbose=False)
    # It takes the next free port where its own has just been taken.
    if port and server.get_port() != port:
        stop_server(server)
        raise SettingsError(f'port {port} of {host} is in use; give another --port')
    return server


def stop_server(server: Any) -> None:
    """Close all connections and the port."""
    with redirect_stdout(StringIO()):
        server.stop()


def address(host: str, port: int) -> str:
    """Return what to type into a browser."""
    name = socket.gethostname() if host in ANY_HOSTS else host
    return f'http://[{name}]:{port}' if ':' in name else f'http://{name}:{port}'


def _check_free(host: str, port: int) -> None:
    """See whether the port can be had; viser would try a thousand others, and then wait."""
    try:
        family = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0][0]
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        # The reason of a name that is not known has a number below 0, and no other text.
        is_errno = error.errno is not None and error.errno > 0
        reason = os.strerror(error.errno or 0) if is_errno else error.strerror
        raise SettingsError(
            f'cannot listen on port {port} of {host}: {reason}; give another --port or --host'
        ) from error
