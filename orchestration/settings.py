"""Where an installation keeps its state, and how it reaches Sage.

Settings come from `<home>/tillproof.toml`; any of them may be given as an environment variable instead
(`TILLPROOF_SAGE200__CLIENT_SECRET`), which stands above the file. TILLPROOF_HOME names the home itself.
"""

from __future__ import annotations

import os
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from orchestration.acceptance_settings import AcceptanceSettings
from orchestration.access_settings import LOOPBACK, AccessSettings
from orchestration.close_settings import CloseSettings
from orchestration.ledgers.sage50_settings import Sage50Settings
from orchestration.ledgers.sage200_settings import Sage200Settings

HOME_VARIABLE = "TILLPROOF_HOME"
FILE_NAME = "tillproof.toml"
MEMORY_LIMIT = "2GB"
NOT_YET = {"landing_url": "landing is the folder `landing` of the home, and cannot be elsewhere yet"}
"""Settings that some reader would not honour, with what holds instead: refused wherever they are given."""


class SettingsError(Exception):
    """The settings cannot be read; the message names the file, the setting and the reason."""


class _Fixed(PydanticBaseSettingsSource):
    """Values read from the file, below the environment."""

    def __init__(self, settings: type[BaseSettings], values: dict[str, Any]):
        super().__init__(settings)
        self._values = values

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return self._values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return self._values


class Settings(BaseSettings):
    """One installation: one home, one company for now."""

    model_config = SettingsConfigDict(
        env_prefix="TILLPROOF_", env_nested_delimiter="__", extra="forbid", validate_default=True
    )

    home: Path
    company_id: str
    as_of: datetime | None = None
    operations_url: str = ""
    app_address: str = "127.0.0.1"
    app_port: int = 8501
    dagster_port: int = 3000
    publications_kept: int = 10
    keep_days_from: int = 200_000
    keep_warehouse: bool = False
    memory_limit: str = Field(MEMORY_LIMIT, pattern="^[1-9][0-9]*(MB|GB)$")
    sage200: Sage200Settings = Sage200Settings()
    sage50: Sage50Settings = Sage50Settings()
    close: CloseSettings = CloseSettings()
    acceptance: AcceptanceSettings = AcceptanceSettings()
    access: AccessSettings = AccessSettings()

    @model_validator(mode="after")
    def _serves_whom_it_knows(self) -> Settings:
        if self.app_address not in LOOPBACK and self.access.sign_in == "none":
            raise ValueError(
                f"app_address {self.app_address}: where nobody signs in the app is served at 127.0.0.1 only; "
                "set [access] sign_in first (docs/closing.md)"
            )
        return self

    @property
    def landing(self) -> str:
        """The folder of landing."""
        return str(self.home / "landing")

    @property
    def operations(self) -> str:
        """SQLAlchemy URL of the operations store."""
        return self.operations_url or f"sqlite:///{(self.home / 'operations.sqlite').as_posix()}"

    @property
    def inbox(self) -> Path:
        return self.home / "inbox"

    @property
    def published(self) -> Path:
        return self.home / "published"

    def now(self) -> datetime:
        """The as-of time of a pass begun now, UTC without a zone: the setting, else the clock."""
        moment = self.as_of or datetime.now(UTC)
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment

    def sage200_at_home(self) -> Sage200Settings:
        """The Sage settings with the token file inside this home."""
        token_file = self.sage200.token_file
        return self.sage200.model_copy(update={"token_file": self.home / token_file})

    def sage50_at_home(self) -> Sage50Settings:
        """The Sage 50 settings with its folders inside this home, unless they are elsewhere by their full path."""
        folders = {
            name: self.home / getattr(self.sage50, name) for name in ("export_folder", "import_folder")
        }
        return self.sage50.model_copy(update=folders)


def home_from_environment() -> Path:
    """TILLPROOF_HOME, else the folder `tillproof-home` where the command was started."""
    return Path(os.environ.get(HOME_VARIABLE) or "tillproof-home").resolve()


def load(home: Path | None = None, **overrides: Any) -> Settings:
    """The settings of a home. Raises SettingsError with what is wrong and where."""
    home = (home or home_from_environment()).resolve()
    file = home / FILE_NAME
    values: dict[str, Any] = {}
    if file.exists():
        try:
            values = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{file}: {error}") from error

    given_outside = {name.lower().removeprefix("tillproof_") for name in os.environ}
    for name, words in NOT_YET.items():
        if name in values or name in given_outside:
            raise SettingsError(
                f"{file}: setting {name!r}: {words}; take it out (or TILLPROOF_{name.upper()})"
            )

    class FromHome(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, _Fixed(settings_cls, values)

    try:
        return FromHome(home=home, **overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        unknown = first["type"] == "extra_forbidden"
        words = "no such setting (docs/contracts.md lists them all)" if unknown else first["msg"]
        raise SettingsError(f"{file}: setting {name!r}: {words}") from error
