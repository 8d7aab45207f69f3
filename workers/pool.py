"""Several live workers that one parent starts, and starts again when they end: RQ's pool, with workers as they are here."""

import signal
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from typing import Any

import structlog
from redis import Redis
from rq.serializers import JSONSerializer
from rq.worker_pool import ForkProcess, WorkerData, WorkerPool

from listino.jobs import LIVE
from listino.settings import Settings
from workers.enduring import LiveWorker
from workers.live_worker import HOST, work

log = structlog.get_logger(__name__)

_STOP = (signal.SIGINT, signal.SIGTERM)


class LivePool(WorkerPool):
    """`processes` live workers, each with connections of its own. Told to stop, it has them stop in order.

    With `metrics_ports`, one each, they answer Prometheus there; who takes the place of one that ended has its port.
    """

    def __init__(
        self,
        settings: Settings,
        connection: Redis,
        processes: int,
        *,
        metrics_host: str = HOST,
        metrics_ports: Sequence[int] | None = None,
    ) -> None:
        super().__init__([LIVE], connection, num_workers=processes, worker_class=LiveWorker, serializer=JSONSerializer)
        self._settings = settings
        self._metrics_host = metrics_host
        self._free_ports = list(metrics_ports or ())
        self._ports: dict[str, int] = {}

    def get_worker_process(self, name: str, burst: bool, _sleep: float = 0, logging_level: str = "INFO") -> BaseProcess:
        if self._free_ports:
            self._ports[name] = self._free_ports.pop(0)
        arguments = (self._settings, self._metrics_host, self._ports.get(name))
        return ForkProcess(target=_work, args=arguments, name=f"live worker {name}")

    def start_worker(self, *args: Any, **options: Any) -> None:
        # Whoever is told to stop in the middle of this would forget the new worker, which has the parent's handlers still.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)
        try:
            super().start_worker(*args, **options)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP)

    def handle_dead_worker(self, worker_data: WorkerData) -> None:
        super().handle_dead_worker(worker_data)
        if (port := self._ports.pop(worker_data.name, None)) is not None:
            self._free_ports.append(port)
        code = worker_data.process.exitcode or 0
        if self.status is self.Status.STOPPED:
            log.debug("live.worker_stopped", pid=worker_data.pid, exit_code=code)
        elif code < 0:
            log.warning("live.worker_ended", pid=worker_data.pid, signal=signal.Signals(-code).name)
        else:
            said = log.warning if code else log.info
            said("live.worker_ended", pid=worker_data.pid, exit_code=code)


def _work(settings: Settings, metrics_host: str, metrics_port: int | None) -> None:
    for number in _STOP:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP)
    work(settings, metrics_host, metrics_port)
