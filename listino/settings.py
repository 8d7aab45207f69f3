"""Typed settings from the environment (`LISTINO_*`) or a `.env` file, checked at start, secrets masked."""

import contextlib
import json
import re
import secrets
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource, NoDecode, SettingsConfigDict

from listino.complaints import in_words, meant
from listino.domain.errors import InvalidSettings

# Where each part listens, as an offset from PORT_BASE. Demo shops: it, fr, de, es.
PORT_OFFSETS = {
    "nginx": 0,
    "api-1": 1,
    "api-2": 2,
    "backoffice": 10,
    "shop-it": 21,
    "shop-fr": 22,
    "shop-de": 23,
    "shop-es": 24,
    "router-1": 100,
    "router-2": 101,
    "redis": 120,
}

# Where live workers answer Prometheus: live-1 at this offset, live-2 at the next. There is room up to the routers.
LIVE_OFFSET = 30
MOST_LIVE_WORKERS = 64

# The routers of the MongoDB cluster on this machine; applications know both and survive the loss of one.
ROUTERS = ("router-1", "router-2")


# Where an address may have a password besides before the host.
_PASSWORD_OPTION = re.compile(r"([?&][a-z]*password=)[^&#]*", re.IGNORECASE)

# What a browser writes into its Origin header: no path, no capitals.
_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?")


