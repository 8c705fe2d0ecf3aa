"""Exits 0 when the MongoDB-compatible server at the URI answers ping. Hello alone is no proof with every engine."""
import sys

import pymongo

client = pymongo.MongoClient(sys.argv[1], serverSelectionTimeoutMS=500, connectTimeoutMS=500)
client.admin.command("ping")
