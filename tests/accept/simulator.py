"""The simulated GPU, on its own and with what it runs."""

import simulator_speed

LINES = simulator_speed.LINES
