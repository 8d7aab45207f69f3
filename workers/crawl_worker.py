"""The worker of the crawl queue: told to stop, it has its spider stop in order; a failure is one line in its log."""

import contextlib
from types import FrameType, TracebackType

import psutil
import structlog
from rq import Worker
from rq.job import Job

from listino.domain.errors import ListinoError
from workers.enduring import Enduring

log = structlog.get_logger(__name__)


class CrawlWorker(Enduring, Worker):
    """RQ forks a process a job, in a process group of its own, so a signal to the worker's group never reaches the spider.

    This one passes SIGTERM on to the spider alone: it finishes what is under way and can be resumed, the job ends with
    that, and the worker after it.
    """

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        if self.horse_pid:
            with contextlib.suppress(psutil.NoSuchProcess):
                for spider in psutil.Process(self.horse_pid).children():
                    spider.terminate()
        super().request_stop(signum, frame)

    def handle_exception(
        self, job: Job, kind: type[BaseException], error: BaseException, traceback: TracebackType
    ) -> None:
        """Errors of ours say in one line what is wrong; where in the code they were raised helps nobody."""
        if isinstance(error, ListinoError):
            log.error("crawl.failed", job=job.description, reason=str(error))
        else:
            super().handle_exception(job, kind, error, traceback)
