"""The published JSON Schema of run.json: `python -m meshproof.report.schema` writes it from the model."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core.core_schema import DataclassField, ModelField, TypedDictField

from meshproof.report.model import SCHEMA, Run

#: Where the committed schema stands; a test compares it with the model.
PATH = Path(__file__).with_name("schemas") / "run.v1.json"


class _Written(GenerateJsonSchema):
    """The schema of what is written: a field with a default stands in the file too."""

    def field_is_required(self, field: ModelField | DataclassField | TypedDictField, total: bool) -> bool:  # noqa: ARG002, FBT001
        """Every field is."""
        return True


def schema_text() -> str:
    """The schema as it is published."""
    schema = Run.model_json_schema(by_alias=True, mode="serialization", schema_generator=_Written)
    schema["properties"]["schema"] = {"const": SCHEMA}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA}
    return json.dumps(head | schema, indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(schema_text(), encoding="utf-8")
