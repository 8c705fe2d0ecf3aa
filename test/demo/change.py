"""Changes three documents of the shop, as a live source does between two loads: usage: change.py URI DATABASE"""
import sys

import pymongo
from bson import Decimal128

database = pymongo.MongoClient(sys.argv[1])[sys.argv[2]]
users = database.users.find({}, {"_id": 1}).sort("_id", 1).limit(2)
for user in list(users):
    database.users.update_one({"_id": user["_id"]}, {"$set": {"address.city": "Quito"}})
product = database.products.find({}, {"_id": 1}).sort("_id", 1).limit(1)[0]
database.products.update_one({"_id": product["_id"]}, {"$set": {"price": Decimal128("1.25")}})
