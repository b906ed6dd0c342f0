"""One story played to its end: lives, deaths and new lives on one store, then calm, then the reckoning."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any, ClassVar

import pyarrow as pa
from publication import DAY, Publication
from sim_sage import SimulatedSage
from sim_store import COMPANY, RETURN_LIMIT_PENCE, allow_allocation, file_return, laid_out
from sim_story import LIVES_MAX, UNDOING, Happens, Paper, Story, smaller, story_of
from sim_watch import Watch
from sim_world import Death, NeverRestsError, World

from orchestration.ledgers.ledger import Document, LedgerUnavailableError
from orchestration.operations import FenceLostError, OperationsError, StoredIntent
from orchestration.posting import (
    Decision,
    PostingSummary,
    Proposal,
    approve,
    decisions,
    plan_reversal,
    read_proposals,
    run,
    run_reversal,
    settling,
)

CALM_AFTER_S = 3600.0
PASS_S = 60.0  # no publication is younger than the pass that made it
RUNS_IN_CALM = 2
FIRST_URN = 1000
PUBLICATIONS_KEPT = 4096


@dataclass
class Outcome:
    """What a story came to: `broken` has each broken promise in words, `counts` what happened in it."""

    story: Story
    broken: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    chain_head: str = ""


@lru_cache(maxsize=4096)
def _published(
    papers: tuple[Paper, ...],
    left_out: frozenset[int] = frozenset(),
    half_done: frozenset[int] = frozenset(),
    parts_there: frozenset[tuple[int, str]] = frozenset(),
) -> tuple[pa.Table, pa.Table]:
    """The publication of these papers, as the models would propose them."""
    publication = Publication()
    contras = copies = 0
    undone = sum(paper.kind in UNDOING for paper in papers)
    for number, paper in enumerate(papers):
        urn, survivor_urn = FIRST_URN + contras, FIRST_URN + undone + copies
        contras += paper.kind in UNDOING
        copies += paper.kind == "contra"
        if number in left_out:
            continue
        writer = {"writer": "tillproof"} if paper.store_id == "S01" else {"writer": "connector"}
        common = {"net": paper.net, "store_id": paper.store_id, "sync_claim": "rejected", **writer}
        if paper.kind == "contra":
            event = f"ledger:{urn}"
            stays = {"survivor_urn": survivor_urn, "survivor_kind": "invoice"}
            stays["survivor_gross_pence"] = paper.net + paper.net // 5
            publication.add(
                str(number), "credit_note", event_id=event, role="X", target_urn=urn, **stays, **common
            )
        elif paper.kind == "case" and number not in half_done:
            publication.add_case(str(number), urn, there={**common, "net": paper.net - 100}, right=common)
        elif paper.kind == "sale":
            for kind, net in (("invoice", paper.net), ("receipt", paper.net + paper.net // 5)):
                if (number, kind) in parts_there:
                    continue
                if paper.is_order and kind == "invoice":
                    _add_order(publication, number, paper, common)
                else:
                    publication.add(str(number), kind, **{**common, "net": net})
        elif paper.is_order and paper.kind == "invoice":
            _add_order(publication, number, paper, common)
        else:
            publication.add(str(number), "invoice" if paper.kind == "case" else paper.kind, **common)
    return publication.tables()


def _add_order(publication: Publication, number: int, paper: Paper, common: dict[str, Any]) -> None:
    rest = {name: value for name, value in common.items() if name != "net"}
    publication.add_order(str(number), ("MUG", 2, paper.net - 400), ("LAMP", 1, 400), **rest)


@lru_cache(maxsize=4096)
def _proposals(papers: tuple[Paper, ...]) -> tuple[tuple[Proposal, ...], ...]:
    """Every paper as its proposals, in the order of the papers: of a case the contra, then the repost."""
    return tuple(
        tuple(
            sorted(
                read_proposals(*_published(papers, frozenset(range(len(papers))) - {number})),
                key=lambda proposal: proposal.after_key,
            )
        )
        for number in range(len(papers))
    )


@lru_cache(maxsize=4096)
def _read(published: _Known) -> list[Proposal]:
    return read_proposals(*published.tables)


class _Known:
    """Tables that are read once however many lives read them: the same tables are the same proposals."""

    _all: ClassVar[dict[int, _Known]] = {}

    def __init__(self, *tables: pa.Table):
        self.tables = tables

    @classmethod
    def of(cls, proposals: pa.Table, legs: pa.Table) -> list[Proposal]:
        known = cls._all.get(id(proposals))
        if known is None or known.tables[1] is not legs:
            if len(cls._all) > PUBLICATIONS_KEPT:
                cls._all.clear()
            known = cls._all[id(proposals)] = cls(proposals, legs)
        return list(_read(known))


decisions.read_proposals = _Known.of


class _Play:
    """One story with its world, its Sage and its store."""

    def __init__(self, story: Story):
        self.story = story
        self.world = World(story)
        self.database, self.operations, first_page = laid_out()
        can_lose_power = any(one.what == "lose power" for one in story.happens)
        self.database.begin_story(self.world.clock, first_page, keeps_pages=can_lose_power)
        self.sage = SimulatedSage(self.world, story)
        of_papers = _proposals(story.papers)
        self.proposals = [proposals[0] for proposals in of_papers]
        two = {number: both[1] for number, both in enumerate(of_papers) if len(both) > 1}
        self.reposts = {number: one for number, one in two.items() if one.after_key}
        self.receipts = {number: one for number, one in two.items() if not one.after_key}
        every = [proposal for proposals in of_papers for proposal in proposals]
        self.watch = Watch(self.world, self.sage, self.operations, self.database, every)
        self.counts: Counter[str] = Counter()
        self.number = 0
        self._acts = [self._work, self._undo] if story.undoes else [self._work]
        self._power = random.Random(story.turns)  # noqa: S311  tells stories, guards nothing

    def play(self) -> Outcome:
        """From the first publication to the reckoning."""
        self._begin()
        self.world.happen = self._happen
        self.world.lose_power = lambda: self.database.lose_power(self._power)
        self.database.step = self.world.step
        if self.story.swallowed is not None:
            self.sage.swallowed = self.proposals[self.story.swallowed % len(self.proposals)].posting_key
        self.sage.before_post = self.watch.before_post
        self.sage.before_allocate = self.watch.before_allocate
        try:
            self._publish()
            for work in self._acts:
                for _ in range(LIVES_MAX):
                    if not self._live(work):
                        break
                self._settle()
            self._calm_down()
            self.watch.at_rest()
        except NeverRestsError:
            self.watch.tell("endless", "too many steps")
        finally:
            self.database.step = lambda: None
        self.counts["steps"] = self.world.steps
        self.counts["posts"] = sum(len(sent) for sent in self.sage.sent.values())
        self.counts.update(f"ends {state}" for state in self._states())
        self.counts["orders invoiced"] = self.sage.orders_invoiced
        self.counts["allocations"] = sum(len(sent) for sent in self.sage.sent_allocations.values())
        self.counts.update(f"allocation ends {one.state}" for one in self.watch.allocations())
        head = self.operations.intents.chain_end().head_hash
        return Outcome(self.story, self.watch.broken, self.counts, head)

    def _begin(self) -> None:
        """What was there before: what is to be reversed, and what people approved."""
        for number, (paper, proposal) in enumerate(zip(self.story.papers, self.proposals, strict=True)):
            if paper.kind in UNDOING:
                wrong = replace(proposal.payload.document, document_kind="invoice")
                digit = "9" if paper.kind == "contra" else ""
                self.sage.keep(wrong, reference=f"POS-{paper.store_id}-{digit}{number}")
        for number, paper in enumerate(self.story.papers):
            if paper.kind == "contra":
                self.sage.keep(self._survivor(number), reference=f"POS-{paper.store_id}-9{number}")
        self._approve("Fay", range(len(self.story.papers)))
        if self.story.allocates:
            allow_allocation(self.database)
        if self.story.is_filed:
            file_return(self.database)
            self.watch.return_limit_pence = RETURN_LIMIT_PENCE
            self._approve("Gil", [n for n in range(len(self.story.papers)) if n not in self.story.unseconded])
        for number, paper in enumerate(self.story.papers):
            is_alone = self.story.is_filed and number in self.story.unseconded and paper.kind != "receipt"
            if is_alone or (paper.store_id == "S02" and not paper.is_approved):
                for proposal in self._of(number):
                    self.watch.forbidden_at[proposal.posting_key] = self.world.now - timedelta(days=1)

    def _approve(self, name: str, numbers: Iterable[int]) -> None:
        """A person's yes to these papers, where one is asked for."""
        approved = {
            proposal.posting_key: proposal.payload_digest
            for number in numbers
            for proposal in self._of(number)
            if (self.story.is_filed or self.story.papers[number].store_id == "S02")
            and (self.story.papers[number].is_approved or self.story.papers[number].store_id == "S01")
        }
        if approved:
            claims = dict.fromkeys(approved, "rejected")
            self.operations.approve(COMPANY, approved, approver=name, reason="seen", sync_claims=claims)

    def _of(self, number: int) -> list[Proposal]:
        """The proposals of a paper."""
        second = self.reposts.get(number) or self.receipts.get(number)
        return [self.proposals[number], *([second] if second else [])]

    # lives

    def _publish(self) -> None:
        """A pass: propose what nobody who looks now can see in a ledger of Sage's; no pass reads its orders."""
        self.number += 1
        seen = {self.sage.name_of(posted) for posted in self.sage.in_sight() if not posted.order}
        there = frozenset(
            number
            for number, proposal in enumerate(self.proposals)
            if number not in self.receipts
            and {self.reposts.get(number, proposal).posting_key, self._connectors_name(number)} & seen
        )
        parts_there = frozenset(
            (number, kind)
            for number, receipt in self.receipts.items()
            for kind, names in (
                ("invoice", {self.proposals[number].posting_key, self._connectors_name(number)}),
                ("receipt", {receipt.posting_key}),
            )
            if names & seen
        )
        half_done = frozenset(number for number in self.reposts if self.proposals[number].posting_key in seen)
        self.tables = _published(self.story.papers, there, half_done, parts_there)
        self.seen_urn = max((posted.urn for posted in self.sage.in_sight()), default=0)

    def _live(self, work: Callable[..., None]) -> bool:
        """Start the workers and let them work; whether one died, so that another must take its place."""
        deaths = self.world.deaths
        two = self.story.workers > 1
        self.world.successor = (lambda: work(alone=False)) if two else None
        for number in range(self.story.workers):
            self.world.start(lambda: work(alone=not two), after_s=number * 0.01)
        self.world.play()
        if self.world.deaths == deaths:
            return False
        self.world.sleep(self.story.rests_s)
        if self.story.is_republished:
            self.world.sleep(PASS_S)
            self._publish()
        return True

    def _work(self, *, alone: bool) -> None:
        """One process: a run, ended or cut short."""
        self._process(lambda: self._post(alone), alone)

    def _undo(self, *, alone: bool) -> None:
        """One process that undoes whatever was posted by its time."""
        self._process(lambda: self._reverse(alone), alone)

    def _post(self, alone: bool) -> PostingSummary:
        return run(self.sage, self.operations, *self.tables, seen_urn=self.seen_urn, **self._options(alone))

    def _reverse(self, alone: bool) -> PostingSummary:
        every = [*self.proposals, *self.reposts.values(), *self.receipts.values()]
        keys = [proposal.posting_key for proposal in every if proposal.role == "P"]
        intents = [intent for _, intent in sorted(self.operations.intents.by_keys(keys).items())]

        def planned() -> list[Decision]:
            return plan_reversal(self.sage, self.operations, intents, publication_number=self.number)

        decisions = planned()
        for decision in decisions:
            self.watch.also(decision.proposal)
        for name, code in (("Fay", "needs_approval"), ("Gil", "needs_second_approval")):
            waiting = [decision for decision in decisions if decision.code == code]
            if waiting:
                approve(self.operations, waiting, name, "undo it")
                decisions = planned()
        return run_reversal(self.sage, self.operations, decisions, **self._options(alone))

    def _options(self, alone: bool) -> dict[str, Any]:
        return {
            "company_id": COMPANY,
            "publication_number": self.number,
            "worker": self.world.worker_name(),
            "alone": alone,
            "seed": self.story.turns,
            "sleep": self.world.sleep,
        }

    def _process(self, work: Callable[[], PostingSummary], alone: bool) -> None:
        """What one process does, to its end or its death."""
        try:
            summary = work()
        except Death:
            self.counts["deaths"] += 1
        except LedgerUnavailableError:
            self.counts["runs without an answer"] += 1
        except FenceLostError:
            if alone:
                self.watch.tell("broke", "one worker alone lost its fence")
            self.counts["fences lost"] += 1
        except NeverRestsError:
            self.watch.tell("endless", "too many steps")
        except Exception as broken:
            self.watch.tell("broke", f"a run: {type(broken).__name__}: {broken}")
        else:
            self.counts["runs"] += 1
            for error in summary.errors:
                self.watch.tell("broke", error)

    def _calm_down(self) -> None:
        """No fault strikes any more, what was stopped goes on, and a later publication is posted."""
        self.sage.is_calm = True
        self.world.calm_down()
        self.world.sleep(CALM_AFTER_S)
        self._mend()
        self.world.successor = None
        self._settle()
        for _ in range(RUNS_IN_CALM):
            if self.story.undoes and self.story.turns % 2:
                self.watch.person_undoes(self.sage.undo_allocations())
            self.sage.invoice_orders(self._meant)
            self._publish()
            for work in self._acts:
                self.world.start(lambda work=work: work(alone=True))
                self.world.play()
                self.world.sleep(CALM_AFTER_S)

    def _mend(self) -> None:
        """What people put right: the account, the stops, and what Sage kept back from the nominal ledger."""
        self.sage.nominal_hidden_at = None
        self.operations.enable_posting(COMPANY, "Fay", "go on")
        for store_id in sorted(self.operations.active_stops(COMPANY)):  # by a person, or by the room itself
            self.watch.forbidden_at.pop(store_id, None)
            self.operations.lift_stop(COMPANY, store_id, "Fay", "go on")
        self.watch.forbidden_at.pop("*", None)
        self.sage.invoice_orders(self._meant)
        for place, kept in enumerate(self.sage.books):
            if not kept.posted.is_in_nominal and not kept.posted.order:
                document = self.watch.proposal(kept.posted.reference).payload.document
                let_in = self.sage.keep(document)
                self.sage.books.pop()
                posted = replace(let_in.posted, urn=kept.posted.urn)
                self.sage.books[place] = replace(kept, posted=posted)

    def _meant(self, posting_key: str) -> Document:
        return self.watch.proposal(posting_key).payload.document

    def _settle(self) -> None:
        """A person looks for what no run could settle, and says what became of it."""
        self.world.successor = None
        self.world.start(self._look_into_all)
        self.world.play()

    def _look_into_all(self) -> None:
        try:
            for intent in settling.to_settle(self.operations, COMPANY):
                if intent.state == "unsettled":
                    self._look_into(intent)
        except Death:
            self.counts["deaths"] += 1
        except LedgerUnavailableError:
            self.counts["words without an answer"] += 1

    def _look_into(self, intent: StoredIntent) -> None:
        key, said = intent.posting_key, self.story.settles
        signed = {"by": "Ian", "reason": "looked in Sage"}
        try:
            if said == "aside":
                settling.put_aside(self.operations, COMPANY, key, **signed)
            elif said == "there" and intent.role != "A":
                self._show(key, signed)
            else:
                settling.it_is_not_there(self.sage, self.operations, COMPANY, key, **signed)
            self.counts[f"settled {said}"] += 1
        except OperationsError:
            self.counts["words not believed"] += 1

    def _show(self, key: str, signed: dict[str, str]) -> None:
        """What a person entered by hand, at times a penny out, is said to be ours."""
        document = self.watch.proposal(key).payload.document
        if self.story.turns % 3 == 0:
            document = replace(document, gross_pence=document.gross_pence + 1)
        urn = self.sage.keep(document, reference=f"HAND-{len(self.sage.books)}").posted.urn
        try:
            settling.it_is_there(self.sage, self.operations, COMPANY, key, urn, **signed)
        finally:  # whoever said it may die on either side of the commit
            told = self.database.raw.execute("select urn from intents where posting_key = ?", (key,))
            if told.fetchone() == (urn,):
                self.sage.show(urn, key)

    # happenings

    def _happen(self, happening: Happens) -> None:
        """What others do in the middle of it."""
        paper = self.story.papers[happening.paper % len(self.story.papers)]
        proposal = self.proposals[happening.paper % len(self.story.papers)]
        now = self.world.now
        if happening.what == "hide nominal":
            self.sage.nominal_hidden_at = self.sage.nominal_hidden_at or now
        elif happening.what == "invoice orders":
            self.sage.invoice_orders(self._meant)
        elif happening.what == "survivor undone":
            number = happening.paper % len(self.story.papers)
            if paper.kind == "contra" and proposal.posting_key not in self.watch.survivor_undone_at:
                opposite = proposal.payload.document
                self.sage.keep(opposite, reference=f"POS-{paper.store_id}-9{number}")
                self.watch.survivor_undone_at[proposal.posting_key] = now
        elif happening.what == "connector posts":
            name = self._connectors_name(happening.paper % len(self.story.papers))
            if name and not any(kept.posted.reference == name for kept in self.sage.books):
                self.sage.keep(proposal.payload.document, reference=name)
                self.watch.connector_at.setdefault(proposal.posting_key, now)
        elif happening.what == "reject":
            digests = {proposal.posting_key: proposal.payload_digest}
            self.operations.approve(COMPANY, digests, approver="Gus", reason="no", decision="rejected")
            self.watch.forbidden_at.setdefault(proposal.posting_key, now)
        elif happening.what == "stop store":
            self.operations.stop_store(COMPANY, paper.store_id, "a person stopped it", "Gus")
            self.watch.forbidden_at.setdefault(paper.store_id, now)
        elif happening.what == "posting off":
            self.operations.disable_posting(COMPANY, "Gus", "stop now")
            self.watch.forbidden_at.setdefault("*", now)

    def _survivor(self, number: int) -> Document:
        """What stays when the copy that a paper undoes is undone."""
        return replace(self.proposals[number].payload.document, document_kind="invoice")

    def _connectors_name(self, number: int) -> str:
        paper = self.story.papers[number]
        if paper.kind in UNDOING:
            return ""
        return f"POS-{paper.store_id}-{number}" + ("-1" if paper.kind == "receipt" else "")

    def _states(self) -> list[str]:
        keys = [
            proposal.posting_key for number in range(len(self.proposals)) for proposal in self._of(number)
        ]
        intents = self.operations.intents.by_keys(keys)
        return [intents[key].state if key in intents else "never decided" for key in keys]


def play(story: Story) -> Outcome:
    """What a story comes to."""
    return _Play(story).play()


def play_seed(seed: int) -> Outcome:
    """What a seed comes to."""
    return play(story_of(seed))


def shrunk(outcome: Outcome) -> Outcome:
    """The smallest story found, by taking away one thing after another, that breaks one of the same promises."""
    is_smaller = True
    while is_smaller:
        is_smaller = False
        for story in smaller(outcome.story):
            tried = play(story)
            if tried.broken.keys() & outcome.broken.keys():
                outcome, is_smaller = tried, True
                break
    return outcome


__all__ = ["DAY", "Outcome", "play", "play_seed", "shrunk"]
