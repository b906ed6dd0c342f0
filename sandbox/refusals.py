"""What Sage says no with."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818 - the ledger's answer, not our failure
    """Sage took nothing: an HTTP status, an exception type name as Sage surfaces them, and a message."""

    def __init__(self, status: int, type_name: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.type_name = type_name
        self.message = message

    def __str__(self) -> str:
        return f"{self.status} {self.type_name}: {self.message}"


def invalid(message: str) -> Refused:
    """A field holds something it may not."""
    return Refused(400, "SageInvalidFieldException", message)


def missing(field: str) -> Refused:
    """A required field is absent, or an explicit null was sent (sage200.md §2, §10.6)."""
    return Refused(400, "SageNullFieldException", f"The field {field} must not be null.")


def unknown(what: str) -> Refused:
    """An id or code that this company does not hold."""
    return Refused(400, "SageRecordNotFoundException", f"The {what} could not be found.")


def against_the_rules(message: str) -> Refused:
    """Well-formed, but Sage will not book it."""
    return Refused(400, "SageAccountingException", message)
