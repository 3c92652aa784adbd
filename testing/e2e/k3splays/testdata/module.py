#!/usr/bin/python3
# A module that notes what it is asked for. WANT_JSON
import json, os, sys
args = json.load(open(sys.argv[1]))
folder = os.path.dirname(args["data_dir"])
node = os.path.basename(args["data_dir"])
words = [args.get("operation") or args.get("state") or "info", args.get("node") or "", "upgrade" if args.get("upgrade") in [True, "True"] else ""]
with open(os.path.join(folder, "asked"), "a") as asked:
    asked.write(" ".join([node] + [word for word in words if word]) + "\n")
if os.path.exists(args["data_dir"] + ".down"):
    print(json.dumps({"failed": True, "msg": "connection refused"}))
    sys.exit(1)
nodes = [{"name": name, "ready": True} for name in ["s1", "s2", "s3", "a1"]]
print(json.dumps({"changed": False, "cluster": {"nodes": nodes, "etcd": True, "outdated": ["a1"]}, "node": {"to_reset": False, "role": "server"}}))
