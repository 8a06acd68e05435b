#!/usr/bin/env python3
"""Searches the shop and shows what the first hit costs: shop.py http://127.0.0.1:8080 "sluchatka bez dratu"

Documents go by their hash. A server that does not know one yet is sent the document with it, once.
"""

import hashlib
import json
import pathlib
import sys
import urllib.error
import urllib.parse
import urllib.request

DOCUMENTS = pathlib.Path(__file__).parent.parent / "documents"


class Shop:
    """The API of one server."""

    def __init__(self, server: str) -> None:
        self.endpoint = server + "/graphql"

    def run(self, name: str, **variables: object) -> dict:
        """Returns the data of a query; raises RuntimeError where there are errors."""
        document = (DOCUMENTS / f"{name}.graphql").read_text(encoding="utf-8")
        digest = hashlib.sha256(document.encode()).hexdigest()
        parameters = {
            "variables": json.dumps(variables),
            "extensions": json.dumps({"persistedQuery": {"version": 1, "sha256Hash": digest}}),
        }
        answer = self._get(parameters)
        if code_of(answer) == "PERSISTED_QUERY_NOT_FOUND":
            answer = self._get(parameters | {"query": document})
        if answer.get("errors"):
            raise RuntimeError(answer["errors"][0]["message"])
        return answer["data"]

    def _get(self, parameters: dict) -> dict:
        address = self.endpoint + "?" + urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(address, timeout=20) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            return json.load(error)  # errors are GraphQL answers as well


def code_of(answer: dict) -> str:
    """Returns the code of the first error; empty when there is none."""
    errors = answer.get("errors") or [{}]
    return errors[0].get("extensions", {}).get("code", "")


def main() -> None:
    shop = Shop(sys.argv[1])
    found = shop.run("search", text=sys.argv[2], language="cs")["searchProducts"]
    print(found["totalCount"], "products")
    for product in found["nodes"]:
        print(product["title"])
    first = shop.run("product", slug=found["nodes"][0]["slug"], language="cs")["product"]
    for variant in first["variants"]:
        print(variant["sku"], variant["price"]["gross"]["formatted"])


if __name__ == "__main__":
    main()
