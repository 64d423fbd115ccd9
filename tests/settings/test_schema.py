"""The shape of the settings: the shipped files fit it, and what is out of range or in the wrong unit does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from robot.documents import read_document
from robot.errors import ConfigError
from robot.settings import Settings, config_dir, load_settings
from robot.settings.load import SECRETS

DEFAULT = config_dir() / "default.yaml"
EXAMPLE = config_dir() / "example.local.yaml"


def leaves(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, type) of every value of a model."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from leaves(field.annotation, f"{above}{name}.")
        else:
            yield f"{above}{name}", field.annotation


def written(value: object, above: str = "") -> Iterator[str]:
    if not isinstance(value, dict) or not value:
        yield above.rstrip(".")
        return
    for key, item in value.items():
        yield from written(item, f"{above}{key}.")


def refused(*overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings([], overrides, {})
    return str(caught.value)


def test_the_default_file_holds_every_setting_but_the_secrets() -> None:
    keys = dict(leaves(Settings))
    secrets = {".".join(location) for location in SECRETS.values()}
    assert {key for key, kind in keys.items() if kind is SecretStr} == secrets
    assert set(written(read_document(DEFAULT).value)) == set(keys) - secrets


def test_a_secret_is_never_printed() -> None:
    settings = load_settings([], [], {"ALLOBOT_ESL_PASSWORD": "s3cret", "ALLOBOT_LLM_API_KEY": "k3y"})
    assert settings.esl.password.get_secret_value() == "s3cret"
    for text in (repr(settings), str(settings), settings.model_dump_json()):
        assert "s3cret" not in text
        assert "k3y" not in text


def test_settings_cannot_be_changed() -> None:
    settings = load_settings([], [], {})
    with pytest.raises(ValueError, match="frozen"):
        settings.esl.port = 1  # type: ignore[misc]  # that is the point


def test_the_example_loads_and_changes_something_everywhere_it_names() -> None:
    default, example = load_settings([], [], {}), load_settings([EXAMPLE], [], {})
    assert (example.switch.kind, example.llm.engine) == ("freeswitch", "openai_compatible")
    for section in read_document(EXAMPLE).value:
        assert getattr(example, section) != getattr(default, section) or section == "esl"


def test_the_example_is_shipped_beside_the_defaults() -> None:
    assert EXAMPLE.parent == Path(__file__).parents[2] / "config"


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("esl.port=65536", "less than or equal to 65535"),
        ("esl.port=-1", "greater than or equal to 0"),
        ("esl.port=8021.5", "valid integer"),
        ("esl.host=", "at least 1 character"),
        ("esl.connect_timeout_s=0", "greater than 0"),
        ("esl.connect_timeout_s=3s", "valid number, not '3s'"),
        ("esl.connect_timeout_ms=3000", "did you mean connect_timeout_s?"),
        ("esl.event_queue=0", "greater than 0"),
        ("media.switch_rate_hz=44100", "8000, 16000 or 24000"),
        ("media.queue_ms=0.5", "valid integer"),
        ("playout.chunk_ms=410", "multiple of 20"),
        ("turn.barge_in_ms=250ms", "valid integer, not '250ms'"),
        ("turn.barge_in_ms=0.25", "valid integer"),
        ("turn.max_turn_ms=30000", "less than or equal to 29000"),
        ("turn.barge_in_s=0.25", "did you mean barge_in_ms?"),
        ("vad.silero.threshold=1", "less than 1"),
        ("asr.engine=whisper", "'faster_whisper' or 'scripted'"),
        ("tts.speed=0", "greater than or equal to 0.5"),
        ("llm.openai_compatible.base_url=localhost:11434", "^https?://"),
        ("llm.llama_cpp.threads=0", "greater than or equal to 1"),
        ("log.level=trace", "'debug', 'info', 'warning' or 'error'"),
        ("log.show_pii=perhaps", "true or false"),
        ("switch.kind=asterisk", "'embedded' or 'freeswitch'"),
        ("record.min_free_mb=-1", "greater than or equal to 0"),
        ("call.caller_id_number=33100000000", "put it between quotes"),
    ],
)
def test_what_does_not_fit(override: str, said: str) -> None:
    line = refused(override)
    assert line.startswith(f"--set {override.partition('=')[0]}: ")
    assert said in line


@pytest.mark.parametrize(
    "template",
    ["sofia/gateway/carrier", "{x}{target}", "{target!r}", "{a=b}{target}", "a b/{target}", "a,{target}",
     "{target}{target}", "user/x:_:{target}", "[a=b]{target}", "'{target}'"],
)  # fmt: skip
def test_a_dial_template_is_checked_before_anybody_is_called(template: str, tmp_path: Path) -> None:
    file = tmp_path / "my.yaml"
    file.write_text(f'\nswitch:\n  dial_template: "{template}"\n', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings([file], [], {})
    assert str(caught.value).startswith(f"{file}:3: switch.dial_template: should hold {{target}} once")


@pytest.mark.parametrize(
    "template", ["{target}", "sofia/gateway/carrier/{target}", "sofia/internal/{target}@10.0.0.1:5060"]
)
def test_a_dial_template_that_fits(template: str) -> None:
    assert load_settings([], [f"switch.dial_template='{template}'"], {}).switch.dial_template == template
