"""Who may say what: a real broker that refuses; and a cluster that carries on without a member."""

from __future__ import annotations

import time
from typing import Any

import paho.mqtt.client as paho
import pika
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from fer_edge.core import DriverState
from fer_edge.errors import UnavailableError, UsageError
from fer_edge.sinks.clock import iso
from fer_edge.sinks.payloads import state_payload
from fer_edge.sinks.wire import encode
from fleet import identity, queues
from fleet.engines import Bed
from fleet.management import Management
from fleet.messages import LARGEST
from fleet.settings import Member
from tests.fleet.conftest import Db, Ingesting, eventually

pytestmark = pytest.mark.timeout(200)


class Client:
    """A node's connection with whatever name and password, to one member."""

    def __init__(self, bed: Bed, node: str, password: str, member: int = 0, client_id: str | None = None) -> None:
        self.code: Any = None
        self.lost = False
        self.heard: list[tuple[str, bytes]] = []
        self.granted: list[Any] = []
        where = bed.settings.broker.members[member]
        self.mqtt = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id or f"fer-edge-{node}",
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        self.mqtt.username_pw_set(node, password)
        self.mqtt.on_connect = lambda _c, _u, _f, code, _p: setattr(self, "code", code)
        self.mqtt.on_disconnect = lambda *_: setattr(self, "lost", True)
        self.mqtt.on_message = lambda _c, _u, m: self.heard.append((m.topic, bytes(m.payload)))
        self.mqtt.on_subscribe = lambda _c, _u, _m, codes, _p: self.granted.extend(codes)
        self.mqtt.connect(where.host, where.mqtt, 30)
        self.mqtt.loop_start()
        eventually(lambda: self.code is not None or self.lost)

    @property
    def accepted(self) -> bool:
        return self.code is not None and not self.code.is_failure

    def says(self, topic: str, payload: bytes = b"online") -> bool:
        """Whether the broker confirms it."""
        sent = self.mqtt.publish(topic, payload, qos=1)
        if sent.rc != paho.MQTT_ERR_SUCCESS:
            return False
        eventually(lambda: self.lost or sent.is_published(), 10)
        return not self.lost

    def close(self) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()


def test_a_node_speaks_on_its_own_topics_and_on_no_others(bed: Bed, passwords: dict[str, str]) -> None:
    own = Client(bed, "cab-1", passwords["cab-1"])
    assert own.accepted
    assert own.says("fer-edge/cab-1/status")
    assert own.says("fer-edge/cab-1/event/fatigue", b"{}")
    own.close()
    for topic in ("fer-edge/cab-2/status", "fer-edge/cab-1/request/pause", "fer-edge/cab-2/request/pause", "other"):
        thief = Client(bed, "cab-1", passwords["cab-1"])
        assert thief.accepted
        assert not thief.says(topic), topic
        thief.close()


def test_a_node_hears_its_own_requests_and_no_others(bed: Bed, passwords: dict[str, str]) -> None:
    one = Client(bed, "cab-1", passwords["cab-1"])
    one.mqtt.subscribe("fer-edge/cab-1/request/+", 1)
    eventually(lambda: one.granted)
    assert not one.granted[0].is_failure
    with queues.connect(bed.settings) as connection:
        connection.channel().basic_publish("amq.topic", "fer-edge.cab-1.request.ping", b"{}")
    eventually(lambda: one.heard)
    assert one.heard == [("fer-edge/cab-1/request/ping", b"{}")]
    one.close()
    for topic in ("fer-edge/#", "fer-edge/cab-2/state", "fer-edge/cab-2/request/+"):
        spy = Client(bed, "cab-1", passwords["cab-1"])
        spy.mqtt.subscribe(topic, 1)
        eventually(lambda spy=spy: spy.lost or spy.granted)
        assert spy.lost or spy.granted[0].is_failure, topic
        spy.close()


def test_nobody_comes_in_with_a_wrong_or_another_nodes_password(bed: Bed, passwords: dict[str, str]) -> None:
    for node, word in (("cab-1", "guess"), ("cab-1", passwords["cab-2"]), ("cab-9", passwords["cab-1"]), ("fleet", "")):
        client = Client(bed, node, word)
        assert not client.accepted, node
        client.close()


