"""What assets are given: the settings, the pass in progress and the warehouse."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import dagster as dg

from orchestration import passes
from orchestration.settings import Settings, home_from_environment, load
from orchestration.warehouse import Warehouse


class PassResource(dg.ConfigurableResource):
    """The one pass of an installation: held from its first step to its last, and let go if the process dies."""

    home: str
    as_of: str = ""

    def settings(self) -> Settings:
        overrides = {"as_of": datetime.fromisoformat(self.as_of)} if self.as_of else {}
        return load(Path(self.home), **overrides)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator[passes.Pass, None, None]:
        with passes.begin(self.settings()) as current:
            yield current


class SettingsResource(dg.ConfigurableResource):
    """The settings, read again for every run."""

    home: str

    def create_resource(self, context: dg.InitResourceContext) -> Settings:
        return load(Path(self.home))


class WarehouseResource(dg.ConfigurableResource):
    """The warehouse, let go when the run ends."""

    home: str

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator[Warehouse, None, None]:
        warehouse = Warehouse.of(load(Path(self.home)))
        try:
            yield warehouse
        finally:
            warehouse.let_go()


def resources(home: Path | None = None, as_of: datetime | None = None) -> dict[str, object]:
    """Every resource of an installation; `as_of` (UTC) stands above the setting."""
    home = home or home_from_environment()
    return {
        "current": PassResource(home=str(home), as_of=as_of.isoformat() if as_of else ""),
        "settings": SettingsResource(home=str(home)),
        "warehouse": WarehouseResource(home=str(home)),
    }
