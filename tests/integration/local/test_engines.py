from pathlib import Path

from pymongo import MongoClient, WriteConcern
from redis import Redis

from listino.local.engines import running_mongo, running_redis


def test_a_throw_away_mongo_is_a_primary_and_keeps_its_data_on_another_port(tmp_path: Path) -> None:
    majority = WriteConcern("majority", j=True)
    with running_mongo(tmp_path) as uri:
        client: MongoClient = MongoClient(uri)
        with client:
            assert client.admin.command("hello")["isWritablePrimary"]
            client.shop.get_collection("goods", write_concern=majority).insert_one({"_id": 1})

    with running_mongo(tmp_path) as moved:
        assert moved != uri
        client = MongoClient(moved)
        with client:
            assert client.shop.goods.find_one() == {"_id": 1}
            with client.start_session() as session, session.start_transaction():
                client.shop.goods.insert_one({"_id": 2}, session=session)
            assert client.shop.goods.count_documents({}) == 2


def test_a_throw_away_redis_keeps_its_data(tmp_path: Path) -> None:
    with running_redis(tmp_path) as url, Redis.from_url(url) as client:
        client.set("a", "1")
        client.execute_command("WAITAOF", 1, 0, 5000)
    with running_redis(tmp_path) as url, Redis.from_url(url) as client:
        assert client.get("a") == b"1"
