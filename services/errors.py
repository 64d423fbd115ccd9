"""Errors of an engine, seen by whoever called it.

ServiceError(retryable)
├ Unavailable    the engine cannot run here: model missing, server refused     retryable
├ Timeout        no answer in the time the caller gave                          retryable
├ Overloaded     its bounded queue is full                                      retryable
├ BadReply       it answered, and the answer makes no sense                     not retryable
└ BadInput       what it was given is not usable (audio, file, voice, language) not retryable
"""

from __future__ import annotations


class ServiceError(Exception):
    """Base of all engine errors. The text is for a person: what failed and what to do."""

    retryable: bool = False


class Unavailable(ServiceError):
    """The engine cannot run: a model is missing or damaged, or its server refuses."""

    retryable = True


class Timeout(ServiceError):
    """No answer within the time given."""

    retryable = True


class Overloaded(ServiceError):
    """The engine's bounded queue is full; the request was not taken."""

    retryable = True


class BadReply(ServiceError):
    """The engine answered something unusable."""


class BadInput(ServiceError):
    """What the engine was given cannot be used; asking again gives the same answer."""
