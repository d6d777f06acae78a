"""Days of an account → Markdown, with the fewest requests that each day needs. Measures nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

BEGIN, END = "<!-- begin of traffic, written by benchmarks.traffic -->", "<!-- end of traffic -->"
PAGE = 25
BURST, SECONDS = 20, 2
AN_HOUR = 3_600  # requests, and seconds
CHANGED = 10
DAYS = (
    "first sync",
    "nothing to do",
    "ten changed: plan and apply",
    "one person's pull request: plan",
    "drift, first look",
    "drift, from then on",
)
LIKE = (0, 1, 2, 2, 1, 1)  # the day of a loop for each of these days, because it always reads all people
ENTRA = (0.6, 4.8)  # seconds an object, from its documentation


@dataclass(frozen=True, slots=True)
class Took:
    """The cost of one day: requests, and seconds from the start of the command to its end."""

    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Days:
    """The costs of all contenders. `loop` and `ansible` have three days; None is a day that a planner lacks."""

    count: int
    groups: int
    tenth: int
    rounds: int
    system: str
    versions: Mapping[str, str]
    ours: Sequence[Took]
    paced: Sequence[Took]
    loop: Sequence[Took]
    ansible: Sequence[Took]
    terraform: Sequence[float | None]
    octodns: Sequence[float | None]


def render(days: Days) -> str:
    """Returns all tables, without a heading."""
    versions = ", ".join(f"{name} {version}" for name, version in days.versions.items())
    about = f"{days.system}. {versions}. {days.count:,} people, {days.groups} groups; each answer comes after 50 ms."
    return "\n".join([about, "", *_limit_rows(days), "", *_side_by_side(days), "", *_at_the_pace(days)])


def fewest(count: int, groups: int) -> list[int]:
    """Returns the fewest requests for each day, as benchmarks/README.md derives them."""
    details = 1 + groups
    everything = ceil(count / PAGE) + details
    return [1 + 1 + count + groups, everything, 1 + 1 + CHANGED, 1, everything, 1 + 1 + details]


def pace_floor(requests: int) -> float:
    """Returns the least seconds for that many requests: 20 at once, 20 more every two seconds, 3,600 in an hour."""
    if not requests:
        return 0
    return max((requests - 1) // BURST * SECONDS, (requests - 1) // AN_HOUR * AN_HOUR)


def _limit_rows(days: Days) -> Iterator[str]:
    yield "At 4me's pace, against the limit:"
    yield ""
    yield "| | fewest requests | ours | × | least time | ours | × |"
    yield "| --- | --: | --: | --: | --: | --: | --: |"
    for day, limit, took in zip(DAYS, fewest(days.count, days.groups), days.paced, strict=True):
        floor = pace_floor(limit)
        times = f"{took.seconds / floor:.2f}" if floor else "start-up alone"
        yield (
            f"| {day} | {limit:,} | {took.requests:,} | {took.requests / limit:.2f} | {floor:,.0f} s | "
            f"{took.seconds:.1f} s | {times} |"
        )


def _side_by_side(days: Days) -> Iterator[str]:
    yield f"At 50 ms without a limit, how many times ours that takes; Ansible's has {days.tenth:,} people:"
    yield ""
    yield "| | ours | scim2-client | Ansible's uri | Terraform's engine | octoDNS's planner |"
    yield "| --- | --: | --: | --: | --: | --: |"
    for at, (day, ours) in enumerate(zip(DAYS, days.ours, strict=True)):
        took, ansible = _loops(days, at)
        loop = f"{_told(took)} (× {took.seconds / ours.seconds:.1f})"
        terraform, octodns = (_seconds(planner, at, ours) for planner in (days.terraform, days.octodns))
        yield f"| {day} | {_told(ours)} | {loop} | {_told(ansible)} | {terraform} | {octodns} |"


def _at_the_pace(days: Days) -> Iterator[str]:
    yield "At 4me's pace, ours measured, the others by arithmetic from the requests counted above:"
    yield ""
    yield "| | ours | scim2-client | Ansible's uri | a Terraform provider | Entra |"
    yield "| --- | --: | --: | --: | --: | --: |"
    objects = days.count + days.groups
    written = (objects, 0, CHANGED, 0, 0, 0)
    for at, (day, ours) in enumerate(zip(DAYS, days.paced, strict=True)):
        loop, ansible = _loops(days, at)
        everybody = ceil(ansible.requests / days.tenth * days.count)
        provider = (0 if at == 0 else objects * (2 if at == 2 else 1)) + written[at]  # noqa: PLR2004  # plan and apply
        cells = (f"{pace_floor(requests):,.0f} s" for requests in (loop.requests, everybody, provider))
        yield f"| {day} | {ours.seconds:.1f} s | {' | '.join(cells)} | {_entra(at, objects)} |"


def _loops(days: Days, at: int) -> tuple[Took, Took]:
    return days.loop[LIKE[at]], days.ansible[LIKE[at]]


def _told(took: Took) -> str:
    return f"{took.requests:,} in {took.seconds:.1f} s"


def _seconds(planner: Sequence[float | None], day: int, ours: Took) -> str:
    if not planner:
        return "not measured"
    seconds = planner[day]
    return "can't see" if seconds is None else f"{seconds:.1f} s (× {seconds / ours.seconds:.1f})"


def _entra(day: int, objects: int) -> str:
    written = (objects, None, CHANGED)[day] if day < LIKE[-1] + 2 else None
    if written is None:
        return ("", "its cycle", "", "no preview", "not seen", "not seen")[day]
    low, high = (written * seconds for seconds in ENTRA)
    return f"{low:,.0f} to {high:,.0f} s"
