"""What must never happen, asked at every POST and once more when all has come to rest.

Each broken promise has a code of `PROMISES`, so that a test can say which one a mutant breaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sim_sage import Sent, SetOff, SimulatedSage
from sim_store import COMPANY, SimulatedDatabase
from sim_world import World

from orchestration.ledgers.ledger import Allocation, Document
from orchestration.operations import ChainBrokenError, Operations, StoredIntent
from orchestration.operations.policies import REVERSE_POSTING
from orchestration.posting import HOLD_CODES, Hold, Pace, Proposal
from orchestration.posting.allocations import allocation_from
from orchestration.posting.verification import truths_of

PROMISES = {
    "doubled": "an intent has no effect or one: Sage never holds two documents of ours under one key",
    "unmarked": "nothing leaves before the store says that it is being sent",
    "unprobed": "nothing is sent a second time before it was looked for; after silence, with all patience",
    "not_allowed": "nothing leaves after a person or the policy forbade it",
    "filed_return": "no correction brings the net error of a filed VAT return over its limit",
    "gate_bypassed": "nothing leaves to an account that was hidden before",
    "connector_ignored": "nothing leaves that the connector was seen to have posted",
    "order": "a repost never leaves before its contra is proven",
    "half_corrected": "when all is calm again, no correction is left half done",
    "undone": "only what is proven is undone, and is marked so when its one opposite is proven, not before",
    "nothing_left": "no copy is undone once what was to stay was seen to be undone",
    "allocated": "only what is proven is allocated, whole; not what is being undone, nor is undone what we allocated",
    "chain_broken": "the chain of events verifies",
    "stuck": "every intent comes to an end, or waits with a reason",
    "untrue": "what the store says of a document is what Sage holds",
    "money_lost": "what the store says was posted is what Sage's books were moved by",
    "broke": "no run ends in an exception, and no document breaks the poster",
    "endless": "every story ends",
}
SIGNS = {"invoice": 1, "credit_note": -1, "receipt": -1, "payment": 1}
UNKNOWABLE = ("decided", "held", "cancelled", "refused")
PENNILESS = ("decided", "held", "cancelled", "refused", "locked", "unsettled", "aside")
POSTED = ("proven", "deferred", "wrong", "reversed")
LAST_CLAIM = (
    "select recorded_at from intent_events where posting_key = ? and event in ('claim', 'absent') "
    "order by event_number desc limit 1"
)


UNSETTLED_ALLOCATION = (
    "select posting_key from intents where role = 'A' and event_id = ? "
    "and state in ('sending', 'unknown', 'acknowledged')"
)
IN_SAGE_PERHAPS = ("sending", "unknown", "acknowledged", "deferred", "wrong", "unsettled", "aside")


class Watch:
    """Sees every POST before Sage does, and the store and the books when the story is over."""

    def __init__(
        self,
        world: World,
        sage: SimulatedSage,
        operations: Operations,
        database: SimulatedDatabase,
        proposals: list[Proposal],
    ):
        self.broken: dict[str, str] = {}
        self.forbidden_at: dict[str, datetime] = {}  # by key, store, or * for all
        self.connector_at: dict[str, datetime] = {}  # when the connector's own was to be seen
        self.survivor_undone_at: dict[str, datetime] = {}  # by the key of the copy's contra
        self._world, self._sage, self._operations = world, sage, operations
        self._database, self._raw = database, database.raw
        self._proposals = {proposal.posting_key: proposal for proposal in proposals}
        self._pace = Pace()
        self._undone_and_known: list[tuple[int, ...]] = []
        self.return_limit_pence: int | None = None  # of the one filed return there is, if it is filed

    def tell(self, code: str, words: str) -> None:
        """Keep the first time each promise was broken."""
        if code not in PROMISES:
            raise ValueError(code)
        self.broken.setdefault(code, f"{words} (step {self._world.steps})")

    def also(self, proposal: Proposal) -> None:
        """Watch a document that no publication proposed: a contra of a pack."""
        self._proposals.setdefault(proposal.posting_key, proposal)

    def proposal(self, posting_key: str) -> Proposal:
        """The one of a key."""
        return self._proposals[posting_key]

    # at every POST

    def before_post(self, document: Document) -> None:
        """Whether this may leave now."""
        key = document.posting_key
        row = self._raw.execute("select state from intents where posting_key = ?", (key,)).fetchone()
        if row is None or row[0] != "sending":
            self.tell("unmarked", f"{key} leaves while it is {row and row[0]}")
        if key not in self._database.sending_on_disk:
            self.tell("unmarked", f"{key} leaves and its mark is not on disk")
        self._mind_the_last_send(key, self._sage.sent[key])
        self._mind_what_it_follows(key)
        self._mind_the_filed_return(key)
        claimed = self._raw.execute(LAST_CLAIM, (key,)).fetchone()
        if claimed is None:
            self.tell("unmarked", f"{key} leaves and was never claimed")
            return
        claimed_at = datetime.fromisoformat(claimed[0])
        self._mind_permission(key, claimed_at)
        # what Sage said may be a few seconds old when it is used
        read_at = claimed_at - timedelta(seconds=self._pace.live_facts_s)
        self._mind_what_it_undoes(key, read_at)
        hidden_at = self._sage.nominal_hidden_at
        if document.nominal_lines and hidden_at is not None and hidden_at < read_at:
            self.tell("gate_bypassed", f"{key} leaves to an account hidden at {hidden_at}")
        if key in self.survivor_undone_at and self.survivor_undone_at[key] < read_at:
            self.tell("nothing_left", f"{key} leaves; what was to stay is undone since {read_at}")
        if key in self.connector_at and self.connector_at[key] < read_at:
            self.tell("connector_ignored", f"{key} leaves; the connector's is there since {read_at}")

    def before_allocate(self, allocation: Allocation) -> None:
        """Whether this may be set against each other now."""
        keys = [line.posting_key for line in allocation.lines]
        of_event = self._raw.execute(
            "select posting_key, state, store_id, event_id from intents where role = 'A' and event_id ="
            " (select event_id from intents where posting_key = ?)",
            (keys[0],),
        ).fetchall()
        marked = [row for row in of_event if row[1] == "sending" and row[0] in self._database.sending_on_disk]
        if len(marked) != 1:
            self.tell("unmarked", f"{keys} are allocated while it is {of_event}")
            return
        key, _, store_id, event_id = marked[0]
        urns = tuple(sorted(line.urn for line in allocation.lines))
        self._mind_the_last_send(key, self._sage.sent_allocations[urns])
        states = dict(self._raw.execute("select posting_key, state from intents").fetchall())
        for line in allocation.lines:
            copies = self._sage.of(line.posting_key)
            whole = len(copies) == 1 and (copies[0].urn, copies[0].gross_pence) == (
                line.urn,
                line.gross_pence,
            )
            if states.get(line.posting_key) != "proven" or not whole:
                self.tell("allocated", f"{line.posting_key} is allocated: {states.get(line.posting_key)}")
            contra = line.posting_key[:-1] + "X"
            if states.get(contra) in IN_SAGE_PERHAPS or self._sage.of(contra):
                self.tell("allocated", f"{line.posting_key} is allocated while it is undone by {contra}")
        if sum(SIGNS[line.document_kind] * line.gross_pence for line in allocation.lines):
            self.tell("allocated", f"{keys} do not come to nothing")
        claimed_at = datetime.fromisoformat(self._raw.execute(LAST_CLAIM, (key,)).fetchone()[0])
        for name in (store_id, "*"):
            if name in self.forbidden_at and self.forbidden_at[name] < claimed_at:
                self.tell("not_allowed", f"{event_id} is allocated, forbidden for {name}")

    def _mind_the_last_send(self, key: str, before: list[Sent]) -> None:
        """A second send needs a look; after a silence all of them."""
        if not before:
            return
        last = before[-1]
        is_proven_nothing = last.reply is not None and last.reply.kind in ("locked", "refused")
        wanted = 1 if is_proven_nothing else self._pace.looks
        if last.looks_since < wanted:
            self.tell("unprobed", f"{key} is sent again after {last.looks_since} looks, not {wanted}")

    def _mind_what_it_undoes(self, key: str, read_at: datetime) -> None:
        """A contra of ours needs what it undoes: proven, and in the books."""
        if self._proposals[key].remedy != REVERSE_POSTING:
            return
        undone = key[:-1] + "P"
        row = self._raw.execute("select state from intents where posting_key = ?", (undone,)).fetchone()
        if row is None or row[0] != "proven" or len(self._sage.of(undone)) != 1:
            self.tell("undone", f"{key} leaves while {undone} is {row and row[0]}")
        event_id = self._proposals[key].event_id
        if self._raw.execute(UNSETTLED_ALLOCATION, (event_id,)).fetchone():
            self.tell("allocated", f"{key} leaves while {undone} is being allocated")
        urns = {posted.urn for posted in self._sage.of(undone)}
        # what Sage did and said it refused nobody can know of before it is seen
        seen = [one for one in self._sage.set_off if one.seen_from <= read_at]
        if any(urns & set(one.urns) for one in seen):
            self.tell("allocated", f"{key} leaves while {undone} is allocated")

    def _mind_what_it_follows(self, key: str) -> None:
        """A repost needs its contra: proven, and in the books."""
        after_key = self._proposals[key].after_key
        if not after_key:
            return
        row = self._raw.execute("select state from intents where posting_key = ?", (after_key,)).fetchone()
        if row is None or row[0] != "proven" or len(self._sage.of(after_key)) != 1:
            self.tell("order", f"{key} leaves while {after_key} is {row and row[0]}")

    def _mind_the_filed_return(self, key: str) -> None:
        """What is in the books, a correction in two steps whole, and this: within the limit, or nearer to nought."""
        if self.return_limit_pence is None or self._proposals[key].after_key:
            return
        seconds = {one.after_key: one for one in self._proposals.values() if one.after_key}
        states = dict(self._raw.execute("select posting_key, state from intents").fetchall())
        booked = {
            self._sage.name_of(kept.posted)
            for kept in self._sage.books
            # what Sage kept and said it refused nobody can know of before it is seen
            if kept.is_by_us and states.get(self._sage.name_of(kept.posted)) not in UNKNOWABLE
        }
        there = sum(self._vat_of(one, seconds, booked) for one in booked)
        more = self._vat_of(key, seconds, booked)
        if abs(there + more) > self.return_limit_pence and abs(there + more) >= abs(there):
            self.tell("filed_return", f"{key} brings the return from {there} to {there + more} pence")

    def _vat_of(self, key: str, seconds: Mapping[str, Proposal], booked: set[str]) -> int:
        document = self._proposals[key].payload.document
        sign = {"invoice": 1, "credit_note": -1}.get(document.document_kind, 0)
        second = seconds.get(key)
        owed = (
            self._vat_of(second.posting_key, {}, booked) if second and second.posting_key not in booked else 0
        )
        return sign * document.tax_pence + owed

    def _mind_permission(self, key: str, claimed_at: datetime) -> None:
        """What was withdrawn before the claim, or was never given."""
        store_id = self._proposals[key].store_id
        for name in (key, store_id, "*"):
            if name in self.forbidden_at and self.forbidden_at[name] < claimed_at:
                self.tell("not_allowed", f"{key} leaves, forbidden for {name}")

    # at the end

    def at_rest(self) -> None:
        """Hold the store against the books."""
        try:
            self._operations.intents.verify_chain()
        except ChainBrokenError as broken:
            self.tell("chain_broken", str(broken))
        intents = self._operations.intents.by_keys(self._proposals)
        for key, proposal in self._proposals.items():
            copies = self._sage.of(key)
            if len(copies) > 1:
                self.tell("doubled", f"{key} is in Sage {len(copies)} times")
            self._mind_rest(key, intents.get(key))
            self._mind_truth(key, proposal, intents.get(key))
            contra = intents.get(proposal.after_key)
            if contra is not None and contra.state == "proven":
                repost = intents.get(key)
                if repost is None or repost.state not in (*POSTED, "unsettled", "aside"):
                    self.tell("half_corrected", f"{key} is {repost and repost.state}, its contra is proven")
            if proposal.remedy == REVERSE_POSTING:
                undone = self._operations.intents.get(key[:-1] + "P")
                contra = intents.get(key)
                is_proven = contra is not None and contra.state == "proven"
                if (undone is not None and undone.state == "reversed") != is_proven:
                    self.tell("undone", f"{key} is {contra and contra.state}, {undone and undone.state}")
        for intent in self.allocations():
            self._mind_rest(intent.posting_key, intent)
            self._mind_allocation(intent)
        self._mind_money(intents)

    def allocations(self) -> list[StoredIntent]:
        """Every allocation that was decided."""
        events = {proposal.event_id for proposal in self._proposals.values()}
        return [one for one in self._operations.intents.of_events(COMPANY, events) if one.role == "A"]

    def person_undoes(self, undone: list[SetOff]) -> None:
        """What a person takes back in Sage now, and of which the store says by now that it was seen there."""
        known = {self._urns_of(intent) for intent in self.allocations() if intent.state in POSTED}
        self._undone_and_known += [one.urns for one in undone if one.urns in known]

    def _urns_of(self, intent: StoredIntent) -> tuple[int, ...]:
        allocation = allocation_from(self._operations.intents.payload(intent.payload_digest))
        return tuple(sorted(line.urn for line in allocation.lines))

    def _mind_allocation(self, intent: StoredIntent) -> None:
        """Once, or not at all; and the store knows which."""
        urns = self._urns_of(intent)
        times = sum(one.urns == urns for one in self._sage.set_off)
        undone = sum(one.urns == urns for one in self._sage.undone_by_a_person)
        # what a person took back before anybody had seen it may be made anew
        ever = times + self._undone_and_known.count(urns)
        if ever > 1:
            self.tell("doubled", f"{intent.event_id} was allocated {ever} times")
        is_told = intent.state in ("proven", "wrong")
        if (times and not is_told) or (is_told and not times + undone):
            self.tell(
                "untrue", f"the allocation {intent.posting_key} is {intent.state}, in Sage {times} times"
            )

    def _mind_rest(self, key: str, intent: StoredIntent | None) -> None:
        """Whether it waits, and says for what."""
        if intent is None or intent.state in ("proven", "reversed", "cancelled", "deferred"):
            return
        if intent.state == "held" and Hold.code_of(intent.hold_reason) in HOLD_CODES:
            return
        if intent.state in ("refused", "unsettled", "wrong", "aside") and intent.refusal:
            return
        self.tell("stuck", f"{key} is {intent.state} for good, without a reason")

    def _mind_truth(self, key: str, proposal: Proposal, intent: StoredIntent | None) -> None:
        state = intent.state if intent else ""
        truths = truths_of(proposal.payload, self._sage.of(key), "9998")
        if state == "proven" and not truths.is_right:
            self.tell("untrue", f"{key} is proven; in Sage: {truths}")
        if (state in PENNILESS or not state) and truths.is_present:
            self.tell("untrue", f"{key} is {state or 'unknown to the store'} and in Sage")

    def _mind_money(self, intents: Mapping[str, StoredIntent]) -> None:
        booked = sum(
            SIGNS[kept.posted.document_kind] * kept.posted.gross_pence
            for kept in self._sage.books
            if kept.is_by_us
        )
        told = 0
        for key, intent in intents.items():
            if intent.state in POSTED:
                document = self._proposals[key].payload.document
                told += SIGNS[document.document_kind] * document.gross_pence
        if booked != told:
            self.tell("money_lost", f"Sage was moved by {booked} pence, the store says {told}")
