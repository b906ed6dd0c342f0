"""Operations: what people and the poster decided (mappings, approvals, stops, intents, notes, sign-offs)."""

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
from orchestration.operations.mapping_import import Imported
from orchestration.operations.permissions import ApprovalGiven
from orchestration.operations.store import Operations

__all__ = [
    "LANDED_TABLES",
    "ApprovalGiven",
    "ChainBrokenError",
    "ChainEnd",
    "FenceLostError",
    "Imported",
    "MappingError",
    "MappingsRefusedError",
    "Operations",
    "OperationsError",
    "Step",
    "StoredIntent",
]
