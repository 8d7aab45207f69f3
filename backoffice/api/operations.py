"""The platform at work, and putting failed jobs right."""

from flask import g

from backoffice.access import requires
from backoffice.api.operation import operation, subject
from backoffice.api.platform import Platform, QueuedJob
from backoffice.services import operations

blueprint = subject("operations", "/operations", __name__)


@blueprint.get("")
@requires("agent", scopes=("read",))
@operation()
def platform() -> Platform:
    """Read how the platform is

    Waits a second at most for parts that hang: they are told as they were last seen."""
    return Platform.model_validate(operations.platform())


@blueprint.post("/jobs/<job_id>/requeue")
@requires("manager", scopes=("write",))
@operation(problems=(409,))
def requeue(job_id: str) -> QueuedJob:
    """Put a failed job back into its queue

    409: it has not failed, or is there no more."""
    return QueuedJob.model_validate(operations.requeue_job(job_id, by=g.member.email))


@blueprint.delete("/jobs/<job_id>")
@requires("manager", scopes=("write",))
@operation(problems=(409,))
def remove(job_id: str) -> None:
    """Remove a job that waits or has failed

    409: it is at work, or over."""
    operations.remove_job(job_id, by=g.member.email)


@blueprint.post("/parked/<product_id>/release")
@requires("manager", scopes=("write",))
@operation(problems=(409,))
def release(product_id: str) -> None:
    """Have a parked product asked for again

    From the next viewer on. 409: it is not parked."""
    operations.release(product_id, by=g.member.email)
