"""Secrets never reach a report: every string of the model passes through here when the model is built.

A value is taken for a secret by its form (a cloud key, a private key block, a signed token, a password in a URL) or
by standing right behind a word such as `password =` and looking random. Digests, ARNs, addresses and names stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from meshproof.report.model import Run

#: What stands in the place of a secret.
MASK = "[redacted]"

_FORMS = re.compile(
    r"""
    -----BEGIN\ (?:[A-Z0-9]+\ )*PRIVATE\ KEY               # a key in PEM, to its end or the text's
        (?:\ BLOCK)?-----.*?(?:-----END\ [A-Z0-9 ]*PRIVATE\ KEY(?:\ BLOCK)?-----|\Z)
    | \b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b              # AWS access key id
    | \beyJ[\w-]{6,}\.eyJ[\w-]{6,}\.[\w-]*                 # JSON web token
    | \b(?:gh[pousr]_\w{30,}|github_pat_\w{30,})           # GitHub
    | \bglpat-[\w-]{20,}                                   # GitLab
    | \bxox[abeprs]-[\w-]{10,}                             # Slack
    | \bAIza[\w-]{35}                                      # Google
    | \bya29\.[\w-]{20,}                                   # Google OAuth
    | \b(?:sk|rk)_live_\w{16,}                             # Stripe
    | \bhv[sb]\.[\w-]{20,}                                 # Vault
    """,
    re.VERBOSE | re.DOTALL,
)
_URL_PASSWORD = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/:@\"']*):[^\s/@\"']+@", re.IGNORECASE)
_AUTHORIZATION = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9+/_.=-]{16,}")

_KEYWORD = r"(?:password|passwd|passphrase|pwd|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key)"
_NAMES_SECRET = re.compile(_KEYWORD + r"s?(?:[_-]?(?:value|string|key|text))?$", re.IGNORECASE)
#: The word, what separates it from its value, the value.
_ASSIGNED = re.compile(
    rf"""({_KEYWORD}s?(?:[_-]?(?:value|string|key|text))?["']?\s*(?:=>|[:=]|\s)\s*["']?)([A-Za-z0-9+/_=-]{{16,}})""",
    re.IGNORECASE,
)
#: A password may be short and a word: whatever is quoted behind one is taken for it.
_PASSWORD = re.compile(
    r"""((?:password|passwd|passphrase|pwd)["']?\s*(?:=>|[:=])\s*)(["'])([^"'\s]{4,})\2""", re.IGNORECASE
)

_REFERENCE = re.compile(
    r"[A-Za-z_][\w-]*(?:\[[^\]]*\])?(?:\.[A-Za-z_][\w-]*(?:\[[^\]]*\])?)+|.*\$\{.*|arn:.*|true|false|null"
)
_PLAIN = re.compile(r"(?:true|false|null|none|\d{1,6}|)", re.IGNORECASE)
_SHORTEST_HEX = 16


def redacted(run: Run) -> Run:
    """The same run without secrets."""
    return Run.model_validate(_clean(run.model_dump(mode="python", by_alias=True)))


def redacted_text(text: str) -> str:
    """The same text without secrets: for evidence and logs."""
    text = _FORMS.sub(MASK, text)
    text = _URL_PASSWORD.sub(rf"\1:{MASK}@", text)
    text = _AUTHORIZATION.sub(rf"\1 {MASK}", text)
    text = _PASSWORD.sub(_mask_password, text)
    return _ASSIGNED.sub(_mask_random, text)


def redacted_value(name: str, value: str) -> str:
    """The value of an attribute, a variable or a path of this name: hidden whole where the name says secret."""
    last = re.split(r"[.\[\]\s]+", name.rstrip("]. "))[-1]
    if _NAMES_SECRET.search(last) and not _PLAIN.fullmatch(value) and not _REFERENCE.fullmatch(value.strip("\"'")):
        return MASK
    return redacted_text(value)


def _clean(value: object) -> object:
    if isinstance(value, str):
        return redacted_text(value)
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, Mapping):
        return _clean_mapping(value)
    return value


def _clean_mapping(holder: Mapping[str, object]) -> dict[str, object]:
    """A survivor's `was` and `became` are judged by its `path`, any other value by its own key."""
    path = holder.get("path")
    named = {key: str(path) if path and key in ("was", "became") else key for key in holder}
    return {
        key: redacted_value(named[key], value) if isinstance(value, str) else _clean(value)
        for key, value in holder.items()
    }


def _mask_password(match: re.Match[str]) -> str:
    head, quote, value = match.groups()
    return match[0] if _REFERENCE.fullmatch(value) or value == MASK else f"{head}{quote}{MASK}{quote}"


def _mask_random(match: re.Match[str]) -> str:
    head, value = match.groups()
    return f"{head}{MASK}" if _looks_random(value) else match[0]


def _looks_random(value: str) -> bool:
    """Hex with letters and digits, or letters of both cases with digits: a name has none of these."""
    digits = any(char.isdigit() for char in value)
    if re.fullmatch(r"[0-9a-f]+|[0-9A-F]+", value):
        return len(value) >= _SHORTEST_HEX and digits and any(char.isalpha() for char in value)
    both = any(char.islower() for char in value) and any(char.isupper() for char in value)
    return (digits and both) or (both and value.endswith("="))
