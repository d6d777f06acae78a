"""The program as a command that starts at once: a process that has imported all modules forks for each call.

The fork runs `main` with the caller's arguments, folder, environment, input and outputs. This only saves the second of
imports, for some hundred calls.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
from importlib import import_module
from pathlib import Path

CLIENT = """\
#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    call = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [len(call).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(call)
    sys.exit(int(server.makefile().read() or 1))
"""


def install(program: Path, address: Path) -> None:
    """Writes the command to a path; it calls the process that listens at the address."""
    program.write_text(CLIENT.format(python=sys.executable, address=str(address)))
    program.chmod(0o755)


def listen(address: str) -> None:
    """Answers calls until it is killed."""
    main = import_module("reconciler.cli.main")
    for module, _summary in main.COMMANDS.values():
        import_module(module)
    for module in ("deepdiff", "httpx", "jinja2", "reconciler.report.render", "reconciler.core.safety.make_plan"):
        import_module(module)
    import_module("httpx").Client().close()  # what it imports when the first one is made
    gc.freeze()  # so that no child copies all of this by looking through it
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()
        print("ready", flush=True)  # noqa: T201  # to whoever started this
        while True:
            connection, _peer = server.accept()
            if os.fork():
                connection.close()
            else:
                server.close()
                _answer(connection)


def _answer(connection: socket.socket) -> None:
    """Runs one call in a grandchild, whose parent reports the exit code, however it ends."""
    head, descriptors, _flags, _address = socket.recv_fds(connection, 8, 3)
    with connection.makefile("rb") as stream:
        arguments, folder, environment = json.loads(stream.read(int.from_bytes(head, "big")))
    child = os.fork()
    if child:
        _child, status = os.waitpid(child, 0)
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    connection.close()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["reconciler", *arguments]
    import_module("reconciler.cli.main").main()


if __name__ == "__main__":
    listen(sys.argv[1])
