"""An OpenID provider with a key of its own: discovery, keys and tokens over real HTTP. It signs in whom it is told."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask, Response, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "stagegate", "planted-client-secret"


@dataclass
class Provider:
    """The provider's state; `claims` are told of whoever signs in next, `spoilt` makes its signature wrong.

    `instead` is answered for what it tells of itself, `tokens` for a token, if there is such a text.
    """

    claims: dict[str, Any] = field(default_factory=dict)
    spoilt: bool = False
    instead: str = ""
    tokens: str = ""
    url: str = ""
    asked: dict[str, str] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    other: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))

    def authorise(self, location: str) -> str:
        """Sign somebody in where a browser was sent to, and return the query that it is sent back with."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        return f"code=the-code&state={self.asked['state']}"

    def token(self) -> Response:
        if self.tokens:
            return Response(self.tokens, mimetype="application/json")
        form = request.form
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        known = request.authorization
        right = known is not None and (known.username, known.password) == (CLIENT, SECRET)
        if not right or form["code"] != "the-code" or challenge.decode() != self.asked["code_challenge"]:
            return Response(json.dumps({"error": "invalid_grant"}), 400, mimetype="application/json")
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 60, "nonce": self.asked["nonce"]}
        key = self.other if self.spoilt else self.key
        told = jwt.encode({"alg": "RS256", "kid": "one"}, claims | self.claims, key)
        answer = {"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": told}
        return Response(json.dumps(answer), mimetype="application/json")


@contextmanager
def serving() -> Iterator[Provider]:
    """Serve a provider on a free port."""
    provider, app = Provider(), Flask("provider")

    @app.get("/.well-known/openid-configuration")
    def discovery() -> Response | dict[str, Any]:
        if provider.instead:
            return Response(provider.instead, mimetype="application/json")
        return {
            "issuer": provider.url,
            "authorization_endpoint": f"{provider.url}/authorise",
            "token_endpoint": f"{provider.url}/token",
            "jwks_uri": f"{provider.url}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    app.add_url_rule("/keys", view_func=lambda: {"keys": [provider.key.as_dict(private=False)]})
    app.add_url_rule("/token", view_func=provider.token, methods=["POST"])
    server = make_server("127.0.0.1", 0, app, threaded=True)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield provider
    server.shutdown()
    thread.join()
    server.server_close()
