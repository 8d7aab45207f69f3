"""What a host's robots.txt asks of us, as RFC 9309 has it, with Crawl-delay and Sitemap beside.

https://www.rfc-editor.org/rfc/rfc9309.html
"""

from dataclasses import dataclass
from functools import cached_property

from protego import Protego

_OK = range(200, 300)
_NO_RULES = range(400, 500)
_TOO_MANY = 429  # no word about rules: the host cannot say them now
MOST_BYTES = 512 * 1024  # of rules that are read, 500 KiB at least (section 2.5)


@dataclass(frozen=True)
class Robots:
    """The rules of one host. `trouble`: why they are not known, and so nothing may be asked (section 2.3.1.4)."""

    text: str = ""
    trouble: str | None = None

    @classmethod
    def answered(cls, status: int, body: bytes) -> "Robots":
        """The rules in an answer to `/robots.txt`: none where there is no such page, unknown where the host fails."""
        if status in _OK:
            return cls(body[:MOST_BYTES].decode("utf-8", "replace"))
        if status in _NO_RULES and status != _TOO_MANY:
            return cls()
        return cls(trouble=f"its robots.txt answered {status}, and nothing is asked until its rules are known")

    @cached_property
    def _rules(self) -> Protego:
        return Protego.parse(self.text)

    def allows(self, url: str, agent: str) -> bool:
        """Whether the robot of that User-Agent may ask for the address."""
        return self.trouble is None and bool(self._rules.can_fetch(url, _product(agent)))

    def crawl_delay(self, agent: str) -> float | None:
        """Seconds between two requests that the host asks of that robot."""
        delay = self._rules.crawl_delay(_product(agent))
        return None if delay is None else float(delay)

    @property
    def sitemaps(self) -> list[str]:
        """The addresses after `Sitemap:`, in order."""
        return list(self._rules.sitemaps)


def _product(agent: str) -> str:
    """The product, by whose token groups are chosen (section 2.2.1): what else a User-Agent says names no robot.

    With its version, for hosts that copy a name from their log, `Listino/0.1`, mean us by it.
    """
    return agent.partition(" ")[0]
