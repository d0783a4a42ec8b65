#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# watchdog.sh FOLDER STDOUT STDERR PROGRAM [ARGUMENT...]
# Runs a program for process.lua, and kills it when standard input ends, which it does when the
# process that started us dies, however it dies. Writes FOLDER/pid at once and FOLDER/status
# (the exit code, or 128 + the signal) when the program has ended.
set -u
folder=$1 out=$2 err=$3
shift 3

# What our starter had open (sockets of a spec) must not live on in the program.
for descriptor in /proc/self/fd/*; do
  descriptor=${descriptor##*/}
  if [ "$descriptor" -gt 2 ]; then eval "exec $descriptor>&-" 2>/dev/null; fi
done
exec 3<&0

(
  exec 3<&- </dev/null >"$out" 2>"$err"
  exec "$@"
) &
program=$!
echo "$program" >"$folder/pid.new" && mv "$folder/pid.new" "$folder/pid"

( while read -r _ <&3; do :; done; kill -KILL "$program" ) 2>/dev/null &
guard=$!

wait "$program" 2>/dev/null
status=$?
kill "$guard" 2>/dev/null
echo "$status" >"$folder/status.new" && mv "$folder/status.new" "$folder/status"
