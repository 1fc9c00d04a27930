"""Alarms on this machine: a buzzer or light on a pin, sounds, programs. No network needed."""

from fer_edge.sinks.alarm.sink import AlarmSink

__all__ = ["AlarmSink"]
