"""The Google provider's schema: derived from what the package carries, and what it refuses."""

from __future__ import annotations

import base64
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from meshproof.declaration import google_schema, google_schema_build
from meshproof.declaration.model import REDACTED, UNKNOWN, Place
from meshproof.declaration.plan import Resource
from meshproof.errors import UsageError

BUCKET = {
    "name": "b",
    "location": "EU",
    "versioning": [{"enabled": True}],
    "lifecycle_rule": [{"action": [{"type": "Delete"}], "condition": [{"age": 3}]}],
}


def said(kind: str, values: dict[str, object]) -> list[str]:
    """What the schema refuses in one resource."""
    one = Resource(
        address=f"{kind}.x",
        type=kind,
        name="x",
        index=None,
        module="",
        unit="",
        values=values,
        references={},
        place=Place(file="infra/x.tf", line=1),
        resolved_by="language",
    )
    return [finding.says for finding in google_schema.schema_findings([one])]


def test_what_the_provider_takes_is_silent() -> None:
    """Declared, unknown, redacted, null and computed values."""
    values: dict[str, object] = {
        **BUCKET,
        "project": UNKNOWN,
        "self_link": UNKNOWN,
        "labels": None,
        "storage_class": REDACTED,
    }

    assert said("google_storage_bucket", values) == []


@pytest.mark.parametrize(
    ("kind", "changes", "expected"),
    [
        pytest.param(
            "google_storage_buckett",
            {},
            "the provider hashicorp/google 6.50.0 has no google_storage_buckett",
            id="type",
        ),
        pytest.param(
            "google_storage_bucket", {"versionning": []}, "versionning is not an argument here", id="argument"
        ),
        pytest.param("google_storage_bucket", {"location": None}, "location is required", id="required"),
        pytest.param(
            "google_storage_bucket", {"versioning": [{}]}, "versioning.0.enabled is required", id="required-in-a-block"
        ),
        pytest.param(
            "google_storage_bucket",
            {"versioning": {"enabled": True}},
            "versioning is a nested block: write it without =",
            id="block",
        ),
        pytest.param(
            "google_storage_bucket",
            {"versioning": [{"enabled": True}, {"enabled": True}]},
            "versioning stands 2 times, at most one is allowed",
            id="once",
        ),
        pytest.param(
            "google_storage_bucket",
            {"force_destroy": "maybe"},
            "force_destroy must be bool, not the text 'maybe'",
            id="bool",
        ),
        pytest.param(
            "google_storage_bucket", {"labels": "a"}, "labels must be map(string), not the text 'a'", id="map"
        ),
        pytest.param(
            "google_storage_bucket",
            {"self_link": "x"},
            "self_link is decided by the provider and cannot be set",
            id="computed",
        ),
        pytest.param(
            "google_storage_bucket",
            {"lifecycle_rule": [{"action": [{"type": "Delete"}], "condition": [{"age": "soon"}]}]},
            "lifecycle_rule.0.condition.0.age must be number, not the text 'soon'",
            id="number-deep-inside",
        ),
    ],
)
def test_what_the_provider_would_refuse_is_named(kind: str, changes: dict[str, object], expected: str) -> None:
    """Exactly one finding, with the path of the attribute."""
    assert said(kind, {**BUCKET, **changes}) == [expected]


def test_scalars_become_what_the_provider_holds() -> None:
    """`"true"` for a bool and `"30"` for a number are converted as Terraform converts them."""
    entries = google_schema.schema("google_storage_bucket")
    assert entries is not None

    assert google_schema.converted([{"enabled": "true"}], entries["versioning"]) == [{"enabled": True}]
    assert google_schema.converted(7, entries["location"]) == "7"


SOURCE = """
export function thingRuleToHclTerraform(struct?: ThingRule): any {
  const attrs = {
    when: {
      value: cdktf.stringToHclTerraform(struct!.when),
      isBlock: false,
    },
  };
}
export class ThingRuleOutputReference extends cdktf.ComplexObject {
  // when - computed: false, optional: false, required: true
  public get when() {
    return this.getStringAttribute('when');
  }
}
export class Thing extends cdktf.TerraformResource {
  public static readonly tfResourceType = "google_thing";
      providerVersion: '6.1.0',
  // id - computed: true, optional: true, required: false
  public get id() {
    return this.getStringAttribute('id');
  }
  // labels - computed: true, optional: false, required: false
  private _labels = new cdktf.StringMap(this, "labels");
  // rule - computed: false, optional: true, required: false
  private _rule = new ThingRuleList(this, "rule", true);
      rule: {
        value: cdktf.listMapperHcl(thingRuleToHclTerraform, true)(this._rule.internalValue),
        isBlock: true,
  // sizes - computed: false, optional: true, required: false
  public get sizes() {
    return this.getNumberListAttribute('sizes');
  }
}
"""


def test_the_schema_is_derived_from_the_packages_sources(tmp_path: Path) -> None:
    """Types, flags and nesting; the same wheel gives the same bytes."""
    wheel = tmp_path / "thing-1.0-py3-none-any.whl"
    mapped = base64.b64encode(json.dumps({"sourcesContent": [SOURCE]}).encode()).decode()
    script = f"//# sourceMappingURL=data:application/json;base64,{mapped}".encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as files:
        member = tarfile.TarInfo("package/lib/thing/index.js")
        member.size = len(script)
        files.addfile(member, io.BytesIO(script))
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("thing/_jsii/thing.jsii.tgz", packed.getvalue())

    assert google_schema_build.build(wheel, tmp_path / "one.gz") == 1
    google_schema_build.build(wheel, tmp_path / "two.gz")

    assert google_schema_build.derive(SOURCE) == (
        "google_thing",
        {
            "id": "string co",
            "labels": "map(string) c",
            "rule": ["block", "set", "o", {"when": "string r"}],
            "sizes": "list(number) o",
        },
    )
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()


def test_a_wheel_of_something_else_is_refused(tmp_path: Path) -> None:
    """With what to give instead."""
    wheel = tmp_path / "other.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("other/__init__.py", "")

    with pytest.raises(UsageError, match="give the wheel of cdktf-cdktf-provider-google"):
        google_schema_build.build(wheel, tmp_path / "out.gz")
