"""The platform at work: cluster, Redis, queues and workers, live prices; and putting failed jobs right."""

from dataclasses import dataclass

import structlog

from backoffice import trail
from backoffice.engines import engines
from backoffice.kept import Reading, begun
from backoffice.panels import LiveState, Queues
from listino.domain.audit import StaffAction
from listino.domain.errors import AlreadyDecided, QueueUnavailable
from listino.live.client import UNAVAILABLE
from listino.live.parked import release as release_parked
from listino.queues import QueuedJob, remove, requeue
from listino.store.cluster import ClusterStatus

log = structlog.get_logger("backoffice.operations")


@dataclass(frozen=True, slots=True)
class Platform:
    """Each part as it was last seen, and what is wrong with seeing it."""

    cluster: Reading[ClusterStatus]
    queues: Reading[Queues]
    live: Reading[LiveState]


def platform() -> Platform:
    """All parts, asked at the same time; takes no longer than backoffice.kept.PATIENCE_SECONDS, whatever hangs."""
    panels = engines().panels
    left = begun((panels.cluster, panels.queues, panels.live))
    return Platform(
        queues=panels.queues.reading(left()), live=panels.live.reading(left()), cluster=panels.cluster.reading(left())
    )


def requeue_job(job_id: str, *, by: str) -> QueuedJob:
    """Puts a failed job back into its queue; raises AlreadyDecided where it has not failed (any more), and QueueUnavailable."""
    try:
        job = requeue(engines().jobs, job_id)
    except UNAVAILABLE as error:
        raise _away(error) from None
    _changed(StaffAction.JOB_REQUEUED, job, by)
    return job


def remove_job(job_id: str, *, by: str) -> QueuedJob:
    """Forgets a job that waits or has failed; raises AlreadyDecided where it cannot be removed (any more), and
    QueueUnavailable."""
    try:
        job = remove(engines().jobs, job_id)
    except UNAVAILABLE as error:
        raise _away(error) from None
    _changed(StaffAction.JOB_REMOVED, job, by)
    return job


def release(product_id: str, *, by: str) -> None:
    """Has a parked product asked for again; raises AlreadyDecided where it is not parked, and QueueUnavailable."""
    try:
        released = product_id.count(":") >= 2 and release_parked(engines().jobs.connection, product_id)
    except UNAVAILABLE as error:
        raise _away(error) from None
    if not released:
        raise AlreadyDecided(f"{product_id[:80]} is not parked")
    trail.record(StaffAction.PARKED_RELEASED, product_id, by=by)
    log.info("product.released", product_id=product_id, staff=by)
    engines().panels.live.forget()


def _changed(action: StaffAction, job: QueuedJob, by: str) -> None:
    trail.record(action, f"job:{job.id}", by=by, detail={"queue": job.queue, "job": job.what, "reason": job.reason})
    log.info(action.value, job=job.id, queue=job.queue, what=job.what, staff=by)
    engines().panels.queues.forget()


def _away(error: Exception) -> QueueUnavailable:
    log.warning("queue.unavailable", error=str(error))
    return QueueUnavailable("nothing was changed: Redis, which holds the queues, is away")
