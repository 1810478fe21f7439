"""What type checkers and editors read of the package, whose names are looked up when asked for."""

from sweeper.errors import SweeperError as SweeperError
from sweeper.interface.opened import open as open
from sweeper.interface.planned import plan as plan
from sweeper.interface.running import run as run
from sweeper.trainable.command.reporting import report as report

__version__: str
