from pathlib import Path

from redis import Redis

from listino.local.engines import running_redis


def test_a_throw_away_redis_keeps_its_data(tmp_path: Path) -> None:
    with running_redis(tmp_path) as url, Redis.from_url(url) as client:
        client.set("a", "1")
        client.execute_command("WAITAOF", 1, 0, 5000)
    with running_redis(tmp_path) as url, Redis.from_url(url) as client:
        assert client.get("a") == b"1"
