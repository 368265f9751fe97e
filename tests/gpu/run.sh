#!/usr/bin/env bash
# run.sh check|bench|golden|nccl: what to do on a machine with a GPU. Results go to results-WHAT.txt
# beside this script and to standard output.
#   check   every model on cuda:0 against ONNX Runtime's answers (needs python3 with numpy)
#   bench   latency of every model on cuda:0, with its slowest kernels
#   golden  golden vectors of this GPU, to hold the simulator against (needs nvcc)
#   nccl    not there yet
set -euo pipefail
cd "$(dirname "$0")"
export LD_LIBRARY_PATH="$PWD/lib:${LD_LIBRARY_PATH:-}"
case "${1:-}" in
check) python3 check.py "${@:2}" 2>&1 | tee results-check.txt ;;
bench)
  { nvidia-smi --query-gpu=name,driver_version,clocks.sm --format=csv || true
    for model in models/*/; do
      echo "== $model"
      bin/tenon bench "$model/model.tenon" --device cuda:0 --random --json || echo "FAILED $model"
    done; } 2>&1 | tee results-bench.txt ;;
golden)
  nvcc -std=c++17 -O3 -Igolden -gencode arch=compute_80,code=sm_80 -gencode arch=compute_89,code=sm_89 \
    -gencode arch=compute_90a,code=sm_90a -gencode arch=compute_100,code=sm_100 \
    -gencode arch=compute_120,code=sm_120 golden/golden.cu -o golden/golden
  golden/golden > results-golden.txt
  head -1 results-golden.txt ;;
nccl) echo "run.sh: there is no NCCL test yet" >&2; exit 3 ;;
*) sed -n '2,7s/^# //p' "$0" >&2; exit 2 ;;
esac
