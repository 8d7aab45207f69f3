"""The times that live refreshes keep, in ms, and how often something may go wrong before it counts."""

from listino.settings import Settings

# A drain holds its shop by a lease. A worker that is killed is missed when that has run out: a viewer who waits 1.5 s
# must still have the price from another one. All of a process are renewed together, five times in that time, so that a busy
# machine loses none; in the same step it looks for what waits without the drain having been woken, and for shops that nobody
# drains any more.
LEASE_MS = 600
RENEW_MS = 120
LOOK_MS = 100  # a process without drains looks when the next lease runs out, not more often than this
# A job that nobody has begun by then is not waited for: it was lost, or all RQ workers are away.
JOB_MS = 300
# For so long no second job is queued for the shop: with no worker at all, the queue would grow by one every JOB_MS.
QUEUED_MS = 10_000

# A breaker opens when so many requests in a row were not answered, and lets one through as often as PROBE_MS. After
# FORGET_MS without any of it, it is closed: whoever looks at the shop next has it asked, and waits.
BREAK_AFTER = 3
PROBE_MS = 1_000
FORGET_MS = 10_000

# A product that was in the hands of so many workers that died is taken alone, to tell it from those around it; after
# one more it is parked. Blame is forgotten with the first answer, or after a while.
ALONE_AFTER = 2
PARK_AFTER = 3
BLAME_MS = 600_000
PARKED_MS = 3_600_000


def probe_ms(settings: Settings) -> int:
    """How long a probe may be under way before there is another: as long as it may wait for its turn at the shop, the
    shop's time, and a second of ours."""
    return 2 * settings.live_timeout_ms + 1000
