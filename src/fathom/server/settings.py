"""Settings of the server, from keyword arguments or from the environment (``FATHOM_PORT=9000``).

Values are validated here, once. The defaults suit a laptop and are the safe ones: the server listens on the loopback
interface only.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from fathom.base import paths

CommaSeparated = Annotated[tuple[str, ...], NoDecode]

DRIVERS = {
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
}
"""Schemes of a database's URL, and the drivers that serve them."""


class Settings(BaseSettings):
    """Settings of one server. Unknown keyword arguments are errors; the environment prefix is ``FATHOM_``."""

    model_config = SettingsConfigDict(env_prefix="FATHOM_", extra="forbid", frozen=True)

    # the model
    model: str | None = Field(
        default=None,
        description="name or path; without one the embedded model; `none` serves without a model of its own",
    )
    served_name: str | None = Field(
        default=None, description="the id that clients see; none means the model's own name"
    )
    on_demand: bool = Field(
        default=True, description="whether other models of this machine answer, too, loaded when they are asked for"
    )
    runs_dir: Path = Field(default=Path("runs"), description="training runs, whose final models are on offer")
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    device: str = "cpu"

    # the socket
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535, description="0 lets the system choose")

    # access
    api_key: SecretStr | None = Field(default=None, description="when set, every API request must carry it")
    allowed_hosts: CommaSeparated = Field(
        default=(), description="Host headers to accept beside the loopback's; * for any"
    )
    cors_origins: CommaSeparated = Field(
        default=(), description="origins of web pages that may call the API; * for any"
    )

    # what is stored
    data_dir: Path = Field(
        default_factory=paths.data_dir, description="folder of conversations and files; none means the user's own"
    )
    database_url: SecretStr | None = Field(
        default=None, description="postgresql://USER:PASSWORD@HOST/NAME; none means a SQLite file in the data folder"
    )

    # the web and tools
    search_url: str | None = Field(
        default=None, pattern=r"^https?://[^ ]+$", description="SearXNG for web searches; preferences may name another"
    )
    web_allowed_hosts: CommaSeparated = Field(
        default=(), description="hosts (or host:port) of the own network whose pages may be fetched"
    )
    allow_commands: bool = Field(
        default=False, description="let every client add programs as MCP servers, not only this machine's own page"
    )

    # bounds
    max_body_bytes: int = Field(default=16 * 2**20, ge=1024)
    max_file_bytes: int = Field(default=100 * 2**20, ge=1024, description="size of an attached file")
    max_import_bytes: int = Field(default=4 * 2**30, ge=1024, description="size of a file of conversations to import")
    max_context: int | None = Field(
        default=None, ge=1, description="tokens; none means what the model and the memory allow"
    )
    max_sequences: int = Field(default=32, ge=1, description="completions that decode together")
    max_queue: int = Field(default=256, ge=0, description="requests that may wait; beyond it the answer is 503")
    max_batch_tokens: int | None = Field(default=None, ge=1, description="tokens that one engine step may process")
    cache_bytes: int | None = Field(
        default=None, ge=1, description="memory of the attention cache; none means automatic"
    )

    # time, in seconds
    keepalive: float = Field(default=5.0, gt=0, description="longest silence towards a client that waits")
    start_timeout: float = Field(default=600.0, gt=0, description="longest wait for the first token")
    stall_timeout: float = Field(default=60.0, gt=0, description="longest time a client may go without reading")
    shutdown_timeout: int = Field(default=5, ge=0, description="time that running requests get when the server stops")

    # other
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    static_dir: Path = Field(default=Path(__file__).parent / "static", description="the built page")

    @field_validator("allowed_hosts", "cors_origins", "web_allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Commas separate entries, as an environment variable cannot hold a list."""
        if isinstance(value, str):
            return tuple(entry.strip() for entry in value.split(",") if entry.strip())
        return value

    @field_validator("data_dir", mode="before")
    @classmethod
    def _locate(cls, value: object) -> object:
        """An absolute path; an empty variable is the same as none."""
        return Path(str(value)).expanduser().absolute() if str(value) else paths.data_dir()

    @field_validator("database_url")
    @classmethod
    def _choose_driver(cls, value: SecretStr | None) -> SecretStr | None:
        """The URL with the driver that we use; `sslmode`, as other drivers name it, becomes asyncpg's `ssl`."""
        if value is None or not value.get_secret_value():
            return None
        scheme, separator, rest = value.get_secret_value().partition("://")
        if not separator or scheme not in DRIVERS:
            raise ValueError(f"{scheme!r} is no database that is supported; use postgresql://… or sqlite:///PATH")
        return SecretStr(f"{DRIVERS[scheme]}://{rest}".replace("?sslmode=", "?ssl=").replace("&sslmode=", "&ssl="))

    @property
    def database(self) -> str | None:
        """The database's URL, password included; None for the SQLite file in the data folder."""
        return self.database_url.get_secret_value() if self.database_url is not None else None

    @property
    def loopback(self) -> bool:
        """Whether only programs of this machine can connect."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
