#!/bin/sh
# tenon-reduce keeps what this answers with 1: valid IR with an erf.
tenon-opt "$1" >/dev/null 2>&1 && grep -q tenon.erf "$1" && exit 1
exit 0
