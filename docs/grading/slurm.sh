#!/usr/bin/env bash
# A class over four tasks of a job array:  SEED=... sbatch --array=1-4 docs/grading/slurm.sh
# Take one seed for all and tell nobody:   SEED=$(shuf -i 1-2000000000 -n 1)
# Afterwards:  course grade merge results/1 results/2 results/3 results/4 --out whole
#SBATCH --job-name=course-grading
#SBATCH --cpus-per-task=2
#SBATCH --mem=10G
#SBATCH --time=02:00:00
set -euo pipefail
: "${SEED:?give the same seed to all tasks: SEED=... sbatch --array=1-4 docs/grading/slurm.sh}"
cd "${COURSE:-$SLURM_SUBMIT_DIR}" # the clone of the course
out=results/$SLURM_ARRAY_TASK_ID
again=$([ -e "$out/run.json" ] && echo --resume || true)
course grade "${SUBMISSIONS:-submissions}" --out "$out" --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" --seed "$SEED" --jobs 2 --tier bubblewrap $again
