"""`fleet`: the same plan or drift of many tenants, on the workers of a Dask cluster; one report of all of them.

Each tenant is a shard: this program, run for it alone in a process of its own, where its worker has the desired state
and the tenant's secrets. Which worker, and that the shard of a lost one runs again, is Dask's business. Nothing here
writes to an account, so running a shard twice is safe; apply has no place here.
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

WORST_FIRST = (1, 2, 5, 4, 3, 0)  # exit codes: what failed, what could not be asked, what was refused, what differs
SAID = {0: "nothing to do", 3: "differs", 4: "refused", 5: "unreachable", 2: "usage", 1: "failed"}
DIFFERS = 3
SCHEMES = frozenset({"tcp", "tls"})
SECONDS_TO_CONNECT = 30.0
NO_WORKER = "no worker was left to run this: start some (dask worker URL), and run it again"
NO_SCHEDULER = "the scheduler was lost before this was done: run it again"

Ran: TypeAlias = tuple[int, str, str]  # exit code, stdout, stderr; plain, for a scheduler knows nothing of ours


@dataclass(frozen=True, slots=True)
class Shard:
    """The result of one tenant's run: its exit code, the JSON that it printed if any, and its stderr."""

    tenant: str
    code: int
    result: Mapping[str, object] | None
    said: str


@click.command()
@click.argument("what", type=click.Choice(["plan", "drift"]))
@click.option("--cluster", required=True, metavar="URL", help="The scheduler, as in tcp://scheduler:8786.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--exit-code", is_flag=True, help="Exit 3 where a tenant differs, and nothing is worse.")
@click.pass_obj
def fleet(workspace: Workspace, what: str, *, cluster: str, form: str, exit_code: bool) -> int:
    """Plan, or look for drift, of all tenants on the workers of a Dask cluster. Needs `reconciler[dask]`.

    Each worker needs the desired state at the same path, and the tenants' secrets in its environment. The exit code is
    the worst of all: 1 failed, 2 usage, 5 unreachable, 4 refused, 0 done.
    """
    from reconciler.desired.git.repository import find_repository
    from reconciler.pipeline.desired.current_state import load_folder

    loaded = load_folder(workspace, find_repository(workspace.folder))
    if any(problem.severity == "error" for problem in loaded.problems):
        raise InvalidInput(loaded.problems)
    folder = str(workspace.folder.resolve())
    with _connect(_scheduler(cluster)) as client:
        tenants = sorted(loaded.declarations.tenants)
        shards = gather_shards(client, folder, what, tenants, tell=workspace.log)

    click.echo(render_shards(shards, form))
    worst = worst_of(shard.code for shard in shards)
    return 0 if worst == DIFFERS and not exit_code else worst


def gather_shards(
    client: Client,
    folder: str,
    what: str,
    tenants: Sequence[str],
    *,
    tell: Callable[[str], None],
    patience: float = SECONDS_TO_CONNECT,
) -> list[Shard]:
    """Every tenant's shard, in their order. One that no worker survives is failed, and no reason to lose the rest.

    Each is fetched when it is done, for what a worker still has is lost with it. How many are done is told where that
    takes longer than `patience` seconds; where nobody is there to run the rest for as long again, they are unreachable.
    """
    ended: SimpleQueue[tuple[str, Future[Ran]]] = SimpleQueue()
    futures = {tenant: client.submit(run_shard, folder, what, tenant, pure=False) for tenant in tenants}
    for tenant, future in futures.items():
        _announce(tenant, future, ended)
    shards: dict[str, Shard] = {}
    lost = ""
    while len(shards) < len(tenants) and not lost:
        try:
            tenant, future = ended.get(timeout=patience)
        except Empty:
            tell(f"{len(shards)} of {len(tenants)} tenants are done")
            lost = _find_loss(client, patience)
            continue
        if shard := _fetch(tenant, future, patience):
            shards[tenant] = shard
            futures.pop(tenant).release()  # or it would run again when its worker is lost later
        else:
            _announce(tenant, future, ended)
    return [shards.get(tenant) or Shard(tenant, Unreachable.exit_code, None, lost) for tenant in tenants]


