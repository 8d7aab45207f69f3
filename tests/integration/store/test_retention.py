"""How long what shoppers did is kept is a setting, which `listino cluster init` brings into force."""

from pymongo import MongoClient

from listino.settings import Settings
from listino.store.client import Store
from listino.store.collections import COLLECTIONS, Retention


def test_collections_are_kept_for_as_many_days_as_the_settings_say(settings: Settings, store: Store) -> None:
    shorter = settings.model_copy(update={"events_days": 30, "sessions_days": 60, "customers_days": 90})
    with MongoClient(settings.mongo_address) as client:
        database = client[settings.mongo_database]

        def days() -> dict[str, tuple[str, float]]:
            found = {}
            for declared in COLLECTIONS:
                index = database[declared.name].index_information().get(Retention.INDEX)
                if index is not None:
                    found[declared.name] = (index["key"][0][0], index["expireAfterSeconds"] / 86_400)
            return found

        assert days() == {
            "events": ("at", 400),
            "sessions": ("last_at", 400),
            "visits": ("sums.last", 400),
            "tiles": ("start", 400),
            "customers": ("seen_at", 800),
            "customer_notes": ("at", 800),
        }
        with Store(shorter) as changed:
            changed.prepare()
        try:
            assert days() == {
                "events": ("at", 30),
                "sessions": ("last_at", 60),
                "visits": ("sums.last", 60),
                "tiles": ("start", 60),
                "customers": ("seen_at", 90),
                "customer_notes": ("at", 90),
            }
        finally:
            store.prepare()
        assert not store.cluster_status().problems