def test_a_nodes_password_opens_no_queue_of_the_fleet(bed: Bed, passwords: dict[str, str]) -> None:
    member = bed.settings.broker.members[0]
    login = pika.PlainCredentials("cab-1", passwords["cab-1"])
    with pika.BlockingConnection(pika.ConnectionParameters(member.host, member.amqp, credentials=login)) as link:
        for queue in queues.QUEUES:
            with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
                next(link.channel().consume(queue, inactivity_timeout=5))


def test_a_message_that_fills_the_memory_of_broker_and_ingest_is_refused(bed: Bed, passwords: dict[str, str]) -> None:
    with queues.connect(bed.settings) as connection:
        channel = connection.channel()
        channel.queue_purge(queues.EVENTS)
        for size, taken in ((LARGEST, True), (LARGEST + 1, False), (100 * LARGEST, False)):
            node = Client(bed, "cab-1", passwords["cab-1"])
            sent = node.mqtt.publish("fer-edge/cab-1/event/fatigue", b" " * size, qos=1)
            time.sleep(0.0 if taken else 2.0)
            assert not taken or eventually(sent.is_published, 10)
            assert sent.is_published() == taken, size
            node.close()
        assert len(channel.basic_get(queues.EVENTS, auto_ack=True)[2]) == LARGEST
        assert channel.basic_get(queues.EVENTS) == (None, None, None)


def test_a_revoked_node_is_hung_up_on_and_stays_out(bed: Bed, db: Db, passwords: dict[str, str]) -> None:
    client = Client(bed, "cab-2", passwords["cab-2"])
    assert client.accepted
    broker = Management(bed.settings)
    identity.revoke(broker, db, "cab-2")
    assert not client.says("fer-edge/cab-2/status") or eventually(lambda: client.lost, 30)
    client.close()
    again = Client(bed, "cab-2", passwords["cab-2"])
    assert not again.accepted
    again.close()
    with pytest.raises(UsageError, match="cab-2: is not enrolled"):
        identity.revoke(broker, db, "cab-2")


def test_a_node_whose_user_is_still_there_is_not_taken_for_revoked(bed: Bed, db: Db, passwords: dict[str, str]) -> None:
    away = Member(management=bed.settings.broker.members[0].amqp)  # what answers there is not the management
    unreachable = bed.settings.model_copy(
        update={"broker": bed.settings.broker.model_copy(update={"members": (away,)})}
    )
    with pytest.raises(UnavailableError, match="broker's management"):
        identity.revoke(Management(unreachable), db, "cab-2")
    client = Client(bed, "cab-2", passwords["cab-2"])
    assert client.accepted
    client.close()
    broker = Management(bed.settings)
    broker.delete_user("cab-2")  # as where the database was lost in the middle
    assert identity.revoke(broker, db, "cab-2") in (0, 1)


def test_the_brokers_own_user_cannot_become_a_nodes(bed: Bed, db: Db, passwords: dict[str, str]) -> None:
    broker = Management(bed.settings)
    with pytest.raises(UsageError, match="'fleet': is a user of the broker that is no node's"):
        identity.enrol(broker, db, ["cab-1", "fleet"], bed.settings.prefix)
    queues.connect(bed.settings).close()
    client = Client(bed, "cab-1", passwords["cab-1"])
    assert client.accepted  # all or none: it keeps its password
    client.close()


def test_a_name_that_no_node_can_have_is_refused(bed: Bed, db: Db) -> None:
    with pytest.raises(UsageError, match=r"'a\.b': a node's name"):
        identity.enrol(Management(bed.settings), db, ["a.b"], bed.settings.prefix)


