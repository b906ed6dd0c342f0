"""The posting key: the identity of one document that must exist in Sage, in the 20 characters of a reference.

`TP` + 13 characters of the event + kind letter + ordinal (2) + revision (1) + role (1: `P` post, `X`
contra). Never amounts, never a mapping: an edited mapping must not make a second key for the same document.
The alphabet leaves out I, L, O and U, which people misread.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal

from orchestration.ledgers.ledger import KIND_LETTERS, DocumentKind

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
EVENT_CHARACTERS = 13
STEM_LENGTH = 18
KINDS: dict[str, DocumentKind] = {letter: kind for kind, letter in KIND_LETTERS.items()}
PATTERN = re.compile(rf"TP([{ALPHABET}]{{13}})([{''.join(KINDS)}])([0-9]{{2}})([0-9])([PX])")

Role = Literal["P", "X"]


@dataclass(frozen=True)
class KeyParts:
    """What can be read out of a key; the event itself is only known by its code."""

    event_code: str
    document_kind: DocumentKind
    ordinal: int
    revision: int
    role: Role


def event_code(company_id: str, event_id: str) -> str:
    """Thirteen base-32 characters of the event: one per byte of its MD5, which every SQL engine also has."""
    digest = hashlib.md5(f"{company_id}|{event_id}".encode(), usedforsecurity=False).digest()
    return "".join(ALPHABET[byte % 32] for byte in digest[:EVENT_CHARACTERS])


def build_key(
    company_id: str, event_id: str, document_kind: DocumentKind, *, ordinal: int, revision: int, role: Role
) -> str:
    """The key of a document; ValueError when ordinal or revision do not fit."""
    if not 0 <= ordinal <= 99 or not 0 <= revision <= 9:
        raise ValueError(f"ordinal {ordinal} must be 0 to 99 and revision {revision} must be 0 to 9")
    letter = KIND_LETTERS[document_kind]
    return f"TP{event_code(company_id, event_id)}{letter}{ordinal:02d}{revision}{role}"


def parse_key(posting_key: str) -> KeyParts:
    """The parts of a key; ValueError when the text is none of ours."""
    found = PATTERN.fullmatch(posting_key)
    if not found:
        raise ValueError(f"'{posting_key}' is not a posting key")
    code, letter, ordinal, revision, role = found.groups()
    return KeyParts(code, KINDS[letter], int(ordinal), int(revision), "P" if role == "P" else "X")


def is_ours(reference: str) -> bool:
    """Whether a Sage reference is a posting key."""
    return PATTERN.fullmatch(reference) is not None


def stem_of(posting_key: str) -> str:
    """What all revisions and roles of a document share, which is what the probe looks for."""
    return posting_key[:STEM_LENGTH]


def receipt_no_of(event_id: str) -> str:
    """The receipt number in a till's event id (account:store:till:receipt:date:occurrence); else nothing."""
    parts = event_id.split(":")
    return ":".join(parts[3:-2]) if len(parts) >= 6 else ""
