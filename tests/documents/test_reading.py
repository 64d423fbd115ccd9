"""YAML as values with lines: which scalars are what, and what is refused, where."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.documents import Document, Place, parse_document, read_document
from robot.documents.reading import MAX_BYTES

TEXTS = [
    *("True", "yes", "Yes", "no", "No", "on", "off", "y", "n", "Null", ".inf", ".nan", "<<", "=", "12#"),
    *("14:30", "1:30:00", "2026-01-05", "0612345678", "+33612345678", "0x1F", "0o17", "1_000", ".5", "1.", "1.2.3"),
]


def faults(document: Document) -> list[str]:
    return [str(problem) for problem in document.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-12", -12),
        ("0.5", 0.5),
        ("-1.25", -1.25),
        ("1e3", 1000.0),
        ("2.5E-2", 0.025),
    ],
)
def test_scalars_of_yaml_1_2(text: str, value: object) -> None:
    read = parse_document(f"a: {text}", "f").value["a"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("text", TEXTS)
def test_everything_else_is_text(text: str) -> None:
    assert parse_document(f"a: {text}", "f").value == {"a": text}


def test_keys_are_text_and_so_is_what_stands_between_quotes() -> None:
    document = parse_document("9: stop\nyes: '1'\nnull: \"true\"\n1.0: !!str 5\n", "f")
    assert document.value == {"9": "stop", "yes": "1", "null": "true", "1.0": "5"}
    assert document.problems == ()


def test_every_key_and_item_has_its_line() -> None:
    document = parse_document("# a\na: 1\nb:\n  - x\n  - c: >-\n      long\n      text\n    d: 2\n", "f.yaml")
    assert document.lines == {
        (): 2, ("a",): 2, ("b",): 3, ("b", 0): 4, ("b", 1): 5, ("b", 1, "c"): 5, ("b", 1, "d"): 8,
    }  # fmt: skip
    assert document.place(("b", 1, "d", "e", 3)) == Place("f.yaml", 8)
    assert str(document.place(("z",))) == "f.yaml:2"
    assert str(document.problem(("b", 1, "d"), "too bad")) == "f.yaml:8: b.1.d: too bad"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a: 1\nb: 2\na: 3\n", ["f:3: a: written twice, first in line 1"]),
        ("a:\n  b: 1\n  b: 2\nc: {d: 1, d: 1}\n", [
            "f:3: a.b: written twice, first in line 2",
            "f:4: c.d: written twice, first in line 4",
        ]),
        ("a: &x 1\nb: *x\n", ["f:2: not valid YAML: aliases (*name) are not read: write it out"]),
        ("a: &x [*x]\n", ["f:1: not valid YAML: aliases (*name) are not read: write it out"]),
        ("a: !!set {x}\nb: !mine 3\n", [
            "f:1: a: tag 'set' is not read: write the plain value",
            "f:2: b: tag '!mine' is not read: write the plain value",
        ]),
        ("a: !!bool yes\n", ["f:1: a: tag 'bool' is not read: write the plain value"]),
        ("a: !!python/object/apply:os.system [x]\n", [
            "f:1: a: tag 'python/object/apply:os.system' is not read: write the plain value",
        ]),
        ("\n? [a, b]\n: 1\n", ["f:2: a key is one word, not a list or a mapping"]),
        ("a: 1e999\n", ["f:1: a: a number too large to be read; put it between quotes if it is text"]),
        (f"\na: {'9' * 5000}\n", ["f:2: a: a number too large to be read; put it between quotes if it is text"]),
        ("a: 1\n---\nb: 1\n", [
            "f:2: not valid YAML: expected a single document in the stream, but found another document",
        ]),
        ("a: [b\nc: 1\n", ["f:2: not valid YAML: while parsing a flow sequence, expected ',' or ']', but got ':'"]),
        ("a: 1\n\tb: 1\n", ["f:2: not valid YAML: while scanning for the next token, "
                            "found character '\\t' that cannot start any token"]),
        ("a: 1\nb: \x07\n", ["f:2: not valid YAML: the character U+0007 is not allowed"]),
        ('a: 1\nb: "\\uD83D"\n', ["f:2: not valid YAML: half of a surrogate pair is no character"]),
        ('a: "\\U00110000"\n', ["f:1: not valid YAML: an escape between quotes stands for no character"]),
        ('a: "\\UFFFFFFFF"\n', ["f:1: not valid YAML: an escape between quotes stands for no character"]),
        ("[" * 5000, ["f:1: not valid YAML: nested too deeply"]),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, wanted: list[str]) -> None:
    assert faults(parse_document(text, "f")) == wanted


def test_what_can_be_read_is_there_in_spite_of_faults() -> None:
    assert parse_document("a: 1\na: 2\nb: !mine 3\nc: !mine [4]\n", "f").value == {"a": 1, "b": 3, "c": [4]}
    assert parse_document("a: [1\n", "f").value is None


@given(st.text(alphabet=st.sampled_from("ab:-#&*!|>?[]{},'\"\\% \n\t019.e~éxuUDF\x00\ufeff"), max_size=60))
def test_no_text_raises(text: str) -> None:
    document = parse_document(text, "f")
    assert all(problem.place.line for problem in document.problems)


def test_a_file_is_read_as_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes("\ufeffa: déjà\r\nb: 2\r\n".encode())
    document = read_document(path)
    assert document.value == {"a": "déjà", "b": 2}
    assert document.place(("b",)) == Place(str(path), 2)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    latin, large, pipe = tmp_path / "latin.yaml", tmp_path / "large.yaml", tmp_path / "pipe.yaml"
    latin.write_bytes("a: déjà".encode("latin-1"))
    large.write_bytes(b"#" * MAX_BYTES + "é".encode())
    os.mkfifo(pipe)
    wanted = {
        tmp_path / "absent.yaml": "no such file",
        tmp_path: "is a folder, not a file",
        latin / "a.yaml": "cannot be read: Not a directory",
        latin: "not a text file in UTF-8: invalid continuation byte at byte 4",
        large: "larger than 1000000 bytes: surely not a file of this kind",
        pipe: "not a file that can be read",
    }
    for path, what in wanted.items():
        document = read_document(path)
        assert document.value is None
        assert faults(document) == [f"{path}: {what}"]