def run_shard(folder: str, what: str, tenant: str) -> Ran:
    """Runs this program for one tenant, on a worker, and returns its result."""
    import subprocess
    import sys

    words = [sys.executable, "-m", "reconciler", "--dir", folder, "--tenant", tenant, what, "--format", "json"]
    done = subprocess.run([*words, "--exit-code"], capture_output=True, text=True, check=False)  # noqa: S603  # our own
    return done.returncode, done.stdout, done.stderr.strip()


def render_shards(shards: Sequence[Shard], form: str) -> str:
    """Renders one report of all: a line for each tenant with its errors below; or the output of each, as JSON."""
    if form == "json":
        return json.dumps({"tenants": {one.tenant: asdict(one) for one in shards}}, indent=2, ensure_ascii=False)
    counts = {code: sum(one.code == code for one in shards) for code in {*WORST_FIRST, *(one.code for one in shards)}}
    worst_first = sorted((code for code, count in counts.items() if count), key=_rank)
    total = ", ".join(
        f"{counts[code]} {_name_code(code) if counts[code] == 1 else _name_code_of_several(code)}"
        for code in worst_first
    )
    return "\n".join([f"{len(shards)} tenants: {total}", *(line for one in shards for line in _render_shard(one))])


def worst_of(codes: Iterable[int]) -> int:
    """The exit code of a fleet."""
    return min(codes, key=_rank, default=0)


def _rank(code: int) -> int:
    return WORST_FIRST.index(code) if code in WORST_FIRST else 0


def _name_code(code: int) -> str:
    return SAID.get(code, f"exit code {code}")


def _name_code_of_several(code: int) -> str:
    return "differ" if code == DIFFERS else _name_code(code)


def _render_shard(shard: Shard) -> Iterable[str]:
    from reconciler.report.format.quote import plain_line

    summary = shard.result.get("summary") if shard.result else None
    counted = ", ".join(f"{count} {action}" for action, count in summary.items()) if isinstance(summary, dict) else ""
    yield f"  {shard.tenant}: {_name_code(shard.code)}{counted and f' ({counted})'}"
    if shard.code not in (0, DIFFERS):
        yield from (f"    {plain_line(line)}" for line in shard.said.splitlines())


def _announce(tenant: str, future: Future[Ran], ended: SimpleQueue[tuple[str, Future[Ran]]]) -> None:
    """Puts the future there when it has ended."""
    future.add_done_callback(lambda one: ended.put((tenant, one)))


def _fetch(tenant: str, future: Future[Ran], patience: float) -> Shard | None:
    """Fetches the result of a future; None where its worker was lost, so that it runs again."""
    try:
        code, printed, said = future.result(timeout=patience)
    except TimeoutError:
        return None
    except CancelledError:
        return Shard(tenant, Unreachable.exit_code, None, NO_SCHEDULER)
    except Exception as error:  # noqa: BLE001  # whatever its worker raises is the failure of this shard alone
        return Shard(tenant, Failed.exit_code, None, _reason(error))
    return Shard(tenant, code, _parse(printed), said)


def _parse(printed: str) -> dict[str, object] | None:
    """Parses the printed report; None where there is none, or it is incomplete."""
    try:
        report = json.loads(printed)
    except ValueError:
        return None
    return report if isinstance(report, dict) else None


def _find_loss(client: Client, patience: float) -> str:
    """Returns the reason why the rest can't be done; nothing where a worker is there in time."""
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
        return "every worker that ran it was lost"
    return f"its worker could not run it ({type(error).__name__}: {error}): has it the same version of this program?"


def _scheduler(cluster: str) -> str:
    """Checks the address of a scheduler, because Dask fails late and without a reason; raises UsageError."""
    address = cluster if "://" in cluster else f"tcp://{cluster}"
    try:
        parts = urlsplit(address)
        is_one = parts.scheme in SCHEMES and bool(parts.hostname and parts.port)
    except ValueError:  # of a port that is none
        is_one = False
    if is_one:
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
        raise Unreachable(f"no Dask scheduler answers at {address} ({error}): is it running there?") from error
