"""Looking for many documents at once, so that a document costs a part of a question and not a dozen.

What was found is handed out once for each document, within a few seconds, and is forgotten when anything is
sent under the same stem; whatever is asked again is asked of Sage. So a look is never older than `max_age_s`
and never serves two decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta

from orchestration.ledgers.ledger import Document, Ledger, PostedDocument, PostedHeader, Reply
from orchestration.posting.key import is_ours, stem_of

URN_SEQUENCE = (
    10_000_000  # the last seven digits count up; what stands before them is the user and the module
)
# a posting may be committed after others that took their URN later
URNS_IN_FLIGHT = 100


class Looks:
    """A ledger that may have been asked already. `seen_urn` is the greatest URN the publication knew."""

    def __init__(self, ledger: Ledger, clock: Callable[[], datetime], max_age_s: float, seen_urn: int | None):
        self._ledger = ledger
        self._clock = clock
        self._max_age = timedelta(seconds=max_age_s)
        self._by_stem: dict[str, tuple[datetime, list[PostedDocument]]] = {}
        self._by_reference: dict[str, tuple[datetime, list[PostedDocument]]] = {}
        # where a number of the user stands before the sequence, greater is not newer
        self._read_to = seen_urn if seen_urn is not None and seen_urn < URN_SEQUENCE else None
        self._seen_urn = seen_urn
        self._by_day: dict[date, tuple[datetime, list[PostedHeader]]] = {}
        self._newcomers: dict[tuple[int, str], PostedHeader] = {}
        self._newcomers_at: datetime | None = None

    def ahead(self, key_stems: Iterable[str], references: Iterable[str], *, newcomers: bool) -> None:
        """Ask for all of them at once, and with `newcomers` for what others posted since the publication.

        Raises LedgerUnavailableError, and then nothing was learnt.
        """
        now = self._clock()
        stems, names = sorted(set(key_stems)), sorted(set(references))
        found = self._ledger.find_many(stems, names) if stems or names else []
        if newcomers and self._read_to is not None:
            self._read_newcomers(self._read_to)
            self._newcomers_at = now
        for stem in stems:
            self._by_stem[stem] = (now, [one for one in found if one.reference.startswith(stem)])
        for name in names:
            self._by_reference[name] = (now, [one for one in found if one.reference == name])
        self._forget_the_old()

    def _forget_the_old(self) -> None:
        for kept in (self._by_stem, self._by_reference):
            for asked in [asked for asked, (looked_at, _) in kept.items() if not self._is_fresh(looked_at)]:
                del kept[asked]
        self._by_day = {day: seen for day, seen in self._by_day.items() if self._is_fresh(seen[0])}

    def _read_newcomers(self, read_to: int) -> None:
        for header in self._ledger.posted_since(max(0, read_to - URNS_IN_FLIGHT)):
            read_to = max(read_to, header.urn)
            if not is_ours(header.reference):
                self._newcomers[header.urn, header.reference] = header
        self._read_to = read_to

    def has(self, key_stem: str) -> bool:
        """Whether a look for the stem is still good."""
        return self._is_fresh(self._by_stem.get(key_stem, (None, []))[0])

    def _is_fresh(self, looked_at: datetime | None) -> bool:
        return looked_at is not None and self._clock() - looked_at < self._max_age

    def find(self, key_stem: str) -> list[PostedDocument]:
        """Every document whose reference begins with the stem."""
        looked_at, found = self._by_stem.pop(key_stem, (None, []))
        return found if self._is_fresh(looked_at) else self._ledger.find(key_stem)

    def find_by_reference(self, reference: str) -> list[PostedDocument]:
        """Every document with exactly this reference."""
        looked_at, found = self._by_reference.pop(reference, (None, []))
        return found if self._is_fresh(looked_at) else self._ledger.find_by_reference(reference)

    def find_by_urn(self, urn: int) -> list[PostedDocument]:
        """The documents of one URN, asked now."""
        return self._ledger.find_by_urn(urn)

    def find_alike(self, document: Document, *, ever: bool = False) -> Sequence[PostedHeader]:
        """Documents just like it: of those the publication did not know at the least, or of `ever`, asked now."""
        if not ever and self._is_fresh(self._newcomers_at):
            return [header for header in self._newcomers.values() if header.is_like(document)]
        return self._ledger.find_alike(document)

    def newcomers(self, day: date) -> Sequence[PostedHeader]:
        """What others posted under this date since the publication; nothing where it knew no document."""
        if self._seen_urn is None:
            return []
        if self._read_to is None:
            return self._newcomers_of(day, self._seen_urn % URN_SEQUENCE - URNS_IN_FLIGHT)
        if not self._is_fresh(self._newcomers_at):
            self._read_newcomers(self._read_to)
            self._newcomers_at = self._clock()
        return [header for header in self._newcomers.values() if header.document_date == day]

    def _newcomers_of(self, day: date, read_to: int) -> Sequence[PostedHeader]:
        """The same where a URN begins with its user: all of the date are asked for, and their sequence says which."""
        looked_at, found = self._by_day.get(day, (None, []))
        if looked_at is None or not self._is_fresh(looked_at):
            looked_at, found = self._clock(), self._ledger.posted_on(day)
            self._by_day[day] = (looked_at, found)
        return [one for one in found if one.urn % URN_SEQUENCE > read_to and not is_ours(one.reference)]

    def post(self, document: Document) -> Reply:
        """Send once; what was seen of its stem is no longer so."""
        self._by_stem.pop(stem_of(document.posting_key), None)
        return self._ledger.post(document)
