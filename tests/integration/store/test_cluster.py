"""What `listino cluster` tells of a real cluster."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pymongo import IndexModel, MongoClient
from shopkeeper import wait_until

from listino.domain.errors import EngineUnavailable, InvalidValue
from listino.local.throw_away_cluster import Cluster, running_cluster, running_replica_set
from listino.settings import Settings
from listino.store.client import Store
from listino.store.collections import COLLECTIONS, PRODUCTS
from listino.store.query import ProductQuery


def test_every_collection_is_there_with_its_share_of_each_shard(
    store: Store, settings: Settings, mongo_uri: str
) -> None:
    with MongoClient(mongo_uri) as client:
        goods = [{"_id": f"it:bottega:{number}", "name": "Moka"} for number in range(400)]
        client[settings.mongo_database]["products"].insert_many(goods, ordered=False)
    found = store.cluster_status()
    assert found.problems == ()
    assert [share.collection for share in found.shares] == [one.name for one in COLLECTIONS for _ in range(2)]
    products = [share for share in found.shares if share.collection == "products"]
    assert sum(share.documents for share in products) == 400
    assert all(share.chunks == 2 and 100 < share.documents < 300 and share.data_bytes > 0 for share in products)
    assert sorted((member.replica_set[:5], member.state) for member in found.members) == [
        ("confi", "primary"),
        ("shard", "primary"),
        ("shard", "primary"),
    ]
    assert [router.program for router in found.routers] == ["development router"] * 2
    assert found.balancer.startswith("on")


def test_an_index_that_one_shard_lacks_is_named(
    store: Store, settings: Settings, shards: dict[str, MongoClient]
) -> None:
    (name, shard), *_ = shards.items()
    collection = shard[settings.mongo_database]["products"]
    collection.drop_index("by_gtin")
    try:
        assert store.cluster_status().problems == (
            f"products: the index by_gtin is missing on {name}: run `listino cluster init`",
        )
        store.prepare()
        assert store.cluster_status().problems == ()
    finally:
        by_gtin = next(index for index in PRODUCTS.indexes if index.document["name"] == "by_gtin")
        collection.create_indexes([by_gtin])


def test_an_index_in_another_form_is_named(store: Store, settings: Settings, shards: dict[str, MongoClient]) -> None:
    for keys, shard in zip(({"gtin": 1}, {"gtin": 1, "name": 1}), shards.values(), strict=True):
        shard[settings.mongo_database]["products"].create_indexes([IndexModel(keys, name="odd")])
    try:
        assert store.cluster_status().problems == (
            "products: the index odd is not the same on all shards: drop it, then run `listino cluster init`",
        )
    finally:
        for shard in shards.values():
            shard[settings.mongo_database]["products"].drop_index("odd")


def test_what_is_missing_or_lies_on_one_shard_is_named(settings: Settings, mongo_uri: str) -> None:
    fresh = settings.model_copy(update={"mongo_database": "undeclared"})
    with MongoClient(mongo_uri) as client, Store(fresh) as store:
        client["undeclared"].create_collection("crawls")
        try:
            problems = store.cluster_status().problems
        finally:
            client.drop_database("undeclared")
    assert len(problems) == len(COLLECTIONS)
    assert "crawls is not sharded, all of it lies on one shard: run `listino cluster init`" in problems
    assert "the collection products does not exist: run `listino cluster init`" in problems


def test_a_collection_that_was_filled_without_a_key_is_sharded_later(settings: Settings, mongo_uri: str) -> None:
    fresh = settings.model_copy(update={"mongo_database": "filled_early"})
    with MongoClient(mongo_uri) as client, Store(fresh) as store:
        try:
            client["filled_early"]["products"].insert_many([{"_id": str(n), "name": "Moka"} for n in range(50)])
            store.prepare()
            assert store.cluster_status().problems == ()
            assert client["filled_early"]["products"].count_documents({}) == 50
        finally:
            client.drop_database("filled_early")


def test_a_replica_set_is_no_cluster(settings: Settings, tmp_path: Path) -> None:
    with (
        running_replica_set(tmp_path) as uri,
        Store(settings.model_copy(update={"mongo_uri": uri})) as store,
        pytest.raises(EngineUnavailable, match="no sharded cluster"),
    ):
        store.cluster_status()


@pytest.mark.parametrize("servers", ["", "shard-3", "shard-3/", "/a:1", "shard-3/a", "shard-3/a:x", "shard-3/a:1,"])
def test_a_shard_that_is_written_wrongly_is_refused(store: Store, servers: str) -> None:
    with pytest.raises(InvalidValue, match="name/host:port"):
        store.add_shard(servers)


@pytest.fixture(scope="module")
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that a test may break."""
    with running_cluster(tmp_path_factory.mktemp("cluster"), members=3, shards=1) as cluster:
        yield cluster


