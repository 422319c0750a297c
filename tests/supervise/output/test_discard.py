"""What nobody wants holds nobody."""

import os

from selfhealingd.supervise.output.discard import Discard
from selfhealingd.supervise.output.fifo import Fifo


def test_it_takes_everything(fifo: Fifo) -> None:
    """The FIFO is emptied; an empty one is no error."""
    sink = Discard()
    os.write(fifo.fd, b"x" * 1000)
    assert [1000, 0] == [sink.move(fifo), sink.move(fifo)]
    sink.close()
