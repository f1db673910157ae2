"""Decides whether a process hangs, from looks at it and from whether it answers; knows neither clock nor process."""

from dataclasses import dataclass, field

from sites.supervisor.scheduling import STOPPED, Sight, offered


@dataclass(slots=True)
class Silence:
    """One stretch of time without a sign of life."""

    began: float | None = None
    """Moment of its first second; None: there is none."""
    seconds: float = 0.0
    """Those of its seconds in which a sign of life was possible."""

    def goes_on(self, moment: float, span: float) -> None:
        """It lasts at `moment`; of the time since the last look `span` seconds count."""
        if self.began is None:
            self.began = moment
            return
        self.seconds += span

    def ends(self) -> None:
        """There was a sign of life."""
        self.began, self.seconds = None, 0.0

    def lasted(self, moment: float) -> str:
        """For people: '1.5 s', '31 s'."""
        passed = moment - (moment if self.began is None else self.began)
        return f"{passed:.1f} s" if passed < 10 else f"{passed:.0f} s"


@dataclass(slots=True)
class Judge:
    """Of one process; times are seconds."""

    patience_seconds: float
    """So long it may leave a question unanswered, of the time in which it could have answered."""
    stopped_seconds: float
    """So long it may be stopped by a signal, which no load does."""
    look_seconds: float
    """Between two looks. A longer span counts as twice that: then whoever looks was late, and so is everybody."""
    is_asked: bool = False
    _stopped: Silence = field(default_factory=Silence)
    _silent: Silence = field(default_factory=Silence)
    _last: tuple[float, Sight, Sight] | None = None

    def ask(self) -> None:
        """From now on it owes an answer."""
        self.is_asked = True

    def hear(self) -> None:
        """It has answered, or nobody can tell why it does not."""
        self.is_asked = False
        self._silent.ends()

    def see(self, moment: float, part: Sight, own: Sight) -> str:
        """Note a look at the process and at the one that watches; returns why it hangs, empty if it does not."""
        last, self._last = self._last, (moment, part, own)
        span = min(moment - last[0], 2 * self.look_seconds) if last else 0.0
        if part.state == STOPPED:
            self._stopped.goes_on(moment, span)
        else:
            self._stopped.ends()
            if self.is_asked and last:
                self._silent.goes_on(moment, offered(span, (last[1], part), (last[2], own)))
        if self._stopped.seconds >= self.stopped_seconds:
            return f"was stopped by a signal, did not answer for {self._stopped.lasted(moment)}"
        if self._silent.seconds >= self.patience_seconds:
            return f"did not answer for {self._silent.lasted(moment)}"
        return ""
