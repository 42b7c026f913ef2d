#!/usr/bin/env python3
"""Opens the customer's page when a caller is identified or verified, or fails: a start for your own screen pop.

    pip install nats-py
    python3 screenpop.py --nats nats://127.0.0.1:4222 --open
"""
import argparse
import asyncio
import json
import webbrowser

import nats


async def main():
    args = argparse.ArgumentParser()
    args.add_argument("--nats", default="nats://127.0.0.1:4222", metavar="URL")
    args.add_argument("--open", action="store_true", help="open pages in the browser; without it they are only printed")
    args = args.parse_args()
    seen = set()  # an event may come twice; a long-running program should forget ids after a day

    async def pop(msg):
        if msg.subject.rsplit(".", 1)[-1] not in ("identified", "verified", "failed"):
            return
        event = json.loads(msg.data)
        page = event["data"].get("pop_url")
        if not page or "replay" in event or event["id"] in seen:
            return  # a replay is an old call; without line.pop_url there is no page
        seen.add(event["id"])
        data = event["data"]
        print(f"{event['call']} {data['status']} (level {data['level']}) {page}", flush=True)
        if args.open:
            webbrowser.open(page)

    connection = await nats.connect(args.nats, max_reconnect_attempts=-1)
    # One subscription: nats-py runs each in its own task, and verified could overtake identified.
    await connection.subscribe("countersign.v1.*.*", cb=pop)
    await asyncio.Event().wait()


asyncio.run(main())
