# SPDX-License-Identifier: LGPL-2.1-or-later
"""An RTSP server of the tests' own, on the loopback."""

import socket
import subprocess

from harness import BUILD, CLIP, ENVIRONMENT

SERVER = BUILD / 'tests/examples/rtsp_server'


def freePort():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


def serve(test, port):
    """Serves the recording until the test ends; tells playing() of each client."""
    if not SERVER.exists():
        test.skipTest('libgstrtspserver-1.0-dev is missing')
    server = subprocess.Popen([SERVER, str(port), CLIP], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
    test.addCleanup(server.__exit__, None, None, None)
    test.addCleanup(server.kill)
    test.assertEqual(server.stdout.readline(), 'listening\n')
    return server


def playing(test, server):
    """Waits until the recording begins for the next client; says when that was, as time.monotonic() does."""
    line = server.stdout.readline()
    test.assertRegex(line, r'\Aplaying [\d.]+\n\Z')
    return float(line.split()[1])
