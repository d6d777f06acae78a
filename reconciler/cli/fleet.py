"""The command `fleet`: runs plan or drift for many tenants on the workers of a Dask cluster, in one report.

Each tenant is a shard: a worker runs this program for that tenant alone, in a process of its own. The worker has the
desired state and the tenant's secrets. Dask chooses the worker, and runs a shard again if its worker is lost. No shard
writes to an account, so running a shard twice is safe; for that reason apply is not offered.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import asdict, dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

import click

from reconciler.errors import Failed, InvalidInput, Unreachable, UsageError
from reconciler.pipeline.workspace import Workspace

if TYPE_CHECKING:
    from distributed import Client, Future

WORST_FIRST = (1, 2, 5, 4, 3, 0)  # exit codes
NAMES = {0: "nothing to do", 3: "differs", 4: "refused", 5: "unreachable", 2: "usage", 1: "failed"}
DIFFERS = 3
SCHEMES = frozenset({"tcp", "tls"})
SECONDS_TO_CONNECT = 30.0
NO_WORKER = "the cluster has no worker for this tenant: start workers (dask worker URL), and run `fleet` again"
NO_SCHEDULER = "the scheduler was lost before this tenant was done: run `fleet` again"

Ran: TypeAlias = tuple[int, str, str]  # exit code, stdout, stderr; plain, because a scheduler lacks our classes


@dataclass(frozen=True, slots=True)
class Shard:
    """The result of one tenant's run: its exit code, the JSON that it printed if any, and its stderr."""

    tenant: str
    code: int
    result: Mapping[str, object] | None
    said: str


@click.command()
@click.argument("command", type=click.Choice(["plan", "drift"]))
@click.option("--cluster", required=True, metavar="URL", help="The scheduler, such as tcp://scheduler:8786.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--exit-code", is_flag=True, help="Exit with 3 if a tenant differs and no result is worse.")
@click.pass_obj
def fleet(workspace: Workspace, command: str, *, cluster: str, form: str, exit_code: bool) -> int:
    """Run `plan` or `drift` for all tenants on the workers of a Dask cluster. Needs `reconciler[dask]`.

    Each worker needs the desired state at the same path, and the tenants' secrets in its environment. The exit code is
    the worst of all tenants: 1 failed, 2 usage, 5 unreachable, 4 refused, 0 done.
    """
    from reconciler.desired.git.repository import find_repository
    from reconciler.pipeline.desired.current_state import load_folder

    loaded = load_folder(workspace, find_repository(workspace.folder))
    if any(problem.severity == "error" for problem in loaded.problems):
        raise InvalidInput(loaded.problems)
    folder = str(workspace.folder.resolve())
    with _connect(_check_address(cluster)) as client:
        tenants = sorted(loaded.declarations.tenants)
        shards = gather_shards(client, folder, command, tenants, log=workspace.log)

    click.echo(render_shards(shards, form))
    worst = find_worst(shard.code for shard in shards)
    return 0 if worst == DIFFERS and not exit_code else worst


def gather_shards(
    client: Client,
    folder: str,
    command: str,
    tenants: Sequence[str],
    *,
    log: Callable[[str], None],
    patience: float = SECONDS_TO_CONNECT,
) -> list[Shard]:
    """Returns the shard of every tenant, in their order. A shard whose workers were all lost is failed.

    Each result is fetched when its shard ends, because a lost worker loses its results. After `patience` seconds
    without a result, the number of finished tenants is logged; if the cluster has no worker for as long again, the
    other tenants are unreachable.
    """
    ended: SimpleQueue[tuple[str, Future[Ran]]] = SimpleQueue()
    futures = {tenant: client.submit(run_shard, folder, command, tenant, pure=False) for tenant in tenants}
    for tenant, future in futures.items():
        _queue_when_done(tenant, future, ended)
    shards: dict[str, Shard] = {}
    lost = ""
    while len(shards) < len(tenants) and not lost:
        try:
            tenant, future = ended.get(timeout=patience)
        except Empty:
            log(f"{len(shards)} of {len(tenants)} tenants are done")
            lost = _find_loss(client, patience)
            continue
        if shard := _fetch(tenant, future, patience):
            shards[tenant] = shard
            futures.pop(tenant).release()  # otherwise it would run again if its worker were lost later
        else:
            _queue_when_done(tenant, future, ended)
    return [shards.get(tenant) or Shard(tenant, Unreachable.exit_code, None, lost) for tenant in tenants]


