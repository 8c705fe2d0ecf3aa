"""Shapes that public data sets have, in small documents of our own, and a migration of each with everything at its defaults.

The oracle reads the raw BSON: every scalar of every document stands in a column, a child row or a rest column of the target.
"""
import datetime
from collections import Counter

from bson import Decimal128, Int64, ObjectId

from plan import document_differences, document_scalars, literal, plan_columns, quoted, target_scalars

UTC = datetime.timezone.utc
WORDS = "amber basin cedar delta ember fjord grove haven inlet juniper".split()


def moment(rng):
    return datetime.datetime(2020, 1, 1, tzinfo=UTC) + datetime.timedelta(seconds=rng.randrange(10**8))


def words(rng, count):
    return " ".join(rng.choice(WORDS) for _ in range(count))


def catalogue(rng):
    """Nested products: variants in variants, attributes that differ, prices of several types, categories as a tree."""
    categories = [{"_id": f"c{i}", "name": words(rng, 2), **({"parent": f"c{i // 3}"} if i else {})} for i in range(12)]
    products = []
    for i in range(120):
        product = {"_id": ObjectId(f"{i:024x}"), "name": words(rng, 3), "category": f"c{rng.randrange(12)}",
                   "price": rng.choice([Decimal128(f"{rng.randrange(9999)}.50"), rng.randrange(500)]) if i != 7 else "on request",
                   "variants": [{"sku": f"{i}-{n}", "stock": rng.randrange(50), "dimensions": {"w": rng.random() * 10, "h": rng.randrange(9)},
                                 "images": [{"url": f"/{i}/{n}/{m}.png", "tags": [rng.choice(WORDS) for _ in range(m)]} for m in range(rng.randrange(3))]} for n in range(rng.randrange(4))],
                   "attributes": {rng.choice(WORDS): rng.choice(["x", 5, True, None]) for _ in range(rng.randrange(4))}, "added": moment(rng)}
        if i % 10 == 0:
            product["discount"] = {"percent": rng.randrange(50), "until": moment(rng)}
        products.append(product)
    return {"categories": categories, "products": products}


def tweets(rng):
    """About 150 paths, arrays in arrays, most of them missing in most documents, ids beyond doubles."""
    docs = []
    for i in range(150):
        text = words(rng, 8)
        tweet = {"_id": Int64(1_050_118_621_198_921_728 + i), "id_str": str(1_050_118_621_198_921_728 + i), "text": text, "truncated": False, "lang": rng.choice(["en", "fr", None]),
                 "created_at": moment(rng).strftime("%a %b %d %H:%M:%S +0000 %Y"), "retweet_count": rng.randrange(1000), "favorited": rng.random() < 0.5,
                 "user": {"id": Int64(10**17 + rng.randrange(50)), "name": words(rng, 2), "verified": rng.random() < 0.1, "description": None if i % 4 else words(rng, 5),
                          "entities": {"url": {"urls": [{"url": "t", "indices": [0, 23]}]}, "description": {"urls": []}},
                          **{f"profile_{word}": f"{word}{rng.randrange(9)}" for word in WORDS}},
                 "entities": {"hashtags": [{"text": rng.choice(WORDS), "indices": [n, n + 5]} for n in range(rng.randrange(3))], "urls": [], "symbols": [],
                              "user_mentions": [{"id": Int64(10**17 + n), "indices": [0, n]} for n in range(rng.randrange(2))]}}
        if i % 5 == 0:
            tweet["place"] = {"id": f"p{i}", "bounding_box": {"type": "Polygon", "coordinates": [[[-1.5, 2.25], [3.0, 4], [rng.random(), i]]]}, "attributes": {}}
        if i % 6 == 0:
            tweet["retweeted_status"] = {key: value for key, value in docs[rng.randrange(len(docs))].items() if key != "retweeted_status"} if docs else None
        if i % 11 == 0:
            tweet["extended_entities"] = {"media": [{"sizes": {size: {"w": rng.randrange(900), "h": rng.randrange(900), "resize": "fit"} for size in ("thumb", "small", "large")}, "indices": [1, 2],
                                                     "video_info": {"aspect_ratio": [16, 9], "variants": [{"bitrate": rng.randrange(9**6), "url": "v"}, {"url": "w"}]}}]}
        docs.append(tweet)
    return {"tweets": docs}


