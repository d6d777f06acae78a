"""The properties of the canonical form of any valid file: it declares the same, and formatting it changes nothing."""

from __future__ import annotations

import re
import warnings
from contextlib import suppress
from io import StringIO

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from yaml import CSafeLoader, compose
from yaml.composer import ComposerError
from yaml.nodes import MappingNode, Node, SequenceNode

from reconciler.desired.writing.formatting import format_files
from reconciler.desired.yaml.reader import read_yaml
from tests.desired.yaml.test_reader import DOCUMENTS, fragments, with_types
from tests.properties.test_adopt_properties import documents

STEADY = settings(
    max_examples=100,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
FILE = "desired-state/all.yaml"
NOTE = re.compile(r"# \w+ \d+")
LINES = (
    *(
        "# note 1\n",
        "  # note 2\n",
        "\n",
        "   \n",
        "users: # note 3\n",
        "  ann:\n",
        "  bob: &x # note 4\n",
        "    title: x\n",
    ),
    *(
        "    emails:\n",
        "    - value: a # note 5\n",
        "    -  value: 'b'\n",
        "       type: on\n",
        "    # note 6\n",
        "      - z\n",
    ),
    *(
        "  cid: *x # note 7\n",
        "  dee: {<<: *x, title: ~} # note 8\n",
        "    name: |  # note 9\n",
        "      two\n",
        "       lines\n",
    ),
    *("    text: >-\n", "groups: {a: [x, y], b: {c: d}}\n", "  - *x\n", "---\n", "...\n", "e: [x, # note 10\n y]\n"),
)
loose = st.lists(st.sampled_from(LINES), max_size=9).map("".join)
shuffled = st.lists(st.sampled_from(LINES), min_size=2, max_size=14, unique=True).map(
    lambda some: "".join(line for line in LINES if line in some)
)
texts = st.sampled_from(DOCUMENTS) | fragments.map("".join) | loose | shuffled


def load(text: str) -> object:
    """Reads the values with another reader of YAML 1.2."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an anchor that is used again
        return with_types(YAML(typ="safe", pure=True).load(StringIO(text)))


def shape(node: Node | None) -> object:
    """Returns PyYAML's values with resolved aliases, as text, because PyYAML types them by YAML 1.1."""
    if isinstance(node, MappingNode):
        return [(shape(key), shape(value)) for key, value in node.value]
    return [shape(one) for one in node.value] if isinstance(node, SequenceNode) else node and type(node)


def form(text: str) -> str | None:
    formatted = format_files({FILE: text.encode()})
    assert all(one.source and one.source.line for one in formatted.problems)
    return None if formatted.problems else formatted.files.get(FILE, text.encode()).decode()


@STEADY
@given(texts)
def test_the_canonical_form_of_anything_that_is_read_declares_the_same(text: str) -> None:
    """By our reader, by ruamel's and by PyYAML's; and its canonical form is itself."""
    document = read_yaml(FILE, text.encode())
    assume(not document.problems)
    written = form(text)
    if written is None:
        return

    assert with_types(document.value) == with_types(read_yaml(FILE, written.encode()).value)
    assert written == form(written)
    assert sorted(NOTE.findall(text)) == sorted(NOTE.findall(written))
    with suppress(ComposerError):  # an anchor that is used again
        assert shape(compose(text, CSafeLoader)) == shape(compose(written, CSafeLoader))
    try:
        expected = load(text)
    except (YAMLError, ValueError):
        return  # it is stricter than YAML is
    assert expected == load(written) or "!" in text  # of that tag it makes nothing, where YAML has text


@STEADY
@given(documents())
def test_a_desired_state_in_any_style_has_a_canonical_form(text: str) -> None:
    """Nothing in it is refused: flow and block, quotes, anchors, merges, and a comment behind or above anything."""
    written = form(text)

    assert written is not None
    assert load(text) == load(written)
    assert written == form(written)
    assert NOTE.findall(text) == NOTE.findall(written)
