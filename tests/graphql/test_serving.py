"""The server answers as GraphQL over HTTP says, and refuses what is beyond its limits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256

import httpx2
import orjson
import pytest
from graphql import get_introspection_query

from app.kernel.actor import SYSTEM
from app.kernel.db import Database
from app.main import create_app
from app.settings import Settings
from tests.builders.client import Client
from tests.builders.clock import StoppedClock
from tests.builders.shop import Shop, settings

RESPONSE_JSON = "application/graphql-response+json"
TYPENAME = "{ __typename }"


async def post(client: Client, body: object, **headers: str) -> httpx2.Response:
    """Send whatever a client might send."""
    return await client.http.post(
        "/graphql", content=orjson.dumps(body), headers={"content-type": "application/json", **headers}
    )


def code_of(response: httpx2.Response) -> str:
    """Read the code of the one error."""
    (error,) = response.json()["errors"]
    return str(error["extensions"]["code"])


class TestPages:
    @pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/", "/graphiql/start.js", "/schema.graphql"])
    async def test_are_served(self, client: Client, path: str) -> None:
        response = await client.http.get(path)

        assert response.status_code == 200

    async def test_count_what_happens(self, client: Client) -> None:
        await client.query(TYPENAME)

        text = (await client.http.get("/metrics")).text

        assert 'stoa_http_request_seconds_count{method="POST",route="/graphql",status="200"}' in text
        assert "stoa_outbox_waiting 0.0" in text

    async def test_say_that_a_server_without_database_is_not_ready(self) -> None:
        async with serving(settings("postgresql://nobody@/none?host=/nowhere")) as client:
            ready = await client.http.get("/health/ready")
            asked = await client.execute('{ node(id: "ord_01h455vb4pex5vsknk084sn02q") { id } channels { code } }')

        assert ready.status_code == 503
        assert asked.status == 503
        assert set(asked.codes) == {"UNAVAILABLE"}
        assert asked.headers["retry-after"]


class TestAnswers:
    async def test_are_of_the_kind_asked_for(self, client: Client) -> None:
        response = await post(client, {"query": TYPENAME}, accept=RESPONSE_JSON)

        assert response.headers["content-type"].startswith(RESPONSE_JSON)
        assert response.json() == {"data": {"__typename": "Query"}}

    async def test_are_refused_in_other_kinds(self, client: Client) -> None:
        response = await post(client, {"query": TYPENAME}, accept="text/html")

        assert response.status_code == 406

    async def test_carry_the_request_id_they_were_given(self, client: Client) -> None:
        response = await post(client, {"query": TYPENAME}, **{"x-request-id": "till-7:42"})

        assert response.headers["x-request-id"] == "till-7:42"

    async def test_never_echo_a_made_up_request_id(self, client: Client) -> None:
        response = await post(client, {"query": TYPENAME}, **{"x-request-id": "<script>"})

        assert "<" not in response.headers["x-request-id"]

    async def test_come_to_get_for_queries_alone(self, client: Client) -> None:
        query = await client.http.get("/graphql", params={"query": TYPENAME})
        mutation = await client.http.get("/graphql", params={"query": "mutation { __typename }"})

        assert query.json() == {"data": {"__typename": "Query"}}
        assert (mutation.status_code, mutation.headers["allow"]) == (405, "POST")

    async def test_say_what_is_wrong_with_a_document(self, client: Client) -> None:
        strict = await post(client, {"query": "{ nothingOfTheKind }"}, accept=RESPONSE_JSON)
        lenient = await post(client, {"query": "{ nothingOfTheKind }"})

        assert (strict.status_code, lenient.status_code) == (400, 200)
        assert "data" not in strict.json()
        assert code_of(strict) == "INVALID"

    async def test_ask_which_of_several_operations_to_run(self, client: Client) -> None:
        document = "query A { __typename } query B { __typename }"

        unnamed = await post(client, {"query": document})
        named = await post(client, {"query": document, "operationName": "B"})

        assert unnamed.status_code == 400
        assert named.json()["data"] == {"__typename": "Query"}


class TestMalformedRequests:
    @pytest.mark.parametrize(
        "body",
        [b"{", b"[]", b"[{}]", b"null", b"{}", b'{"query": 7}', b'{"query": "{a}", "variables": []}', b"\xff\xfe"],
    )
    async def test_are_refused_with_json(self, client: Client, body: bytes) -> None:
        response = await client.http.post("/graphql", content=body, headers={"content-type": "application/json"})

        assert response.status_code == 400
        assert code_of(response) == "INVALID"

    async def test_of_another_media_type_are_refused(self, client: Client) -> None:
        response = await client.http.post("/graphql", content=TYPENAME, headers={"content-type": "text/plain"})

        assert response.status_code == 415


class TestLimits:
    async def test_refuse_a_large_body_without_reading_it(self, client: Client) -> None:
        async def endless() -> AsyncIterator[bytes]:
            for _ in range(1024):
                yield b"x" * 65536

        response = await client.http.post("/graphql", content=endless(), headers={"content-type": "application/json"})

        assert response.status_code == 413
        assert code_of(response) == "BODY_TOO_LARGE"

    @pytest.mark.parametrize(
        ("document", "code"),
        [
            ("{ channels " + "{ code " * 20 + "}" * 20 + "}", "DEPTH_EXCEEDED"),
            ("{" + " ".join(f"a{n}: __typename" for n in range(60)) + "}", "ALIASES_EXCEEDED"),
            ("{" + "__typename " * 60 + "}", "ALIASES_EXCEEDED"),
            ("{" + "__typename " * 5000 + "}", "TOKENS_EXCEEDED"),
            ("{" + "channels {" * 1500 + "code" + "}" * 1500 + "}", "INVALID"),
            ("{ channels", "INVALID"),
            ("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", "INVALID"),
        ],
        ids=["deep", "aliases", "repeats", "long", "very deep", "cut off", "fragment cycle"],
    )
    async def test_refuse_hostile_documents(self, client: Client, document: str, code: str) -> None:
        errors = await client.errors(document)

        assert {error["extensions"]["code"] for error in errors} == {code}

    async def test_tell_the_numbers(self, client: Client) -> None:
        (error,) = await client.errors("{" + " ".join(f"a{n}: __typename" for n in range(60)) + "}")

        assert (error["extensions"]["limit"], error["extensions"]["actual"]) == (50, 60)

    async def test_let_graphiql_ask_for_the_schema(self, client: Client) -> None:
        introspection = get_introspection_query(descriptions=True, input_value_deprecation=True)

        data = await client.query(introspection)

        assert data["__schema"]["queryType"]["name"] == "Query"

    async def test_count_the_calls_of_each_caller(self, dsn: str, database: Database) -> None:
        chosen = settings(dsn, STOA_LOOPBACK_RATE_PER_SECOND="1", STOA_RATE_BURST="3")
        async with serving(chosen, database) as client:
            answers = [await client.execute(TYPENAME) for _ in range(4)]

        assert [answer.status for answer in answers] == [200, 200, 200, 429]
        assert answers[-1].codes == ["RATE_LIMITED"]
        assert answers[-1].headers["retry-after"]

    async def test_switch_introspection_off(self, dsn: str, database: Database) -> None:
        async with serving(settings(dsn, STOA_INTROSPECTION="off"), database) as client:
            asked = await client.errors("{ __schema { types { name } } }")
            misspelt = await client.errors("{ channel }")

        assert "introspection" in asked[0]["message"].lower()
        assert "Did you mean" not in misspelt[0]["message"]


class TestPersistedQueries:
    async def test_are_sent_once(self, client: Client) -> None:
        extensions = {"persistedQuery": {"version": 1, "sha256Hash": sha256(TYPENAME.encode()).hexdigest()}}

        unknown = await post(client, {"extensions": extensions})
        told = await post(client, {"query": TYPENAME, "extensions": extensions})
        known = await post(client, {"extensions": extensions})

        assert (unknown.status_code, code_of(unknown)) == (200, "PERSISTED_QUERY_NOT_FOUND")
        assert told.json() == known.json() == {"data": {"__typename": "Query"}}

    async def test_have_the_hash_of_what_they_are(self, client: Client) -> None:
        extensions = {"persistedQuery": {"version": 1, "sha256Hash": sha256(b"{ other }").hexdigest()}}

        response = await post(client, {"query": TYPENAME, "extensions": extensions})

        assert response.status_code == 400


class TestCallers:
    async def test_with_a_bad_token_are_told_to_log_in(self, client: Client) -> None:
        answer = await client.execute(TYPENAME, token="eyJ.not.a-token")
        lenient = await post(client, {"query": TYPENAME}, authorization="Bearer nonsense")

        assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
        assert (lenient.status_code, code_of(lenient)) == (200, "UNAUTHENTICATED")

    async def test_are_out_when_their_token_has_expired(self, client: Client, shop: Shop, clock: StoppedClock) -> None:
        token = shop.token("ada")
        before = await client.execute(TYPENAME, token=token)
        clock.advance(minutes=16)
        after = await client.execute(TYPENAME, token=token)

        assert before.errors == []
        assert after.codes == ["UNAUTHENTICATED"]

    async def test_are_who_their_token_says(self, client: Client, shop: Shop) -> None:
        ada = await client.query("{ me { email } }", token=shop.token("ada"))
        nobody = await client.query("{ me { email } }")

        assert ada == {"me": {"email": "ada@shop.test"}}
        assert nobody == {"me": None}


class TestSlowOperations:
    async def test_are_stopped(self, dsn: str, database: Database) -> None:
        patience = settings(dsn, STOA_OPERATION_SECONDS="1")
        async with serving(patience, database) as client, database.unit(SYSTEM) as uow:
            await uow.execute("LOCK TABLE channels IN ACCESS EXCLUSIVE MODE", ())
            answer = await client.execute("{ channels { code } }")

        assert (answer.status, answer.codes) == (503, ["TIMED_OUT"])


@asynccontextmanager
async def serving(chosen: Settings, database: Database | None = None) -> AsyncIterator[Client]:
    """Serve with other settings than the usual ones."""
    app = create_app(chosen, database=database)
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as http,
    ):
        yield Client(http)
