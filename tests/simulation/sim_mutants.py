"""The posting room with one precaution taken out: a simulator that does not notice proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, update

from orchestration.ledgers.ledger import Document, Reply
from orchestration.operations import StoredIntent, intents
from orchestration.posting import decisions, holding, limits, probes, reversal, settling
from orchestration.posting import poster as room
from orchestration.posting.live_gate import LiveGate
from orchestration.posting.looks import Looks
from orchestration.posting.policy import Permits
from orchestration.posting.vat import Returns
from orchestration.posting.verification import Truths


@dataclass(frozen=True)
class Mutant:
    """What is taken out, which promises that breaks, and within how many seeds it must be noticed."""

    put_in: Callable[[Any], None]
    breaks: frozenset[str]
    seeds: int = 500
    first: int = 0  # where a seed that shows it is rare, near one


def _without_the_probe(patch: Any) -> None:
    patch.setattr(Looks, "find", lambda _looks, _stem: [])


def _believes_one_look(patch: Any) -> None:
    look = room.Poster._look

    def hasty(poster: Any, intent: StoredIntent) -> StoredIntent:
        after = look(poster, intent)
        is_unseen = after.state == "unknown" and after.probe_count > 0
        return poster._believed_absent(after) if is_unseen else after

    patch.setattr(room.Poster, "_look", hasty)


def _believes_whoever_says_so(patch: Any) -> None:
    right = Truths(1, True, True, True, 1)
    patch.setattr(settling, "truths_of", lambda *_: right)


def _repeats_a_post(patch: Any) -> None:
    post = room.Poster._post

    def eager(poster: Any, document: Document) -> Reply:
        reply = post(poster, document)
        return post(poster, document) if reply.kind == "unknown" else reply

    patch.setattr(room.Poster, "_post", eager)


def _without_the_fence(patch: Any) -> None:
    anyhow = (
        update(intents.INTENTS)
        .where(intents.INTENTS.c.posting_key == bindparam("its_key"))
        .values({name: bindparam(f"new_{name}") for name in intents.COLUMNS if name != "posting_key"})
    )
    patch.setattr(intents, "MOVE_INTENT", anyhow)


def _marks_after_the_post(patch: Any) -> None:
    step = room.Poster._step

    def late(poster: Any, intent: StoredIntent, event: str, changes: Any, **options: Any) -> StoredIntent:
        if event != "send" or intent.role == "A":
            return step(poster, intent, event, changes, **options)
        reply = poster._post(poster._payload(intent).document)
        poster._post_once = poster._post
        poster._post = lambda _document: reply
        return step(poster, intent, event, changes, **options)

    def again(poster: Any, sending: StoredIntent, reply: Reply) -> StoredIntent:
        poster.__dict__.pop("_post", None)
        return replied(poster, sending, reply)

    replied = room.Poster._replied
    patch.setattr(room.Poster, "_step", late)
    patch.setattr(room.Poster, "_replied", again)


def _mark_is_not_synced(patch: Any) -> None:
    step = room.Poster._step

    def lazy(poster: Any, *given: Any, durable: bool = False, **options: Any) -> StoredIntent:
        return step(poster, *given, durable=durable and False, **options)

    patch.setattr(room.Poster, "_step", lazy)


def _asks_no_gate(patch: Any) -> None:
    patch.setattr(LiveGate, "hold", lambda _gate, _payload: None)


def _asks_nobody(patch: Any) -> None:
    patch.setattr(Permits, "hold", lambda *_: None)


def _forgets_that_it_is_filed(patch: Any) -> None:
    patch.setattr(Returns, "corrected_by", lambda *_: None)


def _asks_no_second_person(patch: Any) -> None:
    hold = Permits.hold

    def alone(permits: Any, candidate: Any, document: Document) -> Any:
        found = hold(permits, candidate, document)
        return None if found and found.code == "needs_second_approval" else found

    patch.setattr(Permits, "hold", alone)


def _minds_no_limit_of_a_return(patch: Any) -> None:
    patch.setattr(holding, "hold_by_return", lambda *_: None)
    patch.setattr(limits, "hold_by_return", lambda *_: None)


def _ignores_the_connector(patch: Any) -> None:
    patch.setattr(holding, "hold_by_connector", lambda *_: None)
    patch.setattr(holding, "hold_by_likeness", lambda *_, **__: None)


def _undoes_anything(patch: Any) -> None:
    patch.setattr(reversal, "_hold_by_state", lambda *_: None)
    patch.setattr(reversal, "_hold_by_sage", lambda *_: None)
    patch.setattr(holding, "hold_by_stem", lambda *_: None)
    patch.setattr(holding, "hold_by_target", lambda *_: None)


def _minds_no_survivor(patch: Any) -> None:
    patch.setattr(holding, "hold_by_survivor", lambda *_: None)


def _reposts_at_once(patch: Any) -> None:
    patch.setattr(holding.LeaveToSend, "_hold_by_case", lambda *_: None)


def _forgets_what_is_owed(patch: Any) -> None:
    patch.setattr(decisions, "with_begun_cases", lambda _operations, proposals: list(proposals))


def _allocates_without_looking(patch: Any) -> None:
    entries = room.Poster._entries

    def blind(poster: Any, allocation: Any) -> Any:
        return [replace(entry, allocated_pence=0) for entry in entries(poster, allocation)]

    patch.setattr(room.Poster, "_entries", blind)


def _undoes_what_it_allocated(patch: Any) -> None:
    patch.setattr(probes, "hold_by_allocation", lambda *_: None)


def _looks_in_the_ledgers_only(patch: Any) -> None:
    truths_of = room.truths_of

    def without_orders(payload: Any, found: Any, suspense_account: str) -> Any:
        return truths_of(payload, [posted for posted in found if not posted.order], suspense_account)

    patch.setattr(room, "truths_of", without_orders)


DOUBLED = frozenset({"doubled"})
MUTANTS = {
    "skips the probe": Mutant(_without_the_probe, DOUBLED),
    "believes one look": Mutant(_believes_one_look, DOUBLED),
    "repeats a post on silence": Mutant(_repeats_a_post, DOUBLED),
    "drops the fence": Mutant(_without_the_fence, DOUBLED),
    "marks after the post": Mutant(_marks_after_the_post, frozenset({"unmarked"})),
    "does not sync its mark": Mutant(_mark_is_not_synced, frozenset({"unmarked"})),
    "asks no live gate": Mutant(_asks_no_gate, frozenset({"gate_bypassed"})),
    "asks for no permission": Mutant(_asks_nobody, frozenset({"not_allowed"})),
    "forgets that a return is filed": Mutant(_forgets_that_it_is_filed, frozenset({"filed_return"})),
    "asks no second person": Mutant(_asks_no_second_person, frozenset({"not_allowed"})),
    "minds no limit of a return": Mutant(_minds_no_limit_of_a_return, frozenset({"filed_return"})),
    "reposts before the proof": Mutant(_reposts_at_once, frozenset({"order"})),
    "forgets what is owed": Mutant(_forgets_what_is_owed, frozenset({"half_corrected"})),
    "undoes what is not proven": Mutant(_undoes_anything, frozenset({"undone"}), seeds=200, first=800),
    "undoes a copy whatever is left": Mutant(_minds_no_survivor, frozenset({"nothing_left"})),
    "allocates without looking": Mutant(_allocates_without_looking, DOUBLED),
    "undoes what it allocated": Mutant(_undoes_what_it_allocated, frozenset({"allocated"})),
    "looks for orders in the ledgers": Mutant(_looks_in_the_ledgers_only, DOUBLED),
    "believes whoever says that it is there": Mutant(_believes_whoever_says_so, frozenset({"untrue"})),
    "ignores the connector": Mutant(_ignores_the_connector, frozenset({"connector_ignored"})),
}
