"""Posting: what is missing goes to Sage exactly once, and is proven to be there."""

from orchestration.operations import PostingPolicy
from orchestration.posting.decision import WAITING, Decision
from orchestration.posting.decisions import approve, decide, plan
from orchestration.posting.documents import Payload, Proposal, read_proposals
from orchestration.posting.holds import HOLD_CODES, Hold
from orchestration.posting.pace import Pace
from orchestration.posting.poster import Poster
from orchestration.posting.proof import Proof, prove_again
from orchestration.posting.reversal import Wanted, asked_for, chosen, plan_asked, plan_reversal
from orchestration.posting.run import run, run_reversal
from orchestration.posting.states import ENDS, LIVE, MOVES, STATES, check_states
from orchestration.posting.summary import PostingSummary

__all__ = [
    "ENDS",
    "HOLD_CODES",
    "LIVE",
    "MOVES",
    "STATES",
    "WAITING",
    "Decision",
    "Hold",
    "Pace",
    "Payload",
    "Poster",
    "PostingPolicy",
    "PostingSummary",
    "Proof",
    "Proposal",
    "Wanted",
    "approve",
    "asked_for",
    "check_states",
    "chosen",
    "decide",
    "plan",
    "plan_asked",
    "plan_reversal",
    "prove_again",
    "read_proposals",
    "run",
    "run_reversal",
]