def run_shard(folder: str, command: str, tenant: str) -> Ran:
    """Runs this program for one tenant, on a worker, and returns its exit code, stdout and stderr."""
    import subprocess
    import sys

    words = [sys.executable, "-m", "reconciler", "--dir", folder, "--tenant", tenant, command, "--format", "json"]
    done = subprocess.run([*words, "--exit-code"], capture_output=True, text=True, check=False)  # noqa: S603  # our own
    return done.returncode, done.stdout, done.stderr.strip()


def render_shards(shards: Sequence[Shard], form: str) -> str:
    """Renders one report: as text, a line for each tenant with its errors below; as JSON, the output of each."""
    if form == "json":
        return json.dumps({"tenants": {shard.tenant: asdict(shard) for shard in shards}}, indent=2, ensure_ascii=False)
    codes = {*WORST_FIRST, *(shard.code for shard in shards)}
    counts = {code: sum(shard.code == code for shard in shards) for code in codes}
    worst_first = sorted((code for code, count in counts.items() if count), key=_rank)
    total = ", ".join(
        f"{counts[code]} {'differ' if code == DIFFERS and counts[code] > 1 else _name_code(code)}"
        for code in worst_first
    )
    return "\n".join([f"{len(shards)} tenants: {total}", *(line for shard in shards for line in _render_shard(shard))])


def find_worst(codes: Iterable[int]) -> int:
    """Returns the worst exit code, which is that of the fleet."""
    return min(codes, key=_rank, default=0)


def _rank(code: int) -> int:
    return WORST_FIRST.index(code) if code in WORST_FIRST else 0


def _name_code(code: int) -> str:
    return NAMES.get(code, f"exit code {code}")


def _render_shard(shard: Shard) -> Iterable[str]:
    from reconciler.report.format.quote import plain_line

    summary = shard.result.get("summary") if shard.result else None
    counted = ", ".join(f"{count} {action}" for action, count in summary.items()) if isinstance(summary, dict) else ""
    yield f"  {shard.tenant}: {_name_code(shard.code)}{counted and f' ({counted})'}"
    if shard.code not in (0, DIFFERS):
        yield from (f"    {plain_line(line)}" for line in shard.said.splitlines())


def _queue_when_done(tenant: str, future: Future[Ran], ended: SimpleQueue[tuple[str, Future[Ran]]]) -> None:
    """Puts the future into the queue when it ends."""
    future.add_done_callback(lambda done: ended.put((tenant, done)))


def _fetch(tenant: str, future: Future[Ran], patience: float) -> Shard | None:
    """Returns the result of a future; None if its worker was lost, so that it runs again."""
    try:
        code, printed, stderr = future.result(timeout=patience)
    except TimeoutError:
        return None
    except CancelledError:
        return Shard(tenant, Unreachable.exit_code, None, NO_SCHEDULER)
    except Exception as error:  # noqa: BLE001  # an error of the worker is a failure of this shard alone
        return Shard(tenant, Failed.exit_code, None, _reason(error))
    return Shard(tenant, code, _parse(printed), stderr)


def _parse(printed: str) -> dict[str, object] | None:
    """Parses the printed report; returns None if it is missing or incomplete."""
    try:
        report = json.loads(printed)
    except ValueError:
        return None
    return report if isinstance(report, dict) else None


def _find_loss(client: Client, patience: float) -> str:
    """Returns why the other shards can't run; an empty text if a worker is found in time."""
    try:
        client.wait_for_workers(1, timeout=patience)
    except TimeoutError:
        return NO_WORKER
    except OSError:
        return NO_SCHEDULER
    return ""


def _reason(error: BaseException) -> str:
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):
        return "every worker that ran this tenant was lost"
    return (
        f"the worker could not run this tenant ({type(error).__name__}: {error}): "
        "does the worker have the same version of this program?"
    )


def _check_address(cluster: str) -> str:
    """Returns the address of a scheduler; raises UsageError if it is invalid, because Dask would fail late."""
    address = cluster if "://" in cluster else f"tcp://{cluster}"
    try:
        parts = urlsplit(address)
        is_valid = parts.scheme in SCHEMES and bool(parts.hostname and parts.port)
    except ValueError:  # the port is not a number
        is_valid = False
    if is_valid:
        return address
    raise UsageError(f"--cluster {cluster} is not the address of a Dask scheduler: write it like tcp://scheduler:8786")


def _connect(address: str) -> Client:
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError("a cluster needs Dask: pip install 'reconciler[dask]'") from error
    try:
        return Client(address, timeout=SECONDS_TO_CONNECT)
    except OSError as error:
        raise Unreachable(f"no Dask scheduler answers at {address} ({error}): is the scheduler running?") from error