def test_dead_servers_are_named_and_a_secondary_has_a_lag(own_cluster: Cluster, settings: Settings) -> None:
    given = settings.model_copy(update={"mongo_uri": own_cluster.uri})
    (shard,) = own_cluster.shards
    dead = next(address for address in shard.addresses if address != own_cluster.primary(shard))
    with Store(given) as store:
        store.prepare()
        whole = store.cluster_status()
        assert whole.problems == ()
        assert [member.state for member in whole.members].count("secondary") == 4
        assert all(member.lag is not None and member.lag < 60 for member in whole.members)
    own_cluster.kill(dead)
    own_cluster.kill_router(1)
    with Store(given) as store:
        broken = store.cluster_status()
    own_cluster.restart(dead)
    own_cluster.restart_router(1)
    assert len(broken.problems) == 2
    assert f"the router {own_cluster.routers[1]} does not answer: start it" in broken.problems
    assert f"{dead} of {shard.name} does not answer: start it" in broken.problems


def test_a_shard_can_be_added_and_added_again(own_cluster: Cluster, settings: Settings) -> None:
    added = own_cluster.start_shard()
    with Store(settings.model_copy(update={"mongo_uri": own_cluster.uri})) as store:
        assert store.add_shard(added.seeds) == added.name
        assert store.add_shard(added.seeds) == added.name
        assert {member.replica_set for member in store.cluster_status().members} >= {added.name}
        with pytest.raises(InvalidValue, match="cannot become a shard"):
            store.add_shard(f"{own_cluster.config.seeds}")
        with pytest.raises(InvalidValue, match=r"127\.0\.0\.1:9 of shard-9 does not answer: start it first"):
            store.add_shard("shard-9/127.0.0.1:9")


def test_lists_are_read_from_secondaries_and_products_from_primaries(own_cluster: Cluster, settings: Settings) -> None:
    (shard, *_) = own_cluster.shards
    primary = own_cluster.primary(shard)
    given = settings.model_copy(update={"mongo_uri": own_cluster.uri, "mongo_database": "reads"})
    with contextlib.ExitStack() as stack:
        members = {
            address: stack.enter_context(MongoClient(address, directConnection=True)) for address in shard.addresses
        }
        store = stack.enter_context(Store(given))
        store.prepare()
        goods = [{"_id": f"it:bottega:{n}", "name": "Moka", "market": "it", "shop": "bottega"} for n in range(20)]
        with MongoClient(own_cluster.uri, w=3) as client:
            client["reads"]["products"].insert_many(goods, ordered=False)

        def asked(member: MongoClient) -> int:
            counted = member.admin.command("top")["totals"].get("reads.products")
            return counted["queries"]["count"] + counted["commands"]["count"] if counted else 0

        def reads(work: Callable[[], object]) -> tuple[int, int]:
            """Of ten times that work: questions to the primary, and to the others."""
            before = {address: asked(member) for address, member in members.items()}
            for _ in range(10):
                work()
            more = {address: asked(member) - before[address] for address, member in members.items()}
            return more[primary], sum(more.values()) - more[primary]

        at_primary, elsewhere = reads(lambda: store.products.get("it:bottega:3"))
        assert at_primary >= 10 > elsewhere
        lists: list[Callable[[], object]] = [
            lambda: store.products.page(ProductQuery(market="it"), count=5),
            lambda: store.products.with_gtin("4006381333931"),
            lambda: store.products.counts(),
            lambda: store.products.names("brand", "m", most=3),
        ]
        for work in lists:
            at_primary, elsewhere = reads(work)
            assert elsewhere >= 10 > at_primary


def test_a_shard_that_lost_its_majority_is_named_at_once(own_cluster: Cluster, settings: Settings) -> None:
    shard = own_cluster.shards[0]
    lost = shard.addresses[:2]
    for address in lost:
        own_cluster.kill(address)
    with Store(settings.model_copy(update={"mongo_uri": own_cluster.uri})) as store:
        wait_until(
            lambda: (
                not any(m.state == "primary" for m in store.cluster_status().members if m.replica_set == shard.name)
            ),
            "the last member steps down",
        )
        began = time.monotonic()
        found = store.cluster_status()
    for address in lost:
        own_cluster.restart(address)
    own_cluster.await_health(shard)
    assert f"{shard.name} has no primary: it takes no writes until most of its servers are back" in found.problems
    assert len(found.problems) == 3
    assert time.monotonic() - began < 30
