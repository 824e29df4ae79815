#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Measures kernels by Slurm arrays (scripts/fleet/measure.sbatch) and wants the merged report to
# be, byte for byte, that of single runs. Slurm's daemons run for this alone: one node, which is
# this machine, no authentication, state in a folder that is removed. Needs root, as slurmd does.
#
#	scripts/test-slurm.sh [TREE VMLINUX]...
#
#	GOBTFENC  the command (default: built from this tree)
#	TASKS     of each array (default 4)
#
# Without arguments it is Debian's kernel (scripts/fetch-kernel.sh).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d)
daemons=()
trap '[ ${#daemons[@]} = 0 ] || { kill "${daemons[@]}"; wait; }; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
"$here/install-packages.sh" slurmctld slurmd sbatch

if [ -z "${GOBTFENC:-}" ]; then
	GOBTFENC=$work/gobtfenc
	(cd "$here/.." && go build -o "$GOBTFENC" ./cmd/gobtfenc)
fi
export GOBTFENC
if [ $# = 0 ]; then
	kernel=$("$here/fetch-kernel.sh")
	set -- "$kernel" "$(find "$kernel" -name 'vmlinux-*' -type f -size +0 | LC_ALL=C sort | head -n 1)"
fi

node=$(hostname -s)
mkdir "$work/state" "$work/spool"
export SLURM_CONF=$work/slurm.conf
cat >"$SLURM_CONF" <<EOF
ClusterName=gobtfenc
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=36817
SlurmdPort=36818
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
NodeName=$node NodeAddr=127.0.0.1 CPUs=2
PartitionName=all Nodes=$node Default=YES MaxTime=INFINITE State=UP
EOF
slurmctld -D >"$work/slurmctld.out" 2>&1 &
daemons+=($!)
slurmd -D -N "$node" >"$work/slurmd.out" 2>&1 &
daemons+=($!)
for _ in {1..30}; do
	[ "$(sinfo --noheader --format %t 2>/dev/null)" != idle ] || break
	sleep 1
done

tasks=${TASKS:-4}
n=0
while [ $# -gt 0 ]; do
	n=$((n + 1))
	mkdir "$work/out$n"
	sbatch --wait --array="0-$((tasks - 1))" --chdir="$work" "$here/fleet/measure.sbatch" "$1" "$2" "$work/out$n"
	"$GOBTFENC" measure --base "$2" -o "$work/whole$n.json" "$1"
	shift 2
done
"$GOBTFENC" measure merge -o "$work/parts.json" "$work"/out*/part-*.json
"$GOBTFENC" measure merge -o "$work/whole.json" "$work"/whole*.json
cmp "$work/parts.json" "$work/whole.json"
echo "slurm: $n arrays of $tasks tasks: the merged report is that of $n single runs, $(wc -c <"$work/whole.json") bytes"
