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
from orchestration.operations.intents import ALLOCATES, ALLOCATION, CUSTOMER_KINDS, Step, StoredIntent
from orchestration.operations.landed import LANDED_TABLES
from orchestration.operations.mapping_import import Given, Imported, RowChange
from orchestration.operations.match_decisions import DecisionInForce
from orchestration.operations.permissions import (
    ApprovalGiven,
    CompanySwitch,
    CutoverAgreed,
    GoesBy,
    StopInForce,
)
from orchestration.operations.policies import REMEDIES, PostingPolicy, QuietWindow
from orchestration.operations.reversals_asked import ReversalInForce
from orchestration.operations.roles import READER, ROLES, NotAllowedError, Person
from orchestration.operations.runs import Run
from orchestration.operations.sign_offs import WHOLE_COMPANY, CloseFigures, Tick
from orchestration.operations.store import Operations
from orchestration.operations.vat_periods import NetError, VatReturn

__all__ = [
    "ALLOCATES",
    "ALLOCATION",
    "CUSTOMER_KINDS",
    "LANDED_TABLES",
    "READER",
    "REMEDIES",
    "ROLES",
    "WHOLE_COMPANY",
    "ApprovalGiven",
    "ChainBrokenError",
    "ChainEnd",
    "CloseFigures",
    "CompanySwitch",
    "CutoverAgreed",
    "DecisionInForce",
    "FenceLostError",
    "Given",
    "GoesBy",
    "Imported",
    "MappingError",
    "MappingsRefusedError",
    "NetError",
    "NotAllowedError",
    "Operations",
    "OperationsError",
    "Person",
    "PostingPolicy",
    "QuietWindow",
    "ReversalInForce",
    "RowChange",
    "Run",
    "Said",
    "Standing",
    "Step",
    "StopInForce",
    "StoredIntent",
    "Tick",
    "VatReturn",
]
