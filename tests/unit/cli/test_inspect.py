import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fathom.cli.inspect import human_count, lines
from fathom.cli.main import app


def test_facts_become_readable_lines() -> None:
    facts = {
        "name": "tiny",
        "parameters": 671_026_419_200,
        "weight_bytes": 98_400_000,
        "tied": True,
        "vocab_size": 129_280,
        "layers": 61,
        "dtypes": ("F8_E4M3", "BF16"),
        "template": None,
        "problems": [],
        "attention": {"kind": "mla", "kv_lora_rank": 512},
    }
    assert list(lines(facts)) == [
        ("name", "tiny"),
        ("parameters", "671,026,419,200 (671.0 B)"),
        ("weight bytes", "98,400,000 (98.4 MB)"),
        ("tied", "yes"),
        ("vocab size", "129,280"),
        ("layers", "61"),
        ("dtypes", "F8_E4M3, BF16"),
        ("attention", ""),
        ("  kind", "mla"),
        ("  kv lora rank", "512"),
    ]


@pytest.mark.parametrize(
    ("count", "text"), [(999, "999"), (1_500, "1.5 K"), (134_515_008, "134.5 M"), (36_700_000_000, "36.7 B")]
)
def test_parameters_are_counted_as_the_field_does(count: int, text: str) -> None:
    assert human_count(count) == text


def test_a_preset_is_described_as_json() -> None:
    result = CliRunner().invoke(app, ["inspect", "deepseek-v3", "--json"])
    assert result.exit_code == 0, result.exception
    facts = json.loads(result.stdout)
    assert facts["kv_bytes_per_token"] == 70_272
    assert round(facts["parameters"] / 1e9) == 671
    assert {"architecture", "active_parameters", "mtp_parameters", "weight_bytes"} <= set(facts)


def test_a_preset_is_described_as_a_table() -> None:
    result = CliRunner().invoke(app, ["inspect", "deepseek-v3"])
    assert result.exit_code == 0, result.exception
    assert "671.0 B" in result.stdout


def test_an_unknown_name_is_a_clear_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["inspect", str(tmp_path / "missing")])
    assert type(result.exception).__name__ == "ModelNotFoundError"
