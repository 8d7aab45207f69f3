"""The whole platform on this machine: brings it up, tells how it is, takes it down."""

import contextlib
import fcntl
import http.client
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from listino.domain.errors import LocalPlatformError
from listino.local import history, preflight, processes, record
from listino.local.blueprint import MONGO, Blueprint, topology_of
from listino.local.declarations import write_declarations
from listino.local.environment import program_environment
from listino.local.folders import StateFolder
from listino.local.nginx import write_nginx_config
from listino.local.programs import Program, Stage
from listino.local.sharded_cluster import ShardedCluster
from listino.local.shutdown import stop_everything
from listino.local.startup import await_ready, await_redis, await_running
from listino.local.supervision import Supervisor
from listino.local.supervisor_config import add_programs, supervisor_config
from listino.local.topology import Topology
from listino.settings import Settings

# Called with a part and what became of it (`ready`, `stopped`), while the platform comes up or goes down.
Progress = Callable[[str, str], None]

# The parts that somebody else could run for us.
ENGINES = frozenset({MONGO, "redis"})

# How long, in seconds, a start may take on a slow machine before it has failed.
ENGINES_READY_SECONDS = 60.0
APPLICATIONS_READY_SECONDS = 90.0
SETTLED_SECONDS = 5.0

WATCH_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class PartStatus:
    """How one part is. `state` is the supervisor's word in lower case, `running` when all is well, or `frozen` when a
    signal stopped one of its processes; `port` the first of its `ports`; `uptime` in seconds;
    `memory` in bytes, with its children's; `restarts` since the platform was started."""

    name: str
    state: str
    pid: int | None
    port: int | None
    ports: int
    uptime: float | None
    restarts: int
    memory: int | None


def silent(part: str, what: str) -> None:
    """The progress of nobody who looks."""


