"""Gathers the evidence on live users and groups: the states of commits, their places and their records of applies.

The pass over removed lines finds the commits; `core/ownership` decides on the states.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_

from reconciler.core.ownership.candidates import Candidate
from reconciler.core.ownership.evidence import Evidence, StateAt
from reconciler.core.record.applied import AppliedCommits, find_applied
from reconciler.core.record.history import ApplyHistory
from reconciler.desired.evidence.choose import Chooser
from reconciler.desired.evidence.compiled import CompileAt, CompiledCommit, CompiledCommits
from reconciler.desired.evidence.graph import CommitGraph
from reconciler.desired.evidence.line_pass import LinePass, Lines
from reconciler.desired.evidence.mentions import Mentions, find_mentions
from reconciler.desired.evidence.place import CommitPlaces, find_places
from reconciler.desired.evidence.present import PresentNames
from reconciler.desired.git.repository import Repository

MOST_TREES = 100
MOST_ROUNDS = 3
MOST_NAMED = 10


def start_pass(repository: Repository, history: ApplyHistory) -> LinePass:
    """Starts the pass over HEAD, the applied commits and their ancestors; use it in a `with`, around the read."""
    applied = find_applied(history)
    return LinePass.start(repository, tuple(applied.records), applied.start_of_front())


def gather_evidence(  # noqa: PLR0913  # the pass, the record, the compiler and the candidates
    work: LinePass,
    history: ApplyHistory,
    compile_at: CompileAt,
    candidates: Sequence[Candidate],
    *,
    also: Iterable[str] = (),
    is_clean: bool = True,
) -> Evidence:
    """Returns the evidence on the candidates; reads nothing from git without candidates and `also`.

    `also` are commits in HEAD's history or on record whose states are always in the evidence. If the folder differs
    from HEAD (`is_clean` false), HEAD is an earlier commit too. Raises Refused if history is cut off or lost.
    """
    requested = tuple(dict.fromkeys(also))
    if not candidates and not requested:
        return describe_history(history)
    lines = work.join_recent()
    applied = find_applied(history)
    known = AppliedCommits(
        {commit: records for commit, records in applied.records.items() if commit in lines.graph.parents}
    )
    compiled = CompiledCommits(lines.graph, compile_at, MOST_TREES)
    places = find_places(lines.repository, lines.graph, [*known.records, *requested])
    chooser = _make_chooser(lines, compiled, known, places)
    for commit in requested:
        if (found := compiled.at(commit)) is not None:
            chooser.chosen.states[commit] = found
    numbered = dict(enumerate(candidates))
    waiting = _choose_recent(lines, chooser, numbered, is_clean=is_clean)
    if waiting:
        _choose(work.join(), chooser, waiting, is_clean=is_clean)
    states = _make_states(lines, known, chooser.chosen.states)
    doubtful = frozenset(numbered[number].id for number in chooser.chosen.doubtful)
    return replace(
        describe_history(history),
        states=states,
        incomplete=tuple(_describe_incomplete(lines.graph, applied, chooser, numbered)),
        doubtful=doubtful,
    )


def describe_history(history: ApplyHistory) -> Evidence:
    """Returns the evidence of the record alone: the last full apply, and the counts of unresolved and ignored users."""
    full = history.last_full()
    return Evidence(since=full.record.serial if full else None, unsettled=history.unsettled, ignored=history.ignored)


def _make_chooser(lines: Lines, compiled: CompiledCommits, applied: AppliedCommits, places: CommitPlaces) -> Chooser:
    marks = {commit: 1 << position for position, commit in enumerate(applied.records)}
    before = lines.graph.marks_before(marks)
    here = frozenset(commit for commit in applied.records if places.places[commit] == "here")
    leads_to = {commit: bits | marks.get(commit, 0) for commit, bits in before.items()}
    return Chooser(lines.graph, compiled, applied, here, leads_to)


def _choose_recent(
    lines: Lines, chooser: Chooser, candidates: dict[int, Candidate], *, is_clean: bool
) -> dict[int, Candidate]:
    """Chooses from the changes since the last complete apply, and returns the candidates that need older history.

    If a commit since then is decisive, older lines can't change the verdict, because they precede that declaration.
    """
    if not lines.since:
        return candidates
    _choose(lines, chooser, candidates, is_clean=is_clean)
    after = lines.graph.marks_before(dict.fromkeys(lines.since, 1))
    last = chooser.chosen.last
    return {
        number: candidate
        for number, candidate in candidates.items()
        if number not in last or not (last[number] in lines.since or after[last[number]])
    }


def _choose(lines: Lines, chooser: Chooser, candidates: dict[int, Candidate], *, is_clean: bool) -> None:
    """Searches the lines for the candidates' words, and again with keys that git declared and the account lacks."""
    waiting = dict(candidates)
    for _round in range(MOST_ROUNDS):
        if not waiting:
            break
        mentions = find_mentions(lines, waiting)
        if not is_clean:
            # HEAD's declaration of any candidate may have ended in the working tree
            mentions.rules[lines.graph.head] = None
        present = PresentNames(lines.repository, mentions)
        for number in sorted(waiting, key=lambda number: _age(lines.graph, mentions, number), reverse=True):
            chooser.choose(number, waiting[number], mentions, present)
        known = {
            number: candidate.known_as(chooser.chosen.keys.get(number, ())) for number, candidate in waiting.items()
        }
        waiting = {number: candidate for number, candidate in known.items() if candidate.words != waiting[number].words}


