"""How many files, and so connections, the process may have open."""

import resource

import structlog

log = structlog.get_logger(__name__)


def allow_files(wanted: int) -> None:
    """Raises the soft limit to that many, as far as the hard one lets it; many systems begin with 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        log.warning(
            "api.files", wanted=wanted, allowed=allowed, hint="LISTINO_STREAMS needs a higher limit (ulimit -n)"
        )
