"""What is stopped by a signal at a step of a swap, so that it does not end and does not answer either."""

import re
import signal

from tests.live.moments import Moment
from tests.live.system import System, wait_for
from tests.live.victims import Envoy, Part, Victim

ENVOY_SECONDS = 5.0
"""So long a router that hangs may keep its visitors waiting."""
REPLACED_SECONDS = 60.0


class Hanging(Part):
    """A process of Greenroom that hangs: nobody but `up` notices that, and it starts another."""

    number = signal.SIGSTOP

    def strike(self, system: System, moment: Moment) -> None:
        """kill -STOP, also of the worker that stands still: the moment no longer lets it go on."""
        self._told = len(system.told())
        super().strike(system, moment)
        moment.frozen = [pid for pid in moment.frozen if pid != self._former.pid]

    def revive(self, system: System) -> None:
        """Another one answers for it, and it is gone."""
        former = self._former
        system.wait_for_another(self._name, former, REPLACED_SECONDS)
        assert not former.is_alive()
        is_back = re.compile(rf"{self._name} +answers again after")
        wait_for(lambda: is_back.search(system.told(), self._told), REPLACED_SECONDS, f"{self._name} answers again")


class HangingEnvoy(Hanging, Envoy):
    """The router: who asks it waits, or loses the connection when it is replaced."""

    outage_seconds = ENVOY_SECONDS


class HangingUp(Victim):
    """The process that started everything: nothing is replaced until it goes on."""

    def strike(self, system: System, moment: Moment) -> None:
        """A page of status says so."""
        assert system.up is not None
        system.up.send_signal(signal.SIGSTOP)
        done = system.manage("status")
        assert done.returncode == 4, done.stdout
        assert f"Let it go on: kill -CONT {system.up.pid}" in done.stdout

    def revive(self, system: System) -> None:
        """A person lets it go on."""
        assert system.up is not None
        system.up.send_signal(signal.SIGCONT)
