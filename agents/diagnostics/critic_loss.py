"""The critic's loss on the replay (Bjorck et al. 2021, Fig. 3)."""

from __future__ import annotations

from collections.abc import Sequence

from agents.diagnostics.base import Measures, Sample, SampleDiagnostic


class Diagnostic(SampleDiagnostic):
    """The loss that an update descends, on `diagnostics.samples` transitions.

    Where there are several critics it is the sum of theirs, as in training.
    """

    @classmethod
    def metrics(cls, networks: Sequence[str]) -> Sequence[str]:
        """The loss."""
        return ("critic_loss_replay",)

    def measure(self, sample: Sample) -> Measures:
        """Of an update that is undone."""
        batch = sample(self.params["diagnostics.samples"])
        loss = self.learner.probe_update(batch, sample.step)["critic"].loss
        return {"critic_loss_replay": loss.cpu().numpy()}
