"""The actions of GitHub that the workflows use, imitated: checkout, artifacts, and a Python that is there already."""

from __future__ import annotations

import base64
import io
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.github.standin import StandIn

ACTIONS = {
    "actions/checkout": "de0fac2e4500dabe0009e67214ff5f5447ce83dd",
    "actions/setup-python": "a309ff8b426b58ec0e2a45f0f869d46889d02405",
    "actions/upload-artifact": "b7c566a772e6b6bfb58ed0dc250532a479d7789f",
    "actions/download-artifact": "37930b1c2abaa49bbe596cd826c3c89aef350131",
}


@dataclass(frozen=True)
class Imitated:
    """The actions within a job: `repository` is the address to clone from, with the job's token."""

    standin: StandIn
    run: Mapping[str, Any]
    workspace: Path
    repository: str
    sha: str
    token: str

    def use(self, action: str, told: Mapping[str, str]) -> bool:
        """Runs an action with these inputs. Returns whether it did not fail."""
        name, at, version = action.partition("@")
        assert at
        assert ACTIONS[name] == version
        match name:
            case "actions/checkout":
                self.check_out(dict(told))
            case "actions/upload-artifact":
                self.upload(told)
            case "actions/download-artifact":
                return self.download(told)
        return True

    def check_out(self, told: dict[str, str]) -> None:
        """Checks the event's commit out, with all history or none; git keeps no credentials."""
        assert told.pop("persist-credentials") == "false"
        depth = () if told.pop("fetch-depth", "1") == "0" else ("--depth=1",)
        assert {} == told
        login = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        header = f"http.extraHeader=Authorization: Basic {login}"
        git = ("git", "-c", "advice.detachedHead=false", "-c", header)
        for arguments in (
            ("init", "--quiet"),
            ("remote", "add", "origin", self.repository),
            ("fetch", "--quiet", *depth, "origin", self.sha, "+refs/heads/*:refs/remotes/origin/*"),
            ("checkout", "--quiet", self.sha),
        ):
            subprocess.run([*git, *arguments], cwd=self.workspace, check=True, capture_output=True)  # noqa: S603

    def upload(self, told: Mapping[str, str]) -> None:
        """Stores files with the run, in place of one of that name. GitHub warns where there are none."""
        assert 1 <= int(told["retention-days"]) <= 90
        assert told["overwrite"] == "true", "a second attempt of the run would fail"
        folder = Path(told["path"])
        files = {path.name: path.read_bytes() for path in sorted(folder.glob("*"))} if folder.exists() else {}
        if files:
            for one in self._stored(told["name"]):
                self.standin.artifacts.remove(one)
            self.standin.store(self.run, told["name"], files)

    def download(self, told: Mapping[str, str]) -> bool:
        """Downloads an artifact of the same run. Returns False if none has that name."""
        found = next(iter(self._stored(told["name"])), None)
        if found is None:
            return False
        with zipfile.ZipFile(io.BytesIO(self.standin.archives[found["id"]])) as archive:
            archive.extractall(told["path"])
        return True

    def _stored(self, name: str) -> list[dict[str, Any]]:
        of_run = [one for one in self.standin.artifacts if one["workflow_run"]["id"] == self.run["id"]]
        return [one for one in of_run if one["name"] == name]
