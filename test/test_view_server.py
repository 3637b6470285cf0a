"""The port of the live view, and what its server must not do."""

from __future__ import annotations

import builtins
import socket

import pytest

from steps_ros.errors import SettingsError, StepsError
from steps_ros.view.server import address, start_server, stop_server


def test_a_port_in_use_is_one_line():
    pytest.importorskip('viser', reason='viser is not installed')
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            SettingsError, match=rf'port {port} of 127\.0\.0\.1: Address already in use; give'
        ):
            start_server('127.0.0.1', port)


@pytest.mark.parametrize('host', ['192.0.2.1', 'no.such.host.invalid'])
def test_an_address_that_is_not_ours_is_one_line(host):
    pytest.importorskip('viser', reason='viser is not installed')
    with pytest.raises(SettingsError, match=f'port 8080 of {host}: .*; give another --port or'):
        start_server(host, 8080)


def test_no_browser_can_publish_the_page_and_stdout_stays_empty(capfd):
    pytest.importorskip('viser', reason='viser is not installed')
    server = start_server('127.0.0.1', 0)
    try:
        assert server.request_share_url() is None
        assert server.get_port() > 0
    finally:
        stop_server(server)
    assert capfd.readouterr().out == ''


def test_a_missing_viewer_is_one_line_with_the_remedy(monkeypatch):
    real = builtins.__import__

    def without_viser(name, *arguments):
        if name == 'viser':
            raise ImportError(f'No module named {name!r}', name=name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, '__import__', without_viser)
    with pytest.raises(StepsError, match=r"viser cannot .* install 'steps_ros\[view\]'"):
        start_server('127.0.0.1', 0)


def test_addresses_can_be_typed_into_a_browser():
    assert address('127.0.0.1', 8080) == 'http://127.0.0.1:8080'
    assert address('::1', 80) == 'http://[::1]:80'
    assert address('0.0.0.0', 8080) == f'http://{socket.gethostname()}:8080'
