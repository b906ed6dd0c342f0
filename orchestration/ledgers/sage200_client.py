"""What Sage 200's REST API is asked: collections, in pages that nothing can shift, and to take a document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from time import sleep as seconds_pass

import httpx

from orchestration.ledgers.ledger import LedgerType, LedgerUnavailableError, Reply
from orchestration.ledgers.sage200_settings import Sage200Settings
from orchestration.ledgers.sage200_transport import ReadRefusedError, Sage200Transport
from orchestration.ledgers.sage200_wire import Row, both, rows_of, stamp_literal, to_json

SURELY_FITS = 100  # Sage gives 500 rows unasked, so an answer of fewer than this was not cut short


class Sage200Client:
    """One company of one Sage 200 site. Close it, or use it in a `with`; threads may share it.

    Every read raises LedgerUnavailableError when no answer came within its patience.
    """

    def __init__(
        self,
        settings: Sage200Settings,
        *,
        home: Path | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = seconds_pass,
    ) -> None:
        """`home` is what a relative token_file starts from; `transport` and `sleep` are for tests."""
        self.settings = settings
        self._way = Sage200Transport(settings, home=home, transport=transport, sleep=sleep)

    def __enter__(self) -> Sage200Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Sage200Client({self.settings.base_url!r}, company {self.settings.company_id})"

    def close(self) -> None:
        """Give the connections back."""
        self._way.close()

    @property
    def requests_sent(self) -> int:
        """Requests so far, token exchanges and repeats included."""
        return self._way.requests_sent

    @property
    def tries_failed(self) -> int:
        """Tries so far that had to be made again, or were the last."""
        return self._way.tries_failed

    def sites(self) -> list[Row]:
        """The companies this user may open; empty when the tunnel to the customer's server is down."""
        return rows_of(self._way.ask("GET", "sites", is_company_call=False))

    def get(self, resource: str, **params: str | int) -> list[Row]:
        """One page of a collection; parameter names without their `$`. Raises LedgerUnavailableError."""
        return self._page(resource, {f"${name}": value for name, value in params.items()})

    def get_one(self, resource: str) -> Row | None:
        """One object by its path, None when there is none."""
        try:
            body = self._way.ask("GET", resource)
        except ReadRefusedError as refused:
            if refused.status == 404:
                return None
            raise
        if not isinstance(body, dict):
            raise LedgerUnavailableError(f"GET {resource} gave no object")
        return body

    def read(
        self,
        resource: str,
        *,
        where: str | None = None,
        select: Sequence[str] = (),
        key: str = "id",
        after: int | None = None,
        page_size: int | None = None,
        expand: str = "",
    ) -> Iterator[list[Row]]:
        """Pages in order of `key`, each beginning where the last ended, so that rows inserted or changed
        meanwhile shift nothing. The server's own ceiling may be below `page_size`: it ends at a small page.
        """
        while True:
            beyond = None if after is None else f"{key} gt {after}"
            params = self._params(both(where, beyond), select, key, page_size)
            page = self._page(resource, {**params, **({"$expand": expand} if expand else {})})
            if not page:
                return
            keys = [row[key] for row in page]
            if not _is_rising(keys if after is None else [after, *keys]):
                raise LedgerUnavailableError(f"{resource} does not keep the order of {key} asked for")
            yield page
            if self._is_last(page, page_size):
                return
            after = keys[-1]

    def read_since(
        self,
        resource: str,
        column: str,
        since: datetime | None,
        *,
        select: Sequence[str] = (),
        key: str = "id",
        page_size: int | None = None,
    ) -> Iterator[list[Row]]:
        """Pages in order of a stamp, from `since` on, so that the greatest stamp received is always a safe
        place to go on from. A row changed meanwhile moves to the end and comes again.
        """
        edge = stamp_literal(since) if since else None
        at_edge: set[int] = set()
        is_past_edge = False
        while True:
            from_edge = edge and f"{column} {'gt' if is_past_edge else 'ge'} {edge}"
            page = self._page(resource, self._params(from_edge, select, column, page_size))
            if not page:
                return
            stamps = [stamp_literal(str(row[column])) for row in page]
            if not _is_never_falling(stamps):
                raise LedgerUnavailableError(f"{resource} does not keep the order of {column} asked for")
            fresh = [
                row
                for row, stamp in zip(page, stamps, strict=True)
                if stamp != edge or row[key] not in at_edge
            ]
            if fresh:
                yield fresh
            if self._is_last(page, page_size):
                return
            if stamps[-1] != edge:
                edge, is_past_edge, at_edge = stamps[-1], False, set()
            elif is_past_edge:
                raise LedgerUnavailableError(f"{resource} does not advance by {column} beyond {edge}")
            else:
                # the whole page shares one stamp, and so may rows it had no room for
                at_edge |= {row[key] for row in page}
                for ties in self.read(
                    resource, where=f"{column} eq {edge}", select=select, key=key, page_size=page_size
                ):
                    if unseen := [row for row in ties if row[key] not in at_edge]:
                        yield unseen
                is_past_edge = True
                continue
            at_edge = {row[key] for row, stamp in zip(page, stamps, strict=True) if stamp == edge}

    def validate_date(self, day: date, ledger_type: LedgerType) -> Row:
        """What Sage says of posting on that day: classification and message. A POST that books nothing."""
        body = {"date": f"{day.isoformat()}T00:00:00Z", "ledger_type": ledger_type}
        answer = self._way.ask("POST", "transaction_date_validation", content=to_json(body))
        if not isinstance(answer, dict):
            raise LedgerUnavailableError("transaction_date_validation gave no object")
        return answer

    def post_once(self, resource: str, body: Mapping[str, object], *, is_order: bool = False) -> Reply:
        """Send a document once, and say what the answer proves; no layer beneath sends it again."""
        return self._way.send_once(resource, to_json(body), is_order=is_order)

    def _params(
        self, where: str | None, select: Sequence[str], order: str, page_size: int | None
    ) -> dict[str, str | int]:
        params: dict[str, str | int] = {
            "$orderby": f"{order} asc",
            "$top": page_size or self.settings.page_size,
        }
        if where:
            params["$filter"] = where
        if select:
            params["$select"] = ",".join(select)
        return params

    def _is_last(self, page: list[Row], page_size: int | None) -> bool:
        return len(page) < min(page_size or self.settings.page_size, SURELY_FITS)

    def _page(self, resource: str, params: Mapping[str, str | int]) -> list[Row]:
        body = self._way.ask("GET", resource, params=params)
        try:
            return rows_of(body)
        except ValueError as odd:
            raise LedgerUnavailableError(f"GET {resource}: {odd}") from None


def _is_rising(keys: Sequence[int]) -> bool:
    return all(earlier < later for earlier, later in pairwise(keys))


def _is_never_falling(stamps: Sequence[str]) -> bool:
    """Texts in order are moments in order, unless fractions differ in length: then the moments decide."""
    return all(
        earlier <= later or datetime.fromisoformat(earlier) <= datetime.fromisoformat(later)
        for earlier, later in pairwise(stamps)
    )