def _listed(value: Any) -> Any:
    """The elements of a list written as `a,b` or as JSON."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return tuple(json.loads(value))
        except json.JSONDecodeError as error:
            raise ValueError("must have commas between its elements, or be a list in JSON") from error
    return tuple(element.strip() for element in value.split(",") if element.strip())


def _networks(value: Any) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(network) for network in _listed(value))
    except (TypeError, ValueError) as error:
        raise ValueError(f"must be networks like 10.0.0.0/8: {error}") from error


# What has our prefix and is no setting: of the programs that `up` starts, `listino staff`, the container images and the tests.
_NO_SETTINGS = frozenset({"INSTANCE", "STAFF_PASSWORD", "SECRET_KEY_FILE", "TEST_SERVERS", "FUZZ_EXAMPLES"})


class Settings(BaseSettings):
    """All that can be set. Build it once, in an entry point, with `load_settings`; never at import."""

    model_config = SettingsConfigDict(env_prefix="LISTINO_", env_file=".env", extra="ignore", frozen=True)

    env: Literal["development", "test", "production"] = Field(
        "development",
        description="In `production` the back office demands a SECRET_KEY and sends cookies over HTTPS only.",
    )
    state_dir: Path = Field(
        Path(".listino"), description="Where the platform on this machine keeps data, logs and crawl state."
    )
    shops_dir: Path | None = Field(
        None, description="The shop declarations, one TOML file a shop. Default: STATE_DIR/shops."
    )
    port_base: int = Field(8080, ge=1024, le=65000, description="First port of the platform on this machine.")
    mongo_uri: str | None = Field(
        None, repr=False, description="MongoDB address. Default: the platform on this machine."
    )
    mongo_database: str = Field("listino", pattern=r"^[a-z][a-z0-9_]{0,37}$", description="Name of the database.")
    redis_url: str | None = Field(
        None, repr=False, description="Redis or Valkey address. Default: the platform on this machine."
    )
    secret_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="Signs back-office sessions and seals second factors; 32 characters or more. Made and kept in STATE_DIR outside production.",
    )
    contact: str | None = Field(
        None,
        min_length=5,
        description="Address in the User-Agent by which a shop can reach you. Production crawls nothing without.",
    )
    live_fresh_ms: int = Field(
        1000,
        ge=0,
        le=600_000,
        description="How old, in ms, a price asked of the shop may be and still be called fresh.",
    )
    live_timeout_ms: int = Field(
        2500, ge=100, le=60_000, description="How long, in ms, a live refresh waits for a shop."
    )
    live_unwanted_ms: int = Field(
        30_000,
        ge=0,
        le=3_600_000,
        description="For how long, in ms, a live refresh may still be done that nobody waits for any more; then it is dropped.",
    )
    live_workers: int = Field(2, ge=1, le=MOST_LIVE_WORKERS, description="Worker processes for live prices.")
    pages_mb: int = Field(
        1024, ge=0, le=1_000_000, description="Rendered pages are kept in Redis while it uses less than this, in MB."
    )
    api_workers: int = Field(1, ge=1, le=64, description="Worker processes in each API node.")
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = Field(
        (),
        description="Whose pages browsers let read the API: origins (`https://shop.example`) with commas between them, or `*` for any.",
    )
    client_rate: float = Field(
        0,
        ge=0,
        le=100_000,
        description="Requests a second that the API takes of one client, in each worker process; 0: any number. In production 50.",
    )
    client_burst: int = Field(
        100, ge=1, le=1_000_000, description="Requests that a client may send at once before its rate counts."
    )
    streams: int = Field(
        2000, ge=0, le=20_000, description="Event streams that each worker process of the API keeps open at once."
    )
    client_streams: int = Field(
        100, ge=0, le=20_000, description="How many of them one client may have in each worker process; 0: any number."
    )
    stream_seconds: float = Field(
        900,
        ge=0,
        le=86_400,
        description="How long an event stream lasts, in seconds; then its client comes again by itself.",
    )
    stream_refresh_seconds: float = Field(
        30,
        ge=0,
        le=86_400,
        description="While somebody watches a price, its shop is asked again this long after it last answered; 0: only when a stream begins.",
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks)] = Field(
        (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")),
        description="Networks of the load balancers, with commas between them: only theirs are `X-Real-IP` and `X-Request-Start` believed.",
    )
    staff_session_hours: float = Field(
        12,
        gt=0,
        le=24 * 7,
        description="How long a back-office session lasts, in hours; after that everybody signs in again.",
    )
    staff_idle_minutes: float = Field(
        60, gt=0, le=24 * 60, description="After so many minutes without a click a back-office session ends."
    )
    staff_two_factor_roles: Annotated[
        tuple[Literal["agent", "manager", "admin"], ...], NoDecode, BeforeValidator(_listed)
    ] = Field(
        (),
        description="Roles that must give a second factor to sign in, with commas between them; others may.",
    )
    events_days: int = Field(
        400,
        ge=1,
        le=10_000,
        description="For how many days an event of the storefront is kept; older ones are not taken.",
    )
    sessions_days: int = Field(
        400,
        ge=1,
        le=10_000,
        description="For how many days a session is kept after its last event, with its sums.",
    )
    customers_days: int = Field(
        800,
        ge=1,
        le=10_000,
        description="For how many days a customer's name and e-mail address are kept after the last event, and a note about one after it was written; no less than EVENTS_DAYS.",
    )
    demo_products: int = Field(250, ge=1, le=1_000_000, description="Products in each demo shop.")
    demo_seed: int = Field(1, ge=0, description="Seed the demo shops are made from.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe level that is logged."
    )

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        if "*" in origins and len(origins) > 1:
            raise ValueError("must be * alone, or origins without it")
        for origin in origins:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ValueError(f"must be origins like https://shop.example:8443, not {origin!r}")
        return origins

    @field_validator("customers_days")
    @classmethod
    def _check_retention(cls, days: int, others: ValidationInfo) -> int:
        """Events are given out and erased by the customer whose they are, who has to be known for as long."""
        events_days = others.data.get("events_days", days)
        if days < events_days:
            raise ValueError(
                f"must be LISTINO_EVENTS_DAYS={events_days} or more: events of a customer who is known no longer could be "
                "neither given out nor erased"
            )
        return days

    @property
    def limit_doubt(self) -> str | None:
        """Why in production the rate of a client may be everybody's, if it may."""
        if self.env != "production" or not self.client_rate or not self.trusted_proxies:
            return None
        if not all(network.is_loopback for network in self.trusted_proxies):
            return None
        return (
            f"LISTINO_CLIENT_RATE={self.client_rate:g}, and LISTINO_TRUSTED_PROXIES names this machine alone: behind a load "
            "balancer on another one all clients count as one; name its network there"
        )

    def port(self, part: str) -> int:
        """The port of a part that `ports` names."""
        return self.ports()[part]

    def ports(self) -> dict[str, int]:
        """The port of each part that has one, the servers of MongoDB aside: a cluster keeps those it was made with."""
        workers = {f"live-{number + 1}": LIVE_OFFSET + number for number in range(self.live_workers)}
        return {part: self.port_base + offset for part, offset in (PORT_OFFSETS | workers).items()}

    @property
    def mongo_address(self) -> str:
        return self.mongo_uri or f"mongodb://{','.join(f'127.0.0.1:{self.port(name)}' for name in ROUTERS)}/"

    @property
    def redis_address(self) -> str:
        return self.redis_url or f"redis://127.0.0.1:{self.port('redis')}/0"

    @property
    def shops_path(self) -> Path:
        return self.shops_dir or self.state_dir / "shops"

    @property
    def user_agent(self) -> str:
        """Names the robot and how to reach its keeper."""
        return f"Listino/0.1 (+{self.contact})" if self.contact else "Listino/0.1 (under development)"

    def environment(self) -> dict[str, str]:
        """The variables that make a child process load these very settings. They hold secrets: pass them on, never write them."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        values["state_dir"] = self.state_dir.resolve()
        values["shops_dir"] = self.shops_path.resolve()
        return {f"LISTINO_{name.upper()}": _written(value) for name, value in values.items() if value is not None}

    def shown(self) -> dict[str, str]:
        """The same without secrets and passwords, fit for a file."""
        shown = self.environment()
        shown.pop("LISTINO_SECRET_KEY", None)
        return {name: masked(value) if "://" in value else value for name, value in shown.items()}

    def demand_secret(self) -> None:
        """Raises InvalidSettings in production without a secret key; elsewhere one is made when it is needed."""
        if self.env == "production" and self.secret_key is None:
            raise InvalidSettings("LISTINO_SECRET_KEY is not set: production needs one of 32 characters or more")

    def demand_contact(self) -> None:
        """Raises InvalidSettings in production without an address, or with one that is only an example."""
        if self.env == "production" and (self.contact is None or ".example" in self.contact):
            said = f"LISTINO_CONTACT={self.contact!r} is no address" if self.contact else "LISTINO_CONTACT is not set"
            raise InvalidSettings(
                f"{said}: shops must be able to reach whoever crawls them; give a page about your robot, or mailto:"
            )

    def session_secret(self) -> str:
        """The secret that signs sessions; outside production one is made on first use and kept in the state folder."""
        self.demand_secret()
        if self.secret_key is not None:
            return self.secret_key.get_secret_value()
        kept = self.state_dir / "secret_key"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            # Several worker processes come here at once: the first one's secret is everybody's, and never seen half-written.
            unfinished = kept.with_name(f"secret_key.{secrets.token_hex(4)}")
            unfinished.touch(mode=0o600)
            unfinished.write_text(secrets.token_urlsafe(48))
            with contextlib.suppress(FileExistsError):
                kept.hardlink_to(unfinished)
            unfinished.unlink()
        return kept.read_text()


def _written(value: Any) -> str:
    """As it stands in an environment."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def load_settings(**overrides: object) -> Settings:
    """The settings of this process; raises InvalidSettings with every bad key and its value on one line."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks the values
    except ValidationError as error:
        raise InvalidSettings("; ".join(_complaint(detail) for detail in error.errors())) from None


def unknown_settings() -> list[str]:
    """What to say of each variable that has our prefix and that no setting has: a misspelt one would do nothing, unseen."""
    prefix = "LISTINO_"
    known = [name.upper() for name in Settings.model_fields]
    places = (("the environment", EnvSettingsSource(Settings)), (".env", DotEnvSettingsSource(Settings)))
    return [
        f"{prefix}{name} in {place} is no setting{meant(name, known, prefix)}"
        for place, source in places
        for variable in sorted(map(str.upper, source.env_vars))
        if variable.startswith(prefix)
        and (name := variable.removeprefix(prefix)) not in known
        and name not in _NO_SETTINGS
    ]


def _complaint(detail: ErrorDetails) -> str:
    key = "LISTINO_" + "_".join(str(part) for part in detail["loc"]).upper()
    shown = "(secret)" if "SECRET" in key else repr(detail["input"])
    return f"{key}={shown}: {in_words(detail)}"


def masked(address: str) -> str:
    """An engine's address fit for a log line: the password is replaced by stars."""
    address = _PASSWORD_OPTION.sub(r"\1***", address)
    parts = urlsplit(address)
    if "@" not in parts.netloc:
        return address
    credentials, _, host = parts.netloc.rpartition("@")
    user = credentials.partition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{user}:***@{host}"))
