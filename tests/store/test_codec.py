import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.store.codec import BadState, Document, Encoder, decode
from selfhealingd.store.errors import NewerState

SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(),
    st.datetimes(
        min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
        timezones=st.just(UTC),
    ),
)
KEYS = st.text(max_size=12)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_leaves=12,
)
TABLES = st.dictionaries(KEYS, VALUES, max_size=5)
HEADERS = TABLES.map(
    lambda t: {k: v for k, v in t.items() if k not in {"version", "service"}}
)
DOCUMENTS = st.builds(Document, HEADERS, st.dictionaries(KEYS, TABLES, max_size=4))


@given(DOCUMENTS)
def test_what_is_written_is_read(document: Document) -> None:
    """Any header and any services come back, whatever they are called."""
    assert document == decode(Encoder().encode(document))


@given(st.lists(DOCUMENTS, max_size=4))
def test_an_encoder_that_remembers_writes_the_same(documents: list[Document]) -> None:
    """What an encoder wrote before does not show in what it writes now."""
    encoder = Encoder()
    for document in documents:
        assert document == decode(encoder.encode(document))


class Counted(dict[str, Any]):
    """A table that counts how often it is looked into."""

    looked = 0

    def items(self) -> Any:
        self.looked += 1
        return super().items()


def test_an_unchanged_service_is_not_encoded_again() -> None:
    """Neither the same table nor an equal one costs anything."""
    encoder = Encoder()
    web, db = Counted(run=1), Counted(run=1)
    first = encoder.encode(Document({}, {"web": web, "db": db}))
    looked = web.looked

    second = encoder.encode(Document({}, {"web": web, "db": Counted(run=2)}))
    assert first == encoder.encode(Document({}, {"web": Counted(run=1), "db": db}))

    assert looked == web.looked
    assert 2 == decode(second).services["db"]["run"]


def test_a_service_that_is_gone_is_forgotten() -> None:
    """The file holds what the document holds."""
    encoder = Encoder()
    encoder.encode(Document({}, {"web": {"run": 1}, "db": {"run": 1}}))

    left = decode(encoder.encode(Document({}, {"db": {"run": 1}})))

    assert ["db"] == list(left.services)


def test_bytes_that_are_no_text_do_not_cost_the_file() -> None:
    """A lone surrogate, as from a strange path, becomes a question mark."""
    document = Document({}, {"web": {"why": "cannot run /\udcff"}})

    assert "cannot run /?" == decode(Encoder().encode(document)).services["web"]["why"]


def test_a_thousand_changes_are_all_written() -> None:
    """The pauses between many chunks lose none."""
    services = {f"web:{n}": {"run": n} for n in range(1000)}

    assert services == decode(Encoder().encode(Document({}, services))).services


@pytest.mark.parametrize("key", ["version", "service"])
def test_a_header_cannot_take_our_keys(key: str) -> None:
    """They would be read as something else."""
    with pytest.raises(ValueError, match="no keys for a header"):
        Encoder().encode(Document({key: 7}))


SAMPLE = Encoder().encode(
    Document(
        {"instance": "a", "engine": {"seed": 3, "reason": "# end"}},
        {"web": {"run": 3, "why": "exit\n# end\n"}, "ä b": {"life": {"at": [1, 2]}}},
    )
)


@pytest.mark.parametrize("length", range(len(SAMPLE) - 1))
def test_a_file_cut_off_anywhere_is_damaged(length: int) -> None:
    """Even where what is left is valid TOML."""
    with pytest.raises(BadState):
        decode(SAMPLE[:length])


def test_a_lost_last_line_end_is_no_damage() -> None:
    """Editors may leave it out, or add blank lines and CRLF."""
    assert decode(SAMPLE) == decode(SAMPLE[:-1])
    assert decode(SAMPLE) == decode(SAMPLE.replace(b"\n", b"\r\n") + b"\n \n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "no valid 'version'"),
        (b"\0" * 100, "no valid TOML"),
        (b"\xff\xfe", "no UTF-8 text"),
        (b"a = " + b"[" * 100_000, "nested too deeply"),
        (b"version = 1\n", "cut off"),
        (b"version = true\n# end", "no valid 'version'"),
        (b"version = '1'\n# end", "no valid 'version'"),
        (b"version = 0\n# end", "no valid 'version'"),
        (b"version = 1\nservice = 3\n# end", "'service' is no table"),
        (b"version = 1\n[service]\nweb = 3\n# end", "'service.web' is no table"),
        (b"version = 1\nversion = 1\n# end", "no valid TOML"),
    ],
)
def test_damage_is_said_in_words(text: bytes, words: str) -> None:
    """Each kind of damage has its own words."""
    with pytest.raises(BadState, match=words):
        decode(text)


@given(st.binary() | st.text().map(str.encode))
def test_no_input_raises_anything_else(data: bytes) -> None:
    """Arbitrary bytes are a document, damaged, or newer."""
    with contextlib.suppress(BadState, NewerState):
        decode(data)


def test_a_newer_version_is_refused() -> None:
    """Whatever else stands in there is for the newer daemon to read."""
    with pytest.raises(NewerState, match="version 2, and this daemon knows 1"):
        decode(b"version = 2\nservice = 'new'")
