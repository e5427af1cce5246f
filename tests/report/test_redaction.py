"""Secrets are hidden, and nothing else is: both ways, for each form."""

from __future__ import annotations

import pytest

from meshproof.report import html, model
from meshproof.report.formats import render_all
from meshproof.report.redaction import MASK, redacted, redacted_text, redacted_value
from tests.report.sample import digest_of, sample_run

# Put together here, so that no scanner takes this file for a leak.
KEY_ID = "AKIA" + "IOSFODNN7EXAMPLE"
JWT = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NSJ9" + ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"
RANDOM = "wJalrXUtnFEMI" + "K7MDENGbPxRfiCYEXAMPLEKEY1"

SECRETS = [
    pytest.param(f"aws_access_key_id is {KEY_ID}", KEY_ID, id="aws-key-id"),
    pytest.param(f"secret_access_key = {RANDOM}", RANDOM, id="aws-secret"),
    pytest.param(f'"SecretAccessKey": "{RANDOM}"', RANDOM, id="aws-secret-json"),
    pytest.param(f"found {PEM} in user_data", "MIIEowIBAAKCAQEA", id="private-key"),
    pytest.param(PEM[:60], "MIIEowIBAAKCAQEA", id="private-key-cut"),
    pytest.param(
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIB\n-----END PRIVATE KEY-----", "MIIEvQIB", id="private-key-pkcs8"
    ),
    pytest.param("postgresql://orders:hunter2@db:5432/orders", "hunter2", id="url-password"),
    pytest.param("redis://:hunter2@cache:6379", "hunter2", id="url-password-only"),
    pytest.param(f"Authorization: Bearer {JWT}", "dozjgNryP4J3jVmNHl0w5N", id="jwt"),
    pytest.param("token: " + "a1b2c3d4" * 4, "a1b2c3d4a1b2c3d4", id="hex-token"),
    pytest.param('master_password = "hunter2hunter2"', "hunter2", id="quoted-password"),
    pytest.param("password => 'correct-horse'", "correct-horse", id="quoted-word"),
    pytest.param("ghp_" + "a1B2c3D4e5" * 4, "a1B2c3D4e5", id="github"),
    pytest.param("glpat-" + "a1B2c3D4e5" * 2, "a1B2c3D4e5", id="gitlab"),
    pytest.param("hvs." + "CAESIJ0a1B2c3D4e5F6g", "CAESIJ0a1B2c3D4", id="vault"),
    pytest.param("Basic " + "dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA", id="basic"),
]

PLAIN = [
    f"sha256:{digest_of('x')}",
    f"suite digest {digest_of('x')}",
    f"evidence/EKS-001-{digest_of('x')[:12]}.json",
    "5bbb4a6f2d0c4e0b9a0f7a1f6f8c2b1d3e4f5a6b",
    "arn:aws:secretsmanager:eu-central-1:111122223333:secret:orders/database-AbCdEf",
    "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    'module.primary_secrets.aws_secretsmanager_secret.main["orders-database"]',
    "secret: orders-database-credentials-primary-2",
    "password = module.primary_database.random_password.main.result",
    'password = "${var.master_password}"',
    'password: "random_password.main.result"',
    "master_password is a literal; use manage_master_user_password",
    "the token expires after 3600 seconds",
    "secret_recovery_window_in_days = 30",
    "https://docs.aws.amazon.com/secretsmanager/latest/userguide/intro.html",
    "https://istio.io/latest/docs/reference/config/security/peer_authentication/",
    "registry/orders@sha256:" + digest_of("image"),
    "suites/policy/test_secrets.py::test_no_secret_is_a_literal[as-built]",
    "spiffe://prod.mesh/ns/shop/sa/orders",
    "mailto:platform@example.org and git@github.com:org/repo.git",
    "secrets encrypted with AES256 and a customer-managed key",
    "Basic authentication is refused",
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_hides(text: str, secret: str) -> None:
    """A secret is gone, and the text says that something stood there."""
    shown = redacted_text(text)

    assert secret not in shown
    assert MASK in shown


@pytest.mark.parametrize("text", PLAIN)
def test_keeps(text: str) -> None:
    """What is no secret is not touched."""
    assert redacted_text(text) == text


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_hiding_twice_changes_nothing(text: str, secret: str) -> None:
    """What was hidden once stays as it is."""
    del secret

    assert redacted_text(redacted_text(text)) == redacted_text(text)


@pytest.mark.parametrize(
    ("path", "was", "hidden"),
    [
        ("master_password", "hunter2", True),
        ("spec.data[0].password", "short", True),
        ("settings.api_key", "plainword", True),
        ("token", "", False),
        ("secret", "true", False),
        ("password", "random_password.main.result", False),
        ("secret_name", "orders-database", False),
        ("password_length", "32", False),
    ],
)
def test_a_survivor_is_judged_by_its_path(path: str, was: str, *, hidden: bool) -> None:
    """The value of an attribute that is named for a secret is hidden whole, unless it says nothing."""
    assert redacted_value(path, was) == (MASK if hidden else was)


def test_a_run_without_secrets_is_not_changed() -> None:
    """The sample holds digests, addresses, sources and commands: all stay."""
    assert redacted(sample_run()) == sample_run()


def test_no_secret_reaches_any_format() -> None:
    """Put into every text that a check can write, no secret is in any file of the report."""
    run = redacted(_leaking(sample_run(controls=40, mutants=4, survivors=2)))

    files = render_all(run, {})

    for name, body in files.items():
        assert not [secret for secret in (KEY_ID, "hunter2", RANDOM, "dozjgNryP4J3") if secret in body.decode()], name
    assert html.render(run) == files["report.html"]


def _leaking(run: model.Run) -> model.Run:
    words = f'{KEY_ID} password = "hunter2x" secret_key={RANDOM} {JWT} redis://:hunter2@cache'
    place = model.Where(file="infra/main.tf", line=1, address=f'a["{KEY_ID}"]', says=words)
    controls = [
        one.model_copy(update={"reason": words, "where": [place], "remedy": words, "verdict": "fail"})
        for one in run.controls
    ]
    survivor = model.Survivor(
        system="eks", address="a.b", path="password", operator="x", was="hunter2", became="hunter2y"
    )
    generated = run.generated_mutants
    assert generated is not None
    return run.model_copy(
        update={
            "controls": controls,
            "environment": {"VAULT_TOKEN": RANDOM},
            "generated_mutants": generated.model_copy(update={"survivors": [survivor]}),
            "mutants": [one.model_copy(update={"said": words, "name": words}) for one in run.mutants],
            "notes": [model.NoteRun(subject="x", where=words, says=words)],
        }
    )
