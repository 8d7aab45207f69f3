"""The worker of the crawl queue: told to stop, it has its spider stop in order."""

import contextlib
from types import FrameType

import psutil
from rq import Worker

from workers.enduring import Enduring


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
