"""Many organizations behind a few connections, and rights that end: what nobody may see, and how quick the others are meanwhile."""
from __future__ import annotations

import http.client
import json
import secrets
import threading
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from bench.client import Client, milliseconds
from run import Failure

CONNECTIONS_TO_POSTGRES = 16


class Session:
    """Somebody who has signed in with a browser, in one organization at a time."""

    def __init__(self, url: str, login: dict) -> None:
        self.url, self.cookie = url, ""
        self._form("/sign-in", login)

    def found(self, name: str) -> None:
        """Founds an organization and goes there."""
        self._form("/new-organization", {"organization": name})

    def token(self) -> tuple:
        """The id and the secret of a new token of the organization."""
        made = self.graphql("mutation($input: CreateTokenInput!) { createToken(input: $input) { secret token { id } } }", input={"name": "bench", "scopes": ["*"]})["createToken"]
        return made["token"]["id"], made["secret"]

    def graphql(self, query: str, **variables) -> dict:
        headers = {"Content-Type": "application/json", "Cookie": self.cookie, "Origin": self.url}
        request = urllib.request.Request(f"{self.url}/graphql", json.dumps({"query": query, "variables": variables}).encode(), headers)
        told = json.loads(urllib.request.urlopen(request, timeout=60).read())
        if told.get("errors"):
            raise Failure(f"GraphQL refused: {told['errors']}")
        return told["data"]

    def _form(self, path: str, fields: dict) -> None:
        address = urllib.parse.urlsplit(self.url)
        connection = http.client.HTTPConnection(address.netloc, timeout=60)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.url, "Cookie": self.cookie}
        connection.request("POST", path, urllib.parse.urlencode(fields), headers)
        reply = connection.getresponse()
        reply.read()
        cookies = [cookie.split(";")[0] for cookie in reply.headers.get_all("Set-Cookie") or []]
        connection.close()
        if reply.status != 303 or not (cookies or self.cookie):
            raise Failure(f"POST {path} was answered with {reply.status}")
        self.cookie = "; ".join(cookies) or self.cookie


def organizations(session: Session, url: str, count: int, to: Path, forget) -> Path:
    """Founds so many organizations, each with a run that holds its canary; a file with a line for each. `forget` makes the server forget how many one person has
    founded lately."""
    lines = []
    for number in range(count):
        canary = f"CANARY{secrets.token_hex(8)}"
        forget()
        session.found(f"Organization {number + 1}")
        token = session.token()[1]
        client = Client(url, token)
        run = client.run("0", canary)
        client.post("runs/log-batch", run_id=run, params=[{"key": "canary", "value": canary}], metrics=[{"key": "loss", "value": number, "timestamp": milliseconds(), "step": 0}])
        client.close()
        lines.append(f"{token} {run} {canary}\n")
    to.write_text("".join(lines))
    to.chmod(0o600)
    return to


@dataclass
class Later:
    """Requests with a token that was revoked before they were sent."""

    sent: int = 0
    passed: int = 0

    def __add__(self, other: Later) -> Later:
        return Later(self.sent + other.sent, self.passed + other.passed)


def after_a_revoke(session: Session, urls: list, requests: int, meanwhile=None) -> Later:
    """Revokes a token that every replica has just let in, and sends with it what is asked for, side by side, to all of them."""
    token_id, token = session.token()
    for url in urls:
        Client(url, token).post("experiments/search", max_results=1)
    session.graphql("mutation($id: ID!) { revokeToken(id: $id) { id } }", id=token_id)
    later, lock = Later(), threading.Lock()

    def send(url: str, count: int) -> None:
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)
        passed = 0
        for _ in range(count):
            connection.request("POST", "/api/2.0/mlflow/experiments/search", '{"max_results": 1}', {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
            reply = connection.getresponse()
            reply.read()
            passed += reply.status != 401
        connection.close()
        with lock:
            later.sent += count
            later.passed += passed

    senders = [threading.Thread(target=send, args=(url, requests // len(urls))) for url in urls]
    for sender in senders:
        sender.start()
    while any(sender.is_alive() for sender in senders):
        if meanwhile:
            meanwhile()
        for sender in senders:
            sender.join(0.05)
    return later