def test_what_rabbitmq_keeps_of_retained_words_and_how_the_ingest_does_without(
    bed: Bed, db: Db, passwords: dict[str, str], ingesting: Ingesting
) -> None:
    """It hands them to nobody who asks with a wildcard, and keeps them on one member. The queues hear everything."""
    node = Client(bed, "cab-1", passwords["cab-1"])
    node.mqtt.publish("fer-edge/cab-1/status", b"online", qos=1, retain=True).wait_for_publish(10)
    node.close()
    word = bed.settings.broker.password()

    def heard(topic: str, member: int) -> list[tuple[str, bytes]]:
        watcher = Client(bed, "fleet", word, member, f"watcher-{member}")
        watcher.mqtt.subscribe(topic, 1)
        eventually(lambda: watcher.granted)
        time.sleep(1.0)
        watcher.close()
        return watcher.heard

    assert heard("fer-edge/cab-1/status", 0) == [("fer-edge/cab-1/status", b"online")]
    assert heard("fer-edge/+/status", 0) == []
    assert heard("fer-edge/cab-1/status", 1) == []
    query = "SELECT body FROM retained WHERE node = 'cab-1' AND topic = 'status'"
    with ingesting():
        eventually(lambda: db.execute(query).fetchone() == ("online",))


def test_the_will_comes_when_a_link_drops(bed: Bed, db: Db, passwords: dict[str, str], ingesting: Ingesting) -> None:
    node = Client(bed, "cab-1", passwords["cab-1"])
    node.close()
    dying = paho.Client(CallbackAPIVersion.VERSION2, "fer-edge-cab-1", protocol=MQTTProtocolVersion.MQTTv311)
    dying.username_pw_set("cab-1", passwords["cab-1"])
    dying.will_set("fer-edge/cab-1/status", b"offline", 1, True)
    dying.connect("127.0.0.1", bed.settings.broker.members[0].mqtt)
    dying.loop_start()
    eventually(dying.is_connected)
    dying.socket().shutdown(2)  # type: ignore[union-attr]
    dying.loop_stop()
    query = "SELECT body FROM retained WHERE node = 'cab-1' AND topic = 'status'"
    with ingesting():
        eventually(lambda: db.execute(query).fetchone() == ("offline",))


@pytest.mark.parametrize("qos", [0, 1])
def test_while_its_member_is_away_a_node_speaks_to_another_and_its_states_are_stored(
    bed: Bed, db: Db, passwords: dict[str, str], ingesting: Ingesting, qos: int
) -> None:
    """Neither the queue of its requests, which may outlive that member as a name, nor the one of states holds it up."""
    db.execute("DELETE FROM states WHERE node = 'cab-1'")
    node = Client(bed, "cab-1", passwords["cab-1"], member=1)
    node.mqtt.subscribe("fer-edge/cab-1/request/+", qos)
    eventually(lambda: node.granted)
    payload = encode(state_payload(DriverState(0.0), time=iso(time.time()), time_ok=True))
    with ingesting():
        eventually(lambda: queue_of_states(bed))
        killed = bed.engines["rabbit2"]
        killed.kill()
        try:
            eventually(lambda: node.lost, 30)

            def back() -> Client | None:
                again = Client(bed, "cab-1", passwords["cab-1"])
                again.mqtt.subscribe("fer-edge/cab-1/request/+", qos)
                eventually(lambda: again.lost or again.granted)
                return again if again.granted and not again.lost else again.close()  # type: ignore[func-returns-value]

            again = eventually(back, 30)
            query = "SELECT count(*) FROM states WHERE node = 'cab-1' AND received_at > now() - interval '1 min'"

            def stored() -> bool:
                again.mqtt.publish("fer-edge/cab-1/state", payload, qos=0)
                time.sleep(0.5)
                return db.execute(query).fetchone() != (0,)

            eventually(stored, 30)
            again.close()
        finally:
            killed.start()
            killed.wait()


def queue_of_states(bed: Bed) -> bool:
    with queues.connect(bed.settings) as connection:
        try:
            connection.channel().queue_declare(queues.STATES, passive=True)
        except pika.exceptions.ChannelClosedByBroker:
            return False
    return True


def test_wrong_addresses_and_passwords_say_so_in_a_line(bed: Bed) -> None:
    nobody = bed.settings.broker.members[0].model_copy(update={"amqp": 1, "management": 1})
    away = bed.settings.model_copy(update={"broker": bed.settings.broker.model_copy(update={"members": (nobody,)})})
    with pytest.raises(UnavailableError, match=r"broker 127\.0\.0\.1:1: .*check that it runs"):
        queues.connect(away)
    with pytest.raises(UnavailableError, match="is rabbitmq_management enabled"):
        Management(away).call("GET", "overview")
