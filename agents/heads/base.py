"""What heads share: `agents/heads/<name>.py` defines class `Head`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from agents import lookup
from agents.parameter import Parameter, of_kinds

if TYPE_CHECKING:
    import torch

KIND = "head.kind"
_DEFAULT = "linear"


class BaseHead(ABC):
    """What the numbers of a critic's last layer stand for: values, or distributions of returns.

    `each` numbers, which follow each other, stand for one value.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {}
    """What it has, under the prefix of its network, as in `head.atoms`."""
    each: int = 1
    """How many numbers stand for one value."""
    scratch: int = 0
    """How many numbers a target takes on its way, for each transition."""

    def __init__(self, sizes: Mapping[str, Any]) -> None:
        """`sizes` are the parameters of its network, without their prefix."""
        self.sizes = sizes

    @classmethod  # noqa: B027 - parameters of some heads always fit
    def check(cls, sizes: Mapping[str, Any]) -> None:
        """Raises ValueError where parameters, each valid, do not fit each other."""

    @abstractmethod
    def values(self, outputs: torch.Tensor) -> torch.Tensor:
        """Returns values [..., n] of numbers [..., n each]."""

    @abstractmethod
    def chosen(self, outputs: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Returns the numbers of actions [P, B] among those of all, [P, B, A each]."""

    def best(self, outputs: torch.Tensor) -> torch.Tensor:
        """Returns the numbers of the actions of the largest values, among those of all."""
        return self.chosen(outputs, self.values(outputs).argmax(2))

    def value(self, chosen: torch.Tensor) -> torch.Tensor:
        """Returns the values [P, B] of the numbers of one action, as `chosen` gives them."""
        return self.values(chosen)[..., 0]

    @abstractmethod
    def target(
        self, rewards: torch.Tensor, discounts: torch.Tensor, following: torch.Tensor
    ) -> torch.Tensor:
        """Returns what the numbers should be: r + d v, r and d [P, B], of the numbers `following`.

        These are the next action's, as `chosen` gives them.
        """

    @abstractmethod
    def mean(self, target: torch.Tensor) -> torch.Tensor:
        """Returns the values [P, B] of a target."""

    @abstractmethod
    def loss(self, chosen: torch.Tensor, target: torch.Tensor, kind: str | None) -> torch.Tensor:
        """Returns the loss [P, B] of the numbers of actions; `kind` is the parameter `loss`."""

    @abstractmethod
    def errors(self, chosen: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Returns the errors [P, B] that priorities are of, at least 0."""


def find(sizes: Mapping[str, Any]) -> type[BaseHead]:
    """Returns the class that `head.kind` names; ValueError where it names no head."""
    return lookup.derived("heads", KIND, str(sizes.get(KIND, _DEFAULT)), BaseHead)  # type: ignore[type-abstract]


def each(sizes: Mapping[str, Any]) -> int:
    """Returns how many numbers stand for one value, without importing torch."""
    return find(sizes)(sizes).each


def parameters(name: str, default: str) -> dict[str, Parameter]:
    """Returns the parameters `name.head.*`; what some kinds have belongs to these alone."""
    kinds = {kind: lookup.find("heads", kind).parameters for kind in lookup.names("heads")}
    own = {
        kind: {f"{name}.{key}": known for key, known in theirs.items()}
        for kind, theirs in kinds.items()
    }
    key = f"{name}.{KIND}"
    return {key: Parameter(str, default), **of_kinds(key, own)}
