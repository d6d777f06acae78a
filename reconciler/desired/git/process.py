"""How git is started: what it is not to take from its environment and settings, and what it says."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from reconciler.settings import environment_for_git

PINNED = {  # what a person sets for their own eyes, and what makes git look less closely
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
MOST_BYTES, MOST_WORDS = 100_000, 2_000  # of what git says: read, and passed on
GIT = ("git", *(word for name, value in PINNED.items() for word in ("-c", f"{name}={value}")))


def name_command(arguments: Sequence[str]) -> str:
    """`notes`, of `-c user.name=… --literal-pathspecs notes append`."""
    after_settings = arguments[2 * arguments.count("-c") :]
    return next(argument for argument in after_settings if not argument.startswith("-"))


def read_words(done: subprocess.CompletedProcess[bytes]) -> str:
    """Returns git's error output on one line, bounded, and without credentials that stand in an address.

    A remote's hooks write into it: what a terminal would obey, or a reader can't see, becomes a space.
    """
    said = done.stderr[:MOST_BYTES].decode(errors="replace")
    line = " ".join("".join(one if one.isprintable() else " " for one in said).split())
    return re.sub(r"://[^/@\s]*@", "://", line)[:MOST_WORDS] or f"exit {done.returncode}"


def run_git(where: Path, arguments: Sequence[str], stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    """Runs git away from the terminal, where ssh would ask for a password."""
    command, environment = [*GIT, *arguments], environment_for_git()
    return subprocess.run(  # noqa: S603
        command, cwd=where, env=environment, input=stdin, capture_output=True, check=False, start_new_session=True
    )


def start_git(where: Path, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    """Starts git beside this process, with pipes for its questions and answers."""
    pipe = subprocess.PIPE
    return subprocess.Popen(  # noqa: S603
        [*GIT, *arguments], cwd=where, env=environment_for_git(), stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
    )


def converse_git(where: Path, arguments: Sequence[str], stdin: bytes, seconds: float) -> tuple[int, bytes, str]:
    """Runs a git that asks a remote; its exit code, output and words. It is stopped, with all it started, after a time.

    In a session of its own, so that it asks for no password, which could not be answered.
    """
    command, environment, pipe = [*GIT, *arguments], environment_for_git(), subprocess.PIPE
    with subprocess.Popen(  # noqa: S603
        command, cwd=where, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
    ) as git:
        try:
            out, said = git.communicate(stdin, timeout=seconds)
        except subprocess.TimeoutExpired:
            _stop(git)
            return 1, b"", f"no answer within {seconds:g} seconds"
        except BaseException:
            _stop(git)
            raise
    return git.returncode, out, read_words(subprocess.CompletedProcess((), git.returncode, out, said))


def _stop(git: subprocess.Popen[bytes]) -> None:
    """Ends a git that leads a session, and what it started: first so that it can clear its locks away."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(git.pid, kind)
        with suppress(subprocess.TimeoutExpired):
            git.communicate(timeout=5)
            return
