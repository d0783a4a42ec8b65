#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# One seed, one world: two runs say the same to the last command, and another seed something else.
set -eu
sum() { "$1" --seed "$2" 2>/dev/null | tail -n 1; }
first=$(sum "$1" 42)
[ "$first" = "$(sum "$1" 42)" ] || { echo "seed 42 is not the same twice"; exit 1; }
[ "$first" != "$(sum "$1" 43)" ] || { echo "seeds 42 and 43 are the same"; exit 1; }
