"""Where the platform on this machine keeps its things, below the state folder."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from listino.local.sockets import is_socket_path
from listino.settings import Settings

# sun_path holds 108 bytes (unix(7)); supervisord first binds `<path>.<pid>`, and a pid has up to 7 digits.
LONGEST_SOCKET_PATH = 98


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The folders of one platform; `root` is absolute and without symbolic links, so that it names the platform."""

    root: Path

    @classmethod
    def of(cls, settings: Settings) -> "StateFolder":
        return cls(settings.state_dir.resolve())

    @property
    def run(self) -> Path:
        """Written anew at each start: configurations, the socket, the lock. The working folder of all programs."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def mongo(self) -> Path:
        return self.root / "mongo"

    @property
    def redis(self) -> Path:
        return self.root / "redis"

    @property
    def shops_state(self) -> Path:
        """What happened in the demo shops (price changes), one file a shop, so that a restart forgets nothing."""
        return self.root / "shops-state"

    @property
    def sockets(self) -> Path:
        """Where parts listen for each other besides their ports; only for our user."""
        return self.run / "sockets"

    def socket(self, name: str) -> Path | None:
        """The socket of that name; None where its path is too long for one: then ports will do."""
        return path if is_socket_path(path := self.sockets / name) else None

    @property
    def lock(self) -> Path:
        return self.run / "lock"

    @property
    def parts(self) -> Path:
        """Which parts were started, on which ports: what `status` and `down` of another process go by."""
        return self.run / "parts.json"

    @property
    def supervisor_config(self) -> Path:
        return self.run / "supervisord.conf"

    @property
    def supervisor_log(self) -> Path:
        return self.logs / "supervisord.log"

    @property
    def supervisor_socket(self) -> Path:
        """In the run folder, or in the temporary folder when that path is too long for a socket."""
        near = self.run / "supervisor.sock"
        if len(os.fsencode(near)) <= LONGEST_SOCKET_PATH:
            return near
        name = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"listino-{os.getuid()}-{name}.sock"

    def log(self, part: str) -> Path:
        return self.logs / f"{part}.log"

    def make(self) -> None:
        """Makes all folders; raises OSError where that is not allowed."""
        for folder in (self.root, self.run, self.logs, self.mongo, self.redis, self.shops_state):
            folder.mkdir(parents=True, exist_ok=True)
        self.sockets.mkdir(mode=0o700, exist_ok=True)
