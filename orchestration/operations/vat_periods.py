"""VAT periods, which of their returns are filed, and what corrections of ours have added to those since.

Money is whole pence, signed: positive is VAT that was due to HMRC and was not on the return.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

from sqlalchemy import Date, RowMapping, String, and_, bindparam, case, func, or_, select

from orchestration.operations.base import table_of
from orchestration.operations.chain import INTENTS
from orchestration.operations.mapping_tables import Company, VatPeriod
from orchestration.operations.signed_store import SignedStore

PERIODS, COMPANIES = table_of(VatPeriod), table_of(Company)
COMPANY = bindparam("company_id", type_=String)
OUTSIDE_SCOPE = select(COMPANIES.c.outside_scope_tax_code).where(COMPANIES.c.company_id == COMPANY)


@dataclass(frozen=True)
class VatReturn:
    """One VAT period by its first and last day; `filed_on` is None until its return is filed.

    `error_limit_pence` is the return's own limit; None: the policy's.
    """

    valid_from: date
    valid_to: date
    filed_on: date | None = None
    error_limit_pence: int | None = None

    def __str__(self) -> str:
        return f"{self.valid_from} to {self.valid_to}"


@dataclass(frozen=True)
class NetError:
    """What corrections add to box 1 of one filed return.

    settled_pence: those that are in Sage, a correction in two steps whole. up_pence and down_pence: those on their
    way, which may come or not, apart by sign. documents: how many they are.
    """

    settled_pence: int = 0
    up_pence: int = 0
    down_pence: int = 0
    documents: int = 0

    @property
    def worst_pence(self) -> int:
        """What it may come to, of what is on its way whatever makes it worst."""
        return max(self.settled_pence + self.up_pence, self.settled_pence + self.down_pence, key=abs)

    def after(self, more_pence: int) -> int:
        """The net error if so much more comes, and of what is on its way only what makes it worse."""
        return self.settled_pence + more_pence + (self.up_pence if more_pence > 0 else self.down_pence)


RETURN_COLUMNS = tuple(PERIODS.c[one.name] for one in fields(VatReturn))
RETURN_OF = select(*RETURN_COLUMNS).where(
    PERIODS.c.company_id == COMPANY,
    PERIODS.c.valid_from <= bindparam("on_date", type_=Date),
    PERIODS.c.valid_to >= bindparam("on_date", type_=Date),
)
RETURNS = select(*RETURN_COLUMNS).where(PERIODS.c.company_id == COMPANY).order_by(PERIODS.c.valid_from)

ON_ITS_WAY = ("claimed", "sending", "locked", "unknown", "acknowledged", "unsettled")
SECONDS = INTENTS.alias("seconds")
# a contra and the repost that is owed for it are one error: their difference
EFFECT = INTENTS.c.box_1_pence + func.coalesce(SECONDS.c.box_1_pence, 0)
IS_THERE = INTENTS.c.truth_present.is_(True)
NET_ERRORS = (
    select(
        INTENTS.c.corrects_return,
        func.coalesce(func.sum(case((IS_THERE, EFFECT), else_=0)), 0).label("settled_pence"),
        func.coalesce(func.sum(case((and_(~IS_THERE, EFFECT > 0), EFFECT), else_=0)), 0).label("up_pence"),
        func.coalesce(func.sum(case((and_(~IS_THERE, EFFECT < 0), EFFECT), else_=0)), 0).label("down_pence"),
        func.count(INTENTS.c.posting_key).label("documents"),
    )
    .select_from(
        INTENTS.outerjoin(
            SECONDS,
            and_(
                SECONDS.c.after_key == INTENTS.c.posting_key,
                SECONDS.c.truth_present.is_(False),
                SECONDS.c.state != "cancelled",
            ),
        )
    )
    .where(
        INTENTS.c.company_id == COMPANY,
        INTENTS.c.corrects_return.is_not(None),
        or_(IS_THERE, and_(INTENTS.c.state.in_(ON_ITS_WAY), INTENTS.c.after_key == "")),
        INTENTS.c.posting_key != bindparam("but_for", type_=String),
    )
    .group_by(INTENTS.c.corrects_return)
    .order_by(INTENTS.c.corrects_return)
)
NET_ERROR_OF = NET_ERRORS.where(INTENTS.c.corrects_return == bindparam("of_return", type_=Date))


class VatPeriods(SignedStore):
    """The part of the store that knows VAT periods and filed returns."""

    def vat_return(self, company_id: str, on: date) -> VatReturn | None:
        """The period that holds a day, the tax point of a document; None where finance has entered none."""
        with self._database.read() as connection:
            found = connection.execute(RETURN_OF, {"company_id": company_id, "on_date": on}).mappings().all()
        return VatReturn(**found[0]) if found else None

    def vat_returns(self, company_id: str) -> list[VatReturn]:
        """Every period, the earliest first."""
        with self._database.read() as connection:
            return [
                VatReturn(**row) for row in connection.execute(RETURNS, {"company_id": company_id}).mappings()
            ]

    def outside_scope_tax_code(self, company_id: str) -> int | None:
        """Sage's tax code for what is on no VAT return; None where nobody has said."""
        with self._database.read() as connection:
            code = connection.execute(OUTSIDE_SCOPE, {"company_id": company_id}).scalar_one_or_none()
        return None if code is None else int(code)

    def net_error(self, company_id: str, of: VatReturn, but_for: str = "") -> NetError:
        """What corrections have added to a filed return, one of them left out by its key."""
        asked = {"company_id": company_id, "of_return": of.valid_from, "but_for": but_for}
        with self._database.read() as connection:
            found = connection.execute(NET_ERROR_OF, asked).mappings().all()
        return _net_error(found[0]) if found else NetError()

    def net_errors(self, company_id: str) -> dict[date, NetError]:
        """The same of every filed return that was corrected, by the first day of its period."""
        with self._database.read() as connection:
            rows = connection.execute(NET_ERRORS, {"company_id": company_id, "but_for": ""}).mappings().all()
        return {row["corrects_return"]: _net_error(row) for row in rows}


def _net_error(row: RowMapping) -> NetError:
    return NetError(**{one.name: int(row[one.name]) for one in fields(NetError)})
