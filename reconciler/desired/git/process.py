"""Starts git, independent of the user's environment and settings, and reads its output and errors."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from reconciler.settings import environment_for_git

PINNED = {  # settings of a user that would change git's output, or make git check fewer files
    "advice.graftFileDeprecated": "false",
    "color.ui": "false",
    "core.fsmonitor": "false",
    "core.untrackedCache": "false",
    "core.pager": "cat",
    "core.quotePath": "true",
    "core.useReplaceRefs": "false",
    "diff.algorithm": "myers",
    "diff.colorMoved": "no",
    "diff.context": "3",
    "diff.ignoreSubmodules": "none",
    "diff.indentHeuristic": "true",
    "diff.interHunkContext": "0",
    "diff.mnemonicPrefix": "false",
    "diff.noprefix": "false",
    "diff.orderFile": os.devnull,
    "diff.relative": "false",
    "diff.renameLimit": "1000",
    "diff.submodule": "short",
    "diff.suppressBlankEmpty": "false",
    "gc.auto": "0",
    "i18n.logOutputEncoding": "UTF-8",
    "log.decorate": "false",
    "log.follow": "false",
    "log.mailmap": "true",
    "log.showSignature": "false",
    "maintenance.auto": "false",
    "submodule.recurse": "false",
}
MOST_BYTES, MOST_WORDS = 100_000, 2_000  # of git's error output: bytes read, characters reported
GIT = ("git", *(word for name, value in PINNED.items() for word in ("-c", f"{name}={value}")))


def name_command(arguments: Sequence[str]) -> str:
    """Returns git's command: `notes`, of `-c user.name=… --literal-pathspecs notes append`."""
    after_settings = arguments[2 * arguments.count("-c") :]
    return next(argument for argument in after_settings if not argument.startswith("-"))


def read_words(done: subprocess.CompletedProcess[bytes]) -> str:
    """Returns git's error output on one line, at most 2,000 characters, without credentials in URLs.

    A remote's hooks can write to it, so control characters and invisible characters become spaces.
    """
    output = done.stderr[:MOST_BYTES].decode(errors="replace")
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in output).split())
    return re.sub(r"://[^/@\s]*@", "://", line)[:MOST_WORDS] or f"exit {done.returncode}"


def run_git(where: Path, arguments: Sequence[str], stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    """Runs git without the terminal, on which ssh would ask for a password."""
    command, environment = [*GIT, *arguments], environment_for_git()
    return subprocess.run(  # noqa: S603
        command, cwd=where, env=environment, input=stdin, capture_output=True, check=False, start_new_session=True
    )


def start_git(where: Path, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    """Starts git beside this process, with pipes for its input and output."""
    pipe = subprocess.PIPE
    return subprocess.Popen(  # noqa: S603
        [*GIT, *arguments], cwd=where, env=environment_for_git(), stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
    )


def converse_git(where: Path, arguments: Sequence[str], stdin: bytes, seconds: float) -> tuple[int, bytes, str]:
    """Runs a git command that contacts a remote; returns its exit code, output and error text.

    Stops it, with all processes that it started, after `seconds`. It runs in its own session, so that it can't ask for
    a password.
    """
    command, environment, pipe = [*GIT, *arguments], environment_for_git(), subprocess.PIPE
    with subprocess.Popen(  # noqa: S603
        command, cwd=where, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
    ) as git:
        try:
            output, errors = git.communicate(stdin, timeout=seconds)
        except subprocess.TimeoutExpired:
            _stop(git)
            return 1, b"", f"no answer within {seconds:g} seconds"
        except BaseException:
            _stop(git)
            raise
    return git.returncode, output, read_words(subprocess.CompletedProcess((), git.returncode, output, errors))


def _stop(git: subprocess.Popen[bytes]) -> None:
    """Stops the processes of git's session: first with SIGTERM, so that git can remove its locks."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(git.pid, kind)
        with suppress(subprocess.TimeoutExpired):
            git.communicate(timeout=5)
            return
