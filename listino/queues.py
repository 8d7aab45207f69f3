"""The queues, and whoever works them off, as an operator looks at them: what waits, what failed and why, who is alive."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from redis import Redis
from rq import Worker
from rq.cron import CronScheduler
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer

from listino.domain.clock import utc_now
from listino.domain.errors import AlreadyDecided
from listino.jobs import CRAWL, QUEUES, Jobs

MOST_SHOWN: Final = 20  # jobs of each kind in a queue; its counts are of all
MOST_WORKERS: Final = 100
# A worker that listens says so every five seconds (workers/enduring.py), one at work every half minute.
SILENT_AFTER: Final = timedelta(seconds=45)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedJob:
    """A job. `what`: `crawl it`; `trigger`: who wanted it, of a crawl; `reason`: the last line of why it failed."""

    id: str
    queue: str
    what: str
    at: datetime | None
    trigger: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """`length`, `started` and `failures` count all; `oldest` is since when the first of them waits. `waiting` and `failed`
    are jobs to look at, MOST_SHOWN of each, the next to be taken and the last to fail first."""

    name: str
    length: int
    oldest: datetime | None
    started: int
    failures: int
    waiting: tuple[QueuedJob, ...]
    failed: tuple[QueuedJob, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerState:
    """A worker, or the scheduler (no queue). `doing`: the job in its hands, None where it listens."""

    name: str
    queues: tuple[str, ...]
    host: str | None
    pid: int | None
    alive: bool
    heartbeat_at: datetime | None
    since: datetime | None
    doing: str | None = None
    failed: int = 0
    succeeded: int = 0


def queue_states(jobs: Jobs) -> list[QueueState]:
    """Each queue as it is now."""
    return [_queue_state(jobs, name) for name in QUEUES]


def worker_states(connection: Redis) -> list[WorkerState]:
    """Workers by queue and name, the scheduler last; those that died a while ago are forgotten."""
    keys = sorted(Worker.all_keys(connection))[:MOST_WORKERS]
    workers = [Worker.find_by_key(key, connection=connection, serializer=JSONSerializer) for key in keys]
    there = [worker for worker in workers if worker is not None]
    ids = [worker.get_current_job_id() for worker in there]
    found = Job.fetch_many([one for one in ids if one], connection, serializer=JSONSerializer)
    doing = {job.id: _what(job) for job in found if job is not None}
    states = [
        WorkerState(
            name=worker.name,
            queues=tuple(worker.queue_names()),
            host=worker.hostname,
            pid=worker.pid,
            alive=_is_alive(worker.last_heartbeat),
            heartbeat_at=worker.last_heartbeat,
            since=worker.birth_date,
            doing=doing.get(job_id or ""),
            failed=worker.failed_job_count,
            succeeded=worker.successful_job_count,
        )
        for worker, job_id in zip(there, ids, strict=True)
    ]
    return [*sorted(states, key=lambda state: (state.queues, state.name)), *_schedulers(connection)]


def requeue(jobs: Jobs, job_id: str) -> QueuedJob:
    """Puts a failed job back into its queue; raises AlreadyDecided where it is not among the failed ones any more."""
    job = _job(jobs, job_id)
    try:
        jobs.queue(job.origin).failed_job_registry.requeue(job)
    except InvalidJobOperation:
        raise AlreadyDecided(f"the job {job_id[:40]} has not failed, or was put back already") from None
    return _told(job)


def remove(jobs: Jobs, job_id: str) -> QueuedJob:
    """Forgets a job that waits or has failed; raises AlreadyDecided where it is gone, or in a worker's hands."""
    job = _job(jobs, job_id)
    queue = jobs.queue(job.origin)
    taken = queue.remove(job_id) or jobs.connection.zrem(queue.failed_job_registry.key, job_id)
    if not taken:
        raise AlreadyDecided(f"the job {job_id[:40]} is at work, or over: it can be removed no more")
    job.delete()
    return _told(job)


def _queue_state(jobs: Jobs, name: str) -> QueueState:
    queue = jobs.queue(name)
    failures = queue.failed_job_registry
    waiting = [_told(job) for job in queue.get_jobs(length=MOST_SHOWN)]
    ids = failures.get_job_ids(0, MOST_SHOWN - 1, desc=True, cleanup=False)
    failed = Job.fetch_many(ids, jobs.connection, serializer=JSONSerializer)
    return QueueState(
        name=name,
        length=queue.count,
        oldest=waiting[0].at if waiting else None,
        started=queue.started_job_registry.get_job_count(cleanup=False),
        failures=failures.get_job_count(cleanup=False),
        waiting=tuple(waiting),
        failed=tuple(_told(job, failed=True) for job in failed if job is not None),
    )


def _told(job: Job, *, failed: bool = False) -> QueuedJob:
    return QueuedJob(
        id=job.id,
        queue=job.origin,
        what=_what(job),
        at=job.ended_at if failed else job.enqueued_at,
        trigger=job.args[2] if job.origin == CRAWL and len(job.args) > 2 else None,
        reason=_reason(job) if failed else None,
    )


def _what(job: Job) -> str:
    if job.origin == CRAWL:
        return job.description or "crawl"
    return f"drain {job.args[0]}" if job.args else str(job.func_name)


def _reason(job: Job) -> str | None:
    """The last line of the traceback that was kept: the error and what it says."""
    result = job.latest_result()
    lines = (result.exc_string or "").strip().splitlines() if result else []
    return lines[-1][:500] if lines else None


def _job(jobs: Jobs, job_id: str) -> Job:
    try:
        job = Job.fetch(job_id, jobs.connection, serializer=JSONSerializer)
    except (NoSuchJobError, ValueError):  # there is none, or an id as no job has it
        job = None
    if job is None or job.origin not in QUEUES:
        raise AlreadyDecided(f"there is no job {job_id[:40]}")
    return job


def _schedulers(connection: Redis) -> Iterable[WorkerState]:
    for scheduler in CronScheduler.all(connection, cleanup=False)[:MOST_WORKERS]:
        at = scheduler.last_heartbeat
        yield WorkerState(
            name=scheduler.name,
            queues=(),
            host=scheduler.hostname,
            pid=scheduler.pid,
            alive=_is_alive(at),
            heartbeat_at=at,
            since=scheduler.created_at,
        )


def _is_alive(heartbeat_at: datetime | None) -> bool:
    return heartbeat_at is not None and utc_now() - heartbeat_at < SILENT_AFTER
