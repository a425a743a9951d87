from __future__ import annotations

import json
from importlib.resources import files

import jsonschema
import pytest

from mappings.load import load_mapping
from mappings.node import read_yaml

CATALOG = sorted(
    (entry for entry in files("mappings").joinpath("catalog").iterdir() if entry.name.endswith(".yaml")),
    key=lambda entry: entry.name,
)


@pytest.mark.parametrize("entry", CATALOG, ids=lambda entry: entry.name)
def test_every_shipped_mapping_is_the_language(entry: object) -> None:
    text = entry.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    load_mapping(text, file=entry.name)  # type: ignore[attr-defined]
    schema = json.loads(files("mappings").joinpath("mapping.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(read_yaml(text, file="shipped").plain(), schema)
