#!/usr/bin/env python3
"""Opens the customer's page when a caller is identified or verified, or fails: a start for your own screen pop. It goes
by what the service has signed, so that a forged message pops nothing.

    pip install nats-py[nkeys]
    python3 screenpop.py --key countersign-data/nats-read.key --open
"""
import argparse
import asyncio
import base64
import json
import sys
import time
import urllib.request
import webbrowser

import nats
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def read_keys(where):
    """The service's public keys by their id."""
    if where.startswith(("http://", "https://")):
        with urllib.request.urlopen(where, timeout=10) as answer:
            found = json.load(answer)
    else:
        with open(where, encoding="utf-8") as file:
            found = json.load(file)
    return {key["kid"]: VerifyKey(decode(key["x"])) for key in found["keys"] if key["crv"] == "Ed25519"}


def check(proof, keys, oldest):
    """What a proof says if the service has signed it, at most that many seconds ago; else None."""
    try:
        head, body, signature = proof.split(".")
        header = json.loads(decode(head))
        if header["alg"] != "EdDSA" or header["typ"] != "countersign-status+jwt":
            return None  # the same key signs other things, too
        keys[header["kid"]].verify(f"{head}.{body}".encode(), decode(signature))
        said = json.loads(decode(body))
        return said if abs(time.time() - said["iat"]) <= oldest and said["jti"] else None
    except (AttributeError, BadSignatureError, KeyError, TypeError, ValueError):
        return None


async def main():
    args = argparse.ArgumentParser()
    args.add_argument("--nats", default="nats://127.0.0.1:4222", metavar="URL")
    args.add_argument("--key", metavar="FILE", help="nats-read.key of Countersign's --data, for its own NATS")
    args.add_argument("--jwks", default="http://127.0.0.1:8085/.well-known/jwks.json", metavar="URL_OR_FILE",
                      help="the service's public keys")
    args.add_argument("--oldest", type=float, default=300, metavar="SECONDS", help="do not pop what is older")
    args.add_argument("--open", action="store_true", help="open pages in the browser; without it they are only printed")
    args = args.parse_args()
    keys = read_keys(args.jwks)
    seen = set()  # an event may come twice; a long-running program should forget ids after a day

    async def pop(msg):
        if msg.subject.rsplit(".", 1)[-1] not in ("identified", "verified", "failed"):
            return
        event = json.loads(msg.data)
        if "replay" in event or "test" in event:
            return  # a replay is an old call, a test one of staff
        said = check(event["data"].get("proof"), keys, args.oldest)
        if said is None:
            print(f"{msg.subject}: nothing pops: not signed by the service, or old", file=sys.stderr, flush=True)
            return
        page = said.get("pop_url")
        if not page or said["jti"] in seen:
            return  # without line.pop_url there is no page
        seen.add(said["jti"])
        print(f"{said['call']} {said['status']} (level {said['level']}) {page}", flush=True)
        if args.open:
            webbrowser.open(page)

    connection = await nats.connect(args.nats, nkeys_seed=args.key, max_reconnect_attempts=-1)
    # One subscription: nats-py runs each in its own task, and verified could overtake identified.
    await connection.subscribe("countersign.v1.*.*", cb=pop)
    await asyncio.Event().wait()


asyncio.run(main())
