"""RQ's workers, as they stay at work while Redis is away."""

from collections.abc import Sequence
from types import FrameType
from typing import Any

from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker
from rq.worker_registration import register

from workers.patience import Patience

# How long a worker listens for a job before it gives a sign of life and listens again, and how long, in seconds, it
# waits for an answer: only what is longer than the pop tells a Redis that hangs from a queue that is empty.
POP_SECONDS = 5
READ_SECONDS = POP_SECONDS + 3


class Enduring(BaseWorker):
    """A worker whose `connection` was made with `patience`, for the commands that RQ gives. RQ itself would end."""

    def __init__(self, queues: Sequence[Queue], *, connection: Redis, patience: Patience) -> None:
        self._patience = patience
        super().__init__(queues, connection=connection, serializer=JSONSerializer)

    @property
    def dequeue_timeout(self) -> int:
        return POP_SECONDS

    @property
    def connection_timeout(self) -> int:
        return READ_SECONDS

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """As RQ's; a Redis that has forgotten the worker, or another one in its place, is told of it again."""
        super().heartbeat(timeout, pipeline)
        if pipeline is None and not self.connection.hexists(self.key, "birth"):
            self.connection.hset(self.key, mapping=self.serialize())
            register(self)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self._patience.end()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # RQ types it not

    def set_shutdown_requested_date(self) -> None:
        self._patience.farewell(super().set_shutdown_requested_date)

    def teardown(self) -> None:
        self._patience.farewell(super().teardown)


class LiveWorker(Enduring, SimpleWorker):
    """No fork a job: 5 ms from queue to start instead of 30, and connections to the shops stay warm."""
