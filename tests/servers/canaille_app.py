"""Run as a program: Canaille, an identity provider, with its people in memory, at the port that is given."""

from __future__ import annotations

import os
import sys

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # it is on the loopback

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

PEOPLE = {"ann": "migrator-operators", "bob": "gardeners"}


def main(port: int, password: str, secret: str, back: str) -> None:
    key = RSAKey.generate_key(2048, auto_kid=True).as_dict(private=True)
    app = create_app(
        {
            "SECRET_KEY": os.urandom(32).hex(),
            "SERVER_NAME": f"127.0.0.1:{port}",
            "PREFERRED_URL_SCHEME": "http",
            "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False, "HTMX": False},
            "CANAILLE_OIDC": {"ACTIVE_JWKS": [key]},
        }
    )
    with app.app_context():
        for name, group in PEOPLE.items():
            mail = [f"{name}@example.org"]
            person = models.User(
                user_name=name, formatted_name=name.title(), family_name=name, emails=mail, password=password
            )
            Backend.instance.save(person)
            Backend.instance.save(models.Group(display_name=group, members=[person]))
        client = models.Client(
            client_id="migrator",
            client_secret=secret,
            client_name="migrator",
            client_uri="http://127.0.0.1",  # trusted: it asks nobody for consent
            redirect_uris=[back],
            grant_types=["authorization_code"],
            response_types=["code"],
            scope=["openid", "profile", "email", "groups"],
            token_endpoint_auth_method="client_secret_basic",  # noqa: S106 - a method
        )
        Backend.instance.save(client)
        client.audience = [client]  # once it is there: else the audience is nobody
        Backend.instance.save(client)
    make_server("127.0.0.1", port, app, threaded=True).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
