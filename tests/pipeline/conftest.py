"""The fixtures of the commands, through which the steps of the pipeline are tested."""

from tests.cli.conftest import project, remote, template

__all__ = ["project", "remote", "template"]