class Platform:
    """The platform of one state folder. Other processes' platforms of that folder are the same one.

    `only` names the parts to run, for those who need no more than, say, `{"mongo", "redis"}`; `members` is how many
    servers each replica set has, None means as many as it was made with.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        only: Collection[str] | None = None,
        members: int | None = None,
        topology: Topology | None = None,
    ) -> None:
        self.settings = settings
        self.folder = StateFolder.of(settings)
        self._only = only
        self._members = members
        self._topology = topology
        self._supervisor = Supervisor(self.folder)

    @cached_property
    def _blueprint(self) -> Blueprint:
        """Made when it is needed: what runs can be looked at and stopped even if it could not be planned again."""
        topology = self._topology or topology_of(self.settings, self.folder, self._members)
        return Blueprint(self.settings, self.folder, topology, self._only)

    def up(self, progress: Progress = silent, furnish: Callable[[], None] = lambda: None) -> bool:
        """Starts everything and returns once all of it is ready: True if this call started it, False if it was running.

        `furnish` is called when the engines are ready and before the applications are started, for what these must
        find in the database. Raises LocalPlatformError, with nothing left running that was not running before, when the
        platform cannot start; the data of earlier starts is kept.
        """
        if not self.folder.root.exists():
            self._examine()  # what cannot start leaves no folder behind
        preflight.complain(preflight.folder_complaints(self.folder))
        with self._lock():
            if self._supervisor.answers():
                self._require_healthy()
                return False
            programs = self._examine()
            try:
                self._start(programs, progress, furnish)
            except BaseException:
                stop_everything(self._supervisor, self.folder, silent)
                raise
        return True

    def add_shard(self, progress: Progress = silent) -> str:
        """Starts one more shard beside the running ones, makes it part of the cluster, and gives its name.

        Raises LocalPlatformError when nothing runs, or MongoDB is run by somebody else. The plan is kept before the
        servers are started: when that fails, the next `up` starts and adds them.
        """
        preflight.complain(preflight.folder_complaints(self.folder))
        with self._lock():
            if not self._supervisor.answers():
                raise LocalPlatformError(f"nothing is running in {self.folder.root}: run `listino up` first")
            self._require_healthy()
            if not isinstance(cluster := self._blueprint.topology, ShardedCluster):
                raise LocalPlatformError("MongoDB is run by somebody else: name the servers of the new shard")
            if known := cluster.not_joined():
                raise LocalPlatformError(
                    f"{', '.join(known)} was begun and is not yet part of the cluster: `listino down`, then `listino up`"
                )
            grown = cluster.with_another_shard()
            shard = grown.plan.shards[-1]
            servers = tuple(program for program in grown.members() if program.name in shard.names)
            preflight.complain(preflight.port_complaints(servers))
            grown.prepare()
            record.add(self.folder.parts, servers)
            add_programs(self.folder, servers)
            self._supervisor.learn()
            self._supervisor.start_parts(program.name for program in servers)
            await_ready(self._supervisor, self.folder, servers, ENGINES_READY_SECONDS, progress)
            grown.initiate(ENGINES_READY_SECONDS)
            del self._blueprint  # the next start is planned anew
        return shard.name

    def down(self, progress: Progress = silent) -> bool:
        """Stops everything, applications before engines, and what a killed supervisor left behind; False if nothing ran.

        Takes at most half a minute: what does not stop in its time is killed, and the engines' journals recover.
        """
        if not self.folder.run.is_dir():
            return False
        with self._lock():
            return stop_everything(self._supervisor, self.folder, progress)

    def status(self) -> list[PartStatus]:
        """Every part of the running platform, engines first; empty if none runs.

        Raises LocalPlatformError when the supervisor is gone but left parts behind.
        """
        kept = record.read(self.folder.parts)
        try:
            running = self._supervisor.processes()
        except (OSError, http.client.HTTPException):
            self._forbid_left_overs()
            return []
        counted = history.restarts(history.SupervisorLog(self.folder.supervisor_log).news())
        known = {part.name: part for part in kept.parts} if kept else {}
        order = {name: place for place, name in enumerate(known)}
        return [
            PartStatus(
                name=part.name,
                state="frozen" if part.pid is not None and processes.is_frozen(part.pid) else part.state,
                pid=part.pid,
                port=known[part.name].port if part.name in known else None,
                ports=known[part.name].ports if part.name in known else 1,
                uptime=part.uptime,
                restarts=counted[part.name],
                memory=processes.memory_bytes(part.pid) if part.pid is not None else None,
            )
            for part in sorted(running.values(), key=lambda part: order.get(part.name, len(order)))
        ]

    def addresses(self) -> Mapping[str, str]:
        """Where people reach the platform that runs, or the one that would be started."""
        kept = record.read(self.folder.parts) if self._supervisor.answers() else None
        return kept.addresses if kept else self._blueprint.addresses()

    def settings_to_apply(self) -> list[str]:
        """The variables of settings that are other ones than the running platform was started with, secrets aside."""
        kept = record.read(self.folder.parts)
        if kept is None or not kept.settings:
            return []
        ours = self.settings.shown()
        return sorted(name for name in ours.keys() | kept.settings.keys() if ours.get(name) != kept.settings.get(name))

    def watch(self, report: Callable[[str], None], stop: threading.Event) -> None:
        """Reports every part that ended and was started again, until `stop` is set or somebody took the platform down.

        Raises LocalPlatformError when the supervisor was killed; `down` clears up what it left.
        """
        log = history.SupervisorLog(self.folder.supervisor_log)
        log.news()  # the start itself is no news
        ended: dict[str, str] = {}
        while not stop.wait(WATCH_SECONDS):
            for event in log.news():
                match event:
                    case history.Ended(part, how):
                        ended[part] = how
                    case history.Started(part) if part in ended:
                        report(f"part {part} ended ({ended.pop(part)}), restarted")
                    case history.GivenUp(part):
                        report(f"part {part} ends again and again and was given up: see {self.folder.log(part)}")
            if not self._supervisor.answers() and not self._locked():
                if self.folder.parts.exists():  # `down` would have removed it
                    raise LocalPlatformError(f"the supervisor of {self.folder.root} was killed")
                return

    def _examine(self) -> tuple[Program, ...]:
        """The programs to start, after everything that can be known to go wrong was looked at."""
        self._forbid_left_overs()
        preflight.complain(preflight.engine_complaints(self._blueprint.engines()))
        programs = self._blueprint.programs()
        preflight.complain(preflight.port_complaints(programs))
        return programs

    def _start(self, programs: tuple[Program, ...], progress: Progress, furnish: Callable[[], None]) -> None:
        self._prepare(programs)
        environment = program_environment(
            self.settings, self.folder, self._blueprint.topology.uri, self._blueprint.redis_url
        )
        self._supervisor.start(environment)
        engines, routers, applications = (
            [program for program in programs if program.stage is stage] for stage in Stage
        )
        self._supervisor.start_parts(program.name for program in (*engines, *routers))
        await_ready(self._supervisor, self.folder, engines, ENGINES_READY_SECONDS, progress)
        if self._blueprint.waits_for_redis():
            await_redis(self.settings.redis_address, ENGINES_READY_SECONDS)
        if self._blueprint.waits_for_mongo():
            self._blueprint.topology.initiate(ENGINES_READY_SECONDS)
        await_ready(self._supervisor, self.folder, routers, ENGINES_READY_SECONDS, progress)
        furnish()
        self._supervisor.start_parts(program.name for program in applications)
        await_ready(self._supervisor, self.folder, applications, APPLICATIONS_READY_SECONDS, progress)
        await_running(self._supervisor, SETTLED_SECONDS)

    def _prepare(self, programs: tuple[Program, ...]) -> None:
        """Writes all that the programs read at their start."""
        if self.folder.supervisor_log.exists():
            self.folder.supervisor_log.replace(self.folder.supervisor_log.with_suffix(".previous.log"))
        if self._blueprint.waits_for_mongo():
            self._blueprint.topology.prepare()
        write_nginx_config(self.settings, self.folder.run)
        self.folder.supervisor_config.write_text(supervisor_config(self.folder, programs), encoding="utf-8")
        self.settings.session_secret()  # made here once, or several processes would each make one
        try:
            write_declarations(self.settings)
        except OSError as error:
            raise LocalPlatformError(
                f"shops folder: {self.settings.shops_path} cannot be written ({error.strerror}): set LISTINO_SHOPS_DIR"
            ) from None
        record.write(self.folder.parts, programs, self._blueprint.addresses(), self.settings.shown())

    def _require_healthy(self) -> None:
        ailing = [f"{part.name} ({part.state})" for part in self.status() if part.state != "running"]
        if ailing:
            raise LocalPlatformError(
                f"the platform in {self.folder.root} is running, but not whole: {', '.join(ailing)}; "
                f"see the logs in {self.folder.logs}, or run `listino down` and `listino up` again"
            )

    def _forbid_left_overs(self) -> None:
        left = [f"{process.name()} (pid {process.pid})" for process in processes.of_instance(self.folder)]
        if left:
            raise LocalPlatformError(
                f"the supervisor of {self.folder.root} is gone, but it left behind {', '.join(left)}: run `listino down`"
            )

    def _locked(self) -> bool:
        """Whether another process is bringing this platform up or down at this moment."""
        try:
            with self._lock():
                return False
        except LocalPlatformError:
            return True

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """So that of two starts or stops at a time the second one is told, not mixed in."""
        with self.folder.lock.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise LocalPlatformError(
                    f"another `listino up` or `listino down` is at work in {self.folder.root}: wait for it to finish"
                ) from None
            yield