def _age(graph: CommitGraph, mentions: Mentions, number: int) -> int:
    """Returns the age of a candidate's last removed line. The oldest go first: their states have later leavers too."""
    return graph.order[next(iter(mentions.ended[number]))] if mentions.ended.get(number) else 0


def _make_states(lines: Lines, applied: AppliedCommits, chosen: Mapping[str, CompiledCommit]) -> tuple[StateAt, ...]:
    graph = lines.graph
    places = find_places(lines.repository, graph, list(chosen))
    commits = sorted(chosen, key=graph.order.__getitem__)
    marks: dict[str, int] = {}
    for position, commit in enumerate(commits):
        for node in places.nodes(commit):
            marks[node] = marks.get(node, 0) | 1 << position
    before = graph.marks_before(marks)
    return tuple(
        StateAt(
            commit=commit,
            desired=chosen[commit].desired,
            place=places.places[commit],
            records=applied.records.get(commit, ()),
            earlier=_earlier(commits, position, [before[node] for node in places.nodes(commit)]),
        )
        for position, commit in enumerate(commits)
    )


def _earlier(commits: Sequence[str], own: int, marks: Iterable[int]) -> frozenset[str]:
    bits = reduce(or_, marks, 0)
    return frozenset(commit for position, commit in enumerate(commits) if bits >> position & 1 and position != own)


def _describe_incomplete(
    graph: CommitGraph, applied: AppliedCommits, chooser: Chooser, candidates: Mapping[int, Candidate]
) -> Iterable[str]:
    yield from chooser.compiled.refused
    for commit in sorted(graph.missing):
        serial = applied.records[commit][0].serial
        yield f"commit {commit[:12]}, applied by apply #{serial}, is not in this clone: fetch the branch of the record"
    for number in list(chooser.chosen.cut)[:MOST_NAMED]:
        live = candidates[number]
        yield f"more commits mention {live.kind} {live.name} ({live.id}) than the limit: the oldest were not read"
    if len(chooser.chosen.cut) > MOST_NAMED:
        yield f"the limit was reached for {len(chooser.chosen.cut) - MOST_NAMED} other users and groups"
    if chooser.compiled.spent:
        yield f"more than {chooser.compiled.most} states of git are needed: the others were not compiled"
