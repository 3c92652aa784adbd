#!/usr/bin/python3
# A module that notes where it runs, which the place of its arguments tells, and what it is asked for. WANT_JSON
import json
import os
import sys

args = json.load(open(sys.argv[1]))
folder, node = sys.argv[1].split("/place-of-")
node = node.split("/")[0]
place = os.path.join(folder, node)
words = [node, args.get("operation") or args.get("state") or "info", args.get("node")]
if args.get("upgrade") in [True, "True"]:
    words.append("upgrade")
with open(os.path.join(folder, "asked"), "a") as asked:
    asked.write(" ".join(word for word in words if word) + "\n")
if os.path.exists(place + "." + words[1]):
    print(json.dumps({"failed": True, "msg": "refusing to do that (" + words[1] + ")"}))
    sys.exit(1)
if os.path.exists(place + ".down") and args.get("state"):  # k3s_node starts it
    os.remove(place + ".down")
if os.path.exists(place + ".down"):
    print(json.dumps({"failed": True, "msg": "connection refused"}))
    sys.exit(1)
cluster = {"nodes": [{"name": name, "ready": True} for name in ["s1", "s2", "s3", "a1"]], "etcd": True, "outdated": ["a1"]}
print(json.dumps({"changed": False, "cluster": cluster, "node": {"to_reset": False, "role": "server"}}))
