from pathlib import Path

from listino.local.history import Ended, GivenUp, Started, SupervisorLog, restarts

# Lines as supervisord 4.3 writes them.
LOG = """\
2026-11-21 10:21:08,577 INFO supervisord started with pid 7907
2026-11-21 10:21:08,600 INFO spawned: 'redis' with pid 7909
2026-11-21 10:21:08,610 INFO spawned: 'live-1' with pid 7910
2026-11-21 10:21:09,731 INFO success: redis entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)
2026-11-21 10:21:10,100 WARN exited: redis (terminated by SIGKILL; not expected)
2026-11-21 10:21:10,110 INFO spawned: 'redis' with pid 7999
2026-11-21 10:21:11,000 WARN exited: live-1 (exit status 1; not expected)
2026-11-21 10:21:11,200 INFO exited: live-1 (exit status 0; expected)
2026-11-21 10:21:12,000 INFO gave up: live-1 entered FATAL state, too many start retries too quickly
2026-11-21 10:21:13,000 INFO stopped: redis (exit status 0)
"""


def test_starts_and_ends_are_told_in_order(tmp_path: Path) -> None:
    path = tmp_path / "supervisord.log"
    path.write_text(LOG)
    assert SupervisorLog(path).news() == [
        Started("redis"),
        Started("live-1"),
        Ended("redis", "SIGKILL"),
        Started("redis"),
        Ended("live-1", "exit 1"),
        Ended("live-1", "exit 0"),
        GivenUp("live-1"),
    ]


def test_only_news_are_told_and_no_half_line(tmp_path: Path) -> None:
    path = tmp_path / "supervisord.log"
    log = SupervisorLog(path)
    assert log.news() == []
    first, rest = LOG[:130], LOG[130:]
    path.write_text(first)
    told = log.news()
    with path.open("a") as file:
        file.write(rest)
    told += log.news()
    assert told == SupervisorLog(path).news()
    assert log.news() == []


def test_the_first_start_is_no_restart() -> None:
    counted = restarts([Started("redis"), Started("live-1"), Started("redis"), Started("redis")])
    assert counted["redis"] == 2
    assert counted["live-1"] == 0
    assert counted["unknown"] == 0
