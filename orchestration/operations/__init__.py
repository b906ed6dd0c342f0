"""Operations: what people and the poster decided (mappings, approvals, stops, intents, matches, notes, sign-offs)."""

from orchestration.operations.casework import Said, Standing
from orchestration.operations.chain import ChainEnd
from orchestration.operations.errors import (
    ChainBrokenError,
    FenceLostError,
    MappingError,
    MappingsRefusedError,
    OperationsError,
)
from orchestration.operations.intents import Step, StoredIntent
from orchestration.operations.landed import LANDED_TABLES
from orchestration.operations.mapping_import import Given, Imported, RowChange
from orchestration.operations.match_decisions import DecisionInForce
from orchestration.operations.permissions import ApprovalGiven, CompanySwitch, GoesBy, StopInForce
from orchestration.operations.policies import REMEDIES, PostingPolicy, QuietWindow
from orchestration.operations.runs import Run
from orchestration.operations.store import Operations

__all__ = [
    "LANDED_TABLES",
    "REMEDIES",
    "ApprovalGiven",
    "ChainBrokenError",
    "ChainEnd",
    "CompanySwitch",
    "DecisionInForce",
    "FenceLostError",
    "Given",
    "GoesBy",
    "Imported",
    "MappingError",
    "MappingsRefusedError",
    "Operations",
    "OperationsError",
    "PostingPolicy",
    "QuietWindow",
    "RowChange",
    "Run",
    "Said",
    "Standing",
    "Step",
    "StopInForce",
    "StoredIntent",
]