def accounts(rng):
    """Maps keyed by ids, references by several names, money as decimals, one account with another type of id."""
    customers = [{"_id": ObjectId(f"{5000 + i:024x}"), "username": f"user{i}", "birthdate": moment(rng), "accounts": [rng.randrange(10**6) for _ in range(rng.randrange(4))],
                  "tier_and_details": {f"{rng.randrange(16**24):024x}": {"tier": rng.choice(["Gold", "Silver"]), "active": True, "benefits": [rng.choice(WORDS)]} for _ in range(rng.randrange(3))}} for i in range(60)]
    accounts_ = [{"_id": i if i != 13 else "13-legacy", "customer": ObjectId(f"{5000 + i % 60:024x}") if i != 20 else ObjectId(f"{9999:024x}"), "limit": rng.choice([9000, 10000.5, Int64(10**10)]),
                  "products": [rng.choice(WORDS) for _ in range(rng.randrange(3))], "balances": {f"20{n:02}-01": Decimal128(f"{rng.randrange(10**6)}.{rng.randrange(100):02}") for n in range(rng.randrange(14))}} for i in range(80)]
    return {"customers": customers, "accounts": accounts_}


def grades(rng):
    """Arrays of documents whose elements differ."""
    return {"grades": [{"_id": ObjectId(f"{i:024x}"), "student_id": i // 3, "class_id": rng.randrange(30),
                        "scores": [{"type": kind, "score": rng.random() * 100 if rng.random() < 0.95 else rng.choice(["absent", None, 90])} for kind in ("exam", "quiz", "homework", "homework")]
                        + ([5] if i == 40 else []) + ([{"type": "project", "parts": [{"n": 1, "score": 7.5}]}] if i % 9 == 0 else [])} for i in range(200)] + [{"_id": ObjectId(f"{7000:024x}"), "student_id": 1, "scores": "none"}]}


def books(rng):
    """Ids of two types, dates in several forms, authors with blanks and nothing else."""
    return {"books": [{"_id": i if i < 100 else ObjectId(f"{i:024x}"), "title": words(rng, 4), "isbn": f"{rng.randrange(10**9):010}" if i % 3 else rng.randrange(10**9), "pageCount": rng.choice([0, rng.randrange(900)]),
                       "publishedDate": moment(rng) if i % 4 else moment(rng).isoformat(), "status": rng.choice(["PUBLISH", "MEAP"]), "authors": [words(rng, 2) for _ in range(rng.randrange(3))] + ([""] if i % 7 == 0 else []),
                       "categories": [] if i % 2 else ["Internet"], "shortDescription": "a\0b" if i == 50 else words(rng, 9)} for i in range(150)]}


SHAPES = {"catalogue": catalogue, "tweets": tweets, "accounts": accounts, "grades": grades, "books": books}


def forget(sql, plan):
    sql.run(f"DROP SCHEMA IF EXISTS {quoted(plan)} CASCADE; DROP SCHEMA IF EXISTS {quoted(plan + '_source')} CASCADE; DELETE FROM mongo.plan;")


def changed(documents, rng):
    """Documents as they are some weeks later: new fields at every depth, other types, others gone."""
    for number, document in enumerate(documents):
        if number % 10 == 3:
            continue
        if number % 10 == 1:
            document["noted"] = {"by": f"somebody {number}", "times": [number, {"deep": [str(number)]}]}
        if number % 10 == 2:
            key = rng.choice(list(document))
            if key != "_id":
                document[key] = rng.choice([None, f"other {number}", number + 0.5, [number], {"now": number}])
        for value in document.values():
            if number % 10 == 4 and isinstance(value, list) and value and isinstance(value[0], dict):
                value[0]["since"] = f"then {number}"
        yield document


def migration_differences(sql, raw, database, plan):
    """Migrates a database, again where it is there, and compares: all scalars, documents given back, what validate and the report say."""
    sql.run(f"CALL mongo.migrate({literal(plan)}, 'm', {literal(database)}, {literal(plan)}, level => 4);")
    columns = plan_columns(sql, plan, plan)
    for collection, documents in raw.items():
        found = Counter()
        for table in dict.fromkeys(column["table_name"] for column in columns if column["collection"] == collection):
            found += target_scalars(sql, plan, [column for column in columns if column["table_name"] == table])
        wanted = document_scalars(documents)
        lost = wanted - found
        if lost:
            yield f"{collection}: lost {sum(lost.values())} of {sum(wanted.values())} scalars: {list(lost.items())[:6]}"
        root = next(column["table_name"] for column in columns if column["collection"] == collection and column["parent"] is None)
        back = list(document_differences(sql, documents, root, plan))
        if back:
            yield f"{collection}: {len(back)} of {len(documents)} documents are not given back: {back[:4]}"
    for row in sql.rows(f"SELECT * FROM mongo.check_result WHERE plan = {literal(plan)} AND status = 'fail' AND check_name <> 'references'"):
        yield f"validate: {row}"
    for row in sql.rows(f"SELECT * FROM mongo.reject_summary WHERE plan = {literal(plan)} AND rows_lost > 0"):
        yield f"rows left out: {row}"
    answer = sql.rows(f"SELECT answer FROM mongo_internal.answers({literal(plan)}) WHERE place = 1")[0]["answer"]
    if not answer.startswith("Yes"):
        yield f"the report says: {answer}"
